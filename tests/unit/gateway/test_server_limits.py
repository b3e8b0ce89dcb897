"""What a client may take: sizes, counts and times."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from atoll.core.clock import ManualClock
from atoll.gateway.server import Limits, http_date
from atoll.wire.http import BodyPlan, Response

GET = b"GET / HTTP/1.1\r\nHost: h\r\n"
POST = b"POST / HTTP/1.1\r\nHost: h\r\n"
END = b"GET /end HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
SMALL = Limits(request_line=100, head=500, headers=10)


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"GET /%b HTTP/1.1\r\nHost: h\r\n\r\n" % (b"a" * 86), 200),
        (b"GET /%b HTTP/1.1\r\nHost: h\r\n\r\n" % (b"a" * 87), 414),
        (b"GET /" + b"a" * 200, 414),
        (GET + b"X: %b\r\n\r\n" % (b"a" * (500 - len(GET) - 7)), 200),
        (GET + b"X: %b\r\n\r\n" % (b"a" * (501 - len(GET) - 7)), 431),
        (GET + b"X: " + b"a" * 600, 431),
        (GET + b"X: a\r\n" * 9 + b"\r\n", 200),
        (GET + b"X: a\r\n" * 10 + b"\r\n", 431),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n1;" + b"x" * 2000, 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n1;" + b"x" * 2000 + b"\r\na\r\n", 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: y\r\n" * 2000, 431),
    ],
)
def test_sizes(raw: bytes, status: int, ask: Any, echo: Any) -> None:
    answer = ask(echo, raw + (END if status == 200 else b""), limits=SMALL)
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert answer.count(b"HTTP/1.1 ") == (2 if status == 200 else 1)


def test_sizes_byte_by_byte(ask: Any, echo: Any) -> None:
    """A head that never ends is refused when it is too long, and not when it ends."""
    raw = GET + b"X: " + b"a" * 600
    answer = ask(echo, *(raw[at : at + 1] for at in range(len(raw))), limits=SMALL)
    assert answer.startswith(b"HTTP/1.1 431 ")


FAST = Limits(head_time=0.05, idle_time=0.05, body_time=0.05, linger_time=0.05, write_time=0.05)


@pytest.mark.parametrize(
    ("raw", "answer"),
    [
        (b"", b""),
        (b"\r\n", b""),
        (b"G", b"HTTP/1.1 408 "),
        (GET + b"X: ", b"HTTP/1.1 408 "),
        (GET + b"\r\n", b"HTTP/1.1 200 "),
        (POST + b"Content-Length: 5\r\n\r\nabc", b"HTTP/1.1 408 "),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabc", b"HTTP/1.1 408 "),
    ],
)
def test_slow_clients_are_sent_away(raw: bytes, answer: bytes, ask: Any, echo: Any) -> None:
    got = ask(echo, raw, limits=FAST)
    assert got.startswith(answer)
    assert bool(got) == bool(answer)


def test_a_body_that_trickles_in_is_too_slow(serving: Any, dialling: Any, run: Any, echo: Any) -> None:
    """Progress alone is not enough: a byte now and then would hold a connection for good."""

    async def talk() -> None:
        async with serving(echo, FAST) as server, dialling(server) as (reader, writer):
            writer.write(POST + b"Content-Length: 100000\r\n\r\n")
            answer = asyncio.ensure_future(reader.readline())
            while not answer.done():
                writer.write(b"x")
                await asyncio.wait([answer], timeout=0.005)
            assert answer.result().startswith(b"HTTP/1.1 408 ")

    run(talk())


def test_a_streamed_body_that_stops_cancels_its_call(ask: Any, echo: Any) -> None:
    ended: list[str] = []

    async def reader(request: Any) -> Response:
        try:
            async for _ in request.body:
                pass
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise
        return Response(200, [])

    echo.plan = BodyPlan(100, stream=True)
    echo.handlers["/"] = reader
    assert ask(echo, POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabc", limits=FAST).startswith(b"HTTP/1.1 408 ")
    assert ended == ["cancelled"]


def test_a_call_may_take_its_time(serving: Any, dialling: Any, run: Any, echo: Any) -> None:
    """No limit is on the app's side, nor on the client's while it waits for its answer."""

    async def talk() -> None:
        go: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        echo.handlers["/"] = lambda request: go
        async with serving(echo, FAST) as server, dialling(server) as (reader, writer):
            writer.write(GET + b"\r\n")
            sweeps = 0
            while sweeps < 20:
                before = server.now
                await asyncio.wait([asyncio.ensure_future(swept(server, before))])
                sweeps += 1
            assert len(server.connections) == 1
            go.set_result(Response(200, [], b"late"))
            assert (await reader.read()).endswith(b"late")

    run(talk())


async def swept(server: Any, before: float) -> None:
    for _ in range(1_000_000):
        if server.now != before:
            return
        await asyncio.sleep(0)


def test_a_client_that_does_not_read_is_cut(serving: Any, dialling: Any, run: Any, eventually: Any, echo: Any) -> None:
    echo.handlers["/"] = lambda request: Response(200, [], b"x" * 20_000_000)

    async def talk() -> None:
        async with serving(echo, FAST) as server, dialling(server, limit=1) as (_, writer):
            writer.write(GET + b"\r\n")
            await eventually(lambda: echo.requests)
            await eventually(lambda: not server.connections)

    run(talk())


def test_a_refused_client_that_does_not_go_is_cut(
    serving: Any, dialling: Any, run: Any, eventually: Any, echo: Any
) -> None:
    async def talk() -> None:
        async with serving(echo, FAST) as server, dialling(server) as (reader, writer):
            writer.write(b"nonsense\r\n\r\n")
            assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
            writer.write(b"and more")
            await eventually(lambda: not server.connections)

    run(talk())


def test_connections(serving: Any, dialling: Any, run: Any, eventually: Any, echo: Any) -> None:
    """Where none is idle, who comes is told so; else the one that has been idle longest makes room."""

    async def talk() -> None:
        answers: list[asyncio.Future[Response]] = []

        def wait(_request: Any) -> asyncio.Future[Response]:
            answers.append(asyncio.get_running_loop().create_future())
            return answers[-1]

        echo.handlers["/wait"] = wait
        async with serving(echo, Limits(connections=2)) as server, contextlib.AsyncExitStack() as stack:
            first, second = [await stack.enter_async_context(dialling(server)) for _ in range(2)]
            for _, writer in (first, second):
                writer.write(b"GET /wait HTTP/1.1\r\nHost: h\r\n\r\n")
            await eventually(lambda: len(answers) == 2)
            for _ in range(2):
                third = await stack.enter_async_context(dialling(server))
                answer = await third[0].read()
                assert answer.startswith(b"HTTP/1.1 503 ")
                assert b"connection: close" in answer
                third[1].close()
            assert echo.refused == [(None, 503)] * 2
            await eventually(lambda: len(server.connections) == 2)
            for answer, (reader, _) in zip(answers, (first, second), strict=True):
                server.now += 1
                answer.set_result(Response(200, []))
                assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
            # The next sweep lets it be looked anew who is idle.
            await eventually(lambda: not server._none_idle)
            for gone in (first, second):
                reader, writer = await stack.enter_async_context(dialling(server))
                writer.write(b"GET /wait HTTP/1.1\r\nHost: h\r\n\r\n")
                assert (await gone[0].read()).endswith(b"\r\n\r\n")
                await eventually(lambda: len(server.connections) == 2)
            await eventually(lambda: len(answers) == 4)

    run(talk())


@pytest.fixture
def many_files() -> Iterator[None]:
    """Room for both ends of a thousand connections, where the system's default is for less."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 4096:
        pytest.skip("this machine does not allow so many open files")
    if soft != resource.RLIM_INFINITY and soft < 4096:
        resource.setrlimit(resource.RLIMIT_NOFILE, (4096, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("many_files")
def test_a_thousand_idle_connections(serving: Any, dialling: Any, run: Any, eventually: Any, echo: Any) -> None:
    """They are served, they cost no timer each, and they all go when the server does."""

    async def talk() -> None:
        async with serving(echo) as server, contextlib.AsyncExitStack() as stack:
            peers = [await stack.enter_async_context(dialling(server)) for _ in range(1000)]
            await eventually(lambda: len(server.connections) == 1000)
            for _, writer in peers:
                writer.write(GET + b"\r\n")
            for reader, _ in peers:
                assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
            await server.stop(5)
            for reader, _ in peers:
                await reader.read()
                assert reader.at_eof()

    run(talk())
    assert len(echo.requests) == 1000


def test_date(ask: Any, echo: Any, serving: Any, run: Any) -> None:
    assert http_date(784111777) == "Sun, 06 Nov 1994 08:49:37 GMT"

    async def line() -> str:
        async with serving(echo, clock=ManualClock(784111777)) as server:
            text: str = server.date_line
            return text

    assert run(line()) == "date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
    assert b"\r\ndate: " in ask(echo, END)


def test_a_port_that_is_taken(serving: Any, run: Any, echo: Any) -> None:
    async def twice() -> None:
        async with serving(echo) as server:
            from atoll.gateway.server import CannotListen, Server

            with pytest.raises(CannotListen, match="in use") as caught:
                await Server(echo).start("127.0.0.1", server.port)
            assert (caught.value.host, caught.value.port) == ("127.0.0.1", server.port)
            with pytest.raises(CannotListen, match="in use"):
                await server.start("127.0.0.1", server.port)
            assert server.ports == [server.port]
            with pytest.raises(CannotListen) as caught:
                await Server(echo).start("no such host", 0)
            assert caught.value.no_such_host

    run(twice())


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
def test_several_addresses(serving: Any, run: Any, echo: Any) -> None:
    async def ask(host: str, port: int) -> bytes:
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        return answer

    async def both() -> None:
        async with serving(echo) as server:
            await server.start("::1", 0)
            await server.start("::", 0)
            assert len(set(server.ports)) == 3
            hosts = ("127.0.0.1", "::1", "127.0.0.1", "::1")
            for host, port in zip(hosts, (*server.ports, server.ports[-1]), strict=True):
                assert (await ask(host, port)).startswith(b"HTTP/1.1 200")
            closed = server.ports
        for host, port in zip(hosts, closed, strict=False):
            with pytest.raises(ConnectionRefusedError):
                await ask(host, port)

    run(both())
