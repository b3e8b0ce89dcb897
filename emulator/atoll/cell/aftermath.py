"""What follows a commit: syncing, the index and mirrors before the answers; effects, timers, checkpoints."""

from __future__ import annotations

import asyncio
import logging
import os
from typing import TYPE_CHECKING, Any

from atoll.cell.hosted import CHECKPOINT_PAGES, Entry, Hosted
from atoll.core.errors import internal_failure
from atoll.index import CatalogueRow, Holding
from atoll.tenants.database import checkpoint_file

if TYPE_CHECKING:
    from atoll.cell.cell import Cell
    from atoll.cell.reply import Reply

logger = logging.getLogger(__name__)

PATIENCE = 1.0
"""Seconds that an answer waits at most for the index and for mirrors."""
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
            or tenant.db.wal_pages >= hosted.checkpoint_at
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
            waits.append(self._cell.spawn(self._publish(hosted, *self._unpublished(hosted))))
        if tenant.db.wal_pages >= hosted.checkpoint_at:
            self._checkpoint(hosted)
        if waits or sync is not None:
            self._cell.spawn(self._answer_later(hosted, sync, waits, group))
        else:
            self._cell.answer(group)

    async def _answer_later(
        self, hosted: Hosted, sync: asyncio.Future[None] | None, waits: list[asyncio.Future[None]], group: list[Entry]
    ) -> None:
        hosted.users += 1
        try:
            if sync is not None:
                await sync
            if waits:
                await asyncio.wait(waits, timeout=PATIENCE)
        except OSError:
            logger.exception("%s: the write-ahead log could not be synced", hosted.tenant.id)
            group = [(reply, None, internal_failure()) for reply, _, _ in group]
        finally:
            hosted.users -= 1
            self._cell.answer(group)

    # ---- durability

    def _sync(self, hosted: Hosted) -> asyncio.Future[None]:
        return self._cell.loop.run_in_executor(None, os.fdatasync, hosted.tenant.db.wal_descriptor())

    def after_sync(self, hosted: Hosted, reply: Reply, result: Any) -> None:
        """Answers what was read of a state that may not be on the disk yet."""
        self._cell.spawn(self._answer_later(hosted, self._sync(hosted), [], [(reply, result, None)]))

    def _checkpoint(self, hosted: Hosted) -> None:
        db = hosted.tenant.db
        hosted.checkpoint_at = db.wal_pages + CHECKPOINT_PAGES
        if db.wal_pages > LONGEST_LOG_PAGES:
            db.checkpoint()
            hosted.checkpoint_at = CHECKPOINT_PAGES
            return
        assert db.path is not None
        hosted.users += 1

        def done(checkpoint: asyncio.Future[None]) -> None:
            hosted.users -= 1
            if not checkpoint.cancelled() and (error := checkpoint.exception()) is not None:
                logger.error("%s: the write-ahead log could not be copied back: %s", hosted.tenant.id, error)

        self._cell.loop.run_in_executor(None, checkpoint_file, db.path).add_done_callback(done)

    # ---- the index

    def _unpublished(self, hosted: Hosted) -> tuple[int, list[CatalogueRow], list[Holding]]:
        catalogue = hosted.tenant.catalogue
        catalogue.changed = False
        return (catalogue.version(), *catalogue.newer_than(hosted.published, hosted.tenant.id))

    async def _publish(
        self, hosted: Hosted, version: int, resources: list[CatalogueRow], holdings: list[Holding]
    ) -> None:
        hosted.users += 1
        try:
            await self._publish_from(hosted, resources, holdings)
            hosted.published = max(hosted.published, version)
        except Exception:
            logger.exception("%s: the index did not take %d changes; tried again", hosted.tenant.id, len(resources))
            self._cell.scheduler.at(self._cell.clock.now() + PATIENCE, lambda: self._publish_again(hosted))
        finally:
            hosted.users -= 1

    async def _publish_from(self, hosted: Hosted, resources: list[CatalogueRow], holdings: list[Holding]) -> None:
        id = hosted.tenant.id
        lost = await self._cell.index.publish(id, hosted.epoch, resources, holdings, after=hosted.published)
        for holding in lost:
            logger.error("%s: the name %s (%s) is held by another tenant", id, holding.name, holding.kind)

    def _publish_again(self, hosted: Hosted) -> None:
        hosted.tenant.catalogue.changed = True
        if not hosted.in_group and self._cell.tenants.get(hosted.tenant.id) is hosted:
            self.start(hosted, [])
