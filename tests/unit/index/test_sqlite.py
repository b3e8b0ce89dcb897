"""The index in a file: that it lasts, and what it says where it cannot be used."""

from __future__ import annotations

import asyncio
import errno
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest
from atoll.core.clock import ManualClock
from atoll.core.lagoon import NameTaken
from atoll.core.service import Schema
from atoll.core.tenant_id import TenantId
from atoll.index import CatalogueRow, IndexUnavailable, sqlite
from atoll.index.schema import scripts
from atoll.index.sqlite import SqliteDriver, SqliteIndex, unavailable

HERE = TenantId("default", "111111111111", "eu-central-1")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "index.sqlite"


@pytest.fixture
def other(path: Path) -> Iterator[apsw.Connection]:
    """Another process's connection to the file."""
    connection = apsw.Connection(str(path))
    yield connection
    connection.close()


def opened(path: Path | str, **options: Any) -> SqliteIndex:
    return SqliteIndex(path, ManualClock(), **options)


def rows(connection: apsw.Connection, sql: str) -> list[Any]:
    return connection.cursor().execute(sql).fetchall()


@pytest.mark.parametrize("full", [False, True])
def test_what_was_written_is_there_when_it_is_opened_again(path: Path, do: Any, full: bool) -> None:
    index = opened(path, full=full)
    realm = do(index.make_realm("default", True))
    do(index.place(HERE, "cell"))
    do(index.publish(HERE, 1, [CatalogueRow("sqs", "queue", "q", "arn", {"a": "b"}, 1.5, 3)], [], after=0))
    before = do(index.resources("default"))
    do(index.close())
    index = opened(path, full=full)
    assert do(index.realm("default")) == realm
    assert do(index.resources("default")) == before
    assert do(index.published(HERE)) == 3
    do(index.close())


def test_an_index_of_a_newer_atoll_is_refused_with_words(path: Path, do: Any) -> None:
    do(opened(path).close())
    connection = apsw.Connection(str(path))
    rows(connection, "UPDATE index_version SET version = 99")
    connection.close()
    with pytest.raises(IndexUnavailable, match=r"newer Atoll.*99.*run that Atoll"):
        opened(path)


def test_migrations_lead_from_each_version_to_this_one() -> None:
    schema = Schema(4, "all of it", {2: "two to three", 3: "three to four"})
    assert scripts(None, schema, "here") == ["all of it"]
    assert scripts(2, schema, "here") == ["two to three", "three to four"]
    assert scripts(3, schema, "here") == ["three to four"]
    assert scripts(4, schema, "here") == []
    with pytest.raises(IndexUnavailable, match=r"newer.*version 5.*knows 4"):
        scripts(5, schema, "here")
    with pytest.raises(IndexUnavailable, match=r"too old.*version 1"):
        scripts(1, schema, "here")


def test_an_older_index_is_brought_up_whole_or_not_at_all(path: Path, do: Any) -> None:
    first = Schema(1, "CREATE TABLE thing (a TEXT);")
    do(SqliteDriver(path, first).close())
    broken = Schema(2, "", {1: "ALTER TABLE thing ADD COLUMN b TEXT; ALTER TABLE none ADD COLUMN c TEXT;"})
    with pytest.raises(apsw.SQLError):
        SqliteDriver(path, broken)
    second = Schema(2, "", {1: "ALTER TABLE thing ADD COLUMN b TEXT;"})
    for _ in range(2):
        driver = SqliteDriver(path, second)
        driver.rows("INSERT INTO thing (a, b) VALUES ('1', '2')")
        assert driver.rows("SELECT version FROM index_version") == [(2,)]
        do(driver.close())


def test_an_index_from_before_dropped_realms_left_their_epochs_leaves_them(path: Path, do: Any) -> None:
    do(opened(path).close())
    connection = apsw.Connection(str(path))
    rows(connection, "DROP TABLE epoch_floor")
    rows(connection, "DROP INDEX access_key_expiring")
    rows(connection, "ALTER TABLE access_key DROP COLUMN expires")
    rows(connection, "ALTER TABLE declaration DROP COLUMN declared")
    rows(connection, "ALTER TABLE declaration DROP COLUMN turned")
    rows(connection, "DROP TABLE gone_key")
    rows(connection, "DROP TABLE ended_account")
    rows(connection, "UPDATE index_version SET version = 2")
    connection.close()
    index = opened(path)
    for epoch in (1, 2):
        do(index.make_realm("default", True))
        assert do(index.place(HERE, "cell")).epoch == epoch
        do(index.drop_realm("default"))
    do(index.close())


