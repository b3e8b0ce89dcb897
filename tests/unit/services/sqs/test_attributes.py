"""Queue attributes: defaults, ranges, what excludes what."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

DEFAULTS = {
    "ApproximateNumberOfMessages": "0",
    "ApproximateNumberOfMessagesDelayed": "0",
    "ApproximateNumberOfMessagesNotVisible": "0",
    "CreatedTimestamp": "1700000000",
    "DelaySeconds": "0",
    "LastModifiedTimestamp": "1700000000",
    "MaximumMessageSize": "1048576",
    "MessageRetentionPeriod": "345600",
    "QueueArn": "arn:aws:sqs:eu-central-1:111111111111:q",
    "ReceiveMessageWaitTimeSeconds": "0",
    "SqsManagedSseEnabled": "true",
    "VisibilityTimeout": "30",
}
RANGES = {
    "DelaySeconds": (0, 900),
    "KmsDataKeyReusePeriodSeconds": (60, 86_400),
    "MaximumMessageSize": (1024, 1_048_576),
    "MessageRetentionPeriod": (60, 1_209_600),
    "ReceiveMessageWaitTimeSeconds": (0, 20),
    "VisibilityTimeout": (0, 43_200),
}
INVALID_VALUE = "InvalidAttributeValue"


def test_defaults(sqs: Any) -> None:
    assert sqs.attributes(sqs.queue()) == DEFAULTS
    fifo = sqs.queue("q.fifo")
    assert sqs.attributes(fifo) == {
        **DEFAULTS,
        "QueueArn": "arn:aws:sqs:eu-central-1:111111111111:q.fifo",
        "FifoQueue": "true",
        "ContentBasedDeduplication": "false",
        "DeduplicationScope": "queue",
        "FifoThroughputLimit": "perQueue",
    }


def test_some_of_them(sqs: Any) -> None:
    url = sqs.queue()
    assert sqs.attributes(url, "VisibilityTimeout", "QueueArn") == {
        "VisibilityTimeout": "30",
        "QueueArn": "arn:aws:sqs:eu-central-1:111111111111:q",
    }
    assert sqs.call("GetQueueAttributes", QueueUrl=url) == {}
    assert sqs.call("GetQueueAttributes", QueueUrl=url, AttributeNames=["Policy"]) == {}
    assert sqs.fails("GetQueueAttributes", QueueUrl=url, AttributeNames=["All", "Nope"]) == (
        "InvalidAttributeName",
        "Unknown Attribute Nope.",
    )


def test_setting_changes_the_time_of_modification(sqs: Any) -> None:
    url = sqs.queue()
    sqs.advance(5)
    sqs.call("SetQueueAttributes", QueueUrl=url, Attributes={"VisibilityTimeout": "007"})
    assert sqs.attributes(url) == {**DEFAULTS, "VisibilityTimeout": "7", "LastModifiedTimestamp": "1700000005"}
    assert sqs.fails("SetQueueAttributes", QueueUrl=url)[1] == "The request must contain the parameter Attribute.Name."


@pytest.mark.parametrize("name", RANGES)
def test_ranges(sqs: Any, name: str) -> None:
    url = sqs.queue()
    least, greatest = RANGES[name]
    for value in (least, greatest):
        sqs.call("SetQueueAttributes", QueueUrl=url, Attributes={name: str(value)})
    for bad in (str(least - 1), str(greatest + 1), "", " 20", "20 ", "x", "2.5", "1e3", "٣٠", "9" * 30, "true"):
        error = (INVALID_VALUE, f"Invalid value for the parameter {name}.")
        assert sqs.fails("SetQueueAttributes", QueueUrl=url, Attributes={name: bad}) == error
        assert sqs.fails("CreateQueue", QueueName="new", Attributes={name: bad}) == error


@settings(max_examples=60, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(name=st.sampled_from(sorted(RANGES)), value=st.text(max_size=12) | st.integers(-10, 2_000_000).map(str))
def test_any_text_is_taken_or_refused_in_aws_words(make_sqs: Any, name: str, value: str) -> None:
    sqs = make_sqs()
    least, greatest = RANGES[name]
    legal = value.isascii() and value.removeprefix("-").isdigit() and least <= int(value) <= greatest
    if legal:
        shown = sqs.attributes(sqs.queue("q", **{name: value}, KmsMasterKeyId="k"), name)
        assert shown == {name: str(int(value))}
    else:
        code, _ = sqs.fails("CreateQueue", QueueName="q", Attributes={name: value})
        assert code == INVALID_VALUE
    sqs.tenant.db.close()


@pytest.mark.parametrize("name", ["QueueArn", "CreatedTimestamp", "ApproximateNumberOfMessages", "All", "visibility"])
def test_names_that_cannot_be_set(sqs: Any, name: str) -> None:
    url = sqs.queue()
    error = ("InvalidAttributeName", f"Unknown Attribute {name}.")
    assert sqs.fails("SetQueueAttributes", QueueUrl=url, Attributes={name: "1"}) == error
    assert sqs.fails("CreateQueue", QueueName="new", Attributes={name: "1"}) == error


def test_fifo_attributes_of_standard_queues(sqs: Any) -> None:
    url = sqs.queue()
    for operation, params in (("SetQueueAttributes", {"QueueUrl": url}), ("CreateQueue", {"QueueName": "new"})):
        for name, value in (("FifoQueue", "false"), ("ContentBasedDeduplication", "true")):
            assert sqs.fails(operation, **params, Attributes={name: value}) == (
                "InvalidAttributeName",
                f"Unknown Attribute {name}.",
            )
        for name, value in (("DeduplicationScope", "queue"), ("FifoThroughputLimit", "perQueue")):
            assert sqs.fails(operation, **params, Attributes={name: value}) == (
                "InvalidAttributeName",
                f"You can specify the {name} only when FifoQueue is set to true.",
            )


def test_a_queues_type_stays(sqs: Any) -> None:
    url = sqs.queue("q.fifo")
    sqs.call("SetQueueAttributes", QueueUrl=url, Attributes={"FifoQueue": "true"})
    assert sqs.fails("SetQueueAttributes", QueueUrl=url, Attributes={"FifoQueue": "false"}) == (
        INVALID_VALUE,
        "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.",
    )
    for name in ("FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit"):
        assert sqs.fails("SetQueueAttributes", QueueUrl=url, Attributes={name: "True"}) == (
            INVALID_VALUE,
            f"Invalid value for the parameter {name}.",
        )


def test_throughput_per_group_needs_deduplication_per_group(sqs: Any) -> None:
    url = sqs.queue("q.fifo")
    change = {"FifoThroughputLimit": "perMessageGroupId"}
    needs = (
        INVALID_VALUE,
        "The perMessageGroupId value is allowed only when the value for DeduplicationScope is messageGroup",
    )
    assert sqs.fails("SetQueueAttributes", QueueUrl=url, Attributes=change) == needs
    sqs.call("SetQueueAttributes", QueueUrl=url, Attributes={**change, "DeduplicationScope": "messageGroup"})
    assert sqs.attributes(url, *change) == change
    assert sqs.fails("SetQueueAttributes", QueueUrl=url, Attributes={"DeduplicationScope": "queue"}) == needs


def test_encryption(sqs: Any) -> None:
    url = sqs.queue("q", KmsMasterKeyId="alias/aws/sqs")
    encryption = ("KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "SqsManagedSseEnabled")
    assert sqs.attributes(url, *encryption) == {
        "KmsMasterKeyId": "alias/aws/sqs",
        "KmsDataKeyReusePeriodSeconds": "300",
        "SqsManagedSseEnabled": "false",
    }
    both = (
        "InvalidAttributeName",
        "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE.",
    )
    assert sqs.fails("SetQueueAttributes", QueueUrl=url, Attributes={"SqsManagedSseEnabled": "true"}) == both
    given = {"KmsMasterKeyId": "k", "SqsManagedSseEnabled": "true"}
    assert sqs.fails("CreateQueue", QueueName="new", Attributes=given) == both
    sqs.call("SetQueueAttributes", QueueUrl=url, Attributes={"KmsMasterKeyId": ""})
    assert sqs.attributes(url, *encryption) == {"SqsManagedSseEnabled": "false"}
    sqs.call("SetQueueAttributes", QueueUrl=url, Attributes={"SqsManagedSseEnabled": "true"})
    assert sqs.attributes(url, *encryption) == {"SqsManagedSseEnabled": "true"}


def statement(**changes: Any) -> dict[str, Any]:
    whole = {"Sid": "s", "Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}
    return {key: value for key, value in {**whole, **changes}.items() if value is not None}


def test_policies_are_kept_as_given_and_taken_away(sqs: Any) -> None:
    for name, policy in enumerate(
        (
            {"Version": "2012-10-17", "Statement": [statement()]},
            {"Statement": statement(Sid=None), "Id": "x"},
            {"Version": "2008-10-17", "Statement": [statement(Action=["sqs:*"], Resource=["*"], Condition={})]},
        )
    ):
        text = json.dumps(policy)
        url = sqs.queue(f"q{name}", Policy=text)
        assert sqs.attributes(url, "Policy") == {"Policy": text}
        sqs.call("SetQueueAttributes", QueueUrl=url, Attributes={"Policy": ""})
        assert sqs.attributes(url, "Policy") == {}


@pytest.mark.parametrize(
    "policy",
    [
        "x",
        "[]",
        "{}",
        '"x"',
        json.dumps({"Version": "2012-10-17"}),
        json.dumps({"Version": "2012-10-17", "Statement": []}),
        json.dumps({"Version": "2020-01-01", "Statement": [statement()]}),
        json.dumps({"Version": "2012-10-17", "Statement": [statement()], "More": 1}),
        json.dumps({"Version": "2012-10-17", "Statement": [statement(Effect="Maybe")]}),
        json.dumps({"Version": "2012-10-17", "Statement": [statement(Action=None)]}),
        json.dumps({"Version": "2012-10-17", "Statement": [statement(Action=5)]}),
        json.dumps({"Version": "2012-10-17", "Statement": [statement(Action=[5])]}),
        json.dumps({"Version": "2012-10-17", "Statement": [statement(Resource=None)]}),
        json.dumps({"Version": "2012-10-17", "Statement": [statement(Principal=None)]}),
        json.dumps({"Version": "2012-10-17", "Statement": [statement(Other=1)]}),
        json.dumps({"Version": "2012-10-17", "Statement": ["x"]}),
    ],
)
def test_what_is_no_policy(sqs: Any, policy: str) -> None:
    assert sqs.fails("CreateQueue", QueueName="q", Attributes={"Policy": policy}) == (
        INVALID_VALUE,
        "Invalid value for the parameter Policy.",
    )


def test_a_policy_has_at_most_twenty_statements(sqs: Any) -> None:
    policy = {"Version": "2012-10-17", "Statement": [statement(Sid=str(number)) for number in range(22)]}
    assert sqs.fails("CreateQueue", QueueName="q", Attributes={"Policy": json.dumps(policy)}) == (
        "OverLimit",
        "22 statements were found in the submitted policy, max allowed is 20",
    )


def _conditions(count: int) -> dict[str, Any]:
    return {"StringEquals": {f"aws:key{number}": "x" for number in range(count)}}


@pytest.mark.parametrize(
    ("statements", "message"),
    [
        ([statement(Action=["SQS:SendMessage"] * 8)], "8 Actions were found, maximum allowed is 7."),
        (
            [statement(Principal={"AWS": [f"{number:012d}" for number in range(50)]}), statement()],
            "51 Principals were found, maximum allowed is 50.",
        ),
        (
            [statement(Condition=_conditions(6)), statement(Condition=_conditions(5))],
            "11 Conditions were found, maximum allowed is 10.",
        ),
    ],
)
def test_a_policy_has_quotas(sqs: Any, statements: list[Any], message: str) -> None:
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    assert sqs.fails("CreateQueue", QueueName="q", Attributes={"Policy": policy}) == ("OverLimit", message)


def test_a_policy_is_at_most_8_kib_long(sqs: Any) -> None:
    policy = {"Version": "2012-10-17", "Id": "", "Statement": [statement()]}
    policy["Id"] = "x" * (8192 - len(json.dumps(policy)))
    url = sqs.queue("q", Policy=json.dumps(policy))
    policy["Id"] += "x"
    too_long = {"Policy": json.dumps(policy)}
    assert sqs.fails("SetQueueAttributes", QueueUrl=url, Attributes=too_long) == (
        INVALID_VALUE,
        "Invalid value for the parameter Policy.",
    )
