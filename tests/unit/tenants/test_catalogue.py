"""What exists in a tenant, with versions, and what time causes there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from atoll.core.clock import ManualClock
from atoll.core.lagoon import Claim
from atoll.core.tenant_id import TenantId
from atoll.index import Holding
from atoll.tenants import Database
from atoll.tenants.catalogue import Catalogue, render_template
from atoll.tenants.timers import Timers

A = TenantId("default", "111111111111", "us-east-1")
TEMPLATE = "arn:{partition}:sqs:{region}:{account}:queue"


@pytest.fixture
def db() -> Iterator[Database]:
    database = Database(None)
    yield database
    database.close()


def test_each_change_has_a_higher_version_and_only_newer_ones_are_told(db: Database) -> None:
    clock = ManualClock()
    catalogue = Catalogue(db, clock.now)
    catalogue.record("sqs", "queue", "a", TEMPLATE, {"k": "v"})
    first = catalogue.version()
    catalogue.record("sqs", "queue", "b", TEMPLATE, {})
    catalogue.hold(Claim("bucket", "name", "generation"))
    rows, holdings = catalogue.newer_than(first, A)
    assert [(row.id, row.arn, row.gone) for row in rows] == [("b", "arn:aws:sqs:us-east-1:111111111111:queue", False)]
    assert [(holding.name, holding.gone) for holding in holdings] == [("name", False)]
    versions = [row.version for row in [*rows, *holdings]]
    assert first < min(versions) < max(versions) == catalogue.version()


def test_what_is_gone_is_told_and_comes_back_as_new(db: Database) -> None:
    clock = ManualClock()
    catalogue = Catalogue(db, clock.now)
    catalogue.record("sqs", "queue", "a", TEMPLATE, {"k": "v"})
    made = clock.now()
    clock.advance(10)
    catalogue.record("sqs", "queue", "a", TEMPLATE, {"k": "w"})
    [row], _ = catalogue.newer_than(0, A)
    assert (row.created, row.tags) == (made, {"k": "w"})
    catalogue.unrecord("sqs", "queue", "a")
    [row], _ = catalogue.newer_than(0, A)
    assert (row.gone, row.tags) == (True, {})
    catalogue.record("sqs", "queue", "a", TEMPLATE, {})
    [row], _ = catalogue.newer_than(0, A)
    assert (row.gone, row.created) == (False, clock.now())


def test_what_was_written_later_than_a_copy_has_a_higher_version(db: Database) -> None:
    """So the index sees that a copy is old, however many changes it has."""
    clock = ManualClock()
    old = Catalogue(db, clock.now)
    for number in range(50):
        old.record("sqs", "queue", str(number), TEMPLATE, {})
    newer_db = Database(None)
    clock.advance(1)
    newer = Catalogue(newer_db, clock.now)
    newer.record("sqs", "queue", "one", TEMPLATE, {})
    assert newer.version() > old.version()
    newer_db.close()


def test_versions_grow_also_while_the_clock_stands_or_is_set_back(db: Database) -> None:
    clock = ManualClock()
    catalogue = Catalogue(db, clock.now)
    versions = []
    for step in (0, 0, -5000, 0, 10_000):
        clock.advance(step)
        catalogue.record("sqs", "queue", "a", TEMPLATE, {})
        versions.append(catalogue.version())
    assert versions == sorted(set(versions))


def test_a_name_is_held_under_its_generation_until_it_is_let_go_or_lost(db: Database) -> None:
    catalogue = Catalogue(db, ManualClock().now)
    for generation in ("1", "2"):
        catalogue.hold(Claim("bucket", "name", generation))
        assert catalogue.holds("bucket", "name", generation)
        catalogue.let_go("bucket", "name")
        assert not catalogue.holds("bucket", "name", generation)
    catalogue.hold(Claim("bucket", "name", "3"))
    catalogue.lose([Holding("bucket", "name", "2", 0)])
    assert catalogue.holds("bucket", "name", "3")
    catalogue.changed = False
    catalogue.lose([Holding("bucket", "name", "3", 0)])
    assert not catalogue.holds("bucket", "name", "3")
    assert catalogue.changed


@pytest.mark.parametrize(
    ("region", "arn"),
    [
        ("us-east-1", "arn:aws:sqs:us-east-1:111111111111:queue"),
        ("cn-north-1", "arn:aws-cn:sqs:cn-north-1:111111111111:queue"),
        ("us-gov-west-1", "arn:aws-us-gov:sqs:us-gov-west-1:111111111111:queue"),
    ],
)
def test_arns_are_those_of_the_tenant_that_tells_them(region: str, arn: str) -> None:
    assert render_template(TEMPLATE, TenantId("default", "111111111111", region)) == arn


def test_timers_are_kept_by_service_name_and_key(db: Database) -> None:
    timers = Timers(db)
    timers.set("sqs", "retention", "q1", 30.0)
    timers.set("sqs", "retention", "q2", 20.0)
    timers.set("sns", "retention", "q1", 10.0)
    timers.set("sqs", "retention", "q1", 15.0)
    assert timers.due("sqs", "retention", "q1") == 15.0
    assert timers.next_due() == 10.0
    assert timers.due_by(15.0) == [("sns", "retention", "q1"), ("sqs", "retention", "q1")]
    timers.set("sns", "retention", "q1", None)
    timers.set("sns", "retention", "never set", None)
    assert timers.next_due() == 15.0
    assert timers.due("sns", "retention", "q1") is None
    assert timers.changed


def test_no_more_than_a_hundred_timers_are_due_at_a_time(db: Database) -> None:
    timers = Timers(db)
    for number in range(250):
        timers.set("sqs", "retention", str(number), float(number))
    assert [key for _, _, key in timers.due_by(1000.0)] == [str(number) for number in range(100)]
