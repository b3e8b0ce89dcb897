"""`make bench`: Atoll beside a hello-world, and Atoll alone where it is large.

Requests a second move with what else the machine does; CPU microseconds an operation less so; their ratio to the
hello-world, taken in the same round, travels best. It is that ratio which is to be reached.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench import kms
from tests.bench.load import ISSUED, SCENARIOS, VERIFYING, Comparison, Row
from tests.bench.processes import atoll, hello
from tests.bench.product import product
from tests.bench.scale import Figure, Say, long_queue, many_tenants, start_and_memory

EVERY = (*SCENARIOS, *kms.SCENARIOS)
PARTS = ("start", "load", "issued", "long-queue", "tenants", "product")


def main() -> int:
    options = read_options()
    console = Console(stderr=True)
    rows: list[Row] = []
    figures: list[Figure] = []
    if "start" in options.parts:
        console.print(f"Starting Atoll {options.starts} times ...")
        figures += start_and_memory(options.starts)
    if "load" in options.parts or "issued" in options.parts:
        loaded, verifying = load(options, console.print)
        rows += loaded
        figures += verifying
    if "long-queue" in options.parts:
        figures += long_queue(
            options.messages, rounds=options.rounds, seconds=options.seconds, connections=16, say=console.print
        )
    if "tenants" in options.parts:
        figures += many_tenants(options.tenants, console.print)
    if "product" in options.parts:
        figures += product(console.print)
    show(rows, figures)
    if options.json:
        report = {"load": [asdict(row) for row in rows], "figures": [asdict(figure) for figure in figures]}
        Path(options.json).write_text(json.dumps(report, indent=1) + "\n")
    return 1 if any(row.errors for row in rows) else 0


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser("make bench", description=__doc__)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="what to measure (all)")
    parser.add_argument("--connections", nargs="+", type=int, default=[16, 1], help="at how many connections (16 1)")
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds, of which medians are shown (5)")
    parser.add_argument("--seconds", type=float, default=1.5, help="of each scenario in a round (1.5)")
    parser.add_argument("--starts", type=int, default=7, help="starts, of which the median is shown (7)")
    parser.add_argument("--messages", type=int, default=1_000_000, help="in the long queue (1000000)")
    parser.add_argument("--tenants", type=int, default=10_000, help="each with a queue (10000)")
    parser.add_argument("--json", metavar="FILE", help="write the figures there too")
    return parser.parse_args()


def load(options: argparse.Namespace, say: Say) -> tuple[list[Row], list[Figure]]:
    rows: list[Row] = []
    figures: list[Figure] = []
    with ExitStack() as stack:
        comparison = Comparison(stack.enter_context(hello()), rounds=options.rounds, seconds=options.seconds, say=say)
        server = stack.enter_context(atoll())
        scenarios = [(scenario, server) for scenario in (EVERY if "load" in options.parts else SCENARIOS[:1])]
        if "issued" in options.parts:
            scenarios.insert(1, (ISSUED, stack.enter_context(atoll("--closed"))))
        for connections in options.connections:
            measured = comparison.rows(scenarios, connections)
            rows += measured
            ratios = {row.scenario: row.ratio for row in measured}
            if ISSUED.name in ratios:
                added = ratios[ISSUED.name] - ratios[SCENARIOS[0].name]
                name = f"an issued key's signature verified, at {connections}"
                figures.append(Figure(name, added, "hello-worlds", VERIFYING))
    return rows, figures


def show(rows: Sequence[Row], figures: Sequence[Figure]) -> None:
    console = Console(width=None if sys.stdout.isatty() else 120)
    if rows:
        table = Table("scenario", "at", "calls/s", "p50 ms", "p99 ms", "CPU us", "ratio", "reach", "errors")
        for column in table.columns[1:]:
            column.justify = "right"
        for row in rows:
            table.add_row(
                row.scenario,
                str(row.connections),
                f"{row.rate:,.0f}",
                f"{row.p50_ms:.2f}",
                f"{row.p99_ms:.2f}",
                f"{row.cpu_us:.1f}",
                f"{row.ratio:.2f}",
                "" if row.reach is None else f"{row.reach:.1f}",
                str(row.errors),
            )
        console.print(table)
        for row in rows:
            if row.errors:
                console.print(f"{row.scenario}: {row.errors} errors, such as {row.sample!r}", markup=False)
    if figures:
        table = Table("figure", "value", "reach")
        for figure in figures:
            table.add_row(figure.name, f"{figure.value:.2f} {figure.unit}", f"{figure.reach:g} {figure.unit}")
        console.print(table)


if __name__ == "__main__":
    sys.exit(main())
