"""One scheduler for all that a cell does at a moment: a heap, and one timer of the loop for its head."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable

from atoll.core.clock import Clock, ManualClock

LONGEST_SLEEP = 60.0
"""Seconds after which the clock is read again, since a machine's clock may be set."""


class Alarm:
    """Something to be done at a moment."""

    __slots__ = ("callback", "due")

    def __init__(self, due: float, callback: Callable[[], None]) -> None:
        self.due = due
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None


class Scheduler:
    def __init__(self, clock: Clock, loop: asyncio.AbstractEventLoop) -> None:
        self._clock = clock
        self._loop = loop
        self._heap: list[tuple[float, int, Alarm]] = []
        self._count = 0
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due = 0.0
        self._stopped = False
        if isinstance(clock, ManualClock):
            clock.moved.append(self._look)

    def at(self, due: float, callback: Callable[[], None]) -> Alarm:
        """Calls `callback` once, at `due` (seconds since the epoch) or soon after."""
        alarm = Alarm(due, callback)
        if self._stopped:
            return alarm
        self._count += 1
        heapq.heappush(self._heap, (due, self._count, alarm))
        if self._timer is None or due < self._timer_due:
            self._sleep_until(due)
        return alarm

    def stop(self) -> None:
        """No alarm rings any more."""
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()
        self._heap.clear()
        if isinstance(self._clock, ManualClock):
            self._clock.moved.remove(self._look)

    def _sleep_until(self, due: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_due = due
        self._timer = self._loop.call_later(min(max(due - self._clock.now(), 0.0), LONGEST_SLEEP), self._look)

    def _look(self) -> None:
        heap = self._heap
        now = self._clock.now()
        while heap and (heap[0][0] <= now or heap[0][2].callback is None):
            callback = heapq.heappop(heap)[2].callback
            if callback is not None:
                callback()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if heap:
            self._sleep_until(heap[0][0])
