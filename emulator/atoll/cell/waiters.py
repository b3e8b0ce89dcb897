"""Calls that wait for something in a tenant. They belong to the cell, so a tenant may be closed meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Hashable

from atoll.cell.scheduler import Scheduler
from atoll.core.clock import Clock
from atoll.core.tenant_id import TenantId

SHORTEST_SLEEP = 0.01
"""Seconds, so that a call that finds nothing at the moment it named does not spin."""

Key = tuple[TenantId, Hashable]


class _Waiter:
    """One waiting call. `woken` says that it has a wake it has not used yet."""

    __slots__ = ("future", "woken")

    def __init__(self) -> None:
        self.future: asyncio.Future[None] | None = None
        self.woken = False

    def wake(self) -> None:
        self.woken = True
        self.stir()

    def stir(self) -> None:
        if self.future is not None and not self.future.done():
            self.future.set_result(None)


class Waiters:
    def __init__(self, clock: Clock, scheduler: Scheduler, loop: asyncio.AbstractEventLoop) -> None:
        self._clock = clock
        self._scheduler = scheduler
        self._loop = loop
        self._waiting: dict[Key, dict[_Waiter, None]] = {}
        self._ending = False

    def end(self) -> None:
        """The process is about to end: whoever waits is answered now, as if the time had come."""
        self._ending = True
        for waiting in self._waiting.values():
            for waiter in waiting:
                waiter.stir()

    @property
    def any(self) -> bool:
        return bool(self._waiting)

    def wake(self, tenant: TenantId, key: Hashable) -> None:
        """Each wake rouses one waiting call, the one that has waited longest; who has no use for it passes it on."""
        for waiter in self._waiting.get((tenant, key), ()):
            if not waiter.woken:
                waiter.wake()
                return

    def rouse(self, tenant: TenantId) -> None:
        """All that wait in the tenant come round: it is given away, and they are to ask its new owner."""
        for (where, _), waiting in self._waiting.items():
            if where == tenant:
                for waiter in waiting:
                    waiter.wake()

    def count(self) -> int:
        return sum(map(len, self._waiting.values()))

    async def until(
        self, tenant: TenantId, key: Hashable, deadline: float, next_look: Callable[[], float | None] | None
    ) -> AsyncIterator[None]:
        waiter = _Waiter()
        waiting = self._waiting.setdefault((tenant, key), {})
        waiting[waiter] = None
        try:
            yield
            while self._clock.now() < deadline and not self._ending:
                if not waiter.woken:
                    await self._sleep(waiter, deadline, next_look)
                if not waiter.woken and self._ending:
                    return
                waiter.woken = False
                yield
        finally:
            del waiting[waiter]
            if not waiting:
                self._waiting.pop((tenant, key), None)
            elif waiter.woken:
                self.wake(tenant, key)

    async def _sleep(self, waiter: _Waiter, deadline: float, next_look: Callable[[], float | None] | None) -> None:
        look = None if next_look is None else next_look()
        due = deadline if look is None else min(max(look, self._clock.now() + SHORTEST_SLEEP), deadline)
        alarm = self._scheduler.at(due, waiter.stir)
        waiter.future = self._loop.create_future()
        try:
            await waiter.future
        finally:
            waiter.future = None
            alarm.cancel()
