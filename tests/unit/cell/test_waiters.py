"""Calls that wait: who is woken, who passes it on, what it costs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from atoll.cell.scheduler import Scheduler
from atoll.cell.waiters import Waiters
from atoll.core.clock import ManualClock
from atoll.core.tenant_id import TenantId

A = TenantId("default", "111111111111", "us-east-1")
TWIN = TenantId("twin", "111111111111", "us-east-1")
KEY = ("box", "x")


class Room:
    """Things that come, and calls that wait to take one each."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        loop = asyncio.get_running_loop()
        self.scheduler = Scheduler(self.clock, loop)
        self.waiters = Waiters(self.clock, self.scheduler, loop)
        self.things = 0
        self.looks = 0

    async def take(self, seconds: float = 20.0, next_look: float | None = None) -> bool:
        moment = None if next_look is None else self.clock.now() + next_look
        async for _ in self.waiters.until(A, KEY, self.clock.now() + seconds, lambda: moment):
            self.looks += 1
            if self.things:
                self.things -= 1
                return True
        return False

    async def some(self, count: int) -> list[asyncio.Task[bool]]:
        tasks = [asyncio.create_task(self.take()) for _ in range(count)]
        await turns()
        assert self.waiters.count() == count
        return tasks

    def put(self, tenant: TenantId = A) -> None:
        self.things += 1
        self.waiters.wake(tenant, KEY)


async def turns(count: int = 10) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


@asynccontextmanager
async def room() -> AsyncIterator[Room]:
    made = Room()
    yield made
    await turns()
    assert made.waiters.count() == 0
    made.scheduler.stop()


def test_each_wake_rouses_the_one_that_has_waited_longest() -> None:
    async def scenario() -> None:
        async with room() as here:
            tasks = await here.some(3)
            for number, task in enumerate(tasks):
                here.put()
                await turns()
                assert [task.done() for task in tasks] == [n <= number for n in range(3)]
                assert await task
            assert here.looks == 6

    asyncio.run(scenario())


def test_of_a_thousand_one_looks() -> None:
    async def scenario() -> None:
        async with room() as here:
            tasks = await here.some(1000)
            here.looks = 0
            here.put()
            done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            assert (len(done), here.looks) == (1, 1)
            here.clock.advance(21)
            assert {await task for task in pending} == {False}

    asyncio.run(scenario())


def test_who_waits_costs_nothing() -> None:
    async def scenario() -> None:
        async with room() as here:
            tasks = await here.some(1000)
            looks = here.looks
            for _ in range(19):
                here.clock.advance(1)
                await turns(2)
            assert here.looks == looks
            here.clock.advance(2)
            assert {await task for task in tasks} == {False}

    asyncio.run(scenario())


def test_who_is_cancelled_passes_its_wake_on() -> None:
    async def scenario() -> None:
        async with room() as here:
            first, second = await here.some(2)
            here.put()
            # It is woken, but before it looks its client goes away.
            first.cancel()
            assert await second
            with pytest.raises(asyncio.CancelledError):
                await first

    asyncio.run(scenario())


def test_who_finds_enough_before_it_needs_its_wake_passes_it_on() -> None:
    async def scenario() -> None:
        async with room() as here:
            tasks = await here.some(3)
            for _ in range(3):
                here.put()
            assert [await task for task in tasks] == [True] * 3

    asyncio.run(scenario())


def test_who_comes_to_its_end_as_it_is_woken_looks_once_more() -> None:
    async def scenario() -> None:
        async with room() as here:
            [task] = await here.some(1)
            here.put()
            here.clock.advance(10)
            assert await task

    asyncio.run(scenario())


def test_a_wake_of_another_tenant_or_key_rouses_nobody() -> None:
    async def scenario() -> None:
        async with room() as here:
            [task] = await here.some(1)
            here.put(TWIN)
            here.waiters.wake(A, ("box", "other"))
            await turns()
            assert (task.done(), here.looks) == (False, 1)
            here.waiters.wake(A, KEY)
            assert await task

    asyncio.run(scenario())


def test_it_looks_at_the_moment_that_it_named() -> None:
    async def scenario() -> None:
        async with room() as here:
            task = asyncio.create_task(here.take(next_look=5))
            await turns()
            here.things = 1
            here.clock.advance(4)
            await turns()
            assert not task.done()
            here.clock.advance(1.1)
            assert await task

    asyncio.run(scenario())


def test_a_moment_that_has_passed_does_not_make_it_spin() -> None:
    async def scenario() -> None:
        async with room() as here:
            task = asyncio.create_task(here.take(next_look=-5))
            await turns(100)
            assert here.looks == 1
            here.clock.advance(21)
            assert not await task

    asyncio.run(scenario())


def test_all_of_a_tenant_come_round_when_it_is_given_away() -> None:
    async def scenario() -> None:
        async with room() as here:
            tasks = await here.some(3)
            here.waiters.rouse(TWIN)
            await turns()
            assert here.looks == 3
            here.waiters.rouse(A)
            await turns()
            assert here.looks == 6
            here.clock.advance(21)
            assert {await task for task in tasks} == {False}

    asyncio.run(scenario())
