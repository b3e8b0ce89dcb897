"""Keys that are replaced by themselves, for accounts whose manifest wants that.

A key that is as old as `credentials.rotation` says is followed by a new one, and stays valid beside it for as long
again, so that whoever has it can come for the new one.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from itertools import pairwise

from atoll.cell import Cell
from atoll.cell.scheduler import Alarm
from atoll.core.clock import Clock
from atoll.index import AccessKey, Declaration, Index

logger = logging.getLogger(__name__)

RETRY = 60.0
"""Seconds until what failed is tried again."""


class Rotation:
    """`issue` makes a further key of the account."""

    def __init__(
        self, index: Index, cell: Cell, clock: Clock, issue: Callable[[Declaration], Awaitable[AccessKey]]
    ) -> None:
        self._index = index
        self._cell = cell
        self._clock = clock
        self._issue = issue
        self._alarms: dict[tuple[str, str], Alarm] = {}

    def follow(self, declaration: Declaration, seconds: float | None) -> None:
        """From now on the account's keys are replaced after so many seconds; None is never."""
        self.forget(declaration)
        if seconds is not None:
            self._set(declaration, seconds, self._clock.now())

    def forget(self, declaration: Declaration) -> None:
        if (alarm := self._alarms.pop((declaration.realm, declaration.name), None)) is not None:
            alarm.cancel()

    def _set(self, declaration: Declaration, seconds: float, due: float) -> None:
        key = (declaration.realm, declaration.name)
        self._alarms[key] = self._cell.scheduler.at(due, lambda: self._ring(declaration, seconds))

    def _ring(self, declaration: Declaration, seconds: float) -> None:
        self._cell.spawn(self._look(declaration, seconds))

    async def _look(self, declaration: Declaration, seconds: float) -> None:
        key = (declaration.realm, declaration.name)
        alarm = self._alarms.get(key)
        due = self._clock.now() + RETRY
        try:
            due = await self._rotate(declaration, seconds)
        except Exception:
            logger.exception("the keys of %s could not be replaced; tried again in %d s", declaration.name, RETRY)
        if self._alarms.get(key) is alarm and alarm is not None:
            # Else another spec has come meanwhile, or the account has gone.
            self._set(declaration, seconds, due)

    async def _rotate(self, declaration: Declaration, seconds: float) -> float:
        """The moment at which there is something to do again."""
        now = self._clock.now()
        keys = await active_keys(self._index, declaration)
        if not keys:
            # Its first one is about to be issued, or all were revoked by hand.
            return now + seconds
        if keys[-1].created + seconds <= now:
            keys.append(await self._issue(declaration))
        moments = [keys[-1].created + seconds]
        for key, successor in pairwise(keys):
            ends = successor.created + seconds
            if ends <= now:
                await self._index.set_access_key_status(key.key_id, "Revoked")
            else:
                moments.append(ends)
        return min(moments)


async def active_keys(index: Index, declaration: Declaration) -> list[AccessKey]:
    """The oldest first."""
    keys = await index.access_keys(declaration.realm, declaration.account)
    return [key for key in keys if key.status == "Active"]