@pytest.mark.parametrize("content", [b"not a database" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_file_is_refused_with_words(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(IndexUnavailable, match=r"index\.sqlite is damaged.*put back a copy"):
        opened(path)
    assert path.read_bytes() == content


def test_a_folder_that_there_is_not_is_refused_with_words(path: Path) -> None:
    with pytest.raises(IndexUnavailable, match="cannot be opened and written: give this user the rights"):
        opened(path.parent / "none" / "index.sqlite")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (apsw.ReadOnlyError, "give this user the rights"),
        (apsw.FullError, "its disk is full"),
        (apsw.IOError, "its disk fails"),
        (apsw.CorruptError, "is damaged"),
    ],
)
def test_each_error_of_the_file_has_words(error: type[apsw.Error], words: str) -> None:
    said = unavailable("/data/index.sqlite", error("SQLite's own"))
    assert said is not None
    assert words in str(said)
    assert "/data/index.sqlite" in str(said)
    assert "SQLite's own" in str(said)


def test_a_mistake_of_ours_is_not_blamed_on_the_file() -> None:
    assert unavailable("", apsw.SQLError("syntax")) is None


def test_while_another_process_writes_it_is_refused_with_words(
    path: Path, do: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("atoll.index.sqlite._BUSY_MS", 1)
    index = opened(path)
    do(index.make_realm("default", True))
    other = apsw.Connection(str(path))
    rows(other, "BEGIN IMMEDIATE")
    with pytest.raises(IndexUnavailable, match="in use by another process"):
        do(index.make_realm("new", True))
    with pytest.raises(IndexUnavailable, match="in use by another process"):
        opened(path)
    assert do(index.realm("default")) is not None
    rows(other, "ROLLBACK")
    other.close()
    assert do(index.make_realm("new", True))
    do(index.close())


def test_a_disk_that_fills_undoes_the_whole_method(path: Path, do: Any) -> None:
    index = opened(path)
    told: list[object] = []
    do(index.make_realm("default", True))
    do(index.place(HERE, "cell"))
    index.on_change(lambda kind, key: told.append(key))
    other = apsw.Connection(str(path))
    [(pages,)] = rows(other, "PRAGMA page_count")
    driver: Any = index._driver
    driver.rows(f"PRAGMA max_page_count = {pages + 3}")
    many = [CatalogueRow("sqs", "queue", f"q{n}", f"arn{n}" * 200, {"a": "b"}, 1.0, n + 1) for n in range(100)]
    with pytest.raises(IndexUnavailable, match="disk is full"):
        do(index.publish(HERE, 1, many, [], after=0))
    assert told == []
    assert do(index.published(HERE)) == 0
    assert do(index.resources("default")).resources == []
    driver.rows("PRAGMA max_page_count = 1000000")
    do(index.publish(HERE, 1, many, [], after=0))
    assert do(index.published(HERE)) == 100
    other.close()
    do(index.close())


def test_what_is_refused_leaves_no_transaction_behind(path: Path, do: Any) -> None:
    index = opened(path)
    do(index.make_realm("default", True))
    do(index.claim("default", "bucket", "b", HERE, "g1", 1.0))
    with pytest.raises(NameTaken):
        do(index.claim("default", "bucket", "b", HERE, "g2", 1.0))
    other = apsw.Connection(str(path))
    rows(other, "BEGIN IMMEDIATE")
    rows(other, "COMMIT")
    other.close()
    do(index.close())


@pytest.mark.parametrize("on_the_loop", [False, True])
def test_the_log_does_not_grow_for_ever(
    path: Path, do: Any, monkeypatch: pytest.MonkeyPatch, on_the_loop: bool
) -> None:
    monkeypatch.setattr("atoll.index.sqlite._CHECKPOINT_PAGES", 20)
    if on_the_loop:
        monkeypatch.setattr("atoll.index.sqlite._LARGEST_LOG_PAGES", 20)
    index = opened(path)
    do(index.make_realm("default", True))
    driver: Any = index._driver
    for number in range(400):
        do(index.make_account("default", f"{number:012d}"))
        if (checkpoint := driver._checkpoint) is not None:
            do(_ended(checkpoint))
    do(index.make_realm("twin", True))
    size = path.with_name("index.sqlite-wal").stat().st_size
    # 400 commits of some two pages each, had none been copied back.
    assert 0 < size < 50 * 4096
    assert len(do(index.accounts("default"))) == 400
    do(index.close())


def test_the_log_is_bounded_also_while_the_loop_does_not_turn(
    path: Path, do: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("atoll.index.sqlite._CHECKPOINT_PAGES", 20)
    monkeypatch.setattr("atoll.index.sqlite._LARGEST_LOG_PAGES", 100)
    # As with a disk so slow that the one off the loop does not end before these commits.
    monkeypatch.setattr("atoll.index.sqlite._checkpoint_file", lambda path: None)
    index = opened(path)
    do(index.make_realm("default", True))

    async def many() -> None:
        for number in range(1000):
            await index.make_account("default", f"{number:012d}")

    do(many())
    size = path.with_name("index.sqlite-wal").stat().st_size
    assert 0 < size < 200 * 4096
    do(index.close())


async def _ended(future: Any) -> None:
    await future


def test_importing_the_index_loads_no_database() -> None:
    script = "import sys, atoll.index; sys.exit(any(name in sys.modules for name in ('apsw', 'sqlite3', 'psycopg')))"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_with_full_durability_a_change_waits_for_the_disk(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        synced = threading.Event()
        index = opened(path, full=True)
        with monkeypatch.context() as held:
            held.setattr(sqlite, "sync_file", lambda descriptor: synced.wait(20))
            making = asyncio.ensure_future(index.make_realm("team-a", True))
            # The loop goes on meanwhile.
            for _ in range(20):
                await asyncio.sleep(0)
            assert not making.done()
            synced.set()
            await making

            def broken(descriptor: int) -> None:
                raise OSError(errno.EIO, "Input/output error")

            held.setattr(sqlite, "sync_file", broken)
            with pytest.raises(IndexUnavailable, match="its disk fails"):
                await index.make_realm("team-b", True)
        await index.close()

    asyncio.run(scenario())
