"""Times as answers have them."""

from __future__ import annotations

from datetime import UTC, datetime

from atoll.services.secretsmanager.secrets import DAY


def moment(seconds: float | None) -> datetime | None:
    """To the millisecond, as AWS has them."""
    return None if seconds is None else datetime.fromtimestamp(round(seconds, 3), UTC)


def day(number: int | None) -> datetime | None:
    """The midnight that a day begins with: when something was accessed is told no better."""
    return None if number is None else datetime.fromtimestamp(number * DAY, UTC)
