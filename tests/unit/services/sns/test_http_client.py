"""Posting to servers on loopback that answer well, badly, or not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from atoll.services.sns import http_client
from atoll.services.sns.http_client import BadAnswer, PrivateNetwork, is_public, post

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]


def against(serve: Serve, *, where: str = "localhost:{}/a?b=c", **options: Any) -> int:
    """What `post` returns, against a server that does so with each connection."""

    async def run() -> int:
        ended = asyncio.Event()
        ended.set()

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            ended.clear()
            try:
                await serve(reader, writer)
            finally:
                writer.close()
                await writer.wait_closed()
                ended.set()

        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        try:
            return await post(f"http://{where.format(port)}", {"X-A": "1"}, b"body", **options)
        finally:
            await ended.wait()
            server.close()
            await server.wait_closed()

    return asyncio.run(run())


def answering(raw: bytes, seen: list[bytes] | None = None) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        body = await reader.readexactly(4)
        if seen is not None:
            seen.extend((head, body))
        writer.write(raw)
        await writer.drain()

    return serve


def test_a_request() -> None:
    seen: list[bytes] = []
    assert against(answering(b"HTTP/1.1 204 No Content\r\n\r\n", seen)) == 204
    head, body = seen
    assert head.startswith(b"POST /a?b=c HTTP/1.1\r\nHost: localhost:")
    assert b"\r\nX-A: 1\r\nContent-Length: 4\r\nConnection: close\r\n\r\n" in head
    assert body == b"body"


def test_credentials_and_strange_characters_in_the_url() -> None:
    seen: list[bytes] = []
    against(answering(b"HTTP/1.1 200 OK\r\n\r\n", seen), where="me:se%40cret@localhost:{}/a b/ä%20?q=ü#part")
    head = seen[0].decode()
    assert head.startswith("POST /a%20b/%C3%A4%20?q=%C3%BC HTTP/1.1\r\nHost: localhost:")
    assert "\r\nAuthorization: Basic bWU6c2VAY3JldA==\r\n" in head


def test_an_answer_before_the_answer() -> None:
    assert against(answering(b"HTTP/1.1 100 Continue\r\nA: b\r\n\r\nHTTP/1.1 503 Busy\r\n\r\n")) == 503


@pytest.mark.parametrize("raw", [b"", b"hello\r\n", b"HTTP/1.1 abc\r\n", b"HTTP/1.1 " + b"2" * 200_000])
def test_what_is_no_answer(raw: bytes) -> None:
    with pytest.raises(BadAnswer):
        against(answering(raw))


def test_nobody_listens() -> None:
    async def run() -> None:
        server = await asyncio.start_server(answering(b""), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        server.close()
        await server.wait_closed()
        await post(f"http://127.0.0.1:{port}/", {}, b"")

    with pytest.raises(OSError, match="onnect"):
        asyncio.run(run())


def test_who_does_not_answer_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_client, "TIMEOUT", 0.05)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    with pytest.raises(TimeoutError):
        against(serve)


def test_private_networks_may_be_denied() -> None:
    with pytest.raises(PrivateNetwork):
        against(answering(b"HTTP/1.1 200 OK\r\n\r\n"), deny_private=True)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2001:4860:4860::8888", True),
        ("127.0.0.1", False),
        ("::1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("fe80::1%eth0", False),
        ("fc00::1", False),
        ("::ffff:127.0.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("100.64.0.1", False),
        ("fec0::1", False),
        ("64:ff9b::a00:1", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::808:808", True),
        ("64:ff9b:1::808:808", False),
        ("2002:a00:1::", False),
        ("2002:808:808::1", True),
        ("::7f00:1", False),
        ("2001:0:a00:1::", False),
        ("2001:0:808:808::f5ff:fffe", False),
        ("::ffff:0:a00:1", False),
    ],
)
def test_which_networks_are_private(address: str, public: bool) -> None:
    assert is_public(address) is public
