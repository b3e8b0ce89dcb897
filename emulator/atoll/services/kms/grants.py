"""Grants: they lie with their key, whoever makes them. A principal of another account that may retire one finds it by a
mirror in its own account. They decide nothing under Relaxed rules.

https://docs.aws.amazon.com/kms/latest/developerguide/grants.html
"""

from __future__ import annotations

import re
from typing import Any

import orjson

from atoll.core.arn import parse_arn, partition_of
from atoll.core.call import Call, Params
from atoll.core.caller import Caller
from atoll.core.errors import AwsError
from atoll.services.kms.errors import validation
from atoll.services.kms.keys import Key, key_arn
from atoll.services.kms.later import own_caller
from atoll.services.kms.specs import AGREE, ENCAPSULATE, ENCRYPT, MAC, SIGN, SYMMETRIC
from atoll.tenants import Tenant

COLUMNS = (
    "id, key, created, name, issuer, grantee, retiring, grantee_service, retiring_service, operations, constraints"
)
MAX_PAIRS, LONGEST_VALUE = 8, 384
"""Of an encryption context in a constraint. https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html"""
_ACCOUNT = re.compile(r"[0-9]{12}")
_SERVICE_PRINCIPAL = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")

_ANY = frozenset(("DescribeKey", "CreateGrant", "RetireGrant"))
_ASYMMETRIC = frozenset(("GetPublicKey",))
_DATA_KEYS = frozenset(
    (
        "GenerateDataKey",
        "GenerateDataKeyWithoutPlaintext",
        "GenerateDataKeyPair",
        "GenerateDataKeyPairWithoutPlaintext",
    )
)
_ENCRYPTION = frozenset(("Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo"))
_OF_USAGE = {
    ENCRYPT: _ENCRYPTION | _ASYMMETRIC,
    SIGN: frozenset(("Sign", "Verify")) | _ASYMMETRIC,
    MAC: frozenset(("GenerateMac", "VerifyMac")),
    AGREE: frozenset(("DeriveSharedSecret",)) | _ASYMMETRIC,
    ENCAPSULATE: frozenset(("Encapsulate", "Decapsulate")) | _ASYMMETRIC,
}


def grantable(key: Key) -> frozenset[str]:
    """https://docs.aws.amazon.com/kms/latest/developerguide/grants.html#terms-grant-operations"""
    if key.spec.name == SYMMETRIC:
        return _ANY | _ENCRYPTION | _DATA_KEYS
    return _ANY | _OF_USAGE[key.usage]


def check_grant(key: Key, call: Call) -> None:
    """Raises ValidationException, InvalidArnException."""
    grantee, retiring = call.get("GranteePrincipal"), call.get("RetiringPrincipal")
    grantee_service, retiring_service = call.get("GranteeServicePrincipal"), call.get("RetiringServicePrincipal")
    if (grantee is None) == (grantee_service is None):
        raise validation("You must specify either GranteePrincipal or GranteeServicePrincipal, but not both.")
    if retiring is not None and retiring_service is not None:
        raise validation("You can specify either RetiringPrincipal or RetiringServicePrincipal, but not both.")
    constraints: Params = call.get("Constraints") or {}
    if grantee_service is not None:
        if "SourceArn" not in constraints:
            raise validation("You must specify a SourceArn grant constraint with a GranteeServicePrincipal.")
        if retiring is None and retiring_service is None:
            raise validation("You must specify a retiring principal with a GranteeServicePrincipal.")
    for principal in (grantee, retiring):
        if principal is not None:
            check_principal(principal)
    allowed = grantable(key)
    for operation in call["Operations"]:
        if operation not in allowed:
            raise validation(f"Operation {operation} is not supported for a KMS key with key spec {key.spec.name}.")
    if not call["Operations"]:
        raise validation("You must specify at least one operation.")
    if set(call["Operations"]) == {"CreateGrant"}:
        raise validation("Grants must not contain only the CreateGrant operation.")
    if key.spec.name != SYMMETRIC and any(name.startswith("EncryptionContext") for name in constraints):
        raise validation("Encryption context constraints are supported for symmetric encryption KMS keys only.")
    for name in ("EncryptionContextEquals", "EncryptionContextSubset"):
        _check_context(name, constraints.get(name) or {})


def _check_context(name: str, context: dict[str, str]) -> None:
    if len(context) > MAX_PAIRS:
        raise validation(f"{name} can include at most {MAX_PAIRS} encryption context pairs.")
    if any(len(value) > LONGEST_VALUE for value in context.values()):
        raise validation(f"An encryption context value in {name} cannot exceed {LONGEST_VALUE} characters.")


def check_principal(text: str) -> None:
    """Raises InvalidArnException."""
    arn = parse_arn(text)
    if arn is not None:
        valid = arn.service in ("iam", "sts") and _ACCOUNT.fullmatch(arn.account)
    else:
        valid = _ACCOUNT.fullmatch(text) or _SERVICE_PRINCIPAL.fullmatch(text)
    if not valid:
        raise AwsError("InvalidArnException", f"ARN does not refer to a valid principal: {text}")


def account_of(principal: str) -> str | None:
    """The account of a principal; None of a service."""
    arn = parse_arn(principal)
    if arn is not None:
        return arn.account or None
    return principal if _ACCOUNT.fullmatch(principal) else None


def show_grant(tenant: Tenant, row: tuple[Any, ...]) -> Params:
    """GrantListEntry, with the time as a number."""
    id, key, created, name, issuer, grantee, retiring, grantee_service, retiring_service, operations, constraints = row
    partition = partition_of(tenant.id.region)
    shown: Params = {
        "KeyId": key_arn(tenant, key),
        "GrantId": id,
        "Name": name or "",
        "CreationDate": created,
        "GranteePrincipal": grantee,
        "RetiringPrincipal": retiring,
        "GranteeServicePrincipal": grantee_service,
        "RetiringServicePrincipal": retiring_service,
        "IssuingAccount": f"arn:{partition}:iam::{issuer or tenant.id.account}:root",
        "Operations": orjson.loads(operations),
    }
    if constraints:
        shown["Constraints"] = orjson.loads(constraints)
    return {name: value for name, value in shown.items() if value is not None}


def mirror(tenant: Tenant, caller: Caller, row: tuple[Any, ...]) -> None:
    """Where the principal that may retire it is of another account."""
    retiring = row[6]
    account = account_of(retiring) if retiring else None
    if account is not None and account != tenant.id.account:
        shown = {"Account": account, "Region": tenant.id.region, "Grant": show_grant(tenant, row)}
        tenant.effect(caller, "kms", "MirrorGrant", shown, lane=f"kms/grant/{row[0]}", awaited=True)


def mirror_all(tenant: Tenant, key: str) -> None:
    """The timer of a tenant that is a copy: the mirrors are of what it was copied from, or of what it was before."""
    for row in tenant.rows(f"SELECT {COLUMNS} FROM key_grant WHERE retiring IS NOT NULL"):
        mirror(tenant, own_caller(tenant), row)


def drop_grant(tenant: Tenant, caller: Caller, row: tuple[Any, ...]) -> None:
    tenant.execute("DELETE FROM key_grant WHERE id = ?", (row[0],))
    retiring = row[6]
    account = account_of(retiring) if retiring else None
    if account is not None and account != tenant.id.account:
        named = {
            "Account": account,
            "Region": tenant.id.region,
            "GrantId": row[0],
            "KeyId": key_arn(tenant, row[1]),
        }
        tenant.effect(caller, "kms", "UnmirrorGrant", named, lane=f"kms/grant/{row[0]}", awaited=True)
