"""Calls find the cell of the tenant that they mean, also while that changes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from atoll.cell import NotMine, Reply
from atoll.cell.reply import FutureReply
from atoll.core.access import Access, ByArn
from atoll.core.call import MAX_HOPS, Call
from atoll.core.caller import Caller
from atoll.core.clock import ManualClock
from atoll.core.effect import Effect, EffectId
from atoll.core.errors import AwsError
from atoll.core.service import Registry, Service
from atoll.core.tenant_id import TenantId
from atoll.gateway import dispatch
from atoll.gateway.dispatch import Dispatcher, Packed
from atoll.gateway.locate import Locator
from atoll.index import Directory
from atoll.index.sqlite import MEMORY, SqliteIndex

A = TenantId("default", "111111111111", "us-east-1")
B = TenantId("default", "222222222222", "eu-central-1")
CALLER = Caller(*A, "arn:aws:iam::111111111111:root", "111111111111")
IN_B = "arn:aws:echo:eu-central-1:222222222222:x"

echo = Service("echo", access={"Say": Access(ByArn("Arn"))})


@echo.operation("Say")
def say(call: Call, tenant: Any) -> Any:
    raise AssertionError("the cells of this test run nothing")


class Cell:
    """Answers by what it is told to do."""

    def __init__(self, name: str, answer: Callable[[Call], Any]) -> None:
        self.name = name
        self.answer = answer
        self.asked: list[Call] = []
        self.effects: list[Effect] = []

    def run(self, call: Call, reply: Reply) -> None:
        self.asked.append(call)
        answer = self.answer(call)
        if isinstance(answer, Exception):
            reply.done(None, answer)
        elif answer is not None:
            reply.done(answer, None)

    def apply(self, effect: Effect, call: Call, reply: Reply) -> None:
        self.effects.append(effect)
        self.run(call, reply)


class World:
    def __init__(self) -> None:
        self.index = SqliteIndex(MEMORY, ManualClock())
        self.directory = Directory(self.index)
        self.dispatcher = Dispatcher(Registry({"echo": lambda: echo}), self.directory, Locator(self.directory))

    def cell(self, name: str, answer: Callable[[Call], Any] | None = None) -> Cell:
        cell = Cell(name, answer or (lambda call: {"Cell": name}))
        self.dispatcher.add_cell(name, Packed(cell))
        return cell

    async def ask(self, **params: Any) -> Any:
        call = Call("echo", "Say", params, CALLER, B, "request")
        reply = FutureReply(asyncio.get_running_loop())
        self.dispatcher.run(call, reply)
        return await reply.wait()

    async def nested(self, *, service: str = "echo", operation: str = "Say", hops: int = 0) -> Any:
        cause = Call("echo", "Say", {}, CALLER, A, "request", hops=hops)
        return await self.dispatcher.call(cause, service, operation, {"Arn": IN_B})

    async def effect(self, operation: str = "Say") -> None:
        effect = Effect(EffectId("nonce", 1), 1, A, "echo", operation, {"Arn": IN_B}, CALLER)
        await self.dispatcher.apply(effect)


@asynccontextmanager
async def world() -> AsyncIterator[World]:
    made = World()
    await made.index.make_realm("default", True)
    yield made
    await made.index.close()


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "PAUSES", (0.0,) * 6)


def test_a_call_goes_to_the_cell_that_has_the_tenant_and_else_to_the_first() -> None:
    async def scenario() -> None:
        async with world() as here:
            one, two = here.cell("one"), here.cell("two")
            assert await here.ask() == {"Cell": "one"}
            await here.index.place(B, "two")
            assert await here.ask() == {"Cell": "two"}
            assert (len(one.asked), len(two.asked)) == (1, 1)

    asyncio.run(scenario())


def test_where_a_cell_says_not_mine_the_index_is_asked_again() -> None:
    async def scenario() -> None:
        async with world() as here:
            one = here.cell("one", lambda call: NotMine(B, "two"))
            two = here.cell("two")
            placement = await here.index.place(B, "one")
            await here.index.move(B, "one", placement.epoch, "two")
            # As in a cluster, where one gateway is not told of what another did.
            here.directory._memories["placement"].entries[B] = placement
            assert here.directory.peek_placement(B) == placement
            assert await here.ask() == {"Cell": "two"}
            assert (len(one.asked), len(two.asked)) == (1, 1)
            assert await here.ask() == {"Cell": "two"}
            assert len(one.asked) == 1

    asyncio.run(scenario())


def test_a_tenant_that_is_being_given_away_is_waited_for() -> None:
    async def scenario() -> None:
        async with world() as here:
            here.cell("two")
            placement = await here.index.place(B, "one")

            def leaving(call: Call) -> NotMine:
                if len(one.asked) == 3:
                    moved.append(asyncio.ensure_future(here.index.move(B, "one", placement.epoch, "two")))
                return NotMine(B, "two")

            moved: list[Any] = []
            one = here.cell("one", leaving)
            assert await here.ask() == {"Cell": "two"}
            assert 3 <= len(one.asked) < 6
            await asyncio.gather(*moved)

    asyncio.run(scenario())


def test_a_tenant_that_nobody_wants_ends_in_an_answer() -> None:
    async def scenario() -> None:
        async with world() as here:
            one, two = here.cell("one", lambda call: NotMine(B, "two")), here.cell("two")
            await here.index.place(B, "one")
            with pytest.raises(AwsError, match="ServiceUnavailable"):
                await here.ask()
            assert (len(one.asked), len(two.asked)) == (6, 0)
            with pytest.raises(AwsError, match="ServiceUnavailable"):
                await here.nested()
            with pytest.raises(AwsError) as caught:
                await here.effect()
            # It is tried again.
            assert caught.value.fault == "Receiver"

    asyncio.run(scenario())


def test_the_only_cell_that_disowns_a_tenant_does_not_disown_the_caller() -> None:
    async def scenario() -> None:
        async with world() as here:
            here.cell("one", lambda call: NotMine(B, "two"))
            with pytest.raises(AwsError, match="ServiceUnavailable"):
                await here.nested()
            with pytest.raises(AwsError, match="ServiceUnavailable"):
                await here.effect()

    asyncio.run(scenario())


@pytest.mark.parametrize("cells", [("one",), ("one", "two")])
def test_errors_come_back_as_they_are(cells: tuple[str, ...]) -> None:
    error = AwsError("Code", "Message", status=418, members={"More": 1})

    async def scenario() -> None:
        async with world() as here:
            for name in cells:
                here.cell(name, lambda call: error)
            for ask in (here.ask, here.nested, here.effect):
                with pytest.raises(AwsError) as caught:
                    await ask()
                assert caught.value.pack() == error.pack()

    asyncio.run(scenario())


def test_a_cell_that_is_not_known_or_fails_is_a_failure_of_ours(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)

    async def scenario() -> None:
        async with world() as here:
            here.cell("one")

            def fails(call: Call) -> Any:
                raise ValueError("something inside")

            here.cell("two", fails)
            await here.index.place(B, "two")
            with pytest.raises(AwsError, match="InternalFailure") as caught:
                await here.ask()
            assert "inside" not in caught.value.message
            await here.index.move(B, "two", 1, "three")
            with pytest.raises(AwsError, match="InternalFailure"):
                await here.ask()

    asyncio.run(scenario())
    assert "something inside" in caplog.text


def test_a_call_that_is_given_up_is_answered_all_the_same() -> None:
    async def scenario() -> None:
        async with world() as here:
            here.cell("one", lambda call: None)
            here.cell("two")
            reply = FutureReply(asyncio.get_running_loop())
            here.dispatcher.run(Call("echo", "Say", {}, CALLER, B, "request"), reply)
            await asyncio.sleep(0.01)
            reply.cancel()
            with pytest.raises(AwsError, match="ServiceUnavailable"):
                await reply.wait()

    asyncio.run(scenario())


def test_calls_that_lead_to_each_other_for_ever_are_ended() -> None:
    async def scenario() -> None:
        async with world() as here:
            one = here.cell("one")
            await here.nested(hops=MAX_HOPS - 1)
            assert one.asked[0].hops == MAX_HOPS
            with pytest.raises(AwsError) as caught:
                await here.nested(hops=MAX_HOPS)
            assert caught.value.status == 508
            assert len(one.asked) == 1

    asyncio.run(scenario())


def test_a_nested_call_is_its_cause_callers_and_goes_where_the_access_table_says() -> None:
    async def scenario() -> None:
        async with world() as here:
            one = here.cell("one")
            await here.nested()
            [call] = one.asked
            assert (call.caller, call.owner, call.request_id, call.hops) == (CALLER, B, "request", 1)

    asyncio.run(scenario())


def test_what_atoll_does_not_have_is_refused_so_that_an_effect_waits_for_it() -> None:
    async def scenario() -> None:
        async with world() as here:
            here.cell("one")
            for unknown in (
                here.nested(service="sns"),
                here.nested(operation="Sing"),
                here.effect("Sing"),
            ):
                with pytest.raises(AwsError) as caught:
                    await unknown
                assert (caught.value.code, caught.value.fault) == ("NotImplemented", "Receiver")

    asyncio.run(scenario())


@pytest.mark.parametrize("cells", [("one",), ("one", "two")])
def test_who_goes_away_ends_its_call(cells: tuple[str, ...]) -> None:
    async def scenario() -> None:
        async with world() as here:
            ended = asyncio.Event()

            class Waiting(Cell):
                def run(self, call: Call, reply: Reply) -> None:
                    self.asked.append(call)
                    reply.goes_on(asyncio.ensure_future(self.wait()))

                async def wait(self) -> None:
                    try:
                        await asyncio.Future()
                    finally:
                        ended.set()

            for name in cells:
                here.dispatcher.add_cell(name, Packed(Waiting(name, lambda call: None)))
            asking = asyncio.create_task(here.ask())
            for _ in range(5):
                await asyncio.sleep(0)
            asking.cancel()
            async with asyncio.timeout(5):
                await ended.wait()

    asyncio.run(scenario())
