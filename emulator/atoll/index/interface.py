"""The resource index, as the rest of Atoll sees it.

Each method is one transaction. Any of them raises `IndexUnavailable`, with words that say what to do, where the index
cannot be read or written; what else a method raises stands with it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from atoll.core.tenant_id import TenantId
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

ChangeKind = Literal["realm", "account", "access_key", "placement", "name", "id", "declaration"]
"""What a change was of. Its key is the realm's name; (realm, account); the access key's id; the `TenantId`; (realm,
kind, name); (realm, kind, id); (kind, realm, name). With a realm or an account that is dropped goes all of it, under
that one change."""

OnChange = Callable[[ChangeKind, object], None]


class Index(ABC):
    """Realms, accounts, access keys, tenants and their cells, claimed names, and the catalogue of every resource."""

    @abstractmethod
    def on_change(self, listener: OnChange) -> None:
        """From now on calls `listener(kind, key)` after each commit, for each thing that it changed."""

    @abstractmethod
    async def close(self) -> None:
        """Lets go of what it has open. The index is not used after that."""

    # ---- realms

    @abstractmethod
    async def realm(self, name: str) -> Realm | None:
        """The realm of that name, or None."""

    @abstractmethod
    async def realms(self) -> list[Realm]:
        """All realms, by name."""

    @abstractmethod
    async def make_realm(self, name: str, open: bool) -> Realm:
        """Makes the realm with a new sealing key; one that is there keeps its key and becomes open, or closed."""

    @abstractmethod
    async def drop_realm(self, name: str) -> bool:
        """Removes the realm with all that the index has of it, but that its keys stay known, revoked. False where there
        was none."""

    # ---- accounts

    @abstractmethod
    async def account(self, realm: str, account: str) -> Account | None:
        """The account, or None where it was not made: in an open realm any 12 digits can be called all the same."""

    @abstractmethod
    async def accounts(self, realm: str) -> list[Account]:
        """The accounts that were made in the realm, by id."""

    @abstractmethod
    async def make_account(
        self, realm: str, account: str, *, alias: str = "", allow_account_id_keys: bool = False
    ) -> Account:
        """Makes the account; one that is there takes on the alias and the permission, and keeps when it was created.

        Raises NoSuchRealm, and ValueError where `account` is not 12 digits.
        """

    @abstractmethod
    async def ended(self, realm: str, account: str) -> float:
        """When an account with that id was last dropped, in seconds since the epoch; 0 where none was."""

    @abstractmethod
    async def drop_account(self, realm: str, account: str) -> bool:
        """Removes the account with its tenants' placements, names and resources; its keys stay known, revoked. False
        where there was nothing of it."""

    # ---- declarations

    @abstractmethod
    async def declare(self, declaration: Declaration) -> Declaration:
        """Keeps what was declared; one that is there under the name keeps when it was created. As it is now.

        Raises AccountTaken where the account is another declaration's in the realm.
        """

    @abstractmethod
    async def undeclare(self, kind: str, realm: str, name: str) -> bool:
        """Forgets what was declared. False where there was nothing."""

    @abstractmethod
    async def declaration(self, kind: str, realm: str, name: str) -> Declaration | None:
        """What was declared under the name, or None."""

    @abstractmethod
    async def declaration_of(self, realm: str, account: str) -> Declaration | None:
        """What was declared of the account, or None."""

    @abstractmethod
    async def declarations(self, kind: str, realm: str | None = None) -> list[Declaration]:
        """All of a kind, by realm and name; of one realm where that is given."""

    # ---- access keys

    @abstractmethod
    async def access_key(self, key_id: str) -> AccessKey | None:
        """The key of that id, whatever its status, or None where nobody issued it. One whose realm is gone is of no
        realm."""

    @abstractmethod
    async def access_keys(self, realm: str, account: str) -> list[AccessKey]:
        """The account's keys, the oldest first."""

    @abstractmethod
    async def issue_access_key(self, realm: str, account: str, principal: str, user_id: str) -> AccessKey:
        """A new, active key for the principal with that ARN and unique id.

        Raises NoSuchRealm, and ValueError where `account` is not 12 digits.
        """

    @abstractmethod
    async def set_access_key_status(self, key_id: str, status: KeyStatus) -> AccessKey | None:
        """The key as it is now, or None where nobody issued it. A revoked key stays revoked."""

    @abstractmethod
    async def expire_access_key(self, key_id: str, expires: float) -> AccessKey | None:
        """The key, which is to be revoked at that moment, or sooner where that was said before; None where nobody
        issued it. Whoever says so revokes it."""

    @abstractmethod
    async def expiring_access_keys(self) -> list[AccessKey]:
        """Those that are to be revoked, the next one first."""

    # ---- placements

    @abstractmethod
    async def place(self, tenant: TenantId, cell: str) -> Placement:
        """Gives the tenant to the cell, unless one has it; answers who has it now.

        Raises NoSuchRealm.
        """

    @abstractmethod
    async def placement(self, tenant: TenantId) -> Placement | None:
        """Who owns the tenant, or None where no cell does."""

    @abstractmethod
    async def move(self, tenant: TenantId, cell: str, epoch: int, to: str) -> Placement | None:
        """The owner gives the tenant away, under the next epoch. None, and no change, where `cell` does not own it
        under `epoch`."""

    @abstractmethod
    async def unplace(self, tenant: TenantId, cell: str, epoch: int) -> bool:
        """The owner gives the tenant up: the next `place` gives it to whoever asks, under the next epoch. False, and
        no change, where `cell` does not own it under `epoch`."""

    @abstractmethod
    async def placements(self, cell: str) -> list[Placement]:
        """The tenants that the cell owns, in order."""

    @abstractmethod
    async def tenants(self, realm: str) -> list[TenantId]:
        """The realm's tenants that a cell owns, in order."""

    # ---- names that are unique in a realm

    @abstractmethod
    async def claim(self, realm: str, kind: str, name: str, holder: TenantId, generation: str, expires: float) -> None:
        """Claims the name, pending, for `holder`. Claiming it again under the same generation changes nothing.

        Raises NameTaken where it is held or pending, under another generation, by anybody, even if that has expired:
        settle it first (`name`, `pending`). Raises NoSuchRealm.
        """

    @abstractmethod
    async def confirm(self, realm: str, kind: str, name: str, generation: str) -> bool:
        """The holder's transaction has committed. False where the name is not held under that generation."""

    @abstractmethod
    async def release(self, realm: str, kind: str, name: str, generation: str) -> bool:
        """Frees the name, pending or confirmed, if it is held under that generation; else False and no change."""

    @abstractmethod
    async def holder(self, realm: str, kind: str, name: str) -> TenantId | None:
        """Who holds the name, or is about to: the holder's rows say whether it does yet."""

    @abstractmethod
    async def name(self, realm: str, kind: str, name: str) -> Name | None:
        """The name with its generation, or None where it is free."""

    @abstractmethod
    async def pending(self, before: float) -> list[Name]:
        """Claims that expired before that moment and that nobody confirmed, the oldest first. Ask each holder whether
        its rows hold the name under that generation, then `confirm` or `release` it."""

    # ---- the catalogue

    @abstractmethod
    async def publish(
        self,
        tenant: TenantId,
        epoch: int,
        rows: Sequence[CatalogueRow],
        holdings: Sequence[Holding],
        *,
        after: int,
    ) -> list[Holding]:
        """Copies what has changed in the tenant since version `after`: all of it, in any order. What the index has
        already is passed over, so an old copy, or one that comes twice, does no harm.

        Names that are held become confirmed, those let go are freed. Returns the holdings whose names others hold,
        which are left with those: none, unless a tenant was restored from an old copy.

        Raises NotOwner, and PublishGap where changes before `after` lack: publish again from what it names.
        """

    @abstractmethod
    async def republish(
        self, tenant: TenantId, epoch: int, rows: Sequence[CatalogueRow], holdings: Sequence[Holding]
    ) -> list[Holding]:
        """What the index has of the tenant becomes exactly this, whatever version it had: for an old copy of a tenant
        that was restored. Names that the tenant is about to hold stay pending. Returns as `publish` does.

        Raises NotOwner.
        """

    @abstractmethod
    async def published(self, tenant: TenantId) -> int:
        """The version up to which the index has all changes of the tenant; 0 where it has none. If it is higher than
        the tenant's own, the tenant was restored from an old copy: `republish`."""

    @abstractmethod
    async def forget(self, tenant: TenantId) -> None:
        """Removes the tenant's resources and confirmed names; `published` is 0 again. Its placement stays."""

    @abstractmethod
    async def find_id(self, realm: str, kind: str, id: str) -> list[TenantId]:
        """The realm's tenants that have a resource of that kind and id, in order (a replicated key is in several)."""

    @abstractmethod
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
        """A page of the realm's resources that meet every filter given, by ARN.

        `tags` maps a key that must be there to the values that it may have, none being any. `text` stands anywhere in
        the ARN, upper and lower case alike. `limit` is 1 to 1000. With the `next_token` of a page and the same filters
        the list goes on behind it; resources that come and go meanwhile shift nothing.

        Raises BadPageToken.
        """
