"""Clients that are slow: with their heads, their bodies, or to read. They are sent away in time, and hold nobody up.

Against an Atoll of a shorter patience (hasty.py), so that the end of it can be waited for.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.abuse.calls import SAMPLES, json_call
from tests.abuse.conftest import guarded
from tests.abuse.invariants import Guarded
from tests.abuse.wire import HOST, PATIENCE, answers, head

MANY = 100
"""Clients of each kind."""
ROOT = Path(__file__).parents[2]
SEND = SAMPLES["sqs-json"].headers
POST = b"POST / HTTP/1.1\r\nHost: h\r\n"
TARGET = "".join(f"{name}: {value}\r\n" for name, value in SEND.items()).encode()
SNAPSHOT = b"POST /_atoll/v1/realms/default/accounts/abused/snapshot HTTP/1.1\r\nHost: h\r\n"


def drop(byte: bytes) -> Callable[[], Iterator[bytes]]:
    def forever() -> Iterator[bytes]:
        while True:
            yield byte

    return forever


def bytewise(data: bytes, then: bytes) -> Callable[[], Iterator[bytes]]:
    def pieces() -> Iterator[bytes]:
        for at in range(len(data)):
            yield data[at : at + 1]
        while True:
            yield then

    return pieces


SLOW = {
    "says nothing": (b"", drop(b""), ""),
    "begins a head": (b"P", drop(b""), "408"),
    "trickles a head": (b"", bytewise(POST + b"X: ", b"x"), "408"),
    "sends empty lines": (b"", drop(b"\r\n"), ""),
    "begins a body": (POST + TARGET + b"Content-Length: 1000\r\n\r\n{", drop(b""), "408"),
    "trickles a body": (POST + TARGET + b"Content-Length: 100000\r\n\r\n", drop(b"x"), "408"),
    "trickles a large body": (POST + TARGET + b"Content-Length: 1048576\r\n\r\n", drop(b"x"), "408"),
    "trickles chunks": (POST + TARGET + b"Transfer-Encoding: chunked\r\n\r\n", drop(b"1\r\nx\r\n"), "408"),
    "never ends a chunk": (POST + TARGET + b"Transfer-Encoding: chunked\r\n\r\nFFFF\r\n", drop(b"x"), "408"),
    "trickles a size": (POST + TARGET + b"Transfer-Encoding: chunked\r\n\r\n", drop(b"0"), "4"),
    "trickles trailers": (POST + TARGET + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", bytewise(b"X: ", b"x"), "4"),
    "waits to continue": (POST + TARGET + b"Content-Length: 9\r\nExpect: 100-continue\r\n\r\n", drop(b""), "408"),
    "trickles a snapshot": (SNAPSHOT + b"Content-Length: 1000000\r\n\r\n", drop(b"PK"), "4"),
}
"""What is sent at once, what follows drop by drop, and the status that it ends with; empty where it is not answered."""


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    environment = {"PYTHONPATH": str(ROOT)}
    folder = tmp_path_factory.mktemp("hasty")
    with guarded(folder, program="tests.abuse.hasty", environment=environment) as found:
        yield found


class Slow:
    """One such client."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.heard = asyncio.ensure_future(self._listen())

    async def _listen(self) -> bytes:
        said = b""
        with contextlib.suppress(ConnectionError):
            while more := await self.reader.read(1 << 16):
                said += more
        return said

    async def send(self, data: bytes) -> None:
        if data and not self.heard.done():
            with contextlib.suppress(ConnectionError):
                self.writer.write(data)
                await self.writer.drain()


@contextlib.asynccontextmanager
async def clients(port: int, number: int) -> AsyncIterator[list[Slow]]:
    found = [Slow(*await asyncio.open_connection(HOST, port)) for _ in range(number)]
    try:
        yield found
    finally:
        for client in found:
            client.writer.close()
            client.heard.cancel()
        await asyncio.gather(*(client.heard for client in found), return_exceptions=True)


