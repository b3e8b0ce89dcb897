"""STS called by its handlers, with no more of a tenant than they ask for."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from atoll.core.call import Call, Origin
from atoll.core.caller import Caller
from atoll.core.clock import ManualClock
from atoll.core.sealing import sealer_of
from atoll.core.session_tokens import open_session
from atoll.core.tenant_id import TenantId
from atoll.index import Realm
from atoll.services.sts import load

ACCOUNT = "111111111111"
REALM = Realm("team-a", False, b"k" * 32)


class Sts:
    """`caller` makes the calls; `become` makes the caller of what an answer's credentials say."""

    def __init__(self) -> None:
        self.clock = ManualClock(1_782_907_200.5)
        self.operations = load().operations
        self.sealer = sealer_of(REALM.name, REALM.sealing_key)
        self.caller = Caller(REALM.name, ACCOUNT, "eu-west-1", f"arn:aws:iam::{ACCOUNT}:user/u", "AIDAU")

    @property
    def now(self) -> int:
        return int(self.clock.now())

    def __call__(self, operation: str, **params: Any) -> dict[str, Any]:
        owner = TenantId(REALM.name, self.caller.account, self.caller.region)
        tenant = SimpleNamespace(
            id=owner,
            realm=REALM,
            now=self.clock.now,
            lagoon=SimpleNamespace(in_thread=asyncio.to_thread),
        )
        origin = Origin("https", "atoll.example:4566")
        call = Call("sts", operation, params, self.caller, owner, "request", origin)
        answer: Any = self.operations[operation].handler(call, tenant)
        if inspect.iscoroutine(answer):
            answer = asyncio.run(answer)
        return {name: value for name, value in answer.items() if value is not None}

    def become(self, answer: dict[str, Any]) -> Caller:
        credentials = answer["Credentials"]
        key = open_session(self.sealer, credentials["SessionToken"])
        assert (key.key_id, key.secret) == (credentials["AccessKeyId"], credentials["SecretAccessKey"])
        assert int(credentials["Expiration"].timestamp()) == key.session.expires
        self.caller = Caller(REALM.name, key.account, "eu-west-1", key.principal, key.user_id, key.key_id, key.session)
        return self.caller


@pytest.fixture
def sts() -> Sts:
    return Sts()


@pytest.fixture
def call(sts: Sts) -> Callable[..., dict[str, Any]]:
    return sts
