"""The index is a function of the tenants: whatever is published, late, twice, out of order, from restored copies.

Islands play the tenants, as their own tables would be. After each step the index must have of an island what that was
at the version `published`; once all is published, it must be what an index built from nothing is.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Coroutine
from typing import Any

import pytest
from atoll.core.clock import ManualClock
from atoll.core.lagoon import NameTaken
from atoll.core.tenant_id import TenantId
from atoll.index import CatalogueRow, Holding, Index, Name, PublishGap
from atoll.index.sqlite import MEMORY, SqliteIndex
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

REALM = "default"
TENANTS = [TenantId(REALM, account, region) for account in ("1" * 12, "2" * 12) for region in ("r1", "r2")]
NAMES = ("x", "y")

Resources = dict[str, tuple[dict[str, str], float]]


class Island:
    """What a tenant's own tables say; deletions leave a row, as they do there."""

    def __init__(self, id: TenantId) -> None:
        self.id = id
        self.version = 0
        self.rows: dict[str, CatalogueRow] = {}
        self.holdings: dict[tuple[str, str], Holding] = {}
        self.history: dict[int, tuple[Resources, dict[str, str]]] = {0: ({}, {})}

    def record(self, id: str, tags: dict[str, str], *, gone: bool = False) -> None:
        self.version += 1
        self.rows[id] = CatalogueRow("s", "kind", id, f"arn:{self.id}:{id}", tags, float(len(id)), self.version, gone)
        self._remember()

    def hold(self, name: str, generation: str, *, gone: bool = False) -> None:
        self.version += 1
        self.holdings[name, generation] = Holding("bucket", name, generation, self.version, gone)
        self._remember()

    def held(self) -> dict[str, str]:
        return {holding.name: holding.generation for holding in self.holdings.values() if not holding.gone}

    def _remember(self) -> None:
        resources = {row.id: (row.tags, row.created) for row in self.rows.values() if not row.gone}
        self.history[self.version] = resources, self.held()

    def newer_than(self, version: int) -> tuple[list[CatalogueRow], list[Holding]]:
        return (
            [row for row in self.rows.values() if row.version > version],
            [holding for holding in self.holdings.values() if holding.version > version],
        )


