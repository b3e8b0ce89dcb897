"""The last calls, kept and watched; and what is counted of them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from atoll.core.bounded import Lookups
from atoll.core.caller import Caller
from atoll.core.tenant_id import TenantId
from atoll.gateway import call_log, metrics
from atoll.gateway.access_log import INNER, Line
from atoll.gateway.call_log import CallLog
from atoll.gateway.metrics import LoopLag, Metrics
from prometheus_client.parser import text_string_to_metric_families

HERE = TenantId("default", "111111111111", "eu-central-1")
THERE = TenantId("default", "222222222222", "us-east-1")
CALLER = Caller(*HERE, "arn:aws:iam::111111111111:root", "111111111111")


def line(number: int, operation: str = "SendMessage", owner: TenantId | None = HERE, code: str = "") -> Line:
    return (float(number), f"id-{number}", CALLER, "sqs", operation, owner, 400 if code else 200, 0.002, code)


async def ids(watcher: Any, count: int) -> list[str]:
    return [(await watcher.next())[1] for _ in range(count)]


def test_the_last_are_kept() -> None:
    calls = CallLog(most=3)
    calls.take([line(number) for number in range(5)])
    assert [each[1] for each in calls.newest_first()] == ["id-4", "id-3", "id-2"]


def test_what_is_asked_of_atoll_itself_is_no_call() -> None:
    calls = CallLog()
    calls.take([(0.0, "id", None, INNER, "-", None, 200, 0.0, ""), line(1)])
    assert [each[1] for each in calls.newest_first()] == ["id-1"]


def test_who_watches_sees_what_comes() -> None:
    async def scenario() -> None:
        calls = CallLog()
        calls.take([line(1)])
        with calls.watch() as watcher:
            calls.take([line(2), line(3)])
            assert await ids(watcher, 2) == ["id-2", "id-3"]
            waiting = asyncio.ensure_future(watcher.next())
            await asyncio.sleep(0)
            assert not waiting.done()
            calls.take([line(4)])
            assert (await waiting or ("", ""))[1] == "id-4"
        calls.take([line(5)])
        assert not watcher._lines

    asyncio.run(scenario())


def test_a_slow_watcher_keeps_the_newest(monkeypatch: Any) -> None:
    monkeypatch.setattr(call_log, "MOST_UNREAD", 2)

    async def scenario() -> None:
        calls = CallLog()
        with calls.watch() as watcher:
            calls.take([line(number) for number in range(5)])
            assert await ids(watcher, 2) == ["id-3", "id-4"]

    asyncio.run(scenario())


def test_the_end_is_told_to_who_watches() -> None:
    async def scenario() -> None:
        calls = CallLog()
        with calls.watch() as watcher:
            waiting = asyncio.ensure_future(watcher.next())
            await asyncio.sleep(0)
            calls.end()
            assert await waiting is None
        calls.take([line(1)])
        with calls.watch() as late:
            assert await late.next() is None

    asyncio.run(scenario())


LABELS = ("service", "operation", "code", "crossing", "cache", "result", "le")


def figures(all: Metrics) -> dict[tuple[str, tuple[str, ...]], float]:
    text, kind = all.render()
    assert kind.startswith("text/plain")
    return {
        (sample.name, tuple(sample.labels[name] for name in LABELS if name in sample.labels)): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def test_what_is_counted_of_calls() -> None:
    all = Metrics()
    all.calls.take([line(1), line(2), line(3, owner=THERE), line(4, code="QueueDoesNotExist")])
    all.calls.take([(0.0, "id", None, "-", "-", None, 403, 3.0, "")])
    all.gauge("atoll_open_tenants", "Tenants that are open.", lambda: 7.0)
    found = figures(all)
    assert found["atoll_calls_total", ("sqs", "SendMessage", "", "none")] == 2
    assert found["atoll_calls_total", ("sqs", "SendMessage", "", "both")] == 1
    assert found["atoll_calls_total", ("sqs", "SendMessage", "QueueDoesNotExist", "none")] == 1
    assert found["atoll_call_seconds_count", ("sqs", "SendMessage")] == 4
    assert found["atoll_call_seconds_bucket", ("sqs", "SendMessage", "0.001")] == 0
    assert found["atoll_call_seconds_bucket", ("sqs", "SendMessage", "0.0025")] == 4
    assert found["atoll_call_seconds_bucket", ("-", "-", "5.0")] == 1
    assert found["atoll_open_tenants", ()] == 7


def test_lookups_in_caches() -> None:
    all, lookups = Metrics(), Lookups()
    all.cache("callers", lookups)
    lookups.hits, lookups.misses = 5, 2
    found = figures(all)
    assert found["atoll_cache_lookups_total", ("callers", "hit")] == 5
    assert found["atoll_cache_lookups_total", ("callers", "miss")] == 2


class SlowLoop:
    """A loop whose time a test sets."""

    def __init__(self) -> None:
        self.now = 0.0
        self.due: list[tuple[float, Any]] = []

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, callback: Any) -> Any:
        self.due.append((when, callback))
        return None

    def go_on(self, late: float) -> None:
        when, callback = self.due.pop()
        self.now = when + late
        callback()


def test_how_late_the_loop_is() -> None:
    loop: Any = SlowLoop()
    all = Metrics()
    all.lag = LoopLag(loop)
    for late in (0.0, 0.004, 0.3):
        loop.go_on(late)
    found = figures(all)
    assert found["atoll_loop_lag_seconds_count", ()] == 3
    assert found["atoll_loop_lag_seconds_bucket", ("0.005",)] == 2
    assert found["atoll_loop_lag_seconds_bucket", ("0.5",)] == 3
    assert found["atoll_loop_lag_seconds_sum", ()] == pytest.approx(0.304)


def test_series_are_bounded(monkeypatch: Any) -> None:
    monkeypatch.setattr(metrics, "MOST_SERIES", 3)
    all = Metrics()
    all.calls.take([line(number, operation=f"Operation{number}") for number in range(10)])
    counted = {labels: value for (name, labels), value in figures(all).items() if name == "atoll_calls_total"}
    assert len(counted) == 4
    assert counted["-", "-", "", "none"] == 7
