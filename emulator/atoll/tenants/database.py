"""A tenant's SQLite database: opening it, its transactions, and the tables of the services in it.

https://www.sqlite.org/wal.html
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from atoll.core.service import Schema, Service
from atoll.core.sqlite import apsw

Row = tuple[Any, ...]

ENGINE_VERSION = 3
_MIGRATIONS = {
    1: "ALTER TABLE effect ADD COLUMN created REAL NOT NULL DEFAULT 0; "
    "ALTER TABLE effect ADD COLUMN problem TEXT NOT NULL DEFAULT ''",
    2: "ALTER TABLE effect ADD COLUMN gives_up REAL",
}
"""What brings the engine's tables from each version to the next."""
_MOST_DIRTY_PAGES = 16_384
"""64 MB of what a transaction has changed is kept in memory. What goes into the log before the commit is likely to be
changed, and written, again."""


class NewerSchema(Exception):
    """The database was written by a newer Atoll than this one."""


@lru_cache(maxsize=1)
def _engine_schema() -> str:
    return Path(__file__).with_name("schema.sql").read_text()


class Database:
    """One connection. All its use is on one thread at a time."""

    __slots__ = (
        "_connection",
        "_copied_pages",
        "_cursor",
        "_execute",
        "_wal",
        "path",
        "services",
        "total_changes",
        "wal_growth",
        "wal_pages",
    )

    def __init__(self, path: Path | None) -> None:
        """Opens the database at `path`, making it where it is not there; without a path it lives in memory.

        Raises NewerSchema, or apsw.Error where the file cannot be used.
        """
        self.path = path
        self._connection = apsw.Connection(":memory:" if path is None else str(path))
        # Plans must not depend on bound values: SQLite would prepare a statement anew whenever they change (5 us).
        self._connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
        self._cursor = self._connection.cursor()
        self._execute = self._cursor.execute
        self.total_changes = self._connection.total_changes
        self._wal: int | None = None
        self._copied_pages = 0
        self.wal_growth = 0
        """By how many pages the write-ahead log has grown since a checkpoint was last begun."""
        self.wal_pages = 0
        """How many pages the write-ahead log had at the last commit."""
        try:
            if path is not None:
                self._prepare_file()
            self._make_engine_tables()
            self.services: dict[str, int] = {}
            self.reload_services()
        except BaseException:
            self._connection.close()
            raise

    def _prepare_file(self) -> None:
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", f"cache_spill = {_MOST_DIRTY_PAGES}"):
            self.rows(f"PRAGMA {pragma}")
        self._connection.set_wal_hook(self._count_pages)

    def _count_pages(self, _connection: apsw.Connection, _name: str, pages: int) -> int:
        """Takes the place of SQLite's automatic checkpoints, which would stall the loop."""
        if pages < self.wal_pages:
            # All of it had been copied back, and it was started anew.
            self._copied_pages = 0
        self.wal_pages = pages
        self.wal_growth = pages - self._copied_pages
        return apsw.SQLITE_OK

    def _make_engine_tables(self) -> None:
        version = self.rows("PRAGMA user_version")[0][0]
        if version > ENGINE_VERSION:
            raise NewerSchema(
                f"{self.path} was written by a newer Atoll (engine tables of version {version}, this one knows "
                f"{ENGINE_VERSION}): run that Atoll, or start with another data folder"
            )
        if version < ENGINE_VERSION:
            scripts = [_engine_schema()] if version == 0 else [_MIGRATIONS[v] for v in range(version, ENGINE_VERSION)]
            self.begin()
            for script in scripts:
                self.rows(script)
            self.rows(f"PRAGMA user_version = {ENGINE_VERSION}")
            self.commit()

    # ---- statements

    def rows(self, sql: str, args: Sequence[Any] = ()) -> list[Row]:
        return self._execute(sql, args).fetchall()

    def execute(self, sql: str, args: Sequence[Any] = ()) -> None:
        self._execute(sql, args)

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        self._cursor.executemany(sql, rows)

    @property
    def last_row_id(self) -> int:
        return self._connection.last_insert_rowid()

    @property
    def changes(self) -> int:
        """How many rows the last statement changed."""
        return self._connection.changes()

    # ---- transactions

    def begin(self) -> None:
        self._execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Raises apsw.Error, with the transaction still open, where it cannot be written."""
        self._execute("COMMIT")

    def rollback(self) -> None:
        """Undoes the whole transaction. SQLite has done so already after some errors (a full disk)."""
        if not self._connection.get_autocommit():
            self._execute("ROLLBACK")

    def savepoint(self) -> None:
        self._execute("SAVEPOINT call")

    def release(self) -> None:
        self._execute("RELEASE call")

    def rollback_to_savepoint(self) -> None:
        if self._connection.get_autocommit():
            raise apsw.SQLError("the transaction is gone")
        self._execute("ROLLBACK TO call")
        self._execute("RELEASE call")

    # ---- services

    def reload_services(self) -> None:
        """Which services have tables, after some may have gone with a transaction that was undone."""
        self.services = dict(self.rows("SELECT name, version FROM service"))

    def add_service(self, service: Service) -> None:
        """Makes the service's tables, or brings them to its version, in the transaction that is open.

        Raises NewerSchema.
        """
        schema = service.schema or Schema(0, "")
        have = self.services.get(service.name)
        if have == schema.version:
            return
        if have is None:
            self.rows(schema.sql)
        elif have > schema.version:
            raise NewerSchema(
                f"{self.path} has tables of {service.name} in version {have}, this Atoll knows {schema.version}: "
                "run the newer Atoll, or start with another data folder"
            )
        else:
            for version in range(have, schema.version):
                self.rows(schema.migrations[version])
        self.execute("INSERT OR REPLACE INTO service VALUES (?, ?)", (service.name, schema.version))
        self.services[service.name] = schema.version

    # ---- the file

    def wal_descriptor(self) -> int:
        """A descriptor of the write-ahead log, to be synced off the loop. SQLite puts no lock on that file, so a
        descriptor of one's own does no harm."""
        if self._wal is None:
            self._wal = os.open(f"{self.path}-wal", os.O_RDWR)
        return self._wal

    def checkpoint_begins(self) -> None:
        """What is in the write-ahead log now is being copied back."""
        self._copied_pages = self.wal_pages
        self.wal_growth = 0

    def checkpoint(self) -> None:
        """Copies back what is left in the write-ahead log, so that the next transaction starts the log anew."""
        self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)

    def close(self) -> None:
        if self._wal is not None:
            os.close(self._wal)
            self._wal = None
        self._connection.close()


