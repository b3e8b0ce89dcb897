"""Publish to FIFO topics: numbers, duplicates, refusals."""

from __future__ import annotations

import json
from typing import Any

import pytest


def test_a_fifo_topic_gives_numbers_and_drops_duplicates(sns: Any) -> None:
    topic = sns.topic("t.fifo", ContentBasedDeduplication="true")
    arn = sns.subscribe(topic, endpoint=sns.queue_arn("q.fifo"))
    first = sns.publish(topic, "one", MessageGroupId="g")
    assert first["SequenceNumber"] == "10000000000000000001"
    assert sns.publish(topic, "one", MessageGroupId="h") == first
    second = sns.publish(topic, "two", MessageGroupId="g", MessageDeduplicationId="d")
    assert second["SequenceNumber"] == "10000000000000000002"
    pending = sns.effects()
    assert [effect.lane for effect in pending] == [f"{arn.rpartition(':')[2]}:g"] * 2
    assert [effect.params["MessageDeduplicationId"] for effect in pending][1] == "d"
    body = pending[0].params["BodyStart"] + pending[0].params["BodyMiddle"] + pending[0].params["BodyEnd"]
    assert list(json.loads(body)) == [
        "Type",
        "MessageId",
        "SequenceNumber",
        "TopicArn",
        "Message",
        "Timestamp",
        "UnsubscribeURL",
    ]
    sns.advance(300)
    assert sns.publish(topic, "one", MessageGroupId="g") != first
    assert sns.tenant.rows("SELECT count(*) FROM topic_deduplication") == [(1,)]


def test_duplicates_within_a_group_only(sns: Any) -> None:
    topic = sns.topic("t.fifo", ContentBasedDeduplication="true", FifoThroughputScope="MessageGroup")
    first = sns.publish(topic, "one", MessageGroupId="g")
    assert sns.publish(topic, "one", MessageGroupId="g") == first
    assert sns.publish(topic, "one", MessageGroupId="h") != first


@pytest.mark.parametrize("account", ["111111111111", "222222222222"])
def test_a_standard_queue_of_a_fifo_topic_is_told_of_no_group(sns: Any, account: str) -> None:
    topic, queue = sns.topic("t.fifo"), sns.queue_arn("q", account)
    sns.subscribe(topic, endpoint=queue, RawMessageDelivery="true")
    sns.publish(topic, "m", MessageGroupId="g", MessageDeduplicationId="d")
    assert sns.delivered() == [{"QueueArn": queue, "MessageBody": "m"}]


def test_what_a_fifo_topic_refuses(sns: Any) -> None:
    topic = sns.topic("t.fifo")
    assert sns.fails("Publish", TopicArn=topic, Message="m") == (
        "InvalidParameter",
        "Invalid parameter: The MessageGroupId parameter is required for FIFO topics",
    )
    assert sns.fails("Publish", TopicArn=topic, Message="m", MessageGroupId="g") == (
        "InvalidParameter",
        "Invalid parameter: The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId "
        "provided explicitly",
    )
