"""A thousand calls that wait cost nothing, and a message finds the one that waits for it at once."""

from __future__ import annotations

import asyncio
import json
import resource
import statistics
import time
from typing import Any

import psutil

POLLS = 1000
QUEUES = 10
WATCHED = 2
"""Seconds for which the waiting process is watched."""
SENT = 200
AUTHORIZATION = (
    "AWS4-HMAC-SHA256 Credential=111111111111/20260101/ap-south-1/sqs/aws4_request, SignedHeaders=host, Signature=0"
)


def request(operation: str, **params: Any) -> bytes:
    body = json.dumps(params)
    head = (
        "POST / HTTP/1.1",
        "Host: localhost",
        f"X-Amz-Target: AmazonSQS.{operation}",
        "Content-Type: application/x-amz-json-1.0",
        f"Authorization: {AUTHORIZATION}",
        f"Content-Length: {len(body)}",
    )
    return "\r\n".join((*head, "", body)).encode()


class Client:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def call(self, operation: str, **params: Any) -> dict[str, Any]:
        self.writer.write(request(operation, **params))
        head = await self.reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 "), head
        length = next(line for line in head.lower().splitlines() if line.startswith(b"content-length:"))
        answer: dict[str, Any] = json.loads(await self.reader.readexactly(int(length.partition(b":")[2])))
        return answer

    async def close(self) -> None:
        self.writer.close()
        await self.writer.wait_closed()


async def connect(port: int) -> Client:
    return Client(*await asyncio.open_connection("127.0.0.1", port))


Answers = asyncio.Queue[tuple[float, list[dict[str, Any]]]]


async def poll(client: Client, queue: str, answers: Answers) -> None:
    answer = await client.call("ReceiveMessage", QueueUrl=queue, WaitTimeSeconds=20)
    answers.put_nowait((time.perf_counter(), answer.get("Messages", [])))


async def watch(port: int, process: psutil.Process) -> tuple[float, list[float]]:
    """CPU seconds of the process while all wait, and the seconds from each sending to the waiting call's answer."""
    sender = await connect(port)
    made = [await sender.call("CreateQueue", QueueName=f"waited-{number}") for number in range(QUEUES)]
    queues = [queue["QueueUrl"] for queue in made]
    clients = [await connect(port) for _ in range(POLLS)]
    answers: Answers = asyncio.Queue()
    waiting = [asyncio.create_task(poll(client, queues[at % QUEUES], answers)) for at, client in enumerate(clients)]
    # The last of them is known to wait when a poll that came after it has been answered.
    quiet = (await sender.call("CreateQueue", QueueName="quiet"))["QueueUrl"]
    await sender.call("ReceiveMessage", QueueUrl=quiet, WaitTimeSeconds=1)
    before = process.cpu_times()
    # It waits itself meanwhile, and says when that is over.
    await sender.call("ReceiveMessage", QueueUrl=quiet, WaitTimeSeconds=WATCHED)
    after = process.cpu_times()
    took = []
    for number in range(SENT):
        began = time.perf_counter()
        sent = await sender.call("SendMessage", QueueUrl=queues[number % QUEUES], MessageBody="wake")
        arrived, messages = await asyncio.wait_for(answers.get(), 10)
        assert [message["MessageId"] for message in messages] == [sent["MessageId"]]
        took.append(arrived - began)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    for client in (*clients, sender):
        await client.close()
    return (after.user + after.system) - (before.user + before.system), took


def test_a_thousand_waiting_calls(atoll_with: Any, limited: Any) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    with limited(resource.RLIMIT_NOFILE, min(4 * POLLS, hard)), atoll_with("--temporary") as atoll:
        process = psutil.Process(atoll.process.pid)
        cpu, took = asyncio.run(watch(int(atoll.url.rpartition(":")[2]), process))
        median = statistics.median(took)
        print(f"CPU {cpu / WATCHED:.1%}; woken within {median * 1000:.1f} ms, at most {max(took) * 1000:.1f} ms")
        assert cpu / WATCHED < 0.05
        # Single ones may come upon a machine that has other things to do.
        assert median < 0.005
        assert max(took) < 0.25
        # Who went away waits no more: nothing takes what is sent now from who asks for it.
        sqs = atoll.client("sqs")
        url = sqs.get_queue_url(QueueName="waited-0")["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody="left")
        assert [message["Body"] for message in sqs.receive_message(QueueUrl=url)["Messages"]] == ["left"]
