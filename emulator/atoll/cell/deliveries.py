"""Delivers effects: after the commit that caused them, in their lane's order, again until they are answered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from types import CoroutineType
from typing import TYPE_CHECKING

from atoll.core.call import Call, Params
from atoll.core.effect import Effect
from atoll.core.errors import AwsError
from atoll.core.service import Operation
from atoll.core.tenant_id import TenantId
from atoll.tenants import Tenant
from atoll.tenants.outbox import LAST_RETRY, Pending

if TYPE_CHECKING:
    from atoll.cell.cell import Cell
    from atoll.cell.hosted import Hosted

logger = logging.getLogger(__name__)

AT_ONCE = 100
"""How many effects of a cell are under way at a time."""

PATIENCE = 30.0
"""Seconds that one attempt takes at most."""

LONGEST_PROBLEM = 500
"""Characters that are kept of why an attempt failed."""

Load = tuple[Pending, int]
"""A pending effect, and the lowest sequence of its nonce that is not settled."""


class Lane:
    """A lane that is being delivered. `more` says that it was added to since its next effect was looked for."""

    __slots__ = ("more", "task")

    def __init__(self) -> None:
        self.more = False
        self.task: asyncio.Task[None] | None = None


class Deliveries:
    def __init__(self, cell: Cell) -> None:
        self._cell = cell
        self._places = asyncio.Semaphore(AT_ONCE)

    def start(self, hosted: Hosted, effects: list[tuple[str, int]]) -> None:
        """Sets out with the lanes of the given (lane, row). Reads, so no transaction may be open."""
        for lane, row in effects:
            name = lane or row
            if (under_way := hosted.lanes.get(name)) is not None:
                under_way.more = True
                continue
            # Others may wait before it in its lane.
            load = _next(hosted.tenant, name)
            if load is None:
                continue
            if load[0].due > self._cell.clock.now():
                self._cell.timekeeper.not_later(hosted, load[0].due)
                continue
            started = hosted.lanes[name] = Lane()
            hosted.enter()
            started.task = self._cell.spawn(self._run_lane(hosted, name, started, load))

    async def _run_lane(self, hosted: Hosted, name: str | int, lane: Lane, load: Load | None) -> None:
        """Delivers one after the other until the lane is empty, or has to wait."""
        again: float | None = self._cell.clock.now()
        try:
            while load is not None and load[0].due <= self._cell.clock.now():
                async with self._places:
                    load = await self._deliver(hosted, *load)
                if load is None and lane.more:
                    lane.more = False
                    load = await self._cell.transact_engine(hosted, _next, name)
            again = None if load is None else load[0].due
        except Exception:
            again = self._cell.clock.now() + LAST_RETRY
            logger.exception("%s: effects could not be delivered; tried again in %d s", hosted.tenant.id, LAST_RETRY)
        finally:
            del hosted.lanes[name]
            hosted.leave()
            if again is not None:
                self._cell.timekeeper.not_later(hosted, again)

    async def _deliver(self, hosted: Hosted, pending: Pending, floor: int) -> Load | None:
        """What the lane has next; the same again, later, where it could not be delivered."""
        effect = as_effect(pending, floor, hosted.tenant.id)
        try:
            # A target that hangs must not keep the place of another's effect.
            async with asyncio.timeout(PATIENCE):
                await self._cell.world.apply(effect)
        except AwsError as error:
            if error.fault == "Receiver" and not self._gives_up(pending):
                return await self._put_off(hosted, pending, str(error))
            if pending.refused is None:
                logger.warning(
                    "%s: %s.%s was refused and is dropped: %s",
                    hosted.tenant.id,
                    pending.service,
                    pending.operation,
                    error,
                )
            load = await self._cell.transact_engine(hosted, _settle_refused, pending)
        except TimeoutError:
            logger.warning("%s: %s.%s was not answered in time", hosted.tenant.id, pending.service, pending.operation)
            return await self._put_off(hosted, pending, f"The target gave no answer in {PATIENCE:.0f} s")
        except Exception as error:
            logger.exception("%s: %s.%s failed", hosted.tenant.id, pending.service, pending.operation)
            return await self._put_off(hosted, pending, f"{type(error).__name__}: {error}")
        else:
            load = await self._cell.transact_engine(hosted, _settle, pending)
        if (arrival := hosted.arrivals.pop(pending.row, None)) is not None and not arrival.done():
            arrival.set_result(None)
        return load

    def _gives_up(self, pending: Pending) -> bool:
        return pending.gives_up is not None and self._cell.clock.now() >= pending.gives_up

    async def _put_off(self, hosted: Hosted, pending: Pending, problem: str) -> Load | None:
        return await self._cell.transact_engine(hosted, _put_off, pending, problem[:LONGEST_PROBLEM])


def as_effect(pending: Pending, floor: int, source: TenantId) -> Effect:
    return Effect(pending.id, floor, source, pending.service, pending.operation, pending.params, pending.caller)


def applied_once(effect: Effect, operation: Operation) -> Callable[[Call, Tenant], Params]:
    """The operation's handler, which does nothing where the tenant has applied the effect before."""

    def handler(call: Call, tenant: Tenant) -> Params:
        if not tenant.inbox.admit(effect.id, effect.floor):
            return {}
        result = operation.handler(call, tenant)
        if isinstance(result, CoroutineType):
            result.close()
            raise TypeError(f"{call.service}.{call.operation} waits: an effect must be one transaction")
        params: Params = result
        return params

    return handler


def _load(tenant: Tenant, row: int | None) -> Load | None:
    pending = None if row is None else tenant.outbox.get(row)
    return None if pending is None else (pending, tenant.outbox.floor(pending.id.nonce))


def _next(tenant: Tenant, lane: str | int) -> Load | None:
    """The first of a lane; of an effect without a lane, that one."""
    return _load(tenant, tenant.outbox.next_in_lane(lane) if isinstance(lane, str) else lane)


def _settle(tenant: Tenant, pending: Pending) -> Load | None:
    tenant.outbox.settle(pending)
    return _next(tenant, pending.lane) if pending.lane else None


def _settle_refused(tenant: Tenant, pending: Pending) -> Load | None:
    refused = pending.refused
    if refused is not None:
        tenant.effect(
            pending.caller,
            refused.service,
            refused.operation,
            refused.params,
            lane=refused.lane,
            payload=pending.payload,
        )
    return _settle(tenant, pending)


def _put_off(tenant: Tenant, pending: Pending, problem: str) -> Load | None:
    tenant.outbox.put_off(pending, tenant.now(), problem)
    return _load(tenant, pending.row)
