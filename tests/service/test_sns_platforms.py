"""Platform applications and their endpoints, by boto3 in the four positions."""

from __future__ import annotations

import json
import urllib.request
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError


def make_endpoint(sns: Any) -> str:
    given = {"PlatformPrincipal": "p", "PlatformCredential": "c"}
    name = f"a-{uuid.uuid4().hex[:12]}"
    app = sns.create_platform_application(Name=name, Platform="APNS", Attributes=given)["PlatformApplicationArn"]
    return str(sns.create_platform_endpoint(PlatformApplicationArn=app, Token="t")["EndpointArn"])


def make_queue(sqs: Any) -> tuple[str, str]:
    """URL and ARN."""
    url = sqs.create_queue(QueueName=f"q-{uuid.uuid4().hex[:12]}")["QueueUrl"]
    return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def pushed(positions: Any, endpoint: str) -> list[dict[str, Any]]:
    """What the endpoint has got, once it has got something."""
    idle, _ = make_queue(positions.owner("sqs"))
    for _ in range(20):
        with urllib.request.urlopen(
            f"{positions.atoll.url}/_aws/sns/platform-endpoint-messages?endpointArn={endpoint}", timeout=10
        ) as answer:
            found: list[dict[str, Any]] = json.load(answer)["platform_endpoint_messages"][endpoint]
        if found:
            return found
        positions.owner("sqs").receive_message(QueueUrl=idle, WaitTimeSeconds=1)
    raise AssertionError(f"{endpoint} got nothing")


def test_publishing_to_an_endpoint(positions: Any) -> None:
    endpoint = make_endpoint(positions.owner("sns"))
    sent = positions.caller("sns").publish(TargetArn=endpoint, Message="hello")["MessageId"]
    assert [message["MessageId"] for message in pushed(positions, endpoint)] == [sent]


def test_an_endpoint_is_subscribed(positions: Any) -> None:
    """The topic is the caller's."""
    endpoint = make_endpoint(positions.owner("sns"))
    sns = positions.caller("sns")
    topic = sns.create_topic(Name=f"t-{uuid.uuid4().hex[:12]}")["TopicArn"]
    with pytest.raises(ClientError) as caught:
        sns.subscribe(TopicArn=topic, Protocol="application", Endpoint=f"{endpoint}x")
    assert caught.value.response["Error"]["Message"] == (
        f"Invalid parameter: Endpoint Reason: Endpoint does not exist for endpoint {endpoint}x"
    )
    url, dead = make_queue(positions.caller("sqs"))
    redrive = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": dead})}
    sns.subscribe(TopicArn=topic, Protocol="application", Endpoint=endpoint, Attributes=redrive)
    sent = sns.publish(TopicArn=topic, Message="hello", Subject="s")["MessageId"]
    [message] = pushed(positions, endpoint)
    assert (message["MessageId"], message["TopicArn"], message["Message"]) == (sent, topic, "hello")
    positions.owner("sns").set_endpoint_attributes(EndpointArn=endpoint, Attributes={"Enabled": "false"})
    sns.publish(TopicArn=topic, Message="to nobody")
    [body] = positions.caller("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=10)["Messages"]
    assert json.loads(body["Body"])["Message"] == "to nobody"
