"""Scheduling the deletion of keys, and cancelling it."""

from __future__ import annotations

from atoll.core.call import Call, Params
from atoll.services.kms.errors import invalid_state, validation
from atoll.services.kms.gone import looks_for_replicas
from atoll.services.kms.keys import (
    DISABLED,
    PENDING_DELETION,
    PENDING_IMPORT,
    PENDING_REPLICA_DELETION,
    check_not_pending_deletion,
    find_key_itself,
    update_key,
)
from atoll.services.kms.later import DAY, DELETE
from atoll.services.kms.making import EXTERNAL, moment
from atoll.services.kms.managing import check_customers
from atoll.services.kms.materials import CURRENT, NON_CURRENT, materials_of
from atoll.services.kms.service import kms
from atoll.tenants import Tenant

WINDOW, SHORTEST, LONGEST = 30, 7, 30
"""Days."""


@kms.operation("ScheduleKeyDeletion")
@looks_for_replicas
def schedule_key_deletion(call: Call, tenant: Tenant) -> Params:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html"""
    window: int = call.get("PendingWindowInDays") or WINDOW
    if not SHORTEST <= window <= LONGEST:
        raise validation(f"PendingWindowInDays must be between {SHORTEST} and {LONGEST}")
    key = find_key_itself(tenant, call["KeyId"])
    check_customers(call, key)
    check_not_pending_deletion(key)
    if key.multi_region and not key.is_replica and key.replicas:
        update_key(tenant, key, state=PENDING_REPLICA_DELETION, window=window)
        return {"KeyId": key.arn, "KeyState": PENDING_REPLICA_DELETION, "PendingWindowInDays": window}
    due = tenant.now() + window * DAY
    update_key(tenant, key, state=PENDING_DELETION, deletion=due, window=window)
    tenant.set_timer("kms", DELETE, key.id, due)
    return {
        "KeyId": key.arn,
        "DeletionDate": moment(due),
        "KeyState": PENDING_DELETION,
        "PendingWindowInDays": window,
    }


@kms.operation("CancelKeyDeletion")
def cancel_key_deletion(call: Call, tenant: Tenant) -> Params:
    """The key is disabled then, or waits for its material.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_CancelKeyDeletion.html
    """
    key = find_key_itself(tenant, call["KeyId"])
    if key.state not in (PENDING_DELETION, PENDING_REPLICA_DELETION):
        raise invalid_state(f"{key.arn} is not pending deletion.")
    lasting = [each for each in materials_of(tenant, key.id) if each.state in (CURRENT, NON_CURRENT)]
    whole = bool(lasting) and all(each.secret is not None for each in lasting)
    state = PENDING_IMPORT if key.origin == EXTERNAL and not whole else DISABLED
    update_key(tenant, key, state=state, deletion=None, window=None)
    tenant.set_timer("kms", DELETE, key.id, None)
    return {"KeyId": key.arn}
