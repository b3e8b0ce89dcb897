"""Sending, receiving, deleting, changing visibility, on standard queues."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest


def test_what_is_sent_is_received_once_and_deleted(sqs: Any) -> None:
    url = sqs.queue()
    sent = sqs.send(url, "hello")
    assert sent["MD5OfMessageBody"] == hashlib.md5(b"hello").hexdigest()
    [message] = sqs.receive(url)
    assert (message["MessageId"], message["Body"], message["MD5OfBody"]) == (
        sent["MessageId"],
        "hello",
        sent["MD5OfMessageBody"],
    )
    assert "Attributes" not in message
    assert sqs.receive(url) == []
    assert sqs.call("DeleteMessage", QueueUrl=url, ReceiptHandle=message["ReceiptHandle"]) == {}
    sqs.advance(3600)
    assert sqs.receive(url) == []
    assert sqs.call("DeleteMessage", QueueUrl=url, ReceiptHandle=message["ReceiptHandle"]) == {}


def test_visibility_timeout_of_queue_and_of_call(sqs: Any) -> None:
    url = sqs.queue(VisibilityTimeout="7")
    sqs.send(url)
    assert len(sqs.receive(url)) == 1
    sqs.advance(6.9)
    assert sqs.receive(url) == []
    sqs.advance(0.1)
    assert len(sqs.receive(url, VisibilityTimeout=20)) == 1
    sqs.advance(19.9)
    assert sqs.receive(url) == []
    sqs.advance(0.1)
    assert len(sqs.receive(url, VisibilityTimeout=0)) == 1
    assert len(sqs.receive(url, VisibilityTimeout=0)) == 1


def test_a_receive_gets_at_most_what_it_asks_for_in_order(sqs: Any) -> None:
    url = sqs.queue()
    for number in range(15):
        sqs.send(url, str(number))
    assert sqs.bodies(url, 10) == [str(number) for number in range(10)]
    assert sqs.call("ReceiveMessage", QueueUrl=url)["Messages"][0]["Body"] == "10"
    assert sqs.bodies(url, 10) == ["11", "12", "13", "14"]


def test_counts_follow_every_change(sqs: Any) -> None:
    url = sqs.queue()
    assert sqs.counts(url) == (0, 0, 0)
    for _ in range(3):
        sqs.send(url)
    sqs.send(url, DelaySeconds=60)
    assert sqs.counts(url) == (3, 0, 1)
    first, second = sqs.receive(url, 2)
    assert sqs.counts(url) == (1, 2, 1)
    sqs.call("DeleteMessage", QueueUrl=url, ReceiptHandle=first["ReceiptHandle"])
    assert sqs.counts(url) == (1, 1, 1)
    sqs.call("ChangeMessageVisibility", QueueUrl=url, ReceiptHandle=second["ReceiptHandle"], VisibilityTimeout=0)
    assert sqs.counts(url) == (2, 0, 1)
    sqs.advance(60)
    assert sqs.counts(url) == (3, 0, 0)


def test_delay_of_queue_and_of_message(sqs: Any) -> None:
    url = sqs.queue(DelaySeconds="10")
    sqs.send(url, "queue")
    sqs.send(url, "now", DelaySeconds=0)
    sqs.send(url, "later", DelaySeconds=20)
    assert sqs.bodies(url) == ["now"]
    sqs.advance(10)
    assert sqs.bodies(url) == ["queue"]
    sqs.advance(10)
    assert sqs.bodies(url) == ["later"]
    for seconds in (-1, 901):
        assert sqs.fails("SendMessage", QueueUrl=url, MessageBody="x", DelaySeconds=seconds) == (
            "InvalidParameterValue",
            f"Value {seconds} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.",
        )


def test_retention(sqs: Any) -> None:
    url = sqs.queue(MessageRetentionPeriod="60", VisibilityTimeout="120")
    sqs.send(url, "old")
    sqs.advance(30)
    sqs.send(url, "held")
    sqs.send(url, "new")
    [old] = sqs.receive(url, 1)
    assert old["Body"] == "old"
    sqs.clock.advance(31)  # its timer has not run
    assert sqs.counts(url) == (2, 0, 0)
    assert sqs.bodies(url, 1) == ["held"]
    sqs.settle()
    assert sqs.tenant.rows("SELECT count(*) FROM message") == [(2,)]
    sqs.advance(60)
    assert sqs.counts(url) == (0, 0, 0)
    assert sqs.tenant.rows("SELECT count(*) FROM message") == [(0,)]
    assert sqs.receive(url) == []


def test_retention_is_shortened(sqs: Any) -> None:
    url = sqs.queue()
    sqs.send(url)
    sqs.advance(100)
    sqs.call("SetQueueAttributes", QueueUrl=url, Attributes={"MessageRetentionPeriod": "60"})
    sqs.settle()
    assert sqs.tenant.rows("SELECT count(*) FROM message") == [(0,)]


def test_many_messages_expire_in_chunks(sqs: Any) -> None:
    url = sqs.queue(MessageRetentionPeriod="60")
    for _ in range(130):
        entries = [{"Id": str(number), "MessageBody": "x"} for number in range(10)]
        sqs.call("SendMessageBatch", QueueUrl=url, Entries=entries)
    sqs.clock.advance(60)
    sqs.run_timers()
    assert sqs.tenant.rows("SELECT count(*) FROM message") == [(800,)]
    assert sqs.receive(url) == []
    sqs.settle()
    assert sqs.tenant.rows("SELECT count(*) FROM message") == [(0,)]
    assert sqs.counts(url) == (0, 0, 0)


def test_system_attributes(sqs: Any) -> None:
    url = sqs.queue()
    header = {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-5759e988-bd862e3fe1be46a994272793"}}
    sent = sqs.send(url, MessageSystemAttributes=header)
    assert len(sent["MD5OfMessageSystemAttributes"]) == 32
    sqs.advance(5)
    [message] = sqs.receive(url, AttributeNames=["All"], VisibilityTimeout=1)
    assert message["Attributes"] == {
        "SenderId": "111111111111",
        "SentTimestamp": "1700000000000",
        "ApproximateReceiveCount": "1",
        "ApproximateFirstReceiveTimestamp": "1700000005000",
        "AWSTraceHeader": "Root=1-5759e988-bd862e3fe1be46a994272793",
    }
    sqs.advance(1)
    [message] = sqs.receive(url, MessageSystemAttributeNames=["ApproximateReceiveCount"], AttributeNames=["SenderId"])
    assert message["Attributes"] == {"SenderId": "111111111111", "ApproximateReceiveCount": "2"}


def test_the_first_receive_is_remembered(sqs: Any) -> None:
    url = sqs.queue(VisibilityTimeout="1")
    sqs.send(url)
    sqs.receive(url)
    sqs.advance(10)
    [message] = sqs.receive(url, AttributeNames=["ApproximateFirstReceiveTimestamp"])
    assert message["Attributes"] == {"ApproximateFirstReceiveTimestamp": "1700000000000"}


def test_no_row_names_the_tenant(sqs: Any) -> None:
    url = sqs.queue("dlq")
    policy = f'{{"deadLetterTargetArn":"{sqs.arn("dlq")}","maxReceiveCount":"1"}}'
    source = sqs.queue("source", RedrivePolicy=policy)
    sqs.send(source)
    sqs.receive(source, VisibilityTimeout=0)
    sqs.receive(source)
    assert sqs.counts(url) == (1, 0, 0)
    for table in ("queue", "message", "move_task", "catalogue"):
        for row in sqs.tenant.rows(f"SELECT * FROM {table}"):
            kept = str(row).replace(policy, "")
            if table != "queue" or "source" not in kept:
                assert "111111111111" not in kept


def test_an_older_handle_deletes_nothing(sqs: Any) -> None:
    url = sqs.queue()
    sqs.send(url)
    [first] = sqs.receive(url, VisibilityTimeout=0)
    [second] = sqs.receive(url, VisibilityTimeout=5)
    assert first["ReceiptHandle"] != second["ReceiptHandle"]
    sqs.call("DeleteMessage", QueueUrl=url, ReceiptHandle=first["ReceiptHandle"])
    assert sqs.counts(url) == (0, 1, 0)
    sqs.advance(5)
    sqs.call("DeleteMessage", QueueUrl=url, ReceiptHandle=second["ReceiptHandle"])
    assert sqs.counts(url) == (0, 0, 0)


def test_handles_are_bound_to_their_queue_and_message(sqs: Any) -> None:
    url, other = sqs.queue("a"), sqs.queue("b")
    sqs.send(url)
    sqs.send(other)
    [message] = sqs.receive(url)
    handle = message["ReceiptHandle"]
    message_of = f'The input receipt handle "{handle}" is not a valid receipt handle.'
    assert sqs.fails("DeleteMessage", QueueUrl=other, ReceiptHandle=handle) == ("ReceiptHandleIsInvalid", message_of)
    for bad in ("x", "AQEB", handle[:-4], handle + "AAAA", "é" * 84, "=" * 84):
        assert sqs.fails("DeleteMessage", QueueUrl=url, ReceiptHandle=bad) == (
            "ReceiptHandleIsInvalid",
            f'The input receipt handle "{bad}" is not a valid receipt handle.',
        )
    assert sqs.fails("DeleteMessage", QueueUrl=url) == (
        "MissingParameter",
        "The request must contain the parameter ReceiptHandle.",
    )


def test_a_row_that_comes_again_is_not_the_same_message(sqs: Any) -> None:
    url = sqs.queue()
    sqs.send(url, "one")
    [one] = sqs.receive(url)
    sqs.call("DeleteMessage", QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
    sqs.tenant.memory.clear()
    sqs.send(url, "two")
    sqs.receive(url)
    sqs.call("DeleteMessage", QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
    assert sqs.counts(url) == (0, 1, 0)


def test_change_visibility(sqs: Any) -> None:
    url = sqs.queue(VisibilityTimeout="10")
    sqs.send(url)
    [message] = sqs.receive(url)
    handle = message["ReceiptHandle"]
    sqs.advance(9)
    sqs.call("ChangeMessageVisibility", QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=10)
    sqs.advance(9)
    assert sqs.receive(url) == []
    sqs.advance(1)
    # It is visible again, so there is nothing to change.
    sqs.call("ChangeMessageVisibility", QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=5)
    [again] = sqs.receive(url)
    assert sqs.fails("ChangeMessageVisibility", QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=5) == (
        "InvalidParameterValue",
        f"Value {handle} for parameter ReceiptHandle is invalid. "
        "Reason: Message does not exist or is not available for visibility timeout change.",
    )
    sqs.advance(10)
    sqs.call("ChangeMessageVisibility", QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=5)
    assert sqs.counts(url) == (1, 0, 0)
    sqs.call("DeleteMessage", QueueUrl=url, ReceiptHandle=again["ReceiptHandle"])
    code, text = sqs.fails(
        "ChangeMessageVisibility", QueueUrl=url, ReceiptHandle=again["ReceiptHandle"], VisibilityTimeout=5
    )
    assert (code, "Message does not exist" in text) == ("InvalidParameterValue", True)


def test_visibility_is_limited_to_twelve_hours(sqs: Any) -> None:
    url = sqs.queue()
    sqs.send(url)
    [message] = sqs.receive(url)
    change = {"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"]}
    sqs.call("ChangeMessageVisibility", **change, VisibilityTimeout=43_200)
    sqs.advance(10)
    assert sqs.fails("ChangeMessageVisibility", **change, VisibilityTimeout=43_195) == (
        "InvalidParameterValue",
        "Value 43195 for parameter VisibilityTimeout is invalid. "
        "Reason: Total VisibilityTimeout for the message is beyond the limit [43200 seconds]",
    )
    sqs.call("ChangeMessageVisibility", **change, VisibilityTimeout=43_190)
    for timeout in (-1, 43_201):
        assert sqs.fails("ChangeMessageVisibility", **change, VisibilityTimeout=timeout) == (
            "InvalidParameterValue",
            f"Value {timeout} for parameter VisibilityTimeout is invalid. Reason: Must be between 0 and 43200.",
        )
    assert sqs.fails("ChangeMessageVisibility", **change)[1] == (
        "The request must contain the parameter VisibilityTimeout."
    )


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("MaxNumberOfMessages", 0, "Must be between 1 and 10, if provided."),
        ("MaxNumberOfMessages", 11, "Must be between 1 and 10, if provided."),
        ("WaitTimeSeconds", 21, "Must be >= 0 and <= 20, if provided."),
        ("WaitTimeSeconds", -1, "Must be >= 0 and <= 20, if provided."),
        ("VisibilityTimeout", 43_201, "Must be >= 0 and <= 43200, if provided."),
        ("ReceiveRequestAttemptId", "a", "The request include parameter that is not valid for this queue type."),
    ],
)
def test_receive_checks_its_parameters(sqs: Any, name: str, value: Any, reason: str) -> None:
    url = sqs.queue()
    assert sqs.fails("ReceiveMessage", QueueUrl=url, **{name: value}) == (
        "InvalidParameterValue",
        f"Value {value} for parameter {name} is invalid. Reason: {reason}",
    )


def test_waiting_is_asked_for_by_call_or_queue(sqs: Any) -> None:
    url = sqs.queue("short")
    assert sqs.call("ReceiveMessage", QueueUrl=url) == {}
    assert sqs.call("ReceiveMessage", QueueUrl=url, WaitTimeSeconds=1) == {"waits": True}
    url = sqs.queue("long", ReceiveMessageWaitTimeSeconds="5")
    assert sqs.call("ReceiveMessage", QueueUrl=url) == {"waits": True}
    assert sqs.call("ReceiveMessage", QueueUrl=url, WaitTimeSeconds=0) == {}


def test_what_wakes_waiting_calls(sqs: Any) -> None:
    url = sqs.queue()
    sqs.woken()
    sqs.send(url)
    assert sqs.woken() == 1
    [message] = sqs.receive(url)
    assert sqs.woken() == 0
    change = {"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"]}
    sqs.call("ChangeMessageVisibility", **change, VisibilityTimeout=60)
    assert sqs.woken() == 0
    sqs.call("ChangeMessageVisibility", **change, VisibilityTimeout=10)
    assert sqs.woken() == 1
    sqs.call("SendMessageBatch", QueueUrl=url, Entries=[{"Id": str(n), "MessageBody": "x"} for n in range(3)])
    assert sqs.woken() == 3


def test_what_a_body_may_be(sqs: Any) -> None:
    url = sqs.queue()
    for body in (None, ""):
        params = {} if body is None else {"MessageBody": body}
        assert sqs.fails("SendMessage", QueueUrl=url, **params) == (
            "MissingParameter",
            "The request must contain the parameter MessageBody.",
        )
    for character in ("\x00", "\x07", "\x0b", "\x1f", "\ufffe", "\uffff", "\ud800"):
        assert sqs.fails("SendMessage", QueueUrl=url, MessageBody=f"a{character}b") == (
            "InvalidMessageContents",
            f"Invalid binary character '#x{ord(character):X}' was found in the message body, the set of allowed "
            "characters is #x9 | #xA | #xD | [#x20-#xD7FF] | [#xE000-#xFFFD] | [#x10000-#x10FFFF].",
        )
    for body in ("\t\n\r", "\x7f\x80", "\ud7ff\ue000\ufffd", "\U00010000\U0010ffff", "żółw"):
        sqs.send(url, body)
    assert len(sqs.receive(url)) == 5


def test_maximum_message_size(sqs: Any) -> None:
    url = sqs.queue(MaximumMessageSize="1024")
    sqs.send(url, "x" * 1024)
    attribute = {"ab": {"DataType": "String", "StringValue": "ü"}}
    sqs.send(url, "x" * 1014, MessageAttributes=attribute)
    too_long = (
        "InvalidParameterValue",
        "One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes.",
    )
    assert sqs.fails("SendMessage", QueueUrl=url, MessageBody="x" * 1025) == too_long
    assert sqs.fails("SendMessage", QueueUrl=url, MessageBody="ü" * 513) == too_long
    assert sqs.fails("SendMessage", QueueUrl=url, MessageBody="x" * 1015, MessageAttributes=attribute) == too_long
    url = sqs.queue("default")
    sqs.send(url, "x" * 1_048_576)
    assert "1048576 bytes" in sqs.fails("SendMessage", QueueUrl=url, MessageBody="x" * 1_048_577)[1]


def test_in_flight_limit(make_sqs: Any) -> None:
    sqs = make_sqs()
    url = sqs.queue()
    sqs.send(url, "one more")
    queue = sqs.tenant.memory["sqs.queues"].by_url[url]
    row = (queue.backlog, 1_700_000_100_000, 1, 1_700_000_000_000, "m", "x")
    base = (queue.backlog << 40) + 1000
    sqs.tenant.executemany(
        "INSERT INTO message (id, backlog, visible, receives, sent, message_id, body) VALUES (?, ?, ?, ?, ?, ?, ?)",
        ((base + number, *row) for number in range(120_000)),
    )
    sqs.tenant.memory.clear()
    assert sqs.counts(url) == (1, 120_000, 0)
    assert sqs.fails("ReceiveMessage", QueueUrl=url)[0] == "OverLimit"
    assert sqs.call("ReceiveMessage", QueueUrl=url, WaitTimeSeconds=1) == {"waits": True}
    sqs.clock.advance(100)
    assert len(sqs.receive(url)) == 10
    sqs.tenant.db.close()


def test_a_delivery_may_come_in_parts(sqs: Any) -> None:
    url = sqs.queue()
    sqs.call("Deliver", QueueArn=sqs.arn("q"), BodyStart="a", BodyMiddle="b", BodyEnd="c")
    sqs.call("Deliver", QueueArn=sqs.arn("q"), BodyStart="a", BodyEnd="c", MessageGroupId="g")
    assert sqs.bodies(url) == ["abc", "ac"]


def test_many_deliveries_at_once(sqs: Any) -> None:
    urls = [sqs.queue(f"q{number}") for number in range(150)] + [sqs.queue("f.fifo")]
    entries = [{"QueueArn": sqs.arn(f"q{number}"), "MessageBody": f"to {number}"} for number in range(150)]
    entries.insert(3, {"QueueArn": sqs.arn("none"), "MessageBody": "m"})
    entries.insert(9, {"QueueArn": sqs.arn("q0"), "MessageBody": "\x00"})
    grouped = {"MessageGroupId": "g", "MessageDeduplicationId": "d"}
    entries += [{"QueueArn": sqs.arn("f.fifo"), "MessageBody": "first", **grouped}]
    entries += [{"QueueArn": sqs.arn("f.fifo"), "MessageBody": "without a group"}]
    entries += [
        {"QueueArn": sqs.arn("q0"), "MessageBody": ""},
        {"QueueArn": sqs.arn("q0"), "MessageBody": "ü" * 600_000},
    ]
    assert sqs.call("DeliverEach", Entries=entries) == {"Refused": [3, 9, 153, 154, 155]}
    assert sqs.woken() == 151
    assert [sqs.bodies(url) for url in urls] == [[f"to {number}"] for number in range(150)] + [["first"]]


def test_what_is_delivered_counts_in_bytes(sqs: Any) -> None:
    url = sqs.queue(MaximumMessageSize="1024")
    entries = [{"QueueArn": sqs.arn("q"), "MessageBody": body} for body in ("ü" * 512, "ü" * 513, "a\nb\t", "a" * 1025)]
    entries += [{"QueueArn": sqs.arn("q"), "MessageBody": "\x00", "MessageGroupId": "g"}] * 2
    assert sqs.call("DeliverEach", Entries=entries) == {"Refused": [1, 3, 4, 5]}
    assert sqs.bodies(url) == ["ü" * 512, "a\nb\t"]
