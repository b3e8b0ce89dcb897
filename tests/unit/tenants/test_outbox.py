"""Effects on their way out, and which of the incoming ones were applied."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from atoll.core.caller import Caller, Session
from atoll.core.effect import EffectId
from atoll.core.tenant_id import TenantId
from atoll.tenants import Database, Refused, Waiting
from atoll.tenants.outbox import FIRST_RETRY, LAST_RETRY, Inbox, Outbox
from hypothesis import given, settings
from hypothesis import strategies as st

HERE = TenantId("default", "111111111111", "us-east-1")
CALLER = Caller("default", "111111111111", "us-east-1", "arn:aws:iam::111111111111:root", "111111111111")


@pytest.fixture
def db() -> Iterator[Database]:
    database = Database(None)
    yield database
    database.close()


def add(outbox: Outbox, text: str = "", *, lane: str = "", payload: int = 0, refused: Refused | None = None) -> int:
    return outbox.add(
        CALLER, "probe", "Receive", {"Text": text}, lane=lane, payload=payload, refused=refused, due=1000.0, now=900.0
    )


def test_what_is_added_comes_back_whole(db: Database) -> None:
    outbox = Outbox(db, HERE)
    refused = Refused("probe", "Put", {"Box": "dead"}, "lane of the dead")
    payload = outbox.add_payload({"Body": b"\x00bytes", "Text": "of the payload"})
    row = outbox.add(
        CALLER, "probe", "Receive", {"Box": "x"}, lane="lane", payload=payload, refused=refused, due=5.0, now=4.0
    )
    pending = outbox.get(row)
    assert pending is not None
    assert pending.params == {"Body": b"\x00bytes", "Text": "of the payload", "Box": "x"}
    assert (pending.caller, pending.refused, pending.due, pending.attempts) == (CALLER, refused, 5.0, 0)


def test_a_caller_of_the_tenants_own_is_that_of_the_tenant_that_delivers(db: Database) -> None:
    outbox = Outbox(db, HERE)
    chain = ("arn:aws:iam::222222222222:root", "arn:aws:iam::111111111111:user/u")
    principal = "arn:aws:sts::111111111111:assumed-role/r/s"
    callers = [
        CALLER,
        Caller(*HERE, principal, "AROA:s", "LSIA", Session("s", chain=chain, tags={"a": "b"})),
        Caller("default", "222222222222", "eu-west-1", "arn:aws:iam::222222222222:root", "222222222222"),
    ]
    rows = [
        outbox.add(each, "probe", "Receive", {}, lane="", payload=0, refused=None, due=1.0, now=1.0) for each in callers
    ]
    for name in HERE:
        assert not [body for (body,) in db.rows("SELECT body FROM effect") if name.encode() in body]
    assert [pending.caller for row in rows if (pending := outbox.get(row)) is not None] == callers
    twin = Outbox(db, TenantId("twin", "333333333333", "us-west-2"))
    pending = twin.get(rows[1])
    assert pending is not None
    assert pending.caller.principal == "arn:aws:sts::333333333333:assumed-role/r/s"
    assert (pending.caller.realm, pending.caller.account, pending.caller.region) == (
        "twin",
        "333333333333",
        "us-west-2",
    )


def test_own_parameters_win_over_those_of_the_payload(db: Database) -> None:
    outbox = Outbox(db, HERE)
    row = add(outbox, "own", payload=outbox.add_payload({"Text": "shared"}))
    pending = outbox.get(row)
    assert pending is not None
    assert pending.params == {"Text": "own"}


def test_ids_never_come_again(db: Database) -> None:
    ids = set()
    for _ in range(3):
        outbox = Outbox(db, HERE)
        for _ in range(3):
            pending = outbox.get(add(outbox))
            assert pending is not None
            ids.add(pending.id)
            db.begin()
            undone = outbox.get(add(outbox))
            assert undone is not None
            ids.add(undone.id)
            db.rollback()
    assert len(ids) == 18


def test_of_each_lane_the_first_and_each_without_one(db: Database) -> None:
    outbox = Outbox(db, HERE)
    a1, none1, b1, a2, none2 = (add(outbox, lane=lane) for lane in ("a", "", "b", "a", ""))
    assert outbox.lanes() == [("a", a1), ("", none1), ("b", b1), ("", none2)]
    assert outbox.next_in_lane("a") == a1
    first = outbox.get(a1)
    assert first is not None
    outbox.settle(first)
    assert outbox.next_in_lane("a") == a2
    assert outbox.next_in_lane("c") is None
    assert outbox.get(a1) is None


def test_the_floor_is_the_lowest_that_is_not_settled(db: Database) -> None:
    outbox = Outbox(db, HERE)
    pending = [outbox.get(row) for row in [add(outbox) for _ in range(4)]]
    nonce = pending[0].id.nonce if pending[0] else ""
    assert outbox.floor(nonce) == 1
    for settled, floor in [(2, 1), (0, 2), (1, 4), (3, 5)]:
        effect = pending[settled]
        assert effect is not None
        outbox.settle(effect)
        assert outbox.floor(nonce) == floor


def test_a_payload_goes_with_the_last_that_names_it(db: Database) -> None:
    outbox = Outbox(db, HERE)
    payload = outbox.add_payload({"Text": "shared"})
    rows = [add(outbox, payload=payload) for _ in range(3)]
    for left, row in zip([1, 1, 0], rows, strict=True):
        pending = outbox.get(row)
        assert pending is not None
        outbox.settle(pending)
        assert db.rows("SELECT count(*) FROM payload") == [(left,)]


def test_attempts_come_at_growing_distances(db: Database) -> None:
    outbox = Outbox(db, HERE)
    row = add(outbox)
    distances = []
    for _ in range(40):
        pending = outbox.get(row)
        assert pending is not None
        distances.append(outbox.put_off(pending, 100.0, "full") - 100.0)
    assert distances[:3] == pytest.approx([FIRST_RETRY, 2 * FIRST_RETRY, 4 * FIRST_RETRY])
    assert distances == sorted(distances)
    assert distances[-1] == LAST_RETRY
    assert outbox.next_due() == 100.0 + LAST_RETRY


def test_cleared_there_is_nothing(db: Database) -> None:
    outbox = Outbox(db, HERE)
    add(outbox, payload=outbox.add_payload({}))
    outbox.clear()
    assert (outbox.lanes(), outbox.next_due()) == ([], None)
    assert db.rows("SELECT count(*) FROM payload") == [(0,)]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.integers(1, 12), st.booleans()),
        max_size=60,
    )
)
def test_each_is_admitted_once_however_often_and_in_whatever_order_it_comes(
    arrivals: list[tuple[str, int, bool]],
) -> None:
    """The source settles an effect when it was told that it is applied, which it may not be (`told`), and then sends it
    again; it never sends again what it settled."""
    db = Database(None)
    inbox = Inbox(db)
    settled: dict[str, set[int]] = {"a": set(), "b": set()}
    applied: dict[str, list[int]] = {"a": [], "b": []}
    for nonce, sequence, told in arrivals:
        unsettled = [number for number in range(1, 14) if number not in settled[nonce]]
        if sequence in unsettled:
            if inbox.admit(EffectId(nonce, sequence), unsettled[0]):
                applied[nonce].append(sequence)
            if told:
                settled[nonce].add(sequence)
    for nonce in "ab":
        assert len(applied[nonce]) == len(set(applied[nonce]))
        assert {sequence for name, sequence, _ in arrivals if name == nonce} == set(applied[nonce])
        # What comes once more, late, from an old copy of the source, is known as well.
        assert not any(inbox.admit(EffectId(nonce, sequence), 1) for sequence in applied[nonce])
    db.close()


def test_what_lies_below_the_floor_is_forgotten_and_known_all_the_same() -> None:
    db = Database(None)
    inbox = Inbox(db)
    for sequence in range(1, 1001):
        assert inbox.admit(EffectId("nonce", sequence), sequence)
    assert db.rows("SELECT count(*) FROM applied") == [(1,)]
    assert not inbox.admit(EffectId("nonce", 500), 1)
    assert inbox.admit(EffectId("other", 500), 1)
    db.close()


def test_what_waits_says_since_when_and_why(db: Database) -> None:
    outbox = Outbox(db, HERE)
    assert outbox.waiting() == Waiting()
    rows = [
        outbox.add(CALLER, "probe", "Receive", {}, lane="", payload=0, refused=None, due=now + 9.0, now=now)
        for now in (5.0, 6.0, 7.0)
    ]
    assert outbox.waiting() == Waiting(3, 5.0)
    assert outbox.after(0, 2) == rows[:2]
    assert outbox.after(rows[1], 2) == rows[2:]
    first = outbox.get(rows[0])
    assert first is not None
    assert (first.created, first.problem) == (5.0, "")
    outbox.put_off(first, 20.0, "The target is full")
    put_off = outbox.get(rows[0])
    assert put_off is not None
    assert (put_off.attempts, put_off.problem) == (1, "The target is full")
    outbox.settle(put_off)
    assert outbox.waiting() == Waiting(2, 6.0)
