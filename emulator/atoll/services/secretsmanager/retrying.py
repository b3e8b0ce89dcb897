"""Replicas that have failed, tried again at a change that brings no value."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from atoll.core.call import Call, Params
from atoll.core.lagoon import Lagoon
from atoll.services.secretsmanager.copies import Lack, lacking, seal_lacking
from atoll.services.secretsmanager.replicas import FAILED, Copies, replicas_of, replicate
from atoll.services.secretsmanager.secrets import Secret, with_id
from atoll.services.secretsmanager.values import Again
from atoll.tenants import Tenant


def told(call: Call, tenant: Tenant, secret: Secret, answer: Params) -> Params | Coroutine[Any, Any, Params]:
    """Tells the replicas how the secret is now. The answer, after those that have failed were sent what they lack."""
    failed = any(replica.status == FAILED for replica in replicas_of(tenant, secret))
    replicate(tenant, call.caller, secret)
    return _try_again(call, tenant.lagoon, secret.id, answer) if failed else answer


async def _try_again(call: Call, lagoon: Lagoon, id: int, answer: Params) -> Params:
    while True:
        lack = await lagoon.transaction(_lack, id)
        copies = await seal_lacking(call, lagoon, lack, {})
        try:
            await lagoon.transaction(_send, call, id, copies)
        except Again:
            continue
        return answer


def _lack(tenant: Tenant, id: int) -> Lack:
    secret = with_id(tenant, id)
    return Lack([], {}) if secret is None else lacking(tenant, secret)


def _send(tenant: Tenant, call: Call, id: int, copies: Copies) -> None:
    secret = with_id(tenant, id)
    if secret is None:
        return
    if not lacking(tenant, secret).filled_by(copies):
        raise Again
    replicate(tenant, call.caller, secret, copies)
