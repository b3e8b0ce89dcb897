"""Secrets Manager in a cell, on a clock that is moved by hand, beside a KMS that only these tests have.

Everything is real but KMS, so that nested calls, effects between regions, and timers are what they are in Atoll.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from atoll.cell import Cell
from atoll.cell.reply import FutureReply
from atoll.core.access import Access, ByArn, Here
from atoll.core.arn import render_arn
from atoll.core.call import Call, Params
from atoll.core.caller import Caller
from atoll.core.clock import ManualClock
from atoll.core.errors import AwsError
from atoll.core.ids import uuid4
from atoll.core.service import Registry, Schema, Service
from atoll.core.tenant_id import TenantId
from atoll.gateway.dispatch import Dispatcher
from atoll.gateway.locate import Locator
from atoll.index.directory import Directory
from atoll.index.sqlite import SqliteIndex
from atoll.services import REGISTRY
from atoll.services.secretsmanager.secrets import all_secrets, remove
from atoll.tenants import Tenant

from tests.unit.services.secretsmanager import rotator

HERE = TenantId("default", "111111111111", "eu-central-1")

# ---- KMS, as far as secrets need it: what it encrypts is the plaintext, in the key's name

kms = Service(
    "kms",
    access={
        "CreateKey": Access(Here()),
        "SetState": Access(ByArn("KeyId")),
        "DescribeKey": Access(ByArn("KeyId")),
        "GenerateDataKey": Access(ByArn("KeyId")),
        "Decrypt": Access(ByArn("KeyId")),
        "Calls": Access(Here()),
    },
    schema=Schema(1, "CREATE TABLE key (id TEXT PRIMARY KEY, state TEXT NOT NULL)"),
)
ALIAS = "alias/aws/secretsmanager"
calls: list[str] = []


def find_key(call: Call, tenant: Tenant, *, enabled: bool = True) -> tuple[str, str]:
    arn: str = call["KeyId"]
    name = arn.split(":", 5)[5]
    id = "default" if name == ALIAS else name.removeprefix("key/")
    row = tenant.row("SELECT state FROM key WHERE id = ?", (id,))
    if row is None and name == ALIAS and call.caller.account == tenant.id.account:
        tenant.execute("INSERT INTO key VALUES ('default', 'Enabled')")
        row = ("Enabled",)
    if row is None:
        raise AwsError("NotFoundException", f"Key '{arn}' does not exist")
    if enabled and row[0] != "Enabled":
        raise AwsError("DisabledException" if row[0] == "Disabled" else "KMSInvalidStateException", arn)
    return id, row[0]


@kms.operation("CreateKey")
def create_key(call: Call, tenant: Tenant) -> Params:
    id = uuid4()
    tenant.execute("INSERT INTO key VALUES (?, 'Enabled')", (id,))
    return {"KeyMetadata": {"KeyId": id, "Arn": render_arn("kms", tenant.id, f"key/{id}")}}


@kms.operation("SetState")
def set_state(call: Call, tenant: Tenant) -> Params:
    id, _ = find_key(call, tenant, enabled=False)
    tenant.execute("UPDATE key SET state = ? WHERE id = ?", (call["State"], id))
    return {}


@kms.operation("DescribeKey", readonly=True)
def describe_key(call: Call, tenant: Tenant) -> Params:
    id, state = find_key(call, tenant, enabled=False)
    return {"KeyMetadata": {"KeyId": id, "KeyState": state, "KeyManager": "AWS" if id == "default" else "CUSTOMER"}}


@kms.operation("GenerateDataKey")
def generate_data_key(call: Call, tenant: Tenant) -> Params:
    id, _ = find_key(call, tenant)
    calls.append("GenerateDataKey")
    plaintext = os.urandom(32)
    context = repr(call["EncryptionContext"]).encode()
    blob = id.encode().ljust(40) + plaintext + context
    return {"KeyId": render_arn("kms", tenant.id, f"key/{id}"), "CiphertextBlob": blob, "Plaintext": plaintext}


@kms.operation("Decrypt")
def decrypt(call: Call, tenant: Tenant) -> Params:
    id, _ = find_key(call, tenant)
    calls.append("Decrypt")
    blob = call["CiphertextBlob"]
    if blob[:40].strip() != id.encode() or blob[72:] != repr(call["EncryptionContext"]).encode():
        raise AwsError("InvalidCiphertextException")
    return {"Plaintext": blob[32 + 8 : 72]}


def _remove_all(tenant: Tenant) -> None:
    for secret in all_secrets(tenant):
        remove(tenant, secret)


class Cloud:
    """One cell with tenants of any account and region. `forgetful` closes every tenant between any two calls."""

    def __init__(self, cell: Cell, dispatcher: Dispatcher, locator: Locator, registry: Registry, clock: Any) -> None:
        self.cell = cell
        self.dispatcher = dispatcher
        self.locator = locator
        self.registry = registry
        self.clock = clock
        self.forgetful = False
        self.here = HERE
        calls.clear()

    def at(self, account: str = "", region: str = "", realm: str = HERE.realm) -> Cloud:
        """The same, called from elsewhere."""
        other = object.__new__(Cloud)
        other.__dict__.update(self.__dict__)
        other.here = TenantId(realm, account or HERE.account, region or HERE.region)
        return other

    async def call(self, operation: str, service: str = "secretsmanager", **params: Any) -> Params:
        if self.forgetful:
            await self.quiet()
            for id in self.cell.tenants.ids():
                await self.cell.tenants.close(id)
        caller = Caller(*self.here, f"arn:aws:iam::{self.here.account}:root", self.here.account)
        access = self.registry[service].operations[operation].access
        owner = self.locator.locate(access, params, caller)
        owner = owner or await self.locator.locate_slowly(access, params, caller)
        reply = FutureReply(asyncio.get_running_loop())
        self.dispatcher.run(Call(service, operation, params, caller, owner, uuid4()), reply)
        result: Params = await reply.wait()
        return {name: value for name, value in result.items() if value is not None}

    async def fails(self, operation: str, **params: Any) -> tuple[str, str]:
        """Code and message of the error that the call has to end with."""
        with pytest.raises(AwsError) as caught:
            await self.call(operation, **params)
        return caught.value.code, caught.value.message

    async def create(self, name: str = "s", value: str | None = "v1", **params: Any) -> str:
        """A secret's ARN."""
        if value is not None:
            params["SecretString"] = value
        params.setdefault("ClientRequestToken", uuid4())
        return str((await self.call("CreateSecret", Name=name, **params))["ARN"])

    async def put(self, secret: str, value: str, **params: Any) -> str:
        params.setdefault("ClientRequestToken", uuid4())
        return str((await self.call("PutSecretValue", SecretId=secret, SecretString=value, **params))["VersionId"])

    async def value(self, secret: str, **params: Any) -> str:
        return str((await self.call("GetSecretValue", SecretId=secret, **params))["SecretString"])

    async def describe(self, secret: str) -> Params:
        return await self.call("DescribeSecret", SecretId=secret)

    async def key(self) -> str:
        return str((await self.call("CreateKey", service="kms"))["KeyMetadata"]["Arn"])

    async def set_key(self, key: str, state: str) -> None:
        await self.call("SetState", service="kms", KeyId=key, State=state)

    def kms_calls(self) -> list[str]:
        """Those since the last time, DescribeKey aside."""
        made = calls.copy()
        calls.clear()
        return made

    async def lose_secrets(self, region: str) -> None:
        """What a reset of a region leaves of the account's secrets."""
        await self.quiet()
        await self.cell.transact(self.here._replace(region=region), "secretsmanager", _remove_all)

    async def quiet(self) -> None:
        """Until nothing is under way."""
        async with asyncio.timeout(20):
            while self.cell.busy:
                await _turn()

    async def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)
        await self.quiet()


