"""Message move tasks."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

DLQ = "arn:aws:sqs:eu-central-1:111111111111:dlq"
SOURCE = "arn:aws:sqs:eu-central-1:111111111111:q"


@pytest.fixture
def dlq(sqs: Any) -> Any:
    url = sqs.queue("dlq")
    sqs.queue("q", RedrivePolicy=json.dumps({"deadLetterTargetArn": DLQ, "maxReceiveCount": 1}))
    return url


def tasks(sqs: Any, count: int = 10) -> list[dict[str, Any]]:
    found = sqs.call("ListMessageMoveTasks", SourceArn=DLQ, MaxResults=count).get("Results", [])
    return [{key: value for key, value in task.items() if value is not None} for task in found]


def handle(task_id: str, arn: str) -> str:
    return base64.b64encode(json.dumps({"taskId": task_id, "sourceArn": arn}).encode()).decode()


def die(sqs: Any, count: int) -> None:
    """Sends that many messages to the source queue, from which they go to the dead-letter queue."""
    url = "http://x/111111111111/q"
    for number in range(count):
        sqs.send(url, str(number))
    for _ in range(count):
        sqs.receive(url, 1, VisibilityTimeout=0)
    assert sqs.receive(url) == []


def test_messages_go_back_to_where_they_came_from(sqs: Any, dlq: str) -> None:
    die(sqs, 3)
    assert sqs.counts(dlq) == (3, 0, 0)
    sqs.advance(9)
    result = sqs.call("StartMessageMoveTask", SourceArn=DLQ)
    assert json.loads(base64.b64decode(result["TaskHandle"]))["sourceArn"] == DLQ
    [task] = tasks(sqs)
    assert task == {
        "TaskHandle": result["TaskHandle"],
        "Status": "RUNNING",
        "SourceArn": DLQ,
        "ApproximateNumberOfMessagesMoved": 0,
        "ApproximateNumberOfMessagesToMove": 3,
        "StartedTimestamp": 1_700_000_009_000,
    }
    sqs.settle()
    [task] = tasks(sqs)
    assert (task["Status"], task["ApproximateNumberOfMessagesMoved"]) == ("COMPLETED", 3)
    assert "TaskHandle" not in task
    assert sqs.counts(dlq) == (0, 0, 0)
    messages = sqs.receive("http://x/111111111111/q", AttributeNames=["All"])
    assert [message["Body"] for message in messages] == ["0", "1", "2"]
    assert messages[0]["Attributes"] == {
        "SenderId": "111111111111",
        "SentTimestamp": "1700000009000",
        "ApproximateReceiveCount": "1",
        "ApproximateFirstReceiveTimestamp": "1700000009000",
    }


def test_a_destination_may_be_named(sqs: Any, dlq: str) -> None:
    other = sqs.queue("other")
    sqs.send(dlq, "direct")
    sqs.call("StartMessageMoveTask", SourceArn=DLQ, DestinationArn=sqs.arn("other"))
    sqs.settle()
    assert sqs.bodies(other) == ["direct"]
    [task] = tasks(sqs)
    assert task["DestinationArn"] == sqs.arn("other")


def test_many_messages_go_in_chunks(sqs: Any, dlq: str) -> None:
    sqs.queue("other")
    for _ in range(60):
        entries = [{"Id": str(number), "MessageBody": "x"} for number in range(10)]
        sqs.call("SendMessageBatch", QueueUrl=dlq, Entries=entries)
    sqs.call("StartMessageMoveTask", SourceArn=DLQ, DestinationArn=sqs.arn("other"))
    sqs.run_timers()
    assert tasks(sqs)[0]["ApproximateNumberOfMessagesMoved"] == 250
    sqs.settle()
    assert tasks(sqs)[0]["ApproximateNumberOfMessagesMoved"] == 600
    assert sqs.counts("http://x/111111111111/other") == (600, 0, 0)


def test_the_rate_is_kept_and_a_task_can_be_cancelled(sqs: Any, dlq: str) -> None:
    sqs.queue("other")
    for _ in range(10):
        sqs.send(dlq)
    started = sqs.call(
        "StartMessageMoveTask", SourceArn=DLQ, DestinationArn=sqs.arn("other"), MaxNumberOfMessagesPerSecond=2
    )
    sqs.settle()
    assert tasks(sqs)[0]["ApproximateNumberOfMessagesMoved"] == 0
    sqs.advance(2)
    [task] = tasks(sqs)
    assert (task["MaxNumberOfMessagesPerSecond"], task["ApproximateNumberOfMessagesMoved"]) == (2, 4)
    assert sqs.fails("StartMessageMoveTask", SourceArn=DLQ) == (
        "InvalidParameterValue",
        "There is already a task running. Only one active task is allowed for a source queue arn at a given time.",
    )
    cancel = {"TaskHandle": started["TaskHandle"]}
    assert sqs.call("CancelMessageMoveTask", **cancel) == {"ApproximateNumberOfMessagesMoved": 4}
    sqs.advance(10)
    [task] = tasks(sqs)
    assert (task["Status"], task["ApproximateNumberOfMessagesMoved"]) == ("CANCELLED", 4)
    assert sqs.counts(dlq) == (6, 0, 0)
    assert sqs.fails("CancelMessageMoveTask", **cancel)[0] == "UnsupportedOperation"
    sqs.call("StartMessageMoveTask", SourceArn=DLQ, DestinationArn=sqs.arn("other"))


def test_failures(sqs: Any, dlq: str) -> None:
    sqs.send(dlq, "direct")
    sqs.call("StartMessageMoveTask", SourceArn=DLQ, MaxNumberOfMessagesPerSecond=93)
    sqs.advance(1)
    [task] = tasks(sqs)
    assert (task["Status"], task["FailureReason"]) == ("FAILED", "CouldNotDetermineMessageSource")
    other = sqs.queue("other")
    for _ in range(5):
        sqs.send(dlq)
    sqs.call("StartMessageMoveTask", SourceArn=DLQ, DestinationArn=sqs.arn("other"), MaxNumberOfMessagesPerSecond=1)
    sqs.advance(3)
    sqs.call("DeleteQueue", QueueUrl=other)
    sqs.advance(1)
    task = tasks(sqs)[0]
    assert task["Status"] == "FAILED"
    assert task["FailureReason"] == "AWS.SimpleQueueService.NonExistentQueue"
    assert task["ApproximateNumberOfMessagesMoved"] == 3


def test_the_last_ten_are_listed(sqs: Any, dlq: str) -> None:
    for number in range(12):
        sqs.call("StartMessageMoveTask", SourceArn=DLQ)
        sqs.settle()
        sqs.advance(1 + number / 1000)
    started = [task["StartedTimestamp"] for task in tasks(sqs)]
    assert len(started) == 10
    assert started == sorted(started, reverse=True)
    assert len(sqs.call("ListMessageMoveTasks", SourceArn=DLQ)["Results"]) == 1
    for number in (0, 11):
        assert sqs.fails("ListMessageMoveTasks", SourceArn=DLQ, MaxResults=number)[1] == (
            "Value for parameter MaxResults is invalid. Reason: MaxResults must be an integer between 1 and 10."
        )


def test_what_cannot_be_started(sqs: Any, dlq: str) -> None:
    sqs.queue("other.fifo")
    missing = "The resource that you specified for the {} parameter doesn't exist."
    form = "You must use this format to specify the {}: arn:<partition>:<service>:<region>:<account-id>:<resource-id>"
    rate = (
        "Value for parameter MaxNumberOfMessagesPerSecond is invalid. "
        "Reason: You must enter a number that's between 1 and 500."
    )
    invalid, not_found = "InvalidParameterValue", "ResourceNotFoundException"
    for params, error in (
        ({}, ("MissingParameter", "The request must contain the parameter SourceArn.")),
        ({"SourceArn": ""}, (invalid, form.format("SourceArn"))),
        ({"SourceArn": DLQ, "DestinationArn": "x"}, (invalid, form.format("DestinationArn"))),
        ({"SourceArn": DLQ + "x"}, (not_found, missing.format("SourceArn"))),
        ({"SourceArn": DLQ.replace("sqs", "sns")}, (not_found, missing.format("SourceArn"))),
        ({"SourceArn": DLQ, "DestinationArn": DLQ + "x"}, (not_found, missing.format("DestinationArn"))),
        ({"SourceArn": SOURCE}, (invalid, "Source queue must be configured as a Dead Letter Queue.")),
        (
            {"SourceArn": DLQ, "DestinationArn": DLQ},
            (invalid, "Source queue arn and destination queue arn cannot be the same."),
        ),
        (
            {"SourceArn": DLQ, "DestinationArn": sqs.arn("other.fifo")},
            (invalid, "The source queue and destination queue must be of the same queue type."),
        ),
        ({"SourceArn": DLQ, "MaxNumberOfMessagesPerSecond": 0}, (invalid, rate)),
        ({"SourceArn": DLQ, "MaxNumberOfMessagesPerSecond": 501}, (invalid, rate)),
    ):
        assert sqs.fails("StartMessageMoveTask", **params) == error
    assert tasks(sqs) == []


def test_what_cannot_be_cancelled(sqs: Any, dlq: str) -> None:
    for bad in ("x", "é", base64.b64encode(b"[]").decode(), handle("t", "x"), base64.b64encode(b"\xff{").decode()):
        assert sqs.fails("CancelMessageMoveTask", TaskHandle=bad) == (
            "InvalidParameterValue",
            "Value for parameter TaskHandle is invalid.",
        )
    assert sqs.fails("CancelMessageMoveTask") == (
        "MissingParameter",
        "The request must contain the parameter TaskHandle.",
    )
    assert sqs.fails("CancelMessageMoveTask", TaskHandle=handle("t", DLQ + "x")) == (
        "ResourceNotFoundException",
        "The resource that you specified for the SourceArn parameter doesn't exist.",
    )
    assert sqs.fails("CancelMessageMoveTask", TaskHandle=handle("t", DLQ)) == (
        "ResourceNotFoundException",
        "Task does not exist.",
    )


def test_fifo_messages_keep_their_group(sqs: Any) -> None:
    dlq = sqs.queue("dlq.fifo")
    url = sqs.queue(
        "q.fifo",
        ContentBasedDeduplication="true",
        RedrivePolicy=json.dumps({"deadLetterTargetArn": DLQ + ".fifo", "maxReceiveCount": 1}),
    )
    for body in ("one", "two"):
        sqs.send(url, body, MessageGroupId="g")
    sqs.receive(url, VisibilityTimeout=0)
    assert sqs.receive(url) == []
    sqs.call("StartMessageMoveTask", SourceArn=DLQ + ".fifo")
    sqs.settle()
    assert sqs.counts(dlq) == (0, 0, 0)
    messages = sqs.receive(url, AttributeNames=["MessageGroupId"])
    assert [(message["Body"], message["Attributes"]["MessageGroupId"]) for message in messages] == [
        ("one", "g"),
        ("two", "g"),
    ]
