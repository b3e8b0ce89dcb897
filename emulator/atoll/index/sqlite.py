"""The resource index in an SQLite file."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from atoll.core.clock import Clock
from atoll.core.disk import sync_file
from atoll.core.service import Schema
from atoll.core.sqlite import apsw
from atoll.core.threads import in_thread
from atoll.index.driver import Driver, Row, Run, Value
from atoll.index.errors import IndexUnavailable
from atoll.index.schema import VERSION_TABLE, index_schema, scripts
from atoll.index.sql_index import SqlIndex

MEMORY = ":memory:"
logger = logging.getLogger(__name__)

_BUSY_MS = 1000
"""How long a statement waits for another process that looks into the file."""
_CHECKPOINT_PAGES = 1_000
"""From how many pages on the write-ahead log is copied back, off the loop."""
_LARGEST_LOG_PAGES = 10_000
"""From how many on it is done on the loop: only while nobody writes can the log begin anew."""

_DAMAGED = "is damaged, or no index at all: put back a copy of it, or start with another data folder"
_UNWRITABLE = "cannot be opened and written: give this user the rights to it and to its folder, or start with another"
_IN_USE = "is in use by another process: stop that one, or start with another data folder"
_FULL = "cannot be written, its disk is full: make room there"
_FAILED = "cannot be read or written, its disk fails: look at that, or start with another data folder"

_WORDS: dict[type[apsw.Error], str] = {
    apsw.NotADBError: _DAMAGED,
    apsw.CorruptError: _DAMAGED,
    apsw.ReadOnlyError: _UNWRITABLE,
    apsw.CantOpenError: _UNWRITABLE,
    apsw.PermissionsError: _UNWRITABLE,
    apsw.BusyError: _IN_USE,
    apsw.LockedError: _IN_USE,
    apsw.ProtocolError: _IN_USE,
    apsw.FullError: _FULL,
    apsw.IOError: _FAILED,
}


def unavailable(path: str, error: apsw.Error) -> IndexUnavailable | None:
    """What an error of SQLite means for whoever runs Atoll; None where it is a mistake of ours."""
    words = _WORDS.get(type(error))
    return None if words is None else IndexUnavailable(f"The resource index {path} {words} ({error})")


class SqliteDriver(Driver):
    """One connection. Nothing here really waits, so that on one loop each block runs to its end undisturbed."""

    def __init__(self, path: Path | str, schema: Schema, *, full: bool = False) -> None:
        """Opens the index, making it where it is not there. `full` lets commits survive a power cut too.

        Raises IndexUnavailable.
        """
        self.path = str(path)
        try:
            self._connection = apsw.Connection(self.path)
            try:
                self._cursor = self._connection.cursor()
                self._configure()
                self._make_tables(schema)
            except BaseException:
                self._connection.close()
                raise
        except apsw.Error as error:
            raise unavailable(self.path, error) or error from error
        self._full = full and self.path != MEMORY
        self._log: int | None = None
        self._transaction = _Block(self, "BEGIN IMMEDIATE", "COMMIT")
        self._reading = _Block(self)
        self._log_pages = 0
        self._checkpoint: asyncio.Future[None] | None = None

    def rows(self, sql: str, args: Sequence[Value] = ()) -> list[Row]:
        return self._cursor.execute(sql, args).fetchall()

    async def run(self, sql: str, args: Sequence[Value] = ()) -> list[Row]:
        return self._cursor.execute(sql, args).fetchall()

    def _configure(self) -> None:
        self._connection.set_busy_timeout(_BUSY_MS)
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
            self.rows(f"PRAGMA {pragma}")
        self._connection.set_wal_hook(self._count_pages)

    def _count_pages(self, _connection: apsw.Connection, _name: str, pages: int) -> int:
        """Takes the place of SQLite's automatic checkpoints, which would stall the loop."""
        self._log_pages = pages
        return apsw.SQLITE_OK

    def _make_tables(self, schema: Schema) -> None:
        self.rows("BEGIN IMMEDIATE")
        self.rows(VERSION_TABLE)
        have = self.rows("SELECT version FROM index_version")
        for script in scripts(have[0][0] if have else None, schema, self.path):
            self.rows(script)
        self.rows("DELETE FROM index_version")
        self.rows("INSERT INTO index_version VALUES (?)", (schema.version,))
        self.rows("COMMIT")

    def rollback(self) -> None:
        """Undoes the transaction. SQLite has done so already after some errors (a full disk)."""
        if not self._connection.get_autocommit():
            self.rows("ROLLBACK")

    def committed(self) -> None:
        """Sees to it that the write-ahead log does not grow for ever."""
        if self._log_pages < _CHECKPOINT_PAGES:
            return
        if self._log_pages >= _LARGEST_LOG_PAGES:
            self._checkpoint_now()
        elif self._checkpoint is None:
            self._checkpoint = asyncio.get_running_loop().run_in_executor(None, _checkpoint_file, self.path)
            self._checkpoint.add_done_callback(self._checkpointed)

    def _checkpoint_now(self) -> None:
        try:
            self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        except apsw.BusyError:
            # The one off the loop is at it. The next commit looks again.
            return
        except apsw.Error:
            # What was committed stays in the log, and the next commit tries again.
            logger.exception("the log of the resource index %s could not be copied back", self.path)

    def _checkpointed(self, checkpoint: asyncio.Future[None]) -> None:
        self._checkpoint = None
        if not checkpoint.cancelled() and (error := checkpoint.exception()) is not None:
            logger.error("the log of the resource index %s could not be copied back: %s", self.path, error)

    async def sync(self) -> None:
        """Returns when what was committed is on the disk, where that was asked for. Others may go on meanwhile."""
        if self._full:
            if self._log is None:
                self._log = os.open(f"{self.path}-wal", os.O_RDWR)
            await in_thread(sync_file, self._log)

    def transaction(self) -> _Block:
        return self._transaction

    def reading(self) -> _Block:
        return self._reading

    async def close(self) -> None:
        if self._checkpoint is not None:
            await asyncio.wait([self._checkpoint])
        if self._log is not None:
            os.close(self._log)
        self._connection.close()


