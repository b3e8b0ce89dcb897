"""Declared regions, and faults."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from atoll.control.errors import Conflict, Invalid, NotThere
from atoll.core.tenant_id import TenantId
from atoll.gateway.faults import Scope

Run = Callable[[Callable[[Any], Any]], None]
HERE = TenantId("default", "111111111111", "eu-central-1")
DOWN = [{"unavailable": True}]


def test_a_declared_regions_faults(run: Run, region: Any) -> None:
    async def test(steered: Any) -> None:
        _, made = await steered.regions.put(region(faults=DOWN))
        assert made
        assert steered.faults.draw(HERE, "sqs").error.code == "ServiceUnavailable"
        await steered.end()
        await steered.begin()
        assert steered.faults.draw(HERE, "sqs").error.code == "ServiceUnavailable"
        changed, made = await steered.regions.put(region(description="calm"))
        assert (made, changed.generation) == (False, 2)
        assert not steered.faults.active
        await steered.regions.put(region(faults=DOWN))
        await steered.regions.delete("frankfurt")
        assert not steered.faults.active
        with pytest.raises(NotThere):
            await steered.regions.delete("frankfurt")

    run(test)


def test_what_does_not_go_together(run: Run, region: Any) -> None:
    async def test(steered: Any) -> None:
        declared, _ = await steered.regions.put(region(), 5)
        assert (await steered.regions.put(region(), 5)) == (declared, False)
        with pytest.raises(Conflict, match="generation 5 already"):
            await steered.regions.put(region(description="x"), 4)
        with pytest.raises(Conflict, match="The region eu-central-1 is that of frankfurt"):
            await steered.regions.put(region("other"))
        with pytest.raises(Invalid):
            await steered.regions.put(region(regionName="eu-west-1"))

    run(test)


def test_faults_while_running_last_and_stand_beside_those_declared(run: Run, region: Any) -> None:
    async def test(steered: Any) -> None:
        here = Scope(region="eu-central-1")
        await steered.regions.put(region(faults=[{"latency": "1s"}]))
        await steered.regions.set_faults(here, [{"latency": "2s"}])
        await steered.regions.set_faults(Scope("default", "111111111111"), [{"latency": "4s"}])
        assert steered.faults.draw(HERE, "sqs").delay == 7
        await steered.end()
        await steered.begin()
        assert steered.faults.draw(HERE, "sqs").delay == 7
        await steered.regions.set_faults(here, [])
        assert steered.faults.draw(HERE, "sqs").delay == 5
        await steered.regions.set_faults(Scope("default", "111111111111"), [])
        await steered.regions.delete("frankfurt")
        assert not steered.faults.active

    run(test)
