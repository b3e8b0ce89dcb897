"""Importing key material.

https://docs.aws.amazon.com/kms/latest/developerguide/importing-keys-conceptual.html
"""

from __future__ import annotations

from collections.abc import Coroutine
from datetime import datetime
from typing import Any

import orjson

from atoll.core.call import Call, Params
from atoll.core.errors import AwsError
from atoll.core.lagoon import Lagoon
from atoll.services.kms.errors import not_found, not_valid_for_origin, unsupported, validation
from atoll.services.kms.importing import (
    EXPIRY,
    Wrapping,
    check_wrapping,
    find_wrapping,
    lose_material,
    make_wrapping_key,
    put_wrapping,
    timer_key,
    unwrap,
)
from atoll.services.kms.keys import Key, check_not_pending_deletion, find_key_itself, key_with_id
from atoll.services.kms.making import DOES_NOT_EXPIRE, EXPIRES, EXTERNAL, moment
from atoll.services.kms.materials import (
    CURRENT,
    PENDING_REPLICAS,
    PENDING_ROTATION,
    Material,
    current_of,
    material_id,
    materials_of,
    put_material,
)
from atoll.services.kms.multi_region import pass_on, replica_has, settle_imported, sync_replicas
from atoll.services.kms.service import kms
from atoll.services.kms.specs import SYMMETRIC, Spec
from atoll.tenants import Tenant

LONGEST = 365 * 86_400.0
"""Seconds until imported material expires, at most."""
HMAC_LONGEST = {"HMAC_224": 64, "HMAC_256": 64, "HMAC_384": 128, "HMAC_512": 128}
"""Bytes of imported HMAC keys; at least they have as many as those that are made here.
https://docs.aws.amazon.com/kms/latest/developerguide/importing-keys-conceptual.html"""
NEW, EXISTING = "NEW_KEY_MATERIAL", "EXISTING_KEY_MATERIAL"


def _external(call: Call, tenant: Tenant) -> Key:
    key = find_key_itself(tenant, call["KeyId"])
    if key.origin != EXTERNAL:
        raise not_valid_for_origin(key.arn, key.origin)
    return key


@kms.operation("GetParametersForImport")
def get_parameters_for_import(call: Call, tenant: Tenant) -> Coroutine[Any, Any, Params]:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_GetParametersForImport.html"""
    key = _external(call, tenant)
    check_not_pending_deletion(key)
    check_wrapping(key, call["WrappingAlgorithm"], call["WrappingKeySpec"])
    return _make_parameters(call, tenant.lagoon)


async def _make_parameters(call: Call, lagoon: Lagoon) -> Params:
    private = await lagoon.in_thread(make_wrapping_key, call["WrappingKeySpec"])
    return await lagoon.transaction(_give_out, call, private)


def _give_out(tenant: Tenant, call: Call, private: bytes) -> Params:
    from atoll.services.kms.private_keys import public_bytes, read

    key = _external(call, tenant)
    token, expires = put_wrapping(tenant, key, call["WrappingAlgorithm"], private)
    return {
        "KeyId": key.arn,
        "ImportToken": token,
        "PublicKey": public_bytes(read(private)),
        "ParametersValidTo": moment(expires),
    }


@kms.operation("ImportKeyMaterial")
def import_key_material(call: Call, tenant: Tenant) -> Coroutine[Any, Any, Params]:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_ImportKeyMaterial.html"""
    key, wrapping = _read_import(call, tenant)
    return _unwrap_and_import(call, tenant.lagoon, key.spec, wrapping)


async def _unwrap_and_import(call: Call, lagoon: Lagoon, spec: Spec, wrapping: Wrapping) -> Params:
    secret = await lagoon.in_thread(_unwrapped, spec, wrapping, call["EncryptedKeyMaterial"])
    return await lagoon.transaction(_import, call, secret)


def _unwrapped(spec: Spec, wrapping: Wrapping, encrypted: bytes) -> bytes:
    """Takes some tenths of a second: an RSA key is looked at closely."""
    secret = unwrap(wrapping, encrypted)
    _check_material(spec, secret)
    return secret


def _read_import(call: Call, tenant: Tenant) -> tuple[Key, Wrapping]:
    """The key, and what the token stands for. Raises whatever the call is refused with before it is unwrapped."""
    key = _external(call, tenant)
    check_not_pending_deletion(key)
    _expiry(call, tenant)
    _check_symmetric_only(call, key)
    wrapping = find_wrapping(tenant, call["ImportToken"])
    if wrapping is None or wrapping.key_id != key.id:
        raise AwsError("InvalidImportTokenException")
    if wrapping.expires <= tenant.now():
        raise AwsError("ExpiredImportTokenException")
    return key, wrapping


def _import(tenant: Tenant, call: Call, secret: bytes) -> Params:
    key, _ = _read_import(call, tenant)
    model, expires = _expiry(call, tenant)
    material = _place(call, tenant, key, material_id(key.id, secret))
    description = call.get("KeyMaterialDescription")
    material = material._replace(
        secret=secret,
        model=model,
        expires=expires,
        description=material.description if description is None else description,
    )
    put_material(tenant, key.id, material)
    tenant.set_timer("kms", EXPIRY, timer_key(key.id, material.id), expires)
    settle_imported(tenant, key.id)
    _tell_relatives(call, tenant, key.id, material)
    return {"KeyId": key.arn, "KeyMaterialId": material.id if key.spec.name == SYMMETRIC else None}


