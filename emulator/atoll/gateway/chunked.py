"""Reading a chunked body. https://www.rfc-editor.org/rfc/rfc9112#section-7.1"""

from __future__ import annotations

import re

from atoll.gateway.http1 import HEAD_END, Refused, judge_partial


class ChunkedDecoder:
    """The bytes of a chunked body, out of its chunks. Extensions and trailers are read and dropped."""

    __slots__ = ("_left", "_pending", "_trailer", "done")

    _SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?\r\n")
    _LONGEST_LINE = 1024
    _LONGEST_TRAILER = 8192

    def __init__(self) -> None:
        self._left = 0
        self._pending = b""
        self._trailer = False
        self.done = False

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        """What `data` adds to the body, and what follows the body once it is `done`. Raises Refused."""
        if self._pending:
            data = self._pending + data
            self._pending = b""
        pieces: list[bytes] = []
        at, size = 0, len(data)
        while at < size and not self._trailer:
            if self._left > 2:
                piece = data[at : at + self._left - 2]
                pieces.append(piece)
                at += len(piece)
                self._left -= len(piece)
            elif self._left:
                if data[at] != b"\n\r"[self._left - 1]:
                    raise Refused(400, "a chunk is longer than its size")
                at += 1
                self._left -= 1
            else:
                at = self._size_line(data, at)
                if self._pending:
                    break
        rest = self._end(data[at:]) if self._trailer else b""
        return b"".join(pieces), rest

    def _size_line(self, data: bytes, at: int) -> int:
        """Reads a chunk's size: the place after it, or the line kept as pending where it is not complete."""
        match = self._SIZE.match(data, at)
        if match is None:
            if len(data) - at > self._LONGEST_LINE or data.find(b"\n", at) >= 0:
                raise Refused(400, "a chunk has no valid size")
            self._pending = data[at:]
            return at
        if match.end() - at > self._LONGEST_LINE:
            raise Refused(400, "a chunk's extensions are too long")
        length = int(match[1], 16)
        if length:
            self._left = length + 2
        else:
            self._trailer = True
        return match.end()

    def _end(self, data: bytes) -> bytes:
        """What follows the trailer section, if `data` holds its end."""
        if data[:2] == b"\r\n":
            self.done = True
            return data[2:]
        end = data.find(HEAD_END)
        if end < 0 and len(data) <= self._LONGEST_TRAILER:
            self._pending = data
            return b""
        if not 0 <= end <= self._LONGEST_TRAILER:
            raise Refused(431, "the trailer section is too long")
        end += len(HEAD_END)
        judge_partial(None, b"GET / HTTP/1.1\r\n" + data[:end])
        self.done = True
        return data[end:]
