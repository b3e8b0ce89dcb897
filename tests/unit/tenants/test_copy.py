"""Copies of tenants' databases: what a fork has, and what it leaves to its original."""

from __future__ import annotations

from pathlib import Path

import pytest
from atoll.core.service import Schema, Service
from atoll.core.tenant_id import TenantId
from atoll.tenants import Database
from atoll.tenants.copy import DATABASE, fork, restore

SENDING = Service(
    "sending",
    access={},
    schema=Schema(
        1, "CREATE TABLE box (text TEXT NOT NULL); CREATE TABLE going (text TEXT NOT NULL)", under_way=("going",)
    ),
)
ORIGINAL, COPY = TenantId("default", "111111111111", "r"), TenantId("default", "222222222222", "r")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    db = Database(folder / DATABASE)
    db.begin()
    db.add_service(SENDING)
    for table in ("box", "going"):
        db.execute(f"INSERT INTO {table} VALUES ('x')")
    db.commit()
    db.close()
    return folder


def counts(folder: Path) -> list[int]:
    db = Database(folder / DATABASE)
    try:
        return [db.rows(f"SELECT count(*) FROM {table}")[0][0] for table in ("box", "going")]
    finally:
        db.close()


def test_what_is_under_way_a_fork_leaves_to_its_original(source: Path, tmp_path: Path) -> None:
    fork(source, tmp_path / "copy", [SENDING], ORIGINAL, COPY)
    assert counts(tmp_path / "copy") == [1, 0]
    assert counts(source) == [1, 1]


def test_what_is_restored_goes_on_with_it(source: Path, tmp_path: Path) -> None:
    restore(source, tmp_path / "copy", [SENDING])
    assert counts(tmp_path / "copy") == [1, 1]