def _checkpoint_file(path: str) -> None:
    """By a connection of its own, so that it runs beside the loop's."""
    connection = apsw.Connection(path)
    try:
        # A connection that has read nothing yet does not know of the log, and would copy nothing.
        connection.cursor().execute("PRAGMA schema_version").fetchall()
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
    finally:
        connection.close()


class _Block:
    """Stands around statements: begins before them, ends after them, rolls back where they raise."""

    __slots__ = ("_begin", "_driver", "_end", "_run")

    def __init__(self, driver: SqliteDriver, begin: str = "", end: str = "") -> None:
        self._driver = driver
        self._run = driver.run
        self._begin = begin
        self._end = end

    async def __aenter__(self) -> Run:
        if self._begin:
            try:
                self._driver.rows(self._begin)
            except apsw.Error as error:
                raise unavailable(self._driver.path, error) or error from error
        return self._run

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None and self._end:
            try:
                self._driver.rows(self._end)
            except apsw.Error as failure:
                error = failure
            else:
                self._driver.committed()
        if error is None:
            if self._end:
                await self._synced()
            return
        self._driver.rollback()
        if isinstance(error, apsw.Error):
            raise unavailable(self._driver.path, error) or error from error

    async def _synced(self) -> None:
        try:
            await self._driver.sync()
        except OSError as error:
            raise IndexUnavailable(f"The resource index {self._driver.path} {_FAILED} ({error})") from error


class SqliteIndex(SqlIndex):
    """The index of `atoll up`."""

    def __init__(self, path: Path | str, clock: Clock, *, full: bool = False) -> None:
        """Opens the index in the file at `path`, or in memory at `:memory:`. `full` lets it survive a power cut too.

        Raises IndexUnavailable where the file cannot be used, with words that say what to do.
        """
        super().__init__(SqliteDriver(path, index_schema(), full=full), clock)
