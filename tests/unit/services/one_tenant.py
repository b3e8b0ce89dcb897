"""A service's operations, run as the cell runs them, in one tenant: a database in memory and a clock that is moved by
hand."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import pytest
from atoll.core.call import Call, Origin
from atoll.core.caller import Caller
from atoll.core.clock import ManualClock
from atoll.core.errors import AwsError
from atoll.core.service import Service
from atoll.core.tenant_id import TenantId
from atoll.index import Realm
from atoll.tenants import Database, Tenant

ACCOUNT, REGION = "111111111111", "eu-central-1"
REALM = Realm("default", True, b"a key for tests, of 32 bytes....")


class OneTenant:
    """The tenant and who calls it. `forgetful` closes the tenant's memory between any two calls."""

    def __init__(self, service: Service, lagoon: Any = None) -> None:
        self.service = service
        self.clock = ManualClock()
        self.id = TenantId("default", ACCOUNT, REGION)
        db = Database(None)
        db.begin()
        db.add_service(service)
        db.commit()
        self.tenant = Tenant(self.id, REALM, db, self.clock.now, lagoon)
        self.caller = self.of(ACCOUNT)
        self.forgetful = False

    def of(self, account: str, region: str = REGION, key: str = "key") -> Caller:
        return Caller("default", account, region, f"arn:aws:iam::{account}:root", account, key)

    def call(self, operation: str, caller: Caller | None = None, **params: Any) -> dict[str, Any]:
        call = Call(self.service.name, operation, params, caller or self.caller, self.id, "request", Origin())
        result: Any = self.transact(self.service.operations[operation].handler, call)
        if inspect.iscoroutine(result):
            result = self.go_on(result)
        assert isinstance(result, dict)
        return result

    def go_on(self, coroutine: Any) -> Any:
        """What becomes of an operation that waits."""
        return asyncio.run(coroutine)

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
        return caught.value.code, caught.value.message

    def advance(self, seconds: float) -> None:
        """Lets time pass, running timers as they come due."""
        end = self.clock.now() + seconds
        while (due := self.tenant.timers.next_due()) is not None and due <= end:
            self.clock.advance(max(due - self.clock.now(), 0.0))
            self.run_timers()
        self.clock.advance(end - self.clock.now())

    def run_timers(self) -> None:
        for service, name, key in self.tenant.timers.due_by(self.clock.now()):
            assert service == self.service.name
            self.tenant.set_timer(service, name, key, None)
            result = self.transact(lambda key, tenant, name=name: self.service.timers[name](tenant, key), key)
            if inspect.iscoroutine(result):
                asyncio.run(result)
