"""The topic's access policy: the default one, checking, and the statements that AddPermission keeps in it.

https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-language-api-permissions-reference.html
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import orjson

from atoll.core.arn import partition_of
from atoll.core.tenant_id import TenantId
from atoll.services.sns.errors import invalid_parameter

ACTIONS = (
    "GetTopicAttributes",
    "SetTopicAttributes",
    "AddPermission",
    "RemovePermission",
    "DeleteTopic",
    "Subscribe",
    "ListSubscriptionsByTopic",
    "Publish",
)
GRANTABLE = frozenset((*ACTIONS, "Receive"))
MAX_BYTES = 30 * 1024
VERSIONS = ("2008-10-17", "2012-10-17")
STATEMENT_KEYS = frozenset(
    ("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition")
)
_ACCOUNT = re.compile(r"[0-9]{12}")


def default_policy(tenant: TenantId, topic_arn: str) -> str:
    """Its statement admits the owner's account."""
    policy = {
        "Version": "2008-10-17",
        "Id": "__default_policy_ID",
        "Statement": [
            {
                "Sid": "__default_statement_ID",
                "Effect": "Allow",
                "Principal": {"AWS": "*"},
                "Action": [f"SNS:{action}" for action in ACTIONS],
                "Resource": topic_arn,
                "Condition": {"StringEquals": {"AWS:SourceOwner": tenant.account}},
            }
        ],
    }
    return orjson.dumps(policy).decode()


def check_policy(text: str, prefix: str = "") -> None:
    """Raises InvalidParameterException where the text is no policy that a topic may have."""
    policy = _parse(text)
    if policy is None or len(text.encode()) > MAX_BYTES or not policy.keys() <= {"Version", "Id", "Statement"}:
        raise invalid_parameter(f"{prefix}Policy Error: null")
    if policy.get("Version", VERSIONS[0]) not in VERSIONS:
        raise invalid_parameter(f"{prefix}Policy Error: null")
    statements = _listed(policy.get("Statement", []))
    if not statements or not all(_is_statement(statement) for statement in statements):
        raise invalid_parameter(f"{prefix}Policy Error: null")
    for statement in statements:
        for action in _listed(statement.get("Action", statement.get("NotAction"))):
            if not re.fullmatch(r"(?i)\*|sns:[A-Za-z*?]+", action):
                raise invalid_parameter(f"{prefix}Policy statement action out of service scope!")


def with_permission(
    text: str, tenant: TenantId, topic_arn: str, label: str, accounts: Sequence[str], actions: Sequence[str]
) -> str:
    """The policy with AddPermission's statement in it. Raises InvalidParameterException."""
    if not label:
        raise invalid_parameter("Label")
    if not accounts:
        raise invalid_parameter("AWSAccountId")
    if not actions:
        raise invalid_parameter("ActionName")
    policy = _parse(text) or {}
    statements = _listed(policy.get("Statement", []))
    if any(statement.get("Sid") == label for statement in statements):
        raise invalid_parameter("Statement already exists")
    if not set(actions) <= GRANTABLE | {"*"}:
        raise invalid_parameter("Policy statement action out of service scope!")
    for account in accounts:
        if not _ACCOUNT.fullmatch(account):
            raise invalid_parameter(f"AWSAccountId Reason: Invalid account id: {account}")
    partition = partition_of(tenant.region)
    statement = {
        "Sid": label,
        "Effect": "Allow",
        "Principal": {"AWS": _one_or_many([f"arn:{partition}:iam::{account}:root" for account in accounts])},
        "Action": _one_or_many([f"SNS:{action}" for action in actions]),
        "Resource": topic_arn,
    }
    changed = orjson.dumps({**policy, "Statement": [*statements, statement]}).decode()
    if len(changed.encode()) > MAX_BYTES:
        raise invalid_parameter("Policy Error: null")
    return changed


def without_permission(text: str, label: str) -> str:
    """The policy without the statement of that label; one that it does not have is nothing to AWS."""
    policy = _parse(text) or {}
    left = [statement for statement in _listed(policy.get("Statement", [])) if statement.get("Sid") != label]
    return orjson.dumps({**policy, "Statement": left}).decode()


def _parse(text: str) -> dict[str, Any] | None:
    try:
        policy = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return policy if isinstance(policy, dict) else None


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _one_or_many(values: list[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else values


def _is_statement(statement: object) -> bool:
    return (
        isinstance(statement, dict)
        and statement.keys() <= STATEMENT_KEYS
        and statement.get("Effect") in ("Allow", "Deny")
        and _is_text(statement, "Action")
        and _is_text(statement, "Resource")
        and ("Principal" in statement) != ("NotPrincipal" in statement)
    )


def _is_text(statement: dict[str, Any], name: str) -> bool:
    """Whether exactly one of `name` and its negation is there, a string or strings."""
    if (name in statement) == (f"Not{name}" in statement):
        return False
    value = statement.get(name, statement.get(f"Not{name}"))
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(item, str) for item in value))
