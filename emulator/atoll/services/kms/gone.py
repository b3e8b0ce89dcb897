"""Relatives of a multi-Region key that are gone without having said so: their region was reset, or brought back from a
snapshot that has not got them. AWS knows nothing of the kind, so here they are looked for before they are relied on."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from atoll.core.call import Call, Params
from atoll.core.lagoon import Lagoon
from atoll.services.kms.keys import find_key_itself
from atoll.services.kms.multi_region import lane_of, replica_deleted
from atoll.services.kms.usage import Handler, Result, run
from atoll.tenants import Tenant


def looks_for_replicas(handler: Handler) -> Callable[[Call, Tenant], Result]:
    """An operation before which a primary forgets replicas that are gone."""

    @wraps(handler)
    def wrapped(call: Call, tenant: Tenant) -> Result:
        key = find_key_itself(tenant, call["KeyId"])
        if key.is_replica or not key.replicas or tenant.outbox.next_in_lane(lane_of(key.id)) is not None:
            # One that is to be made yet is not gone.
            return handler(call, tenant)
        return _look_and_run(handler, call, tenant.lagoon, key.id, key.replicas)

    return wrapped


async def _look_and_run(handler: Handler, call: Call, lagoon: Lagoon, key_id: str, regions: list[str]) -> Params:
    gone = [region for region in regions if not await is_there(call, lagoon, key_id, region)]
    if gone:
        await lagoon.transaction(_forget, key_id, gone)
    return await run(handler, call, lagoon)


def _forget(tenant: Tenant, key_id: str, regions: list[str]) -> None:
    if tenant.outbox.next_in_lane(lane_of(key_id)) is None:
        for region in regions:
            replica_deleted(tenant, {"KeyId": key_id, "From": region})


async def is_there(call: Call, lagoon: Lagoon, key_id: str, region: str) -> bool:
    """Whether a key has its relative in that region."""
    return bool((await _find(call, lagoon, key_id, region))["Found"])


async def state_in(call: Call, lagoon: Lagoon, key_id: str, region: str) -> str | None:
    """That of the key with the same id in that region; None where there is none."""
    state: str | None = (await _find(call, lagoon, key_id, region))["State"]
    return state


async def _find(call: Call, lagoon: Lagoon, key_id: str, region: str) -> Params:
    params = {"Account": call.owner.account, "Region": region, "KeyId": key_id}
    return await lagoon.call(call, "kms", "FindRelative", params)
