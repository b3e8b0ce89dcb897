"""The archive of a FIFO topic, and replays."""

from __future__ import annotations

import json
from typing import Any

import pytest

DAY = 86_400


def archive(sns: Any, days: int = 10) -> str:
    policy = json.dumps({"MessageRetentionPeriod": str(days)})
    return str(sns.topic("t.fifo", ContentBasedDeduplication="true", ArchivePolicy=policy))


def publish(sns: Any, topic: str, *texts: str) -> None:
    for text in texts:
        sns.publish(topic, text, MessageGroupId="g")
        sns.clock.advance(1)


def replay_from(start: str = "2023-11-01T00:00:00.000Z", end: str | None = None) -> str:
    policy = {"PointType": "Timestamp", "StartingPoint": start}
    return json.dumps(policy if end is None else {**policy, "EndingPoint": end})


def bodies(sns: Any) -> list[str]:
    return [params["MessageBody"] for params in sns.delivered()]


@pytest.mark.parametrize("none", ["", "{}"])
def test_an_archive_begins_with_its_policy(sns: Any, none: str) -> None:
    topic = archive(sns)
    assert sns.attributes(topic)["BeginningArchiveTime"] == "2023-11-14T22:13:20.000Z"
    sns.clock.advance(20 * DAY)
    assert sns.attributes(topic)["BeginningArchiveTime"] == "2023-11-24T22:13:20.000Z"
    assert sns.fails("DeleteTopic", TopicArn=topic)[0] == "InvalidState"
    publish(sns, topic, "a")
    sns.call("SetTopicAttributes", TopicArn=topic, AttributeName="ArchivePolicy", AttributeValue=none)
    assert sns.attributes(topic).keys().isdisjoint(("ArchivePolicy", "BeginningArchiveTime"))
    assert sns.tenant.rows("SELECT count(*) FROM topic_archive") == [(0,)]
    sns.clock.advance(DAY)
    policy = '{"MessageRetentionPeriod":"30"}'
    sns.call("SetTopicAttributes", TopicArn=topic, AttributeName="ArchivePolicy", AttributeValue=policy)
    assert sns.attributes(topic)["BeginningArchiveTime"] == "2023-12-05T22:13:21.000Z"
    sns.call("SetTopicAttributes", TopicArn=topic, AttributeName="ArchivePolicy", AttributeValue=none)
    sns.call("DeleteTopic", TopicArn=topic)


@pytest.mark.parametrize("policy", ["{", "[]", '{"MessageRetentionPeriod": 366}', '{"x": 1}'])
def test_policies_that_may_not_be(sns: Any, policy: str) -> None:
    failed = sns.fails("CreateTopic", Name="t.fifo", Attributes={"FifoTopic": "true", "ArchivePolicy": policy})
    assert failed[1].startswith("Invalid parameter: Attributes Reason: ArchivePolicy: ")


def test_messages_are_kept_as_long_as_it_says(sns: Any) -> None:
    topic = archive(sns, 2)
    publish(sns, topic, "a")
    sns.advance(1.5 * DAY)
    publish(sns, topic, "b")
    sns.advance(2 * DAY)
    assert sns.tenant.rows("SELECT sequence FROM topic_archive") == [(2,)]


def test_a_replay(sns: Any) -> None:
    topic = archive(sns)
    publish(sns, topic, *map(str, range(250)))
    raw = {"RawMessageDelivery": "true", "FilterPolicyScope": "MessageBody"}
    arn = sns.subscribe(topic, endpoint=sns.queue_arn("q.fifo"), **raw)
    publish(sns, topic, "250")
    assert bodies(sns) == ["250"]
    sns.call(
        "SetSubscriptionAttributes", SubscriptionArn=arn, AttributeName="ReplayPolicy", AttributeValue=replay_from()
    )
    assert sns.attributes(arn)["ReplayStatus"] == "Pending"
    # What is published meanwhile comes in its turn.
    publish(sns, topic, "251")
    assert bodies(sns) == []
    sns.advance(1)
    assert bodies(sns) == [str(number) for number in range(252)]
    assert sns.attributes(arn)["ReplayStatus"] == "Completed"
    publish(sns, topic, "252")
    assert bodies(sns) == ["252"]
    sns.call("SetSubscriptionAttributes", SubscriptionArn=arn, AttributeName="ReplayPolicy")
    assert "ReplayStatus" not in sns.attributes(arn)


def test_a_replay_with_an_end(sns: Any) -> None:
    topic = archive(sns)
    publish(sns, topic, "a", "b", "c")
    policy = replay_from("2023-11-14T22:13:20.500Z", "2023-11-14T22:13:21.500Z")
    arn = sns.subscribe(topic, endpoint=sns.queue_arn("q.fifo"), ReplayPolicy=policy)
    sns.advance(1)
    [body] = bodies(sns)
    assert (json.loads(body)["Message"], json.loads(body)["Replayed"]) == ("b", True)
    assert sns.attributes(arn)["ReplayStatus"] == "Completed"
    publish(sns, topic, "d")
    assert bodies(sns) == []
    sns.call("SetSubscriptionAttributes", SubscriptionArn=arn, AttributeName="ReplayPolicy")
    publish(sns, topic, "e")
    [body] = bodies(sns)
    assert json.loads(body)["Message"] == "e"
    assert "Replayed" not in json.loads(body)


