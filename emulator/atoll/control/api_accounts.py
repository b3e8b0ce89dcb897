"""The control API's routes on accounts and their keys."""

from __future__ import annotations

import re

from fastapi import FastAPI, Request, Response

from atoll.control.api_snapshots import may_start_from
from atoll.control.checked import checked
from atoll.control.errors import Conflict, Invalid
from atoll.control.guard import Guard
from atoll.control.models import AccountView, Declared, IssuedKey, KeyView, Name, Page, RotationSpec
from atoll.control.parts import Parts
from atoll.control.views import account_view, issued_key, key_view
from atoll.index import Declaration
from atoll.manifests.account import Account
from atoll.manifests.durations import parse_duration

_PORT = r":[0-9]+$"


def add_accounts(api: FastAPI, parts: Parts, guard: Guard) -> None:
    def view(request: Request, declaration: Declaration) -> AccountView:
        host = request.headers.get("host", "localhost")
        if parts.settings.control_port is not None:
            host = f"{re.sub(_PORT, '', host)}:{parts.data_port()}"
        endpoint = f"{request.scope['scheme']}://{host}"
        return account_view(declaration, endpoint, len(parts.accounts.tenants(declaration)))

    @api.get("/_atoll/v1/accounts")
    async def list_accounts(request: Request, realm: str | None = None) -> Page[AccountView]:
        found = [
            view(request, declaration)
            for name in await guard.realms(request, realm)
            for declaration in await parts.index.declarations("Account", name)
        ]
        return Page(items=found)

    @api.get("/_atoll/v1/realms/{realm}/accounts/{name}")
    async def get_account(request: Request, realm: Name, name: Name) -> AccountView:
        """By its name, or by its account id."""
        await guard.realm(request, realm)
        return view(request, await parts.accounts.find(realm, name))

    @api.put("/_atoll/v1/realms/{realm}/accounts/{name}", responses={201: {"model": AccountView}})
    async def put_account(
        request: Request, response: Response, realm: Name, name: Name, declared: Declared
    ) -> AccountView:
        """Makes the account, and its realm, or changes it to what is declared; the same again changes nothing."""
        manifest = checked("Account", name, declared.spec, realm)
        assert isinstance(manifest, Account)
        if manifest.realm != realm:
            raise Conflict(f"spec.realm is {manifest.realm}, and the path says {realm}")
        await guard.allow(request, realm)
        await may_start_from(request, parts, guard, manifest)
        declaration, made = await parts.accounts.put(manifest, declared.generation)
        response.status_code = 201 if made else 200
        return view(request, declaration)

    @api.delete("/_atoll/v1/realms/{realm}/accounts/{name}", status_code=204)
    async def delete_account(request: Request, realm: Name, name: Name) -> None:
        await guard.realm(request, realm)
        await parts.accounts.delete(realm, name)


# ---- keys


def add_keys(api: FastAPI, parts: Parts, guard: Guard) -> None:
    @api.get("/_atoll/v1/realms/{realm}/accounts/{name}/keys")
    async def list_keys(request: Request, realm: Name, name: Name) -> Page[KeyView]:
        await guard.realm(request, realm)
        declaration = await parts.accounts.find(realm, name)
        keys = await parts.index.access_keys(realm, declaration.account)
        # Those of an account that had the id before are known, so that they stay refused.
        own = [key for key in keys if key.status != "Revoked" or key.created >= declaration.created]
        return Page(items=[key_view(key) for key in own])

    @api.post("/_atoll/v1/realms/{realm}/accounts/{name}/keys", status_code=201)
    async def issue_key(request: Request, realm: Name, name: Name) -> IssuedKey:
        await guard.realm(request, realm)
        return issued_key(await parts.accounts.issue_key(await parts.accounts.find(realm, name)))

    @api.get("/_atoll/v1/realms/{realm}/accounts/{name}/credentials")
    async def get_credentials(request: Request, realm: Name, name: Name) -> IssuedKey:
        """The newest key that is active; one is issued where there is none."""
        await guard.realm(request, realm)
        declaration = await parts.accounts.find(realm, name)
        keys = await parts.accounts.active_keys(declaration)
        return issued_key(keys[-1] if keys else await parts.accounts.issue_key(declaration))

    @api.delete("/_atoll/v1/realms/{realm}/accounts/{name}/keys/{key_id}")
    async def revoke_key(request: Request, realm: Name, name: Name, key_id: str) -> KeyView:
        """It stays known, and is refused for ever."""
        await guard.realm(request, realm)
        return key_view(await parts.accounts.revoke_key(await parts.accounts.find(realm, name), key_id))

    @api.post("/_atoll/v1/realms/{realm}/accounts/{name}/keys/rotate", status_code=201)
    async def rotate_keys(request: Request, realm: Name, name: Name, spec: RotationSpec | None = None) -> IssuedKey:
        """A new key; those that are there are revoked when the overlap is over."""
        await guard.realm(request, realm)
        text = (spec or RotationSpec()).overlap
        try:
            overlap = parse_duration(text)
        except ValueError as error:
            raise Invalid(str(error), [("overlap", text, "is no duration")]) from None
        return issued_key(await parts.accounts.rotate_keys(await parts.accounts.find(realm, name), overlap))
