"""Nested calls that take no waiting: what may be read of another tenant here and now, and what may not."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from atoll.cell.lagoon import CellLagoon
from atoll.core.call import Call
from atoll.core.caller import Caller
from atoll.core.errors import AwsError
from atoll.core.tenant_id import TenantId

A = TenantId("default", "111111111111", "us-east-1")
B = TenantId("default", "222222222222", "eu-central-1")
CAUSE = Call("probe", "Relay", {}, Caller(*B, "arn:aws:iam::222222222222:root", B.account), B, "request")


def test_a_readonly_operation_of_an_open_tenant(tmp_path: Path, cloud_at: Any, box_arn: Any) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            listing = {"Box": box_arn(A, "x")}
            assert cloud.dispatcher.at_once(CAUSE, "probe", "List", listing) is None, "it is not open"
            await cloud.call(A, "Put", Box=box_arn(A, "x"), Text="hello")
            assert cloud.dispatcher.at_once(CAUSE, "probe", "List", listing) == {"Notes": ["hello"]}
            assert cloud.dispatcher.at_once(CAUSE, "probe", "Put", {**listing, "Text": "2"}) is None, "it writes"
            assert cloud.dispatcher.at_once(CAUSE, "probe", "Relay", {**listing, "Route": []}) is None, "it is long"

    asyncio.run(scenario())


def test_nothing_that_is_not_committed_is_seen(tmp_path: Path, cloud_at: Any, box_arn: Any) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            await cloud.call(A, "Put", Box=box_arn(A, "x"), Text="1")
            put = asyncio.create_task(cloud.call(A, "Put", Box=box_arn(A, "x"), Text="2"))
            hosted = cloud.cell.tenants.get(A)
            await asyncio.sleep(0)
            assert hosted.in_group, "the commit comes in the next turn of the loop"
            assert cloud.dispatcher.at_once(CAUSE, "probe", "List", {"Box": box_arn(A, "x")}) is None
            await put
            assert not hosted.in_group
            assert cloud.dispatcher.at_once(CAUSE, "probe", "List", {"Box": box_arn(A, "x")}) == {"Notes": ["1", "2"]}

    asyncio.run(scenario())


def test_reads_wait_where_they_must_be_on_the_disk(tmp_path: Path, cloud_at: Any, box_arn: Any) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path, full_durability=True) as cloud:
            await cloud.call(A, "Put", Box=box_arn(A, "x"), Text="1")
            assert cloud.dispatcher.at_once(CAUSE, "probe", "List", {"Box": box_arn(A, "x")}) is None

    asyncio.run(scenario())


def test_several_cells_are_asked_by_waiting(tmp_path: Path, cloud_at: Any, box_arn: Any) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path, ("one", "two")) as cloud:
            await cloud.call(A, "Put", Box=box_arn(A, "x"), Text="1")
            assert cloud.dispatcher.at_once(CAUSE, "probe", "List", {"Box": box_arn(A, "x")}) is None

    asyncio.run(scenario())


def test_calls_that_led_to_each_other_too_often_are_refused(tmp_path: Path, cloud_at: Any, box_arn: Any) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            cause = Call("probe", "Relay", {}, CAUSE.caller, B, "request", hops=10)
            with pytest.raises(AwsError, match="too often"):
                cloud.dispatcher.at_once(cause, "probe", "List", {"Box": box_arn(A, "x")})

    asyncio.run(scenario())


def test_a_stamp_is_another_once_anything_was_written(tmp_path: Path, cloud_at: Any, box_arn: Any) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            lagoon = CellLagoon(cloud.cell, B, "probe")
            assert lagoon.stamp(A) is None, "it is not open"
            await cloud.call(A, "Put", Box=box_arn(A, "x"), Text="1")
            first = lagoon.stamp(A)
            assert first is not None
            await cloud.notes(A, "x")
            assert lagoon.stamp(A) == first
            with pytest.raises(AwsError, match="BadNote"):
                await cloud.call(A, "Put", Box=box_arn(A, "x"), Text="bad")
            second = lagoon.stamp(A)
            await cloud.call(A, "Put", Box=box_arn(A, "x"), Text="2")
            third = lagoon.stamp(A)
            assert len({first, second, third}) == 3
            await cloud.cell.tenants.close(A)
            assert lagoon.stamp(A) is None
            await cloud.notes(A, "x")
            assert lagoon.stamp(A) not in (first, second, third, None), "it was opened anew"
            assert lagoon.stamp(A._replace(realm="twin")) is None, "of another realm nothing is said"

    asyncio.run(scenario())
