"""Keys: their rows, cached in the tenant's memory, and by which names they are found.

Finding a key costs nothing while the tenant is open: `find_key` is on every call's path.
https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import orjson

from atoll.core.arn import parse_arn, partition_of, render_arn
from atoll.core.bounded import keep
from atoll.core.errors import AwsError
from atoll.services.kms.errors import (
    alias_not_found,
    disabled,
    incompatible,
    invalid_arn,
    invalid_key_id,
    invalid_state,
    invalid_usage,
    key_not_found,
)
from atoll.services.kms.managed import PREDEFINED
from atoll.services.kms.specs import SPECS, Spec
from atoll.tenants import Tenant

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MEMORY, USES = "kms.keys", "kms.uses"
MAX_CACHED = 10_000
ALIAS = "alias/"

ENABLED, DISABLED = "Enabled", "Disabled"
PENDING_IMPORT, PENDING_DELETION = "PendingImport", "PendingDeletion"
PENDING_REPLICA_DELETION = "PendingReplicaDeletion"

COLUMNS = (
    "id, created, description, usage, spec, origin, manager, state, policy, tags, store, deletion, window, "
    "period, next_rotation, related, used"
)
_BY_ID = f"SELECT {COLUMNS} FROM key WHERE id = ?"
_BY_ALIAS = "SELECT key FROM alias WHERE name = ?"

_ID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|mrk-[0-9a-f]{32}")


class NoManagedKey(AwsError):
    """The alias is one of those whose keys AWS makes when they are first used, and its key was not made yet."""

    def __init__(self, arn: str, alias: str) -> None:
        error = alias_not_found(arn)
        super().__init__(error.code, error.message)
        self.alias = alias


Use = tuple[str, float, str]
"""Of a key: the operation, when, and by which request."""


class LastUse:
    """A key's last use, which outlives what else is kept of the key: it is written once in a while only."""

    __slots__ = ("use",)

    def __init__(self, use: Use | None) -> None:
        self.use = use


class Key:
    """A key's row, and what is made of its material once it is used."""

    __slots__ = (
        "algorithms",
        "arn",
        "cipher",
        "ciphers",
        "created",
        "current_id",
        "deletion",
        "description",
        "header",
        "id",
        "manager",
        "material_ids",
        "next_rotation",
        "noted_until",
        "origin",
        "period",
        "policy",
        "primary",
        "private",
        "public",
        "replicas",
        "spec",
        "state",
        "store",
        "tags",
        "term",
        "usage",
        "use",
        "window",
    )

    def __init__(self, tenant: Tenant, row: tuple[Any, ...]) -> None:
        spec: str
        self.id: str
        self.description: str
        self.usage: str
        self.origin: str
        self.manager: str
        self.state: str
        self.policy: str | None
        self.period: int | None
        self.next_rotation: float | None
        (
            self.id,
            self.created,
            self.description,
            self.usage,
            spec,
            self.origin,
            self.manager,
            self.state,
            self.policy,
            tags,
            self.store,
            self.deletion,
            self.window,
            self.period,
            self.next_rotation,
            related,
            used,
        ) = row
        self.arn = key_arn(tenant, self.id)
        self.spec: Spec = SPECS[spec]
        self.algorithms = self.spec.algorithms[self.usage]
        self.tags: dict[str, str] = orjson.loads(tags)
        config = orjson.loads(related) if related else {}
        self.primary: str | None = config.get("primary")
        """Of a multi-Region key: the region of the primary, "" where it is this one."""
        self.replicas: list[str] = config.get("replicas", [])
        self.term: int = config.get("term", 0)
        """Rises with each change of the primary: what an earlier one says late is not heeded."""
        noted: Use | None = tuple(orjson.loads(used)) if used else None
        self.noted_until = 0.0 if noted is None else noted[1] + NOTED_SECONDS
        self.use = _use_of(tenant, self, noted)
        self.cipher: AESGCM | None = None
        """By which it encrypts, and what its ciphertexts begin with."""
        self.header = b""
        self.ciphers: dict[bytes, AESGCM] = {}
        """By the beginning of the material's id."""
        self.current_id: str | None = None
        self.material_ids: dict[bytes, str] = {}
        self.private: Any = None
        self.public = b""

    @property
    def multi_region(self) -> bool:
        return self.primary is not None

    @property
    def is_replica(self) -> bool:
        return bool(self.primary)


def _use_of(tenant: Tenant, key: Key, noted: Use | None) -> LastUse:
    known: dict[str, LastUse] = tenant.memory.setdefault(USES, {})
    last = known.get(key.id)
    # One before the key was made is of another that had its id; the row may be newer where the memory was lost.
    if last is None or last.use is None or last.use[1] < (key.created if noted is None else noted[1]):
        last = LastUse(noted)
        keep(known, key.id, last, MAX_CACHED)
    return last


NOTED_SECONDS = 60.0
"""A key's last use is in memory at once, in the database once in so many seconds."""


