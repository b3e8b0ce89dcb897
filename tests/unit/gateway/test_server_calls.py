"""Calls that answer later: in order, cancelled with their client, and finished before the server stops."""

from __future__ import annotations

import asyncio
import logging
import re
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
from atoll.wire.http import Request, Response

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
MANY = 1 << 16
WAIT = b"GET /wait HTTP/1.1\r\nHost: h\r\n\r\n"


class Waiting:
    """Calls of /wait that are answered when the test says so, or find out that nobody waits any more."""

    def __init__(self, echo: Any, kind: str = "coroutine") -> None:
        self.calls: list[asyncio.Future[Response]] = []
        self.cancelled = 0
        self.kind = kind
        echo.handlers["/wait"] = self.handle

    def handle(self, request: Request) -> Any:
        future: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self.calls.append(future)
        if self.kind == "future":
            future.add_done_callback(self._seen)
            return future
        if self.kind == "awaitable":
            return Awaits(self.wait(future))
        return self.wait(future)

    def _seen(self, future: asyncio.Future[Response]) -> None:
        self.cancelled += future.cancelled()

    async def wait(self, future: asyncio.Future[Response]) -> Response:
        try:
            return await future
        except asyncio.CancelledError:
            self.cancelled += 1
            raise


class Awaits:
    def __init__(self, coroutine: Any) -> None:
        self.coroutine = coroutine

    def __await__(self) -> Any:
        return self.coroutine.__await__()


KINDS = pytest.mark.parametrize("kind", ["coroutine", "future", "awaitable"])


@KINDS
def test_answered_in_order(kind: str, serving: Any, dialling: Any, run: Any, eventually: Any, echo: Any) -> None:
    waiting = Waiting(echo, kind)

    async def talk() -> None:
        async with serving(echo) as server, dialling(server) as (reader, writer):
            writer.write(WAIT + GET + WAIT + GET)
            await eventually(lambda: waiting.calls)
            assert [request.path for request in echo.requests] == ["/wait"]
            waiting.calls[0].set_result(Response(201, []))
            await eventually(lambda: len(waiting.calls) == 2)
            assert [request.path for request in echo.requests] == ["/wait", "/", "/wait"]
            waiting.calls[1].set_result(Response(202, []))
            got = b""
            while len(statuses := re.findall(rb"HTTP/1.1 (\d+)", got)) < 4:
                got += await reader.read(MANY)
            assert statuses == [b"201", b"200", b"202", b"200"]

    run(talk())


@KINDS
@pytest.mark.parametrize("way", ["close", "reset"])
def test_a_client_that_goes_away_cancels_its_call(
    kind: str, way: str, serving: Any, dialling: Any, run: Any, eventually: Any, echo: Any
) -> None:
    waiting = Waiting(echo, kind)

    async def talk() -> None:
        async with serving(echo) as server, dialling(server) as (_, writer):
            writer.write(WAIT + GET)
            await eventually(lambda: waiting.calls)
            if way == "close":
                writer.close()
            else:
                writer.transport.abort()
            await eventually(lambda: waiting.cancelled)
            await eventually(lambda: not server.connections)

    run(talk())
    assert [request.path for request in echo.requests] == ["/wait"]


def test_a_client_that_goes_away_ends_its_answers_body(
    serving: Any, dialling: Any, run: Any, eventually: Any, echo: Any
) -> None:
    ended: list[str] = []

    async def body() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x" * 65536
        finally:
            ended.append("ended")

    echo.handlers["/wait"] = lambda request: Response(200, [], body())

    async def talk() -> None:
        async with serving(echo) as server, dialling(server, limit=1) as (reader, writer):
            writer.write(WAIT)
            await reader.read(1)
            writer.transport.abort()
            await eventually(lambda: ended)

    run(talk())


@pytest.mark.parametrize("where", ["handle", "coroutine", "admit"])
def test_a_failure_says_nothing_of_the_inside(where: str, ask: Any, echo: Any, caplog: Any) -> None:
    async def fail_later(request: Request) -> Response:
        raise LookupError("the inside")

    def fail(request: Request) -> Response:
        raise LookupError("the inside")

    echo.handlers["/wait"] = fail_later if where == "coroutine" else fail
    if where == "admit":
        echo.admit = fail
        raw = b"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    else:
        raw = WAIT + b"GET / HTTP/1.0\r\n\r\n"
    answer = ask(echo, raw)
    assert answer.startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
    assert b"inside" not in answer
    assert answer.count(b"HTTP/1.1 200") == (where != "admit")
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.exc_info[0] is LookupError


def test_stop_answers_what_is_in_flight(serving: Any, dialling: Any, run: Any, eventually: Any, echo: Any) -> None:
    waiting = Waiting(echo)

    async def talk() -> None:
        async with serving(echo) as server, dialling(server) as idle, dialling(server) as busy:
            busy[1].write(WAIT)
            await eventually(lambda: waiting.calls and len(server.connections) == 2)
            stopping = asyncio.ensure_future(server.stop(30))
            assert await idle[0].read() == b""
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection("127.0.0.1", server.port)
            assert not stopping.done()
            waiting.calls[0].set_result(Response(200, [], b"in time"))
            answer = await busy[0].read()
            assert answer.endswith(b"in time")
            assert b"\r\nconnection: close\r\n" in answer
            await stopping

    run(talk())
    assert waiting.cancelled == 0


def test_stop_takes_in_what_has_arrived(serving: Any, run: Any, eventually: Any, echo: Any) -> None:
    """A request that was sent before the server stopped is not lost for not having been read yet."""

    async def talk() -> None:
        async with serving(echo) as server:
            with socket.create_connection(("127.0.0.1", server.port)) as client:
                await eventually(lambda: server.connections)
                client.send(GET)
                await server.stop(30)
                assert client.recv(MANY).startswith(b"HTTP/1.1 200 OK\r\n")

    run(talk())


def test_stop_waits_for_a_request_to_arrive(serving: Any, dialling: Any, run: Any, eventually: Any, echo: Any) -> None:
    async def talk() -> None:
        async with serving(echo) as server, dialling(server) as (reader, writer):
            writer.write(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n")
            await eventually(lambda: [c for c in server.connections if c._phase])
            stopping = asyncio.ensure_future(server.stop(30))
            await asyncio.sleep(0)
            writer.write(b"abc")
            assert (await reader.read()).startswith(b"HTTP/1.1 200 OK\r\n")
            await stopping

    run(talk())
    assert echo.requests[0].body == b"abc"


def test_stop_cancels_what_outlasts_the_grace(
    serving: Any, dialling: Any, run: Any, eventually: Any, echo: Any
) -> None:
    waiting = Waiting(echo)

    async def talk() -> None:
        async with serving(echo) as server, dialling(server) as (reader, writer):
            writer.write(WAIT)
            await eventually(lambda: waiting.calls)
            await server.stop(0.01)
            assert waiting.cancelled == 1
            assert server.connections == set()
            try:
                assert await reader.read() == b""
            except ConnectionResetError:
                return

    run(talk())


def test_stop_before_start_and_twice(run: Any, serving: Any, echo: Any) -> None:
    async def play() -> None:
        from atoll.gateway.server import Server

        server = Server(echo)
        await server.stop(1)
        with pytest.raises(RuntimeError):
            _ = server.port
        async with serving(echo) as server:
            await server.stop(1)

    run(play())