class Islands(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.index = self.new_index()
        self.islands = {id: Island(id) for id in TENANTS}
        self.copies: dict[TenantId, Island] = {}
        self.sent: list[tuple[TenantId, int, list[CatalogueRow], list[Holding]]] = []
        self.claims: list[Name] = []
        self.generations = 0

    def do(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(coroutine)

    def new_index(self) -> Index:
        index = SqliteIndex(MEMORY, ManualClock())
        self.do(index.make_realm(REALM, True))
        for id in TENANTS:
            self.do(index.place(id, "cell"))
        return index

    def teardown(self) -> None:
        self.everything_published_is_what_a_new_index_has()
        self.do(self.index.close())
        self.runner.close()

    # ---- what tenants do

    @rule(
        id=st.sampled_from(TENANTS),
        resource=st.sampled_from("abc"),
        tags=st.dictionaries(st.sampled_from("kl"), st.sampled_from("vw"), max_size=2),
        gone=st.booleans(),
    )
    def change(self, id: TenantId, resource: str, tags: dict[str, str], gone: bool) -> None:
        if not gone or resource in self.islands[id].rows:
            self.islands[id].record(resource, {} if gone else tags, gone=gone)

    @rule(id=st.sampled_from(TENANTS), name=st.sampled_from(NAMES))
    def claim(self, id: TenantId, name: str) -> None:
        self.generations += 1
        claim = Name(REALM, "bucket", name, id, f"g{self.generations}", float(self.generations))
        try:
            self.do(self.index.claim(REALM, "bucket", name, id, claim.generation, float(self.generations)))
        except NameTaken as taken:
            holder = taken.holder
        else:
            holder = None
            assert not any(name in island.held() for island in self.islands.values())
            self.claims.append(claim)
        assert holder is None or holder == self.do(self.index.holder(REALM, "bucket", name))

    @precondition(lambda self: self.claims)
    @rule(data=st.data())
    def commit_what_was_claimed(self, data: st.DataObject) -> None:
        claim = self.claims.pop(data.draw(st.integers(0, len(self.claims) - 1)))
        self.islands[claim.holder].hold(claim.name, claim.generation)

    @rule(id=st.sampled_from(TENANTS), name=st.sampled_from(NAMES), at_once=st.booleans())
    def let_go(self, id: TenantId, name: str, at_once: bool) -> None:
        island = self.islands[id]
        if generation := island.held().get(name):
            island.hold(name, generation, gone=True)
            if at_once:
                self.do(self.index.release(REALM, "bucket", name, generation))

    @rule(crashed=st.booleans())
    def settle(self, crashed: bool) -> None:
        """Expired claims are settled by asking the holder; what was on its way to be committed then will not be."""
        for name in self.do(self.index.pending(float(self.generations))):
            if self.islands[name.holder].held().get(name.name) == name.generation:
                assert self.do(self.index.confirm(REALM, "bucket", name.name, name.generation))
            elif crashed or name not in self.claims:
                assert self.do(self.index.release(REALM, "bucket", name.name, name.generation))
                self.claims = [claim for claim in self.claims if claim.generation != name.generation]

    # ---- what reaches the index

    @rule(id=st.sampled_from(TENANTS), data=st.data())
    def send(self, id: TenantId, data: st.DataObject) -> None:
        island = self.islands[id]
        after = data.draw(st.integers(0, island.version))
        self.sent.append((id, after, *island.newer_than(after)))

    @precondition(lambda self: self.sent)
    @rule(data=st.data(), again=st.booleans())
    def arrive(self, data: st.DataObject, again: bool) -> None:
        at = data.draw(st.integers(0, len(self.sent) - 1))
        id, after, rows, holdings = self.sent[at] if again else self.sent.pop(at)
        published = self.do(self.index.published(id))
        if after > published:
            with pytest.raises(PublishGap):
                self.do(self.index.publish(id, 1, rows, holdings, after=after))
        else:
            self.do(self.index.publish(id, 1, rows, holdings, after=after))

    @rule(id=st.sampled_from(TENANTS))
    def forget(self, id: TenantId) -> None:
        """With the republishing that must follow it."""
        self.do(self.index.forget(id))
        assert self.do(self.index.published(id)) == 0
        assert self.do(self.index.publish(id, 1, *self.islands[id].newer_than(0), after=0)) == []

    @rule(id=st.sampled_from(TENANTS))
    def save(self, id: TenantId) -> None:
        self.copies[id] = copy.deepcopy(self.islands[id])

    @rule(id=st.sampled_from(TENANTS))
    def restore(self, id: TenantId) -> None:
        """Its cell was away meanwhile: nothing of it is on its way."""
        if id not in self.copies:
            return
        island = self.islands[id] = copy.deepcopy(self.copies[id])
        self.sent = [message for message in self.sent if message[0] != id]
        for claim in [claim for claim in self.claims if claim.holder == id]:
            self.claims.remove(claim)
        if island.version >= self.do(self.index.published(id)):
            lost = self.do(self.index.publish(id, 1, *island.newer_than(0), after=0))
        else:
            lost = self.do(self.index.republish(id, 1, *island.newer_than(0)))
        # A name that was let go after the copy was made may be another's by now.
        for name, generation in island.held().items():
            if self.do(self.index.name(REALM, "bucket", name)) != Name(REALM, "bucket", name, id, generation):
                island.hold(name, generation, gone=True)
        for holding in lost:
            assert holding.name not in island.held()

    @rule()
    def everything_published_is_what_a_new_index_has(self) -> None:
        for id, island in self.islands.items():
            published = self.do(self.index.published(id))
            assert self.do(self.index.publish(id, 1, *island.newer_than(published), after=published)) == []
        anew = self.new_index()
        for id, island in self.islands.items():
            assert self.do(anew.publish(id, 1, *island.newer_than(0), after=0)) == []
        assert self.contents(self.index) == self.contents(anew)
        assert self.contents(self.index)[1] == {
            name: (id, generation) for id, island in self.islands.items() for name, generation in island.held().items()
        }
        self.do(anew.close())

    def contents(self, index: Index) -> Any:
        names = [self.do(index.name(REALM, "bucket", name)) for name in NAMES]
        tags = [
            self.do(index.resources(REALM, tags={key: [value]})).resources for key in ("k", "l") for value in ("v", "w")
        ]
        return (
            self.do(index.resources(REALM)).resources,
            {name.name: (name.holder, name.generation) for name in names if name is not None and name.expires is None},
            tags,
            [self.do(index.find_id(REALM, "kind", id)) for id in "abc"],
            [self.do(index.published(id)) for id in TENANTS],
        )

    @invariant()
    def each_tenant_is_known_as_it_once_was(self) -> None:
        for id, island in self.islands.items():
            known = self.do(self.index.resources(REALM, account=id.account, region=id.region)).resources
            resources, _ = island.history[self.do(self.index.published(id))]
            assert {resource.id: (resource.tags, resource.created) for resource in known} == resources

    @invariant()
    def a_name_has_one_holder(self) -> None:
        held = [name for island in self.islands.values() for name in island.held()]
        assert len(held) == len(set(held))


TestIslands = Islands.TestCase
TestIslands.settings = settings(max_examples=25, stateful_step_count=40, deadline=None, derandomize=True)
