"""What is measured of what stands around the engine: forks, manifests, lists, the command line, the control API."""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from atoll.control.client import ControlClient
from atoll.core.clock import SystemClock
from atoll.core.tenant_id import TenantId
from atoll.index.rows import CatalogueRow
from atoll.index.sqlite import SqliteIndex

from tests.bench import messages
from tests.bench.client import Run
from tests.bench.load import BODY, MakeScript, make_queue, repeat
from tests.bench.processes import Server, atoll
from tests.bench.scale import BATCH, LONGEST_FILL, Figure, Say, check

TIMES = 7
FORKED = 100_000
DECLARED = 10_000
LISTED = 100_000
TENANTS = 200
REGIONS = ("eu-central-1", "us-east-1")


def product(say: Say) -> list[Figure]:
    return [*forks(say), *manifests(say), *lists(say), *control_in_use(say)]


def forks(say: Say) -> list[Figure]:
    """An account that starts from another, whose queue has so many messages."""
    with atoll() as server, ControlClient(f"http://{server.host}") as client:
        url = make_queue(server, "full")
        say(f"Filling a queue with {FORKED:,} messages ...")
        entries = [{"Id": str(number), "MessageBody": BODY} for number in range(BATCH)]
        request = messages.sqs(server.host, "SendMessageBatch", {"QueueUrl": url, "Entries": entries})
        script = repeat([request], b'"Id":"9"')
        check(Run(server.port, script, connections=16, seconds=LONGEST_FILL, operations=FORKED // BATCH).start())
        client.put("realms", "default", "accounts", "full", body={"spec": {"accountId": messages.ACCOUNT}})
        seconds = []
        for number in range(TIMES):
            since = perf_counter()
            client.put("realms", "default", "accounts", f"fork-{number}", body={"spec": {"from": {"account": "full"}}})
            seconds.append(perf_counter() - since)
    return [Figure(f"fork of a tenant with {FORKED:,} messages, median", statistics.median(seconds), "s", 0.3)]


def manifests(say: Say) -> list[Figure]:
    say(f"Applying {DECLARED:,} accounts ...")
    document = "apiVersion: atoll.dev/v1alpha1\nkind: Account\nmetadata: {{name: account-{0}}}\nspec: {{}}\n"
    with tempfile.TemporaryDirectory(prefix="atoll-bench-") as folder, atoll() as server:
        path = Path(folder, "accounts.yaml")
        path.write_text("---\n".join(document.format(number) for number in range(DECLARED)))
        seconds = _command(server, "apply", "-f", str(path))
    return [Figure(f"{DECLARED:,} accounts applied from one manifest", seconds, "s", 30)]


def lists(say: Say) -> list[Figure]:
    say(f"Publishing {LISTED:,} resources ...")
    with tempfile.TemporaryDirectory(prefix="atoll-bench-") as folder:
        with atoll("--data", folder):
            # It makes the folder what it is to be.
            pass
        asyncio.run(_publish(Path(folder, "index.sqlite")))
        with atoll("--data", folder) as server:
            first = [_command(server, "get", "resources") for _ in range(TIMES)]
            help = [_command(server, "--help") for _ in range(TIMES)]
    return [
        Figure(f"atoll get resources, first of {LISTED:,}, median", statistics.median(first), "s", 0.2),
        Figure("atoll --help, median", statistics.median(help), "s", 0.25),
    ]


async def _publish(path: Path) -> None:
    index = SqliteIndex(path, SystemClock())
    try:
        each = LISTED // TENANTS
        for number in range(TENANTS):
            account, region = f"{number // len(REGIONS):012}", REGIONS[number % len(REGIONS)]
            id = TenantId("default", account, region)
            arn = f"arn:aws:sqs:{region}:{account}:queue-"
            rows = [
                CatalogueRow("sqs", "queue", f"queue-{n}", f"{arn}{n}", {"team": str(n % 7)}, 1.0, n + 1, False)
                for n in range(each)
            ]
            await index.publish(id, (await index.place(id, "embedded")).epoch, rows, [], after=0)
    finally:
        await index.close()


def control_in_use(say: Say) -> list[Figure]:
    """What a call costs when the control API has been loaded, against what it cost before."""
    say("Comparing calls before the control API is loaded and after ...")
    with atoll() as server:
        script = repeat([messages.identity(server.host)], b"Account")
        before = [_cpu(server, script) for _ in range(TIMES)]
        with ControlClient(f"http://{server.host}") as client:
            client.get("accounts")
        after = [_cpu(server, script) for _ in range(TIMES)]
    ratio = statistics.median(after) / statistics.median(before)
    return [Figure("a call with the control API loaded, against one without", ratio, "times", 1.05)]


def _cpu(server: Server, script: MakeScript) -> float:
    return check(Run(server.port, script, connections=16, seconds=1.5, cpu=server.cpu).start()).cpu_us


def _command(server: Server, *arguments: str) -> float:
    """The seconds that `atoll ARGUMENTS` takes."""
    environment = {**os.environ, "ATOLL_ENDPOINT": f"http://{server.host}"}
    since = perf_counter()
    subprocess.run([sys.executable, "-m", "atoll", *arguments], env=environment, stdout=subprocess.DEVNULL, check=True)
    return perf_counter() - since
