"""Replicating multi-Region keys, and changing which of them is the primary."""

from __future__ import annotations

from functools import cache

from atoll.core.arn import partition_of, render_arn
from atoll.core.call import Call, Params
from atoll.core.errors import AwsError
from atoll.core.lagoon import Lagoon
from atoll.core.tenant_id import TenantId
from atoll.services.kms.errors import already_exists, invalid_state, not_found, unsupported
from atoll.services.kms.gone import is_there, looks_for_replicas, state_in
from atoll.services.kms.keys import (
    ENABLED,
    PENDING_IMPORT,
    Key,
    check_enabled,
    find_key_itself,
    key_with_id,
    read_again,
    unusable_as,
    update_key,
)
from atoll.services.kms.later import ROTATE
from atoll.services.kms.making import EXTERNAL, describe, make_key, moment
from atoll.services.kms.materials import PENDING_REPLICAS, Material, materials_of, put_material
from atoll.services.kms.multi_region import (
    lane_of,
    pass_on,
    relate,
    related_as,
    replica_has,
    replica_lacks,
    shared,
    sync_replicas,
    take_over,
    tell,
)
from atoll.services.kms.multi_region import (
    replica_deleted as take_out,
)
from atoll.services.kms.policies import check_policy, default_policy
from atoll.services.kms.service import kms
from atoll.services.kms.tags import parse_tags, show_tags
from atoll.services.kms.usage import Result
from atoll.tenants import Tenant
from atoll.wire.models import region_names


def _primary(tenant: Tenant, call: Call) -> Key:
    key = find_key_itself(tenant, call["KeyId"])
    if not key.multi_region or key.is_replica:
        raise _no_primary(key)
    if key.state != PENDING_IMPORT:
        check_enabled(key)
    return key


