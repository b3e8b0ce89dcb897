"""5. A tenant has one owner, changed only by itself."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from atoll.cell import NotMine
from atoll.core.errors import AwsError
from atoll.core.tenant_id import TenantId
from atoll.index import IndexUnavailable, NotOwner, Placement
from atoll.tenants.copy import restore

A = TenantId("default", "111111111111", "us-east-1")
B = TenantId("default", "222222222222", "eu-central-1")


def bring(cloud: Any, tenant: TenantId, to: str) -> Callable[[Path], Awaitable[None]]:
    async def hand_over(folder: Path) -> None:
        if (folder / "tenant.sqlite").exists():
            await asyncio.to_thread(restore, folder, cloud.path_of(tenant, to))

    return hand_over


async def give(cloud: Any, tenant: TenantId, owner: str, to: str) -> None:
    await cloud.cells[owner].moves.give_away(tenant, to, bring(cloud, tenant, to))
    await cloud.cells[to].moves.take_over(tenant)


def test_a_tenant_moves_under_load_and_nothing_is_lost_or_done_twice(
    tmp_path: Path, cloud_at: Any, box_arn: Any
) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path, cells=("one", "two")) as cloud:
            done = False
            answered: list[int] = []

            async def load(worker: int) -> None:
                while not done:
                    answered.append((await cloud.call(B, "Add", Box=box_arn(A, "n")))["Value"])
                    text = f"{worker}.{len(answered)}"
                    await cloud.call(A, "Send", Boxes=[box_arn(A, "in"), box_arn(B, "in")], Text=text, Lane="lane")

            workers = [asyncio.create_task(load(worker)) for worker in range(4)]
            for owner, to in [("one", "two"), ("two", "one")] * 3:
                have = len(answered)
                await cloud.until(functools.partial(more_than, answered, have + 20))
                await give(cloud, A, owner, to)
            done = True
            await asyncio.gather(*workers)
            await cloud.settle()
            assert sorted(answered) == list(range(1, len(answered) + 1))
            sent = await cloud.notes(A, "sent")
            assert await cloud.notes(A, "in") == await cloud.notes(B, "in") == sent
            assert len(sent) == len(answered)
            placement = await cloud.index.placement(A)
            assert (placement.cell, placement.epoch) == ("one", 7)

    asyncio.run(scenario())


async def more_than(answered: list[int], count: int) -> bool:
    return len(answered) > count


def test_a_cell_that_does_not_own_a_tenant_says_so_and_touches_nothing(
    tmp_path: Path, cloud_at: Any, box_arn: Any
) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path, cells=("one", "two")) as cloud:
            await cloud.call(A, "Put", Box=box_arn(A, "x"), Text="1")
            other = cloud.cells["two"]
            with pytest.raises(NotMine):
                await other.transact(A, "probe", lambda tenant: tenant.execute("DELETE FROM note"))
            with pytest.raises(NotMine):
                await other.moves.give_away(A, "two")
            with pytest.raises(NotMine):
                await other.moves.take_over(A)
            # Nor is it given by the index to who does not ask first whose it is.
            assert await other.index.move(A, "two", 1, "two") is None
            assert await other.index.place(A, "two") == await cloud.index.placement(A)
            assert not cloud.path_of(A, "two").exists()
            assert await cloud.notes(A, "x") == ["1"]
            # Also where it was called so before it was given, and nothing of it was written there.
            await give(cloud, A, "one", "two")
            with pytest.raises(NotMine):
                await cloud.cells["one"].transact(A, "probe", lambda tenant: tenant.execute("DELETE FROM note"))
            assert await cloud.notes(A, "x") == ["1"]

    asyncio.run(scenario())


def test_the_tenants_of_a_cell_that_is_away_wait_for_it(tmp_path: Path, cloud_at: Any, box_arn: Any) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path, cells=("one", "two")) as cloud:
            await cloud.index.place(B, "two")
            await cloud.call(B, "Put", Box=box_arn(B, "x"), Text="1")
            cloud.kill("two")
            cloud.clock.advance(100_000)
            with pytest.raises(AwsError, match="ServiceUnavailable"):
                await cloud.call(A, "Put", Box=box_arn(B, "x"), Text="2")
            with pytest.raises(NotMine):
                await cloud.cells["one"].moves.take_over(B)
            assert (await cloud.index.placement(B)).cell == "two"
            await cloud.revive("two")
            assert await cloud.notes(B, "x") == ["1"]

    asyncio.run(scenario())


def test_a_cell_without_the_index_keeps_its_tenants_and_nobody_takes_them(
    tmp_path: Path, cloud_at: Any, box_arn: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("atoll.cell.aftermath.PATIENCE", 0.01)
    monkeypatch.setattr("atoll.cell.aftermath.PAUSES", (0.0,))

    async def scenario() -> None:
        async with cloud_at(tmp_path, cells=("one", "two")) as cloud:
            await cloud.index.place(B, "two")
            await cloud.call(B, "Put", Box=box_arn(B, "x"), Text="before")
            cloud.cut_off("two")
            cloud.clock.advance(100_000)
            await cloud.call(A, "Put", Box=box_arn(B, "x"), Text="meanwhile")
            await cloud.call(A, "Make", Box=box_arn(B, "made"))
            assert await cloud.notes(B, "x") == ["before", "meanwhile"]
            with pytest.raises(NotMine):
                await cloud.cells["one"].moves.take_over(B)
            with pytest.raises(NotMine):
                await cloud.cells["one"].transact(B, "probe", lambda tenant: tenant.execute("DELETE FROM note"))
            assert (await cloud.index.placement(B)).cell == "two"
            assert not cloud.path_of(B, "one").exists()
            # Without the index nothing is given away either, and what was cut short leaves the tenant where it is.
            with pytest.raises(IndexUnavailable):
                await give(cloud, B, "two", "one")
            cloud.cut_off("two", False)
            await cloud.settle()
            assert await cloud.notes(B, "x") == ["before", "meanwhile"]
            assert await cloud.index.find_id("default", "box", "made") == [B]

    asyncio.run(scenario())


async def there_and_back(cloud: Any) -> None:
    """A goes to the cell `two` and comes back, which the process that had it at first does not see."""
    await give(cloud, A, "one", "two")
    await give(cloud, A, "two", "one")


def test_a_cell_that_slept_while_its_tenant_was_given_away_changes_nothing_of_it(
    tmp_path: Path, cloud_at: Any, box_arn: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("atoll.cell.aftermath.PAUSES", (0.0,))

    async def scenario() -> None:
        async with cloud_at(tmp_path, cells=("one", "two")) as cloud:
            await cloud.index.place(B, "two")
            sleeping = cloud.replace_at("one", "before apply")
            await cloud.insist(A, "Send", Boxes=[box_arn(B, "in")], Text="1", Lane="lane")
            await cloud.quiet()
            await there_and_back(cloud)
            await cloud.call(A, "Make", Box=box_arn(A, "made"))
            await cloud.call(A, "Send", Boxes=[box_arn(B, "in")], Text="2", Lane="lane")
            await cloud.quiet()
            cloud.clock.advance(1)
            [sleeper] = sleeping
            await cloud.wake(sleeper)
            # What it still writes goes into files that nobody looks at, and nothing of that gets out.
            await sleeper.cell.transact(A, "probe", record_box, "of the sleeper")
            with pytest.raises(NotOwner):
                await sleeper.cell.aftermath.republish(sleeper.cell.tenants.get(A))
            assert await cloud.notes(B, "in") == await cloud.notes(A, "sent") == ["1", "2"]
            assert [resource.id for resource in (await cloud.index.resources("default")).resources] == ["made"]
            assert await cloud.index.placement(A) == Placement(A, "one", 3)

    asyncio.run(scenario())


def record_box(tenant: Any, name: str) -> None:
    tenant.record("probe", "box", name, "arn:{partition}:probe:{region}:{account}:" + name, {})


def test_a_cell_that_slept_while_it_gave_a_tenant_away_does_not_give_it_a_second_time(
    tmp_path: Path, cloud_at: Any, box_arn: Any
) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path, cells=("one", "two")) as cloud:
            await cloud.call(A, "Put", Box=box_arn(A, "x"), Text="1")
            sleeping = cloud.replace_at("one", "before move")
            giving = asyncio.create_task(cloud.cells["one"].moves.give_away(A, "two", bring(cloud, A, "two")))

            async def asleep() -> bool:
                return bool(sleeping)

            await cloud.until(asleep)
            await there_and_back(cloud)
            await cloud.call(B, "Put", Box=box_arn(A, "x"), Text="2")
            await cloud.wake(*sleeping)
            with pytest.raises(NotMine):
                await giving
            assert await cloud.index.placement(A) == Placement(A, "one", 3)
            assert await cloud.notes(A, "x") == ["1", "2"]

    asyncio.run(scenario())


def test_who_gives_away_may_be_killed_at_any_step(
    tmp_path: Path, cloud_at: Any, box_arn: Any, told_of_commits: Any, at_each_step: Any
) -> None:
    async def scenario(folder: Path, at: int) -> int:
        async with cloud_at(folder, cells=("one", "two")) as cloud:
            for text in "123":
                await cloud.call(A, "Send", Boxes=[box_arn(B, "in")], Text=text, Lane="lane")
            await cloud.call(A, "Later", Text="timer", Seconds=30)
            await cloud.quiet()
            told_of_commits(cloud)
            killer = cloud.kill_at("one", at)
            giving = asyncio.create_task(give(cloud, A, "one", "two"))

            async def given_or_dead() -> bool:
                return giving.done() or cloud.processes["one"].dead

            await cloud.until(given_or_dead)
            giving.cancel()
            await asyncio.wait([giving])
            given = len(killer.steps)
            killer.at = 0
            await cloud.settle()
            # Whoever has it now: the other says so, and all is there.
            owner = (await cloud.index.placement(A)).cell
            [other] = {"one", "two"} - {owner}
            with pytest.raises(NotMine):
                await cloud.cells[other].transact(A, "probe", lambda tenant: None)
            if owner == "two":
                await cloud.cells["two"].moves.take_over(A)
            await cloud.call(A, "Send", Boxes=[box_arn(B, "in")], Text="4", Lane="lane")
            await cloud.settle()
            assert await cloud.notes(B, "in") == await cloud.notes(A, "sent") == list("1234")
            assert await cloud.notes(A, "due") == ["timer"]
            return given

    assert at_each_step(tmp_path, scenario) >= 4


def test_who_waits_in_a_tenant_that_is_given_away_is_told_to_ask_again(
    tmp_path: Path, cloud_at: Any, box_arn: Any
) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path, cells=("one", "two")) as cloud:
            await cloud.call(A, "Put", Box=box_arn(A, "other"), Text="1")
            waiting = asyncio.create_task(cloud.call(B, "Take", Box=box_arn(A, "x"), Wait=20))
            await cloud.waiting()
            await give(cloud, A, "one", "two")
            with pytest.raises(AwsError, match="ServiceUnavailable"):
                await waiting
            await cloud.call(B, "Put", Box=box_arn(A, "x"), Text="2")
            assert await cloud.call(B, "Take", Box=box_arn(A, "x"), Wait=20) == {"Text": "2"}

    asyncio.run(scenario())


def test_a_tenant_that_cannot_be_handed_over_stays(tmp_path: Path, cloud_at: Any, box_arn: Any) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path, cells=("one", "two")) as cloud:
            await cloud.call(A, "Later", Text="timer", Seconds=30)

            async def fails(folder: Path) -> None:
                raise OSError("no way there")

            with pytest.raises(OSError, match="no way"):
                await cloud.cells["one"].moves.give_away(A, "two", fails)
            await cloud.settle()
            assert await cloud.notes(A, "due") == ["timer"]
            assert (await cloud.index.placement(A)).cell == "one"

    asyncio.run(scenario())
