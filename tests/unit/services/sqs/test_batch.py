"""Batches."""

from __future__ import annotations

from typing import Any

import pytest

SHAPES = {
    "SendMessageBatch": "SendMessageBatchRequestEntry",
    "DeleteMessageBatch": "DeleteMessageBatchRequestEntry",
    "ChangeMessageVisibilityBatch": "ChangeMessageVisibilityBatchRequestEntry",
}


def ids(entries: list[dict[str, Any]]) -> list[str]:
    return [entry["Id"] for entry in entries]


def test_a_batch_is_sent_changed_and_deleted(sqs: Any) -> None:
    url = sqs.queue()
    entries = [{"Id": f"id-{number}", "MessageBody": str(number)} for number in range(10)]
    entries[3]["DelaySeconds"] = 60
    result = sqs.call("SendMessageBatch", QueueUrl=url, Entries=entries)
    assert (ids(result["Successful"]), result["Failed"]) == (ids(entries), [])
    assert set(result["Successful"][0]) == {"Id", "MessageId", "MD5OfMessageBody"}
    assert sqs.counts(url) == (9, 0, 1)
    handles = [message["ReceiptHandle"] for message in sqs.receive(url)]
    changes = [
        {"Id": str(number), "ReceiptHandle": handle, "VisibilityTimeout": number}
        for number, handle in enumerate(handles)
    ]
    result = sqs.call("ChangeMessageVisibilityBatch", QueueUrl=url, Entries=changes)
    assert (result["Successful"], result["Failed"]) == ([{"Id": str(number)} for number in range(9)], [])
    assert sqs.counts(url) == (1, 8, 1)
    deletions = [{"Id": str(number), "ReceiptHandle": handle} for number, handle in enumerate(handles)]
    result = sqs.call("DeleteMessageBatch", QueueUrl=url, Entries=deletions)
    assert (len(result["Successful"]), result["Failed"]) == (9, [])
    assert sqs.counts(url) == (0, 0, 1)


@pytest.mark.parametrize("operation", SHAPES)
def test_what_is_wrong_with_a_whole_batch(sqs: Any, operation: str) -> None:
    url = sqs.queue()
    shape = SHAPES[operation]
    for entries, error in (
        (None, ("MissingParameter", "The request must contain the parameter Entries.")),
        ([], ("EmptyBatchRequest", f"There should be at least one {shape} in the request.")),
        (
            [{"Id": str(number)} for number in range(11)],
            ("TooManyEntriesInBatchRequest", "Maximum number of entries per request are 10. You have sent 11."),
        ),
        ([{"Id": "a"}, {"Id": "b"}, {"Id": "a"}], ("BatchEntryIdsNotDistinct", "Id a repeated.")),
        (
            [{"Id": "a"}, {}],
            ("MissingParameter", f"The request must contain the parameter {shape}.2.Id."),
        ),
    ):
        assert sqs.fails(operation, QueueUrl=url, **({} if entries is None else {"Entries": entries})) == error
    for bad in ("", "x" * 81, "invalid:id", " ", "é"):
        assert sqs.fails(operation, QueueUrl=url, Entries=[{"Id": bad}]) == (
            "InvalidBatchEntryId",
            "A batch entry id can only contain alphanumeric characters, hyphens and underscores. "
            "It can be at most 80 letters long.",
        )


def test_entries_fail_for_themselves(sqs: Any) -> None:
    url = sqs.queue("q", MaximumMessageSize="1024")
    entries = [
        {"Id": "good", "MessageBody": "x"},
        {"Id": "none"},
        {"Id": "long", "MessageBody": "x" * 1025},
        {"Id": "contents", "MessageBody": "\x01"},
        {"Id": "delay", "MessageBody": "x", "DelaySeconds": 901},
        {"Id": "dedup", "MessageBody": "x", "MessageDeduplicationId": "d"},
        {"Id": "fine", "MessageBody": "y"},
    ]
    result = sqs.call("SendMessageBatch", QueueUrl=url, Entries=entries)
    assert ids(result["Successful"]) == ["good", "fine"]
    failed = {entry["Id"]: (entry["Code"], entry["Message"]) for entry in result["Failed"]}
    assert all(entry["SenderFault"] is True for entry in result["Failed"])
    assert failed["none"] == (
        "MissingParameter",
        "The request must contain the parameter SendMessageBatchRequestEntry.2.MessageBody.",
    )
    assert failed["long"][1] == ("One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes.")
    assert failed["contents"][0] == "InvalidMessageContents"
    assert failed["delay"][0] == "InvalidParameterValue"
    assert failed["dedup"] == (
        "InvalidParameterValue",
        "Value d for parameter MessageDeduplicationId is invalid. "
        "Reason: The request include parameter that is not valid for this queue type.",
    )
    assert sqs.counts(url) == (2, 0, 0)


def test_handles_fail_for_themselves(sqs: Any) -> None:
    url = sqs.queue()
    sqs.send(url)
    [message] = sqs.receive(url)
    entries = [
        {"Id": "bad", "ReceiptHandle": "x", "VisibilityTimeout": 0},
        {"Id": "none", "VisibilityTimeout": 0},
        {"Id": "range", "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": -85},
        {"Id": "timeout", "ReceiptHandle": message["ReceiptHandle"]},
        {"Id": "good", "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 5},
    ]
    result = sqs.call("ChangeMessageVisibilityBatch", QueueUrl=url, Entries=entries)
    assert ids(result["Successful"]) == ["good"]
    assert {entry["Id"]: (entry["Code"], entry["Message"]) for entry in result["Failed"]} == {
        "bad": ("ReceiptHandleIsInvalid", 'The input receipt handle "x" is not a valid receipt handle.'),
        "none": ("MissingParameter", "The request must contain the parameter ReceiptHandle."),
        "range": (
            "InvalidParameterValue",
            "Value -85 for parameter VisibilityTimeout is invalid. "
            "Reason: VisibilityTimeout must be an integer between 0 and 43200.",
        ),
        "timeout": ("MissingParameter", "The request must contain the parameter VisibilityTimeout."),
    }
    entries = [{"Id": "bad", "ReceiptHandle": "x"}, {"Id": "good", "ReceiptHandle": message["ReceiptHandle"]}]
    result = sqs.call("DeleteMessageBatch", QueueUrl=url, Entries=entries)
    assert (ids(result["Successful"]), ids(result["Failed"])) == (["good"], ["bad"])


def test_the_length_of_a_whole_batch(sqs: Any) -> None:
    url = sqs.queue()
    half = 1_048_576 // 2
    attribute = {"n": {"DataType": "Binary", "BinaryValue": b"12"}}
    entries = [
        {"Id": "a", "MessageBody": "x" * half},
        {"Id": "b", "MessageBody": "x" * (half - 9), "MessageAttributes": attribute},
    ]
    assert len(sqs.call("SendMessageBatch", QueueUrl=url, Entries=entries)["Successful"]) == 2
    entries[1]["MessageBody"] += "x"
    assert sqs.fails("SendMessageBatch", QueueUrl=url, Entries=entries) == (
        "BatchRequestTooLong",
        "Batch requests cannot be longer than 1048576 bytes. You have sent 1048577 bytes.",
    )
