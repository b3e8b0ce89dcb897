"""3. An effect exists exactly if its cause committed; it is applied once, in its lane's order."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from atoll.core.tenant_id import TenantId
from atoll.tenants import Waiting

A = TenantId("default", "111111111111", "us-east-1")
B = TenantId("default", "222222222222", "eu-central-1")


async def send_all(cloud: Any, box_arn: Any) -> None:
    """Some at a time, so that calls share commits with the settling of earlier effects."""
    for turn in range(3):
        sends = [
            cloud.insist(A, "Send", Boxes=[box_arn(B, "in")], Text=f"{turn}{letter}", Lane="lane") for letter in "ab"
        ]
        await asyncio.gather(*sends, cloud.insist(A, "Send", Boxes=[box_arn(B, "no lane")], Text=str(turn)))


@pytest.mark.parametrize("side", ["one", "two"])
def test_either_side_may_be_killed_at_any_step(
    side: str, tmp_path: Path, cloud_at: Any, box_arn: Any, told_of_commits: Any, at_each_step: Any
) -> None:
    async def scenario(folder: Path, at: int) -> int:
        async with cloud_at(folder, cells=("one", "two")) as cloud:
            await cloud.index.place(B, "two")
            told_of_commits(cloud)
            killer = cloud.kill_at(side, at)
            await send_all(cloud, box_arn)
            if cloud.processes[side].dead:
                await cloud.revive(side)
                await send_all(cloud, box_arn)
            steps: int = await killer.settle()
            sent = await cloud.notes(A, "sent")
            lane = [text for text in sent if len(text) == 2]
            assert await cloud.notes(B, "in") == lane, (at, killer.steps)
            assert sorted(await cloud.notes(B, "no lane")) == sorted(set_aside(sent)), (at, killer.steps)
            assert cloud.cells["one"].tenants.get(A).tenant.rows("SELECT count(*) FROM effect") == [(0,)]
            return steps

    assert at_each_step(tmp_path, scenario) > 20


def set_aside(sent: list[str]) -> list[str]:
    return [text for text in sent if len(text) == 1]


def test_a_cause_that_is_refused_has_no_effect(tmp_path: Path, cloud_at: Any, box_arn: Any) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            box = box_arn(B, "in")
            sends = [
                cloud.insist(A, "Send", Boxes=[box], Text=str(number), Lane="lane", Undo=bool(number % 2))
                for number in range(20)
            ]
            await asyncio.gather(*sends)
            await cloud.settle()
            assert await cloud.notes(B, "in") == [str(number) for number in range(0, 20, 2)]

    asyncio.run(scenario())


def test_what_is_sent_behind_an_effect_that_waits_does_not_overtake_it(
    tmp_path: Path, cloud_at: Any, box_arn: Any
) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            with cloud.effects_put_off():
                await cloud.call(A, "Send", Boxes=[box_arn(B, "in")], Text="1", Lane="lane")
                await cloud.quiet()
            # The first is put off; these come while its lane waits, and while it is delivered.
            await cloud.call(A, "Send", Boxes=[box_arn(B, "in")], Text="2", Lane="lane")
            await cloud.quiet()
            assert await cloud.notes(B, "in") == []
            cloud.clock.advance(1)
            for number in range(3, 40):
                await cloud.call(A, "Send", Boxes=[box_arn(B, "in")], Text=str(number), Lane="lane")
            await cloud.quiet()
            assert await cloud.notes(B, "in") == [str(number) for number in range(1, 40)]

    asyncio.run(scenario())


def test_effects_that_wait_are_counted_also_in_closed_tenants(tmp_path: Path, cloud_at: Any, box_arn: Any) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            timekeeper = cloud.cell.timekeeper
            caused = cloud.clock.now()
            with cloud.effects_put_off():
                await cloud.call(A, "Send", Boxes=[box_arn(B, "in")], Text="1", Lane="lane")
                await cloud.quiet()
                await cloud.call(A, "Send", Boxes=[box_arn(B, "in")], Text="2", Lane="lane")
                await cloud.quiet()
            assert timekeeper.waiting() == {A: Waiting(2, caused)}
            await cloud.cell.tenants.close(A)
            assert cloud.cell.tenants.get(A) is None
            assert timekeeper.waiting() == {A: Waiting(2, caused)}
            cloud.clock.advance(1)
            await cloud.quiet()
            assert timekeeper.waiting() == {}
            assert await cloud.notes(B, "in") == ["1", "2"]
            with cloud.effects_put_off():
                await cloud.call(A, "Send", Boxes=[box_arn(B, "in")], Text="3", Lane="lane")
                await cloud.quiet()
            await cloud.cell.moves.erase(A)
            assert timekeeper.waiting() == {}

    asyncio.run(scenario())


def test_a_refused_effect_goes_where_it_says_also_through_kills(
    tmp_path: Path, cloud_at: Any, box_arn: Any, told_of_commits: Any, at_each_step: Any
) -> None:
    async def scenario(folder: Path, at: int) -> int:
        async with cloud_at(folder) as cloud:
            told_of_commits(cloud)
            killer = cloud.kill_at("one", at)
            await cloud.insist(A, "Send", Boxes=[box_arn(B, "refusing")], Text="no", Refused=box_arn(A, "dead"))
            steps: int = await killer.settle()
            assert await cloud.notes(A, "dead") == await cloud.notes(A, "sent"), (at, killer.steps)
            return steps

    assert at_each_step(tmp_path, scenario) > 12


def test_a_settling_that_cannot_be_written_is_tried_again(
    tmp_path: Path, cloud_at: Any, box_arn: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk of the sender is full just when the effect was applied at the target."""

    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            await cloud.call(A, "Put", Box=box_arn(A, "x"), Text="here")
            db = cloud.cell.tenants.get(A).tenant.db
            apply = cloud.dispatcher.apply

            async def apply_and_fill(effect: Any) -> None:
                await apply(effect)
                db.rows("PRAGMA query_only = 1")

            monkeypatch.setattr(cloud.dispatcher, "apply", apply_and_fill)
            await cloud.call(A, "Send", Boxes=[box_arn(B, "in")], Text="1", Lane="lane")
            await cloud.quiet()
            monkeypatch.undo()
            db.rows("PRAGMA query_only = 0")
            await cloud.call(A, "Send", Boxes=[box_arn(B, "in")], Text="2", Lane="lane")
            await cloud.settle()
            assert await cloud.notes(B, "in") == ["1", "2"]
            assert db.rows("SELECT count(*) FROM effect") == [(0,)]

    asyncio.run(scenario())