def test_what_is_published_while_a_replay_goes_on_follows_it(sns: Any) -> None:
    topic = archive(sns)
    publish(sns, topic, "a", "b")
    policy = replay_from(end="2023-11-14T22:13:22.500Z")
    sns.subscribe(topic, endpoint=sns.queue_arn("q.fifo"), ReplayPolicy=policy)
    publish(sns, topic, "c")
    assert bodies(sns) == []
    sns.advance(1)
    found = [json.loads(body) for body in bodies(sns)]
    assert [(each["Message"], each.get("Replayed", False)) for each in found] == [
        ("a", True),
        ("b", True),
        ("c", False),
    ]


def test_a_replay_needs_an_archive(sns: Any) -> None:
    topic = sns.topic("none.fifo", ContentBasedDeduplication="true")
    arn = sns.subscribe(topic, endpoint=sns.queue_arn("q.fifo"), RawMessageDelivery="true")
    given = {"AttributeName": "ReplayPolicy", "AttributeValue": replay_from()}
    refused = sns.fails("SetSubscriptionAttributes", SubscriptionArn=arn, **given)
    assert refused == (
        "InvalidParameter",
        "Invalid parameter: ReplayPolicy: can only be set where the topic has an ArchivePolicy",
    )
    publish(sns, topic, "a")
    assert bodies(sns) == ["a"]


def test_an_archive_that_ends_loses_nothing_of_its_replays(sns: Any) -> None:
    topic = archive(sns)
    before = [f"a{number}" for number in range(210)]
    publish(sns, topic, *before)
    endpoint = sns.queue_arn("q.fifo")
    arn = sns.subscribe(topic, endpoint=endpoint, ReplayPolicy=replay_from(), RawMessageDelivery="true")
    publish(sns, topic, "b")
    end = {"TopicArn": topic, "AttributeName": "ArchivePolicy", "AttributeValue": "{}"}
    sns.call("SetTopicAttributes", **end)
    publish(sns, topic, "c")
    sns.advance(1)
    assert bodies(sns) == [*before, "b", "c"]
    assert sns.attributes(arn)["ReplayStatus"] == "Completed"


def test_what_a_replay_with_an_end_stopped_an_archive_that_ends_does_not_go_on_with(sns: Any) -> None:
    topic = archive(sns)
    policy = replay_from(end="2023-11-14T22:13:20.500Z")
    sns.subscribe(topic, endpoint=sns.queue_arn("q.fifo"), ReplayPolicy=policy, RawMessageDelivery="true")
    sns.advance(1)
    sns.call("SetTopicAttributes", TopicArn=topic, AttributeName="ArchivePolicy", AttributeValue="{}")
    publish(sns, topic, "a")
    assert bodies(sns) == []


def test_an_end_that_is_to_come(sns: Any) -> None:
    topic = archive(sns)
    publish(sns, topic, "a")
    policy = replay_from(end="2023-11-14T22:14:20.000Z")
    arn = sns.subscribe(topic, endpoint=sns.queue_arn("q.fifo"), ReplayPolicy=policy, RawMessageDelivery="true")
    sns.advance(1)
    assert sns.attributes(arn)["ReplayStatus"] == "In progress"
    publish(sns, topic, "b")
    assert bodies(sns) == ["a", "b"]
    sns.clock.advance(60)
    assert sns.attributes(arn)["ReplayStatus"] == "Completed"
    publish(sns, topic, "c")
    assert bodies(sns) == []


def test_a_replay_obeys_the_filter(sns: Any) -> None:
    topic = archive(sns)
    publish(sns, topic, '{"n": 1}', '{"n": 2}')
    more = {"RawMessageDelivery": "true", "FilterPolicy": '{"n":[2]}', "FilterPolicyScope": "MessageBody"}
    sns.subscribe(topic, endpoint=sns.queue_arn("q.fifo"), ReplayPolicy=replay_from(), **more)
    sns.advance(1)
    assert bodies(sns) == ['{"n": 2}']


@pytest.mark.parametrize(
    "policy",
    [
        "{",
        "{}",
        '{"PointType": "Sequence"}',
        replay_from("yesterday"),
        replay_from(end="tomorrow"),
        replay_from("2023-11-02T00:00:00Z", "2023-11-01T00:00:00Z"),
    ],
)
def test_replay_policies_that_may_not_be(sns: Any, policy: str) -> None:
    failed = sns.fails(
        "Subscribe",
        TopicArn=archive(sns),
        Protocol="sqs",
        Endpoint=sns.queue_arn("q.fifo"),
        Attributes={"ReplayPolicy": policy},
    )
    assert failed[1].startswith("Invalid parameter: Attributes Reason: ReplayPolicy: ")
