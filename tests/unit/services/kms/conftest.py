"""KMS's operations, run as the cell runs them, in as many tenants as a test wants, each a database in memory, on a
clock that is moved by hand."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime
from types import CoroutineType
from typing import Any

import msgspec
import pytest
from atoll.core.call import Call, Origin
from atoll.core.caller import Caller
from atoll.core.clock import ManualClock
from atoll.core.errors import AwsError
from atoll.core.tenant_id import TenantId
from atoll.gateway.locate import Locator
from atoll.index import Realm
from atoll.services.kms import load
from atoll.tenants import Database, Tenant

ACCOUNT, OTHER = "111111111111", "222222222222"
REGION, FAR = "eu-central-1", "us-east-1"
HERE = (ACCOUNT, REGION)
DAY = 86_400.0


class Recording(Tenant):
    """Keeps the effects of its transaction, to be delivered after it."""

    __slots__ = ("caused",)

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.caused: list[tuple[str, str, dict[str, Any]]] = []

    def effect(self, caller: Caller, service: str, operation: str, params: Any, **options: Any) -> None:
        packed = msgspec.msgpack.decode(msgspec.msgpack.encode((caller, params)))
        self.caused.append((service, operation, packed[1]))


class Lagoon:
    """What an operation sees of the world, none of which makes it wait."""

    def __init__(self, kms: Kms, tenant: Recording) -> None:
        self.kms, self.tenant = kms, tenant

    async def transaction(self, function: Callable[..., Any], *args: Any) -> Any:
        result = self.kms.transact(self.tenant, lambda tenant: function(tenant, *args))
        assert not isinstance(result, CoroutineType), "a transaction cannot wait"
        return result

    def now(self) -> float:
        return self.kms.clock.now()

    async def in_thread(self, function: Callable[..., Any], *args: Any) -> Any:
        return function(*args)

    async def call(self, cause: Call, service: str, operation: str, params: dict[str, Any]) -> Any:
        assert service == "kms"
        return self.kms.run(operation, params, cause.caller)


class Kms:
    """Callers are (account, region). `forgetful` empties tenants' memories before every transaction."""

    def __init__(self) -> None:
        self.service = load()
        self.clock = ManualClock()
        self.tenants: dict[TenantId, Recording] = {}
        self.forgetful = False
        self.locator = Locator(self)  # type: ignore[arg-type]
        self.requests = 0

    def tenant(self, account: str = ACCOUNT, region: str = REGION) -> Recording:
        id = TenantId("default", account, region)
        if id not in self.tenants:
            db = Database(None)
            db.begin()
            db.add_service(self.service)
            db.commit()
            lagoon: Any = None
            tenant = self.tenants[id] = Recording(id, Realm("default", True, b""), db, self.clock.now, lagoon)
            tenant.lagoon = Lagoon(self, tenant)  # type: ignore[assignment]
        return self.tenants[id]

    # ---- what the locator asks of the index

    def peek_owners(self, realm: str, kind: str, id: str) -> tuple[TenantId, ...]:
        sql = "SELECT 1 FROM catalogue WHERE kind = ? AND id = ? AND NOT gone"
        # One that nobody has is taken to be the caller's, as it is when the index was asked.
        return tuple(each for each, tenant in self.tenants.items() if tenant.row(sql, (kind, id))) or (
            TenantId("default", "", ""),
        )

    # ---- calls

    def call(self, operation: str, by: tuple[str, str] = HERE, **params: Any) -> dict[str, Any]:
        account, region = by
        caller = Caller("default", account, region, f"arn:aws:iam::{account}:root", account)
        return self.run(operation, params, caller)

    def run(self, operation: str, params: dict[str, Any], caller: Caller) -> dict[str, Any]:
        found = self.service.operations[operation]
        owner = self.locator.locate(found.access, params, caller)
        assert owner is not None
        if not owner.account:
            owner = TenantId("default", caller.account, caller.region)
        self.requests += 1
        call = Call("kms", operation, params, caller, owner, f"request-{self.requests}", Origin())
        tenant = self.tenant(owner.account, owner.region)
        before = tenant.db.total_changes()
        result = self.transact(tenant, lambda tenant: found.handler(call, tenant))
        if found.readonly:
            assert tenant.db.total_changes() == before, f"{operation} is registered as readonly and wrote"
        return self.finish(result)

    def finish(self, result: Any) -> dict[str, Any]:
        if isinstance(result, Coroutine):
            try:
                result.send(None)
            except StopIteration as stop:
                result = stop.value
            else:
                raise AssertionError("it waits")
        assert isinstance(result, dict)
        return result

    def transact(self, tenant: Recording, function: Callable[[Tenant], Any]) -> Any:
        if self.forgetful:
            tenant.memory.clear()
        before = tenant.db.total_changes()
        tenant.db.begin()
        try:
            result = function(tenant)
        except BaseException:
            changed = tenant.db.total_changes() != before
            tenant.db.rollback()
            tenant.caused.clear()
            if changed:
                tenant.forget()
            raise
        tenant.db.commit()
        self.deliver(tenant)
        return result

    def deliver(self, tenant: Recording) -> None:
        while tenant.caused:
            service, operation, params = tenant.caused.pop(0)
            assert service == "kms"
            account, region = tenant.id[1:]
            self.run(operation, params, Caller("default", account, region, f"arn:aws:iam::{account}:root", account))

    def fails(self, operation: str, by: tuple[str, str] = HERE, **params: Any) -> tuple[str, str]:
        """Code and message of the error that the call has to end with."""
        with pytest.raises(AwsError) as caught:
            self.call(operation, by, **params)
        return caught.value.code, caught.value.message

    def key(self, by: tuple[str, str] = HERE, *, tags: dict[str, str] | None = None, **params: Any) -> str:
        """The id of a new key."""
        given = [{"TagKey": name, "TagValue": value} for name, value in (tags or {}).items()]
        made = self.call("CreateKey", by, Tags=given, **params)["KeyMetadata"]["KeyId"]
        assert isinstance(made, str)
        return made

    def arn(self, key_id: str, by: tuple[str, str] = HERE) -> str:
        return f"arn:aws:kms:{by[1]}:{by[0]}:key/{key_id}"

    def described(self, key_id: str, by: tuple[str, str] = HERE) -> dict[str, Any]:
        shown = self.call("DescribeKey", by, KeyId=key_id)["KeyMetadata"]
        assert isinstance(shown, dict)
        return shown

    def state(self, key_id: str, by: tuple[str, str] = HERE) -> str:
        return str(self.described(key_id, by)["KeyState"])

    def encrypt(self, key_id: str, plaintext: bytes = b"secret", by: tuple[str, str] = HERE, **params: Any) -> bytes:
        blob = self.call("Encrypt", by, KeyId=key_id, Plaintext=plaintext, **params)["CiphertextBlob"]
        assert isinstance(blob, bytes)
        return blob

    def decrypt(self, blob: bytes, by: tuple[str, str] = HERE, **params: Any) -> bytes:
        plaintext = self.call("Decrypt", by, CiphertextBlob=blob, **params)["Plaintext"]
        assert isinstance(plaintext, bytes)
        return plaintext

    # ---- time

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.clock.now(), UTC)

    def advance(self, seconds: float) -> None:
        """Lets time pass, running timers as they come due."""
        end = self.clock.now() + seconds
        while True:
            moments = [due for each in self.tenants.values() if (due := each.timers.next_due()) is not None]
            due = min(moments, default=end + 1)
            if due > end:
                break
            self.clock.advance(max(due - self.clock.now(), 0.0))
            for tenant in list(self.tenants.values()):
                for service, name, key in tenant.timers.due_by(self.clock.now()):
                    assert service == "kms"
                    tenant.set_timer(service, name, key, None)
                    handler = self.service.timers[name]
                    self.transact(tenant, lambda tenant, handler=handler, key=key: handler(tenant, key))
        self.clock.advance(end - self.clock.now())

    def days(self, days: float) -> None:
        self.advance(days * DAY)


@pytest.fixture(params=["remembering", "forgetful"])
def kms(request: pytest.FixtureRequest) -> Iterator[Kms]:
    """Once as it is, once with memories that are empty at every transaction."""
    kms = Kms()
    kms.forgetful = request.param == "forgetful"
    yield kms
    for tenant in kms.tenants.values():
        tenant.db.close()


@pytest.fixture(scope="module")
def make_kms() -> type[Kms]:
    return Kms
