"""A tenant that is open in this cell, and the tenants that are: at most a given number, the longest unused closed."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from atoll.cell.marks import Marks
from atoll.cell.reply import NotMine, Reply
from atoll.core.errors import AwsError
from atoll.core.lagoon import Lagoon
from atoll.core.tenant_id import TenantId
from atoll.index import Index, Realm
from atoll.tenants import Database, Tenant

CHECKPOINT_PAGES = 2_000
"""By how much the write-ahead log may grow until it is copied back, off the loop."""

Entry = tuple[Reply, Any, AwsError | None]


class Hosted:
    """One open tenant."""

    __slots__ = (
        "arrivals",
        "checkpoint_at",
        "epoch",
        "group",
        "in_group",
        "lanes",
        "lost",
        "published",
        "ready",
        "tenant",
        "users",
    )

    def __init__(self, tenant: Tenant, epoch: int, published: int) -> None:
        self.tenant = tenant
        self.epoch = epoch
        self.published = published
        """The version of the catalogue up to which the index has it."""
        self.ready: dict[str, Lagoon] = {}
        """Services whose tables are there and of today's version, each with its lagoon."""
        self.in_group = False
        self.group: list[Entry] = []
        """Calls of this turn of the loop, which the next commit answers."""
        self.lost = False
        """Whether the group's transaction is gone, so that none of it can be committed."""
        self.users = 0
        """How many deliveries and the like go on, so that it is not to be closed."""
        self.lanes: set[str | int] = set()
        """Lanes that are being delivered; an effect without a lane is one by its row."""
        self.arrivals: dict[int, asyncio.Future[None]] = {}
        """By effect: who waits for its arrival."""
        self.checkpoint_at = CHECKPOINT_PAGES
        """The size of the write-ahead log, in pages, from which on it is copied back."""

    def check_ready(self) -> None:
        """Forgets services whose tables have gone with a transaction that was undone."""
        self.tenant.db.reload_services()
        for service in self.ready.keys() - self.tenant.db.services.keys():
            del self.ready[service]

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
    ) -> None:
        self._cell = cell
        self._limit = limit
        self._path_of = path_of
        self._index = index
        self._marks = marks
        self._now = now
        self._lagoon = lagoon
        self._open: OrderedDict[TenantId, Hosted] = OrderedDict()
        self._busy: dict[TenantId, asyncio.Future[None]] = {}
        self.touch = self._open.move_to_end
        self.get = self._open.get
        self.on_open: Callable[[Hosted], None] = lambda hosted: None
        self.on_close: Callable[[TenantId, float | None], None] = lambda id, due: None

    def __len__(self) -> int:
        return len(self._open)

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
            busy = self._busy.get(id)
            if busy is None:
                break
            await asyncio.shield(busy)
        folder = self._path_of(id)
        if not make and not folder.exists():
            return None
        done = self._busy[id] = asyncio.get_running_loop().create_future()
        try:
            hosted = await self._open_database(id, folder)
            self._open[id] = hosted
        finally:
            del self._busy[id]
            done.set_result(None)
        self.on_open(hosted)
        self._shrink()
        return hosted

    async def _open_database(self, id: TenantId, folder: Path) -> Hosted:
        realm = await self.realm(id.realm)
        placement = await self._index.place(id, self._cell)
        if placement.cell != self._cell:
            raise NotMine(id, placement.cell)
        published = await self._index.published(id)
        folder.mkdir(parents=True, exist_ok=True)
        self._marks.opened(id)
        tenant = Tenant(id, realm, Database(folder / "tenant.sqlite"), self._now, self._lagoon(id))
        if tenant.catalogue.version() < published:
            # An older copy was put in its place: what the index knows of it is no longer so.
            await self._index.republish(id, placement.epoch, *tenant.catalogue.newer_than(0, id))
            published = tenant.catalogue.version()
        tenant.catalogue.changed = tenant.catalogue.version() > published
        return Hosted(tenant, placement.epoch, published)

    def _shrink(self) -> None:
        excess = len(self._open) - self._limit
        if excess > 0:
            for id in [id for id, hosted in self._open.items() if hosted.idle][:excess]:
                self._start_closing(id)

    def _start_closing(self, id: TenantId) -> asyncio.Future[None]:
        """Closes off the loop, since the last to close a database copies back its log."""
        loop = asyncio.get_running_loop()
        hosted = self._open.pop(id)
        due = hosted.tenant.next_due()
        closing = loop.run_in_executor(None, hosted.tenant.db.close)
        done = self._busy[id] = loop.create_future()

        def closed(closing: asyncio.Future[None]) -> None:
            self._marks.closed(id, due)
            del self._busy[id]
            self.on_close(id, due)
            if (error := closing.exception()) is not None:
                done.set_exception(error)
            else:
                done.set_result(None)

        closing.add_done_callback(closed)
        return done

    async def close(self, id: TenantId) -> None:
        """Closes the tenant where it is open. It has to be idle."""
        if id in self._open:
            await self._start_closing(id)
        elif (busy := self._busy.get(id)) is not None:
            await asyncio.shield(busy)
            await self.close(id)

    async def close_all(self) -> None:
        while self._open or self._busy:
            for id in list(self._open):
                self._start_closing(id)
            await asyncio.gather(*self._busy.values())
