"""One scheduler for all that a cell does at a moment: a heap, and one timer of the loop for its head."""

from __future__ import annotations

import asyncio
import heapq
import logging
from collections.abc import Callable

from atoll.core.clock import Clock, ManualClock

logger = logging.getLogger(__name__)

MOST_CANCELLED = 100
LONGEST_SLEEP = 60.0
"""Seconds after which the clock is read again, since a machine's clock may be set."""


class Alarm:
    """Something to be done at a moment."""

    __slots__ = ("_scheduler", "callback", "due")

    def __init__(self, due: float, callback: Callable[[], None], scheduler: Scheduler) -> None:
        self.due = due
        self.callback: Callable[[], None] | None = callback
        self._scheduler = scheduler

    def cancel(self) -> None:
        if self.callback is not None:
            self.callback = None
            self._scheduler.cancelled()


class Scheduler:
    def __init__(self, clock: Clock, loop: asyncio.AbstractEventLoop) -> None:
        self._clock = clock
        self._loop = loop
        self._heap: list[tuple[float, int, Alarm]] = []
        self._count = 0
        self._cancelled = 0
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due = 0.0
        self._stopped = False
        if isinstance(clock, ManualClock):
            clock.moved.append(self._look)

    @property
    def due(self) -> bool:
        """Whether an alarm's moment has come, and it has yet to ring."""
        return bool(self._heap) and self._heap[0][0] <= self._clock.now()

    def at(self, due: float, callback: Callable[[], None]) -> Alarm:
        """Calls `callback` once, at `due` (seconds since the epoch) or soon after."""
        alarm = Alarm(due, callback, self)
        if self._stopped:
            return alarm
        self._count += 1
        heapq.heappush(self._heap, (due, self._count, alarm))
        if self._timer is None or due < self._timer_due:
            self._sleep_until(due)
        return alarm

    def cancelled(self) -> None:
        """Takes cancelled alarms out once they are the most, since their moments may be far off."""
        self._cancelled += 1
        if self._cancelled > MOST_CANCELLED and self._cancelled * 2 > len(self._heap):
            self._heap = [entry for entry in self._heap if entry[2].callback is not None]
            heapq.heapify(self._heap)
            self._cancelled = 0

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
        now = self._clock.now()
        # What rings may set and cancel alarms, which may put another heap in place of this one.
        while self._heap and (self._heap[0][0] <= now or self._heap[0][2].callback is None):
            alarm = heapq.heappop(self._heap)[2]
            callback, alarm.callback = alarm.callback, None
            if callback is None:
                self._cancelled = max(self._cancelled - 1, 0)
                continue
            try:
                callback()
            except Exception:
                logger.exception("an alarm failed")
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._heap:
            self._sleep_until(self._heap[0][0])
