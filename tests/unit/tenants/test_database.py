"""A tenant's database: versions of tables, transactions, failures."""

from __future__ import annotations

import os
from pathlib import Path

import apsw
import pytest
from atoll.core.service import Schema, Service
from atoll.tenants import Database, NewerSchema
from atoll.tenants.database import ENGINE_VERSION, checkpoint_file

FIRST = Schema(1, "CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT NOT NULL)")
THIRD = Schema(
    3,
    "CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT NOT NULL, size INTEGER NOT NULL DEFAULT 0, colour TEXT)",
    migrations={
        1: "ALTER TABLE thing ADD COLUMN size INTEGER NOT NULL DEFAULT 0; UPDATE thing SET size = length(name)",
        2: "ALTER TABLE thing ADD COLUMN colour TEXT",
    },
)


def service(schema: Schema | None) -> Service:
    return Service("things", access={}, schema=schema)


def with_tables(path: Path | None, schema: Schema) -> Database:
    db = Database(path)
    db.begin()
    db.add_service(service(schema))
    db.commit()
    return db


def test_tables_are_there_when_it_is_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "tenant.sqlite"
    db = with_tables(path, FIRST)
    db.execute("INSERT INTO thing (name) VALUES ('one')")
    db.close()
    db = Database(path)
    assert db.services == {"things": 1}
    assert db.rows("SELECT name FROM thing") == [("one",)]
    db.close()


def test_an_older_version_is_brought_up_step_by_step(tmp_path: Path) -> None:
    path = tmp_path / "tenant.sqlite"
    db = with_tables(path, FIRST)
    db.execute("INSERT INTO thing (name) VALUES ('three')")
    db.close()
    db = with_tables(path, THIRD)
    assert db.services == {"things": 3}
    assert db.rows("SELECT name, size, colour FROM thing") == [("three", 5, None)]
    db.close()


def test_a_migration_that_fails_leaves_the_older_version() -> None:
    db = with_tables(None, FIRST)
    db.execute("INSERT INTO thing (name) VALUES ('one')")
    broken = Schema(3, "", migrations={1: THIRD.migrations[1], 2: "UPDATE nothing SET x = 1"})
    db.begin()
    with pytest.raises(apsw.SQLError):
        db.add_service(service(broken))
    db.rollback()
    db.reload_services()
    assert db.services == {"things": 1}
    assert db.rows("SELECT * FROM thing") == [(1, "one")]
    db.close()


def test_a_newer_version_of_a_service_is_refused_with_words(tmp_path: Path) -> None:
    db = with_tables(tmp_path / "tenant.sqlite", THIRD)
    db.begin()
    with pytest.raises(NewerSchema, match=r"tenant\.sqlite has tables of things in version 3, this Atoll knows 1"):
        db.add_service(service(FIRST))
    db.rollback()
    assert db.services == {"things": 3}
    db.close()


def test_older_tables_of_the_engine_are_brought_up(tmp_path: Path) -> None:
    path = tmp_path / "tenant.sqlite"
    db = Database(path)
    for column in ("created", "problem", "gives_up"):
        db.rows(f"ALTER TABLE effect DROP COLUMN {column}")
    db.rows("PRAGMA user_version = 1")
    db.rows("INSERT INTO effect (nonce, sequence, lane, body, due) VALUES ('n', 1, '', x'00', 5.0)")
    db.close()
    db = Database(path)
    assert db.rows("PRAGMA user_version") == [(ENGINE_VERSION,)]
    assert db.rows("SELECT due, created, problem FROM effect") == [(5.0, 0.0, "")]
    db.close()


def test_newer_tables_of_the_engine_are_refused_with_words(tmp_path: Path) -> None:
    path = tmp_path / "tenant.sqlite"
    db = Database(path)
    db.rows(f"PRAGMA user_version = {ENGINE_VERSION + 1}")
    db.close()
    with pytest.raises(NewerSchema, match="newer Atoll"):
        Database(path)
    # It was let go of: nobody is kept from it.
    path.rename(tmp_path / "moved.sqlite")


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tenant.sqlite"
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(apsw.NotADBError):
        Database(path)


def test_a_savepoint_undoes_its_own_and_no_more() -> None:
    db = with_tables(None, FIRST)
    db.begin()
    db.savepoint()
    db.execute("INSERT INTO thing (name) VALUES ('kept')")
    db.release()
    db.savepoint()
    db.execute("INSERT INTO thing (name) VALUES ('undone')")
    db.rollback_to_savepoint()
    db.commit()
    assert db.rows("SELECT name FROM thing") == [("kept",)]
    db.close()


def test_a_savepoint_whose_transaction_is_gone_says_so() -> None:
    db = with_tables(None, FIRST)
    db.begin()
    db.savepoint()
    db.rollback()
    with pytest.raises(apsw.SQLError, match="gone"):
        db.rollback_to_savepoint()
    db.rollback()
    db.close()


def test_what_a_transaction_changes_is_written_to_files_at_its_commit_only(tmp_path: Path) -> None:
    """Savepoints included, whose journal is SQLite's own file where it outgrows 64 KB."""
    path = tmp_path / "tenant.sqlite"
    db = with_tables(path, FIRST)
    db.executemany("INSERT INTO thing (name) VALUES (?)", [("x" * 3000,)] * 2_000)
    files, log = os.listdir("/proc/self/fd"), path.with_name("tenant.sqlite-wal").stat().st_size
    db.begin()
    for _ in range(2):
        db.savepoint()
        db.execute("UPDATE thing SET name = name || 'y'")
        assert os.listdir("/proc/self/fd") == files
        db.release()
    assert path.with_name("tenant.sqlite-wal").stat().st_size == log
    db.savepoint()
    db.execute("UPDATE thing SET name = 'z'")
    db.rollback_to_savepoint()
    db.commit()
    assert db.rows("SELECT DISTINCT name FROM thing") == [("x" * 3000 + "yy",)]
    db.close()


def test_a_full_disk_undoes_the_whole_and_the_next_transaction_works(tmp_path: Path) -> None:
    db = with_tables(tmp_path / "tenant.sqlite", FIRST)
    [(pages,)] = db.rows("PRAGMA page_count")
    db.rows(f"PRAGMA max_page_count = {pages + 1}")
    db.begin()
    with pytest.raises(apsw.FullError):
        db.executemany("INSERT INTO thing (name) VALUES (?)", [("x" * 3000,)] * 100)
    db.rollback()
    assert db.rows("SELECT count(*) FROM thing") == [(0,)]
    db.begin()
    db.execute("INSERT INTO thing (name) VALUES ('small')")
    db.commit()
    assert db.rows("SELECT name FROM thing") == [("small",)]
    db.close()


def test_the_log_is_counted_and_copied_back(tmp_path: Path) -> None:
    db = with_tables(tmp_path / "tenant.sqlite", FIRST)
    for _ in range(50):
        db.execute("INSERT INTO thing (name) VALUES (?)", ("x" * 3000,))
    assert db.wal_pages >= 50
    checkpoint_file(tmp_path / "tenant.sqlite")
    db.execute("INSERT INTO thing (name) VALUES ('first of a new log')")
    assert db.wal_pages < 50
    db.close()


def test_the_version_of_a_service_without_tables_is_kept_all_the_same() -> None:
    db = Database(None)
    db.begin()
    db.add_service(service(None))
    db.commit()
    assert db.services == {"things": 0}
    db.close()
