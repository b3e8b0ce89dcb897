"""Key policies: the default one, and what of a policy is checked. They decide nothing under Relaxed rules.

https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html
"""

from __future__ import annotations

import re
from typing import Any

import orjson

from atoll.core.arn import parse_arn, partition_of
from atoll.core.policy_documents import matches, may_be_policy, may_be_statement, statements_of
from atoll.core.tenant_id import TenantId
from atoll.services.kms.errors import limit_exceeded, malformed_policy

DEFAULT = "default"
"""The name of every key's only policy."""
LONGEST = 32 * 1024
"""Bytes. https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html"""

_LOCKED_OUT = "The new key policy will not allow you to update the key policy in the future."

_PRINCIPALS = frozenset(("AWS", "CanonicalUser", "Federated", "Service"))
_ACCOUNT = re.compile(r"[0-9]{12}")
_UNIQUE_ID = re.compile(r"A[A-Z]{3}[A-Z0-9]{12,}")
_ENTITY = re.compile(r"root|(user|role|assumed-role|federated-user)/[^*?]+")

# As AWS writes it, blanks included: people compare it as text.
_DEFAULT_POLICY = """{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "arn:%s:iam::%s:root"
    },
    "Action" : "kms:*",
    "Resource" : "*"
  } ]
}"""


def default_policy(tenant: TenantId) -> str:
    return _DEFAULT_POLICY % (partition_of(tenant.region), tenant.account)


def managed_policy(tenant: TenantId, service: str) -> str:
    """That of a key which AWS manages for a service: its principals are those who come through the service."""
    return orjson.dumps(
        {
            "Version": "2012-10-17",
            "Id": f"auto-{service}-1",
            "Statement": [
                {
                    "Sid": (
                        f"Allow access through {service} for all principals in the account that are authorized to use "
                        f"{service}"
                    ),
                    "Effect": "Allow",
                    "Principal": {"AWS": "*"},
                    "Action": [
                        "kms:Encrypt",
                        "kms:Decrypt",
                        "kms:ReEncrypt*",
                        "kms:GenerateDataKey*",
                        "kms:CreateGrant",
                        "kms:DescribeKey",
                    ],
                    "Resource": "*",
                    "Condition": {
                        "StringEquals": {
                            "kms:CallerAccount": tenant.account,
                            "kms:ViaService": f"{service}.{tenant.region}.amazonaws.com",
                        }
                    },
                },
                {
                    "Sid": "Allow direct access to key metadata to the account",
                    "Effect": "Allow",
                    "Principal": {"AWS": f"arn:{partition_of(tenant.region)}:iam::{tenant.account}:root"},
                    "Action": ["kms:Describe*", "kms:Get*", "kms:List*"],
                    "Resource": "*",
                },
            ],
        }
    ).decode()


def check_policy(text: str, account: str, *, may_lock_out: bool | None = False) -> None:
    """Whether it may be that of a key of the account. Raises MalformedPolicyDocumentException,
    LimitExceededException.

    Unless it `may_lock_out`, somebody of the account has to be allowed to change it; conditions, denials and what
    others than key policies allow are not looked at.
    """
    try:
        document = orjson.loads(text)
    except ValueError:
        raise malformed_policy("Policy contains invalid JSON") from None
    if len(text.encode()) > LONGEST:
        raise limit_exceeded("Policy exceeds the maximum size")
    if not may_be_policy(document):
        raise malformed_policy("The new key policy is not valid.")
    statements = statements_of(document)
    if not statements:
        raise malformed_policy(_LOCKED_OUT)
    for statement in statements:
        _check_statement(statement)
    if not may_lock_out and not any(_lets_change(statement, account) for statement in statements):
        raise malformed_policy(_LOCKED_OUT)


def _check_statement(statement: Any) -> None:
    """One without actions or resources is taken, and means nothing."""
    if not may_be_statement(statement):
        raise malformed_policy("The new key policy is not valid.")
    for name in ("Action", "Resource"):
        if name in statement and f"Not{name}" in statement:
            raise malformed_policy("The new key policy is not valid.")
    if ("Principal" in statement) == ("NotPrincipal" in statement) or not _are_principals(
        statement.get("Principal", statement.get("NotPrincipal"))
    ):
        raise malformed_policy("Policy contains a statement with one or more invalid principals.")


def _are_principals(given: Any) -> bool:
    if given == "*":
        return True
    return (
        isinstance(given, dict)
        and bool(given)
        and given.keys() <= _PRINCIPALS
        and all(_texts(values) for values in given.values())
        and all(_is_principal(each) for each in _texts(given.get("AWS")))
    )


def _is_principal(text: str) -> bool:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html"""
    if text == "*":
        return True
    arn = parse_arn(text)
    if arn is None:
        return _ACCOUNT.fullmatch(text) is not None or _UNIQUE_ID.fullmatch(text) is not None
    return (
        arn.service in ("iam", "sts")
        and _ACCOUNT.fullmatch(arn.account) is not None
        and _ENTITY.fullmatch(arn.resource) is not None
    )


def _lets_change(statement: dict[str, Any], account: str) -> bool:
    """Whether it allows somebody of the account to put another policy."""
    if statement["Effect"] != "Allow" or not _texts(statement.get("Resource")):
        return False
    if not any(matches(pattern.lower(), "kms:putkeypolicy") for pattern in _texts(statement.get("Action"))):
        return False
    principal = statement.get("Principal")
    if principal is None or principal == "*":
        return True
    return any(_may_be_of(text, account) for text in _texts(principal.get("AWS")))


def _may_be_of(principal: str, account: str) -> bool:
    arn = parse_arn(principal)
    return arn.account == account if arn is not None else principal == account or not principal.isdigit()


def _texts(value: Any) -> list[str]:
    """Of a member that is a text or a list of texts; none, where it is neither."""
    values = value if isinstance(value, list) else [value]
    return values if all(isinstance(each, str) for each in values) else []
