"""2. Answered means committed."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import threading
from collections import defaultdict
from pathlib import Path
from typing import Any

import apsw
import pytest
from atoll.core.clock import ManualClock, SystemClock
from atoll.core.errors import AwsError
from atoll.core.tenant_id import TenantId
from atoll.tenants import Database

A = TenantId("default", "111111111111", "us-east-1")
B = TenantId("default", "222222222222", "eu-central-1")

VICTIM = Path(__file__).with_name("victim.py")


def lines_until_killed(folder: Path, run: int, lines: int) -> list[str]:
    """What a process that was killed after so many answers, and a little more, had said."""
    with subprocess.Popen([sys.executable, VICTIM, folder, str(run)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(lines)]
        os.kill(process.pid, signal.SIGKILL)
        said += process.stdout.readlines()
    assert process.returncode == -signal.SIGKILL
    return [line.strip() for line in said if line.endswith("\n")]


async def check(cloud: Any, answered: dict[tuple[str, int], list[str]], kills: int) -> None:
    arn = "arn:aws:probe:{0.region}:{0.account}:{1}".format
    for worker in range(4):
        put = answered["put", worker]
        kept = await cloud.notes(A, f"kept{worker}")
        assert [text for text in kept if text in set(put)] == put
        assert len(set(kept)) == len(kept)
        taken = answered["taken", worker]
        left = await cloud.notes(A, f"taken{worker}")
        assert set(left).isdisjoint(taken), "what was answered as taken is there again"
        lost = set(answered["taking", worker]) - set(taken) - set(left)
        # One may be taken and its answer be lost, at each of the process's ends.
        assert len(lost) <= kills, "what was put and not taken is gone"
        arrived = (await cloud.call(B, "List", Box=arn(B, f"in{worker}")))["Notes"]
        assert len(set(arrived)) == len(arrived), "an effect was applied twice"
        sent = answered["sent", worker]
        assert [text for text in arrived if text in set(sent)] == sent


def test_what_was_answered_outlives_twenty_kills(tmp_path: Path, cloud_at: Any) -> None:
    moments = random.Random(20)
    answered: dict[tuple[str, int], list[str]] = defaultdict(list)

    async def look(kills: int) -> None:
        async with cloud_at(tmp_path / "data", clock=ManualClock(SystemClock().now())) as cloud:
            await cloud.settle()
            await check(cloud, answered, kills)

    for run in range(20):
        for line in lines_until_killed(tmp_path / "data", run, moments.randrange(1, 200)):
            kind, worker, text = line.split()
            answered[kind, int(worker)].append(text)
        if run % 5 == 4:
            asyncio.run(look(run + 1))
    assert sum(map(len, answered.values())) > 1000


class Disk:
    """A disk that is full while `full` is set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.full = False
        commit = Database.commit

        def commit_or_not(db: Database) -> None:
            if self.full and db.path is not None and db.path.name == "tenant.sqlite":
                raise apsw.FullError("database or disk is full")
            commit(db)

        monkeypatch.setattr(Database, "commit", commit_or_not)


def test_a_commit_that_fails_is_answered_as_a_failure_and_leaves_nothing(
    tmp_path: Path, cloud_at: Any, box_arn: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch)

    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            assert await cloud.call(A, "Add", Box=box_arn(A, "n")) == {"Value": 1}
            waiting = asyncio.create_task(cloud.call(A, "Take", Box=box_arn(A, "x"), Wait=20))
            await cloud.waiting()
            disk.full = True
            answers = await asyncio.gather(
                cloud.call(A, "Add", Box=box_arn(A, "n")),
                cloud.call(A, "Put", Box=box_arn(A, "x"), Text="lost"),
                cloud.call(A, "Send", Boxes=[box_arn(B, "in")], Text="lost", Awaited=True),
                cloud.call(A, "Make", Box=box_arn(A, "made")),
                cloud.call(A, "Take", Box=box_arn(A, "never"), Wait=20),
                return_exceptions=True,
            )
            assert {str(getattr(answer, "code", answer)) for answer in answers} == {"InternalFailure"}
            disk.full = False
            await cloud.quiet_but(waiting)
            assert not waiting.done()
            assert await cloud.call(A, "Add", Box=box_arn(A, "n")) == {"Value": 2}
            assert await cloud.notes(A, "x") == await cloud.notes(A, "sent") == await cloud.notes(B, "in") == []
            assert (await cloud.index.resources("default")).resources == []
            await cloud.call(A, "Put", Box=box_arn(A, "x"), Text="kept")
            assert await waiting == {"Text": "kept"}

    asyncio.run(scenario())


@pytest.mark.parametrize("pages", range(1, 24, 3))
def test_a_disk_that_fills_loses_nothing_that_was_answered(
    pages: int, tmp_path: Path, cloud_at: Any, box_arn: Any
) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            await cloud.call(A, "Put", Box=box_arn(A, "x"), Text="first")
            db = cloud.cell.tenants.get(A).tenant.db
            [(have,)] = db.rows("PRAGMA page_count")
            db.rows(f"PRAGMA max_page_count = {have + pages}")
            texts = [f"{number}:{'x' * 3000}" for number in range(30)]
            answers = await asyncio.gather(
                *(cloud.call(A, "Put", Box=box_arn(A, "x"), Text=text) for text in texts), return_exceptions=True
            )
            kept = [text for text, answer in zip(texts, answers, strict=True) if not isinstance(answer, Exception)]
            assert {answer.code for answer in answers if isinstance(answer, AwsError)} == {"InternalFailure"}
            kept += [text for text in texts if await cloud.insist(A, "Put", Box=box_arn(A, "x"), Text=text)]
            assert len(kept) < 60
            assert await cloud.notes(A, "x") == ["first", *kept]
            await cloud.crash()
            assert await cloud.notes(A, "x") == ["first", *kept]
            # There is room again.
            assert await cloud.call(A, "Put", Box=box_arn(A, "x"), Text="more")

    asyncio.run(scenario())


def test_with_full_durability_the_answer_waits_for_the_disk(
    tmp_path: Path, cloud_at: Any, box_arn: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_sync = threading.Event()
    fails = False
    sync = os.fdatasync

    def sync_later(descriptor: int) -> None:
        assert may_sync.wait(20)
        if fails:
            raise OSError("the disk is broken")
        sync(descriptor)

    monkeypatch.setattr(os, "fdatasync", sync_later)

    async def scenario() -> None:
        nonlocal fails
        async with cloud_at(tmp_path, full_durability=True) as cloud:
            may_sync.set()
            await cloud.call(A, "Add", Box=box_arn(A, "x"))
            may_sync.clear()
            put = asyncio.create_task(cloud.call(A, "Put", Box=box_arn(A, "x"), Text="text"))

            async def committed() -> bool:
                return bool(cloud.cell.tenants.get(A).users)

            await cloud.until(committed)
            # Who reads it meanwhile is not to learn of what a power cut may undo either.
            read = asyncio.create_task(cloud.notes(A, "x"))
            for _ in range(20):
                await asyncio.sleep(0)
            assert not put.done()
            assert not read.done()
            may_sync.set()
            assert (await put)["Owner"] == list(A)
            assert await read == ["text"]
            fails = True
            with pytest.raises(AwsError, match="InternalFailure"):
                await cloud.call(A, "Put", Box=box_arn(A, "x"), Text="unsure")

    asyncio.run(scenario())
