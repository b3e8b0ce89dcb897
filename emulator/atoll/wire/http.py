"""HTTP as the core sees it: a request and a response, whichever server brought them.

A server hands `App.handle` a request whose headers are complete. Its body is complete too, unless `App.admit` asked
for it as a stream.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from typing import Any, Protocol


class Request:
    """One HTTP request.

    `path` and `query` are as they were sent, percent-encoded and without the `?` between them. Header names are in
    lower case; a repeated header's values are joined by `, `. `peer` is the address of the client, `scheme` http or
    https.
    """

    __slots__ = ("body", "headers", "method", "path", "peer", "query", "scheme")

    def __init__(
        self,
        method: str,
        path: str,
        query: str,
        headers: dict[str, str],
        body: bytes | AsyncIterator[bytes] = b"",
        *,
        scheme: str = "http",
        peer: str = "",
    ) -> None:
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
        self.scheme = scheme
        self.peer = peer


class Response:
    """One HTTP response. The server adds Content-Length or chunks, Date, Connection; nothing else."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: list[tuple[str, str]], body: bytes | AsyncIterator[bytes] = b"") -> None:
        self.status = status
        self.headers = headers
        self.body = body


class Pending:
    """A response that is still to come, as most calls that write give it: an awaitable that a server need not await,
    since a future and its turn of the loop would be felt on every call.
    """

    __slots__ = ()

    def then(self, deliver: Callable[[Response], None]) -> None:
        """`deliver`, which raises nothing, is called with the response when it is there. To be called once."""
        raise NotImplementedError

    def cancel(self) -> None:
        """The client went away: nothing is delivered any more."""
        raise NotImplementedError

    def __await__(self) -> Generator[Any, None, Response]:
        arrived: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self.then(lambda response: None if arrived.done() else arrived.set_result(response))
        try:
            return (yield from arrived)
        except asyncio.CancelledError:
            self.cancel()
            raise


class BodyPlan:
    """How a request's body is to be taken: at most `limit` bytes, as a stream or whole."""

    __slots__ = ("limit", "stream")

    def __init__(self, limit: int, stream: bool = False) -> None:
        self.limit = limit
        self.stream = stream


class App(Protocol):
    """What a server serves. It is called on the loop's thread."""

    def admit(self, request: Request) -> BodyPlan | Response:
        """Called when a body is large, chunked or waits for `100 Continue`, before any of it is read.

        A response refuses the request: it is sent, and the connection closed.
        """

    def refuse(self, request: Request | None, status: int, reason: str) -> Response:
        """How the server says that it refuses a request for its body (too long, too slow, none at all), or, where that
        is None, what is no request. The connection is closed after it."""

    def handle(self, request: Request) -> Response | Awaitable[Response]:
        """Answer at once, or later, best by a `Pending`. Raises nothing. Cancelling what is awaited means that the
        client went away."""
