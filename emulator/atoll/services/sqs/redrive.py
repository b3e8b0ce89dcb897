"""Redrive policies: which queue a message goes to that was received too often, and which queues may send theirs.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
"""

from __future__ import annotations

from typing import NamedTuple

import orjson

from atoll.core.arn import Arn, parse_arn, render_arn
from atoll.core.digits import read_whole
from atoll.core.errors import AwsError
from atoll.core.json_objects import read_object
from atoll.core.tenant_id import TenantId
from atoll.services.sqs.errors import invalid_attribute_value, invalid_value

MAX_SOURCES = 10
UNSUPPORTED_FORMAT = "Amazon SQS can't create the redrive allow policy, as it’s in an unsupported format."


class RedrivePolicy(NamedTuple):
    target: Arn
    max_receives: int


def parse_redrive_policy(text: str) -> RedrivePolicy:
    """Raises InvalidAttributeValue where the text is not JSON, InvalidParameterValue where it says what it cannot."""
    policy = read_object(text)
    if policy is None:
        raise invalid_attribute_value("RedrivePolicy", "Redrive policy is not a valid JSON map.")
    for name in ("maxReceiveCount", "deadLetterTargetArn"):
        if name not in policy:
            raise _refused(text, f"Redrive policy does not contain mandatory attribute: {name}.")
    if len(policy) > 2:
        raise _refused(text, "Only following attributes are supported: [maxReceiveCount, deadLetterTargetArn].")
    count = policy["maxReceiveCount"]
    number = _integer(count)
    if number is None or not 1 <= number <= 1000:
        raise _refused(
            text, f"Invalid value for maxReceiveCount: {count}, valid values are from 1 to 1000 both inclusive."
        )
    target = policy["deadLetterTargetArn"]
    arn = parse_arn(target) if isinstance(target, str) else None
    if arn is None:
        raise _refused(text, "Invalid value for deadLetterTargetArn.")
    if arn.service != "sqs":
        raise _refused(text, "Only SQS queues are valid resources for deadLetterTargetArn.")
    return RedrivePolicy(arn, number)


def check_target(
    text: str, policy: RedrivePolicy, tenant: TenantId, source: str, target: dict[str, str] | None
) -> None:
    """Checks the dead-letter queue of `source`, whose attributes are `target` where it exists."""
    arn = policy.target
    if arn.region != tenant.region:
        raise _refused(text, "Dead-letter target must be in same region as the source.")
    if arn.account != tenant.account:
        raise _refused(text, "Dead-letter target owner should be same as the source.")
    if source.endswith(".fifo") != arn.resource.endswith(".fifo"):
        raise _refused(text, "Dead-letter queue must be same type of queue as the source.")
    if target is None:
        raise _refused(text, "Dead letter target does not exist.")
    if not allows(target.get("RedriveAllowPolicy", ""), render_arn("sqs", tenant, source)):
        raise _refused(text, "The redrive allow policy of the dead-letter queue does not allow this source queue.")


def allows(allow_policy: str, source_arn: str) -> bool:
    """Whether a dead-letter queue with this RedriveAllowPolicy takes the source queue's messages."""
    if not allow_policy:
        return True
    policy = orjson.loads(allow_policy)
    permission = policy["redrivePermission"]
    return permission == "allowAll" or (permission == "byQueue" and source_arn in policy["sourceQueueArns"])


def check_redrive_allow_policy(text: str) -> None:
    """Raises InvalidAttributeValue or InvalidParameterValue."""
    policy = read_object(text)
    sources = None if policy is None else policy.get("sourceQueueArns")
    if (
        policy is None
        or policy.get("redrivePermission") not in ("allowAll", "denyAll", "byQueue")
        or not policy.keys() <= {"redrivePermission", "sourceQueueArns"}
        or not (sources is None or _is_strings(sources))
    ):
        raise invalid_attribute_value("RedriveAllowPolicy", UNSUPPORTED_FORMAT)
    refused = None
    if policy["redrivePermission"] != "byQueue":
        if sources is not None:
            refused = "To specify one or more source queue ARNs, you must set redrivePermission to byQueue."
    elif not sources:
        refused = (
            "When you specify the byQueue permission type, you must also specify one or more sourceQueueArns values."
        )
    elif len(sources) > MAX_SOURCES:
        refused = f"The maximum number of source queue ARNs you can specify is {MAX_SOURCES}."
    if refused is not None:
        raise invalid_value(text, "RedriveAllowPolicy", f"Amazon SQS can't create the redrive allow policy. {refused}")


def _integer(value: object) -> int | None:
    """A count may be given as a number or as digits."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str):
        return read_whole(value)
    return None


def _is_strings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _refused(text: str, reason: str) -> AwsError:
    return invalid_value(text, "RedrivePolicy", reason)
