"""What becomes due later: the names of its timers, and as whom it is done."""

from __future__ import annotations

from atoll.core.caller import Caller, root_caller
from atoll.tenants import Tenant

DAY = 86_400.0
"""Seconds."""
ROTATE, DELETE = "rotate", "delete"


def own_caller(tenant: Tenant) -> Caller:
    """Who does what no call has asked for."""
    return root_caller(tenant.id, via="kms.amazonaws.com")
