"""A server on a loopback port, and an app that answers with what it was asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any

import pytest
import uvloop
from atoll.gateway.server import Limits, Server
from atoll.wire.http import BodyPlan, Request, Response


class Echo:
    """Answers with what it was asked, as JSON, unless the path has a handler of its own. Remembers what it saw."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.admitted: list[Request] = []
        self.refused: list[tuple[str | None, int]] = []
        self.plan: BodyPlan | Response = BodyPlan(1 << 20)
        self.handlers: dict[str, Callable[[Request], Response | Awaitable[Response]]] = {}

    def admit(self, request: Request) -> BodyPlan | Response:
        self.admitted.append(request)
        return self.plan

    def refuse(self, request: Request | None, status: int, reason: str) -> Response:
        self.refused.append((request and request.path, status))
        return Response(status, [("content-type", "text/plain")], f"{reason}\n".encode())

    def handle(self, request: Request) -> Response | Awaitable[Response]:
        self.requests.append(request)
        handler = self.handlers.get(request.path)
        if handler is not None:
            return handler(request)
        return Response(200, [("content-type", "application/json")], self.seen(request))

    @staticmethod
    def seen(request: Request) -> bytes:
        body = request.body.decode("latin-1") if isinstance(request.body, bytes) else "a stream"
        return json.dumps([request.method, request.path, request.query, request.headers, body]).encode()


Serving = Callable[..., AbstractAsyncContextManager[Server]]


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
def run() -> Callable[[Coroutine[Any, Any, Any]], Any]:
    """Runs a coroutine on a loop like production's, for at most half a minute."""

    def runner(coroutine: Coroutine[Any, Any, Any]) -> Any:
        async def bounded() -> Any:
            async with asyncio.timeout(30):
                return await coroutine

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
            return loop.run(bounded())

    return runner


@pytest.fixture
def serving() -> Serving:
    """A server of an app, as a context."""

    @asynccontextmanager
    async def context(app: Any, limits: Limits | None = None, **options: Any) -> AsyncIterator[Server]:
        server = Server(app, limits=limits or Limits(), **options)
        await server.start("127.0.0.1", 0)
        try:
            yield server
        finally:
            await server.stop(0)
            assert not server.connections

    return context


Dialling = Callable[[Server], AbstractAsyncContextManager[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


@pytest.fixture
def dialling() -> Dialling:
    """A connection to a server, as a context."""

    @asynccontextmanager
    async def context(
        server: Server, **options: Any
    ) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, **options)
        try:
            yield reader, writer
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    return context


@pytest.fixture
def eventually() -> Callable[[Callable[[], Any]], Coroutine[Any, Any, None]]:
    """Turns the loop until something holds."""

    async def turn(holds: Callable[[], Any]) -> None:
        for _ in range(1_000_000):
            if holds():
                return
            await asyncio.sleep(0)
        raise AssertionError("it never came to hold")

    return turn


@pytest.fixture
def ask(serving: Serving, dialling: Dialling, run: Any) -> Callable[..., bytes]:
    """What a server of an app sends back for raw bytes, until it closes."""

    def asker(app: Any, *pieces: bytes, limits: Limits | None = None) -> bytes:
        async def exchange() -> bytes:
            async with serving(app, limits) as server, dialling(server) as (reader, writer):
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0)
                return await reader.read()

        answer: bytes = run(exchange())
        return answer

    return asker
