"""The index over any database that speaks plain SQL: each method a transaction, its changes told after the commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from atoll.core.access_keys import is_account_id
from atoll.core.clock import Clock
from atoll.core.tenant_id import TenantId
from atoll.index import catalogue, declarations, identities, listing, names, placements
from atoll.index.driver import Driver
from atoll.index.errors import AccountTaken
from atoll.index.interface import ChangeKind, Index, OnChange
from atoll.index.rows import (
    AccessKey,
    Account,
    CatalogueRow,
    Declaration,
    Holding,
    KeyStatus,
    Name,
    Placement,
    Realm,
    ResourcePage,
)


class SqlIndex(Index):
    def __init__(self, driver: Driver, clock: Clock) -> None:
        self._driver = driver
        self._clock = clock
        self._listeners: list[OnChange] = []

    def on_change(self, listener: OnChange) -> None:
        self._listeners.append(listener)

    def _changed(self, kind: ChangeKind, key: object) -> None:
        for listener in self._listeners:
            listener(kind, key)

    async def close(self) -> None:
        await self._driver.close()

    # ---- realms

    async def realm(self, name: str) -> Realm | None:
        async with self._driver.reading() as run:
            return await identities.realm(run, name)

    async def realms(self) -> list[Realm]:
        async with self._driver.reading() as run:
            return await identities.realms(run)

    async def make_realm(self, name: str, open: bool) -> Realm:
        async with self._driver.transaction() as run:
            realm = await identities.make_realm(run, name, open)
        self._changed("realm", name)
        return realm

    async def drop_realm(self, name: str) -> bool:
        async with self._driver.transaction() as run:
            dropped = await identities.drop_realm(run, name)
            await declarations.drop_realm(run, name)
        if dropped:
            self._changed("realm", name)
        return dropped

    # ---- accounts

    async def account(self, realm: str, account: str) -> Account | None:
        async with self._driver.reading() as run:
            return await identities.account(run, realm, account)

    async def accounts(self, realm: str) -> list[Account]:
        async with self._driver.reading() as run:
            return await identities.accounts(run, realm)

    async def make_account(
        self, realm: str, account: str, *, alias: str = "", allow_account_id_keys: bool = False
    ) -> Account:
        if not is_account_id(account):
            raise ValueError(f"{account!r} is not a 12-digit account id")
        wanted = Account(realm, account, alias, allow_account_id_keys, self._clock.now())
        async with self._driver.transaction() as run:
            made = await identities.make_account(run, wanted)
        self._changed("account", (realm, account))
        return made

    async def ended(self, realm: str, account: str) -> float:
        async with self._driver.reading() as run:
            return await identities.ended(run, realm, account)

    async def drop_account(self, realm: str, account: str) -> bool:
        async with self._driver.transaction() as run:
            dropped = await identities.drop_account(run, realm, account, self._clock.now())
        if dropped:
            self._changed("account", (realm, account))
        return dropped

    # ---- declarations

    async def declare(self, declaration: Declaration) -> Declaration:
        key = (declaration.kind, declaration.realm, declaration.name)
        async with self._driver.transaction() as run:
            if declaration.account:
                other = await declarations.of_account(run, declaration.realm, declaration.account)
                if other is not None and other.name != declaration.name:
                    raise AccountTaken(declaration.realm, declaration.account, other.name)
            await declarations.declare(run, declaration)
            made = await declarations.declaration(run, *key)
        assert made is not None
        self._changed("declaration", key)
        return made

    async def undeclare(self, kind: str, realm: str, name: str) -> bool:
        async with self._driver.transaction() as run:
            gone = await declarations.undeclare(run, kind, realm, name)
        if gone:
            self._changed("declaration", (kind, realm, name))
        return gone

    async def declaration(self, kind: str, realm: str, name: str) -> Declaration | None:
        async with self._driver.reading() as run:
            return await declarations.declaration(run, kind, realm, name)

    async def declaration_of(self, realm: str, account: str) -> Declaration | None:
        async with self._driver.reading() as run:
            return await declarations.of_account(run, realm, account)

    async def declarations(self, kind: str, realm: str | None = None) -> list[Declaration]:
        async with self._driver.reading() as run:
            return await declarations.declarations(run, kind, realm)

    # ---- access keys

    async def access_key(self, key_id: str) -> AccessKey | None:
        async with self._driver.reading() as run:
            return await identities.access_key(run, key_id)

    async def access_keys(self, realm: str, account: str) -> list[AccessKey]:
        async with self._driver.reading() as run:
            return await identities.keys_of(run, realm, account)

    async def issue_access_key(self, realm: str, account: str, principal: str, user_id: str) -> AccessKey:
        async with self._driver.transaction() as run:
            key = await identities.issue_access_key(run, realm, account, principal, user_id, self._clock.now())
        self._changed("access_key", key.key_id)
        return key

    async def set_access_key_status(self, key_id: str, status: KeyStatus) -> AccessKey | None:
        async with self._driver.transaction() as run:
            key = await identities.set_access_key_status(run, key_id, status)
        if key is not None:
            self._changed("access_key", key_id)
        return key

    async def expire_access_key(self, key_id: str, expires: float) -> AccessKey | None:
        async with self._driver.transaction() as run:
            key = await identities.expire_access_key(run, key_id, expires)
        if key is not None:
            self._changed("access_key", key_id)
        return key

    async def expiring_access_keys(self) -> list[AccessKey]:
        async with self._driver.reading() as run:
            return await identities.expiring_access_keys(run)

    # ---- placements

    async def place(self, tenant: TenantId, cell: str) -> Placement:
        # A tenant that is opened again has its place, most often: that needs no transaction.
        if there := await self.placement(tenant):
            return there
        async with self._driver.transaction() as run:
            placement, new = await placements.place(run, tenant, cell)
        if new:
            self._changed("placement", tenant)
        return placement

    async def placement(self, tenant: TenantId) -> Placement | None:
        async with self._driver.reading() as run:
            return await placements.placement(run, tenant)

    async def move(self, tenant: TenantId, cell: str, epoch: int, to: str) -> Placement | None:
        async with self._driver.transaction() as run:
            moved = await placements.move(run, tenant, cell, epoch, to)
        if moved is not None:
            self._changed("placement", tenant)
        return moved

    async def unplace(self, tenant: TenantId, cell: str, epoch: int) -> bool:
        async with self._driver.transaction() as run:
            given_up = await placements.move(run, tenant, cell, epoch, None) is not None
        if given_up:
            self._changed("placement", tenant)
        return given_up

    async def placements(self, cell: str) -> list[Placement]:
        async with self._driver.reading() as run:
            return await placements.placements(run, cell)

    async def tenants(self, realm: str) -> list[TenantId]:
        async with self._driver.reading() as run:
            return await placements.tenants(run, realm)

    # ---- names

    async def claim(self, realm: str, kind: str, name: str, holder: TenantId, generation: str, expires: float) -> None:
        async with self._driver.transaction() as run:
            new = await names.claim(run, Name(realm, kind, name, holder, generation, expires))
        if new:
            self._changed("name", (realm, kind, name))

    async def confirm(self, realm: str, kind: str, name: str, generation: str) -> bool:
        async with self._driver.transaction() as run:
            return await names.confirm(run, realm, kind, name, generation)

    async def release(self, realm: str, kind: str, name: str, generation: str) -> bool:
        async with self._driver.transaction() as run:
            released = await names.release(run, realm, kind, name, generation)
        if released:
            self._changed("name", (realm, kind, name))
        return released

    async def holder(self, realm: str, kind: str, name: str) -> TenantId | None:
        held = await self.name(realm, kind, name)
        return None if held is None else held.holder

    async def name(self, realm: str, kind: str, name: str) -> Name | None:
        async with self._driver.reading() as run:
            return await names.name(run, realm, kind, name)

    async def pending(self, before: float) -> list[Name]:
        async with self._driver.reading() as run:
            return await names.pending(run, before)

    # ---- the catalogue

    async def publish(
        self,
        tenant: TenantId,
        epoch: int,
        rows: Sequence[CatalogueRow],
        holdings: Sequence[Holding],
        *,
        after: int,
    ) -> list[Holding]:
        changes: catalogue.Changes = []
        async with self._driver.transaction() as run:
            refused = await catalogue.publish(run, tenant, epoch, rows, holdings, after, changes)
        self._all_changed(changes)
        return refused

    async def republish(
        self, tenant: TenantId, epoch: int, rows: Sequence[CatalogueRow], holdings: Sequence[Holding]
    ) -> list[Holding]:
        changes: catalogue.Changes = []
        async with self._driver.transaction() as run:
            refused = await catalogue.republish(run, tenant, epoch, rows, holdings, changes)
        self._all_changed(changes)
        return refused

    async def forget(self, tenant: TenantId) -> None:
        changes: catalogue.Changes = []
        async with self._driver.transaction() as run:
            await catalogue.forget(run, tenant, changes)
        self._all_changed(changes)

    def _all_changed(self, changes: catalogue.Changes) -> None:
        for kind, key in dict.fromkeys(changes):
            self._changed(kind, key)

    async def published(self, tenant: TenantId) -> int:
        async with self._driver.reading() as run:
            return await catalogue.published(run, tenant)

    async def find_id(self, realm: str, kind: str, id: str) -> list[TenantId]:
        async with self._driver.reading() as run:
            return await catalogue.find_id(run, realm, kind, id)

    async def resources(
        self,
        realm: str,
        *,
        account: str = "",
        region: str = "",
        service: str = "",
        kind: str = "",
        tags: Mapping[str, Sequence[str]] | None = None,
        text: str = "",
        token: str | None = None,
        limit: int = 100,
    ) -> ResourcePage:
        filters = {"account": account, "region": region, "service": service, "kind": kind}
        async with self._driver.reading() as run:
            return await listing.resources(run, realm, filters, tags or {}, text, token, limit)
