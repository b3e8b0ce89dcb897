"""An index, cells and the dispatcher between them in one process, as many as a test wants, that may crash, stand still,
or lose touch."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from atoll.cell import Cell
from atoll.cell.reply import FutureReply, Reply
from atoll.core.call import Call, Params
from atoll.core.caller import Caller
from atoll.core.clock import Clock, ManualClock
from atoll.core.effect import Effect
from atoll.core.errors import AwsError, service_unavailable
from atoll.core.ids import uuid4
from atoll.core.service import Registry
from atoll.core.tenant_id import TenantId
from atoll.gateway.dispatch import Dispatcher, Packed
from atoll.gateway.locate import Locator
from atoll.index import IndexUnavailable
from atoll.index.directory import Directory
from atoll.index.sqlite import SqliteIndex
from atoll.services import REGISTRY
from probe import probe

SERVICES = Registry({"probe": lambda: probe, **{name: partial(REGISTRY.__getitem__, name) for name in REGISTRY}})


class Process:
    """What a cell lives in: all that it says to the world outside, and is asked from there, goes through here. Once it
    is dead nothing does; whoever waited for an answer has lost the connection. One that was only paused `wakes`."""

    def __init__(self, cloud: Cloud, name: str, folder: Path) -> None:
        self.cloud = cloud
        self.name = name
        self.folder = folder
        self.dead = False
        self.saying = 0
        """How much it is about to say, or waits to hear the answer to."""
        self._woken = asyncio.Event()
        self._asked: set[_Line] = set()
        folder.mkdir(parents=True, exist_ok=True)
        self.index = _Reach(self, cloud.index)
        self.cell = Cell(
            name,
            registry=SERVICES,
            index=self.index,  # type: ignore[arg-type]
            world=_Reach(self, cloud.dispatcher),
            clock=cloud.clock,
            path_of=self.path_of,
            marks=folder / "cell.sqlite",
            **cloud.options,
        )
        self._port = Packed(self.cell)

    def path_of(self, tenant: TenantId) -> Path:
        return self.folder.joinpath(*tenant)

    def run(self, call: Call, reply: Reply) -> None:
        self._port.run(call, _Line(self, reply))

    def apply(self, effect: Effect, call: Call, reply: Reply) -> None:
        self._port.apply(effect, call, _Line(self, reply))

    def at_once(self, call: Call) -> Params | None:
        return None if self.dead else self._port.at_once(call)

    def die(self) -> None:
        self.dead = True
        for line in tuple(self._asked):
            line.lost()

    def wake(self) -> None:
        self.dead = False
        self._woken.set()

    async def lives(self) -> None:
        """Returns when it lives, which may be never."""
        if self.dead:
            await self._woken.wait()


class _Line(Reply):
    """A call on its way to a process."""

    def __init__(self, process: Process, reply: Reply) -> None:
        super().__init__()
        self._process = process
        self._reply = reply
        process._asked.add(self)
        if process.dead:
            self.lost()

    def done(self, result: Params | None, error: Exception | None) -> None:
        if self in self._process._asked:
            self._process._asked.discard(self)
            self._reply.done(result, error)

    def goes_on(self, task: asyncio.Task[Any]) -> None:
        self._reply.goes_on(task)

    def lost(self) -> None:
        self.done(None, service_unavailable())


class _Reach:
    """The index or the dispatcher, as a process reaches them: not at all once it is dead, nor while it is `cut_off`."""

    def __init__(self, process: Process, target: Any) -> None:
        self._process = process
        self._target = target
        self.cut_off = False

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._target, name)
        if name in ("on_change", "owner_now"):
            return method

        if name == "at_once":
            return method

        async def reach(*args: Any, **named: Any) -> Any:
            process = self._process
            process.saying += 1
            try:
                process.cloud.step(process, f"before {name}")
                await process.lives()
                if self.cut_off:
                    raise IndexUnavailable("there is no way there")
                result = await method(*args, **named)
                process.cloud.step(process, f"after {name}")
                await process.lives()
                return result
            finally:
                process.saying -= 1

        return reach


class Killer:
    """Kills the process of that name at its n-th step; counts the steps where it has none to kill at."""

    def __init__(self, cloud: Cloud, name: str, at: int) -> None:
        self.cloud = cloud
        self.name = name
        self.at = at
        self.steps: list[str] = []
        cloud.on_step = self._step

    def _step(self, process: Process, what: str) -> None:
        if process.name == self.name:
            self.steps.append(what)
            if len(self.steps) == self.at:
                self.cloud.kill(self.name)

    async def settle(self) -> int:
        """All that is under way comes to its end. Returns how many steps there were until only time caused more."""
        await self.cloud.quiet()
        steps = len(self.steps)
        await self.cloud.settle()
        self.at = 0
        await self.cloud.settle()
        return steps


def at_each_step(folder: Path, scenario: Callable[[Path, int], Coroutine[Any, Any, int]]) -> int:
    """Runs `scenario(folder, at)`, which kills at that step and returns how many there were, for one step after the
    other, until there is none left to kill at. Returns how many there were then."""
    at = 1
    while asyncio.run(scenario(folder / str(at), at)) >= at:
        at += 1
    return at - 1


class Cloud:
    """May be stopped, and another started on the same folder. `on_step` is told of all that a process does that
    outlives it, before and after: commits, and what it says to the index and to other tenants."""

    def __init__(
        self, folder: Path, cells: tuple[str, ...] = ("one",), *, clock: Clock | None = None, **options: Any
    ) -> None:
        self.folder = folder
        self.clock: Any = clock or ManualClock()
        self.names = cells
        self.options = options
        self.registry = SERVICES
        self.processes: dict[str, Process] = {}
        self.on_step: Callable[[Process, str], None] = lambda process, step: None
        self._dead: list[Process] = []

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
            lives = sorted(self.folder.glob(f"{name}.*"))
            self._begin(name, lives[-1] if lives else self.folder / f"{name}.0000")

    def _begin(self, name: str, folder: Path) -> None:
        process = self.processes[name] = Process(self, name, folder)
        self.dispatcher.add_cell(name, process)
        process.cell.start()

    async def stop(self) -> None:
        for process in {*self.processes.values(), *self._dead}:
            await process.cell.stop()
        await self.index.close()

    @property
    def cells(self) -> dict[str, Cell]:
        return {name: process.cell for name, process in self.processes.items()}

    @property
    def cell(self) -> Cell:
        return self.processes[self.names[0]].cell

    def path_of(self, tenant: TenantId, cell: str = "one") -> Path:
        return self.processes[cell].path_of(tenant)

    # ---- crashes

    def step(self, process: Process, what: str) -> None:
        if not process.dead:
            self.on_step(process, what)

    def kill(self, name: str) -> Path:
        """The process ends here and now, as by kill -9: what it wrote to its files is there, and nothing more comes.
        Returns the folder as it is then, in which the next process of that name begins."""
        process = self.processes[name]
        process.die()
        self._dead.append(process)
        number = int(process.folder.suffix[1:]) + 1
        image = process.folder.with_suffix(f".{number:04}")
        shutil.copytree(process.folder, image, ignore=shutil.ignore_patterns("*-shm", "*-journal"))
        return image

    def kill_at(self, name: str, at: int) -> Killer:
        return Killer(self, name, at)

    async def revive(self, name: str) -> None:
        """A new process on what was left by the one that was killed."""
        self._begin(name, max(self.folder.glob(f"{name}.*")))
        while self._dead:
            await self._dead.pop().cell.stop()

    async def crash(self, name: str = "one") -> None:
        self.kill(name)
        await self.revive(name)

    # ---- pauses and partitions

    def replace(self, name: str) -> Process:
        """The process stands still and is taken for dead: another takes its place, on the files as they are. Returns
        the one that was, which may `wake`."""
        old = self.processes[name]
        self._begin(name, self.kill(name))
        return old

    def replace_at(self, name: str, what: str) -> list[Process]:
        """Replaces the process when it first takes that step; the one that was is in the list then."""
        old: list[Process] = []

        def step(process: Process, taken: str) -> None:
            if not old and (process.name, taken) == (name, what):
                old.append(self.replace(name))

        self.on_step = step
        return old

    async def wake(self, process: Process) -> None:
        """It goes on where it stood, with its own memory and files; returns when it has said what it was about to."""
        process.wake()
        async with asyncio.timeout(20):
            while process.saying:
                await _turn()

    def cut_off(self, name: str, cut_off: bool = True) -> None:
        """The process reaches the index no more, or again."""
        self.processes[name].index.cut_off = cut_off

    @contextmanager
    def effects_unanswered(self) -> Iterator[None]:
        """What is set out with inside is never answered, as if whatever lies between the tenants hung."""

        async def never(effect: Effect) -> None:
            await asyncio.Future[None]()

        with self._effects_meet(never):
            yield

    @contextmanager
    def effects_put_off(self) -> Iterator[None]:
        """What is set out with inside is to be tried again later."""

        async def not_now(effect: Effect) -> None:
            raise AwsError("ServiceUnavailable", "Not now.", status=503, fault="Receiver")

        with self._effects_meet(not_now):
            yield

    @contextmanager
    def _effects_meet(self, apply: Callable[[Effect], Coroutine[Any, Any, None]]) -> Iterator[None]:
        self.dispatcher.apply = apply  # type: ignore[assignment]
        try:
            yield
        finally:
            del self.dispatcher.apply

    # ---- calls

    async def call(self, caller: TenantId, operation: str, *, service: str = "probe", **params: Any) -> Params:
        """Calls as the account of `caller` from its region."""
        who = Caller(*caller, f"arn:aws:iam::{caller.account}:root", caller.account)
        access = self.registry[service].operations[operation].access
        owner = self.locator.locate(access, params, who) or await self.locator.locate_slowly(access, params, who)
        reply = FutureReply(asyncio.get_running_loop())
        self.dispatcher.run(Call(service, operation, params, who, owner, uuid4()), reply)
        result: Params = await reply.wait()
        return result

    async def insist(self, caller: TenantId, operation: str, **params: Any) -> Params | None:
        """As a client that does not ask again: None where it got no answer."""
        with suppress(AwsError):
            return await self.call(caller, operation, **params)
        return None

    async def notes(self, tenant: TenantId, box: str) -> list[str]:
        return list((await self.call(tenant, "List", Box=arn(tenant, box)))["Notes"])

    async def until(self, condition: Callable[[], Awaitable[bool]]) -> None:
        """Lets the loop turn until it holds; bounded, so that a test fails and does not hang."""
        async with asyncio.timeout(20):
            while not await condition():
                await _turn()

    async def waiting(self) -> None:
        """Until a call waits in the first cell."""

        async def waits() -> bool:
            return bool(self.cell.waiters.count())

        await self.until(waits)

    async def quiet(self) -> None:
        """Until nothing is under way."""
        async with asyncio.timeout(20):
            while any(process.cell.busy and not process.dead for process in self.processes.values()):
                await _turn()

    async def quiet_but(self, *waiting: asyncio.Task[Any]) -> None:
        """Until nothing is under way but these."""
        async with asyncio.timeout(20):
            while sum(len(cell.tasks) for cell in self.cells.values()) > len(waiting):
                await _turn()

    async def settle(self) -> None:
        """Until nothing is under way and nothing is put off, whatever died living again."""
        for _ in range(5):
            await self.quiet()
            for name in [process.name for process in self._dead]:
                await self.revive(name)
            self.clock.advance(70)
        await self.quiet()


async def _turn() -> None:
    """Lets the loop and the threads behind it get on."""
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
