"""Which cell owns a tenant."""

from __future__ import annotations

from typing import Any

import pytest
from atoll.core.tenant_id import TenantId
from atoll.index import CatalogueRow, Index, NotOwner, Placement

HERE = TenantId("default", "111111111111", "eu-central-1")
THERE = TenantId("default", "111111111111", "us-east-1")


def test_who_comes_first_has_the_tenant(index: Index, do: Any, changes: list[Any]) -> None:
    assert do(index.placement(HERE)) is None
    assert do(index.place(HERE, "a")) == Placement(HERE, "a", 1)
    assert do(index.place(HERE, "b")) == Placement(HERE, "a", 1)
    assert do(index.place(HERE, "a")) == do(index.placement(HERE)) == Placement(HERE, "a", 1)
    assert changes == [("placement", HERE)]


def test_only_the_owner_gives_it_away_and_only_once(index: Index, do: Any, changes: list[Any]) -> None:
    do(index.place(HERE, "a"))
    assert do(index.move(HERE, "b", 1, "b")) is None
    assert do(index.move(HERE, "a", 2, "b")) is None
    assert do(index.move(THERE, "a", 1, "b")) is None
    assert do(index.move(HERE, "a", 1, "b")) == Placement(HERE, "b", 2)
    assert do(index.move(HERE, "a", 1, "c")) is None
    assert do(index.placement(HERE)) == Placement(HERE, "b", 2)
    assert changes == [("placement", HERE)] * 2


def test_an_epoch_never_comes_again(index: Index, do: Any) -> None:
    do(index.place(HERE, "a"))
    assert not do(index.unplace(HERE, "b", 1))
    assert not do(index.unplace(HERE, "a", 2))
    assert do(index.unplace(HERE, "a", 1))
    assert do(index.placement(HERE)) is None
    assert not do(index.unplace(HERE, "a", 1))
    assert do(index.move(HERE, "a", 1, "b")) is None
    assert do(index.place(HERE, "a")) == Placement(HERE, "a", 2)


@pytest.mark.parametrize("dropped", ["account", "realm"])
def test_an_epoch_never_comes_again_also_when_all_else_of_the_tenant_is_gone(
    index: Index, do: Any, dropped: str
) -> None:
    last = 0
    for _ in range(3):
        placed = do(index.place(HERE, "a"))
        assert placed.epoch > last
        last = do(index.move(HERE, "a", placed.epoch, "b")).epoch
        if dropped == "account":
            assert do(index.drop_account("default", HERE.account))
        else:
            assert do(index.drop_realm("default"))
            do(index.make_realm("default", True))
        assert do(index.placement(HERE)) is None
        assert do(index.tenants("default")) == do(index.placements("b")) == []
        for stale in (placed.epoch, last):
            with pytest.raises(NotOwner):
                do(index.publish(HERE, stale, [], [], after=0))


def test_with_a_realm_goes_no_epoch_of_one_that_went_before(index: Index, do: Any) -> None:
    twin = HERE._replace(realm="twin")
    for tenant in (HERE, twin):
        do(index.place(tenant, "a"))
    do(index.move(HERE, "a", 1, "b"))
    for realm in ("default", "twin", "none"):
        do(index.drop_realm(realm))
    do(index.make_realm("default", True))
    assert do(index.place(HERE, "a")) == Placement(HERE, "a", 3)
    assert do(index.place(THERE, "a")) == Placement(THERE, "a", 3)


def test_lists_are_of_what_is_owned(index: Index, do: Any) -> None:
    twin = HERE._replace(realm="twin")
    for tenant, cell in ((THERE, "a"), (HERE, "a"), (twin, "b")):
        do(index.place(tenant, cell))
    assert do(index.placements("a")) == [Placement(HERE, "a", 1), Placement(THERE, "a", 1)]
    assert do(index.tenants("default")) == [HERE, THERE]
    assert do(index.tenants("twin")) == [twin]
    do(index.unplace(HERE, "a", 1))
    assert do(index.placements("a")) == [Placement(THERE, "a", 1)]
    assert do(index.tenants("default")) == [THERE]
    assert isinstance(do(index.tenants("default"))[0], TenantId)


@pytest.mark.parametrize("method", ["publish", "republish"])
def test_only_the_owner_publishes(index: Index, do: Any, method: str) -> None:
    row = CatalogueRow("sqs", "queue", "q", "arn", {}, 1.0, 1)

    def publish(epoch: int) -> None:
        if method == "publish":
            do(index.publish(HERE, epoch, [row], [], after=0))
        else:
            do(index.republish(HERE, epoch, [row], []))

    with pytest.raises(NotOwner):
        publish(1)
    do(index.place(HERE, "a"))
    do(index.move(HERE, "a", 1, "b"))
    with pytest.raises(NotOwner):
        publish(1)
    assert do(index.find_id("default", "queue", "q")) == []
    publish(2)
    assert do(index.find_id("default", "queue", "q")) == [HERE]
    do(index.unplace(HERE, "b", 2))
    with pytest.raises(NotOwner):
        publish(2)


def test_what_is_published_stays_when_the_tenant_moves(index: Index, do: Any) -> None:
    do(index.place(HERE, "a"))
    do(index.publish(HERE, 1, [CatalogueRow("sqs", "queue", "q", "arn", {}, 1.0, 7)], [], after=0))
    do(index.move(HERE, "a", 1, "b"))
    assert do(index.published(HERE)) == 7
    assert do(index.find_id("default", "queue", "q")) == [HERE]
