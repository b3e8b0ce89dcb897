"""Redrive policies and what they do."""

from __future__ import annotations

import json
from typing import Any

import pytest

DLQ = "arn:aws:sqs:eu-central-1:111111111111:dlq"


def redrive(target: str = DLQ, count: Any = 2) -> str:
    return json.dumps({"deadLetterTargetArn": target, "maxReceiveCount": count})


def test_a_message_received_too_often_goes_to_the_dead_letter_queue(sqs: Any) -> None:
    dlq = sqs.queue("dlq")
    url = sqs.queue("q", RedrivePolicy=redrive(), VisibilityTimeout="1")
    attributes = {"a": {"DataType": "String", "StringValue": "b"}}
    sent = sqs.send(url, "poison", MessageAttributes=attributes)
    for _ in range(2):
        assert sqs.bodies(url) == ["poison"]
        sqs.advance(1)
    sqs.send(url, "good")
    sqs.woken()
    assert sqs.bodies(url) == ["good"]
    assert sqs.woken() == 1
    assert sqs.counts(url) == (0, 1, 0)
    [message] = sqs.receive(dlq, AttributeNames=["All"], MessageAttributeNames=["All"])
    assert message["MessageId"] == sent["MessageId"]
    assert message["MessageAttributes"] == attributes
    assert message["Attributes"] == {
        "SenderId": "111111111111",
        "SentTimestamp": "1700000000000",
        "ApproximateReceiveCount": "3",
        "ApproximateFirstReceiveTimestamp": "1700000000000",
        "DeadLetterQueueSourceArn": "arn:aws:sqs:eu-central-1:111111111111:q",
    }


def test_a_standard_message_keeps_its_age(sqs: Any) -> None:
    dlq = sqs.queue("dlq", MessageRetentionPeriod="100")
    url = sqs.queue("q", RedrivePolicy=redrive(count="1"))
    sqs.send(url)
    sqs.receive(url, VisibilityTimeout=0)
    sqs.advance(60)
    sqs.send(dlq, "direct")
    assert sqs.receive(url) == []
    assert sqs.counts(dlq) == (2, 0, 0)
    sqs.advance(40)
    assert sqs.counts(dlq) == (1, 0, 0)
    assert sqs.bodies(dlq) == ["direct"]
    sqs.advance(60)
    assert sqs.counts(dlq) == (0, 0, 0)


def test_fifo_dead_letters(sqs: Any) -> None:
    dlq = sqs.queue("dlq.fifo")
    url = sqs.queue("q.fifo", ContentBasedDeduplication="true", RedrivePolicy=redrive(DLQ + ".fifo", 1))
    sqs.send(url, "bad", MessageGroupId="g")
    sqs.send(url, "next", MessageGroupId="g")
    assert sqs.bodies(url, 1, VisibilityTimeout=0) == ["bad"]
    sqs.advance(5)
    assert sqs.bodies(url) == ["next"]
    [message] = sqs.receive(dlq, AttributeNames=["All"])
    assert (message["Body"], message["Attributes"]["MessageGroupId"]) == ("bad", "g")
    assert message["Attributes"]["SentTimestamp"] == "1700000005000"
    assert message["Attributes"]["DeadLetterQueueSourceArn"] == "arn:aws:sqs:eu-central-1:111111111111:q.fifo"
    assert len(message["Attributes"]["SequenceNumber"]) == 20


def test_a_dead_letter_queue_that_is_gone_loses_nothing(sqs: Any) -> None:
    dlq = sqs.queue("dlq")
    url = sqs.queue("q", RedrivePolicy=redrive(count=1))
    sqs.send(url)
    sqs.call("DeleteQueue", QueueUrl=dlq)
    for _ in range(3):
        assert len(sqs.receive(url, VisibilityTimeout=0)) == 1
    dlq = sqs.queue("dlq")
    assert sqs.receive(url) == []
    assert sqs.counts(dlq) == (1, 0, 0)


def test_many_go_at_once(sqs: Any) -> None:
    dlq = sqs.queue("dlq")
    url = sqs.queue("q", RedrivePolicy=redrive(count=1))
    for number in range(30):
        sqs.send(url, str(number))
    for _ in range(3):
        sqs.receive(url, VisibilityTimeout=0)
    for _ in range(27):
        sqs.receive(url, VisibilityTimeout=0)
    sqs.send(url, "good")
    assert sqs.bodies(url) == ["good"]
    assert sqs.counts(dlq) == (30, 0, 0)


def test_sources_are_listed(sqs: Any) -> None:
    dlq = sqs.queue("dlq")
    assert sqs.call("ListDeadLetterSourceQueues", QueueUrl=dlq) == {"queueUrls": []}
    urls = [sqs.queue(name, RedrivePolicy=redrive()) for name in ("a", "b", "c")]
    assert sqs.call("ListDeadLetterSourceQueues", QueueUrl=dlq) == {"queueUrls": urls}
    page = sqs.call("ListDeadLetterSourceQueues", QueueUrl=dlq, MaxResults=2)
    assert page["queueUrls"] == urls[:2]
    rest = sqs.call("ListDeadLetterSourceQueues", QueueUrl=dlq, MaxResults=2, NextToken=page["NextToken"])
    assert rest == {"queueUrls": urls[2:]}
    sqs.call("SetQueueAttributes", QueueUrl=urls[0], Attributes={"RedrivePolicy": ""})
    sqs.call("SetQueueAttributes", QueueUrl=urls[1], Attributes={"DelaySeconds": "1"})
    assert sqs.call("ListDeadLetterSourceQueues", QueueUrl=dlq) == {"queueUrls": urls[1:]}
    assert sqs.attributes(urls[0], "RedrivePolicy") == {}


