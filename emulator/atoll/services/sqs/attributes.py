"""Queue attributes: their names, defaults, ranges, and which may stand together.

A queue's row holds what was set, as the strings that were given; everything else is a default.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from atoll.core.errors import AwsError
from atoll.services.sqs.errors import invalid_attribute_value, unknown_attribute
from atoll.services.sqs.policies import check_policy
from atoll.services.sqs.redrive import check_redrive_allow_policy, parse_redrive_policy

Attributes = dict[str, str]

MAXIMUM_MESSAGE_SIZE = 1_048_576


class Range(NamedTuple):
    """An integer attribute: least and greatest value, and the default."""

    least: int
    greatest: int
    default: int


RANGES = {
    "DelaySeconds": Range(0, 900, 0),
    "KmsDataKeyReusePeriodSeconds": Range(60, 86_400, 300),
    "MaximumMessageSize": Range(1024, MAXIMUM_MESSAGE_SIZE, MAXIMUM_MESSAGE_SIZE),
    "MessageRetentionPeriod": Range(60, 1_209_600, 345_600),
    "ReceiveMessageWaitTimeSeconds": Range(0, 20, 0),
    "VisibilityTimeout": Range(0, 43_200, 30),
}
CHOICES = {
    "ContentBasedDeduplication": ("true", "false"),
    "DeduplicationScope": ("messageGroup", "queue"),
    "FifoQueue": ("true", "false"),
    "FifoThroughputLimit": ("perQueue", "perMessageGroupId"),
    "SqsManagedSseEnabled": ("true", "false"),
}
POLICIES = ("Policy", "RedriveAllowPolicy", "RedrivePolicy")
SETTABLE = frozenset((*RANGES, *CHOICES, *POLICIES, "KmsMasterKeyId"))
COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
)
READABLE = SETTABLE | frozenset((*COUNTS, "All", "CreatedTimestamp", "LastModifiedTimestamp", "QueueArn"))
REMOVED_WHEN_EMPTY = frozenset((*POLICIES, "KmsMasterKeyId"))
"""An empty value takes these away."""

FIFO_DEFAULTS = {
    "ContentBasedDeduplication": "false",
    "DeduplicationScope": "queue",
    "FifoThroughputLimit": "perQueue",
}
HIGH_THROUGHPUT = ("DeduplicationScope", "FifoThroughputLimit")

_INTEGER = re.compile(r"-?[0-9]{1,18}")


def check_attributes(given: Mapping[str, str], *, fifo: bool) -> None:
    """Checks each attribute by itself. Raises InvalidAttributeName, InvalidAttributeValue, or what a policy raises."""
    for name, value in given.items():
        if name not in SETTABLE:
            raise unknown_attribute(name)
        if not fifo:
            _check_standard(name)
        if name in RANGES:
            _check_range(name, value)
        elif name in CHOICES:
            if value not in CHOICES[name]:
                raise invalid_attribute_value(name)
        elif value:
            _check_text(name, value)


def _check_standard(name: str) -> None:
    if name in HIGH_THROUGHPUT:
        raise AwsError("InvalidAttributeName", f"You can specify the {name} only when FifoQueue is set to true.")
    if name in ("ContentBasedDeduplication", "FifoQueue"):
        raise unknown_attribute(name)


def _check_range(name: str, value: str) -> None:
    bounds = RANGES[name]
    if not _INTEGER.fullmatch(value):
        raise invalid_attribute_value(name)
    if not bounds.least <= int(value) <= bounds.greatest:
        raise invalid_attribute_value(name)


def _check_text(name: str, value: str) -> None:
    if name == "Policy":
        check_policy(value)
    elif name == "RedrivePolicy":
        parse_redrive_policy(value)
    elif name == "RedriveAllowPolicy":
        check_redrive_allow_policy(value)
    elif len(value) > 2048:
        raise invalid_attribute_value(name)


def merged(old: Attributes, given: Mapping[str, str]) -> Attributes:
    """`old` with what was given, checked for what cannot stand together. Values given are normalised."""
    new = dict(old)
    for name, value in given.items():
        if not value and name in REMOVED_WHEN_EMPTY:
            new.pop(name, None)
        else:
            new[name] = str(int(value)) if name in RANGES else value
    if given.get("KmsMasterKeyId"):
        if given.get("SqsManagedSseEnabled") == "true":
            raise _two_encryptions()
        new["SqsManagedSseEnabled"] = "false"
    elif given.get("SqsManagedSseEnabled") == "true" and new.get("KmsMasterKeyId"):
        raise _two_encryptions()
    elif "KmsMasterKeyId" in given:
        # Taking the key away does not bring SQS's own encryption back.
        new.setdefault("SqsManagedSseEnabled", "false")
        new.pop("KmsDataKeyReusePeriodSeconds", None)
    if new.get("FifoThroughputLimit") == "perMessageGroupId" and new.get("DeduplicationScope") != "messageGroup":
        raise AwsError(
            "InvalidAttributeValue",
            "The perMessageGroupId value is allowed only when the value for DeduplicationScope is messageGroup",
        )
    return new


def _two_encryptions() -> AwsError:
    return AwsError(
        "InvalidAttributeName",
        "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE.",
    )


def effective(attributes: Attributes, *, fifo: bool) -> Attributes:
    """All that GetQueueAttributes shows of what can be set, defaults included."""
    shown = {name: str(bounds.default) for name, bounds in RANGES.items()}
    shown["SqsManagedSseEnabled"] = "true"
    if fifo:
        shown["FifoQueue"] = "true"
        shown.update(FIFO_DEFAULTS)
    shown.update(attributes)
    if "KmsMasterKeyId" not in shown:
        del shown["KmsDataKeyReusePeriodSeconds"]
    return shown
