"""7. The index is a function of the tenants."""

from __future__ import annotations

import asyncio
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
from atoll.core.tenant_id import TenantId
from atoll.index.sqlite import SqliteIndex
from atoll.tenants.copy import fork, restore

TENANTS = [
    TenantId(realm, account, region)
    for realm in ("default", "twin")
    for account, region in [("111111111111", "us-east-1"), ("222222222222", "cn-north-1")]
]


async def contents(index: Any) -> dict[str, Any]:
    """All that the index has of resources and names."""
    found: dict[str, Any] = {}
    for realm in ("default", "twin"):
        page = await index.resources(realm, limit=1000)
        found[realm] = page.resources
        for resource in page.resources:
            assert resource.tenant in await index.find_id(realm, resource.kind, resource.id)
        for number in range(6):
            name = await index.name(realm, "probe-name", f"name{number}")
            # Whether it is confirmed is a matter of moments, whose it is not.
            found[f"{realm} name {number}"] = None if name is None else (name.holder, name.generation)
    return found


async def rows(cloud: Any) -> dict[str, list[Any]]:
    """The same, as the tenants' own rows have it."""
    found: dict[str, list[Any]] = {"default": [], "twin": []}
    for tenant in TENANTS:
        hosted = await cloud.cell.tenants.open(tenant)
        if hosted is not None:
            resources, _ = hosted.tenant.catalogue.newer_than(0, tenant)
            found[tenant.realm] += [(row.arn, row.tags, row.version) for row in resources if not row.gone]
    return found


async def rebuilt(cloud: Any) -> dict[str, Any]:
    """What an index has that knows nothing but what the tenants tell it."""
    lost, path = cloud.index, cloud.folder / "rebuilt.sqlite"
    cloud.index = SqliteIndex(path, cloud.clock)
    for realm in ("default", "twin"):
        await cloud.index.make_realm(realm, True)
    cloud.processes["one"].cell.index._target = cloud.index
    await cloud.cell.moves.publish_all(tenant for tenant in TENANTS if cloud.path_of(tenant).exists())
    found = await contents(cloud.index)
    await cloud.index.close()
    path.unlink()
    cloud.index = cloud.processes["one"].cell.index._target = lost
    return found


STEPS = ["make", "make", "drop", "claim", "claim", "release", "copy", "restore", "fork", "crash", "close"]


async def one_step(cloud: Any, draw: random.Random, copies: Path) -> None:
    tenant = draw.choice(TENANTS)
    box = f"arn:aws:probe:{tenant.region}:{tenant.account}:box{draw.randrange(4)}"
    name = f"name{draw.randrange(6)}"
    match draw.choice(STEPS):
        case "make":
            await cloud.call(tenant, "Make", Box=box, Tags={draw.choice("abc"): draw.choice("xyz")})
        case "drop":
            await cloud.call(tenant, "Drop", Box=box)
        case "claim":
            await cloud.insist(tenant, "Claim", Name=name)
        case "release":
            await cloud.call(tenant, "Release", Name=name)
        case "copy" if cloud.path_of(tenant).exists():
            restore(cloud.path_of(tenant), copies / f"{tenant.realm}{tenant.account}{draw.randrange(2)}")
        case "restore":
            copy = copies / f"{tenant.realm}{tenant.account}{draw.randrange(2)}"
            if copy.exists():
                await cloud.cell.tenants.close(tenant)
                if draw.random() < 0.5:
                    restore(copy, cloud.path_of(tenant))
                else:
                    shutil.rmtree(cloud.path_of(tenant))
                    shutil.copytree(copy, cloud.path_of(tenant))
        case "fork":
            other = draw.choice(TENANTS)
            if other != tenant and cloud.path_of(tenant).exists():
                await cloud.cell.tenants.close(other)
                fork(cloud.path_of(tenant), cloud.path_of(other), [cloud.registry["probe"]], tenant, other)
        case "crash":
            await cloud.crash()
        case "close":
            await cloud.cell.tenants.close(tenant)
    cloud.clock.advance(0.5)


