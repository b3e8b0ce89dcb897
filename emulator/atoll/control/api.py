"""The control API, `/_atoll/v1`: one FastAPI app over the parts of a running Atoll. Its page is at `/_atoll/docs`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from itertools import islice
from typing import Annotated, Literal

from fastapi import FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException

from atoll import __version__
from atoll.control.api_accounts import add_accounts, add_keys
from atoll.control.api_engine import add_engine
from atoll.control.api_messages import add_messages
from atoll.control.api_snapshots import add_reset, add_snapshots
from atoll.control.checked import checked
from atoll.control.errors import Conflict, Invalid, NeedsToken, Refused
from atoll.control.guard import Guard
from atoll.control.models import (
    CallView,
    Declared,
    FaultScope,
    FaultsSpec,
    FieldProblem,
    Limit,
    Missing,
    Name,
    Page,
    Problem,
    RealmSpec,
    RealmView,
    RegionView,
    ResourceView,
    TenantView,
)
from atoll.control.parts import Parts
from atoll.control.requests import StrictRoute
from atoll.control.views import call_view, region_view, resource_view
from atoll.core.tenant_id import DEFAULT_REALM
from atoll.gateway.faults import Scope
from atoll.index import BadPageToken
from atoll.manifests.check import MOST_PROBLEMS
from atoll.manifests.region import Region
from atoll.wire.models import model_names

DOCS = "/_atoll/docs"
STREAM_PAUSE = 15.0
"""Seconds after which a stream of calls says that it is still there."""


def make_api(parts: Parts) -> FastAPI:
    # With the page's scripts at hand: whoever looks at it may have no way to a host of elsewhere.
    api = FastAPIOffline(
        title="Atoll's control API",
        version=__version__,
        docs_url=DOCS,
        redoc_url=None,
        static_url=f"{DOCS}/static",
        swagger_ui_oauth2_redirect_url=f"{DOCS}/oauth2-redirect",
        openapi_url="/_atoll/openapi.json",
        redirect_slashes=False,
        responses={status: {"model": Problem} for status in (400, 401, 404, 409, 422)},
    )
    api.router.route_class = StrictRoute
    _tell_problems(api)
    guard = Guard(parts)
    _add_realms(api, parts, guard)
    add_accounts(api, parts, guard)
    add_keys(api, parts, guard)
    _add_regions(api, parts, guard)
    _add_what_is_there(api, parts, guard)
    _add_calls(api, parts, guard)
    add_engine(api, parts, guard)
    add_messages(api, parts, guard)
    add_snapshots(api, parts, guard)
    add_reset(api, parts, guard)
    return api


# ---- problems


def _tell_problems(api: FastAPI) -> None:
    @api.exception_handler(Refused)
    async def refused(_request: Request, error: Exception) -> Response:
        assert isinstance(error, Refused)
        fields = [FieldProblem(path=path, value=value, reason=reason) for path, value, reason in error.problems]
        return _problem(Problem(title=error.title, status=error.status, detail=error.detail, problems=fields))

    @api.exception_handler(RequestValidationError)
    async def unfit(_request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        fields = [
            FieldProblem(path=".".join(map(str, each["loc"])), value=repr(each.get("input"))[:80], reason=each["msg"])
            for each in islice(error.errors(), MOST_PROBLEMS)
        ]
        detail = "; ".join(f"{field.path}: {field.reason}" for field in fields)
        return _problem(Problem(title="The request is not valid", status=400, detail=detail, problems=fields))

    @api.exception_handler(HTTPException)
    async def other(_request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        title = HTTPStatus(error.status_code).phrase
        return _problem(Problem(title=title, status=error.status_code, detail=error.detail), error.headers)


def _problem(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    if problem.status == 401:
        headers = {"www-authenticate": "Bearer"}
    return JSONResponse(
        problem.model_dump(by_alias=True), problem.status, media_type="application/problem+json", headers=headers
    )


# ---- realms


def _add_realms(api: FastAPI, parts: Parts, guard: Guard) -> None:
    @api.get("/_atoll/v1/realms")
    async def list_realms(request: Request) -> Page[RealmView]:
        names = await guard.realms(request, None)
        realms = [realm for realm in await parts.index.realms() if realm.name in names]
        return Page(items=[RealmView(name=realm.name, open=realm.open) for realm in realms])

    @api.get("/_atoll/v1/realms/{realm}")
    async def get_realm(request: Request, realm: Name) -> RealmView:
        found = await guard.realm(request, realm)
        return RealmView(name=found.name, open=found.open)

    @api.delete("/_atoll/v1/realms/{realm}", status_code=204)
    async def delete_realm(request: Request, realm: Name) -> None:
        """Ends the realm with all its accounts, whatever their deletion policy, and everything in them."""
        await guard.realm(request, realm)
        _check_no_default(realm)
        await parts.accounts.delete_realm(realm)

    @api.put("/_atoll/v1/realms/{realm}")
    async def put_realm(request: Request, realm: Name, spec: RealmSpec) -> RealmView:
        """A realm that is there is changed by who may see it; one that begins closed is made by who shows the token
        only."""
        if await parts.index.realm(realm) is not None:
            await guard.realm(request, realm)
        elif not spec.open and not guard.trusted(request):
            raise NeedsToken(f"The realm {realm} would be closed to you: show Atoll's token as a bearer")
        guard.demand(request)
        _check_no_default(realm)
        made = await parts.index.make_realm(realm, spec.open)
        return RealmView(name=made.name, open=made.open)


def _check_no_default(realm: str) -> None:
    """Raises Conflict."""
    if realm == DEFAULT_REALM:
        raise Conflict(f"The realm {DEFAULT_REALM} is there as long as Atoll is: `atoll up --closed` closes it")


# ---- regions and faults


def _add_regions(api: FastAPI, parts: Parts, guard: Guard) -> None:
    @api.get("/_atoll/v1/regions")
    async def list_regions(request: Request) -> Page[RegionView]:
        guard.demand(request)
        return Page(items=[region_view(each) for each in await parts.index.declarations("Region")])

    @api.get("/_atoll/v1/regions/{name}")
    async def get_region(request: Request, name: Name) -> RegionView:
        guard.demand(request)
        return region_view(await parts.regions.get(name))

    @api.put("/_atoll/v1/regions/{name}", responses={201: {"model": RegionView}})
    async def put_region(request: Request, response: Response, name: Name, declared: Declared) -> RegionView:
        manifest = checked("Region", name, declared.spec)
        assert isinstance(manifest, Region)
        await guard.all_realms(request)
        declaration, made = await parts.regions.put(manifest, declared.generation)
        response.status_code = 201 if made else 200
        return region_view(declaration)

    @api.delete("/_atoll/v1/regions/{name}", status_code=204)
    async def delete_region(request: Request, name: Name) -> None:
        await guard.all_realms(request)
        await parts.regions.delete(name)

    @api.get("/_atoll/v1/faults")
    async def list_faults(request: Request) -> Page[FaultsSpec]:
        """Those that were set while running. A Region's own stand in its spec."""
        guard.demand(request)
        visible = {"", *await guard.realms(request, None)}
        found = [
            FaultsSpec(**FaultScope(**scope._asdict()).model_dump(), faults=specs)
            for scope, specs in await parts.regions.faults()
            if scope.realm in visible
        ]
        return Page(items=found)

    @api.put("/_atoll/v1/faults")
    async def put_faults(request: Request, spec: FaultsSpec) -> FaultsSpec:
        """From the next call on; none ends them."""
        if spec.realm:
            await guard.realm(request, spec.realm)
        else:
            await guard.all_realms(request)
        account = await parts.accounts.account_id(spec.realm, spec.account) if spec.account else ""
        _check_services(spec)
        fit = checked("Region", "faults", {"regionName": spec.region or "any-region-1", "faults": spec.faults})
        await parts.regions.set_faults(Scope(spec.realm, account, spec.region), fit.spec["faults"])
        return spec.model_copy(update={"account": account})