async def _turn() -> None:
    """Lets the loop and the threads behind it get on."""
    await asyncio.sleep(0.001)


@asynccontextmanager
async def running(folder: Path, services: dict[str, Callable[[], Service]]) -> AsyncIterator[Cloud]:
    clock = ManualClock()
    registry = Registry({"secretsmanager": lambda: REGISTRY["secretsmanager"], "kms": lambda: kms, **services})
    folder.mkdir(exist_ok=True)
    index = SqliteIndex(folder / "index.sqlite", clock)
    for realm in ("default", "twin"):
        await index.make_realm(realm, True)
    directory = Directory(index)
    locator = Locator(directory)
    dispatcher = Dispatcher(registry, directory, locator)
    cell = Cell(
        "one",
        registry=registry,
        index=index,
        world=dispatcher,
        clock=clock,
        path_of=lambda tenant: folder.joinpath(*tenant),
        marks=folder / "cell.sqlite",
    )
    dispatcher.add_cell("one", cell)
    cell.start()
    try:
        yield Cloud(cell, dispatcher, locator, registry, clock)
    finally:
        await cell.stop()
        await index.close()


Scenario = Callable[[Any], Coroutine[Any, Any, None]]


@pytest.fixture(params=["remembering", "forgetful"])
def play(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., None]]:
    """`play(scenario)` runs `scenario(cloud)`: once as it is, once with every tenant closed at every call."""

    def run(scenario: Scenario, **services: Callable[[], Service]) -> None:
        async def within() -> None:
            async with running(tmp_path / "cloud", services) as cloud:
                cloud.forgetful = request.param == "forgetful"
                await scenario(cloud)

        asyncio.run(within())

    return run


@pytest.fixture
def play_once(tmp_path: Path) -> Callable[..., None]:
    """The same, once, with what is remembered."""

    def run(scenario: Scenario, **services: Callable[[], Service]) -> None:
        async def within() -> None:
            async with running(tmp_path / "cloud", services) as cloud:
                await scenario(cloud)

        asyncio.run(within())

    return run


@pytest.fixture
def play_with_functions(play: Callable[..., None]) -> Callable[[Scenario], None]:
    """The same as `play`, beside a Lambda."""
    rotator.steps.clear()
    return lambda scenario: play(scenario, **{"lambda": lambda: rotator.functions})
