"""Who delivers messages to AWS's own services, and for how long it is tried."""

from __future__ import annotations

from atoll.core.caller import Caller
from atoll.tenants import Tenant

PATIENCE = 23 * 86_400.0
"""Seconds for which AWS tries to deliver to its own services.

https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
"""
_USER_ID = "AIDAIT2UOQQY3AUEKVGXU"
"""Who SQS says has sent what SNS delivers."""
_PRINCIPAL = "sns.amazonaws.com"
_MEMORY = "sns.sender"


def sender(tenant: Tenant) -> Caller:
    """The service, for the topic's account."""
    caller: Caller | None = tenant.memory.get(_MEMORY)
    if caller is None:
        realm, account, region = tenant.id
        caller = tenant.memory[_MEMORY] = Caller(realm, account, region, _PRINCIPAL, _USER_ID, via=_PRINCIPAL)
    return caller
