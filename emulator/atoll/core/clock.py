"""Time, injected. Nothing else in Atoll reads the machine's clock."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Says what time it is."""

    def now(self) -> float:
        """Seconds since the epoch, as AWS's timestamps count them."""


class SystemClock:
    """The machine's own clock."""

    now = staticmethod(time.time)


class ManualClock:
    """A clock that stands still until it is moved.

    Whoever waits for a moment subscribes, and is told of every move (the cell's scheduler does).
    """

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self._now = now
        self.moved: list[_Listener] = []

    def now(self) -> float:
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += seconds
        for listener in tuple(self.moved):
            listener()


class _Listener(Protocol):
    def __call__(self) -> None: ...
