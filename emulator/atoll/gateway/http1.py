"""Reading a request's head. Nothing here waits or sends.

llhttp (by httptools) judges every head, strictly: bare LF, folded lines, control characters, spaces in or after a name,
repeated or bad lengths and a length beside `Transfer-Encoding` are its errors. What it accepts and this server does not
is refused here. A head that it has passed splits at its CRLFs, and most of its lines were seen before: they are looked
up rather than parsed.

https://www.rfc-editor.org/rfc/rfc9112
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from ipaddress import IPv6Address
from typing import Final

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from atoll.wire.http import Request

HEAD_END: Final = b"\r\n\r\n"
CHUNKED: Final = -1
"""What `body_length` says of a body whose length only its chunks tell."""

_HOST: Final = re.compile(r"(?:\[([^\]]+)\]|[\w.~%!$&'()*+,;=-]*)(?::(\d{0,5}))?", re.ASCII)
_LAST_PORT: Final = 65535
_SILENT: Final = object()
"""llhttp's listener: nobody, which spares a call for every header."""


class Refused(Exception):
    """A request that the protocol forbids. It is answered with `status`, and the connection closed."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(status, reason)
        self.status = status
        self.reason = reason


class _Names(dict[str, str]):
    """Header names as they are sent, and in lower case. Bounded."""

    __slots__ = ()
    _MOST = 1024
    _LONGEST = 64

    def __missing__(self, name: str) -> str:
        lower = name.lower()
        if len(name) <= self._LONGEST:
            if len(self) >= self._MOST:
                self.clear()
            self[name] = lower = sys.intern(lower)
        return lower


class _Fields(dict[str, tuple[str, str]]):
    """Header lines and what they say. Bounded; lines that will not come again are left out. Raises Refused."""

    __slots__ = ()
    _MOST = 4096
    _LONGEST = 128
    _UNIQUE = frozenset({"authorization", "amz-sdk-invocation-id", "cookie", "x-amz-content-sha256", "content-md5"})

    def __missing__(self, line: str) -> tuple[str, str]:
        name, _, value = line.partition(":")
        name = _names[name]
        field = name, value.strip(" \t")
        if name == "host":
            _check_host(field[1])
        if len(line) <= self._LONGEST and name not in self._UNIQUE:
            if len(self) >= self._MOST:
                self.clear()
            self[line] = field
        return field


_names: Final = _Names()
_field: Final = _Fields().__getitem__


def parse_head(head: bytes, max_line: int, max_fields: int, scheme: str, peer: str) -> tuple[Request, bool]:
    """The request that `head` (up to and with its empty line) begins, and whether it is HTTP/1.0's.

    `max_line` bounds the request line's bytes, `max_fields` the number of headers. Raises Refused.
    """
    try:
        HttpRequestParser(_SILENT).feed_data(head)
    except HttpParserUpgrade:
        pass  # An upgrade is an offer that a server may leave unanswered; CONNECT is refused for its target below.
    except HttpParserError as error:
        raise Refused(400, str(error)) from None
    lines = head.decode("latin-1").split("\r\n")
    if len(lines[0]) > max_line:
        raise Refused(414, f"a request line of more than {max_line} bytes")
    fields = lines[1:-2]
    if len(fields) > max_fields:
        raise Refused(431, f"more than {max_fields} headers")
    headers = dict(map(_field, fields))
    if len(headers) != len(fields):
        headers = _joined(fields)
    parts = lines[0].split(" ")
    if len(parts) != 3:
        raise Refused(400, "the request line is not method, target and version, one space apart")
    method, target, version = parts
    if version == "HTTP/1.1":
        old = False
        if "host" not in headers:
            raise Refused(400, "no Host header")
    elif version == "HTTP/1.0":
        old = True
        if "transfer-encoding" in headers:
            raise Refused(400, "Transfer-Encoding in an HTTP/1.0 request")
    elif method == "PRI":
        raise Refused(400, "HTTP/2 is not spoken here")
    else:
        raise Refused(505, "HTTP/1.1 and HTTP/1.0 are spoken here")
    if target[:1] != "/":
        target = _origin_form(method, target, headers)
    path, _, query = target.partition("?")
    return Request(method, path, query, headers, scheme=scheme, peer=peer), old


def _joined(fields: Sequence[str]) -> dict[str, str]:
    """Headers of which some come more than once. https://www.rfc-editor.org/rfc/rfc9110#section-5.3"""
    headers: dict[str, str] = {}
    for name, value in map(_field, fields):
        if name not in headers:
            headers[name] = value
        elif name == "host":
            raise Refused(400, "more than one Host header")
        else:
            headers[name] = f"{headers[name]}, {value}"
    return headers


def _check_host(host: str) -> None:
    """Raises Refused for what is no host, which a URL made of it would say in its own way.

    https://www.rfc-editor.org/rfc/rfc9112#section-3.2 https://www.rfc-editor.org/rfc/rfc3986#section-3.2.2
    """
    match = _HOST.fullmatch(host)
    try:
        if match is None or int(match[2] or 0) > _LAST_PORT:
            raise ValueError
        if match[1]:
            IPv6Address(match[1])
    except ValueError:
        raise Refused(400, "the Host header is no host") from None


def _origin_form(method: str, target: str, headers: dict[str, str]) -> str:
    """A target in absolute form, as clients send it to a proxy, with its authority in Host's place; `*` as it is.

    https://www.rfc-editor.org/rfc/rfc9112#section-3.2.2
    """
    if target == "*" and method == "OPTIONS":
        return target
    scheme, separator, rest = target.partition("://")
    if not separator or scheme.lower() not in ("http", "https"):
        raise Refused(400, "the request's target is neither a path nor a URL")
    end = min(at for at in (rest.find("/"), rest.find("?"), len(rest)) if at >= 0)
    authority = rest[:end].rpartition("@")[2]
    if not authority:
        raise Refused(400, "the request's target has no host")
    _check_host(authority)
    headers["host"] = authority
    return rest[end:] if rest[end : end + 1] == "/" else "/" + rest[end:]


def judge_partial(parser: HttpRequestParser | None, piece: bytes) -> HttpRequestParser:
    """Refuses a head that can no longer become one, without waiting for its end: a bare LF never brings it.

    `parser` is what an earlier piece of the same head gave. Raises Refused.
    """
    parser = parser or HttpRequestParser(_SILENT)
    try:
        parser.feed_data(piece)
    except HttpParserUpgrade:
        pass
    except HttpParserError as error:
        raise Refused(400, str(error)) from None
    return parser


def body_length(headers: dict[str, str]) -> int:
    """Bytes of the body that follows a head which llhttp has passed, or CHUNKED. Raises Refused."""
    length = headers.get("content-length")
    if length is not None:
        return int(length)
    coding = headers.get("transfer-encoding")
    if coding is None:
        return 0
    if coding.lower() != "chunked":
        raise Refused(501, "no transfer coding but chunked is understood")
    return CHUNKED


def keeps_alive(headers: dict[str, str], old: bool) -> bool:
    """Whether the client wants the connection kept. https://www.rfc-editor.org/rfc/rfc9112#section-9.3"""
    connection = headers.get("connection")
    if connection is None:
        return not old
    options = [option.strip() for option in connection.lower().split(",")]
    return "close" not in options and (not old or "keep-alive" in options)
