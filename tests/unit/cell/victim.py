"""A process for tests to kill: `python victim.py FOLDER RUN` puts, sends and takes notes without end, and prints a line
for each answer at once."""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
from pathlib import Path
from typing import Any

from atoll.core.clock import SystemClock
from atoll.core.tenant_id import TenantId
from cloud import arn, running

A = TenantId("default", "111111111111", "us-east-1")
B = TenantId("default", "222222222222", "eu-central-1")


async def load(cloud: Any, run: str, worker: int) -> None:
    for number in itertools.count():
        text = f"{run}.{worker}.{number}"
        await cloud.call(A, "Put", Box=arn(A, f"kept{worker}"), Text=text)
        say(f"put {worker} {text}")
        await cloud.call(A, "Put", Box=arn(A, f"taken{worker}"), Text=text)
        say(f"taking {worker} {text}")
        taken = await cloud.call(B, "Take", Box=arn(A, f"taken{worker}"), Wait=0)
        say(f"taken {worker} {taken['Text']}")
        await cloud.call(A, "Send", Boxes=[arn(B, f"in{worker}")], Text=text, Lane=f"lane{worker}")
        say(f"sent {worker} {text}")


def say(line: str) -> None:
    os.write(sys.stdout.fileno(), f"{line}\n".encode())


async def main(folder: Path, run: str) -> None:
    async with running(folder, clock=SystemClock()) as cloud:
        await asyncio.gather(*(load(cloud, run, worker) for worker in range(4)))


asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
