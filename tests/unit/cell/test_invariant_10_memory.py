"""10. Forgetting memory changes no answer."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from atoll.core.errors import AwsError
from atoll.core.tenant_id import TenantId

TENANTS = [
    TenantId("default", "111111111111", "us-east-1"),
    TenantId("default", "222222222222", "eu-central-1"),
    TenantId("twin", "111111111111", "us-east-1"),
]
Between = Callable[[Any], Awaitable[None]]


async def keep(cloud: Any) -> None:
    await cloud.quiet()


async def close_all(cloud: Any) -> None:
    await cloud.quiet()
    for tenant in TENANTS:
        await cloud.cell.tenants.close(tenant)


async def drop_memory(cloud: Any) -> None:
    await cloud.quiet()
    for hosted in cloud.cell.tenants.all():
        hosted.tenant.memory.clear()


async def crash(cloud: Any) -> None:
    await cloud.quiet()
    # A process is dear to begin; that it ends now and then is enough.
    if cloud.clock.now() % 5 < 1:
        await cloud.crash()


def answers(folder: Path, cloud_at: Any, between: Between, play: Callable[..., Any], seed: int) -> list[Any]:
    async def scenario() -> list[Any]:
        async with cloud_at(folder) as cloud:
            given: list[Any] = []

            async def ask(caller: TenantId, operation: str, **params: Any) -> Any:
                try:
                    answer: Any = await cloud.call(caller, operation, **params)
                except AwsError as error:
                    answer = [error.code, HANDLE.sub("Value drawn", error.message)]
                given.append((operation, seen(answer)))
                await between(cloud)
                return answer

            await play(cloud, ask, random.Random(seed))
            return given

    return asyncio.run(scenario())


HANDLE = re.compile(r"Value \S+")
DRAWN = {"MessageId", "ReceiptHandle", "RequestId", "Generation", "TaskHandle"}
"""What is drawn at random: that it is there is all that two runs have in common."""


def seen(answer: Any) -> Any:
    if isinstance(answer, dict):
        return {key: "drawn" if key in DRAWN else seen(value) for key, value in answer.items()}
    if isinstance(answer, list | tuple):
        return [seen(part) for part in answer]
    return answer


async def play_probe(cloud: Any, ask: Any, draw: random.Random) -> None:
    for step in range(60):
        caller, owner = draw.choice(TENANTS), draw.choice(TENANTS)
        box = f"arn:aws:probe:{owner.region}:{owner.account}:box{draw.randrange(2)}"
        other = f"arn:aws:probe:{caller.region}:{caller.account}:in"
        match draw.randrange(9):
            case 0 | 1 | 2:
                await ask(caller, "Add", Box=box, Undo=draw.random() < 0.3)
            case 3:
                await ask(caller, "Put", Box=box, Text=draw.choice(["a", "b", "bad"]))
            case 4:
                await ask(caller, "Take", Box=box, Wait=0)
            case 5:
                await ask(caller, "Send", Boxes=[box, other], Text=str(step), Lane="lane", Awaited=True)
            case 6:
                await ask(caller, "Claim", Name=f"name{draw.randrange(2)}")
            case 7:
                await ask(caller, "Release", Name=f"name{draw.randrange(2)}")
            case 8:
                await ask(caller, "Later", Text=str(step), Seconds=draw.randrange(5))
        cloud.clock.advance(draw.randrange(3))
        name = draw.choice(["box0", "box1", "in", "due"])
        await ask(owner, "List", Box=f"arn:aws:probe:{owner.region}:{owner.account}:{name}")


async def play_sqs(cloud: Any, ask: Any, draw: random.Random) -> None:
    async def sqs(operation: str, **params: Any) -> Any:
        return await ask(draw.choice(TENANTS[:2]), operation, service="sqs", **params)

    urls = {}
    for name, attributes in [
        ("dead", {}),
        ("plain", {"VisibilityTimeout": "5"}),
        ("late", {"DelaySeconds": "3"}),
        ("first.fifo", {"FifoQueue": "true", "ContentBasedDeduplication": "true"}),
    ]:
        made = await ask(TENANTS[0], "CreateQueue", service="sqs", QueueName=name, Attributes=attributes)
        urls[name] = made["QueueUrl"]
    arn = f"arn:aws:sqs:{TENANTS[0].region}:{TENANTS[0].account}:dead"
    policy = {"RedrivePolicy": f'{{"deadLetterTargetArn":"{arn}","maxReceiveCount":2}}'}
    await sqs("SetQueueAttributes", QueueUrl=urls["plain"], Attributes=policy)
    handles: list[tuple[str, str]] = []
    for step in range(60):
        name = draw.choice(list(urls))
        url = urls[name]
        match draw.randrange(8):
            case 0 | 1:
                group = {"MessageGroupId": draw.choice("gh")} if name.endswith("fifo") else {}
                await sqs("SendMessage", QueueUrl=url, MessageBody=str(step // 2), **group)
            case 2 | 3:
                got = await sqs("ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=3, AttributeNames=["All"])
                handles += [(url, message["ReceiptHandle"]) for message in got.get("Messages", [])]
            case 4 if handles:
                url, handle = handles.pop(draw.randrange(len(handles)))
                await sqs("DeleteMessage", QueueUrl=url, ReceiptHandle=handle)
            case 5 if handles:
                url, handle = draw.choice(handles)
                hidden = draw.randrange(10)
                await sqs("ChangeMessageVisibility", QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=hidden)
            case 6:
                await sqs("SetQueueAttributes", QueueUrl=url, Attributes={"VisibilityTimeout": str(draw.randrange(9))})
            case 7:
                await sqs("PurgeQueue", QueueUrl=url) if draw.random() < 0.2 else None
        cloud.clock.advance(draw.choice([0, 0.5, 2, 6]))
        await sqs("GetQueueAttributes", QueueUrl=url, AttributeNames=["All"])


@pytest.mark.parametrize("play", [play_probe, play_sqs])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("between", [close_all, drop_memory, crash])
def test_the_answers_are_those_of_whoever_keeps_everything(
    between: Between, seed: int, play: Callable[..., Any], tmp_path: Path, cloud_at: Any
) -> None:
    kept = answers(tmp_path / "kept", cloud_at, keep, play, seed)
    assert answers(tmp_path / "forgotten", cloud_at, between, play, seed) == kept
