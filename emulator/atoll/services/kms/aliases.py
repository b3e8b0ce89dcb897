"""Aliases: names of keys within an account and a region.

https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html
"""

from __future__ import annotations

import re

from atoll.core.arn import render_arn
from atoll.core.errors import AwsError
from atoll.services.kms.errors import alias_not_found, invalid_arn, validation
from atoll.services.kms.keys import ALIAS, Key, find_key_itself, forget_keys
from atoll.tenants import Tenant

_NAME = re.compile(r"[a-zA-Z0-9/_-]+")


def check_alias(name: str) -> None:
    """Whether a customer's key may have it. Raises ValidationException, NotAuthorizedException."""
    if not name.startswith(ALIAS):
        raise validation(
            'Alias must start with the prefix "alias/". Please see '
            "https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html"
        )
    if name == ALIAS:
        raise validation("Invalid identifier")
    if not _NAME.fullmatch(name):
        raise validation(f"{name} contains invalid characters for an alias")
    if name.startswith("alias/aws/"):
        raise AwsError("NotAuthorizedException")


def alias_arn(tenant: Tenant, name: str) -> str:
    return render_arn("kms", tenant.id, name)


def target_of(tenant: Tenant, name: str) -> Key:
    """The key that an alias is to be of: one of the same account and region.

    Raises NotFoundException, InvalidArnException, ValidationException.
    """
    if name.startswith(ALIAS):
        raise validation("Aliases must refer to keys. Not aliases")
    if name.startswith("arn:") and ":alias/" in name:
        raise invalid_arn(name)
    return find_key_itself(tenant, name)


def put_alias(tenant: Tenant, name: str, key_id: str) -> None:
    now = tenant.now()
    tenant.execute(
        "INSERT INTO alias VALUES (?, ?, ?, ?) "
        "ON CONFLICT (name) DO UPDATE SET key = excluded.key, updated = excluded.updated",
        (name, key_id, now, now),
    )
    tenant.record("kms", "alias", name, "arn:{partition}:kms:{region}:{account}:" + name, {})
    forget_keys(tenant)


def drop_alias(tenant: Tenant, name: str) -> None:
    tenant.execute("DELETE FROM alias WHERE name = ?", (name,))
    tenant.unrecord("kms", "alias", name)
    forget_keys(tenant)


def check_there(tenant: Tenant, name: str) -> str:
    """The id of the alias' key. Raises NotFoundException."""
    row = tenant.row("SELECT key FROM alias WHERE name = ?", (name,))
    if row is None:
        raise alias_not_found(alias_arn(tenant, name))
    return str(row[0])
