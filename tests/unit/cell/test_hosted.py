"""Tenants open and close: their number, who is busy, what is done at a moment while they are closed."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest
from atoll.core.errors import AwsError
from atoll.core.service import Schema
from atoll.core.tenant_id import TenantId
from atoll.tenants import Database
from atoll.tenants.database import ENGINE_VERSION

A = TenantId("default", "111111111111", "us-east-1")
B = TenantId("default", "222222222222", "eu-central-1")


def tenant(number: int) -> TenantId:
    return TenantId("default", f"{number:012}", "us-east-1")


def open_now(cloud: Any) -> list[TenantId]:
    return [hosted.tenant.id for hosted in cloud.cell.tenants.all()]


def test_the_longest_unused_are_closed(tmp_path: Path, cloud_at: Any, box_arn: Any) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path, open_tenants=3) as cloud:
            for number in (1, 2, 3, 1, 4):
                await cloud.call(A, "Put", Box=box_arn(tenant(number), "x"), Text=str(number))
                await cloud.quiet()
            assert open_now(cloud) == [tenant(3), tenant(1), tenant(4)]
            for number in range(1, 30):
                await cloud.call(A, "Put", Box=box_arn(tenant(number), "y"), Text="")
                await cloud.quiet()
                assert len(cloud.cell.tenants) <= 3
            assert await cloud.notes(tenant(2), "x") == ["2"]

    asyncio.run(scenario())


def test_many_more_at_once_than_may_be_open_are_all_answered(tmp_path: Path, cloud_at: Any, box_arn: Any) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path, open_tenants=2) as cloud:
            for _ in range(3):
                answers = await asyncio.gather(
                    *(cloud.call(A, "Add", Box=box_arn(tenant(number % 20), "n")) for number in range(60))
                )
            assert sorted(answer["Value"] for answer in answers) == sorted([7, 8, 9] * 20)
            await cloud.quiet()
            await cloud.call(A, "Add", Box=box_arn(tenant(99), "n"))
            assert len(cloud.cell.tenants) <= 2

    asyncio.run(scenario())


def test_one_that_is_just_opened_is_not_closed_though_all_others_are_busy(
    tmp_path: Path, cloud_at: Any, box_arn: Any
) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path, open_tenants=1) as cloud:
            await cloud.call(A, "Put", Box=box_arn(A, "x"), Text="1")
            busy = cloud.cell.tenants.get(A)
            busy.enter()
            for _ in range(3):
                assert await cloud.call(A, "Put", Box=box_arn(B, "x"), Text="2")
            assert set(open_now(cloud)) == {A, B}
            busy.leave()

    asyncio.run(scenario())


def test_who_calls_while_it_closes_waits_and_finds_all_there(tmp_path: Path, cloud_at: Any, box_arn: Any) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            for number in range(1, 20):
                closing = asyncio.create_task(cloud.cell.tenants.close(A))
                answers = await asyncio.gather(*(cloud.call(A, "Add", Box=box_arn(A, "n")) for _ in range(3)))
                assert [answer["Value"] for answer in answers] == [3 * number - 2, 3 * number - 1, 3 * number]
                await closing
                await cloud.quiet()

    asyncio.run(scenario())


def test_who_gives_up_waiting_for_it_to_close_does_not_end_that_for_others(
    tmp_path: Path, cloud_at: Any, box_arn: Any
) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            await cloud.call(A, "Put", Box=box_arn(A, "x"), Text="1")
            await cloud.quiet()
            closing = asyncio.ensure_future(cloud.cell.tenants.close(A))
            await asyncio.sleep(0)
            closing.cancel()
            assert await cloud.notes(A, "x") == ["1"]
            with pytest.raises(asyncio.CancelledError):
                await closing

    asyncio.run(scenario())


def test_it_can_be_closed_while_someone_waits_on_it(tmp_path: Path, cloud_at: Any, box_arn: Any) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            await cloud.call(A, "Put", Box=box_arn(A, "other"), Text="1")
            waiting = asyncio.create_task(cloud.call(B, "Take", Box=box_arn(A, "x"), Wait=20))

            async def waits() -> bool:
                return bool(cloud.cell.waiters.count())

            await cloud.until(waits)
            await cloud.cell.tenants.close(A)
            assert open_now(cloud) == []
            await cloud.call(A, "Put", Box=box_arn(A, "x"), Text="2")
            assert await waiting == {"Text": "2"}

    asyncio.run(scenario())


def test_an_older_database_is_migrated_and_a_newer_refused_with_words(
    tmp_path: Path, cloud_at: Any, box_arn: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            await cloud.call(A, "Put", Box=box_arn(A, "x"), Text="1")
            await cloud.cell.tenants.close(A)
            db = Database(cloud.path_of(A) / "tenant.sqlite")
            db.rows("UPDATE service SET version = 99")
            db.close()
            with pytest.raises(AwsError, match="InternalFailure"):
                await cloud.notes(A, "x")
            assert "tables of probe in version 99, this Atoll knows 1" in caplog.text
            await cloud.cell.tenants.close(A)
            db = Database(cloud.path_of(A) / "tenant.sqlite")
            db.rows("UPDATE service SET version = 1")
            db.rows(f"PRAGMA user_version = {ENGINE_VERSION + 1}")
            db.close()
            caplog.clear()
            for _ in range(2):
                with pytest.raises(AwsError, match="InternalFailure"):
                    await cloud.notes(A, "x")
            assert "was written by a newer Atoll" in caplog.text
            # One tenant that cannot be opened keeps nobody from the others.
            assert await cloud.call(A, "Put", Box=box_arn(B, "x"), Text="2")

    asyncio.run(scenario())


def test_a_migration_that_was_undone_with_its_call_is_done_by_the_next(
    tmp_path: Path, cloud_at: Any, box_arn: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            await cloud.call(A, "Put", Box=box_arn(A, "x"), Text="1")
            await cloud.cell.tenants.close(A)
            probe = cloud.registry["probe"]
            monkeypatch.setattr(probe, "schema", Schema(2, "", {1: "ALTER TABLE note ADD COLUMN more TEXT"}))
            for _ in range(2):
                with pytest.raises(AwsError, match="BadNote"):
                    await cloud.call(A, "Put", Box=box_arn(A, "x"), Text="bad")
                assert cloud.cell.tenants.get(A).tenant.db.services == {"probe": 1}
            await cloud.call(A, "Put", Box=box_arn(A, "x"), Text="2")
            db = cloud.cell.tenants.get(A).tenant.db
            assert db.services == {"probe": 2}
            assert db.rows("SELECT text, more FROM note") == [("1", None), ("2", None)]

    asyncio.run(scenario())


def test_a_timer_that_is_taken_away_or_put_off_in_time_does_not_run(
    tmp_path: Path, cloud_at: Any, box_arn: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            for text in ("gone", "later", "kept"):
                await cloud.call(A, "Later", Text=text, Seconds=10)
            run_timer = cloud.cell.timekeeper._run_timer

            async def after_a_call(hosted: Any, service: str, name: str, key: str) -> None:
                """What is due was found; a call comes in between."""
                if key == "gone":
                    await cloud.cell.transact(A, "probe", lambda tenant: tenant.set_timer("probe", "note", key, None))
                if key == "later":
                    await cloud.call(A, "Later", Text=key, Seconds=100)
                await run_timer(hosted, service, name, key)

            monkeypatch.setattr(cloud.cell.timekeeper, "_run_timer", after_a_call)
            cloud.clock.advance(11)
            await cloud.quiet()
            assert await cloud.notes(A, "due") == ["kept"]
            monkeypatch.undo()
            cloud.clock.advance(101)
            await cloud.quiet()
            assert await cloud.notes(A, "due") == ["kept", "later"]

    asyncio.run(scenario())


def test_a_timer_that_fails_is_tried_again_and_holds_up_no_other(
    tmp_path: Path, cloud_at: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)

    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            timers = cloud.registry["probe"].timers
            due = timers["note"]
            fails = True

            def due_or_not(tenant: Any, key: str) -> None:
                due(tenant, key)
                if fails and key == "fails":
                    raise ValueError("a failure of ours")

            monkeypatch.setitem(timers, "note", due_or_not)
            for text in ("fails", "works"):
                await cloud.call(A, "Later", Text=text, Seconds=10)
            cloud.clock.advance(11)
            await cloud.quiet()
            assert await cloud.notes(A, "due") == ["works"]
            fails = False
            cloud.clock.advance(61)
            await cloud.quiet()
            assert await cloud.notes(A, "due") == ["works", "fails"]

    asyncio.run(scenario())
    assert "timer probe.note fails failed" in caplog.text


def test_more_timers_than_are_taken_at_a_time_all_run(tmp_path: Path, cloud_at: Any) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            await asyncio.gather(*(cloud.call(A, "Later", Text=str(n), Seconds=1 + n / 1000) for n in range(250)))
            await cloud.cell.tenants.close(A)
            cloud.clock.advance(100)
            await cloud.quiet()
            assert await cloud.notes(A, "due") == [str(number) for number in range(250)]

    asyncio.run(scenario())
