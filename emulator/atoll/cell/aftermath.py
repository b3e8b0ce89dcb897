"""What follows a commit: syncing, the index and mirrors before the answers; effects, timers, checkpoints."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from atoll.cell.hosted import Entry, Hosted
from atoll.core.disk import sync_file
from atoll.core.sqlite import apsw
from atoll.core.threads import in_thread
from atoll.index import CatalogueRow, Holding, PublishGap
from atoll.tenants import Tenant
from atoll.tenants.database import checkpoint_file

if TYPE_CHECKING:
    from atoll.cell.cell import Cell

logger = logging.getLogger(__name__)

PATIENCE = 1.0
"""Seconds that an answer waits at most for the index and for mirrors."""
PAUSES = (0.05, 0.1, 0.2, 0.3, 0.4)
"""Seconds between attempts to tell the index, as long as an answer waits for it."""
RETRY = 60.0
"""Seconds until what could not be set out with after a commit is looked for again."""
CHECKPOINT_PAGES = 2_000
"""By how much the write-ahead log may grow until it is copied back, off the loop."""
LONGEST_LOG_PAGES = 16_000
"""Past this what is left of the write-ahead log (while calls keep coming, there always is something) is copied back on
the loop, so that it starts anew."""


class Committed(NamedTuple):
    """What is to follow a commit: its effects, those of them that are awaited, whom to answer at once, and whom when
    what is awaited has arrived."""

    effects: list[tuple[str, int]]
    awaited: list[int]
    group: Sequence[Entry]
    patient: Sequence[Entry]


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
            self.start(hosted)
        self._cell.timekeeper.opened(hosted)

    def start(self, hosted: Hosted, group: Sequence[Entry] = (), patient: Sequence[Entry] = ()) -> None:
        """Called right after a commit, while no transaction is open, so that all that it reads is committed. `patient`
        are answered when the effects that are awaited have arrived, too.

        Nothing leaves the tenant before it is on the disk, where that was asked for.
        """
        tenant = hosted.tenant
        committed = Committed(tenant.effects, tenant.awaited, group, patient)
        tenant.effects, tenant.awaited = [], []
        if self.full:
            hosted.enter()
            self._cell.spawn(self._sync_and_follow(hosted, committed))
        else:
            self._follow(hosted, committed)

    def _follow(self, hosted: Hosted, committed: Committed) -> None:
        """What fails here is ours and is tried again later: the calls are committed, so they are answered."""
        waits: list[asyncio.Future[None]] = []
        arrivals: list[asyncio.Future[None]] = []
        try:
            if committed.effects:
                future = self._cell.loop.create_future
                arrivals += [hosted.arrivals.setdefault(row, future()) for row in committed.awaited]
                self._cell.deliveries.start(hosted, committed.effects)
            if hosted.tenant.timers.changed:
                hosted.tenant.timers.changed = False
                self._cell.timekeeper.changed(hosted)
            if hosted.tenant.catalogue.changed:
                waits.append(self._start_publishing(hosted))
            if hosted.tenant.db.wal_growth >= CHECKPOINT_PAGES and not hosted.checkpointing:
                self._checkpoint(hosted)
        except Exception:
            logger.exception("%s: what follows a commit failed; tried again in %d s", hosted.tenant.id, RETRY)
            self._cell.timekeeper.not_later(hosted, self._cell.clock.now() + RETRY)
        # Who waits for nobody's arrival may be what the arrival is waiting for.
        self._answer(hosted, waits, committed.group)
        self._answer(hosted, waits + arrivals, committed.patient)

    def _answer(self, hosted: Hosted, waits: list[asyncio.Future[None]], group: Sequence[Entry]) -> None:
        if waits and group:
            hosted.enter()
            self._cell.spawn(self._answer_later(hosted, waits, group))
        else:
            self._cell.answer(group)

    async def _answer_later(self, hosted: Hosted, waits: list[asyncio.Future[None]], group: Sequence[Entry]) -> None:
        try:
            await asyncio.wait(waits, timeout=PATIENCE)
        finally:
            hosted.leave()
            self._cell.answer(group)

    # ---- durability

    async def _sync_and_follow(self, hosted: Hosted, committed: Committed) -> None:
        synced = False
        try:
            synced = await self._sync(hosted)
            while hosted.in_group:
                await hosted.committed()
        finally:
            hosted.leave()
            if synced:
                self._follow(hosted, committed)
            else:
                self._cell.refuse(chain(committed.group, committed.patient))

    async def _sync(self, hosted: Hosted) -> bool:
        """Whether all that was committed so far is on the disk."""
        try:
            await in_thread(sync_file, hosted.tenant.db.wal_descriptor())
        except OSError:
            logger.exception("%s: the write-ahead log could not be synced", hosted.tenant.id)
            return False
        return True

    def after_sync(self, hosted: Hosted, entry: Entry) -> None:
        """Answers what was read of a state that may not be on the disk yet."""
        hosted.enter()
        self._cell.spawn(self._sync_and_follow(hosted, Committed([], [], [entry], [])))

    def _checkpoint(self, hosted: Hosted) -> None:
        if hosted.tenant.db.wal_pages > LONGEST_LOG_PAGES:
            self._checkpoint_now(hosted)
        else:
            self._checkpoint_meanwhile(hosted)

    def _checkpoint_now(self, hosted: Hosted) -> None:
        db = hosted.tenant.db
        try:
            db.checkpoint()
        except apsw.BusyError:
            # Somebody copies the file. The next commit tries again.
            return
        except apsw.Error:
            # What was committed stays in the log. When that has grown, it is tried again.
            logger.exception("%s: the write-ahead log could not be copied back", hosted.tenant.id)
        db.checkpoint_begins()

    def _checkpoint_meanwhile(self, hosted: Hosted) -> None:
        db = hosted.tenant.db
        db.checkpoint_begins()
        assert db.path is not None
        hosted.enter()
        hosted.checkpointing = True

        def done(checkpoint: asyncio.Future[None]) -> None:
            hosted.checkpointing = False
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

    def _start_publishing(self, hosted: Hosted) -> asyncio.Future[None]:
        hosted.enter()
        return self._cell.spawn(self._publish(hosted, *self._unpublished(hosted)))

    async def _publish(
        self, hosted: Hosted, after: int, version: int, resources: list[CatalogueRow], holdings: list[Holding]
    ) -> None:
        """Ends when the index has it, or does not take it for as long as an answer waits."""
        id = hosted.tenant.id
        try:
            for pause in PAUSES:
                try:
                    lost = await self._cell.index.publish(id, hosted.epoch, resources, holdings, after=after)
                except PublishGap as gap:
                    # The index was put back to an earlier state, or is being built anew.
                    hosted.published = gap.published
                    self._publish_again(hosted)
                    return
                except Exception:
                    logger.exception("%s: the index did not take %d changes; tried again", id, len(resources))
                    await asyncio.sleep(pause)
                else:
                    hosted.published = max(hosted.published, version)
                    if lost:
                        await self._lose(hosted, lost)
                    return
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
            self.start(hosted)


def _everything(tenant: Tenant) -> tuple[int, list[CatalogueRow], list[Holding]]:
    return (tenant.catalogue.version(), *tenant.catalogue.newer_than(0, tenant.id))
