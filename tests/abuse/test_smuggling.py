"""Requests within requests: whatever the framing, what one reader would take for a second request is never run."""

from __future__ import annotations

import asyncio

import pytest

from tests.abuse.calls import SAMPLES, json_call
from tests.abuse.invariants import Guarded
from tests.abuse.wire import answers, head, until_closed

QUEUE = "http://localhost/333333333333/smuggled"
HIDDEN = json_call("sqs", "SendMessage", b'{"QueueUrl":"%b","MessageBody":"smuggled"}' % QUEUE.encode()).request()
"""What would show that it was run: a message in a queue."""
TARGET = "".join(f"{name}: {value}\r\n" for name, value in SAMPLES["sqs-json"].headers.items()).encode()
POST = b"POST / HTTP/1.1\r\nHost: localhost\r\n" + TARGET
CHUNKED = b"Transfer-Encoding: chunked\r\n"


def length(number: int) -> bytes:
    return b"Content-Length: %d\r\n" % number


def as_chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


SHAPES = {
    "length and chunks": POST + length(5) + CHUNKED + b"\r\n0\r\n\r\n" + HIDDEN,
    "chunks and length": POST + CHUNKED + length(5 + len(HIDDEN)) + b"\r\n0\r\n\r\n" + HIDDEN,
    "two lengths": POST + length(0) + length(len(HIDDEN)) + b"\r\n" + HIDDEN,
    "two lengths in one": POST + b"Content-Length: 0, %d\r\n\r\n" % len(HIDDEN) + HIDDEN,
    "length twice": POST + length(0) * 2 + b"\r\n" + HIDDEN,
    "signed length": POST + b"Content-Length: +0\r\n\r\n" + HIDDEN,
    "negative length": POST + b"Content-Length: -1\r\n\r\n" + HIDDEN,
    "length in hexadecimal": POST + b"Content-Length: 0x0\r\n\r\n" + HIDDEN,
    "length with a space": POST + b"Content-Length : 0\r\n\r\n" + HIDDEN,
    "length of 65 bits": POST + b"Content-Length: 18446744073709551616\r\n\r\n" + HIDDEN,
    "length after NUL": POST + b"X: \0Content-Length: 0\r\n\r\n" + HIDDEN,
    "coding with a space": POST + b"Transfer-Encoding : chunked\r\n" + length(0) + b"\r\n0\r\n\r\n" + HIDDEN,
    "coding with a tab": POST + b"Transfer-Encoding:\tchunked\r\n" + length(0) + b"\r\n0\r\n\r\n" + HIDDEN,
    "coding in capitals": POST + b"TRANSFER-ENCODING: CHUNKED\r\n" + length(5) + b"\r\n0\r\n\r\n" + HIDDEN,
    "coding unknown": POST + b"Transfer-Encoding: xchunked\r\n" + length(5) + b"\r\n0\r\n\r\n" + HIDDEN,
    "coding twice": POST + CHUNKED + b"Transfer-Encoding: identity\r\n\r\n0\r\n\r\n" + HIDDEN,
    "coding in a list": POST + b"Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "coding folded": POST + b"Transfer-Encoding:\r\n chunked\r\n" + length(5) + b"\r\n0\r\n\r\n" + HIDDEN,
    "coding after VT": POST + b"Transfer-Encoding: \x0bchunked\r\n" + length(5) + b"\r\n0\r\n\r\n" + HIDDEN,
    "coding in quotes": POST + b'Transfer-Encoding: "chunked"\r\n' + length(5) + b"\r\n0\r\n\r\n" + HIDDEN,
    "coding in HTTP/1.0": POST.replace(b"1.1", b"1.0") + CHUNKED + length(5) + b"\r\n0\r\n\r\n" + HIDDEN,
    "chunk's size with sign": POST + CHUNKED + b"\r\n+0\r\n\r\n" + HIDDEN,
    "chunk's size in 0x": POST + CHUNKED + b"\r\n0x0\r\n\r\n" + HIDDEN,
    "chunk's size of 65 bits": POST + CHUNKED + b"\r\n10000000000000000\r\n" + HIDDEN,
    "chunk longer than its size": POST + CHUNKED + b"\r\n2\r\n{}x\r\n0\r\n\r\n" + HIDDEN,
    "chunk's end by LF": POST + CHUNKED + b"\r\n2\n{}\n0\n\n" + HIDDEN,
    "extension with LF": POST + CHUNKED + b"\r\n2;a\nb\r\n{}\r\n0\r\n\r\n" + HIDDEN,
    "extension with CR": POST + CHUNKED + b"\r\n2;a\rb\r\n{}\r\n0\r\n\r\n" + HIDDEN,
    "trailer with a length": POST + CHUNKED + b"\r\n0\r\nContent-Length: 9 \n\r\n" + HIDDEN,
    "head's end by LF": b"POST / HTTP/1.1\nHost: localhost\n\n" + HIDDEN,
    "head's end by CR": b"POST / HTTP/1.1\rHost: localhost\r\r" + HIDDEN,
    "line by LF": POST + b"X: a\nContent-Length: 0\r\n\r\n" + HIDDEN,
    "two hosts": b"POST / HTTP/1.1\r\nHost: a\r\nHost: b\r\n" + TARGET + length(0) + b"\r\n" + HIDDEN,
    "space ahead of a name": POST + b" X: a\r\n" + length(0) + b"\r\n" + HIDDEN,
    "upgrade to HTTP/2": POST
    + b"Upgrade: h2c\r\nConnection: Upgrade, close\r\n"
    + length(len(HIDDEN))
    + b"\r\n"
    + HIDDEN,
    "upgrade to a socket": b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade, close\r\n"
    + length(len(HIDDEN))
    + b"\r\n"
    + HIDDEN,
    "HTTP/2's preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + HIDDEN,
    "HTTP/0.9": b"GET /\r\n" + HIDDEN,
    "CONNECT": b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost:80\r\n\r\n" + HIDDEN,
    "after close": POST + length(2) + b"Connection: close\r\n\r\n{}" + HIDDEN,
    "in HTTP/1.0": b"GET / HTTP/1.0\r\n\r\n" + HIDDEN,
    "in a body": POST + b"Connection: close\r\n" + length(len(HIDDEN)) + b"\r\n" + HIDDEN,
    "in GET's body": b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n" + length(len(HIDDEN)) + b"\r\n" + HIDDEN,
    "in HEAD's body": b"HEAD / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n" + length(len(HIDDEN)) + b"\r\n" + HIDDEN,
    "in a chunk": POST + b"Connection: close\r\n" + CHUNKED + b"\r\n" + as_chunk(HIDDEN) + b"0\r\n\r\n",
    "in an extension": POST
    + b"Connection: close\r\n"
    + CHUNKED
    + b"\r\n2;"
    + HIDDEN.replace(b"\r\n", b" ")
    + b"\r\n{}\r\n0\r\n\r\n",
    "in a refused body": POST + b"Expect: miracles\r\n" + length(len(HIDDEN)) + b"\r\n" + HIDDEN,
    "in too long a body": POST + length(5_000_000) + b"\r\n" + HIDDEN,
    "in a body of our own": b"PUT /_atoll/v1/realms/x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
    + length(len(HIDDEN))
    + b"\r\n"
    + HIDDEN,
    "in a page's preflight": b"OPTIONS / HTTP/1.1\r\nHost: h\r\nOrigin: https://x\r\nConnection: close\r\n"
    b"Access-Control-Request-Method: PUT\r\n" + length(len(HIDDEN)) + b"\r\n" + HIDDEN,
}


