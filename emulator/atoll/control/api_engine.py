"""The control API's routes on the engine: what is under way, the index, and what is wrong."""

from __future__ import annotations

import re

from fastapi import FastAPI, Request

from atoll.control.doctor import findings
from atoll.control.effects import Place, undelivered
from atoll.control.errors import Refused
from atoll.control.guard import Guard
from atoll.control.models import EffectView, Finding, Limit, Page, Reindexed
from atoll.control.parts import Parts
from atoll.control.reindex import reindex
from atoll.control.views import effect_view
from atoll.core.tenant_id import TenantId

_TENANT = r"([a-z0-9-]{1,63})/([0-9]{12})/([a-z0-9-]{1,63})"


def add_engine(api: FastAPI, parts: Parts, guard: Guard) -> None:
    @api.get("/_atoll/v1/effects")
    async def list_effects(
        request: Request,
        realm: str | None = None,
        account: str = "",
        region: str = "",
        limit: Limit = 100,
        token: str | None = None,
    ) -> Page[EffectView]:
        """Calls that one tenant caused on another and that are not delivered yet: the oldest first, tenant by tenant.
        They are tried again until they are answered."""
        realms = await guard.realms(request, realm)
        found = await undelivered(parts.cell, realms, account, region, _place(token), limit)
        last = found[-1] if len(found) == limit else None
        following = None if last is None else f"{'/'.join(last.source)}/{last.pending.row}"
        return Page(items=[effect_view(each) for each in found], next_token=following)

    @api.post("/_atoll/v1/reindex")
    async def reindex_some(request: Request, realm: str = "", token: str | None = None) -> Reindexed:
        """Tells the resource index anew what is in the tenants, some hundred at a time: go on with the token. Calls are
        answered meanwhile."""
        if realm:
            await guard.realm(request, realm)
        else:
            await guard.all_realms(request)
        step = await reindex(parts, realm, _tenant(token))
        following = None if step.next is None else "/".join(step.next)
        return Reindexed(done=step.done, total=step.total, left_out=step.left_out, next_token=following)

    @api.get("/_atoll/v1/doctor")
    async def look_for_what_is_wrong(request: Request) -> Page[Finding]:
        """What is wrong with this Atoll and what to do about it, the worst first."""
        await guard.all_realms(request)
        return Page(items=await findings(parts))


def _place(token: str | None) -> Place | None:
    tenant, _, row = (token or "").rpartition("/")
    if token is None:
        return None
    id = _tenant(tenant)
    if id is None or re.fullmatch(r"[0-9]{1,18}", row, re.ASCII) is None:
        raise _no_token()
    return Place(id, int(row))


def _tenant(token: str | None) -> TenantId | None:
    if token is None:
        return None
    match = re.fullmatch(_TENANT, token, re.ASCII)
    if match is None:
        raise _no_token()
    return TenantId(*match.groups())


def _no_token() -> Refused:
    return Refused("The token is of no page of this list: begin without one")