def _expiry(call: Call, tenant: Tenant) -> tuple[str, float | None]:
    """The expiration model, and when the material expires, in seconds since the epoch."""
    model: str = call.get("ExpirationModel") or EXPIRES
    valid_to: datetime | None = call.get("ValidTo")
    if model == DOES_NOT_EXPIRE:
        if valid_to is not None:
            raise validation("A validTo date cannot be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE")
        return model, None
    if valid_to is None:
        raise validation("A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES")
    expires, now = valid_to.timestamp(), tenant.now()
    if not now < expires <= now + LONGEST:
        raise validation("The validTo date must be in the future, and at most 365 days from now.")
    return model, expires


def _check_symmetric_only(call: Call, key: Key) -> None:
    if key.spec.name != SYMMETRIC:
        for parameter in ("ImportType", "KeyMaterialDescription", "KeyMaterialId"):
            if call.get(parameter) is not None:
                raise validation(f"{parameter} is supported for symmetric encryption KMS keys only.")
    if call.get("KeyMaterialId") is not None and call.get("ImportType") == NEW:
        raise validation("KeyMaterialId cannot be specified when ImportType is NEW_KEY_MATERIAL.")


def _check_material(spec: Spec, secret: bytes) -> None:
    if spec.kind in ("symmetric", "hmac"):
        most = HMAC_LONGEST.get(spec.name, spec.size)
        if not spec.size <= len(secret) <= most:
            raise incorrect("The key material does not have the length that the key spec needs.")
        return
    from atoll.services.kms.private_keys import read_foreign

    try:
        read_foreign(spec, secret)
    except ValueError:
        raise incorrect("The key material is not a private key of the key spec.") from None


def incorrect(message: str) -> AwsError:
    return AwsError("IncorrectKeyMaterialException", message)


def _place(call: Call, tenant: Tenant, key: Key, id: str) -> Material:
    """Which of the key's materials it is: one that it has had, or a new one."""
    materials = materials_of(tenant, key.id)
    kind = call.get("ImportType") or (EXISTING if materials else NEW)
    named = call.get("KeyMaterialId")
    known = next((each for each in materials if each.id == id), None)
    if named is not None and named != id:
        raise incorrect("The key material is not the one that the KeyMaterialId identifies.")
    if kind == EXISTING:
        if known is None:
            raise incorrect("The key material was not imported into this KMS key before.")
        return known
    if known is not None:
        raise incorrect("The key material was imported into this KMS key before.")
    if key.is_replica:
        raise unsupported("New key material must be imported into the primary key first.")
    if key.spec.name != SYMMETRIC and materials:
        raise incorrect("The key material was not imported into this KMS key before.")
    if any(each.state in (PENDING_ROTATION, PENDING_REPLICAS) for each in materials):
        raise AwsError("KMSInvalidStateException", f"{key.arn} already has key material that is pending rotation.")
    number = max((each.number for each in materials), default=0) + 1
    if current_of(tenant, key) is None:
        return Material(id, number, None, CURRENT)
    if key.replicas:
        return Material(id, number, None, PENDING_REPLICAS, missing=orjson.dumps(key.replicas).decode())
    return Material(id, number, None, PENDING_ROTATION)


def _tell_relatives(call: Call, tenant: Tenant, key_id: str, material: Material) -> None:
    key = key_with_id(tenant, key_id)
    if key is None or not key.multi_region:
        return
    if not key.is_replica:
        if material.state == PENDING_REPLICAS:
            # It may be a replica's that has become the primary.
            replica_has(tenant, key, material, tenant.id.region)
        sync_replicas(tenant, call.caller, key)
    elif material.state == PENDING_REPLICAS:
        told = {"KeyId": key_id, "MaterialId": material.id, "From": tenant.id.region}
        pass_on(tenant, key, "ReplicaImported", told)


@kms.operation("DeleteImportedKeyMaterial")
def delete_imported_key_material(call: Call, tenant: Tenant) -> Params:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_DeleteImportedKeyMaterial.html"""
    key = _external(call, tenant)
    materials = materials_of(tenant, key.id)
    named = call.get("KeyMaterialId")
    if named is not None and key.spec.name != SYMMETRIC:
        raise validation("KeyMaterialId is supported for symmetric encryption KMS keys only.")
    if named is None:
        material = next((each for each in materials if each.state == CURRENT), None)
    else:
        material = next((each for each in materials if each.id == named), None)
        if material is None:
            raise not_found(f"Key material {named} does not exist for {key.arn}.")
    if material is not None and material.secret is not None:
        lose_material(tenant, key, material)
    shown = material.id if material is not None and key.spec.name == SYMMETRIC else None
    return {"KeyId": key.arn, "KeyMaterialId": shown}
