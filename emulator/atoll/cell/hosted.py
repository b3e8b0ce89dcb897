"""A tenant that is open in this cell, and the tenants that are: at most a given number, the longest unused closed."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable
from itertools import count, islice
from pathlib import Path
from typing import Any

from atoll.cell.deliveries import Lane
from atoll.cell.marks import Marks
from atoll.cell.reply import NotMine, Reply
from atoll.core.disk import sync_folders
from atoll.core.errors import AwsError
from atoll.core.lagoon import Lagoon
from atoll.core.tenant_id import TenantId
from atoll.core.threads import in_thread
from atoll.index import Index, Realm
from atoll.tenants import Database, Tenant, Waiting
from atoll.tenants.tenant import InPlace

logger = logging.getLogger(__name__)

Entry = tuple[Reply, Any, AwsError | None]


_OPENINGS = count()


class Hosted:
    """One open tenant."""

    __slots__ = (
        "_left",
        "arrivals",
        "checkpointing",
        "epoch",
        "group",
        "in_group",
        "lanes",
        "lost",
        "opening",
        "patient",
        "published",
        "ready",
        "tenant",
        "users",
    )

    def __init__(self, tenant: Tenant, epoch: int, published: int) -> None:
        self.tenant = tenant
        self.opening = next(_OPENINGS)
        """No other opening of a tenant in this process has the same number."""
        self.epoch = epoch
        self.published = published
        """The version of the catalogue up to which the index has it."""
        self.ready: dict[str, Lagoon] = {}
        """Services whose tables are there and of today's version, each with its lagoon."""
        self.in_group = False
        self.group: list[Entry] = []
        """Calls of this turn of the loop, which the next commit answers."""
        self.patient: list[Entry] = []
        """The same, which wait for effects of their own to arrive, too."""
        self.lost = False
        """Whether the group's transaction is gone, so that none of it can be committed."""
        self.users = 0
        """How many deliveries and the like go on, so that it is not to be closed."""
        self._left: asyncio.Event | None = None
        self.checkpointing = False
        """Whether its write-ahead log is being copied back, off the loop."""
        self.lanes: dict[str | int, Lane] = {}
        """Lanes that are being delivered; an effect without a lane is one by its row."""
        self.arrivals: dict[int, asyncio.Future[None]] = {}
        """By effect: who waits for its arrival."""

    def check_ready(self) -> None:
        """Looks again which services have tables here, and of which version, after a transaction was undone."""
        self.tenant.db.reload_services()
        self.ready.clear()

    def enter(self) -> None:
        """From here to `leave` it is not to be closed."""
        self.users += 1

    def leave(self) -> None:
        self.users -= 1
        if not self.users and self._left is not None:
            self._left.set()

    async def all_left(self) -> None:
        """Waits until it is idle."""
        while not self.idle:
            if self.in_group:
                await self.committed()
            else:
                self._left = asyncio.Event()
                await self._left.wait()

    async def committed(self) -> None:
        """Waits until what is in the open transaction is committed, or is not to be."""
        if self.in_group:
            # The commit stands before us among what the loop does next.
            await asyncio.sleep(0)

    @property
    def idle(self) -> bool:
        return not (self.in_group or self.users)