def key_arn(tenant: Tenant, key_id: str) -> str:
    return render_arn("kms", tenant.id, f"key/{key_id}")


def find_key(tenant: Tenant, name: str) -> Key:
    """The key that an id, an alias, or the ARN of either names.

    Raises NotFoundException, InvalidArnException.
    """
    try:
        key: Key = tenant.memory[MEMORY][name]
    except KeyError:
        return _find(tenant, name, aliases=True)
    return key


def find_key_itself(tenant: Tenant, name: str) -> Key:
    """The key that an id or its ARN names: an alias does not, for whatever changes or shows more than the key.

    Raises NotFoundException, InvalidArnException.
    """
    return _find(tenant, name, aliases=False)


def key_with_id(tenant: Tenant, key_id: str) -> Key | None:
    known: Key | None = _memory(tenant).get(key_id)
    # An alias is no id, however it is spelled.
    if known is not None and known.id == key_id:
        return known
    row = tenant.row(_BY_ID, (key_id,))
    if row is None:
        return None
    key = Key(tenant, row)
    keep(_memory(tenant), key_id, key, MAX_CACHED)
    return key


def _find(tenant: Tenant, name: str, *, aliases: bool) -> Key:
    resource, arn = name, ""
    if name.startswith("arn:"):
        parsed = parse_arn(name)
        if parsed is None or parsed.service != "kms":
            raise invalid_arn(name)
        arn, resource = name, parsed.resource
        if resource.startswith("key/"):
            resource = resource[4:]
        elif not resource.startswith(ALIAS) or not aliases:
            raise invalid_arn(name)
        here = (partition_of(tenant.id.region), *tenant.id[1:])
        if (parsed.partition, parsed.account, parsed.region) != here:
            raise key_not_found(name)
    if resource.startswith(ALIAS) and aliases:
        key = _behind_alias(tenant, resource)
        keep(_memory(tenant), name, key, MAX_CACHED)
        return key
    key_or_none = key_with_id(tenant, resource)
    if key_or_none is None:
        if not _ID.fullmatch(resource):
            raise invalid_key_id(resource)
        raise key_not_found(arn or key_arn(tenant, resource))
    if aliases and arn:
        keep(_memory(tenant), name, key_or_none, MAX_CACHED)
    return key_or_none


def _behind_alias(tenant: Tenant, alias: str) -> Key:
    row = tenant.row(_BY_ALIAS, (alias,))
    key = None if row is None else key_with_id(tenant, row[0])
    if key is None:
        arn = render_arn("kms", tenant.id, alias)
        raise NoManagedKey(arn, alias) if alias in PREDEFINED else alias_not_found(arn)
    return key


def _memory(tenant: Tenant) -> dict[str, Key]:
    memory: dict[str, Key] | None = tenant.memory.get(MEMORY)
    if memory is None:
        memory = tenant.memory[MEMORY] = {}
    return memory


def forget_keys(tenant: Tenant) -> None:
    """To be called after a row of a key, a material or an alias was changed: they are read again."""
    tenant.memory.pop(MEMORY, None)


def read_again(tenant: Tenant, key: Key) -> Key:
    """A key that is there, as it is now."""
    found = key_with_id(tenant, key.id)
    assert found is not None
    return found


def update_key(tenant: Tenant, key: Key, **columns: Any) -> None:
    assignments = ", ".join(f"{column} = ?" for column in columns)
    tenant.execute(f"UPDATE key SET {assignments} WHERE id = ?", (*columns.values(), key.id))
    forget_keys(tenant)


def record_key(tenant: Tenant, key_id: str, tags: dict[str, str]) -> None:
    tenant.record("kms", "key", key_id, "arn:{partition}:kms:{region}:{account}:key/" + key_id, tags)


# ---- what a key may be used for


def check_use(key: Key, usage: str, operation: str, algorithm: str) -> None:
    """Whether the key may do that now. Raises DisabledException, KMSInvalidStateException, InvalidKeyUsageException."""
    if key.state != ENABLED:
        raise unusable(key)
    if key.usage != usage:
        raise invalid_usage(key.arn, key.usage, operation)
    if algorithm not in key.algorithms:
        raise incompatible(algorithm, key.spec.name)


def check_enabled(key: Key) -> None:
    """Raises DisabledException, KMSInvalidStateException."""
    if key.state != ENABLED:
        raise unusable(key)


def unusable(key: Key) -> AwsError:
    return unusable_as(key.arn, key.state)


def unusable_as(arn: str, state: str) -> AwsError:
    """`state` is any but Enabled."""
    if state == DISABLED:
        return disabled(arn)
    if state == PENDING_IMPORT:
        return invalid_state(f"{arn} is pending import.")
    return invalid_state(f"{arn} is pending deletion.")


def check_not_pending_deletion(key: Key) -> None:
    """Raises KMSInvalidStateException."""
    if key.state in (PENDING_DELETION, PENDING_REPLICA_DELETION):
        raise invalid_state(f"{key.arn} is pending deletion.")
