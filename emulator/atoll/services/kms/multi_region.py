"""Multi-Region keys: the primary has the truth of what they share, and tells its replicas of every change.

What they share is the key's id, spec, usage, origin, material, rotation and who they are. Of imported material only the
ids are shared: each region imports it for itself.
https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html
"""

from __future__ import annotations

from typing import Any

import orjson

from atoll.core.call import Params
from atoll.core.caller import Caller
from atoll.services.kms.keys import (
    DISABLED,
    ENABLED,
    PENDING_DELETION,
    PENDING_IMPORT,
    PENDING_REPLICA_DELETION,
    Key,
    key_with_id,
    read_again,
    update_key,
)
from atoll.services.kms.later import DAY, DELETE, ROTATE, own_caller
from atoll.services.kms.materials import (
    CURRENT,
    NON_CURRENT,
    PENDING_REPLICAS,
    PENDING_ROTATION,
    Material,
    materials_of,
    put_material,
)
from atoll.tenants import Tenant

SERVICE = "kms"


def related_as(told: Params, here: str) -> dict[str, Any]:
    """Who its relatives are, as it is kept in `here`, whose own name is left out."""
    primary: str = told["Primary"]
    return {
        "primary": "" if primary == here else primary,
        "replicas": ["" if region == here else region for region in told["Replicas"]],
        # Whoever becomes the primary has the last word, before who makes it that.
        "term": told["Term"] + (primary == here),
    }


def relate(tenant: Tenant, key: Key, primary: str, replicas: list[str], *, new_term: bool = False) -> Key:
    """Writes who its relatives are, by region; an empty one is the tenant's own. The key as it is then."""
    related = {"primary": primary, "replicas": replicas, "term": key.term + new_term}
    update_key(tenant, key, related=orjson.dumps(related).decode())
    return read_again(tenant, key)


def lane_of(key_id: str) -> str:
    return f"kms/{key_id}"


def shared(tenant: Tenant, key: Key) -> Params:
    """What the primary tells its replicas. The regions have their names in it."""
    here = tenant.id.region
    external = key.origin == "EXTERNAL"
    return {
        "Account": tenant.id.account,
        "KeyId": key.id,
        "Primary": key.primary or here,
        "Replicas": [region or here for region in key.replicas],
        "Term": key.term,
        "Period": key.period,
        "NextRotation": key.next_rotation,
        "Materials": [
            list(each._replace(secret=None, model=None, expires=None) if external else each)
            for each in materials_of(tenant, key.id)
        ],
    }


def sync_replicas(tenant: Tenant, caller: Caller, key: Key, *, also: tuple[str, ...] = ()) -> None:
    told = shared(tenant, key)
    for region in dict.fromkeys((*key.replicas, *also)):
        if region and region != tenant.id.region:
            tenant.effect(
                caller, SERVICE, "SyncReplica", {**told, "Region": region}, lane=lane_of(key.id), awaited=True
            )


def take_over(tenant: Tenant, key: Key, told: Params) -> None:
    """In a replica: what the primary says, or who was it until a moment ago."""
    if told["Term"] < key.term:
        return
    related = related_as(told, tenant.id.region)
    update_key(
        tenant,
        key,
        related=orjson.dumps(related).decode(),
        period=told["Period"],
        next_rotation=told["NextRotation"],
    )
    due = told["NextRotation"] if related["primary"] == "" else None
    tenant.set_timer(SERVICE, ROTATE, key.id, due)
    if key.state == PENDING_DELETION and related["primary"] == "" and related["replicas"]:
        # It was scheduled after it had been asked whether it can be the primary.
        update_key(tenant, key, state=PENDING_REPLICA_DELETION, deletion=None)
        tenant.set_timer(SERVICE, DELETE, key.id, None)
    told_materials = [Material(*each) for each in told["Materials"]]
    if key.origin == "EXTERNAL":
        _take_over_imported(tenant, key, told_materials)
        return
    for material in told_materials:
        put_material(tenant, key.id, material)


def _take_over_imported(tenant: Tenant, key: Key, told: list[Material]) -> None:
    mine = {each.id: each for each in materials_of(tenant, key.id)}
    for material in told:
        own = mine.pop(material.id, None)
        if own is not None:
            material = material._replace(
                secret=own.secret, model=own.model, expires=own.expires, description=own.description
            )
        put_material(tenant, key.id, material)
    for gone in mine.values():
        # Only what was never rotated to can go.
        if gone.state in (PENDING_ROTATION, PENDING_REPLICAS):
            tenant.execute("DELETE FROM material WHERE key = ? AND id = ?", (key.id, gone.id))
    settle_imported(tenant, key.id)


def settle_imported(tenant: Tenant, key_id: str) -> None:
    """The state of a key whose material is imported: it can be used when all is there that is its own for good."""
    key = key_with_id(tenant, key_id)
    if key is None or key.state not in (ENABLED, PENDING_IMPORT, DISABLED):
        return
    lasting = [each for each in materials_of(tenant, key_id) if each.state in (CURRENT, NON_CURRENT)]
    whole = bool(lasting) and all(each.secret is not None for each in lasting)
    state = PENDING_IMPORT if not whole else ENABLED if key.state == PENDING_IMPORT else key.state
    update_key(tenant, key, state=state)


def replica_deleted(tenant: Tenant, told: Params) -> None:
    """In the primary: a replica is gone. One that is the primary no more passes it on."""
    key = key_with_id(tenant, told["KeyId"])
    if key is None or not key.multi_region:
        return
    if key.is_replica:
        pass_on(tenant, key, "ReplicaDeleted", told)
        return
    replicas = [region for region in key.replicas if region != told["From"]]
    changed = relate(tenant, key, "", replicas)
    if key.state == PENDING_REPLICA_DELETION and not replicas:
        due = tenant.now() + (key.window or 30) * DAY
        update_key(tenant, key, state=PENDING_DELETION, deletion=due)
        tenant.set_timer(SERVICE, DELETE, key.id, due)
    for material in materials_of(tenant, key.id):
        if material.state == PENDING_REPLICAS:
            replica_has(tenant, changed, material, told["From"])
    sync_replicas(tenant, own_caller(tenant), changed)


def replica_has(tenant: Tenant, key: Key, material: Material, region: str) -> None:
    """In the primary: the replica in that region has imported the material, or lacks it no more."""
    missing = [each for each in orjson.loads(material.missing or "[]") if each != region]
    state = PENDING_REPLICAS if missing else PENDING_ROTATION
    put_material(tenant, key.id, material._replace(state=state, missing=orjson.dumps(missing).decode()))


def replica_lacks(tenant: Tenant, key: Key, region: str) -> None:
    """In the primary: a new replica is to import what the others have and nobody was rotated to yet."""
    for material in materials_of(tenant, key.id):
        if material.state in (PENDING_ROTATION, PENDING_REPLICAS):
            missing = [*orjson.loads(material.missing or "[]"), region]
            material = material._replace(state=PENDING_REPLICAS, missing=orjson.dumps(missing).decode())
            put_material(tenant, key.id, material)


def pass_on(tenant: Tenant, key: Key, operation: str, told: Params) -> None:
    """To the primary, from a replica."""
    assert key.primary
    tell(tenant, key.id, key.primary, operation, told)


def tell(tenant: Tenant, key_id: str, region: str, operation: str, told: Params) -> None:
    """To the key's relative in that region."""
    params = {**told, "Account": tenant.id.account, "Region": region}
    tenant.effect(own_caller(tenant), SERVICE, operation, params, lane=lane_of(key_id), awaited=True)
