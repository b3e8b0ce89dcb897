"""Writing a response: its head, and how its body is framed. Nothing here waits or sends.

https://www.rfc-editor.org/rfc/rfc9112#section-6
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final, NamedTuple

from atoll.wire.http import Response

_STATUS_LINES: Final = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n" for status in HTTPStatus}
_BODILESS: Final = frozenset({204, 304})
"""Statuses whose responses have neither a body nor a length."""
_LENGTH_NAMES: Final = frozenset({"content-length", "Content-Length"})


class Streamed(NamedTuple):
    """A streamed answer's head, and how its body is to follow."""

    head: bytes
    empty: bool
    """Whether the body stays unsent, as HEAD's does."""
    chunked: bool
    length: int | None
    keep: bool


def whole(response: Response, body: bytes, keep: bool, old: bool, head_only: bool, date_line: str) -> bytes:
    """A response and its body, to be sent in one go. `keep` is whether the connection is kept, `old` whether the client
    speaks HTTP/1.0, `head_only` whether it asked by HEAD. Raises ValueError for headers that cannot be sent.
    """
    own = date_line if keep and not old else _own_lines(keep, old, date_line)
    if response.status in _BODILESS:
        return _head(response, own)
    length = len(body)
    if head_only:
        declared = _declared_length(response.headers)
        if declared is not None:
            length = declared
        body = b""
    return _head(response, f"content-length: {length}\r\n{own}") + body


def streamed(response: Response, keep: bool, old: bool, head_only: bool, date_line: str) -> Streamed:
    """The head of a response whose body comes in pieces. Raises ValueError for headers that cannot be sent.

    The body has a length where the response gives one, else it is chunked or, for HTTP/1.0, lasts until the end.
    """
    bodiless = response.status in _BODILESS
    empty = head_only or bodiless
    length = None if bodiless else _declared_length(response.headers)
    chunked = length is None and not old and not bodiless
    if length is None and not chunked and not empty:
        keep = False
    own = _own_lines(keep, old, date_line)
    if chunked:
        own = f"transfer-encoding: chunked\r\n{own}"
    elif length is not None:
        own = f"content-length: {length}\r\n{own}"
    return Streamed(_head(response, own), empty, chunked, length, keep)


def _own_lines(keep: bool, old: bool, date_line: str) -> str:
    if not keep:
        return f"{date_line}connection: close\r\n"
    if old:
        return f"{date_line}connection: keep-alive\r\n"
    return date_line


def _declared_length(headers: Sequence[tuple[str, str]]) -> int | None:
    for name, value in headers:
        if name in _LENGTH_NAMES:
            return int(value)
    return None


def _head(response: Response, own: str) -> bytes:
    """`own` is the server's own lines. Content-Length is among them, so the response's is left out."""
    status = response.status
    text = _STATUS_LINES.get(status) or f"HTTP/1.1 {status} \r\n"
    lines = 1
    for name, value in response.headers:
        if name not in _LENGTH_NAMES:
            text += f"{name}: {value}\r\n"
            lines += 1
    # A value that holds a line end would let whoever chose it write headers, or a second response.
    if text.count("\n") != lines or text.count("\r") != lines:
        raise ValueError("a line end within a header")
    return f"{text}{own}\r\n".encode("latin-1")
