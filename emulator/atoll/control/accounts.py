"""Declared accounts: made, changed, ended when their time has come, deleted; and their keys.

What is declared is kept in the index as its manifest says it. What the data path has to know of it (who is suspended,
which regions may be used) follows from that, at the start and with every change.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
from secrets import randbelow

import msgspec

from atoll.cell import Cell
from atoll.control.alarms import Alarms
from atoll.control.errors import Conflict, Invalid, NotThere
from atoll.control.generations import next_generation
from atoll.control.reset import Extent, reset
from atoll.control.rotation import Rotation, active_keys
from atoll.control.snapshots import Snapshots
from atoll.core.access_keys import is_account_id
from atoll.core.clock import Clock
from atoll.core.tenant_id import TenantId
from atoll.gateway.gate import Gate, Restriction
from atoll.index import AccessKey, AccountTaken, Declaration, Index
from atoll.manifests.account import Account, forbidden_changes
from atoll.tenants.folder import DataFolder

logger = logging.getLogger(__name__)

KIND = "Account"


class Accounts:
    def __init__(self, index: Index, cell: Cell, folder: DataFolder, gate: Gate, clock: Clock) -> None:
        self._index = index
        self._cell = cell
        self._folder = folder
        self._gate = gate
        self._clock = clock
        self.snapshots = Snapshots(cell, folder)
        self._rotation = Rotation(index, cell, clock, self.issue_key)
        self._endings = Alarms(cell, clock, "the account could not be ended")
        self._turn = asyncio.Lock()

    async def start(self) -> None:
        """Takes up what was declared before."""
        expiring = {(key.realm, key.account) for key in await self._index.expiring_access_keys()}
        for declaration in await self._index.declarations(KIND):
            self._follow(declaration)
            if (declaration.realm, declaration.account) in expiring:
                self._follow_keys(declaration)

    # ---- declarations

    async def put(self, account: Account, generation: int | None = None) -> tuple[Declaration, bool]:
        """Makes the account, or changes it to what is declared; says whether it was made. To declare the same again
        changes nothing. `generation` is the declarer's count of changes; without one they are counted here.

        Raises Invalid for what may not change, Conflict where a newer generation was declared, or where the account id
        is another's; and with nothing of the account made, NotThere, Invalid or Conflict where it cannot start with
        what it is to start `from`.
        """
        async with self._turn:
            old = await self._index.declaration(KIND, account.realm, account.name)
            if old is None:
                return await self._make(account, generation), True
            return await self._change(old, account, generation), False

    async def _make(self, account: Account, generation: int | None) -> Declaration:
        await self._check_source(account)
        if await self._index.realm(account.realm) is None:
            await self._index.make_realm(account.realm, open=False)
        id = account.account_id or await self._new_id(account.realm)
        known = await self._index.account(account.realm, id) is not None
        now = self._clock.now()
        expires = None if account.ttl is None else now + account.ttl
        declaration = await self._declare(
            Declaration(
                KIND,
                account.realm,
                account.name,
                id,
                generation or 1,
                account.spec,
                now,
                expires,
                declared=generation or 0,
                turned=now,
            ),
            account,
        )
        if account.from_snapshot or account.from_account:
            await self._start_from_source(account, declaration, known)
        if not await self.active_keys(declaration):
            await self.issue_key(declaration)
        return declaration

    async def _check_source(self, account: Account) -> None:
        """Raises NotThere, BadSnapshot, Conflict."""
        if not (account.from_snapshot or account.from_account):
            return
        if account.from_snapshot:
            self.snapshots.find(account.from_snapshot)
        else:
            await self.get(account.realm, account.from_account)
        if account.account_id and self.snapshots.tenants(account.realm, account.account_id):
            raise Conflict(
                f"The account {account.account_id} holds something already, so it cannot start with something else: "
                "reset it, or leave spec.from out"
            )

    async def _start_from_source(self, account: Account, declaration: Declaration, known: bool) -> None:
        """Where that fails, the account is as it was: not there, or `known` to the index without a declaration."""
        realm, id = declaration.realm, declaration.account
        try:
            if account.from_snapshot:
                await self.snapshots.load(self.snapshots.find(account.from_snapshot)[0], realm, id)
            else:
                await self.snapshots.fork(realm, (await self.get(realm, account.from_account)).account, id)
        except BaseException:
            for tenant in self.tenants(declaration):
                await self._cell.moves.erase(tenant)
            await self._index.undeclare(KIND, realm, declaration.name)
            self._forget(declaration)
            if not known:
                await self._index.drop_account(realm, id)
            raise

    async def _change(self, old: Declaration, account: Account, generation: int | None) -> Declaration:
        number, declared = next_generation(old, account.spec, generation)
        before = parsed(old)
        if problems := list(forbidden_changes(before, account)):
            raise Invalid.because(problems)
        expires = None if account.ttl is None else old.created + account.ttl
        changed = msgspec.structs.replace(
            old,
            generation=number,
            spec=account.spec,
            expires=expires,
            declared=declared,
            turned=old.turned if before.suspend == account.suspend else self._clock.now(),
        )
        return old if changed == old else await self._declare(changed, account)

    async def _declare(self, declaration: Declaration, account: Account) -> Declaration:
        try:
            declared = await self._index.declare(declaration)
        except AccountTaken as taken:
            raise Conflict(f"The account {declaration.account} of this realm is that of {taken.name}") from taken
        await self._index.make_account(
            declared.realm,
            declared.account,
            alias=account.alias,
            allow_account_id_keys=account.credentials.allow_account_id_keys,
        )
        self._follow(declared)
        return declared

    async def _new_id(self, realm: str) -> str:
        while True:
            id = f"{10**11 + randbelow(9 * 10**11)}"
            if await self._index.account(realm, id) is None:
                return id

    async def get(self, realm: str, name: str) -> Declaration:
        """Raises NotThere."""
        declaration = await self._index.declaration(KIND, realm, name)
        if declaration is None:
            raise NotThere(f"No account {name} was declared in the realm {realm}")
        return declaration

    async def find(self, realm: str, text: str) -> Declaration:
        """The account with that id, or of that name. Raises NotThere."""
        declaration = await self._index.declaration_of(realm, text) if is_account_id(text) else None
        return declaration or await self.get(realm, text)

    async def delete(self, realm: str, text: str) -> None:
        """Ends the account with that id, or of that name: with everything in it, unless its deletion policy retains
        that. Raises NotThere."""
        async with self._turn:
            await self._delete(await self.find(realm, text))

    async def delete_realm(self, realm: str) -> None:
        """Ends the realm with all its accounts and everything in them."""
        async with self._turn:
            for declaration in await self._index.declarations(KIND, realm):
                await self._erase(declaration)
                await self._index.undeclare(KIND, realm, declaration.name)
                self._forget(declaration)
            await reset(self._cell, self._folder, Extent(realm))
            await self._index.drop_realm(realm)

    async def _delete(self, declaration: Declaration) -> None:
        if parsed(declaration).deletion_policy == "Delete":
            await self._erase(declaration)
        await self._index.undeclare(KIND, declaration.realm, declaration.name)
        self._forget(declaration)

    async def _erase(self, declaration: Declaration) -> None:
        realm, account = declaration.realm, declaration.account
        # First of all, so that nobody writes what is being erased.
        for key in await self._index.access_keys(realm, account):
            await self._index.set_access_key_status(key.key_id, "Revoked")
        for tenant in self.tenants(declaration):
            await self._cell.moves.erase(tenant)
        shutil.rmtree(self._folder.path_of(TenantId(realm, account, "x")).parent, ignore_errors=True)
        await self._index.drop_account(realm, account)

    def tenants(self, declaration: Declaration) -> list[TenantId]:
        """Its tenants that hold something."""
        return self.snapshots.tenants(declaration.realm, declaration.account)

    async def account_id(self, realm: str, text: str) -> str:
        """The id itself, which in an open realm needs no declaration, or that of the account of that name. Raises
        NotThere."""
        if is_account_id(text):
            return text
        return (await self.get(realm, text)).account

    async def reset(self, extent: Extent) -> list[TenantId]:
        """Erases what is in the tenants of the extent; accounts stay declared, with their keys. Raises NotThere."""
        return await reset(self._cell, self._folder, extent)

    # ---- what follows from them

    def _follow(self, declaration: Declaration) -> None:
        account = parsed(declaration)
        restriction = Restriction(account.suspend, frozenset(account.regions))
        self._gate.restrict(declaration.realm, declaration.account, restriction)
        if account.credentials.rotation is not None or self._rotation.follows(declaration):
            self._follow_keys(declaration)
        if declaration.expires is None:
            self._endings.cancel(declaration)
        else:
            self._endings.set(declaration, declaration.expires, lambda: self._end(declaration))

    def _forget(self, declaration: Declaration) -> None:
        self._gate.restrict(declaration.realm, declaration.account, Restriction())
        self._rotation.forget(declaration)
        self._endings.cancel(declaration)

    async def _end(self, declaration: Declaration) -> None:
        """Unless it was given more time while this waited for its turn, or is gone."""
        async with self._turn:
            if await self._index.declaration(KIND, declaration.realm, declaration.name) != declaration:
                return
            await self._delete(declaration)
        logger.info("the account %s of the realm %s has ended", declaration.name, declaration.realm)

    # ---- keys

    async def active_keys(self, declaration: Declaration) -> list[AccessKey]:
        """The oldest first."""
        return await active_keys(self._index, declaration)

    async def issue_key(self, declaration: Declaration) -> AccessKey:
        """A key of the account's root."""
        root = f"arn:aws:iam::{declaration.account}:root"
        return await self._index.issue_access_key(declaration.realm, declaration.account, root, declaration.account)

    async def rotate_keys(self, declaration: Declaration, overlap: float) -> AccessKey:
        """A new key of the account's root; those that are there stay valid for `overlap` seconds."""
        key = await self._rotation.replace(declaration, overlap)
        self._follow_keys(declaration)
        return key

    def _follow_keys(self, declaration: Declaration) -> None:
        self._rotation.follow(declaration, parsed(declaration).credentials.rotation)

    async def revoke_key(self, declaration: Declaration, key_id: str) -> AccessKey:
        """Raises NotThere."""
        key = await self._index.access_key(key_id)
        if key is None or (key.realm, key.account) != (declaration.realm, declaration.account):
            raise NotThere(f"{declaration.name} has no key {key_id}")
        revoked = await self._index.set_access_key_status(key_id, "Revoked")
        assert revoked is not None
        return revoked


def parsed(declaration: Declaration) -> Account:
    """The manifest that was declared."""
    metadata = {"name": declaration.name, "generation": declaration.generation}
    return msgspec.structs.replace(
        Account.parse({"metadata": metadata, "spec": declaration.spec}),
        realm=declaration.realm,
        account_id=declaration.account,
    )
