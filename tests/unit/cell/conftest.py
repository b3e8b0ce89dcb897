"""Cells on a clock that the test moves, around a service that only tests have."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from atoll.core.tenant_id import TenantId
from atoll.tenants import Database

# The process that tests kill imports the same modules, as a script of this folder.
sys.path.append(str(Path(__file__).parent))
cloud_module = importlib.import_module("cloud")


@pytest.fixture
def cloud_at() -> Any:
    """`async with cloud_at(folder) as cloud`."""
    return cloud_module.running


@pytest.fixture
def box_arn() -> Callable[[TenantId, str], str]:
    arn: Callable[[TenantId, str], str] = cloud_module.arn
    return arn


@pytest.fixture
def at_each_step() -> Any:
    return cloud_module.at_each_step


@pytest.fixture
def told_of_commits(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    """`told_of_commits(cloud)`: from now on commits in this cloud's tenants are steps of it, before and after."""
    told_last: list[Any] = []
    commit = Database.commit

    def step(db: Database, what: str) -> None:
        for cloud in told_last[-1:]:
            for process in cloud.processes.values():
                if db.path is not None and process.folder in db.path.parents:
                    cloud.step(process, what)

    def told(db: Database) -> None:
        step(db, "before commit")
        commit(db)
        step(db, "after commit")

    monkeypatch.setattr(Database, "commit", told)
    return told_last.append
