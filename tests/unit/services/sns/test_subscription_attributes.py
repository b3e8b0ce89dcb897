"""Attributes of subscriptions: what they may be set to, and what is shown."""

from __future__ import annotations

import json
from typing import Any

import pytest

DEAD = json.dumps({"deadLetterTargetArn": "arn:aws:sqs:eu-central-1:111111111111:dead"})

BAD = [
    ("fake_attribute", "x", "AttributeName"),
    ("RawMessageDelivery", "test-ValUe", "RawMessageDelivery: Invalid value [test-ValUe]. Must be true or false."),
    ("RawMessageDelivery", "", "RawMessageDelivery: Invalid value []. Must be true or false."),
    (
        "FilterPolicyScope",
        "RandomValue",
        "FilterPolicyScope: Invalid value [RandomValue]. Please use either MessageBody or MessageAttributes",
    ),
    (
        "RedrivePolicy",
        '{"deadLetterTargetArn": "fake-arn"}',
        "RedrivePolicy: deadLetterTargetArn is an invalid arn",
    ),
    (
        "RedrivePolicy",
        "{invalidjson}",
        "RedrivePolicy: failed to parse JSON. Unexpected character ('i' (code 105)): was expecting double-quote to "
        "start field name\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, "
        "column: 2]",
    ),
    ("RedrivePolicy", "[" * 100_000, "RedrivePolicy: failed to parse JSON."),
    ("ReplayPolicy", "{}", "ReplayPolicy: can only be set for FIFO topics"),
]


@pytest.mark.parametrize(("name", "value", "message"), BAD)
def test_attributes_that_may_not_be(sns: Any, name: str, value: str, message: str) -> None:
    topic = sns.topic()
    arn = sns.subscribe(topic)
    failed = sns.fails("SetSubscriptionAttributes", SubscriptionArn=arn, AttributeName=name, AttributeValue=value)
    assert failed == ("InvalidParameter", f"Invalid parameter: {message}")
    failed = sns.fails(
        "Subscribe", TopicArn=topic, Protocol="sqs", Endpoint=sns.queue_arn("r"), Attributes={name: value}
    )
    assert failed == ("InvalidParameter", f"Invalid parameter: Attributes Reason: {message}")


def test_raw_delivery_is_not_for_every_protocol(sns: Any) -> None:
    topic = sns.topic()
    told = "Delivery protocol [email] does not support raw message delivery."
    given = {"TopicArn": topic, "Protocol": "email", "Endpoint": "a@example.com"}
    assert sns.fails("Subscribe", **given, Attributes={"RawMessageDelivery": "true"}) == (
        "InvalidParameter",
        f"Invalid parameter: Attributes Reason: {told}",
    )
    arn = sns.subscribe(topic, "email", "a@example.com")
    put = {"SubscriptionArn": arn, "AttributeName": "RawMessageDelivery", "AttributeValue": "true"}
    assert sns.fails("SetSubscriptionAttributes", **put) == ("InvalidParameter", f"Invalid parameter: {told}")


def test_attributes_are_set_and_unset(sns: Any) -> None:
    arn = sns.subscribe(sns.topic())

    def put(name: str, value: str = "") -> None:
        sns.call("SetSubscriptionAttributes", SubscriptionArn=arn, AttributeName=name, AttributeValue=value)

    put("RedrivePolicy", DEAD)
    assert sns.attributes(arn)["RedrivePolicy"] == DEAD
    put("RedrivePolicy")
    assert "RedrivePolicy" not in sns.attributes(arn)
    put("FilterPolicyScope", "MessageBody")
    assert "FilterPolicyScope" not in sns.attributes(arn)
    put("FilterPolicy", '{"a":{"b":["c"]}}')
    assert sns.attributes(arn)["FilterPolicyScope"] == "MessageBody"
    failed = sns.fails(
        "SetSubscriptionAttributes",
        SubscriptionArn=arn,
        AttributeName="FilterPolicyScope",
        AttributeValue="MessageAttributes",
    )
    assert failed[1].endswith("Filter policy scope MessageAttributes does not support nested filter policy")
    put("FilterPolicy", "{}")
    assert "FilterPolicy" not in sns.attributes(arn)


