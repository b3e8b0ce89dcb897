"""What manifests declared."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import apsw
import pytest
from atoll.core.clock import ManualClock
from atoll.index import AccountTaken, Declaration
from atoll.index.sqlite import SqliteIndex

ONE = Declaration("Account", "default", "one", "111111111111", 1, {"alias": "a", "regions": ["x"]}, 5.0)
TWO = Declaration("Account", "default", "two", "222222222222", 1, {}, 6.0, 99.0)
REGION = Declaration("Region", "", "frankfurt", "", 3, {"regionName": "eu-central-1"}, 7.0)


def run(test: Callable[[SqliteIndex], Awaitable[None]], path: Path | str = ":memory:") -> None:
    async def go() -> None:
        index = SqliteIndex(path, ManualClock())
        await index.make_realm("default", True)
        await index.make_realm("twin", False)
        try:
            await test(index)
        finally:
            await index.close()

    asyncio.run(go())


def test_what_is_declared_is_there() -> None:
    async def test(index: SqliteIndex) -> None:
        changes: list[object] = []
        index.on_change(lambda kind, key: changes.append((kind, key)))
        for declaration in (TWO, ONE, REGION):
            assert await index.declare(declaration) == declaration
        assert await index.declaration("Account", "default", "one") == ONE
        assert await index.declaration("Account", "twin", "one") is None
        assert await index.declaration_of("default", "222222222222") == TWO
        assert await index.declaration_of("twin", "222222222222") is None
        assert await index.declarations("Account") == [ONE, TWO]
        assert await index.declarations("Account", "twin") == []
        assert await index.declarations("Region") == [REGION]
        assert changes[-1] == ("declaration", ("Region", "", "frankfurt"))

    run(test)


def test_a_change_keeps_when_it_was_created() -> None:
    async def test(index: SqliteIndex) -> None:
        await index.declare(ONE)
        changed = Declaration("Account", "default", "one", "111111111111", 2, {"alias": "b"}, 50.0, 80.0)
        now = await index.declare(changed)
        assert (now.created, now.generation, now.spec, now.expires) == (5.0, 2, {"alias": "b"}, 80.0)

    run(test)


def test_an_account_has_one_name_in_its_realm() -> None:
    async def test(index: SqliteIndex) -> None:
        await index.declare(ONE)
        with pytest.raises(AccountTaken, match="is that of one"):
            await index.declare(Declaration("Account", "default", "other", "111111111111", 1, {}, 0.0))
        await index.declare(Declaration("Account", "twin", "other", "111111111111", 1, {}, 0.0))

    run(test)


def test_what_is_gone_is_gone() -> None:
    async def test(index: SqliteIndex) -> None:
        await index.declare(ONE)
        await index.declare(REGION)
        assert await index.undeclare("Account", "default", "one")
        assert not await index.undeclare("Account", "default", "one")
        await index.declare(ONE)
        await index.drop_realm("default")
        assert await index.declarations("Account") == []
        assert await index.declarations("Region") == [REGION]

    run(test)


def test_an_index_from_before_is_brought_up(tmp_path: Path) -> None:
    path = tmp_path / "index.sqlite"

    async def nothing(index: SqliteIndex) -> None:
        pass

    async def declares(index: SqliteIndex) -> None:
        await index.declare(ONE)
        assert await index.declarations("Account") == [ONE]

    run(nothing, path)
    older = apsw.Connection(str(path))
    older.execute(
        "DROP TABLE declaration; DROP TABLE epoch_floor; DROP TABLE gone_key; "
        "DROP TABLE ended_account; DROP INDEX access_key_expiring; "
        "ALTER TABLE access_key DROP COLUMN expires; UPDATE index_version SET version = 1"
    ).fetchall()
    older.close()
    run(declares, path)