def _check_services(spec: FaultsSpec) -> None:
    """Raises Invalid for services that AWS has not."""
    known = frozenset(model_names())
    named = {name for fault in spec.faults for name in fault.get("services") or () if isinstance(name, str)}
    if unknown := sorted(named - known):
        raise Invalid.because(
            ("faults.services", name, "is no service of AWS's: names are as sqs, sts") for name in unknown
        )


# ---- what is there


def _add_what_is_there(api: FastAPI, parts: Parts, guard: Guard) -> None:
    @api.get("/_atoll/v1/tenants")
    async def list_tenants(request: Request, realm: str | None = None) -> Page[TenantView]:
        found = []
        for name in await guard.realms(request, realm):
            for tenant in await parts.index.tenants(name):
                placement = await parts.index.placement(tenant)
                # One that was erased keeps its place, and holds nothing.
                if placement is not None and parts.folder.path_of(tenant).exists():
                    found.append(TenantView(**tenant._asdict(), cell=placement.cell))
        return Page(items=found)

    @api.get("/_atoll/v1/resources")
    async def list_resources(
        request: Request,
        realm: str = DEFAULT_REALM,
        account: str = "",
        region: str = "",
        service: str = "",
        type: str = "",
        tag: Annotated[list[str] | None, Query(description="KEY or KEY=VALUE; several must all be there.")] = None,
        text: Annotated[str, Query(description="Stands anywhere in the ARN.")] = "",
        limit: Limit = 100,
        token: str | None = None,
    ) -> Page[ResourceView]:
        await guard.realm(request, realm)
        try:
            page = await parts.index.resources(
                realm,
                account=account,
                region=region,
                service=service,
                kind=type,
                tags=_tags(tag or []),
                text=text,
                token=token,
                limit=limit,
            )
        except BadPageToken:
            raise Refused("The token is of no page of this list: begin without one") from None
        return Page(items=[resource_view(each) for each in page.resources], next_token=page.next_token)

    @api.get("/_atoll/v1/missing")
    async def list_missing(request: Request) -> Page[Missing]:
        """What was called and is not there, most often called first."""
        guard.demand(request)
        counted = sorted(parts.gateway.missing.items(), key=lambda each: (-each[1], each[0]))
        return Page(items=[Missing(name=name, calls=calls) for name, calls in counted])


