"""SNS's data in forks, resets and the catalogue, with no code of its own for them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PAYMENTS, SUBSCRIBER, OTHER, REGION = "111111111111", "222222222222", "333333333333", "eu-central-1"
MANIFEST = (
    'apiVersion: atoll.dev/v1alpha1\nkind: Account\nmetadata: {name: payments}\nspec: {accountId: "111111111111"}\n'
)


@pytest.fixture
def started(atoll_with: Callable[..., Any], tmp_path: Path) -> Any:
    with atoll_with("--data", str(tmp_path / "data")) as atoll:
        atoll.command("apply", "-f", "-", text=MANIFEST)
        yield atoll


def seed(atoll: Any) -> str:
    """A topic with tags and a policy, and a subscription of a queue, with a filter and a dead-letter queue."""
    sns, sqs = atoll.client("sns", PAYMENTS, REGION), atoll.client("sqs", PAYMENTS, REGION)
    for name in ("orders", "dead"):
        sqs.create_queue(QueueName=name)
    topic = sns.create_topic(Name="t", Tags=[{"Key": "team", "Value": "a"}])["TopicArn"]
    sns.add_permission(TopicArn=topic, Label="L", AWSAccountId=[OTHER], ActionName=["Publish"])
    attributes = {
        "RedrivePolicy": json.dumps({"deadLetterTargetArn": f"arn:aws:sqs:{REGION}:{PAYMENTS}:dead"}),
        "FilterPolicy": '{"kind":["a"]}',
        "RawMessageDelivery": "true",
    }
    sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:{REGION}:{PAYMENTS}:orders", Attributes=attributes
    )
    return str(topic)


def test_a_fork_delivers_to_its_own_queues(started: Any, tmp_path: Path) -> None:
    topic = seed(started)
    file = tmp_path / "seeded.atoll"
    started.command("snapshot", "save", PAYMENTS, str(file))
    started.command("snapshot", "load", str(file), "--account", OTHER)
    sns, sqs = started.client("sns", OTHER, REGION), started.client("sqs", OTHER, REGION)
    own = topic.replace(PAYMENTS, OTHER)
    assert [each["TopicArn"] for each in sns.list_topics()["Topics"]] == [own]
    shown = sns.get_topic_attributes(TopicArn=own)["Attributes"]
    assert PAYMENTS not in shown["Policy"]
    [subscription] = sns.list_subscriptions()["Subscriptions"]
    assert (subscription["Owner"], subscription["Endpoint"]) == (OTHER, f"arn:aws:sqs:{REGION}:{OTHER}:orders")
    attributes = sns.get_subscription_attributes(SubscriptionArn=subscription["SubscriptionArn"])["Attributes"]
    assert PAYMENTS not in json.dumps(attributes)
    kind = {"kind": {"DataType": "String", "StringValue": "a"}}
    sns.publish(TopicArn=own, Message="for the fork", MessageAttributes=kind)
    url = sqs.get_queue_url(QueueName="orders")["QueueUrl"]
    assert [message["Body"] for message in sqs.receive_message(QueueUrl=url)["Messages"]] == ["for the fork"]
    original = started.client("sqs", PAYMENTS, REGION)
    url = original.get_queue_url(QueueName="orders")["QueueUrl"]
    assert "Messages" not in original.receive_message(QueueUrl=url)
    found = started.command("get", "resources", "--account", OTHER, "-o", "name").splitlines()
    assert sorted(found) == sorted(
        [
            own,
            subscription["SubscriptionArn"],
            *(f"arn:aws:sqs:{REGION}:{OTHER}:{name}" for name in ("dead", "orders")),
        ]
    )


def test_a_fork_goes_on_sending_to_queues_of_others(started: Any, tmp_path: Path) -> None:
    sqs = started.client("sqs", SUBSCRIBER, REGION)
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    topic = started.client("sns", PAYMENTS, REGION).create_topic(Name="t")["TopicArn"]
    subscribed = {"Protocol": "sqs", "Endpoint": f"arn:aws:sqs:{REGION}:{SUBSCRIBER}:orders"}
    started.client("sns", PAYMENTS, REGION).subscribe(TopicArn=topic, **subscribed)
    file = tmp_path / "seeded.atoll"
    started.command("snapshot", "save", PAYMENTS, str(file))
    started.command("snapshot", "load", str(file), "--account", OTHER)
    fork = topic.replace(PAYMENTS, OTHER)
    started.client("sns", OTHER, REGION).publish(TopicArn=fork, Message="from the fork")
    [message] = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"]
    assert json.loads(message["Body"])["TopicArn"] == fork


def test_a_subscriber_sees_what_forks_and_loads_have(started: Any, tmp_path: Path) -> None:
    sns, subscriber = (started.client("sns", account, REGION) for account in (PAYMENTS, SUBSCRIBER))
    topic = sns.create_topic(Name="t")["TopicArn"]
    subscriber.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:{REGION}:{SUBSCRIBER}:orders")
    fork = topic.replace(PAYMENTS, OTHER)
    file = tmp_path / "seeded.atoll"

    def become(topics: list[str]) -> bool:
        """Copies come by effects, soon."""
        for _ in range(1000):
            if sorted(each["TopicArn"] for each in subscriber.list_subscriptions()["Subscriptions"]) == topics:
                return True
        return False

    assert become([topic])
    started.command("snapshot", "save", PAYMENTS, str(file))
    started.command("snapshot", "load", str(file), "--account", OTHER)
    assert become([topic, fork])
    started.client("sns", OTHER, REGION).delete_topic(TopicArn=fork)
    assert become([topic])
    sns.delete_topic(TopicArn=topic)
    assert become([])
    started.command("snapshot", "load", str(file), "--account", PAYMENTS)
    assert become([topic])
    started.command("reset", "--account", PAYMENTS)
    [stale] = subscriber.list_subscriptions()["Subscriptions"]
    subscriber.unsubscribe(SubscriptionArn=stale["SubscriptionArn"])
    assert become([])


def test_a_subscriber_lists_what_it_listed_when_it_was_saved(started: Any, tmp_path: Path) -> None:
    """The topic goes on delivering all the same."""
    sns, subscriber = (started.client("sns", account, REGION) for account in (PAYMENTS, SUBSCRIBER))
    sqs = started.client("sqs", SUBSCRIBER, REGION)
    topic = sns.create_topic(Name="t")["TopicArn"]
    sns.add_permission(TopicArn=topic, Label="L", AWSAccountId=[SUBSCRIBER], ActionName=["Subscribe"])
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    file = tmp_path / "seeded.atoll"
    started.command("snapshot", "save", SUBSCRIBER, str(file))
    given = {
        "TopicArn": topic,
        "Protocol": "sqs",
        "Endpoint": f"arn:aws:sqs:{REGION}:{SUBSCRIBER}:orders",
        "ReturnSubscriptionArn": True,
    }
    arn = subscriber.subscribe(**given)["SubscriptionArn"]
    started.command("snapshot", "load", str(file), "--account", SUBSCRIBER)
    assert subscriber.list_subscriptions()["Subscriptions"] == []
    sns.publish(TopicArn=topic, Message="hello")
    assert len(sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"]) == 1
    assert subscriber.subscribe(**given)["SubscriptionArn"] == arn
    for _ in range(1000):
        listed = [each["SubscriptionArn"] for each in subscriber.list_subscriptions()["Subscriptions"]]
        if listed:
            break
    assert listed == [arn]


def test_a_reset_of_the_service_leaves_the_others(started: Any) -> None:
    seed(started)
    started.command("reset", "--account", "payments", "--service", "sns")
    assert started.client("sns", PAYMENTS, REGION).list_topics()["Topics"] == []
    assert len(started.client("sqs", PAYMENTS, REGION).list_queues()["QueueUrls"]) == 2
    found = started.command("get", "resources", "--account", PAYMENTS, "-o", "name").splitlines()
    assert all(":sqs:" in arn for arn in found)


def test_a_region_that_fails_fails_for_topics(started: Any) -> None:
    topic = seed(started)
    started.command("fault", REGION, "--error-rate", "100%", "--error-code", "Throttled", "--error-status", "429")
    sns = started.client("sns", PAYMENTS, REGION)
    with pytest.raises(sns.exceptions.ClientError, match="Throttled"):
        sns.get_topic_attributes(TopicArn=topic)


def test_the_first_call_after_a_restart_delivers_at_once(atoll_with: Callable[..., Any], tmp_path: Path) -> None:
    with atoll_with("--data", str(tmp_path / "data")) as atoll:
        topic = seed(atoll)
    with atoll_with("--data", str(tmp_path / "data")) as atoll:
        kind = {"kind": {"DataType": "String", "StringValue": "a"}}
        atoll.client("sns", PAYMENTS, REGION).publish(TopicArn=topic, Message="m", MessageAttributes=kind)
        sqs = atoll.client("sqs", PAYMENTS, REGION)
        url = sqs.get_queue_url(QueueName="orders")["QueueUrl"]
        assert [message["Body"] for message in sqs.receive_message(QueueUrl=url)["Messages"]] == ["m"]
