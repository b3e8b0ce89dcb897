"""SQS's queues through boto3, which also checks what it is sent."""

from __future__ import annotations

import json
import urllib.request
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError


def unique(suffix: str = "") -> str:
    return f"q-{uuid4()}{suffix}"


def test_a_queue_from_every_position(positions: Any) -> None:
    owner, caller = positions.owner("sqs"), positions.caller("sqs")
    name = unique()
    url = owner.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "60"}, tags={"a": "1"})["QueueUrl"]
    assert url.endswith(f"/{positions.owner_account}/{name}")
    assert positions.owner_region in url
    caller.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "77"})
    shown = owner.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert shown["VisibilityTimeout"] == "77"
    assert shown["QueueArn"] == f"arn:aws:sqs:{positions.owner_region}:{positions.owner_account}:{name}"
    caller.tag_queue(QueueUrl=url, Tags={"b": "2"})
    caller.untag_queue(QueueUrl=url, TagKeys=["a"])
    assert caller.list_queue_tags(QueueUrl=url)["Tags"] == {"b": "2"}
    caller.add_permission(QueueUrl=url, Label="l", AWSAccountIds=["333333333333"], Actions=["SendMessage"])
    policy = json.loads(owner.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"])
    assert policy["Statement"][0]["Principal"] == {"AWS": "arn:aws:iam::333333333333:root"}
    caller.remove_permission(QueueUrl=url, Label="l")
    caller.purge_queue(QueueUrl=url)
    caller.delete_queue(QueueUrl=url)
    with pytest.raises(owner.exceptions.QueueDoesNotExist) as caught:
        owner.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    error = caught.value.response
    assert error["Error"]["Code"] == "AWS.SimpleQueueService.NonExistentQueue"
    assert error["Error"]["Message"] == "The specified queue does not exist."
    assert error["Error"]["QueryErrorCode"] == "QueueDoesNotExist"
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_a_queue_by_name_is_ones_own_unless_its_owner_is_named(positions: Any) -> None:
    owner, caller = positions.owner("sqs"), positions.caller("sqs")
    name = unique()
    url = owner.create_queue(QueueName=name)["QueueUrl"]
    found = caller.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=positions.owner_account)
    assert found["QueueUrl"] == url
    if positions.position != "owner":
        with pytest.raises(ClientError, match="does not exist"):
            caller.get_queue_url(QueueName=name)
        assert url not in caller.list_queues(QueueNamePrefix=name).get("QueueUrls", [])
        own = caller.create_queue(QueueName=name)["QueueUrl"]
        assert own != url
    assert owner.list_queues(QueueNamePrefix=name)["QueueUrls"] == [url]


def test_dead_letters_and_move_tasks_from_every_position(positions: Any) -> None:
    owner, caller = positions.owner("sqs"), positions.caller("sqs")
    dlq_name, name = unique(), unique()
    dlq = owner.create_queue(QueueName=dlq_name)["QueueUrl"]
    arn = owner.get_queue_attributes(QueueUrl=dlq, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})
    url = owner.create_queue(QueueName=name, Attributes={"RedrivePolicy": policy})["QueueUrl"]
    assert caller.list_dead_letter_source_queues(QueueUrl=dlq)["queueUrls"] == [url]
    owner.send_message(QueueUrl=url, MessageBody="dead")
    for _ in range(2):
        received = owner.receive_message(QueueUrl=url, VisibilityTimeout=0)
    assert "Messages" not in received
    task = caller.start_message_move_task(SourceArn=arn, MaxNumberOfMessagesPerSecond=1)["TaskHandle"]
    assert caller.list_message_move_tasks(SourceArn=arn)["Results"][0]["Status"] == "RUNNING"
    assert caller.cancel_message_move_task(TaskHandle=task)["ApproximateNumberOfMessagesMoved"] == 0
    caller.start_message_move_task(SourceArn=arn)
    [message] = owner.receive_message(QueueUrl=url, WaitTimeSeconds=10)["Messages"]
    assert message["Body"] == "dead"


def test_errors_as_boto3_sees_them(atoll: Any) -> None:
    sqs = atoll.client("sqs")
    url = sqs.create_queue(QueueName=unique(), Attributes={"DelaySeconds": "1"})["QueueUrl"]
    name = url.rpartition("/")[2]
    for call, code, query_code, status in (
        (lambda: sqs.create_queue(QueueName="a b"), "InvalidParameterValue", "InvalidParameterValueException", 400),
        (
            lambda: sqs.send_message(QueueUrl=url, MessageBody=""),
            "MissingParameter",
            "MissingRequiredParameterException",
            400,
        ),
        (
            lambda: sqs.create_queue(QueueName=name, Attributes={"DelaySeconds": "2"}),
            "QueueAlreadyExists",
            "QueueNameExists",
            400,
        ),
        (
            lambda: sqs.send_message_batch(QueueUrl=url, Entries=[]),
            "AWS.SimpleQueueService.EmptyBatchRequest",
            "EmptyBatchRequest",
            400,
        ),
        (
            lambda: sqs.delete_message(QueueUrl=url, ReceiptHandle="x"),
            "ReceiptHandleIsInvalid",
            "ReceiptHandleIsInvalid",
            404,
        ),
        (
            lambda: sqs.set_queue_attributes(QueueUrl=url, Attributes={"Nope": "1"}),
            "InvalidAttributeName",
            "InvalidAttributeName",
            400,
        ),
        (
            lambda: sqs.list_message_move_tasks(SourceArn="arn:aws:sqs:ap-south-1:111111111111:none"),
            "ResourceNotFoundException",
            "ResourceNotFoundException",
            404,
        ),
    ):
        with pytest.raises(ClientError) as caught:
            call()
        response = caught.value.response
        assert response["Error"]["Code"] == code
        assert response["Error"]["QueryErrorCode"] == query_code
        assert response["ResponseMetadata"]["HTTPStatusCode"] == status


def test_paging(atoll: Any) -> None:
    sqs = atoll.client("sqs")
    prefix = unique("-")[:20]
    urls = [sqs.create_queue(QueueName=f"{prefix}{number}")["QueueUrl"] for number in range(5)]
    pages = sqs.get_paginator("list_queues").paginate(QueueNamePrefix=prefix, PaginationConfig={"PageSize": 2})
    assert [page["QueueUrls"] for page in pages] == [urls[:2], urls[2:4], urls[4:]]


def test_a_call_posted_to_the_queue_itself(atoll: Any) -> None:
    sqs = atoll.client("sqs")
    url = sqs.create_queue(QueueName=unique())["QueueUrl"]
    body = b"Action=SendMessage&Version=2012-11-05&MessageBody=posted"
    request = urllib.request.Request(url, body, {"Content-Type": "application/x-www-form-urlencoded"})
    with urllib.request.urlopen(request) as response:
        assert b"<MD5OfMessageBody>" in response.read()
    with urllib.request.urlopen(f"{url}?Action=ReceiveMessage&Version=2012-11-05") as response:
        assert b"<Body>posted</Body>" in response.read()
