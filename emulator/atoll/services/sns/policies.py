"""The topic's access policy: the default one, checking, and the statements that AddPermission keeps in it.

https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-language-api-permissions-reference.html
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import orjson

from atoll.core.arn import partition_of
from atoll.core.json_objects import read_object
from atoll.core.policy_documents import is_statement, listed, matches, may_be_policy, one_or_many, statements_of
from atoll.core.tenant_id import TenantId
from atoll.core.xml_text import not_in_xml
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
"""Those of the default policy."""
GRANTABLE = frozenset(
    (
        "AddPermission",
        "DeleteTopic",
        "GetDataProtectionPolicy",
        "GetTopicAttributes",
        "ListSubscriptionsByTopic",
        "ListTagsForResource",
        "Publish",
        "PutDataProtectionPolicy",
        "Receive",
        "RemovePermission",
        "SetTopicAttributes",
        "Subscribe",
    )
)
"""Those that are of a topic: no others may stand in its policy."""
MAX_BYTES = 30 * 1024
MAX_STATEMENTS = 100
MAX_PRINCIPALS = 200
"""Of a statement."""
OUT_OF_SCOPE = "Policy statement action out of service scope!"
_NAME = re.compile(r"[a-z*?]+")
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


def check_policy(text: str, topic_arn: str, prefix: str = "") -> None:
    """Raises InvalidParameterException where the text is no policy that this topic may have."""
    policy = read_object(text) if len(text.encode()) <= MAX_BYTES else None
    if not may_be_policy(policy) or not _is_of_topic(statements_of(policy), topic_arn):
        raise invalid_parameter(f"{prefix}Policy Error: null")
    for statement in statements_of(policy):
        for action in listed(statement.get("Action", statement.get("NotAction"))):
            if not _is_in_scope(action):
                raise invalid_parameter(f"{prefix}{OUT_OF_SCOPE}")


def _is_of_topic(statements: list[Any], topic_arn: str) -> bool:
    if not 1 <= len(statements) <= MAX_STATEMENTS or not all(map(is_statement, statements)):
        return False
    labels = [statement["Sid"] for statement in statements if statement.get("Sid")]
    return len(set(labels)) == len(labels) and all(_names_topic(statement, topic_arn) for statement in statements)


def _names_topic(statement: dict[str, Any], topic_arn: str) -> bool:
    """Whether its one resource is the topic, and whom it is for is said."""
    resources = listed(statement.get("Resource", []))
    principals = statement.get("Principal", statement.get("NotPrincipal"))
    count = sum(len(listed(each)) for each in principals.values()) if isinstance(principals, dict) else 1
    return len(resources) == 1 and matches(resources[0], topic_arn) and 1 <= count <= MAX_PRINCIPALS


def _is_in_scope(action: str) -> bool:
    service, colon, name = action.lower().partition(":")
    if not colon or not _NAME.fullmatch(name):
        return action == "*"
    return service == "sns" and any(matches(name, each.lower()) for each in GRANTABLE)


def with_permission(
    text: str, tenant: TenantId, topic_arn: str, label: str, accounts: Sequence[str], actions: Sequence[str]
) -> str:
    """The policy with AddPermission's statement in it. Raises InvalidParameterException."""
    if not label or not_in_xml(label):
        raise invalid_parameter("Label")
    if not accounts:
        raise invalid_parameter("AWSAccountId")
    if not actions:
        raise invalid_parameter("ActionName")
    policy = read_object(text) or {}
    statements = statements_of(policy)
    if any(statement.get("Sid") == label for statement in statements):
        raise invalid_parameter("Statement already exists")
    if not set(actions) <= GRANTABLE | {"*"}:
        raise invalid_parameter(OUT_OF_SCOPE)
    for account in accounts:
        if not _ACCOUNT.fullmatch(account):
            raise invalid_parameter("A provided account ID is not valid")
    partition = partition_of(tenant.region)
    statement = {
        "Sid": label,
        "Effect": "Allow",
        "Principal": {"AWS": one_or_many([f"arn:{partition}:iam::{account}:root" for account in accounts])},
        "Action": one_or_many([f"SNS:{action}" for action in actions]),
        "Resource": topic_arn,
    }
    changed = orjson.dumps({**policy, "Statement": [*statements, statement]}).decode()
    if len(changed.encode()) > MAX_BYTES or len(statements) >= MAX_STATEMENTS or len(accounts) > MAX_PRINCIPALS:
        raise invalid_parameter("Policy Error: null")
    return changed


def without_permission(text: str, label: str) -> str:
    """The policy without the statement of that label; one that it does not have is nothing to AWS."""
    policy = read_object(text) or {}
    left = [statement for statement in statements_of(policy) if statement.get("Sid") != label]
    return orjson.dumps({**policy, "Statement": left}).decode()
