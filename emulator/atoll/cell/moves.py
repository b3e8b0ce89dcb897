"""Tenants that come and go: given away to another cell, taken over from one, erased, told to the index anew."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from atoll.cell.reply import NotMine
from atoll.core.tenant_id import TenantId

if TYPE_CHECKING:
    from atoll.cell.cell import Cell


class Moves:
    def __init__(self, cell: Cell) -> None:
        self._cell = cell

    async def give_away(
        self, id: TenantId, to: str, hand_over: Callable[[Path], Awaitable[None]] | None = None
    ) -> None:
        """From now on the tenant is that of the cell named `to`, which is to `take_over`. `hand_over` is given the
        closed tenant's folder, to bring what is in it to where that cell looks; without it both look at the same.

        Calls that arrive meanwhile get NotMine. What waits in the tenant, or is between two transactions, ends with
        ServiceUnavailable. Raises NotMine where the tenant is another's.
        """
        cell = self._cell
        placement = await cell.index.place(id, cell.name)
        if placement.cell != cell.name:
            raise NotMine(id, placement.cell)
        try:
            await cell.tenants.leave(id, to)
            if hand_over is not None:
                await hand_over(cell.tenants.path_of(id))
            if await cell.index.move(id, cell.name, placement.epoch, to) is None:
                raise NotMine(id, to)
        finally:
            cell.tenants.stay_or_gone(id)
        cell.marks.closed(id, None)
        cell.timekeeper.closed(id, None)
        cell.waiters.rouse(id)

    async def erase(self, id: TenantId) -> None:
        """Deletes the tenant with everything in it, as soon as what is under way in it has come to an end. What waits
        in it ends."""
        cell = self._cell
        try:
            await cell.tenants.leave(id, cell.name)
            # In this order, so that after a crash in between there are files that the index can be told of again.
            await cell.index.forget(id)
            folder = cell.tenants.path_of(id)
            if folder.exists():
                await asyncio.get_running_loop().run_in_executor(None, shutil.rmtree, folder)
        finally:
            cell.tenants.stay_or_gone(id)
        cell.marks.closed(id, None)
        cell.timekeeper.closed(id, None)
        cell.waiters.rouse(id)

    async def take_over(self, id: TenantId) -> None:
        """Takes up what is under way in a tenant that was given to this cell. Raises NotMine where it was not."""
        await self._cell.tenants.open(id)

    async def publish_all(self, ids: Iterable[TenantId]) -> None:
        """Tells an index that was lost, and begun anew, what is in these tenants, all of them this cell's."""
        for id in ids:
            hosted = await self._cell.tenants.open(id)
            if hosted is not None:
                hosted.epoch = (await self._cell.index.place(id, self._cell.name)).epoch
                await self._cell.aftermath.republish(hosted)
