"""6. A name has one holder."""

from __future__ import annotations

import asyncio
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
from atoll.core.errors import AwsError
from atoll.core.tenant_id import TenantId
from atoll.tenants.copy import restore

A = TenantId("default", "111111111111", "us-east-1")
B = TenantId("default", "222222222222", "eu-central-1")
C = TenantId("twin", "111111111111", "us-east-1")
NAME = "the-name"


async def holders(cloud: Any, *tenants: TenantId, name: str = NAME) -> list[TenantId]:
    """Who holds it by its own rows."""
    found = []
    for tenant in tenants:
        placement = await cloud.index.placement(tenant)
        if placement is not None:
            hosted = await cloud.cells[placement.cell].tenants.open(tenant)
            if hosted and hosted.tenant.rows("SELECT 1 FROM holding WHERE name = ? AND NOT gone", (name,)):
                found.append(tenant)
    return found


async def agreed(cloud: Any, *tenants: TenantId, name: str = NAME) -> TenantId | None:
    """The one holder, of whom rows and index agree, or none."""
    by_rows = await holders(cloud, *tenants, name=name)
    by_index = await cloud.index.holder(tenants[0].realm, "probe-name", name)
    assert by_rows == ([] if by_index is None else [by_index])
    return by_index


@pytest.mark.parametrize("release_first", [False, True])
def test_who_claims_or_gives_back_may_be_killed_at_any_step(
    release_first: bool, tmp_path: Path, cloud_at: Any, told_of_commits: Any, at_each_step: Any
) -> None:
    async def scenario(folder: Path, at: int) -> int:
        async with cloud_at(folder, cells=("one", "two")) as cloud:
            await cloud.index.place(B, "two")
            if release_first:
                await cloud.call(A, "Claim", Name=NAME)
            told_of_commits(cloud)
            killer = cloud.kill_at("one", at)
            answer = await cloud.insist(A, "Release" if release_first else "Claim", Name=NAME)
            steps: int = await killer.settle()
            holder = await agreed(cloud, A, B)
            if answer is not None:
                assert holder == (None if release_first else A)
            # Whatever became of it, it is nobody's for ever.
            if holder == A:
                with pytest.raises(AwsError, match="NameTaken"):
                    await cloud.call(B, "Claim", Name=NAME)
                await cloud.call(A, "Release", Name=NAME)
            await cloud.call(B, "Claim", Name=NAME)
            assert await agreed(cloud, A, B) == B
            assert (await cloud.call(A, "Owner", Name=NAME))["Owner"] == list(B)
            return steps

    assert at_each_step(tmp_path, scenario) >= 4


@pytest.mark.parametrize("seed", range(5))
def test_deleting_and_creating_in_a_race_leaves_one_holder(seed: int, tmp_path: Path, cloud_at: Any) -> None:
    draw = random.Random(seed)

    async def scenario() -> None:
        async with cloud_at(tmp_path, cells=("one", "two")) as cloud:
            await cloud.index.place(B, "two")
            for _ in range(15):
                calls = [
                    cloud.insist(draw.choice([A, B]), draw.choice(["Claim", "Claim", "Release"]), Name=NAME)
                    for _ in range(draw.randrange(1, 8))
                ]
                answers = asyncio.gather(*calls)
                while not answers.done():
                    assert len(await holders(cloud, A, B)) <= 1
                    await asyncio.sleep(0)
                await cloud.quiet()
                await agreed(cloud, A, B)

    asyncio.run(scenario())


def test_a_claim_that_was_given_up_can_be_confirmed_no_more(tmp_path: Path, cloud_at: Any) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            slow = asyncio.create_task(cloud.call(A, "Claim", Name=NAME, Wait=200))
            await cloud.waiting()
            with pytest.raises(AwsError, match="NameTaken"):
                await cloud.call(B, "Claim", Name=NAME)
            cloud.clock.advance(130)
            await cloud.until(lambda: free(cloud))
            await cloud.call(B, "Claim", Name=NAME)
            cloud.clock.advance(100)
            with pytest.raises(AwsError, match="ServiceUnavailable"):
                await slow
            await cloud.quiet()
            assert await agreed(cloud, A, B) == B

    asyncio.run(scenario())


async def free(cloud: Any) -> bool:
    return await cloud.index.holder("default", "probe-name", NAME) is None


def test_a_copy_that_holds_what_is_anothers_by_now_loses_it(tmp_path: Path, cloud_at: Any) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path / "data") as cloud:
            await cloud.call(A, "Claim", Name=NAME)
            await cloud.call(A, "Claim", Name="kept")
            restore(cloud.path_of(A), tmp_path / "old")
            await cloud.call(A, "Release", Name=NAME)
            await cloud.call(B, "Claim", Name=NAME)
            await cloud.cell.tenants.close(A)
            restore(tmp_path / "old", cloud.path_of(A))
            assert await holders(cloud, A, B) == [B]
            await cloud.quiet()
            assert await agreed(cloud, A, B) == B
            assert await agreed(cloud, A, B, name="kept") == A

    asyncio.run(scenario())


def test_a_release_that_comes_late_frees_nothing_that_is_anothers_by_now(tmp_path: Path, cloud_at: Any) -> None:
    """The cell that settles an old claim sleeps over it; another process settles it meanwhile."""

    async def scenario() -> None:
        async with cloud_at(tmp_path, cells=("one", "two")) as cloud:
            await cloud.index.place(B, "two")
            slow = asyncio.create_task(cloud.insist(A, "Claim", Name=NAME, Wait=200))
            await cloud.waiting()
            sleeping = cloud.replace_at("one", "before release")
            cloud.clock.advance(130)
            assert await slow is None
            await cloud.until(lambda: free(cloud))
            await cloud.call(B, "Claim", Name=NAME)
            await cloud.wake(*sleeping)
            assert await agreed(cloud, A, B) == B

    asyncio.run(scenario())


def test_files_laid_under_another_account_hold_nothing_of_their_originals(
    tmp_path: Path, cloud_at: Any, box_arn: Any
) -> None:
    """Not by way of a fork, which claims anew: the rows are the same, generations included."""

    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            await cloud.call(A, "Claim", Name=NAME)
            await cloud.call(A, "Claim", Name="given back")
            await cloud.cell.tenants.close(A)
            shutil.copytree(cloud.path_of(A), cloud.path_of(B))
            await cloud.call(B, "Release", Name="given back")
            await cloud.quiet()
            assert await agreed(cloud, A, B) == A
            assert await agreed(cloud, A, B, name="given back") == A

    asyncio.run(scenario())


def test_the_same_name_is_another_in_another_realm(tmp_path: Path, cloud_at: Any) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            await cloud.call(A, "Claim", Name=NAME)
            await cloud.call(C, "Claim", Name=NAME)
            assert await agreed(cloud, A, B) == A
            assert await agreed(cloud, C) == C

    asyncio.run(scenario())
