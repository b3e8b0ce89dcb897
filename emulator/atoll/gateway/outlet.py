"""Sending a body in pieces, as fast as the client takes them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from atoll.gateway.answer import Streamed

_JOIN_MOST: Final = 16 * 1024
"""Bytes up to which copying a piece next to its framing is cheaper than writing it apart."""


class Outlet:
    """A connection's way out. `stalled` is whether the transport holds more than it wants to."""

    __slots__ = ("_moved", "_moved_at", "_room", "_transport", "_written", "stalled")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._room: asyncio.Future[None] | None = None
        self._written = 0
        self._moved = 0
        self._moved_at = 0.0
        self.stalled = False

    def resume(self) -> None:
        """The transport has room again."""
        self.stalled = False
        if self._room is not None and not self._room.done():
            self._room.set_result(None)

    async def send(self, body: AsyncIterator[bytes], how: Streamed) -> None:
        """Sends a whole body. Raises ValueError when it misses its length, and whatever the body itself raises."""
        try:
            if not how.empty:
                await self._send(body, how.chunked, how.length)
        finally:
            # A generator that is not read to its end would else keep what it has open until it is collected.
            if (close := getattr(body, "aclose", None)) is not None:
                await close()

    async def _send(self, body: AsyncIterator[bytes], chunked: bool, length: int | None) -> None:
        transport = self._transport
        sent = 0
        async for piece in body:
            size = len(piece)
            sent += size
            if length is not None and sent > length:
                raise ValueError("a body is longer than its Content-Length")
            if not size:
                continue
            if not chunked:
                transport.write(piece)
            elif size <= _JOIN_MOST:
                transport.write(b"%x\r\n%b\r\n" % (size, piece))
            else:
                transport.writelines((b"%x\r\n" % size, piece, b"\r\n"))
            self._written += size
            if self.stalled:
                self._room = asyncio.get_running_loop().create_future()
                await self._room
        if length is not None and sent < length:
            raise ValueError("a body is shorter than its Content-Length")
        if chunked:
            transport.write(b"0\r\n\r\n")

    def stuck(self, now: float, seconds: float) -> bool:
        """Whether the client has taken nothing for so long of what waits for it. To be asked now and then."""
        unsent = self._transport.get_write_buffer_size()
        moved = self._written - unsent
        if not unsent or moved != self._moved:
            self._moved = moved
            self._moved_at = now
            return False
        return now - self._moved_at > seconds
