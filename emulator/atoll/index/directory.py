"""What every call needs of the index, kept in memory and dropped when it changes.

`peek_…` answers at once, from memory: None says that it is not known here, and nothing more. `get_…` asks the index
then, and None says that there is none. What there is not is never kept, so it is found as soon as it is there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Generic, TypeVar

from atoll.core.bounded import Lookups, keep
from atoll.core.tenant_id import TenantId
from atoll.index.interface import ChangeKind, Index
from atoll.index.rows import AccessKey, Account, Placement, Realm

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_Thing = tuple[str, str, str]
"""Realm, kind, and name or id."""

DEFAULT_BOUND = 100_000


class _Memory(Generic[K, V]):
    """What was found under one kind of key. Emptied when it is full: what is still needed is soon back."""

    __slots__ = ("_ask", "_bound", "_changes", "entries", "lookups")

    def __init__(self, bound: int, ask: Callable[[K], Awaitable[V | None]]) -> None:
        self._bound = bound
        self._ask = ask
        self._changes = 0
        self.entries: dict[K, V] = {}
        self.lookups = Lookups()

    def peek(self, key: K) -> V | None:
        found = self.entries.get(key)
        if found is not None:
            self.lookups.hits += 1
        return found

    async def get(self, key: K) -> V | None:
        if (known := self.peek(key)) is not None:
            return known
        self.lookups.misses += 1
        changes = self._changes
        found = await self._ask(key)
        # What has changed while the index was asked may be newer than its answer, which is then not kept.
        if found is not None and changes == self._changes:
            keep(self.entries, key, found, self._bound)
        return found

    def drop(self, key: K) -> None:
        self._changes += 1
        self.entries.pop(key, None)

    def clear(self) -> None:
        self._changes += 1
        self.entries.clear()


class Directory:
    """One for each process that routes calls."""

    def __init__(self, index: Index, *, bound: int = DEFAULT_BOUND) -> None:
        """`bound` is how many entries of each kind are kept."""

        async def owners(key: _Thing) -> tuple[TenantId, ...] | None:
            return tuple(await index.find_id(*key)) or None

        self._realms: _Memory[str, Realm] = _Memory(bound, index.realm)
        self._accounts: _Memory[tuple[str, str], Account] = _Memory(bound, lambda key: index.account(*key))
        self._access_keys: _Memory[str, AccessKey] = _Memory(bound, index.access_key)
        self._placements: _Memory[TenantId, Placement] = _Memory(bound, index.placement)
        self._holders: _Memory[_Thing, TenantId] = _Memory(bound, lambda key: index.holder(*key))
        self._owners: _Memory[_Thing, tuple[TenantId, ...]] = _Memory(bound, owners)
        self._ended: _Memory[tuple[str, str], float] = _Memory(bound, lambda key: index.ended(*key))
        self._memories: dict[ChangeKind, _Memory[Any, Any]] = {
            "realm": self._realms,
            "account": self._accounts,
            "access_key": self._access_keys,
            "placement": self._placements,
            "name": self._holders,
            "id": self._owners,
        }
        index.on_change(self._drop)

    def lookups(self) -> dict[str, Lookups]:
        """How often each kind of thing was looked for and known, and how often the index was asked."""
        return {kind: memory.lookups for kind, memory in self._memories.items()}

    def _drop(self, kind: ChangeKind, key: object) -> None:
        if kind in ("realm", "account"):
            # With a dropped one goes all of it. They change seldom, and what is needed is soon back.
            self.clear()
        elif kind in self._memories:
            self._memories[kind].drop(key)

    def clear(self) -> None:
        """Forgets everything."""
        for memory in (*self._memories.values(), self._ended):
            memory.clear()

    def peek_realm(self, name: str) -> Realm | None:
        return self._realms.peek(name)

    async def get_realm(self, name: str) -> Realm | None:
        return await self._realms.get(name)

    def peek_account(self, realm: str, account: str) -> Account | None:
        return self._accounts.peek((realm, account))

    async def get_account(self, realm: str, account: str) -> Account | None:
        return await self._accounts.get((realm, account))

    def peek_ended(self, realm: str, account: str) -> float | None:
        """When an account with that id was last dropped; 0 is never."""
        return self._ended.peek((realm, account))

    async def get_ended(self, realm: str, account: str) -> float:
        """When an account with that id was last dropped; 0 is never."""
        return await self._ended.get((realm, account)) or 0.0

    def peek_access_key(self, key_id: str) -> AccessKey | None:
        """The key, whatever its status."""
        return self._access_keys.peek(key_id)

    async def get_access_key(self, key_id: str) -> AccessKey | None:
        """The key, whatever its status."""
        return await self._access_keys.get(key_id)

    def peek_placement(self, tenant: TenantId) -> Placement | None:
        return self._placements.peek(tenant)

    async def get_placement(self, tenant: TenantId) -> Placement | None:
        return await self._placements.get(tenant)

    def forget_placement(self, tenant: TenantId) -> None:
        """For whoever was told "not mine" by the cell that the placement names."""
        self._placements.drop(tenant)

    def peek_holder(self, realm: str, kind: str, name: str) -> TenantId | None:
        """Who holds the name, or is about to."""
        return self._holders.peek((realm, kind, name))

    async def get_holder(self, realm: str, kind: str, name: str) -> TenantId | None:
        """Who holds the name, or is about to."""
        return await self._holders.get((realm, kind, name))

    def peek_owners(self, realm: str, kind: str, id: str) -> tuple[TenantId, ...]:
        """The tenants that have the id, in order; () where that is not known here."""
        return self._owners.peek((realm, kind, id)) or ()

    async def get_owners(self, realm: str, kind: str, id: str) -> tuple[TenantId, ...]:
        """The tenants that have the id, in order; () where none has."""
        return await self._owners.get((realm, kind, id)) or ()
