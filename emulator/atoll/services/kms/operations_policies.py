"""Operations on key policies."""

from __future__ import annotations

from atoll.core.call import Call, Params
from atoll.services.kms.errors import not_found
from atoll.services.kms.keys import find_key_itself, update_key
from atoll.services.kms.making import policy_of
from atoll.services.kms.managing import check_customers
from atoll.services.kms.policies import DEFAULT, check_policy
from atoll.services.kms.service import kms
from atoll.tenants import Tenant


@kms.operation("GetKeyPolicy", readonly=True)
def get_key_policy(call: Call, tenant: Tenant) -> Params:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyPolicy.html"""
    key = find_key_itself(tenant, call["KeyId"])
    _check_name(call)
    return {"Policy": policy_of(tenant, key), "PolicyName": DEFAULT}


@kms.operation("PutKeyPolicy")
def put_key_policy(call: Call, tenant: Tenant) -> Params:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html"""
    key = find_key_itself(tenant, call["KeyId"])
    _check_name(call)
    check_customers(call, key)
    check_policy(call["Policy"], tenant.id.account, may_lock_out=call.get("BypassPolicyLockoutSafetyCheck"))
    update_key(tenant, key, policy=call["Policy"])
    return {}


@kms.operation("ListKeyPolicies", readonly=True)
def list_key_policies(call: Call, tenant: Tenant) -> Params:
    find_key_itself(tenant, call["KeyId"])
    return {"PolicyNames": [DEFAULT], "Truncated": False}


def _check_name(call: Call) -> None:
    if (call.get("PolicyName") or DEFAULT) != DEFAULT:
        raise not_found("No such policy exists")
