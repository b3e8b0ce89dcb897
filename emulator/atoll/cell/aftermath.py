"""What follows a commit: syncing, the index and mirrors before the answers; effects, timers, checkpoints."""

from __future__ import annotations

import asyncio
import logging
import os
from typing import TYPE_CHECKING, Any

from atoll.cell.hosted import Entry, Hosted
from atoll.index import CatalogueRow, Holding, PublishGap
from atoll.tenants import Tenant
from atoll.tenants.database import checkpoint_file

if TYPE_CHECKING:
    from atoll.cell.cell import Cell
    from atoll.cell.reply import Reply

logger = logging.getLogger(__name__)

PATIENCE = 1.0
"""Seconds that an answer waits at most for the index and for mirrors."""
CHECKPOINT_PAGES = 2_000
"""By how much the write-ahead log may grow until it is copied back, off the loop."""
LONGEST_LOG_PAGES = 16_000
"""Past this what is left of the write-ahead log (while calls keep coming, there always is something) is copied back on
the loop, so that it starts anew."""


class Aftermath:
    def __init__(self, cell: Cell, *, full_durability: bool) -> None:
        self._cell = cell
        self.full = full_durability

    def needed(self, hosted: Hosted) -> bool:
        tenant = hosted.tenant
        return bool(
            self.full
            or tenant.effects
            or tenant.timers.changed
            or tenant.catalogue.changed
            or tenant.db.wal_growth >= CHECKPOINT_PAGES
        )

    def opened(self, hosted: Hosted) -> None:
        """Takes up what was under way when the tenant was closed, or its process killed."""
        if hosted.tenant.catalogue.changed:
            self.start(hosted, [])
        self._cell.timekeeper.opened(hosted)

    def start(self, hosted: Hosted, group: list[Entry]) -> None:
        """Called right after a commit, while no transaction is open, so that all that it reads is committed."""
        tenant = hosted.tenant
        sync = self._sync(hosted) if self.full else None
        waits: list[asyncio.Future[None]] = []
        if tenant.effects:
            effects, tenant.effects = tenant.effects, []
            waits += [hosted.arrivals.setdefault(row, self._cell.loop.create_future()) for row in tenant.awaited]
            tenant.awaited.clear()
            self._cell.deliveries.start(hosted, effects)
        if tenant.timers.changed:
            tenant.timers.changed = False
            self._cell.timekeeper.changed(hosted)
        if tenant.catalogue.changed:
            hosted.enter()
            waits.append(self._cell.spawn(self._publish(hosted, *self._unpublished(hosted))))
        if tenant.db.wal_growth >= CHECKPOINT_PAGES:
            self._checkpoint(hosted)
        if waits or sync is not None:
            self._answer_after(hosted, sync, waits, group)
        else:
            self._cell.answer(group)

    def _answer_after(
        self, hosted: Hosted, sync: asyncio.Future[None] | None, waits: list[asyncio.Future[None]], group: list[Entry]
    ) -> None:
        hosted.enter()
        self._cell.spawn(self._answer_later(hosted, sync, waits, group))

    async def _answer_later(
        self, hosted: Hosted, sync: asyncio.Future[None] | None, waits: list[asyncio.Future[None]], group: list[Entry]
    ) -> None:
        synced = sync is None
        try:
            if sync is not None:
                await sync
                synced = True
            if waits:
                await asyncio.wait(waits, timeout=PATIENCE)
        except OSError:
            logger.exception("%s: the write-ahead log could not be synced", hosted.tenant.id)
        finally:
            hosted.leave()
            if synced:
                self._cell.answer(group)
            else:
                self._cell.refuse(group)

    # ---- durability

    def _sync(self, hosted: Hosted) -> asyncio.Future[None]:
        return self._cell.loop.run_in_executor(None, os.fdatasync, hosted.tenant.db.wal_descriptor())

    def after_sync(self, hosted: Hosted, reply: Reply, result: Any) -> None:
        """Answers what was read of a state that may not be on the disk yet."""
        self._answer_after(hosted, self._sync(hosted), [], [(reply, result, None)])

    def _checkpoint(self, hosted: Hosted) -> None:
        db = hosted.tenant.db
        db.checkpoint_begins()
        if db.wal_pages > LONGEST_LOG_PAGES:
            db.checkpoint()
            return
        assert db.path is not None
        hosted.enter()

        def done(checkpoint: asyncio.Future[None]) -> None:
            hosted.leave()
            if not checkpoint.cancelled() and (error := checkpoint.exception()) is not None:
                logger.error("%s: the write-ahead log could not be copied back: %s", hosted.tenant.id, error)

        self._cell.loop.run_in_executor(None, checkpoint_file, db.path).add_done_callback(done)

    # ---- the index

    def _unpublished(self, hosted: Hosted) -> tuple[int, int, list[CatalogueRow], list[Holding]]:
        """The versions after which and up to which it is, and what it is."""
        catalogue = hosted.tenant.catalogue
        catalogue.changed = False
        after = hosted.published
        return (after, catalogue.version(), *catalogue.newer_than(after, hosted.tenant.id))

    async def _publish(
        self, hosted: Hosted, after: int, version: int, resources: list[CatalogueRow], holdings: list[Holding]
    ) -> None:
        id = hosted.tenant.id
        try:
            lost = await self._cell.index.publish(id, hosted.epoch, resources, holdings, after=after)
            hosted.published = max(hosted.published, version)
            if lost:
                await self._lose(hosted, lost)
        except PublishGap as gap:
            # The index was put back to an earlier state, or is being built anew.
            hosted.published = gap.published
            self._publish_again(hosted)
        except Exception:
            logger.exception("%s: the index did not take %d changes; tried again", id, len(resources))
            self._cell.scheduler.at(self._cell.clock.now() + PATIENCE, lambda: self._publish_again(hosted))
        finally:
            hosted.leave()

    async def _lose(self, hosted: Hosted, lost: list[Holding]) -> None:
        for holding in lost:
            logger.error("%s: the name %s (%s) is held by another tenant", hosted.tenant.id, holding.name, holding.kind)
        await self._cell.transact_engine(hosted, lambda tenant: tenant.catalogue.lose(lost))

    async def republish(self, hosted: Hosted) -> None:
        """Tells the index anew all that is in the tenant, for an index that is being built from nothing."""
        hosted.enter()
        try:
            version, resources, holdings = await self._cell.transact_engine(hosted, _everything)
            lost = await self._cell.index.republish(hosted.tenant.id, hosted.epoch, resources, holdings)
            hosted.published = version
            if lost:
                await self._lose(hosted, lost)
        finally:
            hosted.leave()

    def _publish_again(self, hosted: Hosted) -> None:
        hosted.tenant.catalogue.changed = True
        if not hosted.in_group and self._cell.tenants.get(hosted.tenant.id) is hosted:
            self.start(hosted, [])


def _everything(tenant: Tenant) -> tuple[int, list[CatalogueRow], list[Holding]]:
    return (tenant.catalogue.version(), *tenant.catalogue.newer_than(0, tenant.id))
