"""Ten thousand connections on which nothing happens."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import sys
from collections.abc import AsyncIterator

import pytest

from tests.abuse.invariants import Guarded
from tests.abuse.wire import HOST, PATIENCE, answers, head, take

MANY = 10_000
"""As many as Atoll takes at once."""
MORE = 500
SPARE_FILES = 200
"""What else this process has open."""
SOURCES = [f"127.0.0.{number}" for number in range(2, 7)] if sys.platform == "linux" else [HOST]
"""Each has its own ports, so that other tests do not run out of them. Only Linux has all of 127.0.0.0/8 at once."""
PER_CONNECTION = 16 * 1024
"""Bytes of the server's memory that an idle connection may take, whatever it has sent before."""
ABORT = struct.pack("ii", 1, 0)

HEALTH = head("GET", "/_atoll/health", {}, close=False)
LARGE = head("POST", "/", {"X-Amz-Target": "AmazonSQS.ListQueues"}, b"{" + b" " * 100_000 + b"}", close=False)
BEFORE = [(b"", 0), (HEALTH, 1), (LARGE, 1), (b"\r\n", 0)]
"""What idle clients have sent before, and how many answers that has."""


async def dial(port: int, source: str) -> socket.socket:
    connection = socket.socket()
    # Closed by a reset, so that nothing of ten thousand connections lasts.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
    connection.setblocking(False)
    connection.bind((source, 0))
    await asyncio.get_running_loop().sock_connect(connection, (HOST, port))
    return connection


async def begin(connection: socket.socket, sent: bytes, number: int) -> None:
    """Has a conversation, and falls silent."""
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(connection, sent)
    said = b""
    for _ in range(number):
        while (taken := take(said)) is None:
            more = await loop.sock_recv(connection, 1 << 16)
            assert more, "cut while it was talking"
            said += more
        said = taken[1]


@contextlib.asynccontextmanager
async def crowd(port: int, number: int) -> AsyncIterator[list[socket.socket]]:
    turn = asyncio.Semaphore(200)
    found: list[socket.socket] = []

    async def one(which: int) -> None:
        async with turn:
            connection = await dial(port, SOURCES[which % len(SOURCES)])
            found.append(connection)
            await begin(connection, *BEFORE[which % len(BEFORE)])

    try:
        await asyncio.gather(*map(one, range(number)))
        yield found
    finally:
        for connection in found:
            connection.close()


def test_ten_thousand_idle_connections(atoll: Guarded, many_files: int) -> None:
    """They cost little, and keep nobody out: those that have been idle longest make room."""
    if many_files < MANY + MORE + SPARE_FILES:
        pytest.skip(
            f"this machine lets a process have {many_files} open files, and {MANY + MORE + SPARE_FILES} are needed"
        )
    before = atoll.process.memory_info().rss

    async def abuse() -> None:
        async with asyncio.timeout(5 * PATIENCE), crowd(atoll.port, MANY) as idle:
            assert len(idle) == MANY
            grown = atoll.process.memory_info().rss - before
            assert grown < MANY * PER_CONNECTION + 50 * 1024 * 1024, grown
            await asyncio.to_thread(atoll.check_prompt)
            async with crowd(atoll.port, MORE):
                await asyncio.to_thread(atoll.check_prompt)
                gone = [connection for connection in idle if closed(connection)]
                # Not all: who came last, and who comes now, are the ones that are kept.
                assert MORE <= len(gone) < 2 * MORE

    asyncio.run(abuse())


def closed(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


def test_heads_that_are_begun_keep_nobody_out_for_long(atoll: Guarded, many_files: int) -> None:
    """A thousand connections with half a head beside normal calls, opened and left again and again."""

    async def abuse() -> None:
        async with asyncio.timeout(PATIENCE):
            for _ in range(3):
                found = await asyncio.gather(*(dial(atoll.port, SOURCES[0]) for _ in range(500)))
                for connection in found:
                    await asyncio.get_running_loop().sock_sendall(connection, b"POST / HTTP/1.1\r\nHost: h\r\nX:")
                await asyncio.to_thread(atoll.check_prompt)
                for connection in found:
                    connection.close()

    asyncio.run(abuse())


def test_many_requests_on_one_connection(atoll: Guarded) -> None:
    """Ahead of their turn, all at once: each is answered, in their order."""
    paths = ["/_atoll/health", "/_localstack/health", "/nothing-here", "/_atoll/v1/nothing"]
    number = 1000
    wanted = [paths[which % len(paths)] for which in range(number)]
    sent = b"".join(head("GET", path, {}, close=False) for path in wanted[:-1]) + head("GET", wanted[-1], {})

    async def abuse() -> bytes:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection(HOST, atoll.port)
            writing = asyncio.ensure_future(drained(writer, sent))
            said = await reader.read(-1)
            await writing
            writer.close()
            return said

    found = answers(asyncio.run(abuse()))
    alone = {path: answers(asyncio.run(said(atoll.port, path)))[0].status for path in paths}
    assert [answer.status for answer in found] == [alone[path] for path in wanted]


async def drained(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(data)
    await writer.drain()


async def said(port: int, path: str) -> bytes:
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(head("GET", path, {}))
    found = await reader.read(-1)
    writer.close()
    return found
