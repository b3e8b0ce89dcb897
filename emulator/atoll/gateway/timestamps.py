"""The time at the head of a log line."""

from __future__ import annotations

from functools import lru_cache
from time import gmtime, strftime


def stamp(when: float) -> str:
    """`when`, in seconds since the epoch, as ISO 8601 in UTC with milliseconds."""
    return _stamp(int(when * 1000))


# Calls that come thick share their millisecond.
@lru_cache(maxsize=64)
def _stamp(milliseconds: int) -> str:
    second, rest = divmod(milliseconds, 1000)
    return f"{_second(second)}.{rest:03d}Z"


@lru_cache(maxsize=8)
def _second(second: int) -> str:
    return strftime("%Y-%m-%dT%H:%M:%S", gmtime(second))
