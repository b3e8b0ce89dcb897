"""Subscription attributes: what may be set to what.

https://docs.aws.amazon.com/sns/latest/api/API_SetSubscriptionAttributes.html
"""

from __future__ import annotations

from typing import Any

import orjson

from atoll.core.arn import parse_arn
from atoll.services.sns.characters import check_shown
from atoll.services.sns.delivery_policies import parse_subscription_policy
from atoll.services.sns.errors import invalid_parameter
from atoll.services.sns.filter_policies import ATTRIBUTES, SCOPES, parse_filter_policy
from atoll.services.sns.filter_tokens import why_not_json
from atoll.services.sns.replay_policies import parse_replay_policy
from atoll.services.sns.topics import FIFO

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
DEFAULTS: Attributes = {"RawMessageDelivery": "false", "FilterPolicyScope": ATTRIBUTES}
"""What a subscription has whose attribute is not set."""
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
        value = _read(name, value, fifo=fifo, protocol=protocol, endpoint=endpoint, prefix=prefix)
        if value and not (name == "FilterPolicy" and value.strip() == "{}"):
            merged[name] = value
        else:
            merged.pop(name, None)
    if (policy := merged.get("FilterPolicy")) and not given.keys().isdisjoint(("FilterPolicy", "FilterPolicyScope")):
        parse_filter_policy(policy, merged.get("FilterPolicyScope", ATTRIBUTES), prefix)
    return merged


def _read(name: str, value: str, *, fifo: bool, protocol: str, endpoint: str, prefix: str) -> str:
    """The value as it is kept and shown."""
    check_shown(value, f"{prefix}{name}")
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
                    f"{prefix}Delivery protocol [{protocol}] does not support raw message delivery."
                )
            return value.lower()
        case "RedrivePolicy" if value:
            _check_redrive(value, fifo=fifo, endpoint=endpoint, prefix=prefix)
        case "DeliveryPolicy" if value:
            # Every protocol may have one; it is for HTTP and HTTPS.
            return orjson.dumps(parse_subscription_policy(value, prefix)).decode()
        case "ReplayPolicy" if value:
            if not fifo:
                raise invalid_parameter(f"{prefix}ReplayPolicy: can only be set for FIFO topics")
            parse_replay_policy(value, prefix)
    return value


def _check_redrive(text: str, *, fifo: bool, endpoint: str, prefix: str) -> None:
    """https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html"""
    try:
        policy: Any = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise invalid_parameter(f"{prefix}RedrivePolicy: failed to parse JSON.{why_not_json(text)}") from None
    target = policy.get("deadLetterTargetArn") if isinstance(policy, dict) else None
    arn = parse_arn(target) if isinstance(target, str) else None
    if arn is None:
        raise invalid_parameter(f"{prefix}RedrivePolicy: deadLetterTargetArn is an invalid arn")
    queue = arn.service == "sqs" and arn.account and arn.region
    ordered = fifo and endpoint.endswith(FIFO)
    if ordered and not (queue and arn.resource.endswith(FIFO)):
        raise invalid_parameter(
            f"{prefix}RedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic."
        )
    if not queue:
        raise invalid_parameter(f"{prefix}RedrivePolicy: deadLetterTargetArn is an invalid arn")
    if not ordered and arn.resource.endswith(FIFO):
        # AWS's words for it are not known.
        raise invalid_parameter(f"{prefix}RedrivePolicy: must use a standard queue as DLQ for a standard Subscription.")


def dead_letter_of(attributes: Attributes) -> str:
    """The ARN of the dead-letter queue; empty where there is none."""
    text = attributes.get("RedrivePolicy")
    return str(orjson.loads(text)["deadLetterTargetArn"]) if text else ""
