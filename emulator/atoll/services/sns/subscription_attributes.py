"""Subscription attributes: what may be set to what.

https://docs.aws.amazon.com/sns/latest/api/API_SetSubscriptionAttributes.html
"""

from __future__ import annotations

from typing import Any

import orjson

from atoll.core.arn import parse_arn
from atoll.services.sns.delivery_policies import parse_subscription_policy
from atoll.services.sns.errors import invalid_parameter
from atoll.services.sns.filter_policies import ATTRIBUTES, SCOPES, parse_filter_policy
from atoll.services.sns.filter_tokens import why_not_json
from atoll.services.sns.replay_policies import parse_replay_policy

Attributes = dict[str, str]

SETTABLE = frozenset(
    (
        "DeliveryPolicy",
        "FilterPolicy",
        "FilterPolicyScope",
        "RawMessageDelivery",
        "RedrivePolicy",
        "ReplayPolicy",
        "SubscriptionRoleArn",
    )
)
SUBSCRIBING = "Attributes Reason: "
RAW_PROTOCOLS = frozenset(("sqs", "http", "https", "firehose"))


def check_attributes(
    given: Attributes, old: Attributes, *, fifo: bool, protocol: str, endpoint: str, prefix: str = ""
) -> Attributes:
    """What the attributes are with those that are given; unset ones left out. Raises InvalidParameterException.

    `prefix` stands before an attribute's name in messages. `fifo` says what kind of topic it is.
    """
    merged = dict(old)
    for name, value in given.items():
        if name not in SETTABLE:
            raise invalid_parameter(f"{prefix}AttributeName")
        _check(name, value, fifo=fifo, protocol=protocol, endpoint=endpoint, prefix=prefix)
        if name == "RawMessageDelivery":
            merged[name] = value.lower()
        elif value and not (name == "FilterPolicy" and value.strip() == "{}"):
            merged[name] = value
        else:
            merged.pop(name, None)
    if (policy := merged.get("FilterPolicy")) and not given.keys().isdisjoint(("FilterPolicy", "FilterPolicyScope")):
        parse_filter_policy(policy, merged.get("FilterPolicyScope", ATTRIBUTES), prefix)
    return merged


def _check(name: str, value: str, *, fifo: bool, protocol: str, endpoint: str, prefix: str) -> None:
    match name:
        case "FilterPolicyScope":
            if value not in SCOPES:
                raise invalid_parameter(
                    f"{prefix}FilterPolicyScope: Invalid value [{value}]. "
                    "Please use either MessageBody or MessageAttributes"
                )
        case "RawMessageDelivery":
            if value.lower() not in ("true", "false"):
                raise invalid_parameter(f"{prefix}RawMessageDelivery: Invalid value [{value}]. Must be true or false.")
            if value.lower() == "true" and protocol not in RAW_PROTOCOLS:
                raise invalid_parameter(
                    f"{prefix}RawMessageDelivery: Delivery protocol [{protocol}] does not support raw message delivery."
                )
        case "RedrivePolicy" if value:
            _check_redrive(value, fifo=fifo, endpoint=endpoint, prefix=prefix)
        case "DeliveryPolicy" if value:
            if protocol not in ("http", "https"):
                raise invalid_parameter(
                    f"{prefix}DeliveryPolicy: Delivery protocol [{protocol}] does not support delivery policies."
                )
            parse_subscription_policy(value, prefix)
        case "ReplayPolicy" if value:
            if not fifo:
                raise invalid_parameter(f"{prefix}ReplayPolicy: can only be set for FIFO topics")
            parse_replay_policy(value, prefix)


def _check_redrive(text: str, *, fifo: bool, endpoint: str, prefix: str) -> None:
    try:
        policy: Any = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise invalid_parameter(f"{prefix}RedrivePolicy: failed to parse JSON.{why_not_json(text)}") from None
    target = policy.get("deadLetterTargetArn") if isinstance(policy, dict) else None
    arn = parse_arn(target) if isinstance(target, str) else None
    if arn is None:
        raise invalid_parameter(f"{prefix}RedrivePolicy: deadLetterTargetArn is an invalid arn")
    queue = arn.service == "sqs"
    if fifo and endpoint.endswith(".fifo") and not (queue and arn.resource.endswith(".fifo")):
        raise invalid_parameter(
            f"{prefix}RedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic."
        )
    if not queue:
        raise invalid_parameter(f"{prefix}RedrivePolicy: deadLetterTargetArn is an invalid arn")


def dead_letter_of(attributes: Attributes) -> str:
    """The ARN of the dead-letter queue; empty where there is none."""
    text = attributes.get("RedrivePolicy")
    return str(orjson.loads(text)["deadLetterTargetArn"]) if text else ""