@kms.operation("ReplicateKey")
@looks_for_replicas
def replicate_key(call: Call, tenant: Tenant) -> Result:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_ReplicateKey.html"""
    key = _read_replica(call, tenant)
    return _replicate(call, tenant.lagoon, key)


async def _replicate(call: Call, lagoon: Lagoon, key: Key) -> Params:
    if await state_in(call, lagoon, key.id, call["ReplicaRegion"]) is not None:
        # Which is none of its relatives: somebody gave two keys one id.
        raise already_exists(f"Key {key.arn} already exists in region {call['ReplicaRegion']}.")
    return await lagoon.transaction(_replicate_now, call)


def _read_replica(call: Call, tenant: Tenant) -> Key:
    """The key that is to have a replica. Raises UnsupportedOperationException, AlreadyExistsException, TagException,
    MalformedPolicyDocumentException."""
    key = _primary(tenant, call)
    region: str = call["ReplicaRegion"]
    if region not in _regions():
        raise unsupported(f"{region} is not a Region in which KMS is available.")
    if partition_of(region) != partition_of(tenant.id.region):
        raise unsupported(f"The region {region} is in another partition than {tenant.id.region}.")
    if region == tenant.id.region or region in key.replicas:
        raise already_exists(f"Key {key.arn} already exists in region {region}.")
    if (policy := call.get("Policy")) is not None:
        check_policy(policy, tenant.id.account, may_lock_out=call.get("BypassPolicyLockoutSafetyCheck"))
    parse_tags(call.get("Tags"))
    return key


def _replicate_now(tenant: Tenant, call: Call) -> Params:
    key = _read_replica(call, tenant)
    region, policy, tags = call["ReplicaRegion"], call.get("Policy"), parse_tags(call.get("Tags"))
    replica_lacks(tenant, key, region)
    key = relate(tenant, key, "", [*key.replicas, region])
    sync_replicas(tenant, call.caller, key)
    replica: Params = {
        **shared(tenant, key),
        "Region": region,
        "Usage": key.usage,
        "Spec": key.spec.name,
        "Origin": key.origin,
        "Description": call.get("Description") or "",
        "Policy": policy,
        "Tags": tags,
    }
    tenant.effect(call.caller, "kms", "MakeReplica", replica, lane=lane_of(key.id), awaited=True)
    there = TenantId(tenant.id.realm, tenant.id.account, region)
    shown = describe(tenant, key)
    shown |= {
        "Arn": render_arn("kms", there, f"key/{key.id}"),
        "CreationDate": moment(tenant.now()),
        "Description": replica["Description"],
        "Enabled": False,
        # AWS answers before it is there.
        "KeyState": "Creating",
        "MultiRegionConfiguration": {**shown["MultiRegionConfiguration"], "MultiRegionKeyType": "REPLICA"},
    }
    return {
        "ReplicaKeyMetadata": shown,
        "ReplicaPolicy": policy or default_policy(there),
        "ReplicaTags": show_tags(tags),
    }


@cache
def _regions() -> frozenset[str]:
    """Those that AWS has: a replica in any other would be a mistake that nobody notices."""
    return frozenset(region_names())


@kms.operation("UpdatePrimaryRegion")
@looks_for_replicas
def update_primary_region(call: Call, tenant: Tenant) -> Result:
    """The new primary has the truth of what is shared once it is told so. A replica whose primary is gone takes its
    place, where its own region is named.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_UpdatePrimaryRegion.html
    """
    region: str = call["PrimaryRegion"]
    key = find_key_itself(tenant, call["KeyId"])
    if key.is_replica and region == tenant.id.region:
        return _succeed(call, tenant.lagoon, key)
    key = _read_successor(call, tenant)
    return _hand_over(call, tenant.lagoon, key, _arn_in(tenant, key, region))


def _read_successor(call: Call, tenant: Tenant) -> Key:
    """The primary that is to be followed. Raises UnsupportedOperationException, NotFoundException, DisabledException,
    KMSInvalidStateException."""
    region: str = call["PrimaryRegion"]
    key = _primary(tenant, call)
    check_enabled(key)
    if region == tenant.id.region:
        raise unsupported(f"{region} is already the primary region of {key.arn}.")
    if region not in key.replicas:
        raise not_found(f"Key '{_arn_in(tenant, key, region)}' does not exist")
    return key


async def _hand_over(call: Call, lagoon: Lagoon, key: Key, there: str) -> Params:
    """`there` is the ARN of the replica. Both have to be enabled."""
    state = await state_in(call, lagoon, key.id, call["PrimaryRegion"])
    if state is None:
        # Those that are gone were forgotten before.
        raise invalid_state(f"{there} is creating.")
    if state != ENABLED:
        raise unusable_as(there, state)
    await lagoon.transaction(_hand_over_now, call)
    return {}


def _hand_over_now(tenant: Tenant, call: Call) -> None:
    key, region = _read_successor(call, tenant), call["PrimaryRegion"]
    replicas = ["" if each == region else each for each in key.replicas]
    key = relate(tenant, key, region, replicas, new_term=True)
    tenant.set_timer("kms", ROTATE, key.id, None)
    sync_replicas(tenant, call.caller, key, also=(region,))


async def _succeed(call: Call, lagoon: Lagoon, key: Key) -> Params:
    assert key.primary
    if await is_there(call, lagoon, key.id, key.primary):
        raise _no_primary(key)
    await lagoon.transaction(_become_primary, call, key.primary)
    return {}


def _become_primary(tenant: Tenant, call: Call, gone: str) -> None:
    key = find_key_itself(tenant, call["KeyId"])
    if key.primary != gone:
        raise _no_primary(key)
    key = relate(tenant, key, "", [region for region in key.replicas if region], new_term=True)
    tenant.set_timer("kms", ROTATE, key.id, key.next_rotation)
    sync_replicas(tenant, call.caller, key)


def _no_primary(key: Key) -> AwsError:
    return unsupported(f"{key.arn} is not a multi-Region primary key.")


def _arn_in(tenant: Tenant, key: Key, region: str) -> str:
    return render_arn("kms", TenantId(tenant.id.realm, tenant.id.account, region), f"key/{key.id}")


@kms.operation("FindRelative", readonly=True, internal=True)
def find_relative(call: Call, tenant: Tenant) -> Params:
    """From a multi-Region key: the state of the key of its id here, and whether that may be a relative."""
    key = key_with_id(tenant, call["KeyId"])
    return {"State": None if key is None else key.state, "Found": key is not None and key.multi_region}


@kms.operation("MakeReplica", internal=True)
def make_replica(call: Call, tenant: Tenant) -> Params:
    """From the primary: a replica is to be here."""
    key = key_with_id(tenant, call["KeyId"])
    if key is None:
        key = make_key(
            tenant,
            call["KeyId"],
            usage=call["Usage"],
            spec=call["Spec"],
            secret=None,
            origin=call["Origin"],
            description=call["Description"],
            policy=call["Policy"],
            tags=call["Tags"],
            related=related_as(call.params, tenant.id.region),
        )
        if call["Origin"] != EXTERNAL:
            for material in call["Materials"]:
                put_material(tenant, key.id, Material(*material))
            update_key(tenant, key, state=ENABLED)
    elif key.primary != call["Primary"]:
        # Somebody gave one here the same id meanwhile.
        told = {"KeyId": key.id, "From": tenant.id.region}
        tell(tenant, key.id, call["Primary"], "ReplicaDeleted", told)
        return {}
    take_over(tenant, read_again(tenant, key), call.params)
    return {}


@kms.operation("SyncReplica", internal=True)
def sync_replica(call: Call, tenant: Tenant) -> Params:
    """From the primary: what they share has changed."""
    key = key_with_id(tenant, call["KeyId"])
    if key is not None and key.multi_region:
        take_over(tenant, key, call.params)
    return {}


@kms.operation("ReplicaDeleted", internal=True)
def replica_deleted(call: Call, tenant: Tenant) -> Params:
    """From a replica: it is no more."""
    take_out(tenant, call.params)
    return {}


@kms.operation("ReplicaImported", internal=True)
def replica_imported(call: Call, tenant: Tenant) -> Params:
    """From a replica: it has imported material that the primary had first."""
    key = key_with_id(tenant, call["KeyId"])
    if key is None or not key.multi_region:
        return {}
    if key.is_replica:
        pass_on(tenant, key, "ReplicaImported", call.params)
        return {}
    for material in materials_of(tenant, key.id):
        if material.id == call["MaterialId"] and material.state == PENDING_REPLICAS:
            replica_has(tenant, key, material, call["From"])
            sync_replicas(tenant, call.caller, read_again(tenant, key))
    return {}
