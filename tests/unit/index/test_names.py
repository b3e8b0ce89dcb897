"""Names that are unique in a realm, one step at a time. What comes of many in any order: test_catalogue_history."""

from __future__ import annotations

from typing import Any

import pytest
from atoll.core.lagoon import NameTaken
from atoll.core.tenant_id import TenantId
from atoll.index import Holding, Index, Name

A = TenantId("default", "111111111111", "eu-central-1")
B = TenantId("default", "222222222222", "us-east-1")
KEY = ("default", "bucket", "photos")


def test_a_claimed_name_is_its_holders_from_the_first(index: Index, do: Any, changes: list[Any]) -> None:
    assert do(index.holder(*KEY)) is None
    do(index.claim(*KEY, A, "g1", 100.0))
    assert do(index.holder(*KEY)) == A
    assert do(index.name(*KEY)) == Name(*KEY, A, "g1", 100.0)
    for holder, generation in ((B, "g2"), (A, "g2"), (B, "g1")):
        with pytest.raises(NameTaken) as taken:
            do(index.claim(*KEY, holder, generation, 100.0))
        assert taken.value.holder == A
    do(index.claim(*KEY, A, "g1", 100.0))
    assert changes == [("name", KEY)]


def test_other_kinds_and_realms_are_other_names(index: Index, do: Any) -> None:
    do(index.claim(*KEY, A, "g1", 100.0))
    do(index.claim("default", "alias", "photos", B, "g2", 100.0))
    do(index.claim("twin", "bucket", "photos", B._replace(realm="twin"), "g3", 100.0))
    assert do(index.holder("twin", "bucket", "photos")) == B._replace(realm="twin")


def test_confirmed_and_released_by_generation_only(index: Index, do: Any, changes: list[Any]) -> None:
    assert not do(index.confirm(*KEY, "g1"))
    assert not do(index.release(*KEY, "g1"))
    do(index.claim(*KEY, A, "g1", 100.0))
    assert not do(index.confirm(*KEY, "g0"))
    assert not do(index.release(*KEY, "g0"))
    assert do(index.confirm(*KEY, "g1"))
    assert do(index.confirm(*KEY, "g1"))
    assert do(index.name(*KEY)) == Name(*KEY, A, "g1", None)
    changes.clear()
    assert do(index.release(*KEY, "g1"))
    assert changes == [("name", KEY)]
    assert do(index.holder(*KEY)) is None


def test_a_late_release_does_not_free_a_newer_claim(index: Index, do: Any) -> None:
    do(index.claim(*KEY, A, "old", 100.0))
    do(index.release(*KEY, "old"))
    do(index.claim(*KEY, B, "new", 100.0))
    assert not do(index.release(*KEY, "old"))
    assert not do(index.confirm(*KEY, "old"))
    assert do(index.name(*KEY)) == Name(*KEY, B, "new", 100.0)


def test_what_expired_is_offered_to_be_settled_and_never_taken_unasked(index: Index, do: Any) -> None:
    for number, name in enumerate(("third", "first", "second")):
        do(index.claim("default", "bucket", name, A, name, (30.0, 10.0, 20.0)[number]))
    do(index.claim("default", "bucket", "sure", A, "sure", 5.0))
    do(index.confirm("default", "bucket", "sure", "sure"))
    assert [name.name for name in do(index.pending(25.0))] == ["first", "second"]
    with pytest.raises(NameTaken):
        do(index.claim("default", "bucket", "first", B, "g", 1e12))
    assert [name.name for name in do(index.pending(1e12))] == ["first", "second", "third"]


def test_a_holding_confirms_its_claim_and_its_end_frees_it(index: Index, do: Any, changes: list[Any]) -> None:
    do(index.place(A, "cell"))
    do(index.claim(*KEY, A, "g1", 100.0))
    assert do(index.publish(A, 1, [], [Holding("bucket", "photos", "g1", 1)], after=0)) == []
    assert do(index.name(*KEY)) == Name(*KEY, A, "g1", None)
    changes.clear()
    assert do(index.publish(A, 1, [], [Holding("bucket", "photos", "g1", 2, gone=True)], after=1)) == []
    assert do(index.name(*KEY)) is None
    assert changes == [("name", KEY)]


def test_a_name_held_anew_under_another_generation(index: Index, do: Any) -> None:
    do(index.place(A, "cell"))
    both = [Holding("bucket", "photos", "g2", 3), Holding("bucket", "photos", "g1", 2, gone=True)]
    do(index.publish(A, 1, [], [Holding("bucket", "photos", "g1", 1)], after=0))
    assert do(index.publish(A, 1, [], both, after=1)) == []
    assert do(index.name(*KEY)) == Name(*KEY, A, "g2", None)


def test_the_end_of_the_older_holding_may_be_missing(index: Index, do: Any) -> None:
    do(index.place(A, "cell"))
    do(index.publish(A, 1, [], [Holding("bucket", "photos", "g1", 1)], after=0))
    assert do(index.publish(A, 1, [], [Holding("bucket", "photos", "g2", 3)], after=1)) == []
    assert do(index.name(*KEY)) == Name(*KEY, A, "g2", None)


def test_a_pending_claim_is_newer_than_any_other_holding_of_its_holder(index: Index, do: Any) -> None:
    do(index.place(A, "cell"))
    do(index.claim(*KEY, A, "g2", 100.0))
    older = Holding("bucket", "photos", "g1", 1)
    assert do(index.publish(A, 1, [], [older], after=0)) == [older]
    assert do(index.name(*KEY)) == Name(*KEY, A, "g2", 100.0)


def test_a_name_that_another_holds_stays_with_it(index: Index, do: Any, changes: list[Any]) -> None:
    do(index.place(A, "cell"))
    do(index.claim(*KEY, B, "g2", 100.0))
    changes.clear()
    lost = Holding("bucket", "photos", "g1", 1)
    kept = Holding("bucket", "music", "g1", 2)
    assert do(index.publish(A, 1, [], [lost, kept], after=0)) == [lost]
    assert do(index.holder(*KEY)) == B
    assert do(index.holder("default", "bucket", "music")) == A
    assert changes == [("name", ("default", "bucket", "music"))]


@pytest.mark.parametrize("confirmed", [False, True])
def test_a_generation_in_the_rows_of_another_tenant_changes_nothing(
    index: Index, do: Any, changes: list[Any], confirmed: bool
) -> None:
    """A copy of the holder's files under another account has it."""
    do(index.place(B, "cell"))
    do(index.claim(*KEY, A, "g1", 100.0))
    if confirmed:
        do(index.confirm(*KEY, "g1"))
    before = do(index.name(*KEY))
    changes.clear()
    held = Holding("bucket", "photos", "g1", 1)
    assert do(index.publish(B, 1, [], [held], after=0)) == [held]
    assert do(index.name(*KEY)) == before
    assert do(index.publish(B, 1, [], [Holding("bucket", "photos", "g1", 2, gone=True)], after=1)) == []
    assert do(index.name(*KEY)) == before
    assert changes == []


def test_republishing_keeps_what_is_about_to_be_held(index: Index, do: Any) -> None:
    do(index.place(A, "cell"))
    do(index.publish(A, 1, [], [Holding("bucket", "old", "g0", 1)], after=0))
    do(index.claim(*KEY, A, "g1", 100.0))
    do(index.republish(A, 1, [], []))
    assert do(index.holder("default", "bucket", "old")) is None
    assert do(index.name(*KEY)) == Name(*KEY, A, "g1", 100.0)
