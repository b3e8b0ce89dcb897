"""An index in memory, and a way to run its methods from plain tests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from atoll.core.clock import ManualClock
from atoll.index.sqlite import MEMORY, SqliteIndex


@pytest.fixture
def do() -> Iterator[Callable[[Coroutine[Any, Any, Any]], Any]]:
    with asyncio.Runner() as runner:
        yield runner.run


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def index(clock: ManualClock, do: Callable[[Coroutine[Any, Any, Any]], Any]) -> Iterator[SqliteIndex]:
    """With the realms `default`, which is open, and `twin`, which is not."""
    index = SqliteIndex(MEMORY, clock)
    do(index.make_realm("default", True))
    do(index.make_realm("twin", False))
    yield index
    do(index.close())


@pytest.fixture
def changes(index: SqliteIndex) -> list[tuple[str, object]]:
    """What listeners were told since the fixture was made."""
    told: list[tuple[str, object]] = []
    index.on_change(lambda kind, key: told.append((kind, key)))
    return told
