"""SNS by boto3 in the four positions: topics, subscriptions, deliveries to queues."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

OWNER = ("111111111111", "ap-south-1")
OTHER = ("222222222222", "eu-central-1")


def unique(suffix: str = "") -> str:
    return f"t-{uuid.uuid4().hex[:12]}{suffix}"


def make_queue(sqs: Any, name: str = "", **attributes: str) -> tuple[str, str]:
    """URL and ARN."""
    url = sqs.create_queue(QueueName=name or unique(), Attributes=attributes)["QueueUrl"]
    return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def receive(sqs: Any, url: str, count: int = 1) -> list[dict[str, Any]]:
    """As many messages as are wanted, the first that came first; they are deleted."""
    found: list[dict[str, Any]] = []
    for _ in range(20):
        answer = sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=10,
            WaitTimeSeconds=2,
            MessageAttributeNames=["All"],
            AttributeNames=["All"],
        )
        for message in answer.get("Messages", []):
            found.append(message)
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        if len(found) >= count:
            break
    assert len(found) == count, found
    return found


def code(call: Any, **params: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**params)
    return str(caught.value.response["Error"]["Code"])


def test_a_topic_from_every_position(positions: Any) -> None:
    topic = positions.owner("sns").create_topic(Name=unique(), Tags=[{"Key": "a", "Value": "1"}])["TopicArn"]
    caller = positions.caller("sns")
    caller.set_topic_attributes(TopicArn=topic, AttributeName="DisplayName", AttributeValue="d")
    shown = caller.get_topic_attributes(TopicArn=topic)["Attributes"]
    assert (shown["Owner"], shown["DisplayName"]) == (OWNER[0], "d")
    caller.add_permission(TopicArn=topic, Label="L", AWSAccountId=["333333333333"], ActionName=["Publish"])
    caller.remove_permission(TopicArn=topic, Label="L")
    caller.tag_resource(ResourceArn=topic, Tags=[{"Key": "b", "Value": "2"}])
    assert len(caller.list_tags_for_resource(ResourceArn=topic)["Tags"]) == 2
    caller.untag_resource(ResourceArn=topic, TagKeys=["a"])
    caller.delete_topic(TopicArn=topic)
    assert code(positions.owner("sns").get_topic_attributes, TopicArn=topic) == "NotFound"


def test_a_subscription_from_every_position(positions: Any) -> None:
    """The caller subscribes its own queue, and sees the subscription among its own."""
    owner, caller, sqs = positions.owner("sns"), positions.caller("sns"), positions.caller("sqs")
    topic = owner.create_topic(Name=unique())["TopicArn"]
    url, arn = make_queue(sqs)
    subscription = caller.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"FilterPolicy": '{"kind":["a"]}'}
    )["SubscriptionArn"]
    [listed] = owner.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert (listed["SubscriptionArn"], listed["Owner"]) == (subscription, positions.caller_account)

    def own() -> list[str]:
        pages = caller.get_paginator("list_subscriptions").paginate()
        return [each["SubscriptionArn"] for page in pages for each in page["Subscriptions"]]

    assert subscription in own()
    for kind in ("b", "a"):
        attributes = {"kind": {"DataType": "String", "StringValue": kind}}
        owner.publish(TopicArn=topic, Message=kind, Subject="s", MessageAttributes=attributes)
    [message] = receive(sqs, url)
    assert json.loads(message["Body"])["Message"] == "a"
    caller.set_subscription_attributes(
        SubscriptionArn=subscription, AttributeName="RawMessageDelivery", AttributeValue="true"
    )
    assert caller.get_subscription_attributes(SubscriptionArn=subscription)["Attributes"]["Owner"] == (
        positions.caller_account
    )
    caller.unsubscribe(SubscriptionArn=subscription)
    assert subscription not in own()
    assert owner.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []


def test_deliveries_from_every_position(positions: Any) -> None:
    """The caller publishes; the owner's queue gets it raw, the caller's in an envelope."""
    owner, caller = positions.owner("sns"), positions.caller("sns")
    topic = owner.create_topic(Name=unique())["TopicArn"]
    here, here_arn = make_queue(positions.owner("sqs"))
    there, there_arn = make_queue(positions.caller("sqs"))
    raw = {"RawMessageDelivery": "true"}
    owner.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=here_arn, Attributes=raw)
    owner.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=there_arn)
    attributes = {
        "s": {"DataType": "String", "StringValue": "x"},
        "b": {"DataType": "Binary", "BinaryValue": b"\x00\x01"},
    }
    sent = caller.publish(TopicArn=topic, Message="hällo", MessageAttributes=attributes)["MessageId"]
    [message] = receive(positions.owner("sqs"), here)
    assert message["Body"] == "hällo"
    assert message["MessageAttributes"] == attributes
    assert message["Attributes"]["SenderId"].startswith("AIDA")
    [message] = receive(positions.caller("sqs"), there)
    body = json.loads(message["Body"])
    assert (body["MessageId"], body["Message"], body["TopicArn"]) == (sent, "hällo", topic)
    assert body["MessageAttributes"]["b"] == {"Type": "Binary", "Value": "AAE="}
    entries = [{"Id": str(number), "Message": f"m{number}"} for number in range(10)]
    assert len(caller.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)["Successful"]) == 10
    for sqs, url in ((positions.owner("sqs"), here), (positions.caller("sqs"), there)):
        assert len(receive(sqs, url, 10)) == 10


def test_order_in_fifo_from_every_position(positions: Any) -> None:
    owner, caller, sqs = positions.owner("sns"), positions.caller("sns"), positions.caller("sqs")
    topic = owner.create_topic(
        Name=unique(".fifo"), Attributes={"FifoTopic": "true", "ContentBasedDeduplication": "true"}
    )["TopicArn"]
    url, arn = make_queue(sqs, unique(".fifo"), FifoQueue="true")
    owner.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    for number in range(20):
        caller.publish(TopicArn=topic, Message=str(number), MessageGroupId="g")
        caller.publish(TopicArn=topic, Message=str(number), MessageGroupId="g")
    messages = receive(sqs, url, 20)
    assert [message["Body"] for message in messages] == [str(number) for number in range(20)]
    assert {message["Attributes"]["MessageGroupId"] for message in messages} == {"g"}
    assert len(messages[0]["Attributes"]["MessageDeduplicationId"]) == 64


def test_a_queue_that_is_gone_has_a_dead_letter_queue(positions: Any) -> None:
    owner, sqs = positions.owner("sns"), positions.caller("sqs")
    topic = owner.create_topic(Name=unique())["TopicArn"]
    gone, gone_arn = make_queue(sqs)
    dead, dead_arn = make_queue(positions.owner("sqs"))
    policy = json.dumps({"deadLetterTargetArn": dead_arn})
    owner.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=gone_arn, Attributes={"RedrivePolicy": policy})
    sqs.delete_queue(QueueUrl=gone)
    owner.publish(TopicArn=topic, Message="lost")
    [message] = receive(positions.owner("sqs"), dead)
    assert json.loads(message["Body"])["Message"] == "lost"


def test_a_raw_message_of_too_many_attributes_is_in_the_dead_letter_queue(positions: Any) -> None:
    sns = positions.owner("sns")
    topic = sns.create_topic(Name="raw")["TopicArn"]
    _, arn = make_queue(positions.caller("sqs"))
    dead, dead_arn = make_queue(positions.owner("sqs"))
    attributes = {"RawMessageDelivery": "true", "RedrivePolicy": json.dumps({"deadLetterTargetArn": dead_arn})}
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=attributes)
    eleven = {f"a{number}": {"DataType": "String", "StringValue": "v"} for number in range(11)}
    sns.publish(TopicArn=topic, Message="eleven", MessageAttributes=eleven)
    [message] = receive(positions.owner("sqs"), dead)
    assert json.loads(message["Body"])["MessageAttributes"].keys() == eleven.keys()


def test_a_hundred_queues(atoll: Any) -> None:
    """Half of them of another account and region."""
    sns = atoll.client("sns")
    topic = sns.create_topic(Name=unique())["TopicArn"]
    queues = []
    for number in range(100):
        sqs = atoll.client("sqs", *(OTHER if number % 2 else OWNER))
        url, arn = make_queue(sqs)
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        queues.append((sqs, url))
    sns.publish(TopicArn=topic, Message="x" * 10_000)
    for sqs, url in queues:
        [message] = receive(sqs, url)
        assert json.loads(message["Body"])["Message"] == "x" * 10_000


def test_a_replay_brings_what_was_published_before(atoll: Any) -> None:
    sns, sqs = atoll.client("sns"), atoll.client("sqs")
    attributes = {"FifoTopic": "true", "ArchivePolicy": '{"MessageRetentionPeriod":"30"}'}
    topic = sns.create_topic(Name=unique(".fifo"), Attributes=attributes)["TopicArn"]
    assert "BeginningArchiveTime" in sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    for number in range(3):
        sns.publish(TopicArn=topic, Message=str(number), MessageGroupId="g", MessageDeduplicationId=str(number))
    url, arn = make_queue(sqs, unique(".fifo"), FifoQueue="true")
    policy = '{"PointType":"Timestamp","StartingPoint":"2020-01-01T00:00:00.000Z"}'
    raw = {"RawMessageDelivery": "true", "ReplayPolicy": policy}
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=raw)
    assert [message["Body"] for message in receive(sqs, url, 3)] == ["0", "1", "2"]
    sns.publish(TopicArn=topic, Message="3", MessageGroupId="g", MessageDeduplicationId="3")
    assert [message["Body"] for message in receive(sqs, url)] == ["3"]
    assert code(sns.delete_topic, TopicArn=topic) == "InvalidState"


def test_odd_characters_arrive_or_are_refused(positions: Any) -> None:
    """The queue is the caller's. Whatever is shown has to fit into XML."""
    sns, sqs = positions.owner("sns"), positions.caller("sqs")
    topic = sns.create_topic(Name=unique(), Attributes={"DisplayName": "\u00e4 & \U0001f600"})["TopicArn"]
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["DisplayName"] == "\u00e4 & \U0001f600"
    url, arn = make_queue(sqs)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    odd = "\x01\x0b\x7f\u2028\ufffe\uffff\U0001f600"
    sns.publish(TopicArn=topic, Message=odd)
    [message] = receive(sqs, url)
    assert json.loads(message["Body"])["Message"] == odd
    named = {"TopicArn": topic, "AttributeName": "DisplayName", "AttributeValue": "\x01"}
    assert code(sns.set_topic_attributes, **named) == "InvalidParameter"
    assert code(sns.publish, TopicArn=topic, Message="m", Subject="a\nb") == "InvalidParameter"
    batch = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=[{"Id": "a", "Message": "m", "Subject": "\n"}])
    assert (batch.get("Successful", []), batch["Failed"][0]["Code"]) == ([], "InvalidParameter")
    attributes = {"a": {"DataType": "String", "StringValue": "\uffff"}}
    assert code(sns.publish, TopicArn=topic, Message="m", MessageAttributes=attributes) == "ParameterValueInvalid"


