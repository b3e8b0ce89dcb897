"""Operations on the rotation of keys."""

from __future__ import annotations

from atoll.core.call import Call, Params
from atoll.core.digits import read_whole
from atoll.services.kms.errors import invalid_state, limit_exceeded, not_valid_for_origin, unsupported
from atoll.services.kms.keys import (
    PENDING_DELETION,
    PENDING_REPLICA_DELETION,
    Key,
    check_enabled,
    find_key_itself,
)
from atoll.services.kms.making import AWS_KMS, EXPIRES, EXTERNAL, moment
from atoll.services.kms.managing import check_customers
from atoll.services.kms.materials import PENDING_ROTATION, Material, materials_of
from atoll.services.kms.paging import Page
from atoll.services.kms.rotation import (
    DEFAULT_PERIOD,
    MAX_ON_DEMAND,
    ON_DEMAND,
    make_current,
    plan_rotation,
    rotate,
    share,
)
from atoll.services.kms.service import kms
from atoll.services.kms.specs import SYMMETRIC
from atoll.tenants import Tenant

MAX_LISTED = 100
SHORTEST, LONGEST = 90, 2560
"""Days."""


def _check_origin(key: Key, *, on_demand: bool) -> None:
    """Raises UnsupportedOperationException."""
    if key.origin != AWS_KMS and not (on_demand and key.origin == EXTERNAL):
        raise not_valid_for_origin(key.arn, key.origin)


def _check_rotates(key: Key) -> None:
    """Whether there is anything to be known of its rotation. Raises UnsupportedOperationException."""
    _check_origin(key, on_demand=True)
    if key.spec.name != SYMMETRIC:
        raise unsupported()


def _check_changeable(call: Call, key: Key, *, on_demand: bool = False) -> None:
    check_customers(call, key)
    _check_origin(key, on_demand=on_demand)
    check_enabled(key)
    _check_rotates(key)
    if key.is_replica:
        raise unsupported(f"{key.arn} is a multi-Region replica key. Rotate the primary key instead.")


@kms.operation("EnableKeyRotation")
def enable_key_rotation(call: Call, tenant: Tenant) -> Params:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKeyRotation.html"""
    key = find_key_itself(tenant, call["KeyId"])
    _check_changeable(call, key)
    plan_rotation(tenant, key, call.get("RotationPeriodInDays") or DEFAULT_PERIOD)
    share(tenant, key.id)
    return {}


@kms.operation("DisableKeyRotation")
def disable_key_rotation(call: Call, tenant: Tenant) -> Params:
    key = find_key_itself(tenant, call["KeyId"])
    _check_changeable(call, key)
    plan_rotation(tenant, key, None)
    share(tenant, key.id)
    return {}


@kms.operation("GetKeyRotationStatus", readonly=True)
def get_key_rotation_status(call: Call, tenant: Tenant) -> Params:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyRotationStatus.html"""
    # Of keys that cannot be rotated too: they are not.
    key = find_key_itself(tenant, call["KeyId"])
    pending = key.state in (PENDING_DELETION, PENDING_REPLICA_DELETION)
    if key.period is None or pending:
        return {"KeyId": key.id, "KeyRotationEnabled": False}
    return {
        "KeyId": key.id,
        "KeyRotationEnabled": True,
        "RotationPeriodInDays": key.period,
        "NextRotationDate": moment(key.next_rotation or 0.0),
    }


@kms.operation("RotateKeyOnDemand")
def rotate_key_on_demand(call: Call, tenant: Tenant) -> Params:
    """The rotation is done when this is answered.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_RotateKeyOnDemand.html
    """
    key = find_key_itself(tenant, call["KeyId"])
    _check_changeable(call, key, on_demand=True)
    materials = materials_of(tenant, key.id)
    if sum(each.rotation == ON_DEMAND for each in materials) >= MAX_ON_DEMAND:
        raise limit_exceeded(
            "The on-demand rotations limit has been reached for the given keyId. "
            f"No more on-demand rotations can be performed for this key: {key.arn}"
        )
    if key.origin == EXTERNAL:
        waiting = next((each for each in materials if each.state == PENDING_ROTATION), None)
        if waiting is None:
            raise invalid_state(f"{key.arn} has no key material in the PENDING_ROTATION state.")
        make_current(tenant, key, waiting, ON_DEMAND)
    else:
        rotate(tenant, key, ON_DEMAND)
    share(tenant, key.id)
    return {"KeyId": key.id}


@kms.operation("ListKeyRotations", readonly=True)
def list_key_rotations(call: Call, tenant: Tenant) -> Params:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_ListKeyRotations.html"""
    key = find_key_itself(tenant, call["KeyId"])
    _check_rotates(key)
    page = Page(call, MAX_LISTED, key=key)
    every = call.get("IncludeKeyMaterial") == "ALL_KEY_MATERIAL"
    found = [each for each in materials_of(tenant, key.id) if every or each.rotated is not None]
    after = read_whole(page.after)
    rest = [each for each in found if after is None or each.number > after]
    return page.show("Rotations", rest, key=lambda each: str(each.number), show=lambda each: _show(key, each))


def _show(key: Key, material: Material) -> Params:
    shown: Params = {
        "KeyId": key.id,
        "KeyMaterialId": material.id,
        "KeyMaterialState": material.state,
    }
    if material.rotated is not None:
        shown |= {"RotationDate": moment(material.rotated), "RotationType": material.rotation}
    if key.origin == EXTERNAL:
        shown |= {
            "ImportState": "PENDING_IMPORT" if material.secret is None else "IMPORTED",
            "KeyMaterialDescription": material.description,
            "ExpirationModel": material.model,
        }
        if material.model == EXPIRES and material.expires is not None:
            shown["ValidTo"] = moment(material.expires)
    return shown
