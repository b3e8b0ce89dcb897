"""Looking at messages without receiving them."""

from __future__ import annotations

from typing import Any

from atoll.services.sqs import operations_peek


def peek(sqs: Any, url: str, **params: Any) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = sqs.call("PeekMessages", QueueUrl=url, **params)["Messages"]
    return messages


def bodies(sqs: Any, url: str, **params: Any) -> list[str]:
    return [message["Body"] for message in peek(sqs, url, **params)]


def kinds(sqs: Any, url: str) -> dict[str, tuple[str, str]]:
    """Whether each message is visible and whether it is delayed, by its body."""
    return {
        message["Body"]: (message["Attributes"]["IsVisible"], message["Attributes"]["IsDelayed"])
        for message in peek(sqs, url, ShowInvisible=True, ShowDelayed=True)
    }


def test_a_message_is_shown_with_all_its_attributes(sqs: Any) -> None:
    url = sqs.queue()
    attributes = {"a": {"DataType": "Binary", "BinaryValue": b"\x00"}}
    sent = sqs.send(url, "hello", MessageAttributes=attributes)
    assert peek(sqs, url) == [
        {
            "MessageId": sent["MessageId"],
            "ReceiptHandle": "SQS/BACKDOOR/ACCESS",
            "MD5OfBody": sent["MD5OfMessageBody"],
            "Body": "hello",
            "Attributes": {
                "SenderId": sqs.id.account,
                "SentTimestamp": str(int(sqs.clock.now() * 1000)),
                "ApproximateReceiveCount": "0",
                "ApproximateFirstReceiveTimestamp": "0",
            },
            "MD5OfMessageAttributes": sent["MD5OfMessageAttributes"],
            "MessageAttributes": attributes,
        }
    ]


def test_looking_changes_nothing(sqs: Any) -> None:
    url = sqs.queue()
    sqs.send(url)
    before = sqs.tenant.db.total_changes()
    for _ in range(3):
        assert bodies(sqs, url, ShowInvisible=True) == ["hello"]
    assert sqs.tenant.db.total_changes() == before
    assert sqs.counts(url) == (1, 0, 0)
    [message] = sqs.receive(url, AttributeNames=["All"])
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"


def test_what_cannot_be_received_now(sqs: Any) -> None:
    url = sqs.queue()
    sqs.send(url, "in flight")
    sqs.receive(url)
    received = str(int(sqs.clock.now() * 1000))
    sqs.send(url, "delayed", DelaySeconds=10)
    sqs.send(url, "visible")
    assert bodies(sqs, url) == ["visible"]
    assert bodies(sqs, url, ShowInvisible=True) == ["in flight", "visible"]
    assert bodies(sqs, url, ShowDelayed=True) == ["delayed", "visible"]
    assert kinds(sqs, url) == {
        "in flight": ("false", "false"),
        "delayed": ("false", "true"),
        "visible": ("true", "false"),
    }
    sqs.advance(31)
    assert bodies(sqs, url) == ["in flight", "delayed", "visible"]
    [first, *_] = peek(sqs, url)
    assert first["Attributes"]["ApproximateReceiveCount"] == "1"
    assert first["Attributes"]["ApproximateFirstReceiveTimestamp"] == received


def test_the_rest_of_a_group_is_invisible_while_one_is_in_flight(sqs: Any) -> None:
    url = sqs.queue("q.fifo", ContentBasedDeduplication="true")
    for group, body in (("a", "a1"), ("b", "b1"), ("a", "a2")):
        sqs.send(url, body, MessageGroupId=group)
    assert bodies(sqs, url) == ["a1", "b1", "a2"]
    assert sqs.bodies(url, 1) == ["a1"]
    assert bodies(sqs, url) == ["b1"]
    assert kinds(sqs, url) == {"a1": ("false", "false"), "b1": ("true", "false"), "a2": ("false", "false")}
    [message] = peek(sqs, url)
    assert message["Attributes"]["MessageGroupId"] == "b"


def test_what_has_expired_and_what_was_purged_is_not_shown(sqs: Any) -> None:
    url, other = sqs.queue(MessageRetentionPeriod="60"), sqs.queue("other")
    sqs.send(url, "old")
    sqs.send(other, "kept")
    sqs.clock.advance(60)
    sqs.send(url, "new")
    assert bodies(sqs, url) == ["new"]
    sqs.call("PurgeQueue", QueueUrl=url)
    assert bodies(sqs, url) == []
    assert bodies(sqs, other) == ["kept"]


def test_many_are_shown_and_not_any_number(sqs: Any, monkeypatch: Any) -> None:
    url = sqs.queue()
    numbers = [str(number) for number in range(200)]
    for number in numbers:
        sqs.send(url, number)
    assert bodies(sqs, url) == numbers
    monkeypatch.setattr(operations_peek, "MOST_MESSAGES", 70)
    assert bodies(sqs, url) == numbers[:70]
    monkeypatch.setattr(operations_peek, "MOST_CHARACTERS", 12)
    assert bodies(sqs, url) == [*numbers[:10], "10"]


def test_errors(sqs: Any) -> None:
    assert sqs.fails("PeekMessages")[0] == "MissingParameter"
    assert sqs.fails("PeekMessages", QueueUrl="x")[0] == "InvalidAddress"
    assert sqs.fails("PeekMessages", QueueUrl="http://h/111111111111/none")[0] == "QueueDoesNotExist"