def test_what_is_sent_just_as_its_lane_becomes_empty_is_delivered(
    tmp_path: Path, cloud_at: Any, box_arn: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            apply = cloud.dispatcher.apply
            sends: list[asyncio.Task[Any]] = []

            def send() -> None:
                if len(sends) < 10:
                    text = str(len(sends))
                    sends.append(
                        asyncio.ensure_future(cloud.call(A, "Send", Boxes=[box_arn(B, "in")], Text=text, Lane="lane"))
                    )

            async def apply_and_send(effect: Any) -> None:
                """The next is sent in the turn, and so in the transaction, that settles this one."""
                await apply(effect)
                send()

            monkeypatch.setattr(cloud.dispatcher, "apply", apply_and_send)
            send()

            async def all_arrived() -> bool:
                return len(await cloud.notes(B, "in")) == 10

            await cloud.until(all_arrived)
            assert await cloud.notes(B, "in") == [str(number) for number in range(10)]

    asyncio.run(scenario())


def test_an_effect_that_comes_due_while_the_tenant_is_looked_into_is_not_forgotten(
    tmp_path: Path, cloud_at: Any, box_arn: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            transact = cloud.cell.transact_engine

            async def later_at_the_end(hosted: Any, function: Any, *args: Any) -> Any:
                if function.__name__ == "_next_timer":
                    # What is due was set out with already.
                    cloud.clock.advance(1)
                return await transact(hosted, function, *args)

            monkeypatch.setattr(cloud.cell, "transact_engine", later_at_the_end)
            with cloud.effects_put_off():
                await cloud.call(A, "Later", Text="timer", Seconds=0.1)
                await cloud.call(A, "Send", Boxes=[box_arn(B, "in")], Text="1")
                await cloud.quiet()
            cloud.clock.advance(0.15)
            await cloud.quiet()
            assert await cloud.notes(B, "in") == ["1"]

    asyncio.run(scenario())
