"""Declared accounts and regions, around a cell with a service that only tests have."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from atoll.cell import Cell
from atoll.cell.reply import FutureReply
from atoll.control.accounts import Accounts
from atoll.control.api import make_api
from atoll.control.asgi import AsgiAdapter
from atoll.control.parts import Parts
from atoll.control.regions import Regions
from atoll.core.call import Call
from atoll.core.caller import Caller
from atoll.core.clock import ManualClock
from atoll.core.tenant_id import TenantId
from atoll.gateway.call_log import CallLog
from atoll.gateway.faults import Faults
from atoll.gateway.gate import Gate
from atoll.gateway.init_scripts import InitScripts
from atoll.gateway.settings import Settings
from atoll.index.sqlite import SqliteIndex
from atoll.manifests.account import Account
from atoll.manifests.check import check
from atoll.manifests.documents import Document
from atoll.manifests.region import Region
from atoll.services import REGISTRY
from atoll.tenants.folder import DataFolder
from atoll.wire.http import Request, Response
from fastapi.routing import APIRoute


class Steered:
    """`begin` takes up what the folder holds, as a process that starts does."""

    def __init__(self, folder: DataFolder, clock: ManualClock) -> None:
        self.folder = folder
        self.clock = clock

    async def begin(self) -> None:
        world: Any = None
        self.index = SqliteIndex(self.folder.index, self.clock)
        await self.index.make_realm("default", True)
        self.cell = Cell(
            "one",
            registry=REGISTRY,
            index=self.index,
            world=world,
            clock=self.clock,
            path_of=self.folder.path_of,
            marks=self.folder.cell,
        )
        self.gate, self.faults = Gate(), Faults(Random(1))
        self.accounts = Accounts(self.index, self.cell, self.folder, self.gate, self.clock)
        self.regions = Regions(self.index, self.faults, self.clock)
        self.cell.start()
        await self.accounts.start()
        await self.regions.start()

    async def end(self) -> None:
        await self.cell.stop()
        await self.index.close()

    async def sqs(self, tenant: TenantId, operation: str, **params: Any) -> Any:
        reply = FutureReply(asyncio.get_running_loop())
        caller = Caller(*tenant, f"arn:aws:iam::{tenant.account}:root", tenant.account)
        self.cell.run(Call("sqs", operation, params, caller, tenant, "request"), reply)
        return await reply.wait()

    async def quiet(self) -> None:
        async with asyncio.timeout(20):
            while self.cell.busy:
                await _turn()


async def _turn() -> None:
    """Lets the loop and the threads behind it get on."""
    await asyncio.sleep(0.001)


@asynccontextmanager
async def steered(path: Path) -> AsyncIterator[Steered]:
    with DataFolder.open(path) as folder:
        made = Steered(folder, ManualClock())
        await made.begin()
        try:
            yield made
        finally:
            await made.end()


@pytest.fixture
def run(tmp_path: Path) -> Callable[[Callable[[Steered], Awaitable[None]]], None]:
    """Runs a test in a folder of its own."""

    def runner(test: Callable[[Steered], Awaitable[None]]) -> None:
        async def go() -> None:
            async with asyncio.timeout(30), steered(tmp_path / "data") as made:
                await test(made)

        asyncio.run(go())

    return runner


@pytest.fixture
def account() -> Callable[..., Account]:
    """An Account, as its manifest says it."""

    def make(name: str = "payments", **spec: Any) -> Account:
        spec = {"from" if key == "from_" else key: value for key, value in spec.items()}
        body = {"apiVersion": "atoll.dev/v1alpha1", "kind": "Account", "metadata": {"name": name}, "spec": spec}
        [made] = check([Document("test", 1, body)])
        assert isinstance(made, Account)
        return made

    return make


@pytest.fixture
def region() -> Callable[..., Region]:
    """A Region, as its manifest says it."""

    def make(name: str = "frankfurt", **spec: Any) -> Region:
        spec = {"regionName": "eu-central-1", **spec}
        body = {"apiVersion": "atoll.dev/v1alpha1", "kind": "Region", "metadata": {"name": name}, "spec": spec}
        [made] = check([Document("test", 1, body)])
        assert isinstance(made, Region)
        return made

    return make


TOKEN = "the-token"
HERE = "127.0.0.1"


class Api:
    def __init__(self, steered: Any) -> None:
        self.gateway = SimpleNamespace(missing={"sns": 2, "sns.Publish": 5})
        self.calls = CallLog()
        gateway: Any = self.gateway
        access_log: Any = SimpleNamespace(flush=lambda: None)
        self.parts = Parts(
            Settings(),
            TOKEN,
            steered.clock,
            steered.index,
            steered.cell,
            gateway,
            access_log,
            self.calls,
            steered.accounts,
            steered.regions,
            steered.folder,
            InitScripts([], {}),
            lambda: 4566,
        )
        self.app = make_api(self.parts)
        self.adapter = AsgiAdapter(self.app)

    async def raw(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        peer: str = HERE,
        token: str | None = None,
        host: str = "localhost:4566",
    ) -> Response:
        headers = {"host": host, "content-type": "application/json"}
        if token is not None:
            headers["authorization"] = f"Bearer {token}"
        where, _, query = path.partition("?")
        content = b"" if body is None else orjson.dumps(body)
        return await self.adapter(Request(method, where, query, headers, content, peer=peer))

    async def __call__(self, method: str, path: str, body: Any = None, **options: Any) -> tuple[int, Any]:
        answer = await self.raw(method, f"/_atoll/v1{path}", body, **options)
        assert isinstance(answer.body, bytes)
        return answer.status, orjson.loads(answer.body) if answer.body else None

    def routes(self) -> Iterator[tuple[str, str]]:
        for route in self.app.routes:
            if isinstance(route, APIRoute) and route.include_in_schema:
                for method in route.methods:
                    yield method, route.path


@pytest.fixture
def api_of() -> Callable[[Any], Api]:
    return Api


@pytest.fixture
def ask(run: Any) -> Callable[[Callable[[Api, Any], Awaitable[None]]], None]:
    def runner(test: Callable[[Api, Any], Awaitable[None]]) -> None:
        async def go(steered: Any) -> None:
            await test(Api(steered), steered)

        run(go)

    return runner
