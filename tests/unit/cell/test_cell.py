"""Calls, transactions, effects, waits, timers: what the cell does."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from atoll.cell import aftermath
from atoll.core.errors import AwsError
from atoll.core.tenant_id import TenantId

A = TenantId("default", "111111111111", "us-east-1")
B = TenantId("default", "222222222222", "eu-central-1")


def test_a_call_runs_in_its_owners_database(tmp_path: Path, cloud_at: Any, box_arn: Any) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            result = await cloud.call(B, "Put", Box=box_arn(A, "x"), Text="hello")
            assert result["Owner"] == list(A)
            assert await cloud.notes(A, "x") == ["hello"]
            assert await cloud.notes(B, "x") == []

    asyncio.run(scenario())


def test_reading_and_refusal_leave_no_file(tmp_path: Path, cloud_at: Any, box_arn: Any) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            assert await cloud.notes(A, "x") == []
            with pytest.raises(AwsError, match="BadNote"):
                await cloud.call(A, "Put", Box=box_arn(A, "x"), Text="bad")
            assert not cloud.path_of(A).exists()

    asyncio.run(scenario())


def test_what_is_refused_is_undone_and_the_rest_of_its_turn_is_not(tmp_path: Path, cloud_at: Any, box_arn: Any) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            texts = ["1", "bad", "2", "broken", "3"]
            answers = await asyncio.gather(
                *(cloud.call(A, "Put", Box=box_arn(A, "x"), Text=text) for text in ["0", *texts]),
                return_exceptions=True,
            )
            assert [str(answer.code) for answer in answers if isinstance(answer, AwsError)] == [
                "BadNote",
                "InternalFailure",
            ]
            assert sorted(await cloud.notes(A, "x")) == ["0", "1", "2", "3"]

    asyncio.run(scenario())


def test_effects_arrive_once_in_their_lanes_order(tmp_path: Path, cloud_at: Any, box_arn: Any) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            for number in range(20):
                await cloud.call(A, "Send", Boxes=[box_arn(B, "in")], Text=str(number), Lane="lane")
            await cloud.quiet()
            assert await cloud.notes(B, "in") == [str(number) for number in range(20)]

    asyncio.run(scenario())


def test_an_awaited_effect_is_there_before_the_answer(tmp_path: Path, cloud_at: Any, box_arn: Any) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            await cloud.call(A, "Send", Boxes=[box_arn(B, "in")], Text="mirror", Awaited=True)
            assert await cloud.notes(B, "in") == ["mirror"]

    asyncio.run(scenario())


def test_calls_that_await_their_effects_do_not_wait_for_each_other(
    tmp_path: Path, cloud_at: Any, box_arn: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What settles an effect, or applies another tenant's, often shares a commit with a call that awaits one."""
    monkeypatch.setattr(aftermath, "PATIENCE", 1000.0)

    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:

            async def client(here: TenantId, there: TenantId, pace: int) -> None:
                for number in range(20):
                    for _ in range(pace * number):
                        await asyncio.sleep(0)
                    await cloud.call(
                        here, "Send", Boxes=[box_arn(there, "in")], Text=str(number), Lane="lane", Awaited=True
                    )

            async with asyncio.timeout(60):
                await asyncio.gather(*(client(*pair, pace) for pair in ((A, B), (B, A)) for pace in range(4)))
            for place in (A, B):
                assert len(await cloud.notes(place, "in")) == 80

    asyncio.run(scenario())


def test_a_refused_effect_goes_where_it_says(tmp_path: Path, cloud_at: Any, box_arn: Any) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            await cloud.call(A, "Send", Boxes=[box_arn(B, "refusing")], Text="no", Refused=box_arn(A, "dead"))
            await cloud.quiet()
            assert await cloud.notes(A, "dead") == ["no"]

    asyncio.run(scenario())


