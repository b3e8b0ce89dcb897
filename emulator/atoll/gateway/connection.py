"""One client's connection: its requests one after the other, each with its answer.

`Connection._advance` hands what arrives to the connection's phase:

    HEAD    a request's head, or nothing yet: the connection is idle
    BODY    a body, whole or streamed; a streamed one's call is already running
    HELD    the requests after the one in progress: they wait for its answer to be written
    DRAIN   the rest of a body that the answer did not wait for
    LINGER  nothing: the last answer is out, what still comes is thrown away so that the client gets to read it
    CLOSED  nothing any more

A call that answers at once costs no task, no future and no timer.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from enum import IntEnum
from typing import TYPE_CHECKING, Final, cast

from atoll.gateway.answer import Streamed, streamed, whole
from atoll.gateway.body_stream import BodyStream
from atoll.gateway.head_reader import HeadReader
from atoll.gateway.http1 import CHUNKED, Refused, body_length, keeps_alive, parse_head
from atoll.gateway.incoming import IncomingBody
from atoll.gateway.outlet import Outlet
from atoll.wire.http import Pending, Request, Response

if TYPE_CHECKING:
    from atoll.gateway.server import Server

log = logging.getLogger(__name__)

HIGH_WATER: Final = 256 * 1024
"""Bytes of a streamed body, or of requests ahead of their turn, that wait before reading pauses."""
DRAIN_MOST: Final = 1024 * 1024
"""Bytes of an unread body that are worth a connection; a longer rest ends it."""
OVERFLOW: Final = 256
"""Connections beyond the limit that are told so; further ones are cut."""

CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"


class Phase(IntEnum):
    HEAD = 0
    BODY = 1
    HELD = 2
    DRAIN = 3
    LINGER = 4
    CLOSED = 5


# As globals, since looking a member up in its enum would be felt on every request.
HEAD, BODY, HELD, DRAIN, LINGER, CLOSED = Phase


class Connection(asyncio.Protocol):
    """One client's connection."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._transport: asyncio.Transport
        self._peer = ""
        self._phase: Phase = HEAD
        self._since = server.now
        """When the phase began."""

        self._rest = b""
        self._head = HeadReader(server.limits.request_line, server.limits.head)
        self._paused = False

        self._old = False
        self._head_only = False
        self._keep_alive = True

        self._request: Request | None = None
        """The one whose body is being taken."""
        self._incoming: IncomingBody | None = None
        self._body = bytearray()
        self._stream: BodyStream | None = None

        self._call: asyncio.Future[Response] | Pending | None = None
        self._pump: asyncio.Task[None] | None = None
        self._outlet: Outlet

    # What the transport says.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._outlet = Outlet(self._transport)
        peer = transport.get_extra_info("peername")
        self._peer = peer[0] if peer else ""
        server = self._server
        beyond = len(server.connections) + 1 - server.limits.connections
        full = beyond > 0 and not server.make_room()
        server.connections.add(self)
        if full and beyond > OVERFLOW:
            self.abort()
        elif full:
            self._refuse(Refused(503, "too many connections"))

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel("the client went away")
        self._server.forget(self)

    def eof_received(self) -> None:
        # A client that has gone and one that has only finished sending look the same, and the first must not leave a
        # call waiting, which would take a message that nobody reads.
        self._cancel("the client went away")

    def pause_writing(self) -> None:
        self._outlet.stalled = True

    def resume_writing(self) -> None:
        self._outlet.resume()
        self._continue()

    def data_received(self, data: bytes) -> None:
        if self._rest:
            data = self._rest + data
            self._rest = b""
        self._advance(data)

    # What arrives.

    def _advance(self, data: bytes) -> None:
        while data:
            phase = self._phase
            if phase is HEAD and not self._outlet.stalled:
                data = self._take_heads(data)
            elif phase is BODY or phase is DRAIN:
                data = self._take_body(data)
            elif phase is LINGER or phase is CLOSED:
                return
            else:
                self._rest = data
                if len(data) > HIGH_WATER:
                    self._pause_reading()
                return

    def _continue(self) -> None:
        """Goes on with what came while an answer was in progress."""
        if self._phase is HEAD and not self._outlet.stalled:
            rest = self._rest
            self._rest = b""
            self._resume_reading()
            self._advance(rest)

    def _take_heads(self, data: bytes) -> bytes:
        """Serves the requests that `data` completes, up to one that waits for something. What is left then."""
        server = self._server
        limits = server.limits
        head = self._head
        at, size = 0, len(data)
        while at < size:
            if data[at] == 13 and data[at : at + 2] == b"\r\n":
                at += 2  # Empty lines ahead of a request are ignored: RFC 9112, 2.2.
                head.forget()
                continue
            try:
                began = head.began
                end = head.end(data, at)
                if not end:
                    if not began:
                        self._since = server.now
                    self._rest = data[at:]
                    return b""
                request, self._old = parse_head(
                    data[at:end], limits.request_line, limits.headers, server.scheme, self._peer
                )
                length = body_length(request.headers)
            except Refused as refused:
                self._refuse(refused)
                return b""
            at = end
            self._keep_alive = keeps_alive(request.headers, self._old)
            self._head_only = request.method == "HEAD"
            if length:
                end = at + length
                if end > size or length > limits.small_body or length == CHUNKED or "expect" in request.headers:
                    self._expect_body(request, length, at == size)
                    return data[at:]
                request.body = data[at:end]
                at = end
            self._handle(request)
            if self._phase is not HEAD or self._outlet.stalled:
                return data[at:]
        return b""

    def _expect_body(self, request: Request, length: int, waiting: bool) -> None:
        """Prepares for a body that is not all here. `waiting` is whether none of it is."""
        limit, stream = self._server.limits.small_body, False
        expect = None if self._old else request.headers.get("expect")
        if length == CHUNKED or length > limit or expect is not None:
            if expect is not None and expect.lower() != "100-continue":
                self._refuse(Refused(417, "no expectation but 100-continue is understood"), request)
                return
            try:
                plan = self._server.app.admit(request)
            except Exception:
                log.exception("admit failed")
                plan = _failure()
            if isinstance(plan, Response):
                self._refuse_with(plan)
                return
            limit, stream = plan.limit, plan.stream
            if length > limit:
                self._refuse(Refused(413, f"a body of more than {limit} bytes"), request)
                return
            if expect is not None and waiting:
                self._transport.write(CONTINUE)
        self._request = request
        self._incoming = IncomingBody(length, limit)
        self._since = self._server.now
        self._phase = BODY
        if stream:
            self._stream = request.body = BodyStream(HIGH_WATER, self._resume_reading)
            self._handle(request)

    def _take_body(self, data: bytes) -> bytes:
        """Takes what `data` has of the body. What follows it."""
        incoming = self._incoming
        assert incoming is not None
        try:
            piece, rest = incoming.take(data)
        except Refused as refused:
            self._refuse(refused, self._request)
            return b""
        stream = self._stream
        if self._phase is DRAIN:
            if incoming.complete:
                self._phase = HEAD
        elif stream is not None:
            if piece:
                stream.feed(piece)
            if incoming.complete:
                stream.end()
                self._stream = None
                self._phase = HELD
            elif stream.size > HIGH_WATER:
                self._pause_reading()
        else:
            self._body += piece
            if incoming.complete:
                # Nothing of it is kept: an idle connection costs the same whatever it has sent.
                request, self._request = self._request, None
                assert request is not None
                request.body = bytes(self._body)
                self._body = bytearray()
                self._phase = HEAD
                self._handle(request)
        return rest

    def _pause_reading(self) -> None:
        if not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def _resume_reading(self) -> None:
        if self._paused and self._phase is not CLOSED and len(self._rest) <= HIGH_WATER:
            self._paused = False
            self._transport.resume_reading()

    # The call and its answer.

    def _handle(self, request: Request) -> None:
        try:
            result = self._server.app.handle(request)
        except Exception:
            log.exception("a call failed")
            result = _failure()
        if isinstance(result, Response):
            self._answer(result)
            return
        if self._phase is HEAD:
            self._phase = HELD
        if isinstance(result, Pending):
            self._call = result
            result.then(self._arrived)
        else:
            self._call = call = asyncio.ensure_future(result)
            call.add_done_callback(self._called)

    def _called(self, call: asyncio.Future[Response]) -> None:
        if call.cancelled():
            response = _failure()
        elif (error := call.exception()) is not None:
            log.error("a call failed", exc_info=error)
            response = _failure()
        else:
            response = call.result()
        self._arrived(response)

    def _arrived(self, response: Response) -> None:
        self._call = None
        if self._phase is HELD:
            self._phase = HEAD
        if self._phase is HEAD or self._phase is BODY:
            try:
                self._answer(response)
                self._continue()
            except Exception:
                # Whoever delivers has others to answer yet.
                log.exception("an answer was not sent")
                self.abort()

    def _answer(self, response: Response) -> None:
        server = self._server
        body = response.body
        keep = self._keep_alive and not server.stopping
        try:
            if isinstance(body, bytes):
                if self._phase is BODY and not self._drainable():
                    keep = False
                self._transport.write(whole(response, body, keep, self._old, self._head_only, server.date_line))
                self._answered(keep)
            else:
                how = streamed(response, keep, self._old, self._head_only, server.date_line)
                self._transport.write(how.head)
                if self._phase is HEAD:
                    self._phase = HELD
                self._pump = asyncio.get_running_loop().create_task(self._send(body, how))
        except ValueError:
            log.exception("an answer's headers cannot be sent")
            self._answer(_failure())

    async def _send(self, body: AsyncIterator[bytes], how: Streamed) -> None:
        """Sends a body as fast as the client takes it. One that fails midway, or misses its length, is cut off: that is
        the only way left to tell the client."""
        try:
            await self._outlet.send(body, how)
        except Exception:
            log.exception("an answer's body failed")
            self._pump = None
            self.abort()
            return
        self._pump = None
        if self._phase is HELD:
            self._phase = HEAD
        if self._phase is HEAD or self._phase is BODY:
            self._answered(how.keep)
            self._continue()

    def _drainable(self) -> bool:
        """Whether what is left of a body is worth reading for the sake of the connection."""
        return self._incoming is not None and 0 <= self._incoming.left <= DRAIN_MOST

    def _answered(self, keep: bool) -> None:
        self._since = self._server.now
        if self._phase is BODY:
            if self._stream is not None:
                self._stream.fail("the call was answered before its body was read")
                self._stream = None
            if keep and self._drainable():
                self._phase = DRAIN
                self._resume_reading()
            else:
                self._linger()
        elif not keep:
            self._phase = CLOSED
            self._transport.close()

    # The end.

    def _refuse(self, refused: Refused, request: Request | None = None) -> None:
        """Answers what the protocol or a limit forbids: the body of `request`, or what is none yet."""
        self._head_only = request is not None and request.method == "HEAD"
        try:
            response = self._server.app.refuse(request, refused.status, refused.reason)
        except Exception:
            log.exception("refuse failed")
            response = _failure()
        self._refuse_with(response)

    def _refuse_with(self, response: Response) -> None:
        """Answers what is no request, or not one to be served, and ends the connection."""
        if self._pump is not None:
            self.abort()  # An answer is on its way already, and a second one in its midst would be taken for its body.
            return
        self._cancel(f"refused with {response.status}")
        # With the input given up, the answer is followed by the wait for the client to have read it.
        self._phase = BODY
        self._keep_alive = False
        self._answer(response)

    def _linger(self) -> None:
        self._phase = LINGER
        self._since = self._server.now
        self._rest = b""
        self._resume_reading()
        if self._transport.can_write_eof():
            self._transport.write_eof()

    def _cancel(self, reason: str) -> None:
        """Ends whatever runs for the client. Its results have nobody to go to."""
        self._phase = CLOSED
        self._rest = b""
        self._request = None
        self._body = bytearray()
        if self._call is not None:
            self._call.cancel()
        if self._pump is not None:
            self._pump.cancel()
        if self._stream is not None:
            self._stream.fail(reason)
            self._stream = None

    def abort(self) -> None:
        """Cuts the connection at once."""
        self._cancel("the connection was cut")
        self._transport.abort()

    # What the server asks.

    def running(self) -> asyncio.Future[Response] | asyncio.Task[None] | None:
        """What ends some time after it is cancelled: the call in progress, or the sending of its answer."""
        return self._pump or (None if isinstance(self._call, Pending) else self._call)

    def idle_since(self) -> float | None:
        """The moment from which on nothing has been asked; None where something is."""
        return self._since if self._phase is HEAD and not self._rest else None

    def close_if_idle(self) -> bool:
        """Whether it was."""
        if self.idle_since() is None:
            return False
        self._phase = CLOSED
        self._transport.close()
        return True

    def sweep(self, now: float, interval: float) -> None:
        """Ends the connection when its time is up. `interval` is what the moments kept here may be behind."""
        limits = self._server.limits
        if self._outlet.stuck(now, limits.write_time):
            self.abort()
            return
        waited = now - self._since - interval
        phase = self._phase
        if phase is HEAD:
            if self._rest:
                if waited > limits.head_time and not self._outlet.stalled:
                    self._refuse(Refused(408, "the request's head took too long"))
            elif self._server.stopping or waited > limits.idle_time:
                self.close_if_idle()
        elif phase is BODY or phase is DRAIN:
            if self._paused:
                self._since += interval  # The app's slowness is not the client's.
            elif self._incoming and waited > limits.body_time + self._incoming.taken / limits.body_rate:
                if phase is BODY:
                    self._refuse(Refused(408, "the request's body took too long"), self._request)
                else:
                    self.abort()
        elif phase is LINGER and waited > limits.linger_time:
            self.abort()


def _failure() -> Response:
    return Response(500, [("content-type", "text/plain")], b"Internal Server Error\n")
