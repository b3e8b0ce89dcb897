"""What LocalStack's developer endpoints show and change: messages that went nowhere, opted-out numbers, tokens.

https://docs.localstack.cloud/aws/services/sns/#developer-endpoints
"""

from __future__ import annotations

from typing import Any

from atoll.core.call import Call, Params
from atoll.services.sns import kept, tokens
from atoll.services.sns.endpoints import is_phone_number, normal_phone_number
from atoll.services.sns.errors import invalid_parameter, subscription_does_not_exist
from atoll.services.sns.service import sns
from atoll.services.sns.subscriptions import find_subscription
from atoll.tenants import Tenant


@sns.operation("PeekKept", readonly=True, internal=True)
def peek_kept(call: Call, tenant: Tenant) -> Params:
    """Messages of `Kind`, for `Target` where one is given, as lists by target."""
    found: dict[str, list[dict[str, Any]]] = {}
    for target, message in kept.kept_messages(tenant, call["Kind"], call.get("Target") or ""):
        found.setdefault(target, []).append(message)
    return {"Messages": found}


@sns.operation("DropKept", internal=True)
def drop_kept(call: Call, tenant: Tenant) -> Params:
    kept.drop_kept(tenant, call["Kind"], call.get("Target") or "")
    return {}


@sns.operation("OptOutPhoneNumber", internal=True)
def opt_out_phone_number(call: Call, tenant: Tenant) -> Params:
    number: str = call["PhoneNumber"]
    if not is_phone_number(number):
        raise invalid_parameter("PhoneNumber Reason: input incorrectly formatted")
    tenant.execute("INSERT OR IGNORE INTO opted_out VALUES (?)", (normal_phone_number(number),))
    return {}


@sns.operation("PeekSubscriptionToken", readonly=True, internal=True)
def peek_subscription_token(call: Call, tenant: Tenant) -> Params:
    """The token that was issued last for a subscription, pending or confirmed."""
    found = find_subscription(tenant, call["SubscriptionArn"])
    token = None if found is None else tokens.token_of(tenant, found[1].id)
    if token is None:
        raise subscription_does_not_exist()
    return {"Token": token}
