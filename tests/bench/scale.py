"""What is measured of one Atoll alone: its start, its memory, many messages, many tenants."""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

from tests.bench import messages
from tests.bench.client import Figures, Run, Script
from tests.bench.load import BODY, MakeScript, cycle, make_queue, repeat
from tests.bench.processes import atoll, first_answer, launch

Say = Callable[[str], None]
BATCH = 10
LONGEST_FILL = 600.0
"""Seconds."""
COLD_CALLS = 2000


@dataclass(frozen=True)
class Figure:
    """One figure, and what it should be at most."""

    name: str
    value: float
    unit: str
    reach: float


def start_and_memory(times: int) -> list[Figure]:
    seconds, memory = [], []
    for _ in range(times):
        with launch() as (server, since):
            seconds.append(first_answer(server) - since)
            memory.append(server.memory())
    return [
        Figure("start to first answer, median", statistics.median(seconds), "s", 0.3),
        Figure("idle memory, median", statistics.median(memory), "MB", 50),
    ]


def long_queue(length: int, *, rounds: int, seconds: float, connections: int, say: Say) -> list[Figure]:
    """The cycle on a queue of so many messages, against one on an empty queue, in turn."""
    with atoll() as server:
        full, empty = make_queue(server, "full"), make_queue(server, "empty")
        say(f"Filling a queue with {length:,} messages ...")
        entries = [{"Id": str(number), "MessageBody": BODY} for number in range(BATCH)]
        request = messages.sqs(server.host, "SendMessageBatch", {"QueueUrl": full, "Entries": entries})
        batches = length // BATCH
        filled = Run(
            server.port, repeat([request], b'"Id":"9"'), connections=16, seconds=LONGEST_FILL, operations=batches
        ).start()
        check(filled)
        ratios = []
        for _ in range(rounds):
            few, many = (
                check(
                    Run(
                        server.port,
                        cycle(server.host, url),
                        connections=connections,
                        seconds=seconds,
                        cpu=server.cpu,
                    ).start()
                )
                for url in (empty, full)
            )
            ratios.append(many.cpu_us / few.cpu_us)
    return [Figure(f"a queue of {length:,} messages, against an empty one", statistics.median(ratios), "times", 1.2)]


def many_tenants(count: int, say: Say) -> list[Figure]:
    """A queue in each of so many accounts, then calls on accounts that are mostly closed."""
    with atoll() as server:
        say(f"Making a queue in each of {count:,} tenants ...")
        accounts = [f"{200_000_000_000 + number}" for number in range(count)]
        making = iter(accounts)

        def make(run: Run) -> Script:
            for account in making:
                since = perf_counter()
                status, body = yield messages.sqs(server.host, "CreateQueue", {"QueueName": "queue"}, account)
                if not run.done(since, status == 200, body):
                    return

        check(Run(server.port, make, connections=16, seconds=LONGEST_FILL, operations=count).start())
        memory = server.memory()
        drawn = random.Random(1).sample(accounts, min(COLD_CALLS, count))
        calls = check(
            Run(server.port, _cold(server.host, drawn), connections=1, seconds=120, operations=len(drawn)).start()
        )
        return [
            Figure(f"memory with {count:,} tenants", memory, "MB", 150),
            Figure(f"memory after calls on {len(drawn):,} of them", server.memory(), "MB", 150),
            Figure("cold call, p50", 1e3 * calls.quantile(0.5), "ms", 10),
            Figure("cold call, p99", 1e3 * calls.quantile(0.99), "ms", 10),
        ]


def _cold(host: str, accounts: list[str]) -> MakeScript:
    def script(run: Run) -> Script:
        for account in accounts:
            url = f"http://{host}/queue/{messages.REGION}/{account}/queue"
            request = messages.sqs(host, "SendMessage", {"QueueUrl": url, "MessageBody": BODY}, account)
            since = perf_counter()
            status, body = yield request
            if not run.done(since, status == 200, body):
                return

    return script


def check(figures: Figures) -> Figures:
    if figures.errors:
        raise RuntimeError(f"{figures.errors} calls failed: {figures.sample}")
    return figures
