"""4. An effect's id never comes again: restore an old copy, fork, cut the log; then send."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any

import apsw
from atoll.core.tenant_id import TenantId
from atoll.tenants.copy import fork, restore

A = TenantId("default", "111111111111", "us-east-1")
B = TenantId("default", "222222222222", "eu-central-1")
C = TenantId("default", "333333333333", "eu-west-1")


def test_a_restored_copy_sends_anew(tmp_path: Path, cloud_at: Any, box_arn: Any) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path / "data") as cloud:
            box = box_arn(B, "in")
            await cloud.call(A, "Send", Boxes=[box], Text="1", Lane="lane")
            restore(cloud.path_of(A), tmp_path / "old")
            await cloud.call(A, "Send", Boxes=[box], Text="2", Lane="lane")
            await cloud.quiet()
            for number in "345":
                await cloud.cell.tenants.close(A)
                restore(tmp_path / "old", cloud.path_of(A))
                await cloud.call(A, "Send", Boxes=[box], Text=number, Lane="lane")
                await cloud.settle()
                assert await cloud.notes(A, "sent") == ["1", number]
            assert await cloud.notes(B, "in") == ["1", "2", "3", "4", "5"]

    asyncio.run(scenario())


def test_a_copy_that_has_effects_under_way_does_not_apply_them_twice(
    tmp_path: Path, cloud_at: Any, box_arn: Any
) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path / "data") as cloud:
            with cloud.effects_unanswered():
                await cloud.call(A, "Send", Boxes=[box_arn(B, "in")], Text="1", Lane="lane")
                restore(cloud.path_of(A), tmp_path / "old")
            await cloud.crash()
            await cloud.settle()
            assert await cloud.notes(B, "in") == ["1"]
            # So much later that the target has forgotten the effect's own id, by its floor.
            for number in range(5):
                await cloud.call(A, "Send", Boxes=[box_arn(B, "in")], Text=f"later {number}")
                await cloud.quiet()
            await cloud.cell.tenants.close(A)
            restore(tmp_path / "old", cloud.path_of(A))
            await cloud.call(A, "Put", Box=box_arn(A, "x"), Text="awake")
            await cloud.settle()
            assert (await cloud.notes(B, "in")).count("1") == 1

    asyncio.run(scenario())


def test_a_fork_sends_what_is_its_own_and_nothing_of_its_original(tmp_path: Path, cloud_at: Any, box_arn: Any) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path / "data") as cloud:
            box = box_arn(B, "in")
            await cloud.call(A, "Send", Boxes=[box], Text="before", Lane="lane")
            await cloud.quiet()
            with cloud.effects_unanswered():
                await cloud.call(A, "Send", Boxes=[box], Text="under way", Lane="lane")
                fork(cloud.path_of(A), cloud.path_of(C), [cloud.registry["probe"]], A, C)
            await cloud.crash()
            fork(cloud.path_of(A), cloud.path_of(C), [cloud.registry["probe"]], A, C)
            for tenant in (A, C, A, C):
                await cloud.call(tenant, "Send", Boxes=[box], Text=f"of {tenant.account}", Lane="lane")
            await cloud.settle()
            notes = await cloud.notes(B, "in")
            assert sorted(notes) == sorted(["before", "under way", *["of 111111111111", "of 333333333333"] * 2])

    asyncio.run(scenario())


def frames(log: bytes) -> list[int]:
    """Where a write-ahead log can be cut: in its header, behind each frame, and within one."""
    page = int.from_bytes(log[8:12], "big")
    size = page + 24
    whole = range(32, len(log) + 1, size)
    return [0, 16, *whole, *(end - size // 2 for end in whole[1:])]


def test_a_log_that_is_cut_sends_anew_and_what_is_left_is_whole(tmp_path: Path, cloud_at: Any, box_arn: Any) -> None:
    """As a power cut leaves it without full durability: what was answered last may be gone, the effect of it not."""

    async def scenario(folder: Path, image: Path, cut: int, log: bytes) -> None:
        shutil.copytree(image, folder)
        [database] = folder.glob(f"one.*/{'/'.join(A)}/tenant.sqlite")
        database.with_name("tenant.sqlite-wal").write_bytes(log[:cut])
        async with cloud_at(folder) as cloud:
            await cloud.settle()
            left = await cloud.notes(A, "sent")
            assert left == list("12345")[: len(left)]
            await cloud.call(A, "Send", Boxes=[box_arn(B, "in")], Text="anew", Lane="lane")
            await cloud.settle()
            arrived = await cloud.notes(B, "in")
            assert arrived == [*"12345", "anew"], cut
            assert await cloud.notes(A, "sent") == [*left, "anew"]
            assert cloud.cell.tenants.get(A).tenant.rows("PRAGMA integrity_check") == [("ok",)]

    async def prepare() -> None:
        async with cloud_at(tmp_path / "data") as cloud:
            for number in "12345":
                await cloud.call(A, "Send", Boxes=[box_arn(B, "in")], Text=number, Lane="lane")
            await cloud.quiet()
            cloud.kill("one")
            shutil.copytree(tmp_path / "data", tmp_path / "image", ignore=shutil.ignore_patterns("one.0000", "*-shm"))

    asyncio.run(prepare())
    [path] = (tmp_path / "image").glob(f"one.*/{'/'.join(A)}/tenant.sqlite-wal")
    log = path.read_bytes()
    cuts = frames(log)
    assert len(cuts) > 20
    for number, cut in enumerate(cuts[:: len(cuts) // 20]):
        asyncio.run(scenario(tmp_path / str(number), tmp_path / "image", cut, log))


def test_a_copy_is_whole_while_its_source_is_written(tmp_path: Path, cloud_at: Any, box_arn: Any) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path / "data") as cloud:
            copies = []
            for number in range(40):
                await cloud.call(A, "Add", Box=box_arn(A, "n"))
                await cloud.call(A, "Put", Box=box_arn(A, "x"), Text=str(number))
                if number % 10 == 5:
                    # Within a transaction: the copy is what was committed before.
                    pending = [cloud.call(A, "Put", Box=box_arn(A, "x"), Text="open") for _ in range(2)]
                    writing = asyncio.gather(*pending)
                    await asyncio.sleep(0)
                    copies.append((number, tmp_path / str(number)))
                    restore(cloud.path_of(A), tmp_path / str(number))
                    await writing
            for number, folder in copies:
                connection = apsw.Connection(str(folder / "tenant.sqlite"))
                notes = [text for (text,) in connection.execute("SELECT text FROM note ORDER BY id")]
                [(value,)] = connection.execute("SELECT value FROM counter").fetchall()
                connection.close()
                assert [text for text in notes if text != "open"] == [str(n) for n in range(number + 1)]
                assert value == number + 1

    asyncio.run(scenario())
