"""Rotations that are asked for more than once, and what happens while one runs."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.unit.services.secretsmanager.rotator import (
    ALL_STEPS,
    FUNCTION,
    NOT_COMPLETE,
    TOKEN,
    Gate,
    at,
    functions,
    gates,
    rotate,
    steps,
)

SLOW = rotate(RotationLambdaARN=FUNCTION.replace("rotator", "slow"))


def test_the_token_of_a_rotation_that_is_done(play_with_functions: Any) -> None:
    async def scenario(cloud: Any) -> None:
        await cloud.create()
        first = await cloud.call("RotateSecret", **rotate())
        steps.clear()
        assert await cloud.call("RotateSecret", **rotate()) == first
        await cloud.put("s", "later")
        assert await cloud.call("RotateSecret", **rotate()) == first
        assert steps == []
        assert await cloud.value("s") == "later"

    play_with_functions(scenario)


@pytest.mark.parametrize("at_once", [True, False])
def test_one_token_given_twice_at_once(play_with_functions: Any, at_once: bool) -> None:
    async def scenario(cloud: Any) -> None:
        await cloud.create()
        steps.clear()
        call = rotate(RotateImmediately=at_once)
        answers = await asyncio.gather(*(cloud.call("RotateSecret", **call) for _ in range(4)))
        assert steps == (ALL_STEPS if at_once else ["testSecret"])
        assert [answer.get("VersionId") for answer in answers] == [TOKEN if at_once else None] * 4
        assert await cloud.value("s") == ("rotated" if at_once else "v1")
        assert await cloud.call("RotateSecret", **call) == answers[0]
        assert len(steps) == (4 if at_once else 1)

    play_with_functions(scenario)


def test_a_repetition_waits_for_the_end(play_with_functions: Any) -> None:
    async def scenario(cloud: Any) -> None:
        await cloud.create()
        first = asyncio.create_task(cloud.call("RotateSecret", **rotate()))
        second = await cloud.call("RotateSecret", **rotate())
        assert await cloud.value("s") == "rotated"
        assert await first == second

    play_with_functions(scenario)


async def begun(cloud: Any, **params: Any) -> tuple[Gate, asyncio.Task[Any]]:
    """A rotation in its first step, which goes on when the gate is opened."""
    steps.clear()
    gate = gates["slow"] = Gate()
    running = asyncio.create_task(cloud.call("RotateSecret", **SLOW, **params))
    await gate.entered.wait()
    return gate, running


def test_a_rotation_whose_caller_has_gone(play_once: Any) -> None:
    async def scenario(cloud: Any) -> None:
        await cloud.create()
        gate, first = await begun(cloud)
        first.cancel()
        again = asyncio.create_task(cloud.call("RotateSecret", **SLOW))
        gate.opened.set()
        assert (await again)["VersionId"] == TOKEN
        assert await cloud.value("s") == "rotated"
        assert steps == ALL_STEPS

    play_once(scenario, **{"lambda": lambda: functions})


def test_a_secret_that_goes_while_it_is_rotated(play_once: Any) -> None:
    async def scenario(cloud: Any) -> None:
        arn = await cloud.create()
        gate, first = await begun(cloud)
        await cloud.call("DeleteSecret", SecretId="s", ForceDeleteWithoutRecovery=True)
        gate.opened.set()
        assert await first == {"ARN": arn, "Name": "s", "VersionId": TOKEN}

    play_once(scenario, **{"lambda": lambda: functions})


def test_a_rotation_that_is_cancelled(play_once: Any) -> None:
    async def scenario(cloud: Any) -> None:
        await cloud.create()
        gate, first = await begun(cloud)
        assert (await cloud.call("CancelRotateSecret", SecretId="s"))["VersionId"] == TOKEN
        gate.opened.set()
        assert (await first)["VersionId"] == TOKEN
        assert steps == ALL_STEPS[:1]
        assert await cloud.value("s") == "v1"

    play_once(scenario, **{"lambda": lambda: functions})


def test_two_tokens_at_once(play_once: Any) -> None:
    async def scenario(cloud: Any) -> None:
        await cloud.create()
        steps.clear()
        calls = (cloud.call("RotateSecret", **rotate(ClientRequestToken=token)) for token in (TOKEN, TOKEN[::-1]))
        first, second = await asyncio.gather(*calls, return_exceptions=True)
        assert first["VersionId"] == TOKEN
        assert (second.code, second.message) == NOT_COMPLETE
        assert steps == ALL_STEPS

    play_once(scenario, **{"lambda": lambda: functions})


def test_the_token_of_a_rotation_that_has_failed(play_with_functions: Any) -> None:
    async def scenario(cloud: Any) -> None:
        await cloud.create()
        failing = rotate(RotationLambdaARN=FUNCTION.replace("rotator", "fails"))
        first = await cloud.call("RotateSecret", **failing)
        steps.clear()
        assert await cloud.call("RotateSecret", **failing) == first
        assert steps == []

    play_with_functions(scenario)


def test_a_window_that_opens_while_a_rotation_runs(play_once: Any) -> None:
    async def scenario(cloud: Any) -> None:
        await cloud.create()
        await cloud.advance(3600)
        gate, running = await begun(cloud, RotationRules={"AutomaticallyAfterDays": 1})
        # To midnight.
        cloud.clock.advance((at(2023, 11, 15) - at(2023, 11, 14, 23, 13, 20)).total_seconds())
        await gate.tried_again.wait()
        gate.opened.set()
        await running
        await cloud.quiet()
        assert steps == ALL_STEPS

    play_once(scenario, **{"lambda": lambda: functions})