def test_a_stuck_lane_holds_up_no_other_and_is_retried(tmp_path: Path, cloud_at: Any, box_arn: Any) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            await cloud.call(A, "Send", Boxes=[box_arn(B, "failing")], Text="stuck", Lane="stuck")
            await cloud.call(A, "Send", Boxes=[box_arn(B, "in")], Text="behind", Lane="stuck")
            await cloud.call(A, "Send", Boxes=[box_arn(B, "in")], Text="free", Lane="free")
            await cloud.quiet()
            assert await cloud.notes(B, "in") == ["free"]

    asyncio.run(scenario())


def test_a_message_wakes_who_waits(tmp_path: Path, cloud_at: Any, box_arn: Any) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            await cloud.call(A, "Put", Box=box_arn(A, "other"), Text="x")
            waiting = [asyncio.create_task(cloud.call(B, "Take", Box=box_arn(A, "x"), Wait=20)) for _ in range(3)]
            await cloud.until(lambda: _has_waiters(cloud, 3))
            await cloud.call(A, "Put", Box=box_arn(A, "x"), Text="wake")
            done, pending = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            assert [task.result() for task in done] == [{"Text": "wake"}]
            cloud.clock.advance(21)
            assert [await task for task in pending] == [{}, {}]

    asyncio.run(scenario())


async def _has_waiters(cloud: Any, count: int) -> bool:
    return bool(cloud.cell.waiters.count() == count)


def test_a_timer_runs_in_a_closed_tenant_and_after_a_restart(tmp_path: Path, cloud_at: Any, box_arn: Any) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            await cloud.call(A, "Later", Text="first", Seconds=100)
            await cloud.cell.tenants.close(A)
            cloud.clock.advance(101)
            await cloud.quiet()
            assert await cloud.notes(A, "due") == ["first"]
            await cloud.call(A, "Later", Text="second", Seconds=100)
        async with cloud_at(tmp_path) as cloud:
            cloud.clock.advance(1000)
            await cloud.quiet()
            assert await cloud.notes(A, "due") == ["first", "second"]

    asyncio.run(scenario())


def test_a_timer_may_go_on_after_its_transaction(tmp_path: Path, cloud_at: Any, box_arn: Any) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            for text in ("broken", "fine"):
                await cloud.call(A, "Later", Timer="relay", Text=text, Seconds=100)
            await cloud.cell.tenants.close(A)
            cloud.clock.advance(101)
            await cloud.quiet()
            assert sorted(await cloud.notes(A, "due")) == ["broken", "fine", "fine went on"]
            cloud.clock.advance(1000)
            await cloud.quiet()
            assert len(await cloud.notes(A, "due")) == 3, "it is tried once"

    asyncio.run(scenario())


def test_what_only_reads_may_go_on_with_what_writes(tmp_path: Path, cloud_at: Any, box_arn: Any) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            for text in ("first", "second"):
                await cloud.call(A, "ReadThenPut", Box=box_arn(A, "x"), Text=text)
                hosted = cloud.cell.tenants.get(A)
                # Another service's call may come between any two.
                hosted.tenant.lagoon = None
            assert await cloud.call(A, "List", Box=box_arn(A, "x")) == {"Notes": ["first", "second"]}

    asyncio.run(scenario())


def test_the_index_has_what_was_made_before_the_answer(tmp_path: Path, cloud_at: Any, box_arn: Any) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            made = await cloud.call(B, "Make", Box=box_arn(A, "x"), Tags={"a": "1"})
            page = await cloud.index.resources("default")
            assert [(resource.arn, resource.tags) for resource in page.resources] == [(made["Arn"], {"a": "1"})]
            await cloud.call(B, "Drop", Box=box_arn(A, "x"))
            assert (await cloud.index.resources("default")).resources == []

    asyncio.run(scenario())


def test_a_failure_of_ours_says_nothing_of_the_inside(
    tmp_path: Path, cloud_at: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            with pytest.raises(AwsError) as caught:
                await cloud.call(A, "Fail")
            assert caught.value.code == "InternalFailure"
            assert "ours" not in caught.value.message

    asyncio.run(scenario())
    assert "a failure of ours" in caplog.text
