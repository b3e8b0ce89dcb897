"""Long polling, in a cell: who waits is woken, by messages and by time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from atoll.cell import Cell
from atoll.cell.reply import FutureReply
from atoll.core.call import Call
from atoll.core.caller import Caller
from atoll.core.clock import ManualClock
from atoll.core.errors import AwsError
from atoll.core.service import Registry
from atoll.core.tenant_id import TenantId
from atoll.index.sqlite import SqliteIndex
from atoll.services.sqs import load

ID = TenantId("default", "111111111111", "eu-central-1")
URL = "http://localhost/queue/eu-central-1/111111111111/"


class Running:
    def __init__(self, cell: Cell, clock: ManualClock) -> None:
        self.cell = cell
        self.clock = clock
        self.caller = Caller("default", ID.account, ID.region, f"arn:aws:iam::{ID.account}:root", ID.account)

    async def call(self, operation: str, name: str = "q", **params: Any) -> dict[str, Any]:
        reply = FutureReply(asyncio.get_running_loop())
        params = {"QueueUrl": URL + name, **params}
        self.cell.run(Call("sqs", operation, params, self.caller, ID, "request"), reply)
        answer = await reply.wait()
        assert isinstance(answer, dict)
        return answer

    async def queue(self, name: str = "q", **attributes: str) -> None:
        await self.call("CreateQueue", QueueName=name, Attributes=attributes)

    def poll(self, count: int = 1, wait: int = 20, **params: Any) -> asyncio.Task[dict[str, Any]]:
        return asyncio.ensure_future(
            self.call("ReceiveMessage", MaxNumberOfMessages=count, WaitTimeSeconds=wait, **params)
        )

    async def settle(self) -> None:
        """Lets what can go on go on."""
        for _ in range(30):
            await asyncio.sleep(0)

    async def advance(self, seconds: float) -> None:
        await self.settle()
        self.clock.advance(seconds)
        await self.settle()


Test = Callable[[Running], Coroutine[Any, Any, None]]


@pytest.fixture
def run(tmp_path: Path) -> Callable[[Test], None]:
    def run(test: Test) -> None:
        async def main() -> None:
            clock = ManualClock()
            index = SqliteIndex(":memory:", clock)
            await index.make_realm("default", True)
            world: Any = None
            cell = Cell(
                "one",
                registry=Registry({"sqs": load}),
                index=index,
                world=world,
                clock=clock,
                path_of=lambda id: tmp_path / id.account / id.region,
                marks=None,
            )
            cell.start()
            try:
                await test(Running(cell, clock))
            finally:
                await cell.stop()

        asyncio.run(asyncio.wait_for(main(), 20))

    return run


def bodies(answer: dict[str, Any]) -> list[str]:
    return [message["Body"] for message in answer.get("Messages", [])]


def test_a_message_wakes_one_of_those_who_wait(run: Callable[[Test], None]) -> None:
    async def test(running: Running) -> None:
        await running.queue()
        polls = [running.poll() for _ in range(5)]
        await running.settle()
        await running.call("SendMessage", MessageBody="hello")
        await running.settle()
        assert [bodies(poll.result()) for poll in polls if poll.done()] == [["hello"]]
        await running.advance(20)
        assert [bodies(await poll) for poll in polls] == [["hello"], [], [], [], []]

    run(test)


def test_a_batch_wakes_as_many_as_it_has_messages(run: Callable[[Test], None]) -> None:
    async def test(running: Running) -> None:
        await running.queue()
        polls = [running.poll() for _ in range(3)]
        await running.settle()
        entries = [{"Id": str(number), "MessageBody": str(number)} for number in range(3)]
        await running.call("SendMessageBatch", Entries=entries)
        await running.settle()
        assert sorted(bodies(poll.result())[0] for poll in polls) == ["0", "1", "2"]

    run(test)


def test_delays_and_visibility_timeouts_wake(run: Callable[[Test], None]) -> None:
    async def test(running: Running) -> None:
        await running.queue(VisibilityTimeout="7")
        poll = running.poll()
        await running.settle()
        await running.call("SendMessage", MessageBody="later", DelaySeconds=5)
        await running.advance(4)
        assert not poll.done()
        await running.advance(1.1)
        assert bodies(poll.result()) == ["later"]
        poll = running.poll()
        await running.advance(6.8)
        assert not poll.done()
        await running.advance(0.3)
        assert bodies(poll.result()) == ["later"]

    run(test)


def test_who_gives_up_says_what_he_waited_for(run: Callable[[Test], None]) -> None:
    async def test(running: Running) -> None:
        await running.queue()
        first, second, third = running.poll(wait=2), running.poll(), running.poll()
        await running.settle()
        await running.call("SendMessage", MessageBody="later", DelaySeconds=5)
        await running.advance(2)
        assert await first == {}
        second.cancel()
        await running.advance(3.1)
        assert bodies(third.result()) == ["later"]

    run(test)


def test_what_one_took_comes_back_to_another_who_waits(run: Callable[[Test], None]) -> None:
    async def test(running: Running) -> None:
        await running.queue(VisibilityTimeout="5")
        polls = [running.poll(count=10), running.poll(count=10)]
        await running.settle()
        await running.call("SendMessage", MessageBody="x")
        await running.settle()
        assert [poll.done() for poll in polls] == [True, False]
        await running.advance(5.1)
        assert bodies(polls[1].result()) == ["x"]

    run(test)


def test_who_finds_one_message_leaves_the_next_to_another(run: Callable[[Test], None]) -> None:
    async def test(running: Running) -> None:
        await running.queue()
        polls = [running.poll(count=10), running.poll(count=10)]
        for delay in (2, 4):
            await running.call("SendMessage", MessageBody=str(delay), DelaySeconds=delay)
        await running.advance(2.1)
        await running.advance(2)
        assert sorted(bodies(poll.result())[0] for poll in polls) == ["2", "4"]

    run(test)


def test_the_last_look_is_at_the_deadline(run: Callable[[Test], None]) -> None:
    async def test(running: Running) -> None:
        await running.queue()
        poll = running.poll(wait=5)
        await running.settle()
        await running.call("SendMessage", MessageBody="just", DelaySeconds=5)
        await running.advance(5)
        assert bodies(poll.result()) == ["just"]

    run(test)


def test_several_messages_that_become_visible_together(run: Callable[[Test], None]) -> None:
    async def test(running: Running) -> None:
        await running.queue()
        entries = [{"Id": str(number), "MessageBody": str(number), "DelaySeconds": 3} for number in range(4)]
        await running.call("SendMessageBatch", Entries=entries)
        polls = [running.poll() for _ in range(4)]
        await running.advance(3.1)
        assert sorted(bodies(poll.result())[0] for poll in polls) == ["0", "1", "2", "3"]

    run(test)


def test_shortening_a_timeout_wakes(run: Callable[[Test], None]) -> None:
    async def test(running: Running) -> None:
        await running.queue(VisibilityTimeout="600")
        await running.call("SendMessage", MessageBody="x")
        [message] = (await running.call("ReceiveMessage"))["Messages"]
        poll = running.poll()
        await running.settle()
        change = {"ReceiptHandle": message["ReceiptHandle"]}
        await running.call("ChangeMessageVisibility", **change, VisibilityTimeout=3)
        await running.advance(3.1)
        assert bodies(poll.result()) == ["x"]

    run(test)


def test_a_fifo_group_wakes_when_its_front_is_deleted(run: Callable[[Test], None]) -> None:
    async def test(running: Running) -> None:
        await running.call(
            "CreateQueue",
            QueueName="q.fifo",
            Attributes={"FifoQueue": "true", "ContentBasedDeduplication": "true"},
        )
        for body in ("one", "two"):
            await running.call("SendMessage", "q.fifo", MessageBody=body, MessageGroupId="g")
        [message] = (await running.call("ReceiveMessage", "q.fifo"))["Messages"]
        poll = running.poll(QueueUrl=URL + "q.fifo")
        await running.settle()
        assert not poll.done()
        await running.call("DeleteMessage", "q.fifo", ReceiptHandle=message["ReceiptHandle"])
        await running.settle()
        assert bodies(poll.result()) == ["two"]

    run(test)


def test_a_queue_that_is_deleted_meanwhile(run: Callable[[Test], None]) -> None:
    async def test(running: Running) -> None:
        await running.queue()
        poll = running.poll()
        await running.settle()
        await running.call("DeleteQueue")
        await running.settle()
        with pytest.raises(AwsError, match="does not exist"):
            await poll

    run(test)


def test_timers_run_in_the_cell(run: Callable[[Test], None]) -> None:
    async def test(running: Running) -> None:
        await running.queue(MessageRetentionPeriod="60")
        await running.call("SendMessage", MessageBody="x")
        await running.advance(61)
        await running.settle()
        tenant = running.cell.tenants.get(ID)
        assert tenant is not None
        assert tenant.tenant.rows("SELECT count(*) FROM message") == [(0,)]

    run(test)


def test_a_tenant_without_queues_gets_no_file(run: Callable[[Test], None], tmp_path: Path) -> None:
    async def test(running: Running) -> None:
        assert await running.call("ListQueues") == {}
        with pytest.raises(AwsError):
            await running.call("SendMessage", MessageBody="x")
        assert not (tmp_path / ID.account).exists()

    run(test)
