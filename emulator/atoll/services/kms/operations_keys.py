"""Operations on keys: creating, describing, listing them, enabling and disabling."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from atoll.core.call import Call, Params
from atoll.core.lagoon import Lagoon
from atoll.services.kms.errors import already_exists, invalid_state, validation
from atoll.services.kms.keys import (
    DISABLED,
    ENABLED,
    check_not_pending_deletion,
    find_key,
    find_key_itself,
    key_arn,
    key_with_id,
    unusable,
    update_key,
)
from atoll.services.kms.making import AWS_KMS, EXTERNAL, describe, make_key, moment, new_key_id
from atoll.services.kms.managing import check_customers
from atoll.services.kms.paging import Page
from atoll.services.kms.policies import check_policy
from atoll.services.kms.private_keys import make_secret, read_foreign, takes_long
from atoll.services.kms.rotation import catch_up
from atoll.services.kms.service import kms
from atoll.services.kms.specs import SYMMETRIC, Spec, check_usage, spec_named
from atoll.services.kms.stores import check_key_store
from atoll.services.kms.tags import CUSTOM_MATERIAL, parse_tags, take_custom_id, take_custom_material
from atoll.services.kms.usage import makes_managed_keys
from atoll.tenants import Tenant

MAX_LISTED = 100
AES_LENGTHS = (16, 24, 32)
"""Bytes of the keys that AES takes."""


@kms.operation("CreateKey")
def create_key(call: Call, tenant: Tenant) -> Params | Coroutine[Any, Any, Params]:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html"""
    spec = _spec_of(call)
    usage = check_usage(spec, call.get("KeyUsage"))
    if (policy := call.get("Policy")) is not None:
        check_policy(policy, tenant.id.account, may_lock_out=call.get("BypassPolicyLockoutSafetyCheck"))
    origin = call.get("Origin") or AWS_KMS
    multi_region = bool(call.get("MultiRegion"))
    check_key_store(call, tenant, origin, spec.name, multi_region=multi_region)
    tags = parse_tags(call.get("Tags"))
    key_id = take_custom_id(tags) or new_key_id(multi_region=multi_region)
    secret = take_custom_material(tags)
    if secret is not None:
        if origin == EXTERNAL:
            raise validation(f"The tag {CUSTOM_MATERIAL} is not valid with the origin {EXTERNAL}: import the material.")
        _check_material(spec, secret)
    making: Params = {
        "usage": usage,
        "spec": spec.name,
        "origin": origin,
        "description": call.get("Description") or "",
        "policy": policy,
        "tags": tags,
        "related": {"primary": "", "replicas": []} if multi_region else None,
    }
    if secret is None and origin == AWS_KMS:
        if takes_long(spec):
            if key_with_id(tenant, key_id) is not None:
                raise already_exists(f"A key with the id {key_id} already exists")
            return _make_in_thread(tenant.lagoon, key_id, spec, making)
        secret = make_secret(spec)
    return _made(tenant, key_id, secret, making)


def _spec_of(call: Call) -> Spec:
    given, older = call.get("KeySpec"), call.get("CustomerMasterKeySpec")
    if given is not None and older is not None:
        raise validation(
            "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is "
            "deprecated."
        )
    return spec_named(given or older or SYMMETRIC)


def _check_material(spec: Spec, secret: bytes) -> None:
    """What the tag gives for material has to serve as a key of that spec; as in LocalStack, of any length that does."""
    try:
        if spec.kind not in ("symmetric", "hmac"):
            read_foreign(spec, secret)
        elif len(secret) not in AES_LENGTHS if spec.kind == "symmetric" else not secret:
            raise ValueError(f"{len(secret)} bytes")
    except ValueError:
        raise validation(f"The custom key material is none of {spec.name}.") from None


async def _make_in_thread(lagoon: Lagoon, key_id: str, spec: Spec, making: Params) -> Params:
    secret = await lagoon.in_thread(make_secret, spec)
    return await lagoon.transaction(_made, key_id, secret, making)


def _made(tenant: Tenant, key_id: str, secret: bytes | None, making: Params) -> Params:
    key = make_key(tenant, key_id, secret=secret, **making)
    return {"KeyMetadata": describe(tenant, key)}


@kms.operation("DescribeKey", readonly=True)
@makes_managed_keys
def describe_key(call: Call, tenant: Tenant) -> Params:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_DescribeKey.html"""
    return {"KeyMetadata": describe(tenant, find_key(tenant, call["KeyId"]))}


@kms.operation("ListKeys", readonly=True)
def list_keys(call: Call, tenant: Tenant) -> Params:
    page = Page(call, MAX_LISTED)
    if "SELF" not in (call.get("ResourceOwners") or ("SELF",)):
        # Nothing is shared by way of RAM.
        return {"Keys": [], "Truncated": False}
    rows = tenant.rows("SELECT id FROM key WHERE id > ? ORDER BY id LIMIT ?", (page.after, page.limit + 1))
    return page.show(
        "Keys",
        [id for (id,) in rows],
        key=lambda id: id,
        show=lambda id: {"KeyId": id, "KeyArn": key_arn(tenant, id)},
    )


@kms.operation("EnableKey")
def enable_key(call: Call, tenant: Tenant) -> Params:
    return _switch(call, tenant, ENABLED)


@kms.operation("DisableKey")
def disable_key(call: Call, tenant: Tenant) -> Params:
    return _switch(call, tenant, DISABLED)


def _switch(call: Call, tenant: Tenant, state: str) -> Params:
    key = find_key_itself(tenant, call["KeyId"])
    check_customers(call, key)
    if key.state not in (ENABLED, DISABLED):
        raise invalid_state(unusable(key).message)
    update_key(tenant, key, state=state)
    if state == ENABLED:
        catch_up(tenant, key.id)
    return {}


@kms.operation("UpdateKeyDescription")
def update_key_description(call: Call, tenant: Tenant) -> Params:
    key = find_key_itself(tenant, call["KeyId"])
    check_customers(call, key)
    check_not_pending_deletion(key)
    update_key(tenant, key, description=call["Description"])
    return {}


@kms.operation("GetKeyLastUsage", readonly=True)
def get_key_last_usage(call: Call, tenant: Tenant) -> Params:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyLastUsage.html"""
    key = find_key_itself(tenant, call["KeyId"])
    usage: Params = {}
    if key.use.use is not None:
        operation, at, request_id = key.use.use
        usage = {"Operation": operation, "Timestamp": moment(at), "KmsRequestId": request_id}
    return {
        "KeyId": key.id,
        "KeyLastUsage": usage,
        "TrackingStartDate": moment(key.created),
        "KeyCreationDate": moment(key.created),
    }
