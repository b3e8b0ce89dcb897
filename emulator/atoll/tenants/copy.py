"""Copies of tenants: restored as themselves, or forked into another account, region or realm.

A copy is what the source had committed at one moment, also while the source is open. The target must not be open; what
it had is replaced in one transaction of its own. The index is told of the copy when its cell opens it.

https://www.sqlite.org/backup.html
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from atoll.core.arn import partition_of
from atoll.core.ids import hex_id
from atoll.core.service import COPIED, Service
from atoll.core.sqlite import apsw
from atoll.core.tenant_id import TenantId
from atoll.tenants.database import Database
from atoll.tenants.outbox import Outbox
from atoll.tenants.timers import Timers

DATABASE = "tenant.sqlite"
PATIENCE_MS = 5_000
"""How long a copy waits for whoever else is about to write."""

_LOOK = "BEGIN; SELECT count(*) FROM sqlite_schema"

_ARN = re.compile(r"arn:(aws[a-z-]*):([a-z0-9-]+):([a-z0-9-]*):([0-9]{12}):")


class View:
    """What a tenant had committed at the moment when this was made: what is committed later does not change it. Who
    makes it closes it."""

    def __init__(self, folder: Path) -> None:
        """Raises apsw.Error where the tenant in `folder` cannot be read, or is being closed just now."""
        self._reader = apsw.Connection(str(folder / DATABASE), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            # Should this be the last to close the file, it must not copy the log back: whoever opens the tenant
            # meanwhile would find it locked.
            self._reader.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
            self._reader.execute(_LOOK).fetchall()
        except BaseException:
            self._reader.close()
            raise

    def services(self) -> dict[str, int]:
        """Which have tables, in which version."""
        rows: list[tuple[Any, ...]] = self._reader.execute("SELECT name, version FROM service ORDER BY name").fetchall()
        return dict(rows)

    def copy(self, target: Path) -> None:
        """Into the folder `target`, which is made. On any thread."""
        _write(self._reader, _made(target) / DATABASE)

    def close(self) -> None:
        self._reader.close()


def restore(source: Path, target: Path, services: Iterable[Service] = ()) -> None:
    """Makes the tenant in the folder `target` what that in `source` is, effects under way included. Those of `services`
    that have tables there are told by their timer.

    Raises NewerSchema where a newer Atoll wrote the source, apsw.Error where either cannot be used.
    """
    with tempfile.TemporaryDirectory(dir=_made(target), prefix="copy-") as folder:
        copy = Path(folder, DATABASE)
        _copy(source / DATABASE, copy)
        db = Database(copy)
        try:
            _mark(db)
            for service in services:
                if service.name in db.services:
                    _tell(db, service)
        finally:
            db.close()
        _copy(copy, target / DATABASE)


def fork(source: Path, target: Path, services: Iterable[Service], original: TenantId, copy: TenantId) -> None:
    """Makes of the tenant `original` in the folder `source` a new one, `copy`, in the folder `target`.

    Effects under way stay the original's to deliver. ARNs that users wrote and that mean the original's account, and
    its region, mean the copy's, where a service lists the column in its schema. `services` are all that may have
    tables. Raises as `restore` does.
    """
    with tempfile.TemporaryDirectory(dir=_made(target), prefix="copy-") as folder:
        path = Path(folder, DATABASE)
        _copy(source / DATABASE, path)
        db = Database(path)
        try:
            db.begin()
            Outbox(db, copy).clear()
            _claim_anew(db)
            _mark(db)
            for service in services:
                if service.name in db.services:
                    db.add_service(service)
                    _drop_under_way(db, service)
                    _rewrite(db, service, original, copy)
                    _tell(db, service)
            db.commit()
            # What was deleted above still stands in pages that are free now.
            db.rows("VACUUM")
        finally:
            db.close()
        _copy(path, target / DATABASE)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _mark(db: Database) -> None:
    db.execute("INSERT OR IGNORE INTO copied VALUES (1)")


def _tell(db: Database, service: Service) -> None:
    """For a service that wants to know that the tenant is a copy."""
    if COPIED in service.timers:
        Timers(db).set(service.name, COPIED, "", 0.0)


def _drop_under_way(db: Database, service: Service) -> None:
    for table in service.schema.under_way if service.schema is not None else ():
        db.execute(f'DELETE FROM "{table}"')


def _claim_anew(db: Database) -> None:
    """Names that the original holds are the copy's where they are free, in another realm, and else are not."""
    for kind, name, generation in db.rows("SELECT kind, name, generation FROM holding WHERE NOT gone"):
        db.execute(
            "UPDATE holding SET generation = ? WHERE kind = ? AND name = ? AND generation = ?",
            (hex_id(32), kind, name, generation),
        )


def _copy(source: Path, target: Path) -> None:
    """By a transaction of the target, so that one that is cut short changes nothing."""
    reader = apsw.Connection(str(source), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        reader.set_busy_timeout(PATIENCE_MS)
        # One view of the source from beginning to end, else each commit in it would begin the copy anew.
        reader.execute(_LOOK).fetchall()
        _write(reader, target)
    finally:
        reader.close()


def _write(reader: apsw.Connection, target: Path) -> None:
    writer = apsw.Connection(str(target))
    try:
        writer.set_busy_timeout(PATIENCE_MS)
        with writer.backup("main", reader, "main") as backup:
            backup.step()
    finally:
        writer.close()


def _rewrite(db: Database, service: Service, original: TenantId, copy: TenantId) -> None:
    if service.schema is None or (original.account, original.region) == (copy.account, copy.region):
        return
    for table, column in service.schema.arns:
        rows: list[tuple[Any, ...]] = db.rows(
            f'SELECT DISTINCT "{column}" FROM "{table}" WHERE typeof("{column}") = \'text\' AND "{column}" LIKE ?',
            ("%arn:%",),
        )
        for (text,) in rows:
            rewritten = rewrite_arns(text, original, copy)
            if rewritten != text:
                db.execute(f'UPDATE "{table}" SET "{column}" = ? WHERE "{column}" = ?', (rewritten, text))


def rewrite_arns(text: str, original: TenantId, copy: TenantId) -> str:
    """The text with every ARN in the original's account made one in the copy's; in its region too, where it names it.
    Those of other accounts stay."""

    def rewritten(match: re.Match[str]) -> str:
        partition, service, region, account = match.groups()
        if account != original.account:
            return match.group()
        if region in ("", original.region):
            partition = partition_of(copy.region)
        if region == original.region:
            region = copy.region
        return f"arn:{partition}:{service}:{region}:{copy.account}:"

    return _ARN.sub(rewritten, text)
