"""SNS's operations, run as the cell runs them, in one tenant.

A cell would run deliveries to queues of the same tenant in place; here `in_place` says what becomes of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from atoll.core.call import Call
from atoll.core.caller import Caller
from atoll.core.errors import AwsError
from atoll.core.tenant_id import TenantId
from atoll.services.sns import load
from atoll.services.sns.settings import SnsSettings, configure
from atoll.tenants.outbox import Pending

from tests.unit.services.one_tenant import ACCOUNT, REGION, OneTenant


class Lagoon:
    """What an operation goes on with after its transaction."""

    def __init__(self, sns: Sns) -> None:
        self._sns = sns

    @property
    def here(self) -> TenantId:
        return self._sns.id

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


class Sns(OneTenant):
    def __init__(self) -> None:
        super().__init__(load(), Lagoon(self))
        self.called: list[tuple[str, str, str, Any]] = []
        """What was called of other services, and the error that it ends with."""
        self.refusal: AwsError | None = None

    def fails(self, operation: str, caller: Caller | None = None, **params: Any) -> tuple[str, str]:
        code, message = super().fails(operation, caller, **params)
        return code.removesuffix("Exception"), message

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


@pytest.fixture(params=["remembering", "forgetful"])
def sns(request: pytest.FixtureRequest) -> Iterator[Sns]:
    """Once as it is, once with a memory that is empty at every call."""
    sns = Sns()
    sns.forgetful = request.param == "forgetful"
    yield sns
    configure(SnsSettings())
    sns.tenant.db.close()
