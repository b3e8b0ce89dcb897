"""Names claimed and neither confirmed nor released (a crash lay between): settled by asking the holder."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from atoll.index import Name
from atoll.tenants import Tenant

if TYPE_CHECKING:
    from atoll.cell.cell import Cell

logger = logging.getLogger(__name__)

ROUND = 60.0
"""Seconds between two looks for claims that have expired."""


class Claims:
    def __init__(self, cell: Cell) -> None:
        self._cell = cell

    def start(self) -> None:
        self._cell.scheduler.at(self._cell.clock.now(), self._ring)

    def _ring(self) -> None:
        self._cell.spawn(self._go_round())

    async def _go_round(self) -> None:
        try:
            await self.settle()
        except Exception:
            logger.exception("claims of names could not be settled; tried again in %d s", ROUND)
        self._cell.scheduler.at(self._cell.clock.now() + ROUND, self._ring)

    async def settle(self) -> None:
        """Confirms or releases every expired claim whose holder lives in this cell."""
        index = self._cell.index
        for claim in await index.pending(self._cell.clock.now()):
            placement = await index.placement(claim.holder)
            if placement is not None and placement.cell != self._cell.name:
                continue
            hosted = await self._cell.tenants.open(claim.holder)

            if hosted is not None and await self._cell.transact_engine(hosted, _holds, claim):
                await index.confirm(claim.holder.realm, claim.kind, claim.name, claim.generation)
            else:
                await index.release(claim.holder.realm, claim.kind, claim.name, claim.generation)


def _holds(tenant: Tenant, claim: Name) -> bool:
    return tenant.catalogue.holds(claim.kind, claim.name, claim.generation)