def test_the_arn_is_asked_for_first(atoll: Any) -> None:
    sns = atoll.client("sns", config=Config(parameter_validation=False))
    for call, name in ((sns.unsubscribe, "SubscriptionArn"), (sns.subscribe, "TopicArn")):
        with pytest.raises(ClientError) as caught:
            call()
        assert caught.value.response["Error"] == {
            "Type": "Sender",
            "Code": "InvalidParameter",
            "Message": f"Invalid parameter: {name} Reason: no value for required parameter",
        }
    assert code(sns.create_topic) == "ValidationError"


def test_bytes_that_are_no_utf_8_are_refused(atoll: Any) -> None:
    """Half of a surrogate pair, which boto3 would not send."""
    sns = atoll.client("sns", config=Config(retries={"max_attempts": 0}))
    topic = sns.create_topic(Name=unique())["TopicArn"]

    def half(request: Any, **_: Any) -> None:
        request.data = {**request.data, "Message": b"\xed\xa0\x80"}

    sns.meta.events.register("request-created.sns.Publish", half)
    assert code(sns.publish, TopicArn=topic, Message="m") == "MalformedQueryString"


def test_realms_are_apart(atoll_with: Any, tmp_path: Any) -> None:
    """A topic's ARN means the caller's own realm's topic, which is not there."""
    twin = tmp_path / "twin.yaml"
    twin.write_text(
        "apiVersion: atoll.dev/v1alpha1\nkind: Account\nmetadata: {name: a, namespace: twin}\n"
        "spec: {accountId: '111111111111', credentials: {allowAccountIdKeys: true}}\n"
    )
    with atoll_with("--temporary", "-f", str(twin)) as atoll:
        topic = atoll.client("sns").create_topic(Name=unique())["TopicArn"]
        subscription = atoll.client("sns").subscribe(TopicArn=topic, Protocol="sms", Endpoint="+491701234567")
        other = atoll.client("sns", config=Config(retries={"max_attempts": 0}))

        def address(request: Any, **_: Any) -> None:
            request.headers["Host"] = "aws.twin.localhost"

        other.meta.events.register("before-sign.sns", address)
        named = {"SubscriptionArn": subscription["SubscriptionArn"]}
        assert code(other.publish, TopicArn=topic, Message="m") == "NotFound"
        assert code(other.get_subscription_attributes, **named) == "NotFound"
        assert code(other.list_subscriptions_by_topic, TopicArn=topic) == "NotFound"
        assert other.list_topics()["Topics"] == []
        other.unsubscribe(**named)
        other.delete_topic(TopicArn=topic)
        assert atoll.client("sns").get_subscription_attributes(**named)["Attributes"]["TopicArn"] == topic
