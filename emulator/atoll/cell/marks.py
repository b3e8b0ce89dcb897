"""The cell's own small database: which tenants are open, and when a closed one next has something to do.

A tenant is marked open before it can write; at closing the mark becomes its next due time. So after a crash the cell
knows which tenants to look into, and whom to wake when, without opening the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from atoll.core.disk import sync_file
from atoll.core.tenant_id import TenantId
from atoll.core.threads import in_thread
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
        """`full` lets marks outlive a power cut. Raises apsw.Error."""
        self._db = Database(path)
        self._db.rows(_TABLE)
        self._full = full and path is not None

    def left(self) -> list[tuple[TenantId, float | None]]:
        """What an earlier process left: tenants and their due times, None where it did not close them."""
        return [
            (TenantId(realm, account, region), due)
            for realm, account, region, due in self._db.rows("SELECT realm, account, region, due FROM mark")
        ]

    async def opened(self, tenant: TenantId) -> None:
        """Returns when the mark is sure to last. Raises OSError where it cannot be synced."""
        self._write("INSERT OR REPLACE INTO mark VALUES (?, ?, ?, NULL)", tenant)
        if self._full:
            await in_thread(sync_file, self._db.wal_descriptor())

    def closed(self, tenant: TenantId, due: float | None) -> None:
        """Should it not last, the tenant is taken for one that is open, and looked into."""
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
