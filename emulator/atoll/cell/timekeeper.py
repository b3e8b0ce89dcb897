"""Work that time causes in the tenants of a cell, also in closed ones and after a restart: timers and retries."""

from __future__ import annotations

import logging
from collections.abc import Coroutine
from types import CoroutineType
from typing import TYPE_CHECKING, Any

from atoll.cell.reply import NotMine
from atoll.cell.scheduler import Alarm
from atoll.core.tenant_id import TenantId
from atoll.tenants import Tenant, Waiting

if TYPE_CHECKING:
    from atoll.cell.cell import Cell
    from atoll.cell.hosted import Hosted

logger = logging.getLogger(__name__)

RETRY = 60.0
"""Seconds until what failed for a fault of ours is tried again."""
_NOTHING = Waiting()


class Timekeeper:
    def __init__(self, cell: Cell) -> None:
        self._cell = cell
        self._alarms: dict[TenantId, Alarm] = {}
        self._running: dict[TenantId, bool] = {}
        """Tenants that are being looked into, and whether one rang meanwhile."""
        self._left: dict[TenantId, Waiting] = {}
        """Effects that were left waiting in tenants when these were closed."""

    def start(self) -> None:
        for id, due in self._cell.marks.left():
            self._set(id, self._cell.clock.now() if due is None else due)

    def opened(self, hosted: Hosted) -> None:
        """Timers, and effects that were under way when the tenant was closed."""
        self._left.pop(hosted.tenant.id, None)
        due = hosted.tenant.next_due()
        if due is not None:
            self.not_later(hosted, due)

    def changed(self, hosted: Hosted) -> None:
        """The tenant's next timer may be another. Reads, so no transaction may be open."""
        due = hosted.tenant.timers.next_due()
        if due is not None:
            self.not_later(hosted, due)

    def not_later(self, hosted: Hosted, due: float) -> None:
        self._not_later(hosted.tenant.id, due)

    def _not_later(self, id: TenantId, due: float) -> None:
        alarm = self._alarms.get(id)
        if alarm is None or due < alarm.due:
            self._set(id, due)

    def waiting(self) -> dict[TenantId, Waiting]:
        """The tenants in which effects wait. Of those that another process closed, since they are looked into: a minute
        after the start at the latest."""
        found = {hosted.tenant.id: hosted.tenant.outbox.waiting() for hosted in self._cell.tenants.all()}
        return {id: waiting for id, waiting in {**self._left, **found}.items() if waiting.count}

    def closed(self, id: TenantId, due: float | None, waiting: Waiting = _NOTHING) -> None:
        """Or erased, or given away."""
        if waiting.count:
            self._left[id] = waiting
        else:
            self._left.pop(id, None)
        if due is not None:
            self._set(id, due)
        elif (alarm := self._alarms.pop(id, None)) is not None:
            alarm.cancel()

    def _set(self, id: TenantId, due: float) -> None:
        if (alarm := self._alarms.get(id)) is not None:
            alarm.cancel()
        self._alarms[id] = self._cell.scheduler.at(due, lambda: self._ring(id))

    def _ring(self, id: TenantId) -> None:
        del self._alarms[id]
        if id in self._running:
            self._running[id] = True
        else:
            self._running[id] = False
            self._cell.spawn(self._look_into(id))

    async def _look_into(self, id: TenantId) -> None:
        """Runs what is due, sets out with effects that are, and sets the alarm for what is next."""
        try:
            hosted = await self._cell.tenants.open(id)
            if hosted is None:
                self._cell.marks.closed(id, None)
                return
            hosted.enter()
            try:
                for service, name, key in await self._cell.transact_engine(hosted, _due_timers):
                    await self._run_timer(hosted, service, name, key)
                lanes = await self._cell.transact_engine(hosted, _due_lanes)
                if lanes:
                    await self._cell.transact_engine(hosted, _set_out, lanes)
                next_due = await self._cell.transact_engine(hosted, _next_timer)
                if next_due is not None:
                    self.not_later(hosted, next_due)
            finally:
                hosted.leave()
        except NotMine:
            if not self._cell.tenants.leaving(id):
                self._cell.marks.closed(id, None)
        except Exception:
            logger.exception("%s: what is due could not be done; tried again in %d s", id, RETRY)
            self._not_later(id, self._cell.clock.now() + RETRY)
        finally:
            if self._running.pop(id):
                self._not_later(id, self._cell.clock.now())

    async def _run_timer(self, hosted: Hosted, service: str, name: str, key: str) -> None:
        goes_on: list[CoroutineType[Any, Any, None]] = []

        def run(tenant: Tenant) -> None:
            due = tenant.timer_due(service, name, key)
            if due is None or due > tenant.now():
                # Since it was found due, a call has taken it away or put it off.
                return
            tenant.set_timer(service, name, key, None)
            result = self._cell.registry[service].timers[name](tenant, key)
            if type(result) is CoroutineType:
                goes_on.append(result)

        try:
            # In the tenant that is open and kept so: whoever wants to open it may have to wait until it is left.
            await self._cell.transact_hosted(hosted, service, run)
            if goes_on:
                self._cell.spawn(self._go_on(hosted.tenant.id, f"{service}.{name} {key}", goes_on.pop()))
        except NotMine:
            raise
        except Exception:
            # It holds up no other: not even that of a service which this Atoll lacks.
            logger.exception(
                "%s: timer %s.%s %s failed; tried again in %d s", hosted.tenant.id, service, name, key, RETRY
            )
            again = self._cell.clock.now() + RETRY
            await self._cell.transact_engine(hosted, _set_timer, service, name, key, again)
        finally:
            for coroutine in goes_on:
                coroutine.close()

    async def _go_on(self, id: TenantId, timer: str, coroutine: Coroutine[Any, Any, None]) -> None:
        """What a timer goes on with once its transaction has committed. It is tried once."""
        try:
            await coroutine
        except Exception:
            logger.exception("%s: what timer %s went on with failed", id, timer)


def _due_timers(tenant: Tenant) -> list[tuple[str, str, str]]:
    return tenant.timers.due_by(tenant.now())


def _set_timer(tenant: Tenant, service: str, name: str, key: str, due: float) -> None:
    tenant.timers.set(service, name, key, due)


def _due_lanes(tenant: Tenant) -> list[tuple[str, int]]:
    return tenant.outbox.lanes()


def _set_out(tenant: Tenant, lanes: list[tuple[str, int]]) -> None:
    """Effects from before are set out with like those of this transaction."""
    tenant.effects.extend(lanes)


def _next_timer(tenant: Tenant) -> float | None:
    return tenant.timers.next_due()
