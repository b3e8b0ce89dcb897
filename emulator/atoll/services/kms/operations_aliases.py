"""Operations on aliases."""

from __future__ import annotations

from typing import Any

from atoll.core.call import Call, Params
from atoll.services.kms.aliases import alias_arn, check_alias, check_there, drop_alias, put_alias, target_of
from atoll.services.kms.errors import already_exists, limit_exceeded, validation
from atoll.services.kms.keys import Key, check_not_pending_deletion, find_key_itself, key_with_id
from atoll.services.kms.making import moment
from atoll.services.kms.managed import PREDEFINED
from atoll.services.kms.managing import check_customers
from atoll.services.kms.paging import Page
from atoll.services.kms.service import kms
from atoll.tenants import Tenant

MAX_OF_A_KEY = 50
MAX_LISTED, MOST_LISTED = 50, 100
"""Of a page, unless a limit is given, and whatever is given."""


@kms.operation("CreateAlias")
def create_alias(call: Call, tenant: Tenant) -> Params:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html"""
    name = call["AliasName"]
    check_alias(name)
    key = target_of(tenant, call["TargetKeyId"])
    if tenant.row("SELECT 1 FROM alias WHERE name = ?", (name,)):
        raise already_exists(f"An alias with the name {alias_arn(tenant, name)} already exists")
    check_customers(call, key)
    check_not_pending_deletion(key)
    _check_room(tenant, key)
    put_alias(tenant, name, key.id)
    return {}


def _check_room(tenant: Tenant, key: Key) -> None:
    """Raises LimitExceededException."""
    [(count,)] = tenant.rows("SELECT count(*) FROM alias WHERE key = ?", (key.id,))
    if count >= MAX_OF_A_KEY:
        raise limit_exceeded(f"Cannot have more than {MAX_OF_A_KEY} aliases per key.")


@kms.operation("UpdateAlias")
def update_alias(call: Call, tenant: Tenant) -> Params:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_UpdateAlias.html"""
    name = call["AliasName"]
    check_alias(name)
    old_id = check_there(tenant, name)
    key = target_of(tenant, call["TargetKeyId"])
    check_customers(call, key)
    check_not_pending_deletion(key)
    old = key_with_id(tenant, old_id)
    if old is not None and old.usage != key.usage:
        raise validation(f"Alias {name} cannot be changed from key usage {old.usage} to {key.usage}.")
    if old is not None and (old.spec.kind == "symmetric") != (key.spec.kind == "symmetric"):
        raise validation(f"Alias {name} cannot be changed from key spec {old.spec.name} to {key.spec.name}.")
    if old_id != key.id:
        _check_room(tenant, key)
    put_alias(tenant, name, key.id)
    return {}


@kms.operation("DeleteAlias")
def delete_alias(call: Call, tenant: Tenant) -> Params:
    name = call["AliasName"]
    check_alias(name)
    check_there(tenant, name)
    drop_alias(tenant, name)
    return {}


@kms.operation("ListAliases", readonly=True)
def list_aliases(call: Call, tenant: Tenant) -> Params:
    rows: list[tuple[Any, ...]]
    if (key_id := call.get("KeyId")) is None:
        page = Page(call, MAX_LISTED, MOST_LISTED)
        rows = tenant.rows("SELECT * FROM alias WHERE name > ? ORDER BY name LIMIT ?", (page.after, page.limit + 1))
        # Those whose keys are not made yet are shown without one.
        there = {row[0] for row in rows}
        rows += [(name, None, None, None) for name in PREDEFINED if name > page.after and name not in there]
        rows = sorted(rows, key=lambda row: str(row[0]))[: page.limit + 1]
    else:
        key = find_key_itself(tenant, key_id)
        page = Page(call, MAX_LISTED, MOST_LISTED, key=key)
        rows = tenant.rows(
            "SELECT * FROM alias WHERE key = ? AND name > ? ORDER BY name LIMIT ?", (key.id, page.after, page.limit + 1)
        )
    return page.show("Aliases", rows, key=lambda row: str(row[0]), show=lambda row: _show(tenant, *row))


def _show(tenant: Tenant, name: str, key_id: str | None, created: float | None, updated: float | None) -> Params:
    shown: Params = {"AliasName": name, "AliasArn": alias_arn(tenant, name)}
    if key_id is not None and created is not None and updated is not None:
        shown |= {"TargetKeyId": key_id, "CreationDate": moment(created), "LastUpdatedDate": moment(updated)}
    return shown
