"""What an account's time causes: one alarm an account for each kind of work, which sets itself anew."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from atoll.cell import Cell
from atoll.cell.scheduler import Alarm
from atoll.core.clock import Clock
from atoll.index import Declaration

logger = logging.getLogger(__name__)

RETRY = 60.0
"""Seconds until what failed is tried again."""

Work = Callable[[], Awaitable[float | None]]
"""Done at an alarm. Returns the moment at which there is something to do again, in seconds since the epoch."""


class Alarms:
    """`what` says in the log what could not be done: "the keys could not be replaced"."""

    def __init__(self, cell: Cell, clock: Clock, what: str) -> None:
        self._cell = cell
        self._clock = clock
        self._what = what
        self._alarms: dict[tuple[str, str], Alarm] = {}

    def set(self, declaration: Declaration, due: float, work: Work) -> None:
        """In place of the account's alarm that was set before; work that is under way sets none after this."""
        self.cancel(declaration)
        self._alarms[_key(declaration)] = self._cell.scheduler.at(due, lambda: self._ring(declaration, work))

    def has(self, declaration: Declaration) -> bool:
        return _key(declaration) in self._alarms

    def cancel(self, declaration: Declaration) -> None:
        if (alarm := self._alarms.pop(_key(declaration), None)) is not None:
            alarm.cancel()

    def _ring(self, declaration: Declaration, work: Work) -> None:
        self._cell.spawn(self._do(declaration, work, self._alarms[_key(declaration)]))

    async def _do(self, declaration: Declaration, work: Work, alarm: Alarm) -> None:
        due: float | None = self._clock.now() + RETRY
        try:
            due = await work()
        except Exception:
            logger.exception("%s: %s; tried again in %d s", declaration.name, self._what, RETRY)
        # Else another spec has come meanwhile, or the account has gone.
        if self._alarms.get(_key(declaration)) is alarm:
            if due is None:
                self.cancel(declaration)
            else:
                self.set(declaration, due, work)


def _key(declaration: Declaration) -> tuple[str, str]:
    return declaration.realm, declaration.name
