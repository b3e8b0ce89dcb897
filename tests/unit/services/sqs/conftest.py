"""SQS's operations, run as the cell runs them, in a database in memory and with a clock that is moved by hand."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import pytest
from atoll.core.call import Call, Origin
from atoll.core.caller import Caller
from atoll.core.clock import ManualClock
from atoll.core.errors import AwsError
from atoll.core.tenant_id import TenantId
from atoll.index import Realm
from atoll.services.sqs import load
from atoll.services.sqs.settings import SqsSettings, configure
from atoll.tenants import Database, Tenant

ACCOUNT, REGION = "111111111111", "eu-central-1"


class Sqs:
    """One tenant and who calls it. `forgetful` closes the tenant's memory between any two calls."""

    def __init__(self) -> None:
        self.service = load()
        self.clock = ManualClock()
        self.id = TenantId("default", ACCOUNT, REGION)
        db = Database(None)
        db.begin()
        db.add_service(self.service)
        db.commit()
        lagoon: Any = None
        self.tenant = Tenant(self.id, Realm("default", True, b""), db, self.clock.now, lagoon)
        self.caller = Caller("default", ACCOUNT, REGION, f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT)
        self.forgetful = False

    def call(self, operation: str, **params: Any) -> dict[str, Any]:
        call = Call("sqs", operation, params, self.caller, self.id, "request", Origin())
        result: Any = self.transact(self.service.operations[operation].handler, call)
        if inspect.iscoroutine(result):
            result.close()
            return {"waits": True}
        assert isinstance(result, dict)
        return result

    def transact(self, handler: Any, call: Any) -> Any:
        if self.forgetful:
            self.tenant.memory.clear()
        db = self.tenant.db
        before = db.total_changes()
        db.begin()
        try:
            result = handler(call, self.tenant)
        except AwsError:
            changed = db.total_changes() != before
            db.rollback()
            if changed:
                self.tenant.forget()
            raise
        db.commit()
        return result

    def fails(self, operation: str, **params: Any) -> tuple[str, str]:
        """Code and message of the error that the call has to end with."""
        with pytest.raises(AwsError) as caught:
            self.call(operation, **params)
        return caught.value.code, caught.value.message

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

    def advance(self, seconds: float) -> None:
        """Lets time pass, running timers as they come due."""
        end = self.clock.now() + seconds
        while (due := self.tenant.timers.next_due()) is not None and due <= end:
            self.clock.advance(max(due - self.clock.now(), 0.0))
            self.run_timers()
        self.clock.advance(end - self.clock.now())

    def run_timers(self) -> None:
        for service, name, key in self.tenant.timers.due_by(self.clock.now()):
            assert service == "sqs"
            self.tenant.set_timer(service, name, key, None)
            self.transact(lambda key, tenant, name=name: self.service.timers[name](tenant, key), key)

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