class OpenTenants:
    def __init__(
        self,
        cell: str,
        *,
        limit: int,
        path_of: Callable[[TenantId], Path],
        index: Index,
        marks: Marks,
        now: Callable[[], float],
        lagoon: Callable[[TenantId], Lagoon],
        full_durability: bool = False,
        in_place: InPlace | None = None,
    ) -> None:
        self._cell = cell
        self._limit = limit
        self.path_of = path_of
        self._index = index
        self._marks = marks
        self._now = now
        self._lagoon = lagoon
        self._full = full_durability
        self._in_place = in_place
        self._open: OrderedDict[TenantId, Hosted] = OrderedDict()
        self._busy: dict[TenantId, asyncio.Future[None]] = {}
        self._leaving: dict[TenantId, str] = {}
        self._held: dict[TenantId, asyncio.Future[None]] = {}
        self.touch = self._open.move_to_end
        self.get = self._open.get
        self.on_open: Callable[[Hosted], None] = lambda hosted: None
        self.on_close: Callable[[TenantId, float | None, Waiting], None] = lambda id, due, waiting: None

    def __len__(self) -> int:
        return len(self._open)

    def ids(self) -> list[TenantId]:
        return list(self._open)

    def all(self) -> list[Hosted]:
        return list(self._open.values())

    async def realm(self, name: str) -> Realm:
        """Raises AwsError where the realm is gone."""
        realm = await self._index.realm(name)
        if realm is None:
            raise AwsError("InvalidClientTokenId", "The security token included in the request is invalid.", status=403)
        return realm

    async def open(self, id: TenantId, *, make: bool = False) -> Hosted | None:
        """The open tenant; None where it has no database yet and none is to be made.

        Raises NotMine, NewerSchema, or apsw.Error where the file cannot be used.
        """
        while True:
            if (hosted := self._open.get(id)) is not None:
                return hosted
            if (to := self._leaving.get(id)) is not None:
                raise NotMine(id, to)
            busy = self._held.get(id) or self._busy.get(id)
            if busy is None:
                break
            await asyncio.shield(busy)
        folder = self.path_of(id)
        if not make and not folder.exists():
            # Nothing was written here: because nothing was at all, or because another cell has it.
            placement = await self._index.placement(id)
            if placement is not None and placement.cell != self._cell:
                raise NotMine(id, placement.cell)
            return None
        done = self._busy[id] = asyncio.get_running_loop().create_future()
        try:
            hosted = await self._open_database(id, folder)
            self._open[id] = hosted
        finally:
            del self._busy[id]
            done.set_result(None)
        self.on_open(hosted)
        self._shrink(hosted)
        return hosted

    async def _open_database(self, id: TenantId, folder: Path) -> Hosted:
        realm = await self.realm(id.realm)
        placement = await self._index.place(id, self._cell)
        if placement.cell != self._cell:
            raise NotMine(id, placement.cell)
        published = await self._index.published(id)
        fresh = not folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        await self._marks.opened(id)
        db = Database(folder / "tenant.sqlite")
        try:
            if fresh and self._full:
                await in_thread(sync_folders, (folder, *folder.parents[: len(id)]))
            hosted = Hosted(Tenant(id, realm, db, self._now, self._lagoon(id)), placement.epoch, published)
            hosted.tenant.in_place = self._in_place
            await self._compare_with_index(hosted)
        except BaseException:
            db.close()
            raise
        return hosted

    async def _compare_with_index(self, hosted: Hosted) -> None:
        tenant = hosted.tenant
        catalogue = tenant.catalogue
        version = catalogue.version()
        if version < hosted.published or catalogue.is_copy():
            # A copy was put in its place: what the index knows of it is no longer so.
            lost = await self._index.republish(tenant.id, hosted.epoch, *catalogue.newer_than(0, tenant.id))
            hosted.published = version
            catalogue.lose(lost)
            catalogue.published_anew()
        catalogue.changed = catalogue.version() > hosted.published

    def _shrink(self, kept: Hosted) -> None:
        excess = len(self._open) - self._limit
        if excess > 0:
            closable = (hosted for hosted in self._open.values() if hosted.idle and hosted is not kept)
            for hosted in list(islice(closable, excess)):
                self._start_closing(hosted)

    def _start_closing(self, hosted: Hosted) -> asyncio.Future[None]:
        """Closes off the loop, since the last to close a database copies back its log."""
        loop = asyncio.get_running_loop()
        tenant = hosted.tenant
        id = tenant.id
        self._open.pop(id, None)
        due, waiting = tenant.next_due(), tenant.outbox.waiting()
        if tenant.catalogue.version() > hosted.published:
            # What the index did not take yet, it is told as soon as the tenant is open again.
            due = self._now()
        closing = loop.run_in_executor(None, tenant.db.close)
        done = self._busy[id] = loop.create_future()

        def closed(closing: asyncio.Future[None]) -> None:
            try:
                if (error := closing.exception()) is not None:
                    logger.error("%s could not be closed: %s", id, error)
                self._marks.closed(id, due)
            finally:
                del self._busy[id]
                done.set_result(None)
            self.on_close(id, due, waiting)

        closing.add_done_callback(closed)
        return done

    def leaving(self, id: TenantId) -> bool:
        """Whether it is being given away."""
        return id in self._leaving

    async def leave(self, id: TenantId, to: str) -> None:
        """Closes the tenant as soon as what is under way in it has come to an end. Until `stay_or_gone` whoever wants
        to open it is told that it is the cell `to`'s."""
        self._leaving[id] = to
        await self._close_down(id)

    async def _close_down(self, id: TenantId) -> None:
        while (busy := self._busy.get(id)) is not None:
            await asyncio.shield(busy)
        if (hosted := self._open.pop(id, None)) is None:
            return
        # What was started in this turn of the loop has its first step, so that it can be ended.
        await asyncio.sleep(0)
        for lane in hosted.lanes.values():
            if lane.task is not None:
                lane.task.cancel()
        try:
            await hosted.all_left()
        except BaseException:
            self._open[id] = hosted
            raise
        await asyncio.shield(self._start_closing(hosted))

    def stay_or_gone(self, id: TenantId) -> None:
        """It was given away, or could not be: from now on the index says whose it is."""
        self._leaving.pop(id, None)

    async def settled(self, ids: Iterable[TenantId]) -> None:
        """Waits until none of these tenants is being opened or closed."""
        ids = list(ids)
        while busy := [self._busy[id] for id in ids if id in self._busy]:
            await asyncio.wait(busy)

    async def hold(self, id: TenantId) -> None:
        """Closes the tenant as soon as what is under way in it has come to an end. From now on until `let_go` whoever
        wants to open it waits. One may hold it at a time."""
        self._held[id] = asyncio.get_running_loop().create_future()
        await self._close_down(id)

    def let_go(self, id: TenantId) -> None:
        """Nothing where it is not held."""
        if (held := self._held.pop(id, None)) is not None:
            held.set_result(None)

    async def close(self, id: TenantId) -> None:
        """Closes the tenant where it is open, as soon as nothing is under way in it."""
        if (hosted := self._open.get(id)) is not None:
            await hosted.all_left()
            if self._open.get(id) is hosted:
                # Others wait for it too: who gives up waiting must not end it for them.
                await asyncio.shield(self._start_closing(hosted))
        elif (busy := self._busy.get(id)) is not None:
            await asyncio.shield(busy)
            await self.close(id)

    async def close_all(self) -> None:
        while self._open or self._busy or self._held:
            for hosted in self.all():
                self._start_closing(hosted)
            await asyncio.gather(*self._busy.values(), *self._held.values())
