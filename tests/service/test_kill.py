"""The end of a process: asked to, it answers what is in flight; killed, it has lost nothing that it acknowledged."""

from __future__ import annotations

import http.client
import json
import random
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

KILLS = 20
WORKERS = 4
VISIBILITY = 2
"""Seconds for which a message that was received is hidden: longer than its deletion takes."""
AUTHORIZATION = (
    "AWS4-HMAC-SHA256 Credential=111111111111/20260101/ap-south-1/sqs/aws4_request, SignedHeaders=host, Signature=0"
)


class Raw:
    """SQS by nothing but HTTP, so that a client costs little and does not hide what happens."""

    def __init__(self, atoll: Any) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", int(atoll.url.rpartition(":")[2]), timeout=20)

    def __enter__(self) -> Raw:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def call(self, operation: str, **params: Any) -> dict[str, Any]:
        """Raises OSError or HTTPException where no whole answer comes."""
        headers = {
            "X-Amz-Target": f"AmazonSQS.{operation}",
            "Content-Type": "application/x-amz-json-1.0",
            "Authorization": AUTHORIZATION,
        }
        self.connection.request("POST", "/", json.dumps(params), headers)
        response = self.connection.getresponse()
        body = json.loads(response.read())
        assert response.status == 200, body
        answer: dict[str, Any] = body
        return answer


@dataclass
class Ledger:
    """What the process has acknowledged, and what it was told to delete, which may or may not have happened."""

    sent: set[str] = field(default_factory=set)
    deleted: dict[str, float] = field(default_factory=dict)
    """When the answer had come."""
    told_to_delete: set[str] = field(default_factory=set)

    def work(self, atoll: Any, queue: str, seed: int) -> None:
        """Sends, receives and deletes until the process is gone."""
        choose = random.Random(seed)
        with Raw(atoll) as sqs:
            try:
                while True:
                    if choose.random() < 0.3:
                        self._send_batch(sqs, queue, choose)
                    else:
                        self._send(sqs, queue, choose)
                    if choose.random() < 0.6:
                        self._delete(sqs, queue)
            except (OSError, http.client.HTTPException):
                return

    def _send(self, sqs: Raw, queue: str, choose: random.Random) -> None:
        answer = sqs.call("SendMessage", QueueUrl=queue, MessageBody="x" * choose.randint(1, 2000))
        self.sent.add(answer["MessageId"])

    def _send_batch(self, sqs: Raw, queue: str, choose: random.Random) -> None:
        entries = [{"Id": str(number), "MessageBody": "y" * choose.randint(1, 2000)} for number in range(10)]
        answer = sqs.call("SendMessageBatch", QueueUrl=queue, Entries=entries)
        self.sent.update(entry["MessageId"] for entry in answer["Successful"])

    def _delete(self, sqs: Raw, queue: str) -> None:
        asked = time.monotonic()
        for message in sqs.call("ReceiveMessage", QueueUrl=queue).get("Messages", ()):
            id = message["MessageId"]
            assert self.deleted.get(id, asked) >= asked, "a deleted message came back"
            self.told_to_delete.add(id)
            sqs.call("DeleteMessage", QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            self.deleted[id] = time.monotonic()


def everything_in(sqs: Raw, queue: str) -> set[str]:
    """All messages, those too that a worker had in its hands when the process died."""
    found: set[str] = set()
    wait = {"WaitTimeSeconds": VISIBILITY + 1, "MaxNumberOfMessages": 10, "VisibilityTimeout": 43200}
    while messages := sqs.call("ReceiveMessage", QueueUrl=queue, **wait).get("Messages"):
        found.update(message["MessageId"] for message in messages)
    return found


def test_killed_at_any_moment_it_has_lost_nothing(atoll_with: Any, folder: Path) -> None:
    choose = random.Random(20261124)
    ledger = Ledger()
    options = ("--data", str(folder), "--log-level", "warning", "--durability")
    attributes = {"VisibilityTimeout": str(VISIBILITY)}
    for kill in range(KILLS):
        durability = "full" if kill % 4 == 3 else "normal"
        with atoll_with(*options, durability) as atoll, ThreadPoolExecutor(WORKERS) as pool:
            with Raw(atoll) as sqs:
                queue = sqs.call("CreateQueue", QueueName="loaded", Attributes=attributes)["QueueUrl"]
            working = [pool.submit(ledger.work, atoll, queue, WORKERS * kill + worker) for worker in range(WORKERS)]
            # Before a commit, after one, in the midst of an answer: wherever that is.
            threading.Event().wait(choose.uniform(0.01, 0.25))
            atoll.kill()
            for worker in working:
                worker.result(20)
    with atoll_with(*options, "normal") as atoll, Raw(atoll) as sqs:
        found = everything_in(sqs, sqs.call("GetQueueUrl", QueueName="loaded")["QueueUrl"])
    assert len(ledger.deleted) > 50
    assert not ledger.sent - ledger.told_to_delete - found, "acknowledged messages were lost"
    assert not found & ledger.deleted.keys(), "deleted messages came back"


@pytest.mark.parametrize("durability", ["normal", "full"])
def test_asked_to_end_it_answers_what_is_in_flight(atoll_with: Any, durability: str) -> None:
    with atoll_with("--temporary", "--durability", durability) as atoll, ThreadPoolExecutor(WORKERS) as pool:
        with Raw(atoll) as sqs:
            queue = sqs.call("CreateQueue", QueueName="q")["QueueUrl"]
            other = sqs.call("CreateQueue", QueueName="other")["QueueUrl"]
        polls = [Raw(atoll) for _ in range(WORKERS)]
        waiting = [pool.submit(poll.call, "ReceiveMessage", QueueUrl=queue, WaitTimeSeconds=20) for poll in polls]
        with Raw(atoll) as sqs:
            # Nothing says from outside that a poll waits; when this one has, those before it do.
            sqs.call("ReceiveMessage", QueueUrl=other, WaitTimeSeconds=1)
        began = time.monotonic()
        assert atoll.stop() == 0
        assert time.monotonic() - began < 5
        assert [future.result(5) for future in waiting] == [{}] * WORKERS
        for poll in polls:
            poll.connection.close()


def test_interrupted_at_the_keyboard_it_ends_as_well(atoll_with: Any) -> None:
    with atoll_with("--temporary") as atoll:
        atoll.process.send_signal(signal.SIGINT)
        assert atoll.process.wait(20) == 0
        assert "Traceback" not in "\n".join(atoll.lines)
