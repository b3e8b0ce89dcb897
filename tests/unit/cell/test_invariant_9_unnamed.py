"""9. No row names its tenant."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from atoll.core.tenant_id import TenantId
from atoll.tenants.copy import fork, rewrite_arns

REALM = "realm-of-its-own"
A = TenantId(REALM, "987654321098", "ap-southeast-3")
B = TenantId("default", "123123123123", "cn-north-1")
OTHER = "arn:aws:sqs:ap-southeast-3:555555555555:theirs"


async def use_everything(cloud: Any, arn: Any) -> None:
    """All that makes rows, as who names its own account and region wherever it can."""
    box = arn(A, "x")
    for text in ("1", "2"):
        await cloud.call(A, "Put", Box=box, Text=text)
    await cloud.call(A, "Add", Box=box)
    await cloud.call(A, "Make", Box=box, Tags={"team": "blue"})
    await cloud.call(A, "Claim", Name="the-name")
    await cloud.call(A, "Later", Text="late", Seconds=100_000)
    boxes, dead = [arn(A, "in"), arn(B, "in")], arn(A, "dead")
    await cloud.call(A, "Send", Boxes=boxes, Text="sent", Lane="lane", Refused=dead)
    await cloud.call(A, "Relay", Box=box, Route=[box, box], Text="relayed")
    policy = {"Statement": [{"Principal": {"AWS": f"arn:aws:iam::{A.account}:root"}, "Resource": [box, OTHER]}]}
    for target in (arn(A, "x"), json.dumps(policy), OTHER):
        await cloud.call(A, "Link", Target=target)


async def use_sqs(cloud: Any) -> None:
    async def sqs(operation: str, **params: Any) -> Any:
        return await cloud.call(A, operation, service="sqs", **params)

    dead = (await sqs("CreateQueue", QueueName="dead", tags={"team": "blue"}))["QueueUrl"]
    arn = (await sqs("GetQueueAttributes", QueueUrl=dead, AttributeNames=["QueueArn"]))["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "1"})
    url = (await sqs("CreateQueue", QueueName="queue", Attributes={"RedrivePolicy": redrive}))["QueueUrl"]
    await sqs("AddPermission", QueueUrl=url, Label="label", AWSAccountIds=[A.account], Actions=["SendMessage"])
    attributes = {"name": {"DataType": "String", "StringValue": "value"}}
    for number in range(3):
        await sqs("SendMessage", QueueUrl=url, MessageBody=f"body {number}", MessageAttributes=attributes)
    for _ in range(3):
        await sqs("ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=1)
        cloud.clock.advance(2)
    await sqs("StartMessageMoveTask", SourceArn=arn)
    fifo = (await sqs("CreateQueue", QueueName="q.fifo", Attributes={"FifoQueue": "true"}))["QueueUrl"]
    await sqs("SendMessage", QueueUrl=fifo, MessageBody="1", MessageGroupId="g", MessageDeduplicationId="d")
    await sqs("ReceiveMessage", QueueUrl=fifo, ReceiveRequestAttemptId="attempt")


def columns(db: Any) -> dict[tuple[str, str], list[Any]]:
    found = {}
    for (table,) in db.rows("SELECT name FROM sqlite_schema WHERE type = 'table'"):
        for column in [row[1] for row in db.rows(f'PRAGMA table_info("{table}")')]:
            found[table, column] = [value for (value,) in db.rows(f'SELECT "{column}" FROM "{table}"')]
    return found


def without_targets(cloud: Any, found: dict[tuple[str, str], list[Any]]) -> dict[tuple[str, str], list[Any]]:
    """The columns, less the one parameter of each effect by which its target is found: that names whoever it is for."""

    def without_target(service: str, operation: str, params: Any, *rest: Any) -> list[Any]:
        target = cloud.registry[service].operations[operation].access.owner.parameter
        assert target in params
        return [service, operation, {name: value for name, value in params.items() if name != target}, *rest]

    bodies = [without_target(*msgspec.msgpack.decode(body)) for body in found["effect", "body"]]
    refusals = [msgspec.msgpack.decode(refused) for refused in found["effect", "refused"] if refused]
    elsewhere = [without_target(*refused.values()) for refused in refusals]
    return found | {("effect", "body"): bodies, ("effect", "refused"): elsewhere}


async def check_rows(cloud: Any) -> dict[tuple[str, str], list[Any]]:
    found = columns((await cloud.cell.tenants.open(A)).tenant.db)
    written_by_users = {column for service in ("probe", "sqs") for column in cloud.registry[service].schema.arns}
    for where, values in without_targets(cloud, found).items():
        if where not in written_by_users:
            for name in A:
                assert not [value for value in values if name in str(value)], where
    return found


def test_rows_hold_neither_realm_nor_account_nor_region(tmp_path: Path, cloud_at: Any, box_arn: Any) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            await cloud.index.make_realm(REALM, True)
            with cloud.effects_unanswered():
                await use_everything(cloud, box_arn)
                await use_sqs(cloud)
                under_way = await check_rows(cloud)
                assert len(under_way["effect", "body"]) == len(under_way["effect", "refused"]) == 2
            await cloud.crash()
            await cloud.settle()
            assert (await check_rows(cloud))["effect", "body"] == []
            assert await cloud.notes(A, "in") == ["sent"]

    asyncio.run(scenario())


def test_a_fork_into_another_account_knows_nothing_of_its_original(tmp_path: Path, cloud_at: Any, box_arn: Any) -> None:
    async def scenario() -> None:
        async with cloud_at(tmp_path) as cloud:
            await cloud.index.make_realm(REALM, True)
            await use_everything(cloud, box_arn)
            await use_sqs(cloud)
            await cloud.quiet()
            services = [cloud.registry[name] for name in cloud.registry]
            with cloud.effects_unanswered():
                await cloud.call(A, "Send", Boxes=[box_arn(A, "in")], Text="under way", Lane="lane")
                fork(cloud.path_of(A), cloud.path_of(B), services, A, B)
            files = list(cloud.path_of(B).iterdir())
            assert [file.name for file in files] == ["tenant.sqlite"]
            # Other accounts in the original's region are still there.
            seen = files[0].read_bytes().replace(OTHER.encode(), b"")
            for name in A:
                assert name.encode() not in seen

            await cloud.crash()
            # All that the original has, the fork has as its own.
            assert await cloud.notes(B, "x") == await cloud.notes(A, "x") == ["1", "2", "relayed"]
            policy, theirs = (await cloud.call(B, "Links"))["Links"][1:]
            assert json.loads(policy)["Statement"][0] == {
                "Principal": {"AWS": f"arn:aws-cn:iam::{B.account}:root"},
                "Resource": [f"arn:aws-cn:probe:{B.region}:{B.account}:x", OTHER],
            }
            assert theirs == OTHER
            url = (await cloud.call(B, "GetQueueUrl", service="sqs", QueueName="queue"))["QueueUrl"]
            answer = await cloud.call(B, "GetQueueAttributes", service="sqs", QueueUrl=url, AttributeNames=["All"])
            assert A.account not in json.dumps(answer)
            dead = f"arn:aws-cn:sqs:{B.region}:{B.account}:dead"
            assert json.loads(answer["Attributes"]["RedrivePolicy"])["deadLetterTargetArn"] == dead
            resources = (await cloud.index.resources("default")).resources
            assert {resource.arn for resource in resources} >= {dead, f"arn:aws-cn:probe:{B.region}:{B.account}:x"}
            assert await cloud.index.holder("default", "probe-name", "the-name") == B
            assert await cloud.index.holder(REALM, "probe-name", "the-name") == A
            cloud.clock.advance(200_000)
            await cloud.quiet()
            assert await cloud.notes(B, "due") == ["late"]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("text", "rewritten"),
    [
        ("arn:aws:sqs:us-east-1:111111111111:q", "arn:aws:sqs:eu-west-1:222222222222:q"),
        ("arn:aws:sqs:us-west-2:111111111111:q", "arn:aws:sqs:us-west-2:222222222222:q"),
        ("arn:aws:iam::111111111111:role/r", "arn:aws:iam::222222222222:role/r"),
        ("arn:aws:s3:::bucket", "arn:aws:s3:::bucket"),
        ("arn:aws:sqs:us-east-1:333333333333:q", "arn:aws:sqs:us-east-1:333333333333:q"),
        ('["arn:aws:sqs:us-east-1:111111111111:a","*"]', '["arn:aws:sqs:eu-west-1:222222222222:a","*"]'),
        ("111111111111", "111111111111"),
        ("", ""),
    ],
)
def test_arns_are_rewritten_where_they_mean_the_original(text: str, rewritten: str) -> None:
    original = TenantId("default", "111111111111", "us-east-1")
    copy = TenantId("default", "222222222222", "eu-west-1")
    assert rewrite_arns(text, original, copy) == rewritten
    assert rewrite_arns(text, original, original) == text
