"""Rotation: new material for a symmetric key, when its time has come or on demand. Old material goes on decrypting.

https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html
"""

from __future__ import annotations

import os

from atoll.services.kms.keys import ENABLED, Key, key_with_id, update_key
from atoll.services.kms.later import DAY, ROTATE, own_caller
from atoll.services.kms.materials import (
    CURRENT,
    NON_CURRENT,
    Material,
    current_of,
    material_id,
    materials_of,
    put_material,
)
from atoll.services.kms.multi_region import sync_replicas
from atoll.services.kms.specs import SPECS, SYMMETRIC
from atoll.tenants import Tenant

DEFAULT_PERIOD = 365
MAX_ON_DEMAND = 25
AUTOMATIC, ON_DEMAND = "AUTOMATIC", "ON_DEMAND"


def plan_rotation(tenant: Tenant, key: Key, period: int | None) -> None:
    """Rotates from now on every so many days, or not any more."""
    due = None if period is None else tenant.now() + period * DAY
    update_key(tenant, key, period=period, next_rotation=due)
    tenant.set_timer("kms", ROTATE, key.id, due)


def rotate_when_due(tenant: Tenant, key_id: str) -> None:
    """The timer. A key that cannot be used is rotated when it can be again."""
    key = key_with_id(tenant, key_id)
    if key is None or key.period is None or key.next_rotation is None or key.state != ENABLED:
        return
    rotate(tenant, key, AUTOMATIC)
    # From the moment that was planned, so that a clock which leaps moves no later one.
    due = key.next_rotation + key.period * DAY
    while due <= tenant.now():
        due += key.period * DAY
    update_key(tenant, key, next_rotation=due)
    tenant.set_timer("kms", ROTATE, key.id, due)
    share(tenant, key_id)


def catch_up(tenant: Tenant, key_id: str) -> None:
    """Rotates a key that may be used again, where it should have been meanwhile."""
    key = key_with_id(tenant, key_id)
    if key is not None and key.next_rotation is not None and key.next_rotation <= tenant.now():
        rotate_when_due(tenant, key_id)


def rotate(tenant: Tenant, key: Key, why: str) -> Material:
    """Makes new material the current one."""
    secret = os.urandom(SPECS[SYMMETRIC].size)
    last = max((each.number for each in materials_of(tenant, key.id)), default=0)
    new = Material(material_id(key.id, secret), last + 1, secret, CURRENT)
    return make_current(tenant, key, new, why)


def make_current(tenant: Tenant, key: Key, new: Material, why: str) -> Material:
    old = current_of(tenant, key)
    if old is not None:
        put_material(tenant, key.id, old._replace(state=NON_CURRENT))
    new = new._replace(state=CURRENT, rotated=tenant.now(), rotation=why)
    put_material(tenant, key.id, new)
    return new


def share(tenant: Tenant, key_id: str) -> None:
    """Tells the replicas of a multi-Region key."""
    key = key_with_id(tenant, key_id)
    if key is not None and key.multi_region:
        sync_replicas(tenant, own_caller(tenant), key)
