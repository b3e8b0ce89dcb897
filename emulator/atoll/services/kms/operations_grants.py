"""Operations on grants."""

from __future__ import annotations

import re
from typing import Any

import orjson

from atoll.core.call import Call, Params
from atoll.core.errors import AwsError
from atoll.core.ids import hex_id
from atoll.core.lagoon import Lagoon
from atoll.services.kms.elsewhere import NotHere, answer_or_pass, or_elsewhere
from atoll.services.kms.errors import invalid_grant_id, invalid_grant_token, not_found, validation
from atoll.services.kms.grant_tokens import make_token, parse_token
from atoll.services.kms.grants import (
    COLUMNS,
    account_of,
    check_grant,
    check_principal,
    drop_grant,
    mirror,
    show_grant,
)
from atoll.services.kms.keys import Key, check_enabled, find_key_itself, key_arn, key_with_id
from atoll.services.kms.making import moment
from atoll.services.kms.paging import Page
from atoll.services.kms.service import kms
from atoll.services.kms.usage import Result, check_call
from atoll.tenants import Tenant

MAX_LISTED = 50
MOST_LISTED = 100

_GRANT_ID = re.compile(r"[0-9a-f]{64}")


@kms.operation("CreateGrant")
def create_grant(call: Call, tenant: Tenant) -> Params:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html"""
    key = find_key_itself(tenant, call["KeyId"])
    check_enabled(key)
    check_grant(key, call)
    check_call(call)
    constraints = call.get("Constraints")
    account = call.caller.account
    content = (
        call.get("Name"),
        None if account == tenant.id.account else account,
        call.get("GranteePrincipal"),
        call.get("RetiringPrincipal"),
        call.get("GranteeServicePrincipal"),
        call.get("RetiringServicePrincipal"),
        orjson.dumps(list(dict.fromkeys(call["Operations"]))).decode(),
        orjson.dumps(constraints, option=orjson.OPT_SORT_KEYS).decode() if constraints else None,
    )
    grant_id = _same(tenant, key, content) or _add(call, tenant, key, content)
    return {"GrantToken": make_token(key.id, grant_id), "GrantId": grant_id}


def _same(tenant: Tenant, key: Key, content: tuple[Any, ...]) -> str | None:
    """The grant that a call with the same name and all else the same has made before."""
    if content[0] is None:
        return None
    rows = tenant.rows(f"SELECT {COLUMNS} FROM key_grant WHERE key = ? AND name = ?", (key.id, content[0]))
    return next((str(row[0]) for row in rows if _comparable(row[3:]) == _comparable(content)), None)


def _comparable(content: tuple[Any, ...]) -> tuple[Any, ...]:
    """Of the operations the order means nothing."""
    *others, operations, constraints = content
    return *others, frozenset(orjson.loads(operations)), constraints


def _add(call: Call, tenant: Tenant, key: Key, content: tuple[Any, ...]) -> str:
    row = (hex_id(64), key.id, tenant.now(), *content)
    tenant.execute(f"INSERT INTO key_grant ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    mirror(tenant, call.caller, row)
    return str(row[0])


@kms.operation("ListGrants", readonly=True)
def list_grants(call: Call, tenant: Tenant) -> Params:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_ListGrants.html"""
    key = find_key_itself(tenant, call["KeyId"])
    page = Page(call, MAX_LISTED, MOST_LISTED, key=key)
    if (grant_id := call.get("GrantId")) is not None:
        _find_grant(tenant, key, grant_id)
    where, args = "key = ? AND id > ?", [key.id, page.after]
    for parameter, column in (
        ("GrantId", "id"),
        ("GranteePrincipal", "grantee"),
        ("GranteeServicePrincipal", "grantee_service"),
    ):
        if (value := call.get(parameter)) is not None:
            where += f" AND {column} = ?"
            args.append(value)
    rows = tenant.rows(f"SELECT {COLUMNS} FROM key_grant WHERE {where} ORDER BY id LIMIT ?", (*args, page.limit + 1))
    return page.show("Grants", rows, key=lambda row: str(row[0]), show=lambda row: _dated(show_grant(tenant, row)))


def _dated(shown: Params) -> Params:
    return {**shown, "CreationDate": moment(shown["CreationDate"])}


@kms.operation("ListRetirableGrants", readonly=True)
def list_retirable_grants(call: Call, tenant: Tenant) -> Result:
    """Those on keys of this account, and those on keys of others, of which this account has mirrors. Where these are
    listed, the keys' accounts are asked whether they are still so: a page may be shorter for it.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_ListRetirableGrants.html
    """
    principal, service = call.get("RetiringPrincipal"), call.get("RetiringServicePrincipal")
    if (principal is None) == (service is None):
        raise validation("You must specify either RetiringPrincipal or RetiringServicePrincipal, but not both.")
    asked = Page(call, MAX_LISTED, MOST_LISTED)
    # A fork's keys have grants of the same ids.
    after_id, _, after_key = asked.after.partition(" ")
    column = "retiring" if service is None else "retiring_service"
    if principal is not None:
        check_principal(principal)
    own = tenant.rows(
        f"SELECT {COLUMNS} FROM key_grant WHERE {column} = ? AND id >= ? ORDER BY id LIMIT ?",
        (principal or service, after_id, asked.limit + 2),
    )
    found = [shown for row in own if _name(shown := show_grant(tenant, row)) > (after_id, after_key)]
    if principal is not None:
        others = tenant.rows(
            "SELECT shown FROM retirable WHERE retiring = ? AND (id, key) > (?, ?) ORDER BY id, key LIMIT ?",
            (principal, after_id, after_key, asked.limit + 1),
        )
        found += [orjson.loads(shown) for (shown,) in others]
    found.sort(key=_name)
    page = asked.show("Grants", found, key=lambda shown: " ".join(_name(shown)), show=_dated)
    prefix = key_arn(tenant, "")
    mirrored = [shown for shown in page["Grants"] if not shown["KeyId"].startswith(prefix)]
    return _confirmed(call, tenant.lagoon, page, mirrored) if mirrored else page


