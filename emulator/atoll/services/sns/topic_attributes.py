"""Topic attributes: what may be set to what.

https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html
"""

from __future__ import annotations

import re
from typing import Any

import orjson

from atoll.core.digits import read_whole
from atoll.core.errors import AwsError
from atoll.services.sns.characters import check_shown
from atoll.services.sns.delivery_policies import parse_topic_policy
from atoll.services.sns.errors import invalid_parameter
from atoll.services.sns.policies import check_policy

Attributes = dict[str, str]

DEFAULT_SIZE = 262_144
"""Bytes that a message has at most, unless MaximumMessageSize says otherwise."""
LEAST_SIZE, MOST_SIZE = 1024, 1_048_576
MAX_LARGE_SUBSCRIPTIONS = 100
LARGE_PROTOCOLS = frozenset(("sqs", "firehose", "lambda"))
MAX_RETENTION = 365
"""Days that an archive keeps messages."""
FEEDBACK = frozenset(
    f"{protocol}{name}"
    for protocol in ("HTTP", "Firehose", "Lambda", "Application", "SQS")
    for name in ("SuccessFeedbackRoleArn", "SuccessFeedbackSampleRate", "FailureFeedbackRoleArn")
)
SETTABLE = FEEDBACK | {
    "ArchivePolicy",
    "ContentBasedDeduplication",
    "DeliveryPolicy",
    "DisplayName",
    "FifoThroughputScope",
    "KmsMasterKeyId",
    "MaximumMessageSize",
    "Policy",
    "SignatureVersion",
    "TracingConfig",
}
ONLY_FIFO = {"ArchivePolicy", "ContentBasedDeduplication", "FifoThroughputScope"}
DEFAULTS: Attributes = {
    "ContentBasedDeduplication": "false",
    "DisplayName": "",
    "FifoThroughputScope": "Topic",
    "MaximumMessageSize": str(DEFAULT_SIZE),
    "SignatureVersion": "1",
    "TracingConfig": "PassThrough",
}
"""What a topic has whose attribute is not set."""
NO_PERCENTAGE = "{} value provided is not an integer between 0-100"
_PERCENTAGE = re.compile(r"0*(?:[0-9]{1,2}|100)")


def read_attribute(name: str, value: str, *, topic_arn: str, fifo: bool, prefix: str = "") -> str:
    """The value as it is kept and shown. Raises InvalidParameterException. `prefix` stands before the attribute's name
    in messages."""
    if name == "ContentBasedDeduplication" and not fifo:
        raise invalid_parameter(f"{prefix}Content-based deduplication can only be set for FIFO topics")
    if name in ONLY_FIFO and not fifo:
        raise invalid_parameter(f"{prefix}{name}: can only be set for FIFO topics")
    if name.endswith("SampleRate") and not is_percentage(value):
        raise invalid_parameter(f"{prefix}{name}: {NO_PERCENTAGE.format(value)}")
    if not value and name not in ("ContentBasedDeduplication", "Policy"):
        # As good as unset.
        return value
    check_shown(value, f"{prefix}{name}")
    match name:
        case "ContentBasedDeduplication":
            _check_one_of(name, value.lower(), ("true", "false"), prefix)
        case "DeliveryPolicy":
            return orjson.dumps(parse_topic_policy(value, prefix)).decode()
        case "DisplayName":
            if len(value) > 100:
                raise invalid_parameter(f"{prefix}DisplayName")
        case "FifoThroughputScope":
            _check_one_of(name, value, ("Topic", "MessageGroup"), prefix)
        case "Policy":
            check_policy(value, topic_arn, prefix)
        case "SignatureVersion":
            _check_one_of(name, value, ("1", "2"), prefix)
        case "TracingConfig":
            _check_one_of(name, value, ("PassThrough", "Active"), prefix)
        case "MaximumMessageSize":
            if not LEAST_SIZE <= (read_whole(value) or 0) <= MOST_SIZE:
                raise invalid_parameter(
                    f"{prefix}MaximumMessageSize: Invalid value [{value}]. Must be from {LEAST_SIZE} to {MOST_SIZE}."
                )
        case "ArchivePolicy":
            # An empty one ends the archive.
            return value if parse_archive_policy(value, prefix) else ""
    return value


def is_percentage(value: str) -> bool:
    return _PERCENTAGE.fullmatch(value) is not None


def is_same(name: str, one: str, other: str) -> bool:
    """Whether two values of an attribute, of a topic or a subscription and both valid, say the same."""
    if name.endswith("Policy") and one and other:
        return bool(orjson.loads(one) == orjson.loads(other))
    return one == other or (name == "ContentBasedDeduplication" and one.lower() == other.lower())


def _check_one_of(name: str, value: str, allowed: tuple[str, ...], prefix: str) -> None:
    if value not in allowed:
        raise invalid_parameter(f"{prefix}{name}: Invalid value [{value}]. Must be {' or '.join(allowed)}.")


def parse_archive_policy(text: str, prefix: str = "") -> int:
    """For how many days a FIFO topic keeps its messages; 0 is not at all.

    https://docs.aws.amazon.com/sns/latest/dg/message-archiving-and-replay-topic-owner.html
    """
    try:
        policy: Any = orjson.loads(text) if text else {}
    except orjson.JSONDecodeError:
        raise invalid_parameter(f"{prefix}ArchivePolicy: failed to parse JSON.") from None
    if not isinstance(policy, dict) or not policy.keys() <= {"MessageRetentionPeriod"}:
        raise _bad_archive(prefix)
    if not policy:
        return 0
    days = policy["MessageRetentionPeriod"]
    if isinstance(days, str):
        days = read_whole(days)
    if not isinstance(days, int) or isinstance(days, bool) or not 1 <= days <= MAX_RETENTION:
        raise _bad_archive(prefix)
    return days


def _bad_archive(prefix: str) -> AwsError:
    return invalid_parameter(f"{prefix}ArchivePolicy: MessageRetentionPeriod must be from 1 to {MAX_RETENTION} days")
