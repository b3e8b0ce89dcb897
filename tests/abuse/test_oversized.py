"""Everything too long: heads, bodies, chunks, lists, names. It is refused before it has been taken in."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import Iterator

import pytest

from tests.abuse.calls import SAMPLES, Sample, is_error_of, json_call, query_call
from tests.abuse.invariants import Guarded
from tests.abuse.wire import HOST, PATIENCE, Answer, answers, ask, head, take

POST = b"POST / HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
MB = 1024 * 1024
ENDLESS = 256 * MB
"""Bytes that nobody takes in: so many are offered at most."""


def forever(begin: bytes, piece: bytes) -> Iterator[bytes]:
    yield begin
    for _ in range(ENDLESS // len(piece)):
        yield piece


HEADS = {
    "request line": (b"GET /", b"x" * 65536, {414}),
    "query": (b"GET /?", b"x=y&" * 16384, {414}),
    "method": (b"P", b"O" * 65536, {400, 414}),
    "header's name": (POST, b"x" * 65536, {431}),
    "header's value": (POST + b"X: ", b"x" * 65536, {431}),
    "headers": (POST, b"X-1: y\r\n" * 8192, {431}),
    "one header again": (POST, b"Cookie: y\r\n" * 8192, {431}),
    "chunk's size": (POST + CHUNKED, b"0" * 65536, {400}),
    "chunk's extension": (POST + CHUNKED + b"1;", b"x" * 65536, {400}),
    "trailers": (POST + CHUNKED + b"0\r\n", b"X: y\r\n" * 8192, {431}),
    "chunks": (POST + CHUNKED, b"10000\r\n" + b"x" * 65536 + b"\r\n", {413}),
    "tiny chunks": (POST + CHUNKED, b"1\r\nx\r\n" * 8192, {413}),
    "one chunk": (POST + CHUNKED + b"FFFFFFFFFFFFFFF\r\n", b"x" * 65536, {413}),
    "length": (POST + b"Content-Length: 1099511627776\r\n\r\n", b"x" * 65536, {413}),
    "control API's body": (
        b"PUT /_atoll/v1/realms/x HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n" + CHUNKED,
        b"10000\r\n" + b"x" * 65536 + b"\r\n",
        {413},
    ),
    "control API's length": (
        b"PUT /_atoll/v1/realms/x HTTP/1.1\r\nHost: h\r\nContent-Length: 999999999\r\n\r\n",
        b"x" * 65536,
        {413},
    ),
    "snapshot's length": (
        b"POST /_atoll/v1/realms/default/accounts/abused/snapshot HTTP/1.1\r\nHost: h\r\n"
        b"Content-Length: 2147483648\r\n\r\n",
        b"x" * 65536,
        {413},
    ),
    "path of LocalStack's": (
        b"POST /_aws/sqs/messages HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999\r\n\r\n",
        b"x" * 65536,
        {413},
    ),
}


@pytest.mark.parametrize("what", HEADS)
def test_what_never_ends_is_refused(atoll: Guarded, what: str) -> None:
    """With the first bytes too many, whatever is still to come."""
    begin, piece, statuses = HEADS[what]
    answer, offered = asyncio.run(offer(atoll.port, forever(begin, piece)))
    atoll.check_answer(answer)
    assert answer is not None
    assert answer.status in statuses
    assert answer.headers["connection"] == "close"
    assert offered < ENDLESS // 4


async def offer(port: int, sent: Iterator[bytes]) -> tuple[Answer | None, int]:
    """The answer that comes while there is still more to say, and how many bytes had been said then."""
    async with asyncio.timeout(PATIENCE):
        reader, writer = await asyncio.open_connection(HOST, port)
        said = asyncio.ensure_future(until_answered(reader))
        offered = 0
        with contextlib.suppress(ConnectionError):
            for piece in sent:
                writer.write(piece)
                await writer.drain()
                # Whoever has room to send would never look whether it is answered.
                await asyncio.sleep(0)
                offered += len(piece)
                if said.done():
                    break
        answer = await said
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        return answer, offered


async def until_answered(reader: asyncio.StreamReader) -> Answer | None:
    data = b""
    with contextlib.suppress(ConnectionError):
        while (taken := take(data)) is None:
            more = await reader.read(1 << 16)
            if not more:
                return None
            data += more
        return taken[0]
    return None


@pytest.mark.parametrize("name", SAMPLES)
def test_a_body_that_outgrows_its_limit_is_refused_in_the_callers_protocol(atoll: Guarded, name: str) -> None:
    """Chunked, so that the head does not say how long it will be; and the log has it."""
    sample = SAMPLES[name]
    lines = [f"{key}: {value}" for key, value in sample.headers.items()]
    begin = "\r\n".join([f"{sample.method} {sample.path} HTTP/1.1", "Host: localhost", *lines, ""]).encode() + CHUNKED
    answer, _ = asyncio.run(offer(atoll.port, forever(begin, b"10000\r\n" + b"x" * 65536 + b"\r\n")))
    assert answer is not None
    assert answer.status == 413
    assert is_error_of(sample.kind, answer), answer
    request_id = next(value for key, value in answer.headers.items() if key.startswith("x-am") and "id" in key)
    atoll.atoll.wait_for_line(lambda line: request_id in line and " 413 " in line)


def sqs(operation: str, **params: object) -> Sample:
    return json_call("sqs", operation, json.dumps(params).encode())


def attribute(name: str, kind: str) -> Sample:
    value = {"DataType": kind, "StringValue": "x"}
    return sqs("SendMessage", QueueUrl=URL, MessageBody="x", MessageAttributes={name: value})


URL = "http://localhost/333333333333/abused"
LONG = "x" * 900_000
MANY = 5_000
CALLS = {
    "message": sqs("SendMessage", QueueUrl=URL, MessageBody="x" * (3 * MB)),
    "message of quotes": sqs("SendMessage", QueueUrl=URL, MessageBody='"' * MB),
    "message in wide characters": sqs("SendMessage", QueueUrl=URL, MessageBody="\U0001f41a" * 300_000),
    "entries": sqs("SendMessageBatch", QueueUrl=URL, Entries=[{"Id": str(i), "MessageBody": "x"} for i in range(MANY)]),
    "entries of one id": sqs("SendMessageBatch", QueueUrl=URL, Entries=[{"Id": "a", "MessageBody": "x"}] * MANY),
    "attributes": sqs(
        "SendMessage",
        QueueUrl=URL,
        MessageBody="x",
        MessageAttributes={f"a{i}": {"DataType": "String", "StringValue": "x"} for i in range(MANY)},
    ),
    "attribute's name": attribute(LONG, "String"),
    "attribute's type": attribute("a", LONG),
    "queue's name": sqs("CreateQueue", QueueName=LONG),
    "queue's attributes": sqs("CreateQueue", QueueName="q", Attributes={f"a{i}": "x" for i in range(MANY)}),
    "tags": sqs("CreateQueue", QueueName="q", tags={f"a{i}": "x" for i in range(MANY)}),
    "tag": sqs("TagQueue", QueueUrl=URL, Tags={LONG: LONG}),
    "URL": sqs("SendMessage", QueueUrl=URL + LONG, MessageBody="x"),
    "handle": sqs("DeleteMessage", QueueUrl=URL, ReceiptHandle=LONG),
    "handles": sqs("DeleteMessageBatch", QueueUrl=URL, Entries=[{"Id": "a", "ReceiptHandle": LONG[:1000]}] * 500),
    "number": sqs("ReceiveMessage", QueueUrl=URL, MaxNumberOfMessages=10**300, WaitTimeSeconds=0),
    "policy": sqs("SetQueueAttributes", QueueUrl=URL, Attributes={"Policy": json.dumps({"Version": LONG})}),
    "redrive policy": sqs("SetQueueAttributes", QueueUrl=URL, Attributes={"RedrivePolicy": "[" * 100_000}),
    "label": sqs("AddPermission", QueueUrl=URL, Label=LONG, AWSAccountIds=["1" * 12] * MANY, Actions=["*"] * MANY),
    "prefix": sqs("ListQueues", QueueNamePrefix=LONG),
    "page token": sqs("ListQueues", NextToken=LONG, MaxResults=1),
    "deduplication id": sqs("SendMessage", QueueUrl=URL, MessageBody="x", MessageDeduplicationId=LONG),
    "operation": Sample("json", "POST", "/", {"X-Amz-Target": "AmazonSQS." + "x" * 15_000}, b"{}"),
    "target's prefix": Sample("json", "POST", "/", {"X-Amz-Target": "x" * 15_000 + ".Op"}, b"{}"),
    "action": query_call("sqs", b"Version=2012-11-05&Action=" + b"x" * 400_000),
    "version": query_call("sts", b"Action=GetCallerIdentity&Version=" + b"x" * 400_000),
    "number in a name": query_call(
        "sqs", b"Action=ReceiveMessage&QueueUrl=%b&AttributeName.%b=All" % (URL.encode(), b"9" * 400_000)
    ),
    "session's name": query_call("sts", b"Action=AssumeRole&Version=2011-06-15&RoleSessionName=" + b"s" * 400_000),
    "session's policy": query_call(
        "sts", b"Action=GetFederationToken&Version=2011-06-15&Name=n&Policy=" + b"[" * 400_000
    ),
    "assertion": query_call(
        "sts",
        b"Action=AssumeRoleWithSAML&Version=2011-06-15&RoleArn=arn:aws:iam::333333333333:role/r"
        b"&PrincipalArn=arn:aws:iam::333333333333:saml-provider/p&SAMLAssertion=" + b"QUFB" * 100_000,
    ),
    "token": query_call(
        "sts",
        b"Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn:aws:iam::333333333333:role/r"
        b"&RoleSessionName=s&WebIdentityToken=" + b"e30." * 50_000,
    ),
    "message to decode": query_call(
        "sts", b"Action=DecodeAuthorizationMessage&Version=2011-06-15&EncodedMessage=" + b"A" * 400_000
    ),
}


@pytest.mark.parametrize("what", CALLS)
def test_parameters_that_are_too_long(atoll: Guarded, what: str) -> None:
    atoll.abuser().create_queue(QueueName="abused")
    sample = CALLS[what]
    answer = ask(atoll.port, sample.request())
    atoll.check_answer(answer)
    assert answer is not None
    if answer.status < 400:
        # Some of it AWS takes: lists of more than it reads, tokens of its own making.
        assert answer.status == 200
    else:
        assert is_error_of(sample.kind, answer), answer
        assert len(answer.body) < 2 * MB, "what was sent is told again and again"
    atoll.check_prompt()


HEADERS = ["Authorization", "X-Amz-Security-Token", "X-Amz-Date", "X-Amz-Content-Sha256", "Origin"]


@pytest.mark.parametrize("header", HEADERS)
def test_headers_as_long_as_they_may_be(atoll: Guarded, header: str) -> None:
    """What is in them is searched, split, decoded: none of it takes long."""
    values = ["x" * 30_000, "," * 30_000, "Credential=" * 2_500, "AWS4-HMAC-SHA256 " + "a=b," * 7_000, "=" * 30_000]
    values += [SAMPLES["sqs-json"].headers["Authorization"] + ";x" * 14_000, "/" * 30_000, "%2F" * 10_000]
    for value in values:
        sample = SAMPLES["sqs-json"]
        answer = ask(atoll.port, sample.request(**{header: value}))
        atoll.check_answer(answer)
        query = ask(atoll.port, head("GET", f"/?X-Amz-Credential={value[:15_000].replace(' ', '%20')}", {}))
        atoll.check_answer(query)
    atoll.check_prompt()


def test_a_thousand_large_bodies_at_once(atoll: Guarded) -> None:
    """Begun and left: what was taken in of them goes again."""
    before = atoll.process.memory_info().rss
    connections = []
    part = POST + b"Content-Length: 1000000\r\n\r\n" + b"x" * 100_000
    for _ in range(1000):
        connection = socket.create_connection((HOST, atoll.port), timeout=PATIENCE)
        connection.sendall(part)
        connections.append(connection)
    try:
        atoll.check_prompt()
        assert atoll.process.memory_info().rss - before < 400 * MB
    finally:
        for connection in connections:
            connection.close()


def test_what_was_sent_before_the_limit_is_not_lost(atoll: Guarded) -> None:
    """A request that is as it should be, then one that is too long, on one connection: each has its answer."""
    first = head("GET", "/_atoll/health", {}, close=False)
    second = POST + b"Content-Length: 999999999\r\n\r\n"
    with socket.create_connection((HOST, atoll.port), timeout=PATIENCE) as connection:
        connection.sendall(first + second)
        said = b""
        while more := connection.recv(1 << 16):
            said += more
    assert [answer.status for answer in answers(said)] == [200, 413]
