"""What time causes."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from atoll.core.ids import uuid4
from atoll.services.secretsmanager.copies import mend_seals, to_seal_anew
from atoll.services.secretsmanager.replicas import replicate
from atoll.services.secretsmanager.rotating import cause_of, rotate_by_time, take_steps, test_only, turn_of
from atoll.services.secretsmanager.rotations import window_passed
from atoll.services.secretsmanager.secrets import remove, with_id
from atoll.services.secretsmanager.service import secretsmanager
from atoll.tenants import Tenant


@secretsmanager.timer("purge")
def purge(tenant: Tenant, key: str) -> None:
    """The recovery window has ended."""
    secret = with_id(tenant, int(key))
    if secret is not None and secret.deleted is not None:
        remove(tenant, secret)


@secretsmanager.timer("steps")
def steps(tenant: Tenant, key: str) -> Coroutine[Any, Any, None] | None:
    """RotateSecret has begun a rotation."""
    secret = with_id(tenant, int(key))
    if secret is None or secret.rotation is None:
        return None
    token, at_once = secret.rotation["begun"]
    turn = turn_of(tenant, secret, token)
    take = take_steps if at_once else test_only
    return None if turn is None else take(cause_of(tenant, secret), tenant.lagoon, turn)


@secretsmanager.timer("reseal")
def reseal(tenant: Tenant, key: str) -> Coroutine[Any, Any, None] | None:
    """A replica got values that are not under its key."""
    secret = with_id(tenant, int(key))
    if secret is None:
        return None
    versions = [
        version
        for version in to_seal_anew(tenant, secret)
        if all(each.given != secret.kms_key for each in version.seals)
    ]
    return mend_seals(cause_of(tenant, secret), tenant.lagoon, secret, versions) if versions else None


@secretsmanager.timer("rotate")
def rotate(tenant: Tenant, key: str) -> Coroutine[Any, Any, None] | None:
    """A rotation window has opened. The next is set first, so that what goes wrong in this one ends nothing."""
    secret = with_id(tenant, int(key))
    if secret is None or secret.rotation is None or not secret.rotation["enabled"]:
        return None
    cause = cause_of(tenant, secret)
    secret = window_passed(tenant, secret)
    replicate(tenant, cause.caller, secret)
    turn = turn_of(tenant, secret, uuid4())
    if turn is None or secret.deleted is not None:
        return None
    return rotate_by_time(tenant.lagoon, cause, turn)
