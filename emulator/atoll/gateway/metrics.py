"""Figures for Prometheus. What is counted of calls is taken from the log's lines, many at a time.

https://prometheus.io/docs/practices/naming/
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from operator import add
from typing import TYPE_CHECKING

from atoll.gateway.access_log import Line
from atoll.gateway.locate import crossing

if TYPE_CHECKING:
    from prometheus_client import Metric

BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0)
"""Upper bounds of latencies, in seconds: a long poll takes up to twenty."""
MOST_SERIES = 10_000
"""Calls of further names are counted under none, since callers choose what they call."""
_OTHER = ("-", "-", "", "none")

Series = tuple[str, str, str, str]
"""Service, operation, error code (empty for success), crossing."""


class _Figures:
    """How many calls there were, by how long they took, and how long all of them took, in seconds."""

    __slots__ = ("buckets", "total")

    def __init__(self) -> None:
        self.buckets = [0] * (len(BUCKETS) + 1)
        self.total = 0.0


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
            figures.buckets[bisect_left(BUCKETS, seconds)] += 1
            figures.total += seconds

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
            bounds = [*map(str, BUCKETS), "+Inf"]
            seconds.add_metric(names, list(zip(bounds, accumulate(figures.buckets), strict=True)), figures.total)
        yield seconds


Gauge = Callable[[], float]


class Metrics:
    """All figures of a process. Gauges are asked when somebody wants to know."""

    def __init__(self) -> None:
        self.calls = CallMetrics()
        self._gauges: list[tuple[str, str, Gauge]] = []

    def gauge(self, name: str, help: str, ask: Gauge) -> None:
        self._gauges.append((name, help, ask))

    def collect(self) -> Iterable[Metric]:
        """For prometheus-client's registry."""
        from prometheus_client.core import GaugeMetricFamily

        yield from self.calls.collect()
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
