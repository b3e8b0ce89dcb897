"""SQS's messages through boto3, which checks their digests, in both protocols' answers."""

from __future__ import annotations

import threading
import time
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

ATTRIBUTES = {
    "text": {"DataType": "String", "StringValue": "żółw"},
    "number": {"DataType": "Number.int", "StringValue": "42"},
    "binary": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
}
TRACE = {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-5759e988-bd862e3fe1be46a994272793"}}


def make_queue(sqs: Any, suffix: str = "", **attributes: str) -> str:
    url = sqs.create_queue(QueueName=f"q-{uuid4()}{suffix}", Attributes=attributes)["QueueUrl"]
    assert isinstance(url, str)
    return url


def test_messages_from_every_position(positions: Any) -> None:
    owner, caller = positions.owner("sqs"), positions.caller("sqs")
    url = make_queue(owner)
    sent = caller.send_message(
        QueueUrl=url, MessageBody="hello", MessageAttributes=ATTRIBUTES, MessageSystemAttributes=TRACE
    )
    [message] = caller.receive_message(QueueUrl=url, AttributeNames=["All"], MessageAttributeNames=["All"])["Messages"]
    assert message["MessageId"] == sent["MessageId"]
    assert message["MessageAttributes"] == ATTRIBUTES
    assert message["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    assert message["Attributes"]["SenderId"] == positions.caller_account
    assert message["Attributes"]["AWSTraceHeader"].startswith("Root=")
    change = {"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"]}
    caller.change_message_visibility(**change, VisibilityTimeout=0)
    [message] = caller.receive_message(QueueUrl=url)["Messages"]
    caller.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    counts = owner.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert counts["ApproximateNumberOfMessages"] == "0"
    assert counts["ApproximateNumberOfMessagesNotVisible"] == "0"


def test_batches_from_every_position(positions: Any) -> None:
    owner, caller = positions.owner("sqs"), positions.caller("sqs")
    url = make_queue(owner)
    entries = [{"Id": str(number), "MessageBody": str(number), "MessageAttributes": ATTRIBUTES} for number in range(5)]
    entries.append({"Id": "bad", "MessageBody": "x", "DelaySeconds": 901})
    sent = caller.send_message_batch(QueueUrl=url, Entries=entries)
    assert [entry["Id"] for entry in sent["Successful"]] == ["0", "1", "2", "3", "4"]
    assert [(entry["Id"], entry["Code"]) for entry in sent["Failed"]] == [("bad", "InvalidParameterValue")]
    messages = caller.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    handles = [
        {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]} for number, message in enumerate(messages)
    ]
    changes = [{**entry, "VisibilityTimeout": 30} for entry in handles]
    assert len(caller.change_message_visibility_batch(QueueUrl=url, Entries=changes)["Successful"]) == 5
    assert len(caller.delete_message_batch(QueueUrl=url, Entries=handles)["Successful"]) == 5


def test_a_long_poll_is_answered_when_a_message_comes(atoll: Any) -> None:
    sqs = atoll.client("sqs")
    url = make_queue(sqs)
    answers: list[tuple[float, Any]] = []

    def poll() -> None:
        answer = atoll.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=20)
        answers.append((time.monotonic(), answer.get("Messages")))

    thread = threading.Thread(target=poll)
    thread.start()
    # The poll is known to wait when it was not answered by an empty queue's short poll.
    assert "Messages" not in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1)
    sent = time.monotonic()
    sqs.send_message(QueueUrl=url, MessageBody="wake")
    thread.join(20)
    [(answered, messages)] = answers
    assert [message["Body"] for message in messages] == ["wake"]
    assert answered - sent < 1


def test_a_delay_is_waited_for(atoll: Any) -> None:
    sqs = atoll.client("sqs")
    url = make_queue(sqs)
    sqs.send_message(QueueUrl=url, MessageBody="later", DelaySeconds=1)
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    [message] = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=10)["Messages"]
    assert message["Body"] == "later"


def test_fifo(atoll: Any) -> None:
    sqs = atoll.client("sqs")
    url = make_queue(sqs, ".fifo", FifoQueue="true", ContentBasedDeduplication="true")
    first = sqs.send_message(QueueUrl=url, MessageBody="one", MessageGroupId="g")
    again = sqs.send_message(QueueUrl=url, MessageBody="one", MessageGroupId="g")
    assert (again["MessageId"], again["SequenceNumber"]) == (first["MessageId"], first["SequenceNumber"])
    sqs.send_message(QueueUrl=url, MessageBody="two", MessageGroupId="g")
    [message] = sqs.receive_message(QueueUrl=url, AttributeNames=["All"])["Messages"]
    assert message["Attributes"]["SequenceNumber"] == first["SequenceNumber"]
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert [found["Body"] for found in sqs.receive_message(QueueUrl=url)["Messages"]] == ["two"]


def test_large_messages(atoll: Any) -> None:
    sqs = atoll.client("sqs")
    url = make_queue(sqs)
    body = "x" * 1_048_576
    sqs.send_message(QueueUrl=url, MessageBody=body)
    [message] = sqs.receive_message(QueueUrl=url)["Messages"]
    assert message["Body"] == body
    with pytest.raises(ClientError, match="Message must be shorter than 1048576 bytes"):
        sqs.send_message(QueueUrl=url, MessageBody=body + "x")


def test_messages_that_look_like_something_else(atoll: Any) -> None:
    sqs = atoll.client("sqs")
    url = make_queue(sqs)
    for body in ('{"a": [1, "\\u0000"]}', "<a>&amp;\r\n\t</a>", "żółw 🐢", " ", "a=b&c=%20+"):
        sqs.send_message(QueueUrl=url, MessageBody=body)
        [message] = sqs.receive_message(QueueUrl=url)["Messages"]
        assert message["Body"] == body
    for body in ("\x00", "a\ufffe"):
        with pytest.raises(sqs.exceptions.InvalidMessageContents):
            sqs.send_message(QueueUrl=url, MessageBody=body)
