"""What no abuse may change: nothing answers 500 or hangs, nothing grows without bound, no tenant is crossed, and the
process answers normally afterwards."""

from __future__ import annotations

import json
import re
import statistics
import time
from collections.abc import Callable
from typing import Any

import psutil

from tests.abuse.calls import ACCOUNT, REGION
from tests.abuse.wire import PATIENCE, Answer, ask, head

MOST_GROWTH = 200 * 1024 * 1024
"""Bytes of memory that a process may have more than before: what it has learnt meanwhile (models, patterns), and what
its allocator keeps."""
MORE_FILES = 16
"""Tenants that were opened meanwhile have files, and stay open for a while."""
MORE_THREADS = 40
"""Pools of threads fill up to their bounds."""
OWNER = ("111111111111", "us-east-1")
VAULT = "vault"
"""A realm that is closed."""

_FAILED = re.compile(r" (5\d\d) [\d.]+ ms$")
_ERROR = re.compile(r"^\S+Z error |^Traceback ")


def check_answer(answer: Answer | None, *, may_be_absent: bool = False) -> None:
    """What holds of every answer: no failure of ours. Only what Atoll has not, and says so, begins with a 5."""
    if answer is None:
        assert may_be_absent, "the connection was closed without an answer"
        return
    assert answer.status < 500 or answer.status in (501, 503, 505), answer
    assert answer.status != 503 or b"too many connections" in answer.body, answer
    assert b"Traceback" not in answer.body


class Guarded:
    """A running Atoll with something in it that is nobody else's: a queue with a message in an open realm, and one in
    a closed realm, each looked at by its owner only.

    `port` is where it listens; `token` opens its control API.
    """

    def __init__(self, atoll: Any, token: str) -> None:
        self.atoll = atoll
        self.token = token
        self.port = int(atoll.url.rpartition(":")[2])
        self.process = psutil.Process(atoll.process.pid)
        self.secret = f"the secret of {VAULT}"
        self._looked = 0
        self._keys = self._declared()
        self._queues = [(client, client.create_queue(QueueName="canary")["QueueUrl"]) for client in self._owners()]
        for client, url in self._queues:
            client.send_message(QueueUrl=url, MessageBody=self.secret)
        self._control("PUT", "/_atoll/v1/realms/default/accounts/abused", {"spec": {"accountId": ACCOUNT}})
        self.call()
        self._size = self.process.memory_info().rss
        self._files = self.process.num_fds()
        self._threads = self.process.num_threads()
        self._seen = len(atoll.lines)
        self.quiet = self.latency()

    def _declared(self) -> dict[str, str]:
        path = f"/_atoll/v1/realms/{VAULT}/accounts/keeper"
        self._control("PUT", path, {"spec": {"accountId": OWNER[0]}})
        issued = self._control("GET", f"{path}/credentials")
        return {
            "aws_access_key_id": issued["accessKeyId"],
            "aws_secret_access_key": issued["secretAccessKey"],
        }

    def _control(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        sent = b"" if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"}
        answer = ask(self.port, head(method, path, headers, sent))
        assert answer is not None
        assert answer.status < 300, answer
        return json.loads(answer.body)

    def _owners(self) -> list[Any]:
        return [self.atoll.client("sqs", *OWNER), self.atoll.client("sqs", *OWNER, **self._keys)]

    # ---- while it is abused

    def abuser(self) -> Any:
        """A client of SQS in the account that abuses."""
        return self.atoll.client("sqs", ACCOUNT, REGION)

    def call(self) -> None:
        """A normal call, which writes."""
        client = self.atoll.client("sqs", "444444444444", "us-east-1")
        url = client.create_queue(QueueName="normal")["QueueUrl"]
        client.send_message(QueueUrl=url, MessageBody="x")
        [message] = client.receive_message(QueueUrl=url, MaxNumberOfMessages=1)["Messages"]
        client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    def latency(self, calls: int = 10) -> float:
        """Seconds that a normal call takes, the median of some."""
        taken = []
        for _ in range(calls):
            began = time.perf_counter()
            self.call()
            taken.append(time.perf_counter() - began)
        return statistics.median(taken)

    def check_prompt(self) -> None:
        """Whoever else hangs on, who calls normally hardly notices. Generous, since machines are shared."""
        assert self.latency() < 20 * self.quiet + 1

    # ---- afterwards

    def check(self, growth: int = MOST_GROWTH) -> None:
        """That all is as it was. `growth` is how much larger the process may be, in bytes."""
        assert self.atoll.process.poll() is None, "the process has ended"
        self.call()
        self._check_canaries()
        self._check_log()
        self._check_size(growth)

    def _check_canaries(self) -> None:
        self._looked += 1
        for client, url in self._queues:
            assert client.list_queues()["QueueUrls"] == [url]
            [message] = client.receive_message(
                QueueUrl=url, VisibilityTimeout=0, MessageSystemAttributeNames=["ApproximateReceiveCount"]
            )["Messages"]
            assert message["Body"] == self.secret
            # Nobody else has had it in their hands.
            assert message["Attributes"]["ApproximateReceiveCount"] == str(self._looked)
        for path in (f"/_atoll/v1/resources?realm={VAULT}", f"/_atoll/v1/accounts?realm={VAULT}"):
            answer = ask(self.port, head("GET", path, {}))
            assert answer is not None
            assert answer.status == 401

    def _check_log(self) -> None:
        self._control("GET", "/_atoll/v1/calls?limit=1")  # Which has what is still in the log's buffer written.
        lines, self._seen = self.atoll.lines[self._seen :], len(self.atoll.lines)
        wrong = [number for number, line in enumerate(lines) if _ERROR.match(line) or _is_failure(line)]
        assert not wrong, "\n".join(lines[wrong[0] : wrong[0] + 60])
        assert not any(secret in line for line in lines for secret in (self.secret, self.token))

    def _check_size(self, growth: int) -> None:
        self.until(lambda: self._sizes() <= self._allowed(growth), lambda: (self._sizes(), self._allowed(growth)))

    def until(self, holds: Callable[[], object], told: Callable[[], object] = lambda: "it never came to hold") -> None:
        """Calls until something holds of the process: its turns of the loop are what connections end in."""
        deadline = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < deadline, told()
            self.call()

    def _sizes(self) -> Sizes:
        process = self.process
        return Sizes(process.memory_info().rss, process.num_fds(), process.num_threads())

    def _allowed(self, growth: int) -> Sizes:
        return Sizes(self._size + growth, self._files + MORE_FILES, self._threads + MORE_THREADS)

    def check_answer(self, answer: Answer | None, *, may_be_absent: bool = False) -> None:
        """What holds of every answer, and that it gives away nothing of the closed realm."""
        check_answer(answer, may_be_absent=may_be_absent)
        if answer is not None:
            for secret in (self.secret, self.token, self._keys["aws_secret_access_key"]):
                assert secret.encode() not in answer.body


class Sizes(tuple[int, int, int]):
    """Memory in bytes, open files, threads."""

    def __new__(cls, memory: int, files: int, threads: int) -> Sizes:
        return super().__new__(cls, (memory, files, threads))

    def __le__(self, other: object) -> bool:
        assert isinstance(other, Sizes)
        return all(mine <= theirs for mine, theirs in zip(self, other, strict=True))


def _is_failure(line: str) -> bool:
    failed = _FAILED.search(line)
    return failed is not None and failed[1] not in ("501", "503", "505")
