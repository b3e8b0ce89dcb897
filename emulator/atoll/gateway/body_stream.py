"""A request's body while it arrives, with back-pressure on the client."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Self


class BodyStream(AsyncIterator[bytes]):
    """What the app reads. `__anext__` raises ConnectionError when the rest of the body will not come.

    `drained` is called whenever less than a quarter of `high_water` bytes waits to be read; stopping to read from the
    client at `high_water` is up to who feeds.
    """

    __slots__ = ("_drained", "_ended", "_error", "_low_water", "_pieces", "_waiter", "size")

    def __init__(self, high_water: int, drained: Callable[[], None]) -> None:
        self._low_water = high_water // 4
        self._drained = drained
        self._pieces: deque[bytes] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._error: str | None = None
        self._ended = False
        self.size = 0

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        while not self._pieces:
            if self._error is not None:
                raise ConnectionError(self._error)
            if self._ended:
                raise StopAsyncIteration
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        piece = self._pieces.popleft()
        self.size -= len(piece)
        if self.size < self._low_water:
            self._drained()
        return piece

    def feed(self, piece: bytes) -> None:
        self._pieces.append(piece)
        self.size += len(piece)
        self._wake()

    def end(self) -> None:
        """The body is complete."""
        self._ended = True
        self._wake()

    def fail(self, error: str) -> None:
        """The rest of the body will not come, and what has come of it is dropped. Nothing if it was complete."""
        if not self._ended:
            self._error = error
            self._pieces.clear()
            self.size = 0
            self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