REFUSED = [
    (redrive("dummy"), "Invalid value for deadLetterTargetArn."),
    (redrive(5), "Invalid value for deadLetterTargetArn."),  # type: ignore[arg-type]
    (redrive(DLQ.replace("sqs", "sns")), "Only SQS queues are valid resources for deadLetterTargetArn."),
    (redrive(DLQ + "x"), "Dead letter target does not exist."),
    (redrive(DLQ.replace("eu-central-1", "us-east-1")), "Dead-letter target must be in same region as the source."),
    (redrive(DLQ.replace("1" * 12, "2" * 12)), "Dead-letter target owner should be same as the source."),
    (redrive(DLQ + ".fifo"), "Dead-letter queue must be same type of queue as the source."),
    ("{}", "Redrive policy does not contain mandatory attribute: maxReceiveCount."),
    ('{"maxReceiveCount":5}', "Redrive policy does not contain mandatory attribute: deadLetterTargetArn."),
    (
        json.dumps({"deadLetterTargetArn": DLQ, "maxReceiveCount": 5, "x": 1}),
        "Only following attributes are supported: [maxReceiveCount, deadLetterTargetArn].",
    ),
    *(
        (
            redrive(count=count),
            f"Invalid value for maxReceiveCount: {count}, valid values are from 1 to 1000 both inclusive.",
        )
        for count in (0, 1001, -36, "x", 1.5)
    ),
]


@pytest.mark.parametrize(("policy", "reason"), REFUSED)
def test_what_a_redrive_policy_may_not_say(sqs: Any, policy: str, reason: str) -> None:
    sqs.queue("dlq")
    url = sqs.queue("q")
    error = ("InvalidParameterValue", f"Value {policy} for parameter RedrivePolicy is invalid. Reason: {reason}")
    assert sqs.fails("SetQueueAttributes", QueueUrl=url, Attributes={"RedrivePolicy": policy}) == error
    assert sqs.fails("CreateQueue", QueueName="new", Attributes={"RedrivePolicy": policy}) == error


def test_what_is_no_redrive_policy(sqs: Any) -> None:
    for policy in (" ", "x", "[]", "4"):
        assert sqs.fails("CreateQueue", QueueName="q", Attributes={"RedrivePolicy": policy}) == (
            "InvalidAttributeValue",
            "Invalid value for the parameter RedrivePolicy. Reason: Redrive policy is not a valid JSON map.",
        )


def allow(permission: str | None, *sources: str) -> str:
    policy: dict[str, Any] = {} if permission is None else {"redrivePermission": permission}
    return json.dumps({**policy, "sourceQueueArns": sources} if sources else policy)


def test_a_dead_letter_queue_chooses_its_sources(sqs: Any) -> None:
    mine = "arn:aws:sqs:eu-central-1:111111111111:mine"
    dlq = sqs.queue("dlq", RedriveAllowPolicy=allow("byQueue", mine))
    sqs.queue("mine", RedrivePolicy=redrive())
    code, text = sqs.fails("CreateQueue", QueueName="other", Attributes={"RedrivePolicy": redrive()})
    assert (code, "RedrivePolicy is invalid" in text) == ("InvalidParameterValue", True)
    sqs.call("SetQueueAttributes", QueueUrl=dlq, Attributes={"RedriveAllowPolicy": allow("denyAll")})
    assert sqs.fails("CreateQueue", QueueName="other", Attributes={"RedrivePolicy": redrive()})[0] == code
    for policy in (allow("allowAll"), ""):
        sqs.call("SetQueueAttributes", QueueUrl=dlq, Attributes={"RedriveAllowPolicy": policy})
        sqs.queue("other", RedrivePolicy=redrive())


@pytest.mark.parametrize(
    "policy",
    [
        "x",
        "[]",
        "4",
        "{}",
        allow("some"),
        '{"redrivePermission":"allowAll","x":1}',
        '{"redrivePermission":"byQueue","sourceQueueArns":"x"}',
        '{"redrivePermission":"byQueue","sourceQueueArns":[5]}',
    ],
)
def test_what_is_no_redrive_allow_policy(sqs: Any, policy: str) -> None:
    assert sqs.fails("CreateQueue", QueueName="q", Attributes={"RedriveAllowPolicy": policy}) == (
        "InvalidAttributeValue",
        "Invalid value for the parameter RedriveAllowPolicy. Reason: Amazon SQS can't create the redrive allow policy, "
        "as it’s in an unsupported format.",
    )


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        (
            allow("byQueue"),
            "When you specify the byQueue permission type, you must also specify one or more sourceQueueArns values.",
        ),
        (
            '{"redrivePermission":"byQueue","sourceQueueArns":[]}',
            "When you specify the byQueue permission type, you must also specify one or more sourceQueueArns values.",
        ),
        (
            allow("byQueue", *map(str, range(11))),
            "The maximum number of source queue ARNs you can specify is 10.",
        ),
        (
            allow("denyAll", "x"),
            "To specify one or more source queue ARNs, you must set redrivePermission to byQueue.",
        ),
    ],
)
def test_what_a_redrive_allow_policy_may_not_say(sqs: Any, policy: str, reason: str) -> None:
    assert sqs.fails("CreateQueue", QueueName="q", Attributes={"RedriveAllowPolicy": policy}) == (
        "InvalidParameterValue",
        f"Value {policy} for parameter RedriveAllowPolicy is invalid. "
        f"Reason: Amazon SQS can't create the redrive allow policy. {reason}",
    )
