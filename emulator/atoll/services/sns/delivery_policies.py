"""Delivery policies: how often, and when, a message is sent again to an HTTP(S) endpoint that did not take it.

https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
"""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any, NamedTuple

from atoll.core.errors import AwsError
from atoll.core.json_objects import read_object
from atoll.services.sns.errors import invalid_parameter

LONGEST = 3600
"""Seconds in which all attempts have to be made."""
MAX_RETRIES = 100
CONTENT_TYPE = "text/plain; charset=UTF-8"
FUNCTIONS = ("arithmetic", "exponential", "geometric", "linear")
TOPICS = ("defaultHealthyRetryPolicy", "disableSubscriptionOverrides", "defaultThrottlePolicy", "defaultRequestPolicy")
SUBSCRIPTIONS = ("healthyRetryPolicy", "sicklyRetryPolicy", "throttlePolicy", "requestPolicy", "guaranteed")
"""Members, in the order in which they are shown."""
_IN_TOPICS = ("http.defaultHealthyRetryPolicy", "http.defaultThrottlePolicy", "http.defaultRequestPolicy")
_IN_SUBSCRIPTIONS = ("healthyRetryPolicy", "throttlePolicy", "requestPolicy")
CONTENT_TYPES = frozenset(
    (
        "application/atom+xml",
        "application/json",
        "application/octet-stream",
        "application/soap+xml",
        "application/x-www-form-urlencoded",
        "application/xhtml+xml",
        "application/xml",
        "text/css",
        "text/csv",
        "text/html",
        "text/plain",
        "text/xml",
    )
)
DEFAULT: dict[str, Any] = {
    "minDelayTarget": 20,
    "maxDelayTarget": 20,
    "numRetries": 3,
    "numMaxDelayRetries": 0,
    "numNoDelayRetries": 0,
    "numMinDelayRetries": 0,
    "backoffFunction": "linear",
}


class DeliveryPolicy(NamedTuple):
    """`retry` has all keys of DEFAULT. `per_second` is how many messages an endpoint gets at most; 0 is any number."""

    retry: dict[str, Any]
    per_second: int
    content_type: str

    def delay(self, attempts: int) -> float | None:
        """Seconds until the next attempt after so many; None where it was the last."""
        retry = self.retry
        number = attempts
        if number > retry["numRetries"]:
            return None
        for count, seconds in (
            (retry["numNoDelayRetries"], 0.0),
            (retry["numMinDelayRetries"], float(retry["minDelayTarget"])),
        ):
            if number <= count:
                return seconds
            number -= count
        between = retry["numRetries"] - sum(
            retry[name] for name in ("numNoDelayRetries", "numMinDelayRetries", "numMaxDelayRetries")
        )
        if number > between:
            return float(retry["maxDelayTarget"])
        return _back_off(
            retry["backoffFunction"], number, between, float(retry["minDelayTarget"]), float(retry["maxDelayTarget"])
        )


def _back_off(function: str, number: int, count: int, least: float, most: float) -> float:
    """The delay before the `number`th of `count` retries, from the least to the most."""
    if count == 1:
        return least
    part = (number - 1) / (count - 1)
    match function:
        case "arithmetic":
            grown = part * (number / count)
        case "exponential":
            grown = (2.0 ** (number - 1) - 1) / (2.0 ** (count - 1) - 1)
        case "geometric":
            return least * (most / least) ** part if least else most * part
        case _:
            grown = part
    return least + (most - least) * grown


def parse_topic_policy(text: str, prefix: str = "") -> dict[str, Any]:
    """A topic's DeliveryPolicy, `{"http": {…}}`, as it is shown: without what is null. Raises
    InvalidParameterException."""
    policy = _parse(text, prefix)
    http = policy.get("http")
    if not isinstance(http, dict) or policy.keys() != {"http"}:
        raise _refused(prefix, "Unexpected JSON member")
    _check_keys(http, TOPICS, prefix)
    _check_parts(
        http.get("defaultHealthyRetryPolicy"),
        http.get("defaultThrottlePolicy"),
        http.get("defaultRequestPolicy"),
        prefix,
        _IN_TOPICS,
    )
    if not isinstance(http.get("disableSubscriptionOverrides", False), bool):
        raise _refused(prefix, "disableSubscriptionOverrides must be a boolean")
    http = {"disableSubscriptionOverrides": False, **http}
    return {"http": {name: http[name] for name in TOPICS if http.get(name) is not None}}


def parse_subscription_policy(text: str, prefix: str = "") -> dict[str, Any]:
    """A subscription's DeliveryPolicy as it is shown: with all members. Raises InvalidParameterException."""
    policy = _parse(text, prefix)
    _check_keys(policy, SUBSCRIPTIONS, prefix)
    _check_parts(
        policy.get("healthyRetryPolicy"),
        policy.get("throttlePolicy"),
        policy.get("requestPolicy"),
        prefix,
        _IN_SUBSCRIPTIONS,
    )
    return {name: policy.get(name) for name in SUBSCRIPTIONS} | {"guaranteed": bool(policy.get("guaranteed"))}


