"""SNS's operations, run as the cell runs them, in a database in memory and with a clock that is moved by hand.

A cell would run deliveries to queues of the same tenant in place; here `in_place` says what becomes of them.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from atoll.core.call import Call, Origin
from atoll.core.caller import Caller
from atoll.core.clock import ManualClock
from atoll.core.errors import AwsError
from atoll.core.tenant_id import TenantId
from atoll.index import Realm
from atoll.services.sns import load
from atoll.services.sns.settings import SnsSettings, configure
from atoll.tenants import Database, Tenant
from atoll.tenants.outbox import Pending

ACCOUNT, REGION = "111111111111", "eu-central-1"
OTHER = "222222222222"
REALM = Realm("default", True, b"a key for tests, of 32 bytes....")


class Lagoon:
    """What an operation goes on with after its transaction."""

    def __init__(self, sns: Sns) -> None:
        self._sns = sns
        self.here = sns.id

    def now(self) -> float:
        return self._sns.clock.now()

    async def transaction(self, function: Callable[..., Any], *args: Any) -> Any:
        return self._sns.transact(lambda _, tenant: function(tenant, *args), None)

    async def call(self, cause: Call, service: str, operation: str, params: Any) -> dict[str, Any]:
        self._sns.called.append((cause.caller.account, service, operation, params))
        if self._sns.refusal is not None:
            raise self._sns.refusal
        return {}

    async def in_thread(self, function: Callable[..., Any], *args: Any) -> Any:
        return function(*args)


class Sns:
    """One tenant and who calls it. `forgetful` closes the tenant's memory between any two calls."""

    def __init__(self) -> None:
        self.service = load()
        self.clock = ManualClock()
        self.id = TenantId("default", ACCOUNT, REGION)
        db = Database(None)
        db.begin()
        db.add_service(self.service)
        db.commit()
        lagoon: Any = Lagoon(self)
        self.tenant = Tenant(self.id, REALM, db, self.clock.now, lagoon)
        self.caller = self.of(ACCOUNT, REGION)
        self.forgetful = False
        self.called: list[tuple[str, str, str, Any]] = []
        """What was called of other services, and the error that it ends with."""
        self.refusal: AwsError | None = None

    def of(self, account: str, region: str = REGION, key: str = "key") -> Caller:
        return Caller("default", account, region, f"arn:aws:iam::{account}:root", account, key)

    def call(self, operation: str, caller: Caller | None = None, **params: Any) -> dict[str, Any]:
        origin = Origin("http", "localhost:4566")
        call = Call("sns", operation, params, caller or self.caller, self.id, "request", origin)
        result: Any = self.transact(self.service.operations[operation].handler, call)
        if inspect.iscoroutine(result):
            result = asyncio.run(result)
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

    def fails(self, operation: str, caller: Caller | None = None, **params: Any) -> tuple[str, str]:
        """Code and message of the error that the call has to end with."""
        with pytest.raises(AwsError) as caught:
            self.call(operation, caller, **params)
        return caught.value.code.removesuffix("Exception"), caught.value.message

    def topic(self, name: str = "t", **attributes: str) -> str:
        if name.endswith(".fifo"):
            attributes["FifoTopic"] = "true"
        arn = self.call("CreateTopic", Name=name, Attributes=attributes)["TopicArn"]
        assert isinstance(arn, str)
        return arn

    def queue_arn(self, name: str = "q", account: str = ACCOUNT) -> str:
        return f"arn:aws:sqs:{REGION}:{account}:{name}"

    def subscribe(self, topic: str, protocol: str = "sqs", endpoint: str = "", **attributes: str) -> str:
        """The subscription's ARN."""
        arn = self.call(
            "Subscribe",
            TopicArn=topic,
            Protocol=protocol,
            Endpoint=endpoint or self.queue_arn(),
            Attributes=attributes,
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"]
        assert isinstance(arn, str)
        return arn

    def attributes(self, arn: str) -> dict[str, str]:
        """A topic's or a subscription's."""
        name = "Topic" if arn.count(":") == 5 else "Subscription"
        found = self.call(f"Get{name}Attributes", **{f"{name}Arn": arn})["Attributes"]
        assert isinstance(found, dict)
        return found

    def effects(self) -> list[Pending]:
        """Those that are not delivered, the oldest first; and settles them."""
        found = [self.tenant.outbox.get(row) for row in self.tenant.outbox.after(0, 1000)]
        pending = [each for each in found if each is not None]
        for each in pending:
            self.tenant.outbox.settle(each)
        self.tenant.effects.clear()
        return pending

    def delivered(self) -> list[dict[str, Any]]:
        """What queues get, as SQS's Deliver puts it together."""
        found: list[dict[str, Any]] = []
        for effect in self.effects():
            if (effect.service, effect.operation) == ("sqs", "Deliver"):
                params = dict(effect.params)
                if "BodyStart" in params:
                    params["MessageBody"] = params.pop("BodyStart") + params.pop("BodyMiddle") + params.pop("BodyEnd")
                found.append(params)
        return found

    def publish(self, topic: str, message: str = "hello", **params: Any) -> dict[str, Any]:
        return self.call("Publish", TopicArn=topic, Message=message, **params)

    def advance(self, seconds: float) -> None:
        """Lets time pass, running timers as they come due."""
        end = self.clock.now() + seconds
        while (due := self.tenant.timers.next_due()) is not None and due <= end:
            self.clock.advance(max(due - self.clock.now(), 0.0))
            self.run_timers()
        self.clock.advance(end - self.clock.now())

    def run_timers(self) -> None:
        for service, name, key in self.tenant.timers.due_by(self.clock.now()):
            assert service == "sns"
            self.tenant.set_timer(service, name, key, None)
            result = self.transact(lambda key, tenant, name=name: self.service.timers[name](tenant, key), key)
            if inspect.iscoroutine(result):
                asyncio.run(result)


@pytest.fixture(params=["remembering", "forgetful"])
def sns(request: pytest.FixtureRequest) -> Iterator[Sns]:
    """Once as it is, once with a memory that is empty at every call."""
    sns = Sns()
    sns.forgetful = request.param == "forgetful"
    yield sns
    configure(SnsSettings())
    sns.tenant.db.close()
