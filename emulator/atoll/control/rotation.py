"""Keys that are replaced: by themselves, for accounts whose manifest wants that, and when somebody says so.

A key that is as old as `credentials.rotation` says is followed by a new one, and stays valid beside it for as long
again, so that whoever has it can come for the new one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from atoll.cell import Cell
from atoll.control.alarms import Alarms
from atoll.core.clock import Clock
from atoll.index import AccessKey, Declaration, Index


class Rotation:
    """`issue` makes a further key of the account."""

    def __init__(
        self, index: Index, cell: Cell, clock: Clock, issue: Callable[[Declaration], Awaitable[AccessKey]]
    ) -> None:
        self._index = index
        self._clock = clock
        self._issue = issue
        self._alarms = Alarms(cell, clock, "the keys could not be replaced")

    def follow(self, declaration: Declaration, seconds: float | None) -> None:
        """From now on the account's keys are replaced after so many seconds; None is never. Those that expire are
        revoked in any case."""
        self._alarms.set(declaration, self._clock.now(), lambda: self._look(declaration, seconds))

    def follows(self, declaration: Declaration) -> bool:
        return self._alarms.has(declaration)

    def forget(self, declaration: Declaration) -> None:
        self._alarms.cancel(declaration)

    async def replace(self, declaration: Declaration, overlap: float) -> AccessKey:
        """A new key; those that are there are to be revoked `overlap` seconds from now. `follow` sees to that."""
        old = await active_keys(self._index, declaration)
        new = await self._issue(declaration)
        for key in old:
            await self._index.expire_access_key(key.key_id, self._clock.now() + overlap)
        return new

    async def _look(self, declaration: Declaration, seconds: float | None) -> float | None:
        """The moment at which there is something to do again."""
        now = self._clock.now()
        keys = await active_keys(self._index, declaration)
        if seconds is not None and keys and keys[-1].created + seconds <= now:
            await self.replace(declaration, seconds)
            keys = await active_keys(self._index, declaration)
        moments = []
        for key in keys:
            if key.expires is not None and key.expires <= now:
                await self._index.set_access_key_status(key.key_id, "Revoked")
            elif key.expires is not None:
                moments.append(key.expires)
        if seconds is not None:
            # Without a key its first one is about to be issued, or all were revoked by hand.
            moments.append((keys[-1].created if keys else now) + seconds)
        return min(moments, default=None)


async def active_keys(index: Index, declaration: Declaration) -> list[AccessKey]:
    """The oldest first."""
    keys = await index.access_keys(declaration.realm, declaration.account)
    return [key for key in keys if key.status == "Active"]
