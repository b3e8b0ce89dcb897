"""Publishing what exists in a tenant. What comes of it in any order: test_catalogue_history."""

from __future__ import annotations

from typing import Any

import pytest
from atoll.core.tenant_id import TenantId
from atoll.index import CatalogueRow, Holding, Index, PublishGap, Resource

HERE = TenantId("default", "111111111111", "eu-central-1")
ARN = "arn:aws:sqs:eu-central-1:111111111111:"


def queue(name: str, version: int, *, gone: bool = False, **tags: str) -> CatalogueRow:
    return CatalogueRow("sqs", "queue", name, ARN + name, tags, 5.0, version, gone)


@pytest.fixture(autouse=True)
def _placed(index: Index, do: Any) -> None:
    do(index.place(HERE, "cell"))


def listed(index: Index, do: Any) -> list[str]:
    return [resource.id for resource in do(index.resources("default")).resources]


def test_what_is_published_is_there_as_it_was_said(index: Index, do: Any, changes: list[Any]) -> None:
    do(index.publish(HERE, 1, [queue("q", 3, team="shop")], [], after=0))
    assert do(index.resources("default")).resources == [
        Resource(HERE, "sqs", "queue", "q", ARN + "q", {"team": "shop"}, 5.0, 3)
    ]
    assert do(index.published(HERE)) == 3
    assert do(index.find_id("default", "queue", "q")) == [HERE]
    assert do(index.find_id("twin", "queue", "q")) == []
    assert changes == [("id", ("default", "queue", "q"))]


def test_tags_are_those_of_the_newest_version(index: Index, do: Any) -> None:
    do(index.publish(HERE, 1, [queue("q", 1, a="1", b="2")], [], after=0))
    do(index.publish(HERE, 1, [queue("q", 2, b="3")], [], after=1))
    assert do(index.resources("default", tags={"a": []})).resources == []
    assert do(index.resources("default", tags={"b": ["2"]})).resources == []
    [found] = do(index.resources("default", tags={"b": ["3"]})).resources
    assert found.tags == {"b": "3"}


def test_an_old_copy_is_passed_over(index: Index, do: Any, changes: list[Any]) -> None:
    do(index.publish(HERE, 1, [queue("q", 1)], [Holding("n", "x", "g", 2)], after=0))
    do(index.publish(HERE, 1, [queue("q", 3, gone=True)], [Holding("n", "x", "g", 4, gone=True)], after=2))
    changes.clear()
    do(index.publish(HERE, 1, [queue("q", 1)], [Holding("n", "x", "g", 2)], after=0))
    assert listed(index, do) == []
    assert do(index.holder("default", "n", "x")) is None
    assert do(index.published(HERE)) == 4
    assert changes == []


def test_what_does_not_follow_on_is_refused_whole(index: Index, do: Any, changes: list[Any]) -> None:
    do(index.publish(HERE, 1, [queue("a", 1)], [], after=0))
    changes.clear()
    with pytest.raises(PublishGap) as gap:
        do(index.publish(HERE, 1, [queue("c", 3)], [], after=2))
    assert gap.value.published == 1
    assert listed(index, do) == ["a"]
    assert changes == []
    do(index.publish(HERE, 1, [queue("c", 3), queue("b", 2)], [], after=1))
    assert listed(index, do) == ["a", "b", "c"]


def test_publishing_nothing_changes_nothing(index: Index, do: Any) -> None:
    do(index.publish(HERE, 1, [queue("a", 9)], [], after=0))
    do(index.publish(HERE, 1, [], [], after=9))
    assert do(index.published(HERE)) == 9


def test_a_restored_tenant_replaces_what_was_known_of_it(index: Index, do: Any, changes: list[Any]) -> None:
    do(index.publish(HERE, 1, [queue("a", 1), queue("b", 8)], [Holding("n", "x", "g", 9)], after=0))
    changes.clear()
    do(index.republish(HERE, 1, [queue("a", 1), queue("c", 2)], []))
    assert listed(index, do) == ["a", "c"]
    assert do(index.holder("default", "n", "x")) is None
    assert do(index.published(HERE)) == 2
    assert set(changes) == {
        ("id", ("default", "queue", "a")),
        ("id", ("default", "queue", "b")),
        ("id", ("default", "queue", "c")),
        ("name", ("default", "n", "x")),
    }
    assert len(changes) == 4


def test_forgetting_a_tenant_leaves_its_place(index: Index, do: Any, changes: list[Any]) -> None:
    do(index.publish(HERE, 1, [queue("a", 1)], [Holding("n", "x", "g", 2)], after=0))
    changes.clear()
    do(index.forget(HERE))
    assert listed(index, do) == []
    assert do(index.published(HERE)) == 0
    assert do(index.placement(HERE)) is not None
    assert changes == [("id", ("default", "queue", "a")), ("name", ("default", "n", "x"))]


def test_an_id_may_be_in_several_tenants_and_not_beyond_the_realm(index: Index, do: Any) -> None:
    elsewhere = HERE._replace(region="us-east-1")
    twin = HERE._replace(realm="twin")
    for tenant in (elsewhere, twin):
        do(index.place(tenant, "cell"))
    for tenant in (elsewhere, twin, HERE):
        do(index.publish(tenant, 1, [CatalogueRow("kms", "key", "mrk-1", str(tenant), {}, 1.0, 1)], [], after=0))
    assert do(index.find_id("default", "key", "mrk-1")) == [HERE, elsewhere]
    assert do(index.find_id("twin", "key", "mrk-1")) == [twin]
    assert do(index.find_id("default", "other", "mrk-1")) == []
