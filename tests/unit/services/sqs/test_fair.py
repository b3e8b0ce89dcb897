"""Fair queues: quiet message groups of a standard queue go before noisy ones."""

from __future__ import annotations

from typing import Any


def test_groups_of_standard_queues_are_shown(sqs: Any) -> None:
    url = sqs.queue()
    sent = sqs.send(url, MessageGroupId="tenant-1")
    assert "SequenceNumber" not in sent
    [message] = sqs.receive(url, AttributeNames=["All"])
    assert message["Attributes"]["MessageGroupId"] == "tenant-1"
    for bad in ("", "a b", "x" * 129):
        code, _ = sqs.fails("SendMessage", QueueUrl=url, MessageBody="x", MessageGroupId=bad)
        assert code == "InvalidParameterValue"


def test_a_quiet_group_overtakes_a_noisy_one(sqs: Any) -> None:
    url = sqs.queue()
    for number in range(60):
        sqs.send(url, f"noisy-{number}", MessageGroupId="noisy")
    for _ in range(2):
        assert all(body.startswith("noisy") for body in sqs.bodies(url, 10))
    for number in range(3):
        sqs.send(url, f"quiet-{number}", MessageGroupId=f"tenant-{number}")
    sqs.send(url, "plain")
    bodies = sqs.bodies(url, 5)
    assert bodies == ["quiet-0", "quiet-1", "quiet-2", "noisy-20", "noisy-21"]
    assert sqs.bodies(url, 1) == ["noisy-22"]


def test_a_group_is_no_longer_noisy_when_it_is_done(sqs: Any) -> None:
    url = sqs.queue(VisibilityTimeout="5")
    for number in range(40):
        sqs.send(url, f"a-{number}", MessageGroupId="a")
    held = sqs.receive(url, 10) + sqs.receive(url, 10)
    sqs.send(url, "b", MessageGroupId="b")
    for message in held:
        sqs.call("DeleteMessage", QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert sqs.bodies(url, 1) == ["a-20"]


def test_without_noise_the_order_is_that_of_sending(sqs: Any) -> None:
    url = sqs.queue()
    for number in range(6):
        sqs.send(url, str(number), MessageGroupId="ab"[number % 2])
    assert sqs.bodies(url) == ["0", "1", "2", "3", "4", "5"]
