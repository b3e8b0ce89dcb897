"""A request's body by its framing: which bytes are its own, and whether they are too many."""

from __future__ import annotations

from atoll.gateway.chunked import ChunkedDecoder
from atoll.gateway.http1 import CHUNKED, Refused


class IncomingBody:
    """A body that is not all here. `length` is its Content-Length, or CHUNKED; it may have `limit` bytes."""

    __slots__ = ("_chunks", "_limit", "complete", "left", "taken")

    def __init__(self, length: int, limit: int) -> None:
        self._chunks = ChunkedDecoder() if length == CHUNKED else None
        self._limit = limit
        self.left = length
        """Bytes still to come; CHUNKED where nobody knows."""
        self.taken = 0
        self.complete = False

    def take(self, data: bytes) -> tuple[bytes, bytes]:
        """What `data` adds to the body, and what follows the body. Raises Refused."""
        if self._chunks is not None:
            piece, rest = self._chunks.feed(data)
            self.complete = self._chunks.done
        else:
            piece, rest = (data, b"") if len(data) <= self.left else (data[: self.left], data[self.left :])
            self.left -= len(piece)
            self.complete = not self.left
        self.taken += len(piece)
        if self.taken > self._limit:
            raise Refused(413, f"a body of more than {self._limit} bytes")
        return piece, rest
