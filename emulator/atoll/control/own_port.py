"""The control API on a port of its own, served by uvicorn: where who calls AWS's services is not to reach it.

What the data path's server sees to for it on the one port, this does here: pages of browsers that may call, Atoll's
health and figures beside it.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import orjson
from uvicorn import Config, Server

from atoll.control.asgi import AsgiApp, Message
from atoll.gateway import cors
from atoll.gateway.inner import CONTROL, Inner
from atoll.gateway.server import CannotListen
from atoll.wire.http import Request, Response

GRACE = 5
"""Seconds that requests in flight have to be answered in at the end."""
_BACKLOG = 128

Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class OwnPort:
    """`load` gives the control API's app, at its first call; `pages` says which pages may call."""

    def __init__(
        self,
        load: Callable[[], Awaitable[AsgiApp]],
        inner: Inner,
        pages: Callable[[int], cors.Policy],
        context: ssl.SSLContext | None,
    ) -> None:
        self._load = load
        self._inner = inner
        self._pages = pages
        self._context = context
        self._policy = cors.policy(())
        self._server: Server | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self, host: str, port: int) -> int:
        """The port that it listens on. Raises CannotListen."""
        listener = await _listen(host, port)
        found: int = listener.getsockname()[1]
        self._policy = self._pages(found)
        config = Config(
            self._answer,
            access_log=False,
            interface="asgi3",
            lifespan="off",
            log_config=None,
            log_level="warning",
            # Who calls is who has the connection, whatever a header says.
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE,
            ws="none",
        )
        config.load()
        config.ssl = self._context
        self._server = _Server(config)
        self._task = asyncio.ensure_future(self._server.serve([listener]))
        return found

    async def stop(self) -> None:
        """Answers what is in flight, for as long as `GRACE` says."""
        if self._server is not None and self._task is not None:
            self._server.should_exit = True
            with suppress(asyncio.CancelledError):
                await self._task

    async def _answer(self, scope: Message, receive: Receive, send: Send) -> None:
        request = _request(scope)
        verdict = cors.judge(request.method, request.headers, self._policy)
        if verdict is not None and verdict.response is not None:
            await _send(send, verdict.response)
            return
        if verdict is not None:
            send = _with_headers(send, verdict.headers)
        if not request.path.startswith(CONTROL):
            answer = self._inner(request)
            response = await answer if isinstance(answer, Awaitable) else answer
            await _send(send, response or _problem(404, "There is no such thing", "AWS's services have another port"))
            return
        await (await self._load())(scope, receive, send)


def elsewhere(port: int) -> Callable[[Request], Awaitable[Response]]:
    """What the data path's port answers in place of the control API."""

    async def answer(_request: Request) -> Response:
        return _problem(404, "There is no such thing", f"The control API listens on port {port}")

    return answer


class _Server(Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are for the whole process, which stops this server itself."""
        yield


async def _listen(host: str, port: int) -> socket.socket:
    """Raises CannotListen."""
    try:
        [(family, kind, protocol, _, address), *_] = await asyncio.get_running_loop().getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(_BACKLOG)
            listener.setblocking(False)
        except BaseException:
            listener.close()
            raise
    except OSError as error:
        raise CannotListen(host, port, error) from error
    return listener


def _request(scope: Message) -> Request:
    """As the gateway sees it, without the body."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    client = scope.get("client")
    return Request(
        scope["method"],
        scope["path"],
        scope["query_string"].decode("latin-1"),
        headers,
        scheme=scope["scheme"],
        peer=client[0] if client else "",
    )


async def _send(send: Send, response: Response) -> None:
    body = response.body
    assert isinstance(body, bytes)
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in response.headers]
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _with_headers(send: Send, added: cors.Headers) -> Send:
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in added]

    async def extended(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), *raw]}
        await send(message)

    return extended


def _problem(status: int, title: str, detail: str) -> Response:
    problem: dict[str, Any] = {"title": title, "status": status, "detail": detail, "problems": []}
    return Response(status, [("content-type", "application/problem+json")], orjson.dumps(problem))
