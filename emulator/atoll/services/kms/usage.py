"""What every call on a key has in common: making AWS's own keys at their first use, grant tokens, DryRun, the last use.

https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyLastUsage.html
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from types import CoroutineType
from typing import Any

import orjson

from atoll.core.call import Call, Params
from atoll.core.lagoon import Lagoon
from atoll.services.kms.errors import dry_run, invalid_grant_token
from atoll.services.kms.grant_tokens import parse_token
from atoll.services.kms.keys import NOTED_SECONDS, Key, NoManagedKey
from atoll.services.kms.making import make_managed_key
from atoll.tenants import Tenant

Result = Params | Coroutine[Any, Any, Params]
Handler = Callable[[Call, Tenant], Result]


def finish(call: Call, tenant: Tenant, key: Key, operation: str, result: Params) -> Result:
    """Notes that the key was used: in memory always, in the database once a minute, since a write for each call would
    cost more than the call."""
    now = tenant.now()
    key.use.use = use = (operation, now, call.request_id)
    if now < key.noted_until:
        return result
    key.noted_until = now + NOTED_SECONDS
    return _note(tenant.lagoon, key.id, use, result)


async def _note(lagoon: Lagoon, key_id: str, use: tuple[str, float, str], result: Params) -> Params:
    await lagoon.transaction(_write_use, key_id, use)
    return result


async def finish_later(call: Call, lagoon: Lagoon, key: Key, operation: str, result: Params) -> Params:
    """The same for what was waited for. What was read of the key may be old by then, which matters to nobody."""
    now = lagoon.now()
    key.use.use = use = (operation, now, call.request_id)
    if now >= key.noted_until:
        key.noted_until = now + NOTED_SECONDS
        await lagoon.transaction(_write_use, key.id, use)
    return result


def _write_use(tenant: Tenant, key_id: str, use: tuple[str, float, str]) -> None:
    tenant.execute("UPDATE key SET used = ? WHERE id = ?", (orjson.dumps(use).decode(), key_id))


def makes_managed_keys(handler: Handler) -> Handler:
    """An operation that makes the key of `alias/aws/SERVICE` where it is the first to name it, in its own account."""

    @wraps(handler)
    def wrapped(call: Call, tenant: Tenant) -> Result:
        try:
            return handler(call, tenant)
        except NoManagedKey as missing:
            if call.caller.account != tenant.id.account:
                raise
            return _make_and_run(handler, call, tenant.lagoon, missing.alias)

    return wrapped


async def _make_and_run(handler: Handler, call: Call, lagoon: Lagoon, alias: str) -> Params:
    await lagoon.transaction(make_managed_key, alias)
    return await run(handler, call, lagoon)


async def run(handler: Handler, call: Call, lagoon: Lagoon) -> Params:
    """Runs an operation's handler in a transaction, to its end."""
    results: list[Any] = []
    await lagoon.transaction(lambda tenant: results.append(handler(call, tenant)))
    # A transaction that had to be run twice has left two.
    result: Result = results.pop()
    for other in results:
        if isinstance(other, CoroutineType):
            other.close()
    return await result if isinstance(result, Coroutine) else result


def check_call(call: Call) -> None:
    """The last check of a call that may be a DryRun. Raises InvalidGrantTokenException, DryRunOperationException."""
    check_tokens(call)
    if call.params.get("DryRun"):
        raise dry_run()


def check_tokens(call: Call) -> None:
    """Raises InvalidGrantTokenException."""
    for token in call.params.get("GrantTokens") or ():
        if parse_token(token) is None:
            raise invalid_grant_token()
