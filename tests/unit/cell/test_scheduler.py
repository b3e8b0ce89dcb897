"""One heap of all that is to be done at a moment; the marks that outlive the process."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from atoll.cell.marks import Marks
from atoll.cell.scheduler import Alarm, Scheduler
from atoll.core.clock import ManualClock, SystemClock
from atoll.core.tenant_id import TenantId

A = TenantId("default", "111111111111", "us-east-1")
B = TenantId("twin", "111111111111", "us-east-1")


def on_loop(scenario: Callable[[ManualClock, Scheduler], None]) -> None:
    async def run() -> None:
        clock = ManualClock(0.0)
        scheduler = Scheduler(clock, asyncio.get_running_loop())
        scenario(clock, scheduler)
        scheduler.stop()

    asyncio.run(run())


def test_alarms_ring_at_their_moments_in_order() -> None:
    def scenario(clock: ManualClock, scheduler: Scheduler) -> None:
        rung: list[float] = []
        for due in random.Random(1).sample(range(1, 101), 100):
            scheduler.at(due, lambda due=due: rung.append(due))  # type: ignore[misc]
        clock.advance(50)
        assert rung == list(range(1, 51))
        clock.advance(50)
        assert rung == list(range(1, 101))

    on_loop(scenario)


def test_those_of_one_moment_ring_in_the_order_in_which_they_were_set() -> None:
    def scenario(clock: ManualClock, scheduler: Scheduler) -> None:
        rung: list[int] = []
        for number in range(10):
            scheduler.at(5, lambda number=number: rung.append(number))  # type: ignore[misc]
        clock.advance(5)
        assert rung == list(range(10))

    on_loop(scenario)


def test_what_is_cancelled_does_not_ring_and_goes_once_it_is_the_most() -> None:
    def scenario(clock: ManualClock, scheduler: Scheduler) -> None:
        rung: list[int] = []
        kept = scheduler.at(10, lambda: rung.append(0))
        for _ in range(100_000):
            scheduler.at(1_000_000, lambda: rung.append(1)).cancel()
        assert len(scheduler._heap) < 300
        kept.cancel()
        kept.cancel()
        clock.advance(2_000_000)
        assert rung == []

    on_loop(scenario)


def test_an_alarm_may_set_and_cancel_others_while_it_rings() -> None:
    def scenario(clock: ManualClock, scheduler: Scheduler) -> None:
        rung: list[str] = []
        later: list[Alarm] = [scheduler.at(100, lambda: rung.append("later")) for _ in range(300)]

        def ring() -> None:
            rung.append("first")
            for alarm in later:
                alarm.cancel()
            scheduler.at(2, lambda: rung.append("second"))

        scheduler.at(1, ring)
        clock.advance(200)
        assert rung == ["first", "second"]

    on_loop(scenario)


def test_one_that_fails_keeps_no_other_from_ringing(caplog: pytest.LogCaptureFixture) -> None:
    def scenario(clock: ManualClock, scheduler: Scheduler) -> None:
        rung: list[int] = []
        scheduler.at(1, lambda: 1 // 0)  # type: ignore[arg-type, return-value]
        scheduler.at(2, lambda: rung.append(2))
        scheduler.at(300, lambda: rung.append(300))
        clock.advance(5)
        assert rung == [2]
        clock.advance(300)
        assert rung == [2, 300]

    on_loop(scenario)
    assert "ZeroDivisionError" in caplog.text


def test_on_the_machines_clock_it_rings_by_itself() -> None:
    async def scenario() -> None:
        clock = SystemClock()
        scheduler = Scheduler(clock, asyncio.get_running_loop())
        rung = asyncio.Event()
        scheduler.at(clock.now() + 60, lambda: None)
        scheduler.at(clock.now() + 0.01, rung.set)
        async with asyncio.timeout(10):
            await rung.wait()
        scheduler.stop()
        scheduler.at(clock.now(), lambda: pytest.fail("it was stopped"))
        await asyncio.sleep(0)

    asyncio.run(scenario())


def test_marks_outlive_the_process(tmp_path: Path) -> None:
    marks = Marks(tmp_path / "cell.sqlite", full=False)
    assert marks.left() == []
    asyncio.run(marks.opened(A))
    asyncio.run(marks.opened(B))
    marks.closed(A, 5.0)
    marks.close()
    marks = Marks(tmp_path / "cell.sqlite", full=True)
    assert sorted(marks.left()) == [(A, 5.0), (B, None)]
    asyncio.run(marks.opened(A))
    marks.closed(B, None)
    assert marks.left() == [(A, None)]
    marks.closed(A, None)
    assert marks.left() == []
    marks.close()