def _tags(given: list[str]) -> dict[str, list[str]]:
    wanted: dict[str, list[str]] = {}
    for text in given:
        key, equals, value = text.partition("=")
        wanted.setdefault(key, []).extend([value] if equals else [])
    return wanted


# ---- calls


def _add_calls(api: FastAPI, parts: Parts, guard: Guard) -> None:
    @api.get("/_atoll/v1/calls")
    async def list_calls(
        request: Request,
        realm: str | None = None,
        account: str = "",
        service: str = "",
        crossing: Literal["none", "region", "account", "both"] | None = None,
        failed: bool | None = None,
        limit: Limit = 100,
    ) -> Page[CallView]:
        """The last ones, the newest first."""
        realms = {*await guard.realms(request, realm), *([""] if realm is None else [])}
        parts.access_log.flush()
        found: list[CallView] = []
        for line in parts.calls.newest_first():
            call = call_view(line)
            if (
                call.realm in realms
                and (not account or account in (call.account, call.target.partition("/")[0]))
                and (not service or service == call.service)
                and (crossing is None or crossing == call.crossing)
                and (failed is None or failed == (call.status >= 400))
            ):
                found.append(call)
                if len(found) == limit:
                    break
        return Page(items=found)

    @api.get("/_atoll/v1/calls/stream", response_class=StreamingResponse)
    async def stream_calls(request: Request) -> StreamingResponse:
        """Calls as they come, as server-sent events."""
        guard.demand(request)
        return StreamingResponse(_events(parts, guard, request), media_type="text/event-stream")


async def _events(parts: Parts, guard: Guard, request: Request) -> AsyncIterator[bytes]:
    """https://html.spec.whatwg.org/multipage/server-sent-events.html"""
    yield b": calls as they come\n\n"
    with parts.calls.watch() as watcher:
        while True:
            try:
                async with asyncio.timeout(STREAM_PAUSE):
                    line = await watcher.next()
            except TimeoutError:
                yield b": still here\n\n"
                continue
            if line is None:
                return
            call = call_view(line)
            # Asked anew, since a realm may be closed while one watches.
            if not call.realm or call.realm in await guard.realms(request, None):
                yield b"data: " + call.model_dump_json(by_alias=True).encode() + b"\n\n"
