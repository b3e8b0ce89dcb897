"""SQS's operations, run as the cell runs them, in one tenant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from atoll.services.sqs import load
from atoll.services.sqs.settings import SqsSettings, configure

from tests.unit.services.one_tenant import ACCOUNT, REGION, OneTenant


class Sqs(OneTenant):
    def __init__(self) -> None:
        super().__init__(load())

    def go_on(self, coroutine: Any) -> Any:
        coroutine.close()
        return {"waits": True}

    def queue(self, name: str = "q", *, tags: dict[str, str] | None = None, **attributes: str) -> str:
        if name.endswith(".fifo"):
            attributes["FifoQueue"] = "true"
        url = self.call("CreateQueue", QueueName=name, Attributes=attributes, tags=tags or {})["QueueUrl"]
        assert isinstance(url, str)
        return url

    def arn(self, name: str) -> str:
        return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"

    def send(self, url: str, body: str = "hello", **params: Any) -> dict[str, Any]:
        return self.call("SendMessage", QueueUrl=url, MessageBody=body, **params)

    def receive(self, url: str, count: int = 10, **params: Any) -> list[dict[str, Any]]:
        messages = self.call("ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=count, **params).get("Messages", [])
        assert isinstance(messages, list)
        return messages

    def bodies(self, url: str, count: int = 10, **params: Any) -> list[str]:
        return [message["Body"] for message in self.receive(url, count, **params)]

    def attributes(self, url: str, *names: str) -> dict[str, str]:
        result = self.call("GetQueueAttributes", QueueUrl=url, AttributeNames=list(names or ("All",)))
        attributes = result.get("Attributes", {})
        assert isinstance(attributes, dict)
        return attributes

    def counts(self, url: str) -> tuple[int, int, int]:
        """Visible, in flight, delayed."""
        shown = self.attributes(url)
        return (
            int(shown["ApproximateNumberOfMessages"]),
            int(shown["ApproximateNumberOfMessagesNotVisible"]),
            int(shown["ApproximateNumberOfMessagesDelayed"]),
        )

    def settle(self) -> None:
        """Runs timers until none is due."""
        while (due := self.tenant.timers.next_due()) is not None and due <= self.clock.now():
            self.run_timers()

    def woken(self) -> int:
        """How often waiting calls were woken since the last time."""
        count = len(self.tenant.wakes)
        self.tenant.wakes.clear()
        return count

    def configure(self, **settings: Any) -> None:
        configure(SqsSettings(**settings))


@pytest.fixture(params=["remembering", "forgetful"])
def sqs(request: pytest.FixtureRequest) -> Iterator[Sqs]:
    """Once as it is, once with a memory that is empty at every call."""
    sqs = Sqs()
    sqs.forgetful = request.param == "forgetful"
    yield sqs
    sqs.configure()
    sqs.tenant.db.close()


@pytest.fixture
def make_sqs() -> type[Sqs]:
    return Sqs
