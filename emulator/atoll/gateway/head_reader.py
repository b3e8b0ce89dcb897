"""Finds where a request's head ends, in bytes that come in pieces of any size."""

from __future__ import annotations

from httptools import HttpRequestParser

from atoll.gateway.http1 import HEAD_END, Refused, judge_partial


class HeadReader:
    """`began` is whether a head has begun that is not all here."""

    __slots__ = ("_most", "_most_line", "_partial", "_seek", "began")

    def __init__(self, most_line: int, most: int) -> None:
        """Bytes that a request line, and a whole head, may have."""
        self._most_line = most_line
        self._most = most
        self._partial: HttpRequestParser | None = None
        self._seek = 0
        """Where in what is kept the head's end may begin."""
        self.began = 0
        """Bytes of the head that were seen and found good so far."""

    def end(self, data: bytes, at: int) -> int:
        """Where the head that begins at `at` ends; 0 where it does not yet: what there is of it is to be the beginning
        of `data` the next time. Raises Refused as soon as it can no longer become a good one."""
        end = data.find(HEAD_END, at + self._seek) + 4
        if end < 4:
            self._judge(data[at:])
            return 0
        if self.began:
            self.forget()
        if end - at > self._most:
            raise Refused(431, f"a head of more than {self._most} bytes")
        return end

    def _judge(self, data: bytes) -> None:
        if len(data) > self._most_line and b"\r\n" not in data:
            raise Refused(414, f"a request line of more than {self._most_line} bytes")
        if len(data) > self._most:
            raise Refused(431, f"a head of more than {self._most} bytes")
        self._partial = judge_partial(self._partial, data[self.began :])
        self.began = len(data)
        self._seek = max(0, len(data) - 3)

    def forget(self) -> None:
        self.began = self._seek = 0
        self._partial = None