@pytest.mark.parametrize("cut", [0, 1, 7], ids=["whole", "bytewise", "in sevens"])
def test_nothing_hidden_is_run(atoll: Guarded, cut: int) -> None:
    """However the bytes are cut into packets: one answer, and the connection is closed."""
    client = atoll.abuser()
    url = client.create_queue(QueueName="smuggled")["QueueUrl"]
    attributes = ["ApproximateNumberOfMessages"]

    async def abuse() -> list[bytes]:
        turn = asyncio.Semaphore(20)

        async def one(shape: bytes) -> bytes:
            async with turn:
                return await until_closed(atoll.port, *pieces(shape, cut))

        return await asyncio.gather(*map(one, SHAPES.values()))

    for name, said in zip(SHAPES, asyncio.run(abuse()), strict=True):
        if name == "in HEAD's body":
            assert said.count(b"HTTP/1.1 ") == 1
            continue
        found = answers(said)
        assert len(found) <= 1, (name, found)
        for answer in found:
            atoll.check_answer(answer)
            assert b"smuggled" not in answer.body, name
    counted = client.get_queue_attributes(QueueUrl=url, AttributeNames=attributes)["Attributes"]
    assert counted == {"ApproximateNumberOfMessages": "0"}
    # It would have been seen: sent as a request of its own it is run.
    [sent] = answers(asyncio.run(until_closed(atoll.port, HIDDEN)))
    assert sent.status == 200
    counted = client.get_queue_attributes(QueueUrl=url, AttributeNames=attributes)["Attributes"]
    assert counted == {"ApproximateNumberOfMessages": "1"}
    client.delete_queue(QueueUrl=url)


def pieces(data: bytes, size: int) -> list[bytes]:
    return [data] if not size else [data[at : at + size] for at in range(0, len(data), size)]


SPLITTING = [
    "/%0d%0aX-Split:%20yes",
    "/a%0d%0a%0d%0aHTTP/1.1%20200%20OK",
    "/_localstack/%0d%0aX-Split:%20yes",
    "/_atoll/v1/%0d%0aX-Split:%20yes",
    "/_atoll/v1/realms/default/accounts/x%0d%0aX-Split:%20yes/snapshot",
    "/_aws/sqs/messages/us-east-1/333333333333/x%0d%0aX-Split:%20yes",
    "/333333333333/x%0d%0aX-Split:%20yes?Action=ReceiveMessage",
    "/?Action=%0d%0aX-Split:%20yes&Version=2011-06-15",
]


@pytest.mark.parametrize("path", SPLITTING)
def test_nothing_that_is_sent_makes_a_header(atoll: Guarded, path: str) -> None:
    for headers in ({}, {"Origin": "http://localhost"}, {"X-Amz-Target": "AmazonSQS.%0d%0aX-Split: yes"}):
        found = answers(asyncio.run(until_closed(atoll.port, head("POST", path, headers, b"{}"))))
        assert len(found) == 1
        assert "x-split" not in found[0].headers
        atoll.check_answer(found[0])
