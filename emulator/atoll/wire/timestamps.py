"""The three ways in which AWS writes a moment: ISO 8601, an HTTP date, seconds since the epoch.

Reading takes any of them wherever a moment is expected, as AWS does; writing keeps to the one that protocol and model
call for. What is written may be a datetime or seconds since the epoch.

https://smithy.io/2.0/spec/protocol-traits.html#timestamp-formats
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

Moment = datetime | int | float

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS = re.compile(r"[+-]?\d{1,15}(?:\.\d*)?(?:[eE][+-]?\d{1,2})?")
_HTTP_DATE = re.compile(
    r"(?:[A-Z][a-z]{2}, )?(\d{1,2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2})(\.\d{1,9})? (GMT|UTC|[+-]\d{4})"
)


def read_text(text: str) -> datetime:
    """The moment that `text` names in any of the three formats, in UTC. ValueError where it names none."""
    if _SECONDS.fullmatch(text):
        return read_seconds(float(text))
    match = _HTTP_DATE.fullmatch(text)
    try:
        moment = datetime.fromisoformat(text) if match is None else _from_http_date(match)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(text) from error


def read_seconds(seconds: float) -> datetime:
    """The moment `seconds` after the epoch, to the microsecond. ValueError where no calendar reaches it."""
    try:
        return _EPOCH + timedelta(seconds=seconds)
    except OverflowError as error:
        raise ValueError(seconds) from error


def _from_http_date(match: re.Match[str]) -> datetime:
    day, month, year, hour, minute, second, fraction, zone = match.groups()
    if month not in _MONTHS:
        raise ValueError(month)
    offset = UTC
    if zone not in ("GMT", "UTC"):
        offset = timezone(timedelta(hours=int(zone[:3]), minutes=int(zone[0] + zone[3:])))
    microseconds = round(float(fraction) * 1_000_000) if fraction else 0
    return datetime(
        int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second), tzinfo=offset
    ) + timedelta(microseconds=microseconds)


def _in_utc(moment: Moment) -> datetime:
    if not isinstance(moment, datetime):
        return read_seconds(moment)
    if moment.tzinfo is UTC:
        return moment
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def write_iso8601(moment: Moment) -> str:
    """`2026-01-02T03:04:05Z`, with milliseconds where there are any."""
    moment = _in_utc(moment)
    return moment.isoformat(timespec="milliseconds" if moment.microsecond >= 1000 else "seconds")[:-6] + "Z"


def write_http_date(moment: Moment) -> str:
    """`Fri, 02 Jan 2026 03:04:05 GMT`."""
    moment = _in_utc(moment)
    return (
        f"{_DAYS[moment.weekday()]}, {moment.day:02} {_MONTHS[moment.month - 1]} {moment.year:04} "
        f"{moment.hour:02}:{moment.minute:02}:{moment.second:02} GMT"
    )


def write_seconds(moment: Moment) -> int | float:
    """Seconds since the epoch, to the millisecond: an int where they are whole."""
    seconds = round(_in_utc(moment).timestamp() if isinstance(moment, datetime) else moment, 3)
    whole = int(seconds)
    return whole if whole == seconds else seconds


def text_writer(timestamp_format: str) -> Callable[[Moment], str]:
    """What writes a moment as text in the format that a model names: iso8601, rfc822 or unixTimestamp."""
    return _WRITERS[timestamp_format]


_WRITERS: dict[str, Callable[[Moment], str]] = {
    "iso8601": write_iso8601,
    "rfc822": write_http_date,
    "unixTimestamp": lambda moment: str(write_seconds(moment)),
}
