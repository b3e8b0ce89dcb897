"""The cell's own small database: which tenants are open, and when a closed one next has something to do.

A tenant is marked open before it can write; at closing the mark becomes its next due time. So after a crash the cell
knows which tenants to look into, and whom to wake when, without opening the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from atoll.core.tenant_id import TenantId
from atoll.tenants import Database

_LONGEST_LOG_PAGES = 250
"""When it is copied back. There is little to copy: each mark is in a page that was written before."""
_TABLE = """
CREATE TABLE IF NOT EXISTS mark (
    realm TEXT NOT NULL, account TEXT NOT NULL, region TEXT NOT NULL,
    due REAL,                           -- NULL while the tenant is open
    PRIMARY KEY (realm, account, region)
) WITHOUT ROWID
"""


class Marks:
    def __init__(self, path: Path | None, *, full: bool) -> None:
        """`full` writes through to the disk, so that marks outlive a power cut. Raises apsw.Error."""
        self._db = Database(path)
        if full:
            self._db.rows("PRAGMA synchronous = FULL")
        self._db.rows(_TABLE)

    def left(self) -> list[tuple[TenantId, float | None]]:
        """What an earlier process left: tenants and their due times, None where it did not close them."""
        return [
            (TenantId(realm, account, region), due)
            for realm, account, region, due in self._db.rows("SELECT realm, account, region, due FROM mark")
        ]

    def opened(self, tenant: TenantId) -> None:
        self._write("INSERT OR REPLACE INTO mark VALUES (?, ?, ?, NULL)", tenant)

    def closed(self, tenant: TenantId, due: float | None) -> None:
        if due is None:
            self._write("DELETE FROM mark WHERE realm = ? AND account = ? AND region = ?", tenant)
        else:
            self._write("INSERT OR REPLACE INTO mark VALUES (?, ?, ?, ?)", (*tenant, due))

    def _write(self, sql: str, args: Sequence[object]) -> None:
        self._db.execute(sql, args)
        if self._db.wal_pages >= _LONGEST_LOG_PAGES:
            self._db.checkpoint()

    def close(self) -> None:
        self._db.close()
