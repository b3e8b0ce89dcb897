"""Replay policies: which archived messages of a FIFO topic a subscription is to have again.

https://docs.aws.amazon.com/sns/latest/dg/message-archiving-and-replay-subscriber.html
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson

from atoll.core.errors import AwsError
from atoll.services.sns.errors import invalid_parameter


class ReplayPolicy(NamedTuple):
    """Milliseconds since the epoch; without an end, whatever is published later follows."""

    start: int
    end: int | None


def parse_replay_policy(text: str, prefix: str = "") -> ReplayPolicy:
    """Raises InvalidParameterException."""
    try:
        policy: Any = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise invalid_parameter(f"{prefix}ReplayPolicy: failed to parse JSON.") from None
    known = {"PointType", "StartingPoint", "EndingPoint"}
    if not isinstance(policy, dict) or not policy.keys() <= known or policy.get("PointType") != "Timestamp":
        raise _refused(prefix, "PointType must be Timestamp")
    start = _moment(policy.get("StartingPoint"))
    if start is None:
        raise _refused(prefix, "StartingPoint is not a valid timestamp")
    if "EndingPoint" not in policy:
        return ReplayPolicy(start, None)
    end = _moment(policy["EndingPoint"])
    if end is None:
        raise _refused(prefix, "EndingPoint is not a valid timestamp")
    if end < start:
        raise _refused(prefix, "EndingPoint must not be before StartingPoint")
    return ReplayPolicy(start, end)


def _refused(prefix: str, message: str) -> AwsError:
    return invalid_parameter(f"{prefix}ReplayPolicy: {message}")


def _moment(value: object) -> int | None:
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