@lru_cache
def tables_of(service: Service) -> tuple[str, ...]:
    """The tables that the service's schema makes."""
    db = Database(None)
    try:
        tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
        engines = set(db.rows(tables))
        db.add_service(service)
        return tuple(name for (name,) in db.rows(tables) if (name,) not in engines)
    finally:
        db.close()


_LAYOUT = """
SELECT m.name, c.name, c."notnull", c.pk FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type = 'table'
UNION ALL
SELECT m.name, group_concat(c.name), i."unique", -1
FROM sqlite_schema m, pragma_index_list(m.name) i, pragma_index_info(i.name) c WHERE m.type = 'table' AND i."unique"
GROUP BY m.name, i.name
"""


def layout(connection: apsw.Connection) -> set[Row]:
    """What a database's tables are, as far as statements rest on it: columns, and what is unique."""
    return set(connection.execute(_LAYOUT).fetchall())


def layout_wanted(services: Iterable[Service]) -> set[Row]:
    """The same of a database made anew in which the services have written."""
    db = Database(None)
    try:
        for service in services:
            db.add_service(service)
        return layout(db._connection)
    finally:
        db.close()


def checkpoint_file(path: Path) -> None:
    """Copies the write-ahead log of an open database back into it, by a connection of its own, on any thread."""
    connection = apsw.Connection(str(path))
    try:
        # A connection knows of the log only once it has read.
        connection.execute("PRAGMA schema_version").fetchall()
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
    finally:
        connection.close()
