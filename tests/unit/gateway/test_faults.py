"""What goes wrong because somebody wants it to."""

from __future__ import annotations

from random import Random

import pytest
from atoll.core.tenant_id import TenantId
from atoll.gateway.faults import Faults, Scope
from atoll.manifests.fault import Fault

HERE = TenantId("default", "111111111111", "eu-central-1")


def codes(faults: Faults, calls: int = 1000) -> list[str]:
    outcomes = [faults.draw(HERE, "sqs") for _ in range(calls)]
    return [outcome.error.code for outcome in outcomes if outcome is not None and outcome.error is not None]


def test_on_and_off_again() -> None:
    faults = Faults()
    assert not faults.active
    faults.put(Scope(region="eu-central-1"), [Fault(unavailable=True)])
    assert faults.active
    assert codes(faults, 1) == ["ServiceUnavailable"]
    faults.put(Scope(region="eu-central-1"), [])
    assert not faults.active
    assert faults.all() == {}


@pytest.mark.parametrize(
    ("scope", "covers"),
    [
        (Scope(), True),
        (Scope(region="eu-central-1"), True),
        (Scope("default"), True),
        (Scope("default", "111111111111", "eu-central-1"), True),
        (Scope(region="us-east-1"), False),
        (Scope("twin", region="eu-central-1"), False),
        (Scope("default", "222222222222"), False),
    ],
)
def test_whose_calls(scope: Scope, covers: bool) -> None:
    faults = Faults()
    faults.put(scope, [Fault(unavailable=True)])
    assert (faults.draw(HERE, "sqs") is not None) is covers


def test_some_services() -> None:
    faults = Faults()
    faults.put(Scope(), [Fault(frozenset({"sns", "s3"}), unavailable=True)])
    assert faults.draw(HERE, "sqs") is None
    assert faults.draw(HERE, "s3") is not None


def test_latency_and_its_spread() -> None:
    faults = Faults(Random(1))
    faults.put(Scope(), [Fault(latency=0.2, spread=0.05)])
    delays = [outcome.delay for _ in range(1000) if (outcome := faults.draw(HERE, "sqs")) is not None]
    assert 0.15 <= min(delays) < 0.16 < 0.24 < max(delays) <= 0.25
    assert codes(faults) == []
    faults.put(Scope(region="eu-central-1"), [Fault(latency=1.0)])
    outcome = faults.draw(HERE, "sqs")
    assert outcome is not None
    assert 1.15 <= outcome.delay <= 1.25


def test_a_share_of_calls_fails() -> None:
    faults = Faults(Random(1))
    fault = Fault(error_rate=0.05, code="ThrottlingException", message="Slow down.", status=400)
    faults.put(Scope(), [fault])
    found = codes(faults, 10_000)
    assert set(found) == {"ThrottlingException"}
    assert 400 < len(found) < 600
    faults.put(Scope(), [Fault(error_rate=1.0)])
    assert codes(faults, 10) == ["InternalFailure"] * 10


@pytest.mark.parametrize(("status", "whose"), [(400, "Sender"), (429, "Sender"), (500, "Receiver"), (503, "Receiver")])
def test_whose_fault_a_fault_is(status: int, whose: str) -> None:
    faults = Faults()
    faults.put(Scope(), [Fault(error_rate=1.0, code="X", status=status)])
    outcome = faults.draw(HERE, "sqs")
    assert outcome is not None
    assert outcome.error is not None
    assert (outcome.error.status, outcome.error.fault) == (status, whose)
