"""Which endpoints a protocol has, and which of them a topic may have.

https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from atoll.core.arn import Arn, parse_arn
from atoll.core.errors import AwsError
from atoll.services.sns.characters import check_shown
from atoll.services.sns.errors import invalid_parameter

PROTOCOLS = frozenset(("http", "https", "email", "email-json", "sms", "sqs", "application", "lambda", "firehose"))
CONFIRMED_LATER = frozenset(("http", "https", "email", "email-json"))
_PHONE = re.compile(r"\+?[0-9](?:[./-]?[0-9]){1,30}")
_E164 = re.compile(r"\+?[1-9][0-9]{1,14}")


def is_phone_number(text: str) -> bool:
    """E.164, perhaps with single separators between digits."""
    return bool(_PHONE.fullmatch(text)) and bool(_E164.fullmatch(normal_phone_number(text)))


def normal_phone_number(text: str) -> str:
    return re.sub(r"[./-]", "", text)


def check_endpoint(protocol: str, endpoint: str | None, *, fifo: bool) -> None:
    """Raises InvalidParameterException. `fifo` says what kind of topic it is."""
    if protocol not in PROTOCOLS:
        raise invalid_parameter(f"Amazon SNS does not support this protocol string: {protocol}")
    if not endpoint:
        raise invalid_parameter("Endpoint")
    check_shown(endpoint, "Endpoint")
    if fifo and protocol != "sqs":
        raise invalid_parameter(
            f"Invalid parameter: Protocol Reason: Protocol {protocol} is not supported for FIFO topics"
        )
    match protocol:
        case "http" | "https":
            if not endpoint.lower().startswith(f"{protocol}://"):
                raise invalid_parameter("Endpoint must match the specified protocol")
            if not _is_url(endpoint):
                raise invalid_parameter("Endpoint")
        case "sqs":
            arn = parse_arn(endpoint)
            if arn is None or arn.service != "sqs" or not arn.account or not arn.region:
                raise invalid_parameter("SQS endpoint ARN")
            if endpoint.endswith(".fifo") and not fifo:
                raise invalid_parameter(
                    "Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics"
                )
        case "lambda":
            if not _is_resource(parse_arn(endpoint), "lambda", "function:"):
                raise invalid_parameter("Lambda endpoint ARN")
        case "firehose":
            if not _is_resource(parse_arn(endpoint), "firehose", "deliverystream/"):
                raise invalid_parameter("Firehose endpoint ARN")
        case "application":
            if not _is_resource(parse_arn(endpoint), "sns", "endpoint/"):
                raise invalid_parameter(f"Application endpoint arn invalid:{endpoint}")
        case "sms":
            if not is_phone_number(endpoint):
                raise AwsError("InvalidParameterException", f"Invalid SMS endpoint: {endpoint}")
        case _:
            if not _is_email(endpoint):
                raise invalid_parameter("Email address")


def _is_email(text: str) -> bool:
    local, _, domain = text.partition("@")
    return bool(local) and "@" not in domain and "." in domain[1:-1] and text.split() == [text]


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


def _is_resource(arn: Arn | None, service: str, start: str) -> bool:
    return arn is not None and arn.service == service and arn.resource.startswith(start)
