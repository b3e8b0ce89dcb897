"""Figures for Prometheus. What is counted of calls is taken from the log's lines, many at a time.

https://prometheus.io/docs/practices/naming/
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from operator import add
from typing import TYPE_CHECKING

from atoll.core.bounded import Lookups
from atoll.gateway.access_log import Line
from atoll.gateway.locate import crossing

if TYPE_CHECKING:
    from prometheus_client import Metric

BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0)
"""Upper bounds of latencies, in seconds: a long poll takes up to twenty."""
_BOUNDS = (*map(str, BUCKETS), "+Inf")
MOST_SERIES = 10_000
"""Calls of further names are counted under none, since callers choose what they call."""
_OTHER = ("-", "-", "", "none")

Series = tuple[str, str, str, str]
"""Service, operation, error code (empty for success), crossing."""


class _Figures:
    """How often something took how long, and how long all of it took, in seconds."""

    __slots__ = ("buckets", "total")

    def __init__(self) -> None:
        self.buckets = [0] * (len(BUCKETS) + 1)
        self.total = 0.0

    def add(self, seconds: float) -> None:
        self.buckets[bisect_left(BUCKETS, seconds)] += 1
        self.total += seconds

    def cumulated(self) -> list[tuple[str, float]]:
        """By upper bound, as Prometheus has it."""
        return list(zip(_BOUNDS, map(float, accumulate(self.buckets)), strict=True))


class CallMetrics:
    def __init__(self) -> None:
        self._by_series: dict[Series, _Figures] = {}

    def take(self, lines: Sequence[Line]) -> None:
        find = self._by_series.get
        for _, _, caller, service, operation, owner, _, seconds, code in lines:
            # Most calls cross nothing, and are told without asking more.
            if caller is None or owner is None or (owner.region == caller.region and owner.account == caller.account):
                crossed = "none"
            else:
                crossed = crossing(owner, caller).value
            figures = find((service, operation, code, crossed)) or self._add((service, operation, code, crossed))
            figures.add(seconds)

    def _add(self, series: Series) -> _Figures:
        if len(self._by_series) >= MOST_SERIES:
            series = _OTHER
        return self._by_series.setdefault(series, _Figures())

    def collect(self) -> Iterable[Metric]:
        from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

        calls = CounterMetricFamily(
            "atoll_calls", "Calls that were answered.", labels=["service", "operation", "code", "crossing"]
        )
        by_operation: dict[tuple[str, str], _Figures] = {}
        for series, figures in self._by_series.items():
            calls.add_metric(series, sum(figures.buckets))
            summed = by_operation.setdefault(series[:2], _Figures())
            summed.buckets = list(map(add, summed.buckets, figures.buckets))
            summed.total += figures.total
        yield calls
        seconds = HistogramMetricFamily(
            "atoll_call_seconds", "How long calls took.", labels=["service", "operation"], unit="seconds"
        )
        for names, figures in by_operation.items():
            seconds.add_metric(names, figures.cumulated(), figures.total)
        yield seconds


class LoopLag:
    """How late the loop comes to what is due, in seconds, looked at every `PAUSE`. What keeps it keeps every call."""

    PAUSE = 1.0

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._figures = _Figures()
        self._due = loop.time() + self.PAUSE
        self._timer = loop.call_at(self._due, self._look)

    def _look(self) -> None:
        late = max(self._loop.time() - self._due, 0.0)
        self._figures.add(late)
        self._due = self._loop.time() + self.PAUSE
        self._timer = self._loop.call_at(self._due, self._look)

    def stop(self) -> None:
        self._timer.cancel()

    def collect(self) -> Iterable[Metric]:
        from prometheus_client.core import HistogramMetricFamily

        lag = HistogramMetricFamily("atoll_loop_lag_seconds", "How late the loop comes to what is due.", unit="seconds")
        lag.add_metric([], self._figures.cumulated(), self._figures.total)
        yield lag


Gauge = Callable[[], float]


class Metrics:
    """All figures of a process. Gauges and caches are asked when somebody wants to know."""

    def __init__(self) -> None:
        self.calls = CallMetrics()
        self.lag: LoopLag | None = None
        self._gauges: list[tuple[str, str, Gauge]] = []
        self._caches: dict[str, Lookups] = {}

    def gauge(self, name: str, help: str, ask: Gauge) -> None:
        self._gauges.append((name, help, ask))

    def cache(self, name: str, lookups: Lookups) -> None:
        self._caches[name] = lookups

    def collect(self) -> Iterable[Metric]:
        """For prometheus-client's registry."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        yield from self.calls.collect()
        if self.lag is not None:
            yield from self.lag.collect()
        looked = CounterMetricFamily("atoll_cache_lookups", "Lookups in caches.", labels=["cache", "result"])
        for name, lookups in self._caches.items():
            looked.add_metric([name, "hit"], lookups.hits)
            looked.add_metric([name, "miss"], lookups.misses)
        yield looked
        for name, help, ask in self._gauges:
            yield GaugeMetricFamily(name, help, ask())

    def render(self) -> tuple[bytes, str]:
        """The text that Prometheus reads, and its content type."""
        # Imported here: it takes 60 ms that a start has not.
        from prometheus_client import CollectorRegistry, generate_latest
        from prometheus_client.exposition import CONTENT_TYPE_LATEST

        registry = CollectorRegistry()
        registry.register(self)
        return generate_latest(registry), CONTENT_TYPE_LATEST
