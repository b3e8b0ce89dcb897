"""One id of several tenants: a fork has its original's keys, a multi-Region key's replicas have one id.

What names no tenant (a ciphertext, a grant token) is brought to the nearest that has the key's id, and then to the
next, until one has what is meant: the material, the grant.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from atoll.core.call import Call, Params
from atoll.core.errors import AwsError
from atoll.core.lagoon import Lagoon
from atoll.services.kms.usage import Handler, Result
from atoll.tenants import Tenant


class NotHere(AwsError):
    """What is meant is not here; the error that the caller gets where it is nowhere else either."""

    def __init__(self, error: AwsError) -> None:
        super().__init__(error.code, error.message)


def or_elsewhere(operation: str) -> Callable[[Handler], Handler]:
    """An operation that asks the other owners of the id, by the internal one of that name, where it raises NotHere."""

    def decorate(handler: Handler) -> Handler:
        @wraps(handler)
        def wrapped(call: Call, tenant: Tenant) -> Result:
            try:
                return handler(call, tenant)
            except NotHere as error:
                return _ask_others(call, tenant.lagoon, operation, error)

        return wrapped

    return decorate


async def _ask_others(call: Call, lagoon: Lagoon, operation: str, error: NotHere) -> Params:
    passed = [_place(call)]
    while True:
        answer = await lagoon.call(call, "kms", operation, {**call.params, "Passed": passed})
        place = answer.get("Passed")
        if place is None:
            return answer
        # Where nobody is left it comes to the caller's own tenant, again.
        if place in passed:
            raise error
        passed.append(place)


def answer_or_pass(handler: Handler, call: Call, tenant: Tenant) -> Result:
    """What the handler answers, or that this tenant was asked in vain."""
    place = _place(call)
    if place not in call["Passed"]:
        try:
            return handler(call, tenant)
        except NotHere:
            pass
    return {"Passed": place}


def _place(call: Call) -> list[str]:
    return [call.owner.account, call.owner.region]
