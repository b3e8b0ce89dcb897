"""The lagoon as a cell gives it to an operation."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Hashable
from typing import TYPE_CHECKING, Any, TypeVar

from atoll.cell.reply import NotMine
from atoll.core.call import Call, Params
from atoll.core.ids import hex_id
from atoll.core.lagoon import Claim, Stamp
from atoll.core.tenant_id import TenantId
from atoll.core.threads import in_thread

if TYPE_CHECKING:
    from atoll.cell.cell import Cell

T = TypeVar("T")

CLAIM_SECONDS = 60.0
"""How long a claim may stay unconfirmed before its holder is asked."""


class CellLagoon:
    """Bound to one tenant and, once an operation has it, to the service whose tables its transactions use."""

    __slots__ = ("_cell", "_service", "here", "used")

    def __init__(self, cell: Cell, here: TenantId, service: str) -> None:
        self._cell = cell
        self._service = service
        self.here = here
        self.used = False
        """Whether the operation has done anything that must not be done twice."""

    def now(self) -> float:
        return self._cell.clock.now()

    async def transaction(self, function: Callable[..., T], *args: Any) -> T:
        if inspect.iscoroutinefunction(function):
            raise TypeError(f"a transaction cannot wait: {function.__qualname__} is a coroutine function")
        result: T = await self._cell.transact(self.here, self._service, function, *args)
        self.used = True
        return result

    async def call(self, cause: Call, service: str, operation: str, params: Params) -> Params:
        self.used = True
        return await self._cell.world.call(cause, service, operation, params)

    def at_once(self, cause: Call, service: str, operation: str, params: Params) -> Params | None:
        return self._cell.world.at_once(cause, service, operation, params)

    def stamp(self, place: TenantId) -> Stamp | None:
        return self._cell.stamp(place) if place.realm == self.here.realm else None

    def until(
        self, deadline: float, woken_by: Hashable, *, next_look: Callable[[], float | None] | None = None
    ) -> AsyncIterator[None]:
        return self._cell.waiters.until(self.here, woken_by, deadline, next_look)

    async def claim(self, kind: str, name: str) -> Claim:
        claim = Claim(kind, name, hex_id(32), self.now() + CLAIM_SECONDS)
        # Should the claim never be confirmed, it is settled by the cell that has its holder.
        placement = await self._cell.index.place(self.here, self._cell.name)
        if placement.cell != self._cell.name:
            raise NotMine(self.here, placement.cell)
        self.used = True
        await self._cell.index.claim(self.here.realm, kind, name, self.here, claim.generation, claim.expires)
        return claim

    async def release(self, claim: Claim) -> None:
        await self._cell.index.release(self.here.realm, claim.kind, claim.name, claim.generation)

    async def in_thread(self, function: Callable[..., T], *args: Any) -> T:
        return await in_thread(function, *args)
