"""When a secret is to be rotated: rates, cron expressions, windows. All in UTC, as AWS has it.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from atoll.core.call import Params
from atoll.services.secretsmanager.errors import invalid_parameter

HOUR, DAY = 3600, 86_400
SHORTEST_RATE, LONGEST_RATE = 4, 999
"""Hours, which stand between the hours of a cron expression too, and days."""
_RATE = re.compile(r"rate\(([0-9]+) (hours?|days?)\)")
_CRON = re.compile(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)")
_MONTHS = {
    name: number
    for number, name in enumerate(
        ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"), start=1
    )
}
_DAYS = {"SUN": 1, "MON": 2, "TUE": 3, "WED": 4, "THU": 5, "FRI": 6, "SAT": 7}
_YEAR = 366


class Window(NamedTuple):
    """When a rotation may begin, and the last second of it."""

    start: float
    end: float


class Schedule:
    """What RotationRules say. `by_rate` ones count from the last rotation."""

    def __init__(self, *, every: int = 0, cron: _Cron | None = None, hours: int | None = None) -> None:
        self._every = every
        self._cron = cron
        self._hours = hours
        self.by_rate = cron is None

    def next_window(self, after: float) -> Window:
        """The first that begins later; of a rate, that time after it."""
        if self._cron is not None:
            start, hourly = self._cron.next_start(after), self._cron.hourly
        else:
            hourly = self._every % DAY != 0
            unit = HOUR if hourly else DAY
            start = (after // unit) * unit + self._every
        if self._hours is not None:
            end = start + self._hours * HOUR
        else:
            end = start + HOUR if hourly else (start // DAY + 1) * DAY
        return Window(start, end - 1)


def read_rules(rules: Params) -> Schedule | None:
    """The schedule; None where the rules have none. Raises InvalidParameterException."""
    days, expression, duration = (
        rules.get(name) for name in ("AutomaticallyAfterDays", "ScheduleExpression", "Duration")
    )
    if days is not None and expression is not None:
        raise invalid_parameter("You cannot specify both rotation frequency and schedule expression together.")
    hours = None if duration is None else int(duration[:-1])
    if hours is not None and not 1 <= hours <= 24:
        raise invalid_parameter("The rotation window must be between 1 and 24 hours.")
    if days is not None:
        return Schedule(every=days * DAY, hours=hours)
    if expression is None:
        return None
    return _read_rate(expression, hours) or _read_cron(expression, hours)


def _invalid() -> Exception:
    return invalid_parameter("Invalid ScheduleExpression.")


def _read_rate(expression: str, hours: int | None) -> Schedule | None:
    match = _RATE.fullmatch(expression)
    if match is None:
        return None
    number, unit = int(match[1]), match[2]
    in_hours = unit.startswith("hour")
    if not (number >= SHORTEST_RATE if in_hours else number >= 1) or number > LONGEST_RATE * (24 if in_hours else 1):
        raise _invalid()
    if in_hours and hours is not None and hours > number:
        raise invalid_parameter("The rotation window can't extend into the next rotation window.")
    return Schedule(every=number * (HOUR if in_hours else DAY), hours=hours)


def _read_cron(expression: str, hours: int | None) -> Schedule:
    match = _CRON.fullmatch(expression)
    if match is None:
        raise _invalid()
    try:
        cron = _Cron(*match.groups())
    except ValueError:
        raise _invalid() from None
    if hours is not None and cron.hours[-1] + hours > 24:
        raise invalid_parameter("The rotation window can't extend into the next UTC day.")
    if hours is not None and hours > cron.shortest_gap:
        raise invalid_parameter("The rotation window can't extend into the next rotation window.")
    return Schedule(cron=cron, hours=hours)


class _Cron:
    """Raises ValueError where a field is not one."""

    def __init__(self, minutes: str, hours: str, days: str, months: str, weekdays: str, year: str) -> None:
        if minutes != "0" or year != "*" or "?" not in (days, weekdays) or days == weekdays:
            raise ValueError
        self.hours = sorted(_numbers(hours, 0, 23))
        self.hourly = len(self.hours) > 1
        self.shortest_gap = min((later - hour for hour, later in pairwise(self.hours)), default=24)
        if self.shortest_gap < SHORTEST_RATE:
            raise ValueError
        self._months = _numbers(months, 1, 12, _MONTHS)
        self._days = days
        self._weekdays = weekdays
        for year_ in (2023, 2024):
            # Whatever is wrong shows at once.
            self._days_of(year_, 2)

    def next_start(self, after: float) -> float:
        first = datetime.fromtimestamp(after, UTC)
        for day in self._dates(first.date()):
            for hour in self.hours:
                start = datetime(day.year, day.month, day.day, hour, tzinfo=UTC).timestamp()
                if start > after:
                    return start
        raise _invalid()

    def _dates(self, day: date) -> Iterator[date]:
        for _ in range(4 * _YEAR):
            if day.month in self._months and day.day in self._days_of(day.year, day.month):
                yield day
            day += timedelta(days=1)

    def _days_of(self, year: int, month: int) -> frozenset[int]:
        if self._days != "?":
            return _days_of_month(self._days, year, month)
        return _days_by_week(self._weekdays, year, month)


@lru_cache(maxsize=256)
def _days_of_month(field: str, year: int, month: int) -> frozenset[int]:
    last = monthrange(year, month)[1]
    if field == "L":
        return frozenset((last,))
    return frozenset(day for day in _numbers(field, 1, 31) if day <= last)


@lru_cache(maxsize=256)
def _days_by_week(field: str, year: int, month: int) -> frozenset[int]:
    last = monthrange(year, month)[1]
    # Sunday is 1.
    days = {day: date(year, month, day).isoweekday() % 7 + 1 for day in range(1, last + 1)}
    name, sign, which = field.partition("#")
    if sign:
        weekday, nth = min(_numbers(name, 1, 7, _DAYS)), int(which)
        if not 1 <= nth <= 5:
            raise ValueError
        return frozenset(day for day, found in days.items() if found == weekday and (day - 1) // 7 == nth - 1)
    if field.endswith("L"):
        weekday = min(_numbers(field[:-1] or "7", 1, 7, _DAYS))
        return frozenset(day for day, found in days.items() if found == weekday and day + 7 > last)
    wanted = _numbers(field, 1, 7, _DAYS)
    return frozenset(day for day, found in days.items() if found in wanted)


def _numbers(field: str, least: int, most: int, names: dict[str, int] | None = None) -> set[int]:
    """`*`, `a`, `a-b`, `a/step`, `/step`, `a-b/step`, and several of them with commas between."""
    found: set[int] = set()
    for part in field.split(","):
        text, slash, step = part.partition("/")
        begin, dash, end = text.partition("-")
        low = least if begin == "*" or (slash and not text) else _number(begin, names)
        high = _number(end, names) if dash else most if begin == "*" or slash else low
        stride = int(step) if slash else 1
        if not (least <= low <= high <= most and stride >= 1):
            raise ValueError
        found.update(range(low, high + 1, stride))
    return found


def _number(text: str, names: dict[str, int] | None) -> int:
    if names is not None and text.upper() in names:
        return names[text.upper()]
    return int(text)
