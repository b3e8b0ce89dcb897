"""FIFO queues: order, message groups, deduplication, sequence numbers, receive attempts."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

EXPIRED = "Value {} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired."


@pytest.fixture
def url(sqs: Any) -> str:
    queue = sqs.queue("q.fifo", ContentBasedDeduplication="true", VisibilityTimeout="30")
    assert isinstance(queue, str)
    return queue


def test_groups_are_ordered_and_locked(sqs: Any, url: str) -> None:
    for group in ("a", "b"):
        for number in range(3):
            sqs.send(url, f"{group}{number}", MessageGroupId=group)
    first = sqs.receive(url, 2)
    assert [message["Body"] for message in first] == ["a0", "a1"]
    assert sqs.bodies(url, 1) == ["b0"]
    assert sqs.receive(url) == []
    sqs.call("DeleteMessage", QueueUrl=url, ReceiptHandle=first[0]["ReceiptHandle"])
    assert sqs.receive(url) == []
    sqs.woken()
    sqs.call("DeleteMessage", QueueUrl=url, ReceiptHandle=first[1]["ReceiptHandle"])
    assert sqs.woken() == 1
    assert sqs.bodies(url) == ["a2"]
    sqs.advance(30)
    assert sqs.bodies(url) == ["a2", "b0", "b1", "b2"]


def test_groups_that_were_ready_at_the_same_time_come_in_the_order_of_sending(sqs: Any, url: str) -> None:
    for group in ("z", "m", "a"):
        sqs.send(url, group, MessageGroupId=group)
    assert [sqs.bodies(url, 1) for _ in range(3)] == [["z"], ["m"], ["a"]]


def test_a_group_comes_from_its_front_as_far_as_it_is_visible(sqs: Any, url: str) -> None:
    for body in ("foo", "bar", "baz"):
        sqs.send(url, body, MessageGroupId="g")
    foo, bar, _ = sqs.receive(url)
    sqs.call("ChangeMessageVisibility", QueueUrl=url, ReceiptHandle=bar["ReceiptHandle"], VisibilityTimeout=0)
    assert sqs.receive(url) == []
    sqs.woken()
    sqs.call("ChangeMessageVisibility", QueueUrl=url, ReceiptHandle=foo["ReceiptHandle"], VisibilityTimeout=0)
    assert sqs.woken() >= 1
    assert sqs.bodies(url) == ["foo", "bar"]


def test_sequence_numbers_have_twenty_digits_and_grow(sqs: Any, url: str) -> None:
    numbers = []
    for number in range(3):
        numbers.append(sqs.send(url, str(number), MessageGroupId="g")["SequenceNumber"])
        [message] = sqs.receive(url, AttributeNames=["All"])
        assert message["Attributes"]["SequenceNumber"] == numbers[-1]
        assert message["Attributes"]["MessageGroupId"] == "g"
        assert message["Attributes"]["MessageDeduplicationId"] == hashlib.sha256(str(number).encode()).hexdigest()
        sqs.call("DeleteMessage", QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert numbers == sorted(set(numbers))
    assert {len(number) for number in numbers} == {20}


def test_duplicates_are_answered_as_the_first(sqs: Any, url: str) -> None:
    first = sqs.send(url, "one", MessageGroupId="g", MessageDeduplicationId="d")
    again = sqs.send(url, "two", MessageGroupId="other", MessageDeduplicationId="d")
    for name in ("MessageId", "SequenceNumber"):
        assert again[name] == first[name]
    assert again["MD5OfMessageBody"] == hashlib.md5(b"two").hexdigest()
    [message] = sqs.receive(url)
    sqs.call("DeleteMessage", QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    sqs.advance(299)
    sqs.send(url, "one", MessageGroupId="g", MessageDeduplicationId="d")
    assert sqs.receive(url) == []
    sqs.advance(1)
    sqs.send(url, "one", MessageGroupId="g", MessageDeduplicationId="d")
    assert sqs.bodies(url) == ["one"]


def test_content_is_an_id_like_another(sqs: Any, url: str) -> None:
    sqs.send(url, "x", MessageGroupId="g")
    sqs.send(url, "x", MessageGroupId="g", MessageAttributes={"a": {"DataType": "String", "StringValue": "b"}})
    digest = hashlib.sha256(b"x").hexdigest()
    sqs.send(url, "y", MessageGroupId="g", MessageDeduplicationId=digest)
    assert sqs.bodies(url) == ["x"]


def test_deduplication_per_group(sqs: Any) -> None:
    url = sqs.queue("q.fifo", DeduplicationScope="messageGroup")
    for group in ("a", "b", "a"):
        sqs.send(url, group, MessageGroupId=group, MessageDeduplicationId="d")
    assert sorted(sqs.bodies(url)) == ["a", "b"]


def test_purge_does_not_forget_duplicates(sqs: Any, url: str) -> None:
    sqs.send(url, "x", MessageGroupId="g")
    sqs.call("PurgeQueue", QueueUrl=url)
    sqs.send(url, "x", MessageGroupId="g")
    assert sqs.receive(url) == []
    sqs.send(url, "y", MessageGroupId="g")
    assert sqs.bodies(url) == ["y"]


def test_what_a_message_needs(sqs: Any) -> None:
    url = sqs.queue("q.fifo")
    missing = "The request must contain the parameter MessageGroupId."
    neither = (
        "InvalidParameterValue",
        "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
    )
    assert sqs.fails("SendMessage", QueueUrl=url, MessageBody="x") == ("MissingParameter", missing)
    assert sqs.fails("SendMessage", QueueUrl=url, MessageBody="x", MessageGroupId="g") == neither
    entries = [{"Id": "1", "MessageBody": "x", "MessageGroupId": "g", "MessageDeduplicationId": "d"}]
    whole = [*entries, {"Id": "2", "MessageBody": "x"}]
    assert sqs.fails("SendMessageBatch", QueueUrl=url, Entries=whole) == ("InvalidParameterValue", missing)
    assert sqs.counts(url) == (0, 0, 0)
    result = sqs.call("SendMessageBatch", QueueUrl=url, Entries=entries)
    assert (len(result["Successful"]), result["Failed"]) == (1, [])
    assert len(result["Successful"][0]["SequenceNumber"]) == 20


@pytest.mark.parametrize("name", ["MessageGroupId", "MessageDeduplicationId"])
def test_what_an_identifier_may_be(sqs: Any, url: str, name: str) -> None:
    for bad in ("", "a b", "x" * 129, "ä", "a\n"):
        assert sqs.fails("SendMessage", QueueUrl=url, MessageBody="x", **{"MessageGroupId": "g", name: bad}) == (
            "InvalidParameterValue",
            f"Value {bad} for parameter {name} is invalid. Reason: "
            f"{name} can only include alphanumeric and punctuation characters. 1 to 128 in length.",
        )
    good = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~Az09"
    sqs.send(url, "x", **{"MessageGroupId": "g", name: good})
    sqs.send(url, "x" * 5, **{"MessageGroupId": "g", name: "y" * 128})


def test_only_the_queue_delays(sqs: Any) -> None:
    url = sqs.queue("q.fifo", ContentBasedDeduplication="true", DelaySeconds="5")
    assert sqs.fails("SendMessage", QueueUrl=url, MessageBody="x", MessageGroupId="g", DelaySeconds=2) == (
        "InvalidParameterValue",
        "Value 2 for parameter DelaySeconds is invalid. "
        "Reason: The request include parameter that is not valid for this queue type.",
    )
    sqs.send(url, "x", MessageGroupId="g", DelaySeconds=0)
    assert sqs.receive(url) == []
    assert sqs.counts(url) == (0, 0, 1)
    sqs.advance(5)
    assert sqs.bodies(url) == ["x"]


def test_handles_expire_with_the_visibility_timeout(sqs: Any, url: str) -> None:
    sqs.send(url, "x", MessageGroupId="g")
    [message] = sqs.receive(url)
    handle = message["ReceiptHandle"]
    sqs.call("ChangeMessageVisibility", QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=40)
    sqs.advance(40)
    expired = ("InvalidParameterValue", EXPIRED.format(handle))
    assert sqs.fails("DeleteMessage", QueueUrl=url, ReceiptHandle=handle) == expired
    change = {"QueueUrl": url, "ReceiptHandle": handle, "VisibilityTimeout": 5}
    assert sqs.fails("ChangeMessageVisibility", **change) == expired
    [again] = sqs.receive(url)
    assert sqs.fails("DeleteMessage", QueueUrl=url, ReceiptHandle=handle) == expired
    sqs.call("DeleteMessage", QueueUrl=url, ReceiptHandle=again["ReceiptHandle"])
    sqs.call("DeleteMessage", QueueUrl=url, ReceiptHandle=again["ReceiptHandle"])


def test_an_attempt_is_answered_again(sqs: Any, url: str) -> None:
    for number in range(3):
        sqs.send(url, str(number), MessageGroupId="g")
    first = sqs.receive(url, 2, ReceiveRequestAttemptId="try", AttributeNames=["ApproximateReceiveCount"])
    assert sqs.receive(url, 2) == []
    sqs.advance(20)
    again = sqs.receive(url, 2, ReceiveRequestAttemptId="try", AttributeNames=["ApproximateReceiveCount"])
    assert again == first
    sqs.advance(20)
    assert sqs.receive(url) == []  # the timeout began anew
    sqs.call("DeleteMessage", QueueUrl=url, ReceiptHandle=first[0]["ReceiptHandle"])
    assert sqs.fails("ReceiveMessage", QueueUrl=url, ReceiveRequestAttemptId="try") == (
        "InvalidParameterValue",
        "Value try for parameter ReceiveRequestAttemptId is invalid. Reason: "
        "The receiveRequestAttemptId is not valid anymore since the receive call is not retryable.",
    )
    sqs.advance(10)
    assert [message["Body"] for message in sqs.receive(url, ReceiveRequestAttemptId="other")] == ["1", "2"]
    sqs.advance(400)
    assert sqs.tenant.rows("SELECT count(*) FROM attempt") == [(0,)]


def test_an_attempt_after_the_messages_are_visible_again_is_a_new_one(sqs: Any, url: str) -> None:
    sqs.send(url, "x", MessageGroupId="g")
    [first] = sqs.receive(url, ReceiveRequestAttemptId="try")
    sqs.advance(30)
    [again] = sqs.receive(url, ReceiveRequestAttemptId="try")
    assert again["MessageId"] == first["MessageId"]
    assert again["ReceiptHandle"] != first["ReceiptHandle"]
    code, _ = sqs.fails("ReceiveMessage", QueueUrl=url, ReceiveRequestAttemptId="a b")
    assert code == "InvalidParameterValue"


def test_retention_unlocks_groups(sqs: Any) -> None:
    url = sqs.queue("q.fifo", ContentBasedDeduplication="true", MessageRetentionPeriod="60", VisibilityTimeout="600")
    sqs.send(url, "old", MessageGroupId="g")
    sqs.receive(url)
    sqs.advance(30)
    sqs.send(url, "new", MessageGroupId="g")
    sqs.advance(29)
    assert sqs.receive(url) == []
    sqs.advance(1)
    assert sqs.bodies(url) == ["new"]


def test_many_locked_groups_do_not_hide_a_free_one(sqs: Any, url: str) -> None:
    for number in range(40):
        sqs.send(url, f"{number}-1", MessageGroupId=str(number))
    for _ in range(4):
        assert len(sqs.receive(url, 10)) == 10
    for number in range(40):
        sqs.send(url, f"{number}-2", MessageGroupId=str(number))
    sqs.send(url, "free", MessageGroupId="free")
    assert sqs.bodies(url) == ["free"]


class Fifo(RuleBasedStateMachine):
    """Against a model: a list of messages a group, of which the front is delivered in order."""

    make: Any = None

    def __init__(self) -> None:
        super().__init__()
        self.sqs = self.make()
        self.url = self.sqs.queue("q.fifo", ContentBasedDeduplication="true", VisibilityTimeout="10")
        self.groups: dict[str, list[str]] = defaultdict(list)
        self.visible: dict[str, float] = {}
        self.handles: dict[str, str] = {}
        self.count = 0

    def now(self) -> float:
        return float(self.sqs.clock.now())

    @rule(group=st.sampled_from("abc"))
    def send(self, group: str) -> None:
        self.count += 1
        body = f"{group}{self.count}"
        self.sqs.send(self.url, body, MessageGroupId=group)
        self.groups[group].append(body)
        self.visible[body] = self.now()

    @rule(count=st.integers(1, 5), timeout=st.sampled_from([0, 3, 10]))
    def receive(self, count: int, timeout: int) -> None:
        fronts = {group: self.front(group) for group in self.groups}
        messages = self.sqs.receive(self.url, count, VisibilityTimeout=timeout)
        assert len(messages) == min(count, sum(map(len, fronts.values())))
        taken: dict[str, list[str]] = defaultdict(list)
        for message in messages:
            taken[message["Body"][0]].append(message["Body"])
            self.handles[message["Body"]] = message["ReceiptHandle"]
            self.visible[message["Body"]] = self.now() + timeout
        for group, bodies in taken.items():
            assert bodies == fronts[group][: len(bodies)]

    def front(self, group: str) -> list[str]:
        front = []
        for body in self.groups[group]:
            if self.visible[body] > self.now():
                break
            front.append(body)
        return front

    @precondition(lambda self: self.handles)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        body = data.draw(st.sampled_from(sorted(self.handles)))
        handle = self.handles[body]
        params = {"QueueUrl": self.url, "ReceiptHandle": handle}
        if self.visible[body] > self.now():
            self.sqs.call("DeleteMessage", **params)
            self.groups[body[0]].remove(body)
            del self.visible[body], self.handles[body]
        else:
            assert self.sqs.fails("DeleteMessage", **params)[1] == EXPIRED.format(handle)

    @precondition(lambda self: self.handles)
    @rule(data=st.data(), timeout=st.sampled_from([0, 5]))
    def change(self, data: st.DataObject, timeout: int) -> None:
        body = data.draw(st.sampled_from(sorted(self.handles)))
        params = {"QueueUrl": self.url, "ReceiptHandle": self.handles[body], "VisibilityTimeout": timeout}
        if self.visible[body] > self.now():
            self.sqs.call("ChangeMessageVisibility", **params)
            self.visible[body] = self.now() + timeout
        else:
            self.sqs.fails("ChangeMessageVisibility", **params)

    @rule(seconds=st.sampled_from([1, 3, 10]))
    def advance(self, seconds: int) -> None:
        self.sqs.advance(seconds)

    @rule()
    def forget(self) -> None:
        self.sqs.tenant.memory.clear()

    @invariant()
    def counted(self) -> None:
        hidden = sum(moment > self.now() for moment in self.visible.values())
        assert self.sqs.counts(self.url) == (len(self.visible) - hidden, hidden, 0)

    def teardown(self) -> None:
        self.sqs.tenant.db.close()


def test_fifo_against_a_model(make_sqs: Any) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    machine = type("Machine", (Fifo,), {"make": make_sqs})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=40, stateful_step_count=30, derandomize=True, deadline=None)
    )
