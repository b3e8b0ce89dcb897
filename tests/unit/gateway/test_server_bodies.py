"""Bodies, both ways: how they are framed, when they are waited for, and what holds a fast side back for a slow one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
from atoll.wire.http import BodyPlan, Request, Response

HEAD = b"POST /stream HTTP/1.1\r\nHost: h\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
CLOSE = b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
MB = 1 << 20


def body_of(answer: bytes) -> bytes:
    return answer.partition(b"\r\n\r\n")[2]


def pieces(*parts: bytes, headers: Any = (), status: int = 200) -> Any:
    async def body() -> AsyncIterator[bytes]:
        for part in parts:
            yield part

    return lambda request: Response(status, list(headers), body())


# What is sent.


@pytest.mark.parametrize(
    ("handler", "framing"),
    [
        (lambda r: Response(200, [], b"abc"), b"content-length: 3\r\n|abc"),
        (lambda r: Response(200, [("Content-Length", "99")], b"abc"), b"content-length: 3\r\n|abc"),
        (lambda r: Response(200, []), b"content-length: 0\r\n|"),
        (lambda r: Response(204, [], b"never"), b"|"),
        (lambda r: Response(304, [("etag", "x")]), b"etag: x\r\n|"),
        (pieces(b"ab", b"", b"c"), b"transfer-encoding: chunked\r\n|2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"),
        (pieces(), b"transfer-encoding: chunked\r\n|0\r\n\r\n"),
        (pieces(b"ab", b"c", headers=[("content-length", "3")]), b"content-length: 3\r\n|abc"),
        (pieces(b"ab", status=204), b"|"),
    ],
)
def test_framing(handler: Any, framing: bytes, ask: Any, echo: Any) -> None:
    echo.handlers["/x"] = handler
    answer = ask(echo, b"GET /x HTTP/1.1\r\nHost: h\r\n\r\n" + CLOSE)
    own, _, body = framing.partition(b"|")
    head, _, rest = answer.partition(b"\r\n\r\n")
    lines = head.partition(b"\r\n")[2] + b"\r\n"
    assert b"".join(line for line in lines.splitlines(keepends=True) if not line.startswith(b"date")) == own
    assert rest.startswith(body + b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize(
    ("handler", "length"),
    [
        (lambda r: Response(200, [], b"abc"), b"content-length: 3\r\n"),
        (lambda r: Response(200, [("content-length", "99")]), b"content-length: 99\r\n"),
        (lambda r: Response(200, [("content-length", "0")]), b"content-length: 0\r\n"),
        (pieces(b"ab", headers=[("content-length", "2")]), b"content-length: 2\r\n"),
        (pieces(b"ab"), b"transfer-encoding: chunked\r\n"),
    ],
)
def test_head_sends_no_body(handler: Any, length: bytes, ask: Any, echo: Any) -> None:
    echo.handlers["/x"] = handler
    answer = ask(echo, b"HEAD /x HTTP/1.1\r\nHost: h\r\n\r\n" + CLOSE)
    head, _, rest = answer.partition(b"\r\n\r\n")
    assert length in head + b"\r\n"
    assert rest.startswith(b"HTTP/1.1 200 OK\r\n")


def test_old_client_gets_an_unmeasured_body_until_the_end(ask: Any, echo: Any) -> None:
    echo.handlers["/x"] = pieces(b"ab", b"c")
    answer = ask(echo, b"GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    assert b"connection: close" in answer
    assert b"chunked" not in answer
    assert body_of(answer) == b"abc"


@pytest.mark.parametrize(
    ("request_headers", "kept"),
    [
        (b"HTTP/1.1\r\nHost: h\r\n", True),
        (b"HTTP/1.1\r\nHost: h\r\nConnection: close\r\n", False),
        (b"HTTP/1.1\r\nHost: h\r\nConnection: TE , Close\r\n", False),
        (b"HTTP/1.0\r\n", False),
        (b"HTTP/1.0\r\nConnection: Keep-Alive\r\n", True),
    ],
)
def test_keep_alive(request_headers: bytes, kept: bool, ask: Any, echo: Any) -> None:
    first = ask(echo, b"GET / " + request_headers + b"\r\n" + CLOSE)
    assert first.count(b"HTTP/1.1 200 OK") == (2 if kept else 1)
    if not kept:
        assert b"connection: close" in first


@pytest.mark.parametrize(
    "headers", [[("x", "a\r\nb: c")], [("x", "a\nb")], [("x\r\ny", "a")], [("x", "a\rb")], [("x", "\u20ac")]]
)
def test_headers_that_cannot_be_sent(headers: Any, ask: Any, echo: Any, caplog: Any) -> None:
    echo.handlers["/x"] = lambda request: Response(200, headers, b"secret")
    answer = ask(echo, b"GET /x HTTP/1.1\r\nHost: h\r\n\r\n" + CLOSE)
    assert answer.startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
    assert b"secret" not in answer
    assert answer.count(b"HTTP/1.1 200 OK") == 1
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


def cut(ask: Any, echo: Any, raw: bytes) -> bytes:
    """What came of an answer before the connection was cut; nothing where the cut overtook it."""
    try:
        answer: bytes = ask(echo, raw)
    except ConnectionResetError:
        return b""
    return answer


@pytest.mark.parametrize("length", ["2", "4"])
def test_a_body_that_misses_its_length_is_cut_off(length: str, ask: Any, echo: Any, caplog: Any) -> None:
    echo.handlers["/x"] = pieces(b"abc", headers=[("content-length", length)])
    answer = cut(ask, echo, b"GET /x HTTP/1.1\r\nHost: h\r\n\r\n" + CLOSE)
    assert answer.count(b"HTTP/1.1") <= 1
    assert "Content-Length" in caplog.text


def test_a_body_that_fails_is_cut_off(ask: Any, echo: Any, caplog: Any) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"abc"
        raise OSError("the disk has gone")

    echo.handlers["/x"] = lambda request: Response(200, [], body())
    assert not cut(ask, echo, b"GET /x HTTP/1.1\r\nHost: h\r\n\r\n").endswith(b"0\r\n\r\n")
    assert "the disk has gone" in caplog.text


# What is received.


def test_small_bodies_do_not_ask(ask: Any, echo: Any) -> None:
    body = b"x" * MB
    assert b"200 OK" in ask(echo, HEAD + b"Content-Length: %d\r\n\r\n" % MB + body + CLOSE)
    assert echo.requests[0].body == body
    assert echo.admitted == []


def test_large_bodies_ask_first(ask: Any, echo: Any) -> None:
    echo.plan = BodyPlan(3 * MB)
    body = b"x" * (3 * MB)
    assert b"200 OK" in ask(echo, HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body + CLOSE)
    assert echo.requests[0].body == body
    assert [request.path for request in echo.admitted] == ["/stream"]


@pytest.mark.parametrize(
    "raw",
    [
        HEAD + b"Content-Length: 2000000\r\n\r\n" + b"x" * 100,
        CHUNKED + b"5\r\nabcde\r\n",
        HEAD + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n",
    ],
)
def test_the_app_refuses_before_the_body(raw: bytes, ask: Any, echo: Any) -> None:
    echo.plan = Response(403, [("x-amzn-requestid", "1")], b"no")
    answer = ask(echo, raw)
    assert answer.startswith(b"HTTP/1.1 403 Forbidden\r\nx-amzn-requestid: 1\r\n")
    assert b"connection: close" in answer
    assert b"100 Continue" not in answer
    assert body_of(answer) == b"no"
    assert echo.requests == []


def test_a_refused_client_that_goes_on_sending_reads_its_answer(ask: Any, echo: Any) -> None:
    """Closing while bytes are still coming would reset the connection, and the answer with it."""
    echo.plan = BodyPlan(MB)
    answer = ask(echo, HEAD + b"Content-Length: 9000000\r\n\r\n", *[b"x" * MB] * 8)
    assert answer.startswith(b"HTTP/1.1 413 ")


def test_expect_is_answered_where_the_body_waits(serving: Any, dialling: Any, run: Any, echo: Any) -> None:
    async def talk() -> None:
        async with serving(echo) as server, dialling(server) as (reader, writer):
            writer.write(HEAD + b"Expect: 100-Continue\r\nContent-Length: 3\r\n\r\n")
            assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            assert len(echo.admitted) == 1
            assert echo.requests == []
            writer.write(b"abc")
            assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"

    run(talk())
    assert echo.requests[0].body == b"abc"


@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
def test_expect_is_not_answered_where_nobody_waits(version: bytes, ask: Any, echo: Any) -> None:
    raw = (
        b"POST / HTTP/"
        + version
        + b"\r\nHost: h\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc"
    )
    assert ask(echo, raw).startswith(b"HTTP/1.1 200 OK\r\n")


# Streams.


async def collect(request: Request) -> Response:
    size = 0
    assert not isinstance(request.body, bytes)
    async for piece in request.body:
        size += len(piece)
    return Response(200, [], b"%d" % size)


@pytest.mark.parametrize(
    ("raw", "size"),
    [
        (CHUNKED + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", b"5"),
        (CHUNKED + b"0\r\n\r\n", b"0"),
        (HEAD + b"Content-Length: 1500000\r\n\r\n" + b"x" * 1500000, b"1500000"),
    ],
)
def test_streamed_request(raw: bytes, size: bytes, ask: Any, echo: Any) -> None:
    echo.plan = BodyPlan(2 * MB, stream=True)
    echo.handlers["/stream"] = collect
    answer = ask(echo, raw + CLOSE)
    assert body_of(answer).startswith(size + b"HTTP/1.1 200")


def test_both_ways_at_once(serving: Any, dialling: Any, run: Any, echo: Any) -> None:
    async def upper(request: Request) -> AsyncIterator[bytes]:
        assert not isinstance(request.body, bytes)
        async for piece in request.body:
            yield piece.upper()

    echo.plan = BodyPlan(MB, stream=True)
    echo.handlers["/stream"] = lambda request: Response(200, [], upper(request))

    async def talk() -> None:
        async with serving(echo) as server, dialling(server) as (reader, writer):
            writer.write(CHUNKED)
            await reader.readuntil(b"\r\n\r\n")
            for _ in range(3):
                writer.write(b"2\r\nab\r\n")
                assert await reader.readexactly(7) == b"2\r\nAB\r\n"
            writer.write(b"0\r\n\r\n" + CLOSE)
            assert (await reader.read()).startswith(b"0\r\n\r\nHTTP/1.1 200 OK\r\n")

    run(talk())


@pytest.mark.parametrize(("stream", "status"), [(True, b"413"), (False, b"413")])
def test_chunks_beyond_the_limit(stream: bool, status: bytes, ask: Any, echo: Any) -> None:
    """Of a stream, the call that reads it is told that the rest will not come."""
    told: list[BaseException] = []

    async def reader(request: Request) -> Response:
        try:
            return await collect(request)
        except BaseException as error:
            told.append(error)
            raise

    echo.plan = BodyPlan(10, stream)
    echo.handlers["/stream"] = reader
    answer = ask(echo, CHUNKED + b"8\r\n12345678\r\n", b"8\r\n12345678\r\n", b"0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert [type(error) for error in told] == ([asyncio.CancelledError] if stream else [])


@pytest.mark.parametrize(("length", "kept"), [(MB // 2, True), (3 * MB, False)])
def test_an_answer_that_does_not_wait_for_its_body(length: int, kept: bool, ask: Any, echo: Any) -> None:
    """A short rest is read for the connection's sake, a long one is not."""
    echo.plan = BodyPlan(9 * MB, stream=True)
    echo.handlers["/stream"] = lambda request: Response(409, [], b"")
    answer = ask(
        echo,
        HEAD + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % length,
        b"x" * (length // 2),
        b"x" * (length // 2) + CLOSE,
    )
    assert answer.count(b" 409 ") == 1
    assert answer.count(b" 200 ") == kept


def test_a_chunked_body_that_is_not_read_ends_the_connection(ask: Any, echo: Any) -> None:
    echo.plan = BodyPlan(MB, stream=True)
    echo.handlers["/stream"] = lambda request: Response(409, [], b"")
    answer = ask(echo, CHUNKED + b"3\r\nabc\r\n")
    assert answer.startswith(b"HTTP/1.1 409 ")
    assert b"connection: close" in answer


# Back-pressure. The sizes of what is held are those of the server's marks, with room for one read of the socket.

TOTAL = 50 * MB


def test_a_fast_client_waits_for_a_slow_reader(serving: Any, dialling: Any, run: Any, echo: Any) -> None:
    most = 0
    done: list[int] = []

    async def slow(request: Request) -> Response:
        nonlocal most
        size = 0
        stream: Any = request.body
        async for piece in stream:
            size += len(piece)
            most = max(most, stream.size)
            await asyncio.sleep(0)
        done.append(size)
        return Response(200, [], b"")

    echo.plan = BodyPlan(TOTAL, stream=True)
    echo.handlers["/stream"] = slow

    async def talk() -> None:
        async with serving(echo) as server, dialling(server) as (reader, writer):
            writer.write(HEAD + b"Content-Length: %d\r\n\r\n" % TOTAL)
            for _ in range(50):
                writer.write(b"x" * MB)
                await writer.drain()
            assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"

    run(talk())
    assert done == [TOTAL]
    assert 0 < most <= MB


def test_a_reader_that_has_stopped_stops_the_client(
    serving: Any, dialling: Any, run: Any, eventually: Any, echo: Any
) -> None:
    go = asyncio.Event()
    held: list[Any] = []

    async def waits(request: Request) -> Response:
        held.append(request.body)
        await go.wait()
        return await collect(request)

    echo.plan = BodyPlan(TOTAL, stream=True)
    echo.handlers["/stream"] = waits

    async def talk() -> None:
        async with serving(echo) as server, dialling(server) as (reader, writer):
            writer.transport.set_write_buffer_limits(1)
            writer.write(HEAD + b"Content-Length: %d\r\n\r\n" % TOTAL)

            async def send() -> None:
                for _ in range(50):
                    writer.write(b"x" * MB)
                    await writer.drain()

            sending = asyncio.ensure_future(send())
            await eventually(lambda: server.connections)
            (connection,) = server.connections
            await eventually(lambda: connection._paused)
            for _ in range(100):
                await asyncio.sleep(0)
            assert held[0].size <= MB
            assert not sending.done()
            go.set()
            await sending
            assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"

    run(talk())


def test_a_slow_client_stops_the_sender(serving: Any, dialling: Any, run: Any, eventually: Any, echo: Any) -> None:
    """What is made for a client that does not read is what fits in the buffers, and not the whole of it."""
    made = 0
    closed = False

    async def body() -> AsyncIterator[bytes]:
        nonlocal made, closed
        try:
            for _ in range(TOTAL // 65536):
                made += 65536
                yield b"x" * 65536
        finally:
            closed = True

    echo.handlers["/x"] = lambda request: Response(200, [("content-length", str(TOTAL))], body())

    async def talk() -> None:
        async with serving(echo) as server, dialling(server, limit=1) as (reader, writer):
            writer.write(b"GET /x HTTP/1.1\r\nHost: h\r\n\r\n")
            await eventually(lambda: server.connections)
            (connection,) = server.connections
            await eventually(lambda: connection._outlet.stalled)
            before = made
            for _ in range(100):
                await asyncio.sleep(0)
            assert connection._transport.get_write_buffer_size() <= MB
            assert made < TOTAL
            assert made - before <= TOTAL // 2
            size = 0
            while size < TOTAL:
                size += len(await reader.read(MB))

    run(talk())
    assert made == TOTAL
    assert closed


def test_requests_ahead_of_their_turn_are_not_all_taken_in(
    serving: Any, dialling: Any, run: Any, eventually: Any, echo: Any
) -> None:
    """A client that pipelines behind a waiting call is held back, and answered when the call is."""
    go: list[asyncio.Future[Response]] = []

    def wait(request: Request) -> asyncio.Future[Response]:
        go.append(asyncio.get_running_loop().create_future())
        return go[0]

    echo.handlers["/wait"] = wait
    one = b"GET /next HTTP/1.1\r\nHost: h\r\nX: %b\r\n\r\n" % (b"x" * 4000)

    async def talk() -> None:
        async with serving(echo) as server, dialling(server) as (reader, writer):
            writer.write(b"GET /wait HTTP/1.1\r\nHost: h\r\n\r\n" + one * 2000 + CLOSE)
            await eventually(lambda: server.connections)
            (connection,) = server.connections
            await eventually(lambda: connection._paused)
            assert len(connection._rest) <= MB
            assert len(echo.requests) == 1
            go[0].set_result(Response(200, [], b""))
            await reader.read()

    run(talk())
    assert [request.path for request in echo.requests] == ["/wait", *["/next"] * 2000, "/"]
