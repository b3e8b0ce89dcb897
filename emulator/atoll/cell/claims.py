"""Names claimed and neither confirmed nor released (a crash lay between): settled by asking the holder."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from atoll.cell.lagoon import CLAIM_SECONDS
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
        # Whoever made a claim before this process began has gone, so those need not expire first.
        before = self._cell.clock.now() + CLAIM_SECONDS
        self._cell.scheduler.at(self._cell.clock.now(), lambda: self._ring(before))

    def _ring(self, before: float) -> None:
        self._cell.spawn(self._go_round(before))

    async def _go_round(self, before: float) -> None:
        try:
            await self.settle(before)
        except Exception:
            logger.exception("claims of names could not be settled; tried again in %d s", ROUND)
        now = self._cell.clock.now
        self._cell.scheduler.at(now() + ROUND, lambda: self._ring(now()))

    async def settle(self, before: float) -> None:
        """Confirms or releases every claim that expires before that moment and whose holder lives in this cell."""
        for claim in await self._cell.index.pending(before):
            placement = await self._cell.index.placement(claim.holder)
            if placement is None or placement.cell != self._cell.name:
                continue
            try:
                await self._settle(claim)
            except Exception:
                logger.exception("the claim of %s by %s could not be settled", claim.name, claim.holder)

    async def _settle(self, claim: Name) -> None:
        hosted = await self._cell.tenants.open(claim.holder)
        settle = self._cell.index.release
        if hosted is not None and await self._cell.transact_engine(hosted, _holds, claim):
            settle = self._cell.index.confirm
        await settle(claim.holder.realm, claim.kind, claim.name, claim.generation)


def _holds(tenant: Tenant, claim: Name) -> bool:
    return tenant.catalogue.holds(claim.kind, claim.name, claim.generation)
