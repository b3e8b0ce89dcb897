"""What follows a commit: whatever fails there, or hangs, every call is answered, and nothing holds up the rest."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import apsw
import pytest
from atoll.cell import aftermath, deliveries, marks, timekeeper
from atoll.core.effect import Effect
from atoll.core.errors import AwsError
from atoll.core.tenant_id import TenantId
from atoll.index import IndexUnavailable
from atoll.tenants import Database

A = TenantId("default", "111111111111", "eu-central-1")
B = TenantId("default", "222222222222", "us-east-1")
C = TenantId("default", "333333333333", "us-east-1")


class Disk:
    """Takes the place of syncing: what is `held` waits until it is let go."""

    def __init__(self) -> None:
        self.free = threading.Event()
        self.free.set()
        self.syncs = 0

    def sync(self, descriptor: int) -> None:
        self.syncs += 1
        assert self.free.wait(20)
        os.fdatasync(descriptor)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    disk = Disk()
    monkeypatch.setattr(aftermath, "sync_file", disk.sync)
    return disk


def fails(error: Exception) -> Callable[..., NoReturn]:
    def fail(*args: Any) -> NoReturn:
        raise error

    return fail


@pytest.mark.parametrize("error", [apsw.BusyError("database is locked"), apsw.FullError("database or disk is full")])
def test_a_checkpoint_that_fails_on_the_loop_leaves_no_call_unanswered(
    tmp_path: Path, cloud_at: Any, box_arn: Any, monkeypatch: pytest.MonkeyPatch, error: apsw.Error
) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            await cloud.call(A, "Put", Box=box_arn(A, "x"), Text="0")
            monkeypatch.setattr(aftermath, "CHECKPOINT_PAGES", 1)
            monkeypatch.setattr(aftermath, "LONGEST_LOG_PAGES", 0)
            monkeypatch.setattr(Database, "checkpoint", fails(error))
            for number in range(1, 4):
                await cloud.call(A, "Put", Box=box_arn(A, "x"), Text=str(number))
            assert await cloud.notes(A, "x") == ["0", "1", "2", "3"]

    asyncio.run(scenario())


def test_the_log_is_copied_back_on_the_loop_when_it_is_long_and_off_it_one_at_a_time(
    tmp_path: Path, cloud_at: Any, box_arn: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        copies: list[str] = []
        free = threading.Event()

        def copy_file(path: Path) -> None:
            copies.append("off the loop")
            assert free.wait(20)

        monkeypatch.setattr(aftermath, "checkpoint_file", copy_file)
        monkeypatch.setattr(Database, "checkpoint", lambda db: copies.append("on the loop"))
        monkeypatch.setattr(aftermath, "CHECKPOINT_PAGES", 1)
        async with cloud_at(tmp_path) as cloud:
            for _ in range(5):
                await cloud.call(A, "Put", Box=box_arn(A, "x"), Text="x" * 9000)
            assert copies == ["off the loop"]
            free.set()
            await cloud.quiet()
            monkeypatch.setattr(aftermath, "LONGEST_LOG_PAGES", 1)
            await cloud.call(A, "Put", Box=box_arn(A, "x"), Text="x" * 9000)
            assert copies == ["off the loop", "on the loop"]

    asyncio.run(scenario())


def test_what_fails_after_a_commit_is_looked_for_again(
    tmp_path: Path, cloud_at: Any, box_arn: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            with monkeypatch.context() as broken:
                broken.setattr(cloud.cell.deliveries, "start", fails(apsw.IOError("disk I/O error")))
                await cloud.call(A, "Send", Boxes=[box_arn(B, "in")], Text="hello")
            assert await cloud.notes(B, "in") == []
            cloud.clock.advance(aftermath.RETRY)
            await cloud.quiet()
            assert await cloud.notes(B, "in") == ["hello"]

    with caplog.at_level(logging.CRITICAL):
        asyncio.run(scenario())


# ---- --durability full


def test_a_log_that_cannot_be_synced_is_a_failure_of_ours(
    tmp_path: Path, cloud_at: Any, box_arn: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path, full_durability=True) as cloud:
            await cloud.call(A, "Put", Box=box_arn(A, "x"), Text="1")
            with monkeypatch.context() as broken:
                broken.setattr(Database, "wal_descriptor", fails(OSError(errno.EMFILE, "Too many open files")))
                with pytest.raises(AwsError, match="InternalFailure"):
                    await cloud.call(A, "Put", Box=box_arn(A, "x"), Text="2")
            await cloud.call(A, "Put", Box=box_arn(A, "x"), Text="3")

    asyncio.run(scenario())


def test_no_effect_leaves_before_its_cause_is_on_the_disk(
    tmp_path: Path, cloud_at: Any, box_arn: Any, disk: Disk
) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path, full_durability=True) as cloud:
            for tenant in (A, B):
                await cloud.call(tenant, "Put", Box=box_arn(tenant, "x"), Text="")
            await cloud.quiet()
            delivered: list[Effect] = []
            apply = cloud.dispatcher.apply

            async def told(effect: Effect) -> None:
                delivered.append(effect)
                await apply(effect)

            cloud.dispatcher.apply = told
            disk.free.clear()
            before = disk.syncs
            sending = asyncio.ensure_future(cloud.call(A, "Send", Boxes=[box_arn(B, "in")], Text="hello"))
            await cloud.until(_holds(lambda: disk.syncs > before))
            for _ in range(50):
                await asyncio.sleep(0)
            assert not delivered
            assert not sending.done()
            disk.free.set()
            await sending
            await cloud.quiet()
            assert len(delivered) == 1

    asyncio.run(scenario())


def test_a_refusal_waits_for_what_it_rests_on(tmp_path: Path, cloud_at: Any, disk: Disk, box_arn: Any) -> None:
    async def sqs(cloud: Any, operation: str, **params: Any) -> Any:
        return await cloud.call(A, operation, service="sqs", **params)

    async def scenario() -> None:
        async with cloud_at(tmp_path, full_durability=True) as cloud:
            url = (await sqs(cloud, "CreateQueue", QueueName="q"))["QueueUrl"]
            await cloud.quiet()
            disk.free.clear()
            before = disk.syncs
            deleting = asyncio.ensure_future(sqs(cloud, "DeleteQueue", QueueUrl=url))
            await cloud.until(_holds(lambda: disk.syncs > before))
            reading = asyncio.ensure_future(sqs(cloud, "GetQueueAttributes", QueueUrl=url, AttributeNames=["All"]))
            await cloud.until(_holds(lambda: disk.syncs > before + 1))
            assert not deleting.done()
            assert not reading.done()
            disk.free.set()
            await deleting
            with pytest.raises(AwsError, match="QueueDoesNotExist"):
                await reading

    asyncio.run(scenario())


def _holds(condition: Callable[[], bool]) -> Callable[[], Any]:
    async def holds() -> bool:
        return condition()

    return holds


# ---- the index, effects, timers


def test_an_answer_waits_until_the_index_takes_a_change(
    tmp_path: Path, cloud_at: Any, box_arn: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            await cloud.call(A, "Make", Box=box_arn(A, "first"))
            publish = cloud.index.publish
            failures = [IndexUnavailable("not now"), IndexUnavailable("not yet")]

            async def fails_at_first(*args: Any, **named: Any) -> Any:
                if failures:
                    raise failures.pop()
                return await publish(*args, **named)

            monkeypatch.setattr(cloud.index, "publish", fails_at_first)
            await cloud.call(A, "Make", Box=box_arn(A, "second"))
            arns = [resource.arn for resource in (await cloud.index.resources("default")).resources]
            assert box_arn(A, "second") in arns

    asyncio.run(scenario())


def test_targets_that_hang_keep_no_place_for_ever(
    tmp_path: Path, cloud_at: Any, box_arn: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "PATIENCE", 0.05)

    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            apply = cloud.dispatcher.apply

            async def hangs(effect: Effect) -> None:
                if effect.params["Box"] == box_arn(C, "in"):
                    await asyncio.Future()
                await apply(effect)

            monkeypatch.setattr(cloud.dispatcher, "apply", hangs)
            await cloud.call(A, "Send", Boxes=[box_arn(C, "in")] * deliveries.AT_ONCE, Text="stuck")
            await cloud.call(A, "Send", Boxes=[box_arn(B, "in")], Text="free")

            async def arrived() -> bool:
                return await cloud.notes(B, "in") == ["free"]

            await cloud.until(arrived)

    asyncio.run(scenario())


def test_a_timer_of_a_service_that_is_not_there_holds_up_no_other(tmp_path: Path, cloud_at: Any) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            await cloud.call(A, "Later", Text="due", Seconds=10)
            hosted = cloud.cell.tenants.get(A)
            await cloud.cell.transact_engine(
                hosted, lambda tenant: tenant.set_timer("gone", "tick", "", tenant.now() + 5)
            )
            cloud.clock.advance(10)
            await cloud.quiet()
            assert await cloud.notes(A, "due") == ["due"]
            cloud.clock.advance(timekeeper.RETRY)
            await cloud.quiet()

    asyncio.run(scenario())


# ---- tenants that are open


def test_a_tenant_that_is_read_is_in_use(tmp_path: Path, cloud_at: Any, box_arn: Any) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path, open_tenants=2) as cloud:
            for tenant in (A, B):
                await cloud.call(tenant, "Put", Box=box_arn(tenant, "x"), Text="")
            await cloud.notes(A, "x")
            await cloud.call(C, "Put", Box=box_arn(C, "x"), Text="")
            await cloud.quiet()
            assert cloud.cell.tenants.ids() == [A, C]

    asyncio.run(scenario())


def test_a_realm_that_is_gone_is_gone_for_open_tenants(tmp_path: Path, cloud_at: Any, box_arn: Any) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            await cloud.call(A, "Make", Box=box_arn(A, "x"))
            waiting = asyncio.ensure_future(cloud.call(A, "Take", Box=box_arn(A, "x"), Wait=100))
            await cloud.quiet_but(waiting)
            await cloud.index.drop_realm("default")
            with pytest.raises(AwsError, match="InvalidClientTokenId"):
                await waiting
            with pytest.raises(AwsError, match="InvalidClientTokenId"):
                await cloud.notes(A, "x")
            realm = await cloud.index.make_realm("default", True)
            await cloud.call(A, "Make", Box=box_arn(A, "y"))
            assert cloud.cell.tenants.get(A).tenant.realm == realm
            arns = [resource.arn for resource in (await cloud.index.resources("default")).resources]
            assert arns == [box_arn(A, "x"), box_arn(A, "y")]

    asyncio.run(scenario())


def test_marks_do_not_grow_with_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marks, "_LONGEST_LOG_PAGES", 50)
    kept = marks.Marks(tmp_path / "cell.sqlite", full=False)

    async def open_and_close() -> None:
        for number in range(500):
            await kept.opened(A)
            kept.closed(A, float(number))

    asyncio.run(open_and_close())
    assert (tmp_path / "cell.sqlite-wal").stat().st_size < 100 * 4200
    assert kept.left() == [(A, 499.0)]
    kept.close()
