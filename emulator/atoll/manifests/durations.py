"""Durations as Go writes them, which is how Kubernetes has them: `1h30m`, `200ms`.

https://pkg.go.dev/time#ParseDuration
"""

from __future__ import annotations

import re

PATTERN = r"^(0|(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$"
"""What the CRDs allow of them: no sign, and no number but 0 without its unit. Of micro there are two letters."""

_PART = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)")
_WHOLE = re.compile(PATTERN.removeprefix("^").removesuffix("$"))
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_LONGEST = (2**63 - 1) / 1e9
"""Seconds, some 292 years: Go counts nanoseconds in 64 bits."""


def parse_duration(text: str) -> float:
    """Seconds. Raises ValueError."""
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"{text!r} is no duration: write it as 1h30m, 45s or 200ms")
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(text))
    if seconds > _LONGEST:
        raise ValueError(f"{text!r} is longer than a duration can be")
    return seconds


def render_duration(seconds: float) -> str:
    """The shortest way to write it, to a nanosecond: `1h30m`, `200ms`, `0s`."""
    nanoseconds = round(seconds * 1e9)
    if nanoseconds == 0:
        return "0s"
    for unit, size in (("ns", 1_000), ("us", 1_000), ("ms", 1_000)):
        if nanoseconds % size:
            return f"{nanoseconds}{unit}"
        nanoseconds //= size
    minutes, left = divmod(nanoseconds, 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "m"), (left, "s"))
    return "".join(f"{count}{unit}" for count, unit in parts if count)
