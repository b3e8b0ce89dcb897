"""A running Atoll to be abused: one for each file of tests, with what must stay as it is already in it."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, seed, settings

from tests.abuse.invariants import Guarded
from tests.conftest import running

MORE = float(os.environ.get("ATOLL_ABUSE", "1"))
"""How much longer the abuse is to last."""
SEED = int(os.environ.get("ATOLL_ABUSE_SEED", "0"))
"""Another one draws other examples."""


def pytest_report_header() -> str:
    return f"abuse: ATOLL_ABUSE={MORE:g} ATOLL_ABUSE_SEED={SEED}"


@contextmanager
def guarded(folder: Path, *options: str, **how: Any) -> Iterator[Guarded]:
    """One of the test's own. What holds afterwards is checked at the end."""
    with running("--data", str(folder), *options, **how) as atoll:
        found = Guarded(atoll, (folder / "control-token").read_text().strip())
        yield found
        found.check()


@pytest.fixture(scope="module")
def atoll(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    with guarded(tmp_path_factory.mktemp("abused")) as found:
        yield found


@pytest.fixture(autouse=True)
def unharmed(request: pytest.FixtureRequest) -> Iterator[None]:
    """After each test all is as it was."""
    found: Guarded | None = request.getfixturevalue("atoll") if "atoll" in request.fixturenames else None
    yield
    if found is not None:
        found.check()


@pytest.fixture
def examples() -> Any:
    """`@examples(100)`: how many are drawn, always the same unless ATOLL_ABUSE_SEED says otherwise."""

    def decorate(number: int) -> Any:
        rules = settings(
            max_examples=max(1, round(number * MORE)),
            deadline=None,
            database=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        )
        return lambda test: seed(SEED)(rules(test))

    return decorate


@pytest.fixture
def many_files() -> Iterator[int]:
    """As many files as the machine lets this process have; their number."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = hard if hard != resource.RLIM_INFINITY else 1 << 20
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    try:
        yield most
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
