"""Effects on the tenant that causes them, run in its own transaction; effects that are given up."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from atoll.core.errors import AwsError
from atoll.core.tenant_id import TenantId

A = TenantId("default", "111111111111", "us-east-1")
B = TenantId("default", "222222222222", "eu-central-1")


def test_what_means_the_tenant_itself_is_done_at_once(tmp_path: Path, cloud_at: Any, box_arn: Any) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            answer = await cloud.call(A, "SendHere", Boxes=[box_arn(A, "in"), box_arn(B, "in")], Text="1")
            assert answer == {"Here": [True, False]}
            assert await cloud.notes(A, "in") == ["1"]
            await cloud.settle()
            assert await cloud.notes(B, "in") == ["1"]

    asyncio.run(scenario())


@pytest.mark.parametrize(("box", "text", "code"), [("refusing", "1", "Refused"), ("in", "bad", "BadNote")])
def test_a_refusal_undoes_the_call_that_ran_into_it(
    tmp_path: Path, cloud_at: Any, box_arn: Any, box: str, text: str, code: str
) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            await cloud.call(A, "Put", Box=box_arn(A, "in"), Text="0")
            boxes = [box_arn(A, "in"), box_arn(A, box), box_arn(A, "in")]
            with pytest.raises(AwsError) as refused:
                await cloud.call(A, "SendHere", Boxes=boxes, Text=text)
            assert refused.value.code == code
            assert await cloud.notes(A, "in") == ["0"]
            assert await cloud.notes(A, "sent") == []

    asyncio.run(scenario())


def test_a_cause_that_is_refused_takes_it_along(tmp_path: Path, cloud_at: Any, box_arn: Any) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            await cloud.call(A, "Put", Box=box_arn(A, "in"), Text="0")
            with pytest.raises(AwsError):
                await cloud.call(A, "SendHere", Boxes=[box_arn(A, "in")], Text="1", Undo=True)
            assert await cloud.notes(A, "in") == ["0"]

    asyncio.run(scenario())


def test_what_waits_in_a_lane_is_not_overtaken(tmp_path: Path, cloud_at: Any, box_arn: Any) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            with cloud.effects_put_off():
                await cloud.call(A, "SendHere", Boxes=[box_arn(B, "in")], Text="1", Lane="lane")
                await cloud.quiet()
            answer = await cloud.call(A, "SendHere", Boxes=[box_arn(A, "in")], Text="2", Lane="lane")
            assert answer == {"Here": [False]}
            await cloud.settle()
            assert (await cloud.notes(B, "in"), await cloud.notes(A, "in")) == (["1"], ["2"])

    asyncio.run(scenario())


def test_an_effect_is_given_up_after_its_patience(tmp_path: Path, cloud_at: Any, box_arn: Any) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            for patience in (100, None):
                await cloud.call(A, "SendHere", Boxes=[box_arn(B, "failing")], Text="1", Patience=patience)
            for count, seconds in ((2, 0), (2, 99), (1, 61)):
                cloud.clock.advance(seconds)
                await cloud.quiet()
                assert cloud.cell.timekeeper.waiting()[A].count == count

    asyncio.run(scenario())


async def noted(cloud: Any, *notes: str) -> None:
    found: list[str] = []
    for _ in range(10_000):
        found = await cloud.notes(A, "due")
        if found == list(notes):
            break
        await asyncio.sleep(0)
    assert found == list(notes)


def test_a_timer_may_go_on_after_its_transaction(tmp_path: Path, cloud_at: Any) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            await cloud.call(A, "LaterOn", Text="x", Seconds=1)
            await cloud.call(A, "Later", Text="y", Seconds=2)
            cloud.clock.advance(2)
            # It holds up no other, nor the closing of its tenant.
            await noted(cloud, "x", "y")
            await cloud.cell.tenants.close(A)
            cloud.clock.advance(100)
            await noted(cloud, "x", "y", "x went on")

    asyncio.run(scenario())


def test_a_timer_that_fails_is_run_again(tmp_path: Path, cloud_at: Any) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            await cloud.call(A, "LaterOn", Text="broken", Seconds=1)
            cloud.clock.advance(1)
            await cloud.quiet()
            assert await cloud.notes(A, "due") == []
            [(due,)] = cloud.cell.tenants.get(A).tenant.rows("SELECT due FROM timer")
            assert due == cloud.clock.now() + 60

    asyncio.run(scenario())
