"""Making keys, those of customers and those that AWS manages, and showing them.

https://docs.aws.amazon.com/kms/latest/APIReference/API_KeyMetadata.html
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

import orjson

from atoll.core.arn import render_arn
from atoll.core.call import Params
from atoll.core.ids import hex_id, uuid4
from atoll.core.tenant_id import TenantId
from atoll.services.kms.aliases import put_alias
from atoll.services.kms.errors import already_exists
from atoll.services.kms.keys import (
    COLUMNS,
    ENABLED,
    PENDING_DELETION,
    PENDING_IMPORT,
    PENDING_REPLICA_DELETION,
    Key,
    forget_keys,
    key_with_id,
    record_key,
)
from atoll.services.kms.managed import PREDEFINED
from atoll.services.kms.materials import CURRENT, Material, first_material, materials_of, put_material
from atoll.services.kms.policies import managed_policy
from atoll.services.kms.rotation import plan_rotation
from atoll.services.kms.specs import ENCRYPT, MEMBERS, SPECS, SYMMETRIC
from atoll.tenants import Tenant

AWS_KMS, EXTERNAL = "AWS_KMS", "EXTERNAL"
EXPIRES, DOES_NOT_EXPIRE = "KEY_MATERIAL_EXPIRES", "KEY_MATERIAL_DOES_NOT_EXPIRE"
_INSERT = f"INSERT INTO key ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


def new_key_id(*, multi_region: bool) -> str:
    return f"mrk-{hex_id(32)}" if multi_region else uuid4()


def make_key(
    tenant: Tenant,
    key_id: str,
    *,
    usage: str,
    spec: str,
    secret: bytes | None,
    origin: str = AWS_KMS,
    manager: str = "CUSTOMER",
    description: str = "",
    policy: str | None = None,
    tags: dict[str, str] | None = None,
    related: dict[str, Any] | None = None,
) -> Key:
    """A new key; without a secret it waits for its material. Raises AlreadyExistsException."""
    if key_with_id(tenant, key_id) is not None:
        raise already_exists(f"A key with the id {key_id} already exists")
    state = PENDING_IMPORT if secret is None else ENABLED
    config = orjson.dumps(related).decode() if related else None
    row = (
        key_id,
        tenant.now(),
        description,
        usage,
        spec,
        origin,
        manager,
        state,
        policy,
        orjson.dumps(tags or {}).decode(),
        *(None, None, None, None, None),
        config,
        None,
    )
    tenant.execute(_INSERT, row)
    if secret is not None:
        put_material(tenant, key_id, first_material(key_id, secret))
    forget_keys(tenant)
    record_key(tenant, key_id, tags or {})
    key = key_with_id(tenant, key_id)
    assert key is not None
    return key


def make_managed_key(tenant: Tenant, alias: str) -> None:
    """The key that AWS manages for a service, and its alias."""
    if tenant.row("SELECT 1 FROM alias WHERE name = ?", (alias,)):
        return
    service = PREDEFINED[alias]
    key = make_key(
        tenant,
        uuid4(),
        usage=ENCRYPT,
        spec=SYMMETRIC,
        secret=os.urandom(SPECS[SYMMETRIC].size),
        manager="AWS",
        description=f"Default key that protects my {service} data when no other key is defined",
        # Which names the account: it is made when it is asked for.
        policy=None,
    )
    plan_rotation(tenant, key, 365)
    put_alias(tenant, alias, key.id)


def policy_of(tenant: Tenant, key: Key) -> str:
    from atoll.services.kms.policies import default_policy

    if key.policy is not None:
        return key.policy
    if key.manager == "AWS":
        row = tenant.row("SELECT name FROM alias WHERE key = ? ORDER BY name LIMIT 1", (key.id,))
        return managed_policy(tenant.id, PREDEFINED.get(row[0] if row else "", "kms"))
    return default_policy(tenant.id)


# ---- showing


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def describe(tenant: Tenant, key: Key) -> Params:
    """KeyMetadata."""
    shown: Params = {
        "AWSAccountId": tenant.id.account,
        "KeyId": key.id,
        "Arn": key.arn,
        "CreationDate": moment(key.created),
        "Enabled": key.state == ENABLED,
        "Description": key.description,
        "KeyUsage": key.usage,
        "KeyState": key.state,
        "Origin": key.origin,
        "KeyManager": key.manager,
        "CustomerMasterKeySpec": key.spec.name,
        "KeySpec": key.spec.name,
        MEMBERS[key.usage]: list(key.algorithms),
        "MultiRegion": key.multi_region,
    }
    if key.state == PENDING_DELETION and key.deletion is not None:
        shown["DeletionDate"] = moment(key.deletion)
    if key.state == PENDING_REPLICA_DELETION:
        shown["PendingDeletionWindowInDays"] = key.window
    if key.multi_region:
        shown["MultiRegionConfiguration"] = show_relatives(tenant.id, key)
    if key.spec.name == SYMMETRIC or key.origin == EXTERNAL:
        _show_material(shown, key, materials_of(tenant, key.id))
    return shown


def _show_material(shown: Params, key: Key, materials: list[Material]) -> None:
    current = next((each for each in materials if each.state == CURRENT), None)
    if key.spec.name == SYMMETRIC and current is not None:
        shown["CurrentKeyMaterialId"] = current.id
    if key.origin == EXTERNAL and key.state != PENDING_IMPORT and current is not None:
        shown["ExpirationModel"] = current.model
        moments = [each.expires for each in materials if each.expires is not None and each.secret is not None]
        if moments:
            shown["ExpirationModel"] = EXPIRES
            shown["ValidTo"] = moment(min(moments))


def show_relatives(here: TenantId, key: Key) -> Params:
    """MultiRegionConfiguration."""

    def show(region: str) -> Params:
        tenant = TenantId(here.realm, here.account, region or here.region)
        return {"Arn": render_arn("kms", tenant, f"key/{key.id}"), "Region": tenant.region}

    return {
        "MultiRegionKeyType": "REPLICA" if key.is_replica else "PRIMARY",
        "PrimaryKey": show(key.primary or ""),
        "ReplicaKeys": [show(region) for region in key.replicas],
    }
