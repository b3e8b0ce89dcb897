"""Delivers effects: after the commit that caused them, in their lane's order, again until they are answered."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from atoll.core.effect import Effect
from atoll.core.errors import AwsError
from atoll.tenants import Tenant
from atoll.tenants.outbox import Pending

if TYPE_CHECKING:
    from atoll.cell.cell import Cell
    from atoll.cell.hosted import Hosted

logger = logging.getLogger(__name__)

AT_ONCE = 100
"""How many effects of a cell are under way at a time."""

Load = tuple[Pending, int]
"""A pending effect, and the lowest sequence of its nonce that is not settled."""


class Deliveries:
    def __init__(self, cell: Cell) -> None:
        self._cell = cell
        self._places = asyncio.Semaphore(AT_ONCE)

    def start(self, hosted: Hosted, effects: list[tuple[str, int]]) -> None:
        """Sets out with the given (lane, row), each the first of its lane. Reads, so no transaction may be open."""
        for lane, row in effects:
            name = lane or row
            if name in hosted.lanes:
                continue
            load = _load(hosted.tenant, row)
            if load is not None and load[0].due <= self._cell.clock.now():
                hosted.lanes.add(name)
                hosted.users += 1
                self._cell.spawn(self._run_lane(hosted, name, load))
            elif load is not None:
                self._cell.timekeeper.not_later(hosted, load[0].due)

    async def _run_lane(self, hosted: Hosted, lane: str | int, load: Load | None) -> None:
        """Delivers one after the other until the lane is empty, or has to wait."""
        try:
            while load is not None and load[0].due <= self._cell.clock.now():
                async with self._places:
                    load = await self._deliver(hosted, *load)
        finally:
            hosted.lanes.discard(lane)
            hosted.users -= 1
            if load is not None:
                self._cell.timekeeper.not_later(hosted, load[0].due)

    async def _deliver(self, hosted: Hosted, pending: Pending, floor: int) -> Load | None:
        """What the lane has next; the same again, later, where it could not be delivered."""
        effect = Effect(
            pending.id,
            floor,
            hosted.tenant.id,
            pending.service,
            pending.operation,
            pending.params,
            pending.caller,
        )
        try:
            await self._cell.world.apply(effect)
        except AwsError as error:
            if error.fault == "Receiver":
                return await self._cell.transact_engine(hosted, _put_off, pending)
            if pending.refused is None:
                logger.warning(
                    "%s: %s.%s was refused and is dropped: %s",
                    hosted.tenant.id,
                    pending.service,
                    pending.operation,
                    error,
                )
            load = await self._cell.transact_engine(hosted, _settle_refused, pending)
        else:
            load = await self._cell.transact_engine(hosted, _settle, pending)
        if (arrival := hosted.arrivals.pop(pending.row, None)) is not None and not arrival.done():
            arrival.set_result(None)
        return load


def _load(tenant: Tenant, row: int | None) -> Load | None:
    pending = None if row is None else tenant.outbox.get(row)
    return None if pending is None else (pending, tenant.outbox.floor(pending.id.nonce))


def _settle(tenant: Tenant, pending: Pending) -> Load | None:
    tenant.outbox.settle(pending)
    return _load(tenant, tenant.outbox.next_in_lane(pending.lane)) if pending.lane else None


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


def _put_off(tenant: Tenant, pending: Pending) -> Load | None:
    tenant.outbox.put_off(pending, tenant.now())
    return _load(tenant, pending.row)
