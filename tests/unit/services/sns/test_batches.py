"""PublishBatch."""

from __future__ import annotations

from typing import Any

import pytest


def entries(*ids: str, **more: Any) -> list[dict[str, Any]]:
    return [{"Id": id, "Message": f"message {id}", **more} for id in ids]


def test_a_batch(sns: Any) -> None:
    topic = sns.topic()
    sns.subscribe(topic, RawMessageDelivery="true")
    answer = sns.call("PublishBatch", TopicArn=topic, PublishBatchRequestEntries=entries("a", "b"))
    assert [each["Id"] for each in answer["Successful"]] == ["a", "b"]
    assert answer["Failed"] == []
    assert [params["MessageBody"] for params in sns.delivered()] == ["message a", "message b"]


@pytest.mark.parametrize(
    ("given", "code", "message"),
    [
        ([], "EmptyBatchRequest", "The batch request doesn't contain any entries."),
        (
            entries(*map(str, range(11))),
            "TooManyEntriesInBatchRequest",
            "The batch request contains more entries than permissible.",
        ),
        (
            entries("a", "a"),
            "BatchEntryIdsNotDistinct",
            "Two or more batch entries in the request have the same Id.",
        ),
        (
            entries("a" * 81),
            "InvalidBatchEntryId",
            f"The Id of a batch entry in the batch request is too long: {'a' * 81}",
        ),
        (
            entries("a b"),
            "InvalidBatchEntryId",
            "The Id of a batch entry in the batch request contains an impermissible character: a b",
        ),
        (
            [{"Id": "a", "Message": "x" * 200_000}, {"Id": "b", "Message": "x" * 62_145}],
            "BatchRequestTooLong",
            "The length of all the messages put together is more than the limit.",
        ),
        (
            [*entries("a"), *entries("b", MessageStructure="json")],
            "InvalidParameter",
            "Invalid parameter: Message Structure - JSON message body failed to parse",
        ),
        ([{"Id": "a", "Message": ""}], "InvalidParameter", "Invalid parameter: Empty message"),
    ],
)
def test_batches_that_are_refused(sns: Any, given: list[dict[str, Any]], code: str, message: str) -> None:
    topic = sns.topic()
    sns.subscribe(topic)
    assert sns.fails("PublishBatch", TopicArn=topic, PublishBatchRequestEntries=given) == (code, message)
    assert sns.delivered() == []


def test_a_subject_refuses_its_own_message_only(sns: Any) -> None:
    topic = sns.topic()
    sns.subscribe(topic, RawMessageDelivery="true")
    given = [*entries("a", "b"), *entries("c", Subject="a\nb"), *entries("d", Subject="")]
    answer = sns.call("PublishBatch", TopicArn=topic, PublishBatchRequestEntries=given)
    assert [each["Id"] for each in answer["Successful"]] == ["a", "b"]
    refused = {"Code": "InvalidParameter", "Message": "Invalid parameter: Subject", "SenderFault": True}
    assert answer["Failed"] == [{"Id": "c", **refused}, {"Id": "d", **refused}]
    assert [params["MessageBody"] for params in sns.delivered()] == ["message a", "message b"]
    wrong = [*entries("a"), *entries("b", Subject="", MessageStructure="json")]
    assert sns.fails("PublishBatch", TopicArn=topic, PublishBatchRequestEntries=wrong)[0] == "InvalidParameter"
