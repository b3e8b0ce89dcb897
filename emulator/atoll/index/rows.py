"""What the resource index holds, as plain values. Moments are seconds since the epoch."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from atoll.core.tenant_id import TenantId


class Realm(msgspec.Struct, frozen=True):
    """`open` ones take a bare 12-digit access key, or an unknown one, at its word. Session tokens of the realm are
    sealed under `sealing_key`, 32 random bytes."""

    name: str
    open: bool
    sealing_key: bytes


class Account(msgspec.Struct, frozen=True):
    """`allow_account_id_keys` opens the account of a closed realm to its bare 12 digits as access key."""

    realm: str
    account: str
    alias: str
    allow_account_id_keys: bool
    created: float


KeyStatus = Literal["Active", "Inactive", "Revoked"]
"""AWS's two, and what stays known of a key that was deleted, so that it is refused for ever."""


class AccessKey(msgspec.Struct, frozen=True):
    """A long-term access key that Atoll issued, of the principal with that ARN and unique id. `expires` is when it is
    to be revoked, None where nothing was said of that."""

    key_id: str
    secret: str
    realm: str
    account: str
    principal: str
    user_id: str
    status: KeyStatus
    created: float
    expires: float | None = None


class Declaration(msgspec.Struct, frozen=True):
    """What was declared by a manifest: an Account of a realm, with its id, or a Region, whose realm and account are
    empty. `spec` is the manifest's, defaults filled in. `generation` grows with each change of it; `declared` is the
    last one that a declarer counted, 0 where none has. `expires` is None where it is for ever. `turned` is when it last
    began, or ceased, to be ready."""

    kind: str
    realm: str
    name: str
    account: str
    generation: int
    spec: dict[str, Any]
    created: float
    expires: float | None = None
    declared: int = 0
    turned: float = 0.0


class Placement(msgspec.Struct, frozen=True):
    """The cell that owns a tenant. `epoch` grows each time that the tenant is given away, and never comes again."""

    tenant: TenantId
    cell: str
    epoch: int


class Name(msgspec.Struct, frozen=True):
    """A name that is unique in its realm. `expires` is None once the holder's transaction has confirmed it; a pending
    one that has expired is settled by asking the holder, never taken away unasked."""

    realm: str
    kind: str
    name: str
    holder: TenantId
    generation: str
    expires: float | None = None


class CatalogueRow(msgspec.Struct, frozen=True):
    """One resource, as its tenant publishes it. `arn` is the full ARN; `version` counts the tenant's changes; `gone`
    says that the resource was deleted."""

    service: str
    kind: str
    id: str
    arn: str
    tags: dict[str, str]
    created: float
    version: int
    gone: bool = False


class Holding(msgspec.Struct, frozen=True):
    """A claimed name that a tenant's committed rows hold, or have let go."""

    kind: str
    name: str
    generation: str
    version: int
    gone: bool = False


class Resource(msgspec.Struct, frozen=True):
    """A resource of the catalogue, with its owner."""

    tenant: TenantId
    service: str
    kind: str
    id: str
    arn: str
    tags: dict[str, str]
    created: float
    version: int


class ResourcePage(msgspec.Struct, frozen=True):
    """`next_token` continues the list; None at its end."""

    resources: list[Resource]
    next_token: str | None = None
