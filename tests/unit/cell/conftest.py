"""Cells on a clock that the test moves, around a service that only tests have."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from atoll.cell import Cell
from atoll.cell.reply import FutureReply
from atoll.core.call import Call, Params
from atoll.core.caller import Caller
from atoll.core.clock import ManualClock
from atoll.core.ids import uuid4
from atoll.core.service import Registry
from atoll.core.tenant_id import TenantId
from atoll.gateway.dispatch import Dispatcher, Packed
from atoll.gateway.locate import Locator
from atoll.index.directory import Directory
from atoll.index.sqlite import SqliteIndex


def _load_probe() -> Any:
    if "atoll_probe" not in sys.modules:
        spec = importlib.util.spec_from_file_location("atoll_probe", Path(__file__).with_name("probe.py"))
        assert spec is not None
        assert spec.loader is not None
        module = sys.modules["atoll_probe"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules["atoll_probe"]


class Cloud:
    """An index and cells in one process, whose calls travel as MessagePack. It may be stopped and started again on the
    same folder: an orderly stop, or one that closes nothing, as a crash does."""

    def __init__(self, folder: Path, cells: tuple[str, ...] = ("one",), **options: Any) -> None:
        self.folder = folder
        self.clock = ManualClock()
        self.names = cells
        self.options = options
        self.registry = Registry({"probe": lambda: _load_probe().probe})
        self.cells: dict[str, Cell] = {}

    async def start(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self.index = SqliteIndex(self.folder / "index.sqlite", self.clock)
        for realm in ("default", "twin"):
            if await self.index.realm(realm) is None:
                await self.index.make_realm(realm, True)
        self.directory = Directory(self.index)
        self.locator = Locator(self.directory)
        self.dispatcher = Dispatcher(self.registry, self.directory, self.locator)
        for name in self.names:
            cell = Cell(
                name,
                registry=self.registry,
                index=self.index,
                world=self.dispatcher,
                clock=self.clock,
                path_of=lambda tenant, name=name: self.path_of(tenant, name),  # type: ignore[misc]
                marks=self.folder / f"{name}.sqlite",
                **self.options,
            )
            self.cells[name] = cell
            self.dispatcher.add_cell(name, Packed(cell))
            cell.start()

    @property
    def cell(self) -> Cell:
        return self.cells[self.names[0]]

    def path_of(self, tenant: TenantId, cell: str = "one") -> Path:
        return self.folder / cell / tenant.realm / tenant.account / tenant.region

    async def stop(self) -> None:
        for cell in self.cells.values():
            await cell.stop()
        await self.index.close()

    async def call(self, caller: TenantId, operation: str, **params: Any) -> Params:
        """Calls as the account of `caller` from its region."""
        who = Caller(*caller, f"arn:aws:iam::{caller.account}:root", caller.account)
        access = self.registry["probe"].operations[operation].access
        owner = self.locator.locate(access, params, who) or await self.locator.locate_slowly(access, params, who)
        reply = FutureReply(asyncio.get_running_loop())
        self.dispatcher.run(Call("probe", operation, params, who, owner, uuid4()), reply)
        result: Params = await reply.wait()
        return result

    async def notes(self, tenant: TenantId, box: str) -> list[str]:
        return list((await self.call(tenant, "List", Box=arn(tenant, box)))["Notes"])

    async def until(self, condition: Callable[[], Awaitable[bool]]) -> None:
        """Lets the loop turn until it holds; bounded, so that a test fails and does not hang."""
        async with asyncio.timeout(10):
            while not await condition():
                await asyncio.sleep(0.001)

    async def quiet(self) -> None:
        """Until nothing is under way."""
        async with asyncio.timeout(10):
            while any(cell.busy for cell in self.cells.values()):
                await asyncio.sleep(0.001)


def arn(tenant: TenantId, box: str) -> str:
    return f"arn:aws:probe:{tenant.region}:{tenant.account}:{box}"


@asynccontextmanager
async def running(folder: Path, cells: tuple[str, ...] = ("one",), **options: Any) -> AsyncIterator[Cloud]:
    cloud = Cloud(folder, cells, **options)
    await cloud.start()
    try:
        yield cloud
    finally:
        await cloud.stop()


@pytest.fixture
def cloud_at() -> Any:
    """`async with cloud_at(folder) as cloud`."""
    return running


@pytest.fixture
def box_arn() -> Callable[[TenantId, str], str]:
    return arn
