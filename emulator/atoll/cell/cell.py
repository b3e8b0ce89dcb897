"""The cell: runs calls in the databases of its tenants and answers them once what they rest on is committed.

Calls that arrive in one turn of the loop share one commit, each but the first within a savepoint of its own:

    call ──▶ begin, handler ───────────────────┐
    call ──▶ savepoint, handler, release ──────┼──▶ commit ──▶ answers, wakes, effects
    call ──▶ savepoint, handler, rollback ─────┘    (the turn's end)
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from inspect import isawaitable
from pathlib import Path
from types import CoroutineType
from typing import Any, TypeVar, cast

from atoll.cell.aftermath import Aftermath
from atoll.cell.claims import Claims
from atoll.cell.deliveries import Deliveries, applied_once
from atoll.cell.hosted import Entry, Hosted, OpenTenants
from atoll.cell.lagoon import CellLagoon
from atoll.cell.marks import Marks
from atoll.cell.moves import Moves
from atoll.cell.reply import FutureReply, NotMine, Reply
from atoll.cell.scheduler import Scheduler
from atoll.cell.scratch import Scratch
from atoll.cell.stateless import Stateless
from atoll.cell.timekeeper import Timekeeper
from atoll.cell.waiters import Waiters
from atoll.cell.world import World
from atoll.core.access import Here
from atoll.core.call import Call, Params
from atoll.core.caller import Caller
from atoll.core.clock import Clock
from atoll.core.effect import Effect
from atoll.core.errors import AwsError, internal_failure, service_unavailable
from atoll.core.lagoon import Lagoon, Stamp
from atoll.core.service import Operation, Registry, Service
from atoll.core.sqlite import apsw
from atoll.core.tenant_id import TenantId
from atoll.index import ChangeKind, Index
from atoll.tenants import Tenant

logger = logging.getLogger(__name__)

T = TypeVar("T")

OPEN_TENANTS = 200
"""More are closed, the longest unused first: an open one costs some 0.2 MB."""


class Cell:
    """Everything happens on the loop that it was made on."""

    def __init__(
        self,
        name: str,
        *,
        registry: Registry,
        index: Index,
        world: World,
        clock: Clock,
        path_of: Callable[[TenantId], Path],
        marks: Path | None,
        full_durability: bool = False,
        open_tenants: int = OPEN_TENANTS,
    ) -> None:
        """`path_of` gives a tenant's folder, `marks` is the file of the cell's own database. Raises apsw.Error."""
        self.name = name
        self.index = index
        self.world = world
        self.clock = clock
        self.registry = registry
        self.loop = asyncio.get_running_loop()
        self.scheduler = Scheduler(clock, self.loop)
        self.waiters = Waiters(clock, self.scheduler, self.loop)
        self.marks = Marks(marks, full=full_durability)
        self.tenants = OpenTenants(
            name,
            limit=open_tenants,
            path_of=path_of,
            index=index,
            marks=self.marks,
            now=clock.now,
            lagoon=lambda id: CellLagoon(self, id, ""),
            full_durability=full_durability,
            in_place=self.effect_here,
        )
        self.deliveries = Deliveries(self)
        self.timekeeper = Timekeeper(self)
        self.claims = Claims(self)
        self.moves = Moves(self)
        self.aftermath = Aftermath(self, full_durability=full_durability)
        index.on_change(self._index_changed)
        self.tenants.on_open = self.aftermath.opened
        self.tenants.on_close = self.timekeeper.closed
        self._scratch = Scratch(clock.now)
        self._stateless = Stateless(self)
        self._operations: dict[tuple[str, str], Operation] = {}
        self.tasks: set[asyncio.Task[Any]] = set()
        self._tenant = self.tenants.get
        self._touch = self.tenants.touch

    def start(self) -> None:
        """Takes up what an earlier process left: timers, undelivered effects, unpublished changes, unsettled claims."""
        self.timekeeper.start()
        self.claims.start()

    async def stop(self) -> None:
        """Gives up waiting calls, then closes every tenant."""
        self.scheduler.stop()
        while self.tasks:
            # Each has its first step, so that none ends without having answered.
            await asyncio.sleep(0)
            for task in self.tasks:
                task.cancel()
            await asyncio.gather(*self.tasks, return_exceptions=True)
        for hosted in self.tenants.all():
            await hosted.committed()
        await self.tenants.close_all()
        self._scratch.close()
        self._stateless.close()
        self.marks.close()

    def _index_changed(self, kind: ChangeKind, key: object) -> None:
        """What open tenants keep of a realm or an account that is gone, or another now, is read anew."""
        if kind in ("realm", "account"):
            for id in [id for id in self.tenants.ids() if key in (id.realm, (id.realm, id.account))]:
                self.spawn(self._reopen(id))

    async def _reopen(self, id: TenantId) -> None:
        await self.tenants.close(id)
        self.waiters.rouse(id)

    @property
    def busy(self) -> bool:
        """Whether a call, a delivery or a timer is under way, or an alarm about to ring."""
        return bool(self.tasks) or self.scheduler.due or any(not hosted.idle for hosted in self.tenants.all())

    # ---- calls

    def run(self, call: Call, reply: Reply) -> None:
        """Runs an operation in its owner's database. The reply comes at once, or after the commit."""
        operation = self._operations.get((call.service, call.operation)) or self._find(call.service, call.operation)
        if operation.service.schema is None and operation.readonly:
            self._run_stateless(operation, call, reply)
            return
        hosted = self._tenant(call.owner)
        if operation.long:
            lagoon = CellLagoon(self, call.owner, call.service)
            self._go_on(operation.handler(call, lagoon), reply, lagoon)
        elif hosted is None or call.service not in hosted.ready:
            self._spawn(self._run_unready(operation.service, call.owner, operation.handler, call, reply), reply)
        elif operation.readonly and not hosted.in_group:
            self._touch(call.owner)
            # What goes on after it may run transactions, which are to use its service's tables.
            hosted.tenant.lagoon = hosted.ready[call.service]
            self._read(hosted.tenant, operation.handler, call, reply, hosted if self.aftermath.full else None)
        else:
            self._touch(call.owner)
            self.run_in_group(hosted, operation.service, operation.handler, call, reply)

    def at_once(self, call: Call) -> Params | None:
        """What a readonly operation answers that needs no waiting; None where it may. Raises AwsError."""
        operation = self._operations.get((call.service, call.operation)) or self._find(call.service, call.operation)
        hosted = self._tenant(call.owner)
        if hosted is None or hosted.in_group or call.service not in hosted.ready:
            return None
        if operation.long or not operation.readonly or self.aftermath.full:
            return None
        self._touch(call.owner)
        try:
            result = operation.handler(call, hosted.tenant)
        except AwsError:
            raise
        except Exception:
            logger.exception("%s %s.%s in %s failed", call.request_id, call.service, call.operation, call.owner)
            raise internal_failure() from None
        if type(result) is CoroutineType:
            result.close()
            return None
        return cast(Params, result)

    def stamp(self, id: TenantId) -> Stamp | None:
        """What is another once anything was written in the tenant; None where that cannot be said here and now."""
        hosted = self._tenant(id)
        if hosted is None or self.aftermath.full:
            return None
        return hosted.opening, hosted.tenant.db.total_changes()

    def _run_stateless(self, operation: Operation, call: Call, reply: Reply) -> None:
        """An operation of a service that has no tables: no tenant is opened for it."""
        tenant = self._stateless.get(call.owner)
        if tenant is None:
            self._spawn(self._make_stateless(operation, call, reply), reply)
        else:
            self._read(tenant, operation.handler, call, reply)

    async def _make_stateless(self, operation: Operation, call: Call, reply: Reply) -> None:
        try:
            tenant = await self._stateless.make(call.owner, call.service)
        except AwsError as error:
            reply.done(None, error)
        except Exception:
            reply.done(None, self._failed(call, reply))
        else:
            self._read(tenant, operation.handler, call, reply)

    def apply(self, effect: Effect, call: Call, reply: Reply) -> None:
        """Runs the call that an effect is, unless it was applied before."""
        operation = self._operations.get((call.service, call.operation)) or self._find(call.service, call.operation)
        if operation.long:
            reply.done(None, internal_failure())
            raise TypeError(f"{call.service}.{call.operation} waits: an effect must be one transaction")

        handler = applied_once(effect, operation)
        hosted = self._tenant(call.owner)
        if hosted is None or call.service not in hosted.ready:
            self._spawn(self._run_unready(operation.service, call.owner, handler, call, reply), reply)
        else:
            self._touch(call.owner)
            self.run_in_group(hosted, operation.service, handler, call, reply)

    async def transact(self, id: TenantId, service: str, function: Callable[..., T], *args: Any) -> T:
        """Runs `function(tenant, *args)` as a transaction; returns when it has committed."""
        hosted = self._tenant(id)
        if hosted is not None and service in hosted.ready:
            self._touch(id)
            return await self.transact_hosted(hosted, service, function, *args)
        reply = FutureReply(self.loop)
        await self._run_unready(self.registry[service], id, _as_handler(function, args), None, reply)
        return cast(T, await reply.wait())

    async def transact_hosted(self, hosted: Hosted, service: str, function: Callable[..., T], *args: Any) -> T:
        """The same in a tenant that is open and kept so; the service's tables are made where they are not there."""
        reply = FutureReply(self.loop)
        self.run_in_group(hosted, self.registry[service], _as_handler(function, args), None, reply)
        return cast(T, await reply.wait())

    async def transact_engine(self, hosted: Hosted, function: Callable[..., T], *args: Any) -> T:
        """The same for the engine's own tables, in a tenant that is open and kept so."""
        reply = FutureReply(self.loop)
        self.run_in_group(hosted, None, lambda _call, tenant: function(tenant, *args), None, reply)
        return cast(T, await reply.wait())

    def _find(self, service: str, name: str) -> Operation:
        operation = self._operations[service, name] = self.registry[service].operations[name]
        return operation

    # ---- transactions

    def _read(
        self, tenant: Tenant, handler: Callable[..., Any], call: Call, reply: Reply, unsynced: Hosted | None = None
    ) -> None:
        """Answers at once; where what is read may not be on the disk yet (`unsynced`), after it is."""
        before = tenant.db.total_changes()
        try:
            result = handler(call, tenant)
        except AwsError as error:
            self._answer_read(unsynced, reply, None, error)
            return
        except Exception:
            reply.done(None, self._failed(call, reply))
            return
        if tenant.db.total_changes() != before:
            reply.done(None, internal_failure())
            raise TypeError(f"{call.service}.{call.operation} is registered as readonly and wrote")
        if type(result) is CoroutineType:
            self._go_on(result, reply)
        else:
            self._answer_read(unsynced, reply, result, None)

    def _answer_read(
        self, unsynced: Hosted | None, reply: Reply, result: Params | None, error: AwsError | None
    ) -> None:
        if unsynced is None:
            reply.done(result, error)
        else:
            self.aftermath.after_sync(unsynced, (reply, result, error))

    def run_in_group(
        self, hosted: Hosted, service: Service | None, handler: Callable[..., Any], call: Call | None, reply: Reply
    ) -> None:
        """Runs `handler(call, tenant)` in the transaction of this turn; without a service it is the engine's own."""
        tenant = hosted.tenant
        db = tenant.db
        # The first has nothing before it in the transaction that a savepoint would keep.
        first = not hosted.in_group
        if first:
            try:
                db.begin()
            except apsw.Error:
                reply.done(None, self._failed(call, reply))
                return
            hosted.in_group = True
            self.loop.call_soon(self._commit, hosted)
        elif hosted.lost:
            reply.done(None, internal_failure())
            return
        else:
            db.savepoint()
        wakes, effects, awaited = len(tenant.wakes), len(tenant.effects), len(tenant.awaited)
        before = db.total_changes()
        result: Any = None
        failure: AwsError | None = None
        try:
            if service is not None:
                tenant.lagoon = hosted.ready.get(service.name) or self._make_ready(hosted, service)
            result = handler(call, tenant)
            if not first:
                db.release()
        except Exception as error:
            failure = error if isinstance(error, AwsError) else self._failed(call, reply)
            del tenant.wakes[wakes:], tenant.effects[effects:], tenant.awaited[awaited:]
            self._undo(hosted, all=first, changed=db.total_changes() != before)
        (hosted.patient if len(tenant.awaited) > awaited else hosted.group).append((reply, result, failure))

    def _make_ready(self, hosted: Hosted, service: Service) -> Lagoon:
        """A service whose tables are there, and of today's version, from now on; within a transaction."""
        tenant = hosted.tenant
        tenant.db.add_service(service)
        lagoon = hosted.ready[service.name] = CellLagoon(self, tenant.id, service.name)
        return lagoon

    def effect_here(
        self, tenant: Tenant, caller: Caller, service: str, operation: str, params: Params
    ) -> Params | None:
        """`Tenant.effect_here`, for one that is open here and has a transaction under way."""
        id, db = tenant.id, tenant.db
        hosted = self._tenant(id)
        if hosted is None or hosted.tenant is not tenant or service not in db.services:
            return None
        found = self._operations.get((service, operation)) or self._find(service, operation)
        if type(found.access.owner) is Here:
            owner: tuple[str, str, str] | None = (caller.realm, caller.account, caller.region)
        else:
            owner = self.world.owner_now(service, operation, params, caller)
        if owner != id:
            return None
        lagoon = tenant.lagoon
        tenant.lagoon = hosted.ready.get(service) or self._make_ready(hosted, found.service)
        try:
            result: Any = found.handler(Call(service, operation, params, caller, id, ""), tenant)
            if type(result) is CoroutineType:
                result.close()
                raise TypeError(f"{service}.{operation} waits: an effect must be one transaction")
        finally:
            tenant.lagoon = lagoon
        answer: Params = result
        return answer

    def _undo(self, hosted: Hosted, *, all: bool, changed: bool) -> None:
        db = hosted.tenant.db
        try:
            if all:
                db.rollback()
                db.begin()
            else:
                db.rollback_to_savepoint()
            if changed:
                hosted.tenant.memory.clear()
                hosted.check_ready()
        except apsw.Error:
            hosted.lost = True

    def _commit(self, hosted: Hosted) -> None:
        tenant = hosted.tenant
        group, patient = hosted.group, hosted.patient
        hosted.group, hosted.patient = [], []
        try:
            if hosted.lost:
                raise apsw.SQLError("an operation lost the transaction")
            tenant.db.commit()
        except apsw.Error:
            logger.exception("%s: a commit failed, and with it %d calls", tenant.id, len(group + patient))
            tenant.forget()
            try:
                tenant.db.rollback()
                hosted.check_ready()
            except apsw.Error:
                logger.exception("%s: what could not be committed cannot be undone either", tenant.id)
            hosted.in_group = hosted.lost = False
            self.refuse(group + patient)
            return
        hosted.in_group = False
        if tenant.wakes:
            wakes, tenant.wakes = tenant.wakes, []
            if self.waiters.any:
                for key in wakes:
                    self.waiters.wake(tenant.id, key)
        if self.aftermath.needed(hosted):
            self.aftermath.start(hosted, group, patient)
        else:
            self.answer(group)

    def answer(self, group: Iterable[Entry]) -> None:
        for reply, result, error in group:
            if type(result) is CoroutineType:
                self._go_on(result, reply)
            else:
                reply.done(result, error)

    def refuse(self, group: Iterable[Entry]) -> None:
        """None of it is sure to last."""
        for reply, result, _ in group:
            if isinstance(result, CoroutineType):
                result.close()
            reply.done(None, internal_failure())

    async def _run_unready(
        self, service: Service, id: TenantId, handler: Callable[..., Any], call: Call | None, reply: Reply
    ) -> None:
        """Opens the tenant, or tries on scratch tables whether the call needs any."""
        try:
            hosted = await self.tenants.open(id)
            if hosted is None or service.name not in hosted.tenant.db.services:
                realm = hosted.tenant.realm if hosted else await self.tenants.realm(id.realm)
                wrote, result = self._scratch.attempt(
                    service, id, realm, CellLagoon(self, id, service.name), lambda tenant: handler(call, tenant)
                )
                if not wrote:
                    self.answer([(reply, result, None)])
                    return
                if isinstance(result, CoroutineType):
                    result.close()
                hosted = await self.tenants.open(id, make=True)
            assert hosted is not None
            self.run_in_group(hosted, service, handler, call, reply)
        except (AwsError, NotMine) as error:
            reply.done(None, error)
        except Exception:
            reply.done(None, self._failed(call, reply))

    # ---- tasks

    def _go_on(self, coroutine: Coroutine[Any, Any, Params], reply: Reply, lagoon: CellLagoon | None = None) -> None:
        if reply.gone:
            coroutine.close()
        else:
            self._spawn(self._finish(coroutine, reply, lagoon), reply)

    async def _finish(self, coroutine: Coroutine[Any, Any, Params], reply: Reply, lagoon: CellLagoon | None) -> None:
        try:
            result = await coroutine
        except AwsError as error:
            reply.done(None, error)
        except NotMine as error:
            # What has begun here must not begin again elsewhere, unless the caller says so.
            begun = lagoon is None or lagoon.used
            reply.done(None, service_unavailable() if begun else error)
        except asyncio.CancelledError:
            reply.done(None, service_unavailable())
            raise
        except Exception:
            reply.done(None, self._failed(None, reply))
        else:
            reply.done(result, None)

    def _spawn(self, coroutine: Coroutine[Any, Any, None], reply: Reply) -> None:
        reply.goes_on(self.spawn(coroutine))

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """A task that ends with the cell."""
        task = self.loop.create_task(coroutine)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    def _failed(self, call: Call | None, reply: Reply) -> AwsError:
        """Logs what went wrong here; to be called while the exception is handled."""
        if call is None:
            logger.exception("%s: a transaction, or what followed it, failed", reply.request_id or "-")
        else:
            logger.exception("%s %s.%s in %s failed", call.request_id, call.service, call.operation, call.owner)
        return internal_failure()


def _as_handler(function: Callable[..., Any], args: tuple[Any, ...]) -> Callable[[None, Tenant], Any]:
    def handler(_call: None, tenant: Tenant) -> Any:
        result = function(tenant, *args)
        if isawaitable(result):
            if isinstance(result, CoroutineType):
                result.close()
            raise TypeError(f"a transaction cannot wait: {function!r} returned an awaitable")
        return result

    return handler
