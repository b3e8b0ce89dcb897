"""HTTP as an abuser speaks it: any bytes, on sockets of its own; and answers, read as strictly as they can be."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
from collections.abc import Iterable
from typing import NamedTuple

PATIENCE = 60.0
"""Seconds within which everything is answered or cut, on the slowest of machines."""
HOST = "127.0.0.1"

_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) [\x20-\x7e]*")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?([\x20-\x7e\x80-\xff]*)")


class Answer(NamedTuple):
    """Header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class Malformed(AssertionError):
    """What came is no HTTP."""


def head(method: str, path: str, headers: dict[str, str], body: bytes = b"", *, close: bool = True) -> bytes:
    """A request with its body, framed as it should be; unless the headers say otherwise."""
    named = {"Host": "localhost", "Content-Length": str(len(body)), **headers}
    if close:
        named["Connection"] = "close"
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in named.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def take(data: bytes, *, bodiless: bool = False) -> tuple[Answer, bytes] | None:
    """The first answer in `data`, and what follows it; None where it is not all here. `bodiless` is HEAD's.

    Raises Malformed.
    """
    end = data.find(b"\r\n\r\n")
    if end < 0:
        if data and not b"HTTP/1.1 ".startswith(data[:9]):
            raise Malformed(f"it does not begin as an answer: {data[:80]!r}")
        return None
    first, *fields = data[:end].split(b"\r\n")
    status = _STATUS.fullmatch(first)
    if status is None:
        raise Malformed(f"a status line that is none: {first!r}")
    headers: dict[str, str] = {}
    for field in fields:
        match = _FIELD.fullmatch(field)
        if match is None or match[1].decode().lower() in headers:
            raise Malformed(f"a header that is none, or comes again: {field!r}")
        headers[match[1].decode().lower()] = match[2].decode("latin-1")
    code, rest = int(status[1]), data[end + 4 :]
    if code == 100:
        return take(rest, bodiless=bodiless)
    if bodiless or code in (204, 304):
        return Answer(code, headers, b""), rest
    if headers.get("transfer-encoding") == "chunked":
        return _chunked(code, headers, rest)
    if "content-length" not in headers:
        raise Malformed(f"an answer without a length: {headers}")
    length = int(headers["content-length"])
    return None if len(rest) < length else (Answer(code, headers, rest[:length]), rest[length:])


def _chunked(code: int, headers: dict[str, str], rest: bytes) -> tuple[Answer, bytes] | None:
    body = b""
    while True:
        line, found, rest = rest.partition(b"\r\n")
        if not found:
            return None
        size = int(line, 16)
        if len(rest) < size + 2:
            return None
        if rest[size : size + 2] != b"\r\n":
            raise Malformed("a chunk that is longer than its size")
        body, rest = body + rest[:size], rest[size + 2 :]
        if not size:
            return Answer(code, headers, body), rest


def answers(data: bytes) -> list[Answer]:
    """All of what a server has said on a connection until it closed it. Raises Malformed."""
    found = []
    while data:
        taken = take(data)
        if taken is None:
            raise Malformed(f"an answer that ends early: {data[:200]!r}")
        found.append(taken[0])
        data = taken[1]
    return found


def ask(port: int, *pieces: bytes, bodiless: bool = False, host: str = HOST) -> Answer | None:
    """The answer to one request, on a connection of its own; None where the server closes it without one, or cuts it.

    Raises TimeoutError where it does neither.
    """
    with socket.create_connection((host, port), timeout=PATIENCE) as connection:
        # A server that has refused already may have closed its side.
        with contextlib.suppress(ConnectionError):
            for piece in pieces:
                connection.sendall(piece)
        data = b""
        with contextlib.suppress(ConnectionResetError):
            while (taken := take(data, bodiless=bodiless)) is None:
                more = connection.recv(1 << 16)
                if not more:
                    break
                data += more
        taken = take(data, bodiless=bodiless)
        if taken is None and data:
            raise Malformed(f"an answer that ends early: {data[:200]!r}")
        return None if taken is None else taken[0]


async def until_closed(port: int, *pieces: bytes) -> bytes:
    """What the server says to that until it closes the connection. Raises TimeoutError where it does not."""
    async with asyncio.timeout(PATIENCE):
        reader, writer = await asyncio.open_connection(HOST, port)
        said = b""
        try:
            with contextlib.suppress(ConnectionError):
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
            with contextlib.suppress(ConnectionError):
                while more := await reader.read(1 << 16):
                    said += more
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
        return said


async def all_until_closed(port: int, requests: Iterable[bytes], at_once: int = 100) -> list[bytes]:
    """The same for many connections."""
    turn = asyncio.Semaphore(at_once)

    async def one(request: bytes) -> bytes:
        async with turn:
            return await until_closed(port, request)

    return await asyncio.gather(*map(one, requests))