def effective_topic_policy(policy: dict[str, Any] | None) -> dict[str, Any]:
    """What a topic shows as EffectiveDeliveryPolicy."""
    http = (policy or {}).get("http") or {}
    shown: dict[str, Any] = {
        "defaultHealthyRetryPolicy": {**DEFAULT, **(http.get("defaultHealthyRetryPolicy") or {})},
        "disableSubscriptionOverrides": http.get("disableSubscriptionOverrides", False),
    }
    if throttle := http.get("defaultThrottlePolicy"):
        shown["defaultThrottlePolicy"] = throttle
    shown["defaultRequestPolicy"] = http.get("defaultRequestPolicy") or {"headerContentType": CONTENT_TYPE}
    return {"http": shown}


def effective_policy(topic: dict[str, Any] | None, subscription: dict[str, Any] | None) -> DeliveryPolicy:
    """What holds for a subscription."""
    http = effective_topic_policy(topic)["http"]
    own = {} if http["disableSubscriptionOverrides"] else subscription or {}
    retry = own.get("healthyRetryPolicy")
    throttle = own.get("throttlePolicy") or http.get("defaultThrottlePolicy") or {}
    request = own.get("requestPolicy") or http["defaultRequestPolicy"]
    return DeliveryPolicy(
        {**DEFAULT, **retry} if retry else http["defaultHealthyRetryPolicy"],
        int(throttle.get("maxReceivesPerSecond") or 0),
        request.get("headerContentType") or CONTENT_TYPE,
    )


def effective_subscription_policy(policy: DeliveryPolicy) -> dict[str, Any]:
    """What a subscription shows as EffectiveDeliveryPolicy."""
    return {
        "healthyRetryPolicy": policy.retry,
        "sicklyRetryPolicy": None,
        "throttlePolicy": {"maxReceivesPerSecond": policy.per_second} if policy.per_second else None,
        "requestPolicy": {"headerContentType": policy.content_type},
        "guaranteed": False,
    }


def _refused(prefix: str, message: str) -> AwsError:
    return invalid_parameter(f"{prefix}DeliveryPolicy: {message}")


def _parse(text: str, prefix: str) -> dict[str, Any]:
    policy = read_object(text)
    if policy is None:
        raise _refused(prefix, "failed to parse JSON.")
    return policy


def _check_keys(policy: dict[str, Any], known: Collection[str], prefix: str) -> None:
    for key in policy:
        if key not in known:
            raise _refused(prefix, f"Unexpected JSON member: {key}")


def _check_parts(retry: Any, throttle: Any, request: Any, prefix: str, names: tuple[str, str, str]) -> None:
    """`names` is where they stand in the policy."""
    if retry is not None:
        _check_retry(retry, prefix, names[0])
    if throttle is not None:
        per_second = throttle.get("maxReceivesPerSecond") if isinstance(throttle, dict) else None
        if per_second is not None and (not _is_whole(per_second) or per_second < 1):
            raise _refused(prefix, f"{names[1]}.maxReceivesPerSecond must be greater than or equal to 1")
    if request is not None:
        content_type = request.get("headerContentType") if isinstance(request, dict) else None
        if (
            not isinstance(content_type, str)
            or not content_type.isprintable()
            or content_type.partition(";")[0].strip().lower() not in CONTENT_TYPES
        ):
            raise _refused(prefix, f"{names[2]}.headerContentType: Invalid value [{content_type}]")


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _check_retry(retry: Any, prefix: str, where: str) -> None:
    if not isinstance(retry, dict):
        raise _refused(prefix, f"{where} must be an object")
    _check_keys(retry, DEFAULT, prefix)
    for name, value in retry.items():
        if name != "backoffFunction" and (not _is_whole(value) or value < 0):
            raise _refused(prefix, f"{where}.{name} must be greater than or equal to 0")
    if retry.get("backoffFunction", "linear") not in FUNCTIONS:
        raise _refused(prefix, f"{where}.backoffFunction must be one of {', '.join(FUNCTIONS)}")
    whole = {**DEFAULT, **retry}
    least, most = whole["minDelayTarget"], whole["maxDelayTarget"]
    if not 1 <= least <= LONGEST or most > LONGEST:
        raise _refused(prefix, f"{where}.minDelayTarget and maxDelayTarget must be from 1 to {LONGEST}")
    if least > most:
        raise _refused(prefix, f"{where}.maxDelayTarget must be greater than or equal to minDelayTarget")
    if whole["numRetries"] > MAX_RETRIES:
        raise _refused(prefix, f"{where}.numRetries must be less than or equal to {MAX_RETRIES}")
    phases = whole["numNoDelayRetries"] + whole["numMinDelayRetries"] + whole["numMaxDelayRetries"]
    if phases > whole["numRetries"]:
        raise _refused(
            prefix,
            f"{where}.numRetries must be greater than or equal to total of numMinDelayRetries, "
            "numNoDelayRetries and numMaxDelayRetries",
        )
    policy = DeliveryPolicy(whole, 0, CONTENT_TYPE)
    if math.fsum(policy.delay(number) or 0.0 for number in range(1, whole["numRetries"] + 1)) > LONGEST:
        raise _refused(prefix, f"{where}: the total retry time must not exceed {LONGEST} seconds")