@pytest.mark.parametrize("seed", range(8))
def test_the_index_rebuilt_is_the_index_as_it_was(seed: int, tmp_path: Path, cloud_at: Any) -> None:
    draw = random.Random(seed)

    async def scenario() -> None:
        async with cloud_at(tmp_path / "data") as cloud:
            for _ in range(6):
                for _ in range(12):
                    await one_step(cloud, draw, tmp_path)
                    await cloud.quiet()
                await cloud.settle()
                by_rows = await rows(cloud)
                kept = await contents(cloud.index)
                for realm in ("default", "twin"):
                    by_index = [(resource.arn, resource.tags, resource.version) for resource in kept[realm]]
                    assert sorted(by_index, key=repr) == sorted(by_rows[realm], key=repr)
                assert await rebuilt(cloud) == kept

    asyncio.run(scenario())


def test_an_index_put_back_to_an_old_copy_catches_up(tmp_path: Path, cloud_at: Any, box_arn: Any) -> None:
    """Tenants that are open know more than it: they tell it what it lacks with their next change."""
    tenant = TENANTS[0]

    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            await cloud.call(tenant, "Make", Box=box_arn(tenant, "1"))
            old = cloud.folder / "old.sqlite"
            shutil.copy(cloud.folder / "index.sqlite", old)
            shutil.copy(cloud.folder / "index.sqlite-wal", f"{old}-wal")
            await cloud.call(tenant, "Make", Box=box_arn(tenant, "2"))
            lost, cloud.index = cloud.index, SqliteIndex(old, cloud.clock)
            cloud.processes["one"].cell.index._target = cloud.index
            await lost.close()
            await cloud.call(tenant, "Make", Box=box_arn(tenant, "3"))
            await cloud.quiet()
            found = await cloud.index.resources("default")
            assert [resource.id for resource in found.resources] == ["1", "2", "3"]

    asyncio.run(scenario())


def test_what_the_index_could_not_take_it_is_told_later_also_after_a_stop(
    tmp_path: Path, cloud_at: Any, box_arn: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = TENANTS[0]

    async def away(*args: Any, **named: Any) -> None:
        raise OSError("the index is away")

    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            monkeypatch.setattr(cloud.index, "publish", away)
            await cloud.call(tenant, "Make", Box=box_arn(tenant, "1"))
        async with cloud_at(tmp_path) as cloud:
            await cloud.settle()
            assert [resource.id for resource in (await cloud.index.resources("default")).resources] == ["1"]

    asyncio.run(scenario())


def test_files_put_back_from_another_history_are_told_anew_whichever_had_more_changes(
    tmp_path: Path, cloud_at: Any, box_arn: Any
) -> None:
    tenant = TENANTS[0]

    async def scenario() -> None:
        async with cloud_at(tmp_path / "data") as cloud:

            async def make(*ids: str) -> None:
                for id in ids:
                    cloud.clock.advance(1)
                    await cloud.call(tenant, "Make", Box=box_arn(tenant, id))
                await cloud.cell.tenants.close(tenant)

            def put_back(name: str) -> None:
                shutil.rmtree(cloud.path_of(tenant))
                shutil.copytree(tmp_path / name, cloud.path_of(tenant))

            await make("first")
            shutil.copytree(cloud.path_of(tenant), tmp_path / "first")
            await make("a", "b", "c", "d")
            shutil.copytree(cloud.path_of(tenant), tmp_path / "many")
            put_back("first")
            await make("x")
            put_back("many")
            await make()
            await cloud.cell.moves.take_over(tenant)
            await cloud.quiet()
            found = (await cloud.index.resources("default")).resources
            assert [resource.id for resource in found] == ["a", "b", "c", "d", "first"]

    asyncio.run(scenario())
