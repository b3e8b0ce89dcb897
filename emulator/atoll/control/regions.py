"""Declared regions and the faults that calls are given, in a region, a realm or an account."""

from __future__ import annotations

from typing import Any

import msgspec

from atoll.control.errors import Conflict, Invalid, NotThere
from atoll.control.generations import next_generation
from atoll.core.clock import Clock
from atoll.gateway.faults import Faults, Scope
from atoll.index import Declaration, Index
from atoll.manifests.fault import Fault
from atoll.manifests.region import Region

KIND = "Region"
FAULT_KIND = "Fault"
"""Faults that were set while running, by whom they are for."""


class Regions:
    def __init__(self, index: Index, faults: Faults, clock: Clock) -> None:
        self._index = index
        self._faults = faults
        self._clock = clock
        self._declared: dict[str, tuple[Fault, ...]] = {}
        self._set: dict[Scope, tuple[Fault, ...]] = {}

    async def start(self) -> None:
        """Takes up what was declared before."""
        for declaration in await self._index.declarations(KIND):
            self._follow(_parsed(declaration))
        for declaration in await self._index.declarations(FAULT_KIND):
            scope = Scope(*declaration.name.split("/"))
            self._set[scope] = tuple(map(Fault.parse, declaration.spec["faults"]))
            self._apply(scope)

    async def put(self, region: Region, generation: int | None = None) -> tuple[Declaration, bool]:
        """Declares the region; says whether it is new. Raises Invalid for what may not change, Conflict where a newer
        generation was declared, or where another name was declared for the region."""
        old = await self._index.declaration(KIND, "", region.name)
        for other in await self._index.declarations(KIND):
            if other.name != region.name and other.spec["regionName"] == region.region:
                raise Conflict(f"The region {region.region} is that of {other.name}")
        if old is None:
            now = self._clock.now()
            made = Declaration(
                KIND, "", region.name, "", generation or 1, region.spec, now, declared=generation or 0, turned=now
            )
        else:
            made = _changed(old, region, generation)
            if made == old:
                return old, False
        declaration = await self._index.declare(made)
        self._follow(region)
        return declaration, old is None

    async def get(self, name: str) -> Declaration:
        """Raises NotThere."""
        declaration = await self._index.declaration(KIND, "", name)
        if declaration is None:
            raise NotThere(f"No region {name} was declared")
        return declaration

    async def delete(self, name: str) -> None:
        """It is no longer declared, and has no faults; what is in it stays. Raises NotThere."""
        region = _parsed(await self.get(name))
        await self._index.undeclare(KIND, "", name)
        self._follow(msgspec.structs.replace(region, faults=()))

    def _follow(self, region: Region) -> None:
        self._declared[region.region] = region.faults
        self._apply(Scope(region=region.region))

    # ---- faults while running

    async def set_faults(self, scope: Scope, specs: list[dict[str, Any]]) -> None:
        """These are the scope's faults, beside those that manifests declare, from the next call on and after a restart;
        none ends them. `specs` were checked, as those of a Region."""
        name = "/".join(scope)
        if specs:
            await self._index.declare(Declaration(FAULT_KIND, "", name, "", 1, {"faults": specs}, self._clock.now()))
        else:
            await self._index.undeclare(FAULT_KIND, "", name)
        self._set[scope] = tuple(map(Fault.parse, specs))
        self._apply(scope)

    async def faults(self) -> list[tuple[Scope, list[dict[str, Any]]]]:
        """Those that were set while running, by scope."""
        declared = await self._index.declarations(FAULT_KIND)
        return [(Scope(*each.name.split("/")), each.spec["faults"]) for each in declared]

    def _apply(self, scope: Scope) -> None:
        declared = self._declared.get(scope.region, ()) if scope == Scope(region=scope.region) else ()
        self._faults.put(scope, (*declared, *self._set.get(scope, ())))


def _changed(old: Declaration, region: Region, generation: int | None) -> Declaration:
    number, declared = next_generation(old, region.spec, generation)
    if old.spec["regionName"] != region.region:
        reason = f"cannot be changed: it is {old.spec['regionName']}"
        raise Invalid.because([("spec.regionName", region.region, reason)])
    return msgspec.structs.replace(old, generation=number, spec=region.spec, declared=declared)


def _parsed(declaration: Declaration) -> Region:
    metadata = {"name": declaration.name, "generation": declaration.generation}
    return Region.parse({"metadata": metadata, "spec": declaration.spec})
