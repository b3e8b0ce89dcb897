"""Key policies: the default one, and what of a policy is checked. They decide nothing under Relaxed rules.

https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html
"""

from __future__ import annotations

from typing import Any

import orjson

from atoll.core.arn import partition_of
from atoll.core.tenant_id import TenantId
from atoll.services.kms.errors import malformed_policy

DEFAULT = "default"
"""The name of every key's only policy."""
LONGEST = 32 * 1024
"""Bytes. https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html"""

_KEYS = frozenset(
    ("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition")
)

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


def check_policy(text: str) -> None:
    """Raises MalformedPolicyDocumentException."""
    try:
        document = orjson.loads(text)
    except ValueError:
        raise malformed_policy("Policy contains invalid JSON") from None
    if len(text.encode()) > LONGEST:
        raise malformed_policy("Policy exceeds the maximum size")
    if not isinstance(document, dict) or document.get("Version", "2008-10-17") not in ("2008-10-17", "2012-10-17"):
        raise malformed_policy("The new key policy is not valid.")
    statements = document.get("Statement")
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not statements:
        raise malformed_policy("The new key policy will not allow you to update the key policy in the future.")
    for statement in statements:
        _check_statement(statement)


def _check_statement(statement: Any) -> None:
    if not isinstance(statement, dict) or not statement.keys() <= _KEYS:
        raise malformed_policy("The new key policy is not valid.")
    if statement.get("Effect") not in ("Allow", "Deny"):
        raise malformed_policy("The new key policy is not valid.")
    for name in ("Principal", "Action", "Resource"):
        if (name in statement) == (f"Not{name}" in statement):
            what = "one or more invalid principals" if name == "Principal" else f"no {name.lower()}"
            raise malformed_policy(f"Policy contains a statement with {what}.")
    principal = statement.get("Principal", statement.get("NotPrincipal"))
    if not (principal == "*" or (isinstance(principal, dict) and principal)):
        raise malformed_policy("Policy contains a statement with one or more invalid principals.")
