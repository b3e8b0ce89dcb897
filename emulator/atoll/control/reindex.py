"""Tells the index anew what is in the tenants: for one that was lost, or of which one is not sure."""

from __future__ import annotations

from typing import NamedTuple

from atoll.control.parts import Parts
from atoll.core.tenant_id import TenantId
from atoll.core.threads import in_thread

AT_ONCE = 200
"""Tenants that one step looks into: some tenths of a second."""


class Step(NamedTuple):
    """`left_out` are realms that have tenants here and that the index does not know; `next` is the tenant that the next
    step begins behind, None at the end."""

    done: int
    total: int
    left_out: list[str]
    next: TenantId | None


async def reindex(parts: Parts, realm: str, after: TenantId | None) -> Step:
    """One step, over the tenants of a realm, or of all where it is empty. What the index has of tenants that are not
    there is forgotten."""
    there = set(await in_thread(lambda: list(parts.folder.tenants())))
    placed = {placement.tenant for placement in await parts.index.placements(parts.cell.name)}
    known = {each.name for each in await parts.index.realms()}
    total = sorted(id for id in there | placed if id.realm in known and realm in ("", id.realm))
    ahead = [id for id in total if after is None or id > after]
    now = ahead[:AT_ONCE]
    await parts.cell.moves.publish_all(id for id in now if id in there)
    for id in now:
        if id not in there:
            await parts.index.forget(id)
    left_out = sorted({id.realm for id in there if realm in ("", id.realm)} - known)
    following = now[-1] if len(ahead) > len(now) else None
    return Step(len(total) - len(ahead) + len(now), len(total), left_out, following)
