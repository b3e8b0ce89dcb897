"""ASGI apps on the data path's port."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import pytest
from atoll.control.asgi import AsgiAdapter
from atoll.wire.http import Request, Response


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    async def bounded() -> Any:
        async with asyncio.timeout(20):
            return await coroutine

    return asyncio.run(bounded())


def request(body: bytes | AsyncIterator[bytes] = b"body") -> Request:
    headers = {"host": "localhost:4566", "x-a": "1"}
    return Request("POST", "/_atoll/a%20b", "q=%31", headers, body, peer="127.0.0.1")


async def start(send: Any, status: int = 200, more: list[tuple[bytes, bytes]] | None = None) -> None:
    await send({"type": "http.response.start", "status": status, "headers": more or []})


def test_what_an_app_is_asked_and_answers() -> None:
    seen: dict[str, Any] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.update(scope, message=await receive())
        await start(send, 201, [(b"x-b", b"2"), (b"transfer-encoding", b"chunked")])
        await send({"type": "http.response.body", "body": b"hello"})

    answer: Response = run(AsgiAdapter(app)(request()))
    assert (answer.status, answer.headers, answer.body) == (201, [("x-b", "2")], b"hello")
    assert (seen["method"], seen["path"], seen["raw_path"], seen["query_string"]) == (
        "POST",
        "/_atoll/a b",
        b"/_atoll/a%20b",
        b"q=%31",
    )
    assert (seen["client"], seen["server"]) == (("127.0.0.1", 0), ("localhost", 4566))
    assert (b"x-a", b"1") in seen["headers"]
    assert seen["message"] == {"type": "http.request", "body": b"body", "more_body": False}


def test_a_streamed_body_is_handed_on_as_it_comes() -> None:
    received: list[Any] = []

    async def pieces() -> AsyncIterator[bytes]:
        yield b"a"
        yield b"b"

    async def app(scope: Any, receive: Any, send: Any) -> None:
        received.extend([await receive(), await receive(), await receive()])
        await start(send)
        await send({"type": "http.response.body"})

    run(AsgiAdapter(app)(request(pieces())))
    assert [(each["body"], each["more_body"]) for each in received] == [(b"a", True), (b"b", True), (b"", False)]


def test_a_streamed_body_that_is_cut_short() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"a"
        raise ConnectionError("the client went away")

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        kind = (await receive())["type"]
        await start(send)
        await send({"type": "http.response.body", "body": kind.encode()})

    assert run(AsgiAdapter(app)(request(pieces()))).body == b"http.disconnect"


def test_an_answer_that_streams() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await start(send)
        for number in range(100):
            await send({"type": "http.response.body", "body": b"%d " % number, "more_body": True})
        await send({"type": "http.response.body", "body": b"end"})

    async def read() -> bytes:
        answer = await AsgiAdapter(app)(request())
        assert not isinstance(answer.body, bytes)
        return b"".join([piece async for piece in answer.body])

    assert run(read()) == b" ".join(b"%d" % number for number in range(100)) + b" end"


def test_a_client_that_goes_away_ends_the_app() -> None:
    ended: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await start(send)
        try:
            while True:
                await send({"type": "http.response.body", "body": b"x", "more_body": True})
        finally:
            ended.append("ended")

    async def read_a_little() -> None:
        answer = await AsgiAdapter(app)(request())
        assert not isinstance(answer.body, bytes)
        async for _ in answer.body:
            break
        await answer.body.aclose()  # type: ignore[attr-defined]

    run(read_a_little())
    assert ended == ["ended"]


def test_an_app_that_fails(caplog: pytest.LogCaptureFixture) -> None:
    async def before(scope: Any, receive: Any, send: Any) -> None:
        raise ValueError("secret")

    async def midway(scope: Any, receive: Any, send: Any) -> None:
        await start(send)
        await send({"type": "http.response.body", "body": b"x", "more_body": True})
        raise ValueError("secret")

    async def read() -> None:
        answer = await AsgiAdapter(midway)(request())
        assert not isinstance(answer.body, bytes)
        async for _ in answer.body:
            pass

    with caplog.at_level(logging.CRITICAL):
        answer: Response = run(AsgiAdapter(before)(request()))
        assert (answer.status, answer.body) == (500, b"Internal Server Error\n")
        with pytest.raises(ConnectionError):
            run(read())