def test_a_fifo_subscription_has_a_fifo_dead_letter_queue(sns: Any) -> None:
    topic = sns.topic("t.fifo")
    arn = sns.subscribe(topic, endpoint=sns.queue_arn("q.fifo"))
    failed = sns.fails(
        "SetSubscriptionAttributes", SubscriptionArn=arn, AttributeName="RedrivePolicy", AttributeValue=DEAD
    )
    assert failed[1] == (
        "Invalid parameter: RedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic."
    )
    standard = sns.subscribe(topic, endpoint=sns.queue_arn("q"), RedrivePolicy=DEAD)
    assert sns.attributes(standard)["RedrivePolicy"] == DEAD
    assert sns.fails("Subscribe", TopicArn=topic, Protocol="email", Endpoint="a@example.com")[0] == "InvalidParameter"


@pytest.mark.parametrize(
    ("topic", "queue", "dead", "message"),
    [
        ("t", "q", "d.fifo", "must use a standard queue as DLQ for a standard Subscription."),
        ("t.fifo", "q", "d.fifo", "must use a standard queue as DLQ for a standard Subscription."),
        ("t.fifo", "q.fifo", "d", "must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic."),
        ("t", "q", "", "deadLetterTargetArn is an invalid arn"),
    ],
)
def test_dead_letter_queues_that_could_not_take_a_message(
    sns: Any, topic: str, queue: str, dead: str, message: str
) -> None:
    target = sns.queue_arn(dead) if dead else "arn:aws:sqs:::d"
    attributes = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": target})}
    given = {"TopicArn": sns.topic(topic), "Protocol": "sqs", "Endpoint": sns.queue_arn(queue)}
    assert sns.fails("Subscribe", **given, Attributes=attributes) == (
        "InvalidParameter",
        f"Invalid parameter: Attributes Reason: RedrivePolicy: {message}",
    )
    arn = sns.call("Subscribe", **given)["SubscriptionArn"]
    changed = {"SubscriptionArn": arn, "AttributeName": "RedrivePolicy", "AttributeValue": attributes["RedrivePolicy"]}
    assert sns.fails("SetSubscriptionAttributes", **changed) == (
        "InvalidParameter",
        f"Invalid parameter: RedrivePolicy: {message}",
    )


def test_a_queue_s_subscription_may_have_a_delivery_policy(sns: Any) -> None:
    policy = {"minDelayTarget": 5, "maxDelayTarget": 20, "numRetries": 5}
    arn = sns.subscribe(sns.topic(), DeliveryPolicy=json.dumps({"healthyRetryPolicy": policy}))
    assert json.loads(sns.attributes(arn)["DeliveryPolicy"])["healthyRetryPolicy"] == policy
    sns.call("SetSubscriptionAttributes", SubscriptionArn=arn, AttributeName="DeliveryPolicy", AttributeValue="")
    assert "DeliveryPolicy" not in sns.attributes(arn)


def test_a_delivery_policy_is_shown_with_all_members(sns: Any) -> None:
    policy = '{"requestPolicy": {"headerContentType": "text/csv"}}'
    topic = sns.topic()
    arn = sns.subscribe(topic, "http", "http://example.com", DeliveryPolicy=policy)
    assert json.loads(sns.attributes(arn)["DeliveryPolicy"]) == {
        "healthyRetryPolicy": None,
        "sicklyRetryPolicy": None,
        "throttlePolicy": None,
        "requestPolicy": {"headerContentType": "text/csv"},
        "guaranteed": False,
    }
    assert sns.subscribe(topic, "http", "http://example.com", DeliveryPolicy=policy.replace(" ", "")) == arn
