"""Hands requests of the data path's server to an ASGI app, so that both live on one port.

https://asgi.readthedocs.io/en/latest/specs/www.html
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

from atoll.wire.http import Request, Response

logger = logging.getLogger(__name__)

Message = MutableMapping[str, Any]
AsgiApp = Callable[
    [MutableMapping[str, Any], Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]

_MOST_AHEAD = 16
"""Pieces of a streamed answer that wait for a client who is slow."""


class AsgiAdapter:
    def __init__(self, app: AsgiApp) -> None:
        self._app = app

    async def __call__(self, request: Request) -> Response:
        """The app's answer: whole where it gives it at once, else as a stream. An app that fails is a 500."""
        exchange = _Exchange(request)
        task = asyncio.ensure_future(self._run(exchange))
        try:
            return await exchange.response(task)
        except BaseException:
            task.cancel()
            raise

    async def _run(self, exchange: _Exchange) -> None:
        try:
            await self._app(exchange.scope, exchange.receive, exchange.send)
        except Exception:
            logger.exception("%s %s failed", exchange.scope["method"], exchange.scope["path"])
        finally:
            exchange.sent.put_nowait(None)


class _Exchange:
    """One request, as the app sees it. What the app sends waits in `sent`; None is its end."""

    def __init__(self, request: Request) -> None:
        self.sent: asyncio.Queue[Message | None] = asyncio.Queue()
        self._room = asyncio.Semaphore(_MOST_AHEAD)
        self._body: bytes | AsyncIterator[bytes] | None = request.body
        self._gone = asyncio.Event()
        host, _, port = request.headers.get("host", "localhost").partition(":")
        self.scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": request.scheme,
            "path": unquote(request.path),
            "raw_path": request.path.encode("latin-1", "replace"),
            "query_string": request.query.encode("latin-1", "replace"),
            "root_path": "",
            "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in request.headers.items()],
            "client": (request.peer, 0) if request.peer else None,
            "server": (host, int(port) if port.isdecimal() else None),
        }

    async def receive(self) -> Message:
        body = self._body
        if body is None:
            await self._gone.wait()
            return {"type": "http.disconnect"}
        if not isinstance(body, bytes):
            try:
                return {"type": "http.request", "body": await anext(body), "more_body": True}
            except StopAsyncIteration:
                body = b""
            except ConnectionError:
                self._body = None
                return {"type": "http.disconnect"}
        self._body = None
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(self, message: Message) -> None:
        await self._room.acquire()
        if self._gone.is_set():
            raise OSError("the client went away")
        self.sent.put_nowait(message)

    async def _next(self) -> Message | None:
        message = await self.sent.get()
        self._room.release()
        return message

    async def response(self, task: asyncio.Future[None]) -> Response:
        start = await self._next()
        if start is None or start["type"] != "http.response.start":
            return Response(500, [("content-type", "text/plain")], b"Internal Server Error\n")
        headers = [
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in start.get("headers", ())
            if name != b"transfer-encoding"
        ]
        first = await self._next()
        if first is not None and first.get("more_body"):
            return Response(start["status"], headers, self._stream(first.get("body", b""), task))
        # It has things to put away, as files.
        await task
        return Response(start["status"], headers, b"" if first is None else first.get("body", b""))

    async def _stream(self, first: bytes, task: asyncio.Future[None]) -> AsyncIterator[bytes]:
        try:
            yield first
            while (message := await self._next()) is not None:
                if body := message.get("body"):
                    yield body
                if not message.get("more_body"):
                    await task
                    return
            # It ended without having said so: it failed, and the client is to see that something lacks.
            raise ConnectionError("the answer was cut short")
        finally:
            self._gone.set()
            self._room.release()
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
