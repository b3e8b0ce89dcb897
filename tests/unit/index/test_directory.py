"""The directory in memory: kept, dropped on change, never an absence."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from atoll.core.tenant_id import TenantId
from atoll.index import CatalogueRow, Directory, Index, Realm
from atoll.index.sqlite import SqliteIndex

ONE = "111111111111"
A = TenantId("default", ONE, "eu-central-1")
B = TenantId("default", ONE, "us-east-1")
ROOT = f"arn:aws:iam::{ONE}:root"


@pytest.fixture
def directory(index: Index) -> Directory:
    return Directory(index)


@pytest.fixture
def asked(index: SqliteIndex, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The methods of the index that were asked. Taken before the directory is made."""
    asked: list[str] = []

    def spied(name: str) -> Callable[..., Awaitable[Any]]:
        ask: Callable[..., Awaitable[Any]] = getattr(index, name)

        def spy(*args: Any) -> Awaitable[Any]:
            asked.append(name)
            return ask(*args)

        return spy

    for name in ("realm", "account", "access_key", "placement", "holder", "find_id"):
        monkeypatch.setattr(index, name, spied(name))
    return asked


def test_each_is_asked_once_and_then_known(asked: list[str], index: Index, directory: Directory, do: Any) -> None:
    do(index.make_account("default", ONE))
    key = do(index.issue_access_key("default", ONE, ROOT, ONE))
    do(index.place(A, "cell"))
    do(index.claim("default", "bucket", "b", A, "g", 1.0))
    do(index.publish(A, 1, [CatalogueRow("kms", "key", "k", "arn", {}, 1.0, 1)], [], after=0))
    assert directory.peek_realm("default") is None
    assert directory.peek_account("default", ONE) is None
    assert directory.peek_access_key(key.key_id) is None
    assert directory.peek_placement(A) is None
    assert directory.peek_holder("default", "bucket", "b") is None
    assert directory.peek_owners("default", "key", "k") == ()
    asked.clear()
    for _ in range(2):
        realm = do(directory.get_realm("default"))
        account = do(directory.get_account("default", ONE))
        assert do(directory.get_access_key(key.key_id)) == key
        placement = do(directory.get_placement(A))
        assert do(directory.get_holder("default", "bucket", "b")) == A
        assert do(directory.get_owners("default", "key", "k")) == (A,)
    assert asked == ["realm", "account", "access_key", "placement", "holder", "find_id"]
    assert directory.peek_realm("default") is realm
    assert directory.peek_account("default", ONE) is account
    assert directory.peek_access_key(key.key_id) == key
    assert directory.peek_placement(A) is placement
    assert directory.peek_holder("default", "bucket", "b") == A
    assert directory.peek_owners("default", "key", "k") == (A,)
    directory.forget_placement(A)
    assert directory.peek_placement(A) is None


def test_what_there_is_not_is_found_as_soon_as_it_is_there(index: Index, directory: Directory, do: Any) -> None:
    assert do(directory.get_realm("new")) is None
    assert do(directory.get_account("new", ONE)) is None
    assert do(directory.get_access_key("LKIAQAAAAAAAAAAAAAAA")) is None
    assert do(directory.get_placement(A)) is None
    assert do(directory.get_holder("default", "bucket", "b")) is None
    assert do(directory.get_owners("default", "key", "k")) == ()
    do(index.make_realm("new", True))
    do(index.make_account("new", ONE))
    do(index.place(A, "cell"))
    do(index.claim("default", "bucket", "b", A, "g", 1.0))
    do(index.publish(A, 1, [CatalogueRow("kms", "key", "k", "arn", {}, 1.0, 1)], [], after=0))
    assert do(directory.get_realm("new")) is not None
    assert do(directory.get_account("new", ONE)) is not None
    assert do(directory.get_placement(A)) is not None
    assert do(directory.get_holder("default", "bucket", "b")) == A
    assert do(directory.get_owners("default", "key", "k")) == (A,)


def test_what_changes_is_known_as_it_is_now(index: Index, directory: Directory, do: Any) -> None:
    key_id = do(index.issue_access_key("default", ONE, ROOT, ONE)).key_id
    do(index.make_account("default", ONE))
    do(index.place(A, "cell"))
    do(index.place(B, "cell"))
    do(index.claim("default", "bucket", "b", A, "g", 1.0))
    row = CatalogueRow("kms", "key", "k", "arn", {}, 1.0, 1)
    do(index.publish(A, 1, [row], [], after=0))
    do(directory.get_realm("default"))
    do(directory.get_account("default", ONE))
    do(directory.get_access_key(key_id))
    do(directory.get_placement(A))
    do(directory.get_holder("default", "bucket", "b"))
    do(directory.get_owners("default", "key", "k"))

    do(index.set_access_key_status(key_id, "Revoked"))
    assert do(directory.get_access_key(key_id)).status == "Revoked"
    do(index.move(A, "cell", 1, "other"))
    assert do(directory.get_placement(A)).cell == "other"
    do(index.release("default", "bucket", "b", "g"))
    assert do(directory.get_holder("default", "bucket", "b")) is None
    do(index.publish(B, 1, [row], [], after=0))
    assert do(directory.get_owners("default", "key", "k")) == (A, B)
    do(index.republish(A, 2, [], []))
    assert do(directory.get_owners("default", "key", "k")) == (B,)
    do(index.make_account("default", ONE, allow_account_id_keys=True))
    assert do(directory.get_account("default", ONE)).allow_account_id_keys
    do(index.make_realm("default", False))
    assert not do(directory.get_realm("default")).open


@pytest.mark.parametrize("whole", ["realm", "account"])
def test_with_a_realm_or_an_account_goes_all_that_was_known_of_it(
    index: Index, directory: Directory, do: Any, whole: str
) -> None:
    key_id = do(index.issue_access_key("default", ONE, ROOT, ONE)).key_id
    do(index.place(A, "cell"))
    do(index.claim("default", "bucket", "b", A, "g", 1.0))
    do(directory.get_access_key(key_id))
    do(directory.get_placement(A))
    do(directory.get_holder("default", "bucket", "b"))
    do(index.drop_realm("default") if whole == "realm" else index.drop_account("default", ONE))
    assert do(directory.get_access_key(key_id)).status == "Revoked"
    assert do(directory.get_placement(A)) is None
    assert do(directory.get_holder("default", "bucket", "b")) is None


def test_it_does_not_grow_without_bound(index: Index, do: Any) -> None:
    directory = Directory(index, bound=10)
    tenants = [TenantId("default", f"{number:012d}", "r") for number in range(35)]
    for tenant in tenants:
        do(index.place(tenant, "cell"))
        assert do(directory.get_placement(tenant)) is not None
        assert directory.peek_placement(tenant) is not None
        assert sum(directory.peek_placement(tenant) is not None for tenant in tenants) <= 10


def test_an_answer_older_than_a_change_is_not_kept(
    index: SqliteIndex, do: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with a database that is asked over the network."""
    asking = asyncio.Event()
    answer = asyncio.Event()
    ask = index.realm

    async def slow(name: str) -> Realm | None:
        realm = await ask(name)
        asking.set()
        await answer.wait()
        return realm

    monkeypatch.setattr(index, "realm", slow)
    directory = Directory(index)

    async def race() -> None:
        getting = asyncio.create_task(directory.get_realm("default"))
        await asking.wait()
        await index.make_realm("default", False)
        answer.set()
        stale = await getting
        assert stale is not None
        assert stale.open
        assert directory.peek_realm("default") is None
        fresh = await directory.get_realm("default")
        assert fresh is not None
        assert not fresh.open

    do(race())
