"""Snapshots: an account's tenants as one file, loaded as the same account again or as another; and forks of accounts.

take:  look at all tenants at one moment ─▶ copies in a folder ─▶ archive.pack
put:   archive.unpack ─▶ copies in a folder ─▶ hold the tenants ─▶ restore or fork each ─▶ let go
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from atoll import __version__
from atoll.cell import Cell
from atoll.control import archive
from atoll.control.archive import Manifest, TenantPart
from atoll.control.errors import BadSnapshot, Conflict, Invalid, NotReady, NotThere
from atoll.core.sqlite import apsw
from atoll.core.tenant_id import TenantId
from atoll.core.threads import in_thread
from atoll.tenants import NewerSchema
from atoll.tenants.copy import DATABASE, View, fork, restore
from atoll.tenants.folder import DataFolder

_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?", re.ASCII)
SUFFIX = ".atoll"


class Snapshots:
    """Files are worked on in the data folder, where their bytes end up anyway. Those that are kept under a name lie in
    its folder `snapshots`."""

    def __init__(self, cell: Cell, folder: DataFolder) -> None:
        self._cell = cell
        self._folder = folder
        self._kept = folder.path / "snapshots"

    # ---- save, load, fork

    async def save(self, realm: str, account: str, file: IO[bytes]) -> Manifest:
        """Writes what is in the account, all of it as it is at one moment. Raises Refused where that is too large."""
        with self.room() as room:
            manifest = await self._take(realm, account, room)
            await in_thread(archive.pack, manifest, room, file)
        return manifest

    async def load(self, path: Path, realm: str, account: str) -> None:
        """The account holds what the snapshot does, and nothing else. Where the snapshot is of this account, effects
        that were under way go on.

        Raises BadSnapshot, and NotReady where the account cannot be held or the disk has no room.
        """
        with self.room() as room:
            self._check_room(path.stat().st_size)
            manifest = await in_thread(archive.unpack, path, room, self._cell.registry)
            await self._put(manifest, room, realm, account)

    async def fork(self, realm: str, source: str, account: str) -> None:
        """The account holds what the account `source` of the realm does. Raises NotReady."""
        with self.room() as room:
            await self._put(await self._take(realm, source, room), room, realm, account)

    def tenants(self, realm: str, account: str) -> list[TenantId]:
        """The account's tenants that hold something."""
        folder = self._folder.path_of(TenantId(realm, account, "x")).parent
        regions = sorted(path.parent.name for path in folder.glob("*/tenant.sqlite"))
        return [TenantId(realm, account, region) for region in regions]

    async def _take(self, realm: str, account: str, room: Path) -> Manifest:
        ids = self.tenants(realm, account)
        try:
            views = await self._cell.moves.look(ids)
        except apsw.CantOpenError:
            raise NotReady(f"What is in the account {account} is being erased: try again") from None
        try:
            parts = [TenantPart(id.region, view.services()) for id, view in zip(ids, views, strict=True)]
            await in_thread(_copy, views, [room / id.region for id in ids])
        finally:
            for view in views:
                view.close()
        return Manifest(archive.FORMAT, __version__, realm, account, self._cell.clock.now(), parts)

    async def _put(self, manifest: Manifest, room: Path, realm: str, account: str) -> None:
        ids = [TenantId(realm, account, part.region) for part in manifest.tenants]
        self._check_room(sum((room / id.region / DATABASE).stat().st_size for id in ids))
        before = self.tenants(realm, account)

        def bring() -> None:
            for id in ids:
                self._bring(manifest, room / id.region, id)

        try:
            await self._cell.moves.replace(ids, bring)
        except TimeoutError:
            raise NotReady(f"Calls of the account {account} do not come to an end: try again") from None
        except NewerSchema as newer:
            raise Invalid(str(newer)) from None
        for id in before:
            if id not in ids:
                await self._cell.moves.erase(id)

    def _bring(self, manifest: Manifest, source: Path, id: TenantId) -> None:
        original = TenantId(manifest.realm, manifest.account, id.region)
        target = self._folder.path_of(id)
        services = [self._cell.registry[name] for name in self._cell.registry]
        if id == original:
            restore(source, target, services)
        else:
            fork(source, target, services, original, id)

    @contextmanager
    def room(self) -> Iterator[Path]:
        """A folder to work in."""
        with tempfile.TemporaryDirectory(dir=self._folder.path, prefix="snapshot-") as room:
            yield Path(room)

    def _check_room(self, size: int) -> None:
        # The copy that is worked on, what is put in place, and its log.
        if shutil.disk_usage(self._folder.path).free < 3 * size:
            raise NotReady(f"The disk of the data folder has no room for three times {size:,} bytes: make some")

    # ---- under a name

    def kept(self) -> list[tuple[str, Manifest]]:
        """By name; without those that cannot be read."""
        found = []
        for path in sorted(self._kept.glob(f"*{SUFFIX}")):
            name = path.name.removesuffix(SUFFIX)
            try:
                found.append((name, archive.read_manifest(path)))
            except (Invalid, OSError):
                continue
        return found

    def find(self, name: str) -> tuple[Path, Manifest]:
        """Raises NotThere, and BadSnapshot where it is damaged."""
        path = self._path(name)
        if not path.is_file():
            raise NotThere(f"There is no snapshot {name}")
        return path, archive.read_manifest(path)

    async def keep(self, realm: str, account: str, name: str) -> Manifest:
        """Saves the account under a name, in place of what its realm has under it. Raises Invalid for what is no name,
        Conflict where another realm has it."""
        path = self._path(name)
        if path.exists() and self._is_anothers(name, realm):
            raise Conflict(f"The snapshot {name} is another realm's: take another name")
        self._kept.mkdir(exist_ok=True)
        with self.room() as room:
            fresh = room / "snapshot"
            with fresh.open("wb") as file:
                manifest = await self.save(realm, account, file)
            fresh.replace(path)
        return manifest

    def forget(self, realm: str, name: str) -> None:
        """Raises NotThere."""
        path = self._path(name)
        if not path.is_file() or self._is_anothers(name, realm):
            raise NotThere(f"The realm {realm} has no snapshot {name}")
        path.unlink()

    def _is_anothers(self, name: str, realm: str) -> bool:
        """One that is damaged is nobody's any more."""
        try:
            return self.find(name)[1].realm != realm
        except BadSnapshot:
            return False

    def _path(self, name: str) -> Path:
        if _NAME.fullmatch(name) is None:
            raise Invalid(f"{name!r} is no snapshot's name: lower-case letters, digits and, between them, . and -")
        return self._kept / f"{name}{SUFFIX}"


def _copy(views: list[View], targets: list[Path]) -> None:
    for view, target in zip(views, targets, strict=True):
        view.copy(target)
