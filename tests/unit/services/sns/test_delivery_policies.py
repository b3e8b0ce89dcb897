"""Delivery policies: what may stand in them, and the delays that follow."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from atoll.core.errors import AwsError
from atoll.services.sns.delivery_policies import (
    DEFAULT,
    LONGEST,
    DeliveryPolicy,
    effective_policy,
    parse_subscription_policy,
    parse_topic_policy,
)
from hypothesis import given
from hypothesis import strategies as st


def delays(**retry: Any) -> list[float]:
    policy = DeliveryPolicy({**DEFAULT, **retry}, 0, "")
    found = []
    while (delay := policy.delay(len(found) + 1)) is not None:
        found.append(delay)
    return found


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("linear", [1, 4, 7, 10, 13]),
        ("geometric", [1, 1.9, 3.6, 6.8, 13]),
        ("exponential", [1, 1.8, 3.4, 6.6, 13]),
        ("arithmetic", [1, 2.2, 4.6, 8.2, 13]),
    ],
)
def test_back_off(function: str, expected: list[float]) -> None:
    found = delays(numRetries=5, minDelayTarget=1, maxDelayTarget=13, backoffFunction=function)
    assert [round(delay, 1) for delay in found] == expected


def test_one_retry() -> None:
    assert delays(numRetries=1, minDelayTarget=5, maxDelayTarget=9) == [5]
    assert delays(numRetries=0) == []


RETRIES = st.fixed_dictionaries(
    {},
    optional={
        "numRetries": st.integers(0, 110),
        "numNoDelayRetries": st.integers(0, 40),
        "numMinDelayRetries": st.integers(0, 40),
        "numMaxDelayRetries": st.integers(0, 40),
        "minDelayTarget": st.integers(0, 60),
        "maxDelayTarget": st.integers(0, 4000),
        "backoffFunction": st.sampled_from(["linear", "geometric", "exponential", "arithmetic", "none"]),
    },
)


@given(RETRIES)
def test_a_policy_that_is_taken_keeps_within_its_bounds(retry: dict[str, Any]) -> None:
    with suppress(AwsError):
        parse_subscription_policy(json.dumps({"healthyRetryPolicy": retry}))
        check(retry)


def check(retry: dict[str, Any]) -> None:
    whole = {**DEFAULT, **retry}
    found = delays(**retry)
    assert len(found) == whole["numRetries"]
    assert sum(found) <= LONGEST
    waits = found[whole["numNoDelayRetries"] :]
    assert waits == sorted(waits)
    assert all(whole["minDelayTarget"] - 1e-6 <= delay <= whole["maxDelayTarget"] + 1e-6 for delay in waits)


BAD: list[Any] = [
    [],
    {"nonsense": 1},
    {"healthyRetryPolicy": 1},
    {"healthyRetryPolicy": {"nonsense": 1}},
    {"healthyRetryPolicy": {"numRetries": -1}},
    {"healthyRetryPolicy": {"numRetries": "3"}},
    {"healthyRetryPolicy": {"numRetries": True}},
    {"healthyRetryPolicy": {"numRetries": 101}},
    {"healthyRetryPolicy": {"numRetries": 1, "numNoDelayRetries": 2}},
    {"healthyRetryPolicy": {"minDelayTarget": 30, "maxDelayTarget": 20}},
    {"healthyRetryPolicy": {"minDelayTarget": 3600, "maxDelayTarget": 3600}},
    {"healthyRetryPolicy": {"backoffFunction": "sideways"}},
    {"throttlePolicy": {"maxReceivesPerSecond": 0}},
    {"requestPolicy": {"headerContentType": "image/png"}},
    {"requestPolicy": {}},
    {"requestPolicy": {"headerContentType": "text/xml; a=\r\nX: y"}},
]


@pytest.mark.parametrize("policy", BAD)
def test_policies_that_may_not_be(policy: Any) -> None:
    with pytest.raises(AwsError, match="Invalid parameter: DeliveryPolicy: "):
        parse_subscription_policy(json.dumps(policy))


@pytest.mark.parametrize(
    "policy", ["{", '{"http": 1}', '{"http": {}, "x": 1}', '{"http": {"disableSubscriptionOverrides": 1}}', "[]"]
)
def test_topic_policies_that_may_not_be(policy: str) -> None:
    with pytest.raises(AwsError, match="Invalid parameter: Attributes Reason: DeliveryPolicy: "):
        parse_topic_policy(policy, "Attributes Reason: ")


def test_what_holds_for_a_subscription() -> None:
    topic = {
        "http": {
            "defaultHealthyRetryPolicy": {"numRetries": 1},
            "defaultThrottlePolicy": {"maxReceivesPerSecond": 3},
            "defaultRequestPolicy": {"headerContentType": "text/xml"},
        }
    }
    own = {"healthyRetryPolicy": {"numRetries": 2}, "requestPolicy": {"headerContentType": "text/csv"}}
    assert effective_policy(None, None) == (DEFAULT, 0, "text/plain; charset=UTF-8")
    found = effective_policy(topic, None)
    assert (found.retry["numRetries"], found.per_second, found.content_type) == (1, 3, "text/xml")
    found = effective_policy(topic, own)
    assert (found.retry["numRetries"], found.per_second, found.content_type) == (2, 3, "text/csv")
    topic["http"]["disableSubscriptionOverrides"] = True  # type: ignore[assignment]
    assert effective_policy(topic, own).retry["numRetries"] == 1