async def _confirmed(call: Call, lagoon: Lagoon, page: Params, mirrored: list[Params]) -> Params:
    """The page without mirrors of grants that are gone, as a reset or a snapshot of the keys' account leaves them."""
    asked: dict[str, list[Params]] = {}
    for shown in mirrored:
        asked.setdefault(shown["KeyId"].rpartition("/")[0], []).append(shown)
    gone: set[tuple[str, str]] = set()
    for grants in asked.values():
        ids = [shown["GrantId"] for shown in grants]
        params = {"KeyId": grants[0]["KeyId"], "GrantIds": ids, "RetiringPrincipal": call["RetiringPrincipal"]}
        try:
            answer = await lagoon.call(call, "kms", "ConfirmGrants", params)
        except AwsError:
            # Nobody says that they are gone.
            continue
        gone.update(_name(shown) for shown in grants if shown["GrantId"] not in answer["GrantIds"])
    if gone:
        await lagoon.transaction(_drop_mirrors, sorted(gone))
    return {**page, "Grants": [shown for shown in page["Grants"] if _name(shown) not in gone]}


def _name(shown: Params) -> tuple[str, str]:
    return shown["GrantId"], shown["KeyId"]


def _drop_mirrors(tenant: Tenant, names: list[tuple[str, str]]) -> None:
    for name in names:
        tenant.execute("DELETE FROM retirable WHERE id = ? AND key = ?", name)


@kms.operation("ConfirmGrants", readonly=True, internal=True)
def confirm_grants(call: Call, tenant: Tenant) -> Params:
    """From a mirror: which of these grants there are, for that principal to retire."""
    found = [
        id
        for id in call["GrantIds"]
        if tenant.row("SELECT 1 FROM key_grant WHERE id = ? AND retiring = ?", (id, call["RetiringPrincipal"]))
    ]
    return {"GrantIds": found}


@kms.operation("RetireGrant")
@or_elsewhere("RetireGrantElsewhere")
def retire_grant(call: Call, tenant: Tenant) -> Result:
    """A token does not say which it is of several keys of one id: each is asked for the grant.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_RetireGrant.html
    """
    return _retire_here(call, tenant)


@kms.operation("RetireGrantElsewhere", internal=True)
def retire_grant_elsewhere(call: Call, tenant: Tenant) -> Result:
    """RetireGrant, asked of the next that has the key's id."""
    return answer_or_pass(_retire_here, call, tenant)


def _retire_here(call: Call, tenant: Tenant) -> Params:
    token, key_id, grant_id = call.get("GrantToken"), call.get("KeyId"), call.get("GrantId")
    if token is not None:
        parsed = parse_token(token)
        if parsed is None:
            raise invalid_grant_token()
        if (grant_id or parsed.grant_id) != parsed.grant_id:
            raise invalid_grant_id()
        key = key_with_id(tenant, parsed.key_id)
        found = None if key is None else _row(tenant, key, parsed.grant_id)
        if key_id is not None and key_id.startswith("arn:"):
            if find_key_itself(tenant, key_id).id != parsed.key_id or found is None:
                raise invalid_grant_token()
        elif key_id is not None and key_id != parsed.key_id:
            raise invalid_grant_token()
        elif found is None:
            raise NotHere(invalid_grant_token())
        row = found
    elif key_id is None or grant_id is None:
        raise validation("Grant token OR (grant ID, key ID) must be specified")
    else:
        key = find_key_itself(tenant, key_id)
        row = _find_grant(tenant, key, grant_id)
    check_call(call)
    drop_grant(tenant, call.caller, row)
    return {}


@kms.operation("RevokeGrant")
def revoke_grant(call: Call, tenant: Tenant) -> Params:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_RevokeGrant.html"""
    key = find_key_itself(tenant, call["KeyId"])
    row = _find_grant(tenant, key, call["GrantId"])
    check_call(call)
    drop_grant(tenant, call.caller, row)
    return {}


def _row(tenant: Tenant, key: Key, grant_id: str) -> tuple[Any, ...] | None:
    return tenant.row(f"SELECT {COLUMNS} FROM key_grant WHERE id = ? AND key = ?", (grant_id, key.id))


def _find_grant(tenant: Tenant, key: Key, grant_id: str) -> tuple[Any, ...]:
    if not _GRANT_ID.fullmatch(grant_id):
        raise invalid_grant_id()
    row = _row(tenant, key, grant_id)
    if row is None:
        raise not_found(f"Grant ID {grant_id} not found")
    return row


@kms.operation("MirrorGrant", internal=True)
def mirror_grant(call: Call, tenant: Tenant) -> Params:
    """From a key of another account: a principal of this one may retire a grant on it."""
    grant = call["Grant"]
    if account_of(grant["RetiringPrincipal"]) == tenant.id.account:
        tenant.execute(
            "INSERT OR REPLACE INTO retirable (id, key, retiring, shown) VALUES (?, ?, ?, ?)",
            (grant["GrantId"], grant["KeyId"], grant["RetiringPrincipal"], orjson.dumps(grant).decode()),
        )
    return {}


@kms.operation("UnmirrorGrant", internal=True)
def unmirror_grant(call: Call, tenant: Tenant) -> Params:
    """From a key of another account: that grant is gone."""
    _drop_mirrors(tenant, [(call["GrantId"], call["KeyId"])])
    return {}
