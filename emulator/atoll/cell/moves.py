"""Tenants that come and go: given away to another cell, taken over from one, looked at together, replaced, emptied,
erased, told to the index anew."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

from atoll.cell.reply import NotMine
from atoll.core.service import Service
from atoll.core.tenant_id import TenantId
from atoll.core.threads import in_thread
from atoll.tenants import Tenant
from atoll.tenants.copy import View

if TYPE_CHECKING:
    from atoll.cell.cell import Cell


PATIENCE = 10.0
"""Seconds that tenants may take to come to rest, so that they can be replaced."""


class Moves:
    def __init__(self, cell: Cell) -> None:
        self._cell = cell
        self._turn = asyncio.Lock()
        """Two that close the same tenant would be in each other's way."""

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
        self._gone(id)

    async def erase(self, id: TenantId) -> None:
        """Deletes the tenant with everything in it, as soon as what is under way in it has come to an end. What waits
        in it ends."""
        async with self._turn:
            await self._erase(id)

    async def _erase(self, id: TenantId) -> None:
        cell = self._cell
        try:
            await cell.tenants.hold(id)
            # In this order, so that after a crash in between there are files that the index can be told of again.
            await cell.index.forget(id)
            folder = cell.tenants.path_of(id)
            if folder.exists():
                await in_thread(shutil.rmtree, folder)
        finally:
            cell.tenants.let_go(id)
        self._gone(id)

    def _gone(self, id: TenantId) -> None:
        """It is no longer this cell's to look into, and what waited in it ends."""
        self._cell.marks.closed(id, None)
        self._cell.timekeeper.closed(id, None)
        self._cell.waiters.rouse(id)

    async def empty(self, id: TenantId, service: Service) -> None:
        """Deletes all that one service has in the tenant, timers and catalogue included. Effects that it caused go on.
        What waits in the tenant looks again."""
        async with self._turn:
            await self._cell.transact(id, service.name, Tenant.empty, service)
        self._cell.waiters.rouse(id)

    async def look(self, ids: Iterable[TenantId]) -> list[View]:
        """What these tenants have committed at one and the same moment, to be copied while calls go on.

        All commits are made on the loop, so calls are held for just as long as it takes to begin to read. An effect
        that is not in its target's view is still in its source's. Raises apsw.CantOpenError where one was erased.
        """
        ids = list(ids)
        async with self._turn:
            await self._cell.tenants.settled(ids)
            with ExitStack() as opened:
                views = [opened.enter_context(closing(View(self._cell.tenants.path_of(id)))) for id in ids]
                opened.pop_all()
        return views

    async def replace(self, ids: Sequence[TenantId], bring: Callable[[], None]) -> None:
        """Has `bring` put other databases in the place of these tenants', on a thread, as soon as what is under way in
        them has come to an end; then opens them, so that the index is told. Calls that arrive meanwhile wait.

        Raises TimeoutError, with nothing done, where they do not come to rest in `PATIENCE` seconds, and what `bring`
        raises.
        """
        async with self._turn:
            tenants = self._cell.tenants
            try:
                async with asyncio.timeout(PATIENCE):
                    for id in ids:
                        await tenants.hold(id)
                for id in ids:
                    # After a crash they are looked into.
                    await self._cell.marks.opened(id)
                await in_thread(bring)
            finally:
                for id in ids:
                    tenants.let_go(id)
            for id in ids:
                await tenants.open(id)
                self._cell.waiters.rouse(id)

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
