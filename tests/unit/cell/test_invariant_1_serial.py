"""1. A tenant's transactions are serial and never wait."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from atoll.core.call import MAX_HOPS
from atoll.core.errors import AwsError
from atoll.core.service import Service
from atoll.core.tenant_id import TenantId

A = TenantId("default", "111111111111", "us-east-1")
B = TenantId("default", "222222222222", "eu-central-1")


@pytest.mark.parametrize("how", ["openly", "hidden", "promised"])
def test_a_transaction_that_would_wait_is_refused_and_undone(
    how: str, tmp_path: Path, cloud_at: Any, box_arn: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            await cloud.call(A, "Put", Box=box_arn(A, "x"), Text="here")
            with pytest.raises(AwsError, match="InternalFailure"):
                await cloud.call(A, "WaitsInTransaction", How=how)
            assert await cloud.notes(A, "waits") == []

    asyncio.run(scenario())
    assert "a transaction cannot wait" in caplog.text


def test_a_timer_that_would_wait_is_no_timer() -> None:
    service = Service("waits", access={})

    async def waits(tenant: Any, key: str) -> None: ...

    with pytest.raises(TypeError, match="waits"):
        service.timer("late")(waits)


def test_transactions_of_one_tenant_do_not_mix(tmp_path: Path, cloud_at: Any, box_arn: Any) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path, cells=("one", "two")) as cloud:
            answers = await asyncio.gather(*(cloud.call(B, "Add", Box=box_arn(A, "n")) for _ in range(200)))
            assert sorted(answer["Value"] for answer in answers) == list(range(1, 201))

    asyncio.run(scenario())


@pytest.mark.parametrize("cells", [("one",), ("one", "two")])
def test_tenants_that_call_each_other_both_ways_do_not_block(
    cells: tuple[str, ...], tmp_path: Path, cloud_at: Any, box_arn: Any
) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path, cells=cells) as cloud:
            if len(cells) > 1:
                await cloud.index.place(B, "two")
            boxes = {A: box_arn(A, "x"), B: box_arn(B, "x")}
            calls = [
                cloud.call(here, "Relay", Box=boxes[here], Route=[boxes[there], boxes[here]] * 2, Text="t")
                for here, there in [(A, B), (B, A)] * 50
            ]
            async with asyncio.timeout(20):
                answers = await asyncio.gather(*calls)
            assert [answer["Owner"] for answer in answers] == [list(A), list(B)] * 50
            for tenant in (A, B):
                assert len(await cloud.notes(tenant, "x")) == 50
                assert len(await cloud.notes(tenant, "passed")) == 150

    asyncio.run(scenario())


def test_a_call_that_leads_on_for_ever_is_ended(tmp_path: Path, cloud_at: Any, box_arn: Any) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            route = [box_arn(A, "x"), box_arn(B, "x")] * MAX_HOPS
            with pytest.raises(AwsError) as caught:
                await cloud.call(A, "Relay", Box=box_arn(A, "x"), Route=route, Text="t")
            assert caught.value.status == 508
            assert len(await cloud.notes(A, "passed")) + len(await cloud.notes(B, "passed")) == MAX_HOPS + 1

    asyncio.run(scenario())