def test_who_is_slow_is_sent_away_and_holds_nobody_up(hasty: Guarded) -> None:
    """Many of each kind at once. Each drop of theirs follows a normal call, which is answered as before."""

    async def abuse() -> dict[str, list[bytes]]:
        async with asyncio.timeout(2 * PATIENCE), contextlib.AsyncExitStack() as stack:
            slow = {how: await stack.enter_async_context(clients(hasty.port, MANY)) for how in SLOW}
            drops = {how: pieces() for how, (_, pieces, _) in SLOW.items()}
            for how, (begin, _, _) in SLOW.items():
                for client in slow[how]:
                    await client.send(begin)
            await asyncio.to_thread(hasty.check_prompt)
            answered = [client.heard for how, (_, _, status) in SLOW.items() if status for client in slow[how]]
            while not all(heard.done() for heard in answered):
                for how, clients_of_it in slow.items():
                    await asyncio.to_thread(hasty.call)
                    piece = next(drops[how])
                    for client in clients_of_it:
                        await client.send(piece)
            return {how: [client.heard.result() for client in slow[how]] for how in SLOW if SLOW[how][2]}

    for how, heard in asyncio.run(abuse()).items():
        for said in heard:
            found = answers(said.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n"))
            # One that is cut while it still sends may lose its answer on the way.
            assert len(found) <= 1
            assert all(str(answer.status).startswith(SLOW[how][2]) for answer in found), (how, found)
        assert any(heard), f"nobody who {how} was answered"
    hasty.check()


def test_who_does_not_read_is_cut(hasty: Guarded) -> None:
    """Answers that nobody reads do not pile up: further requests of that client wait, and in the end it is cut."""
    client = hasty.abuser()
    url = client.create_queue(QueueName="unread")["QueueUrl"]
    for _ in range(4):
        client.send_message(QueueUrl=url, MessageBody="x" * 1_000_000)
    params = json.dumps({"QueueUrl": url, "MaxNumberOfMessages": 1, "VisibilityTimeout": 0}).encode()
    sample = json_call("sqs", "ReceiveMessage", params)
    receive = head("POST", "/", sample.headers, params, close=False)
    before = hasty.process.memory_info().rss
    greedy = []
    try:
        for _ in range(20):
            connection = socket.create_connection((HOST, hasty.port), timeout=PATIENCE)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            greedy.append(connection)
            connection.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                connection.send(receive * 200)
        hasty.check_prompt()
        # Two hundred answers of a megabyte each would be 4 GB.
        assert hasty.process.memory_info().rss - before < 500 * 1024 * 1024
        cut = asyncio.run(all_cut(greedy))
        assert cut == len(greedy)
    finally:
        for connection in greedy:
            connection.close()
    client.delete_queue(QueueUrl=url)
    hasty.check()


async def all_cut(connections: list[socket.socket]) -> int:
    """How many end, without anything being read of them before."""
    loop = asyncio.get_running_loop()

    async def cut(connection: socket.socket) -> bool:
        ended: asyncio.Future[None] = loop.create_future()
        # What is written tells of the end, as nothing is read.
        while not ended.done():
            try:
                await loop.sock_sendall(connection, b"x" * 65536)
            except (ConnectionError, OSError):
                return True
        return False

    async with asyncio.timeout(PATIENCE):
        return sum(await asyncio.gather(*map(cut, connections)))


def test_long_polls_that_are_left(hasty: Guarded) -> None:
    """Who goes away takes nothing along: a message that is sent later is there for who is still there."""
    client = hasty.abuser()
    url = client.create_queue(QueueName="polled")["QueueUrl"]
    params = json.dumps({"QueueUrl": url, "WaitTimeSeconds": 20}).encode()
    receive = json_call("sqs", "ReceiveMessage", params).request()

    async def abuse() -> Any:
        async with asyncio.timeout(PATIENCE), clients(hasty.port, 3 * MANY) as waiting:
            for number, one in enumerate(waiting):
                await one.send(receive)
                if number % 2:
                    one.writer.close()
            await asyncio.to_thread(hasty.check_prompt)
            for number, one in enumerate(waiting):
                if not number % 2:
                    one.writer.transport.abort()
            await asyncio.to_thread(hasty.call)
            return await asyncio.to_thread(client.send_message, QueueUrl=url, MessageBody="late")

    assert asyncio.run(abuse())["MessageId"]
    [message] = client.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"]
    assert message["Body"] == "late"
    client.delete_queue(QueueUrl=url)
    hasty.check()
