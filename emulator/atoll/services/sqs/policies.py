"""The queue's resource policy: checking it, and the statements that AddPermission and RemovePermission keep in it.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-creating-custom-policies.html
"""

from __future__ import annotations

import re
from typing import Any

import orjson

from atoll.core.arn import partition_of, render_arn
from atoll.core.json_objects import read_object
from atoll.core.policy_documents import is_statement, listed, may_be_policy, one_or_many, statements_of
from atoll.core.tenant_id import TenantId
from atoll.services.sqs.errors import (
    invalid_attribute_value,
    invalid_value,
    missing_parameter,
    over_limit,
)

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-policies.html
MAX_BYTES = 8192
MAX_STATEMENTS = 20
MAX_ACTIONS = 7
MAX_PRINCIPALS = 50
MAX_CONDITIONS = 10
GRANTABLE = frozenset(
    (
        "*",
        "ChangeMessageVisibility",
        "DeleteMessage",
        "GetQueueAttributes",
        "GetQueueUrl",
        "ListDeadLetterSourceQueues",
        "PurgeQueue",
        "ReceiveMessage",
        "SendMessage",
    )
)
OWNERS_ONLY = frozenset(
    (
        "AddPermission",
        "CancelMessageMoveTask",
        "CreateQueue",
        "DeleteQueue",
        "ListMessageMoveTasks",
        "ListQueues",
        "ListQueueTags",
        "RemovePermission",
        "SetQueueAttributes",
        "StartMessageMoveTask",
        "TagQueue",
        "UntagQueue",
    )
)

_LABEL = re.compile(r"[A-Za-z0-9_-]{1,80}")
_ACCOUNT = re.compile(r"[0-9]{12}")


def check_policy(text: str) -> None:
    """Raises InvalidAttributeValue where the text is not a policy or too long, OverLimit where it has too much."""
    policy = read_object(text) if len(text.encode()) <= MAX_BYTES else None
    if not may_be_policy(policy):
        raise invalid_attribute_value("Policy")
    statements = statements_of(policy)
    if not statements or not all(map(is_statement, statements)):
        raise invalid_attribute_value("Policy")
    if len(statements) > MAX_STATEMENTS:
        raise over_limit(
            f"{len(statements)} statements were found in the submitted policy, max allowed is {MAX_STATEMENTS}"
        )
    for statement in statements:
        _check_most(len(listed(statement.get("Action", statement.get("NotAction")))), "Actions", MAX_ACTIONS)
    _check_most(sum(map(_principals, statements)), "Principals", MAX_PRINCIPALS)
    _check_most(sum(map(_conditions, statements)), "Conditions", MAX_CONDITIONS)


def _check_most(count: int, what: str, most: int) -> None:
    if count > most:
        raise over_limit(f"{count} {what} were found, maximum allowed is {most}.")


def _principals(statement: dict[str, Any]) -> int:
    principal = statement.get("Principal", statement.get("NotPrincipal"))
    return sum(len(listed(each)) for each in principal.values()) if isinstance(principal, dict) else 1


def _conditions(statement: dict[str, Any]) -> int:
    condition = statement.get("Condition")
    return sum(len(keys) for keys in condition.values() if isinstance(keys, dict)) if isinstance(condition, dict) else 0


def with_permission(
    text: str, tenant: TenantId, queue: str, label: str, accounts: list[str], actions: list[str]
) -> str:
    """The policy with AddPermission's statement in it."""
    if not label:
        raise missing_parameter("Label")
    if not _LABEL.fullmatch(label):
        raise invalid_value(
            label, "Label", "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length."
        )
    if not accounts:
        raise missing_parameter("AWSAccountIds")
    if not actions:
        raise missing_parameter("ActionName")
    _check_actions(actions)
    for account in accounts:
        if not _ACCOUNT.fullmatch(account):
            raise invalid_value(account, "PrincipalId", "Unable to verify.")
    arn = render_arn("sqs", tenant, queue)
    policy = read_object(text) if text else None
    if policy is None:
        policy = {"Version": "2008-10-17", "Id": f"{arn}/SQSDefaultPolicy", "Statement": []}
    statements = statements_of(policy)
    if any(statement.get("Sid") == label for statement in statements):
        raise invalid_value(label, "Label", "Already exists.")
    _check_most(len(statements) + 1, "Statements", MAX_STATEMENTS)
    partition = partition_of(tenant.region)
    statement = {
        "Sid": label,
        "Effect": "Allow",
        "Principal": {"AWS": one_or_many([f"arn:{partition}:iam::{account}:root" for account in accounts])},
        "Action": one_or_many([f"SQS:{action}" for action in actions]),
        "Resource": arn,
    }
    return orjson.dumps({**policy, "Statement": [*statements, statement]}).decode()


def _check_actions(actions: list[str]) -> None:
    _check_most(len(actions), "Actions", MAX_ACTIONS)
    for action in actions:
        if action in OWNERS_ONLY:
            raise invalid_value(f"SQS:{action}", "ActionName", "Only the queue owner is allowed to invoke this action.")
        if action not in GRANTABLE:
            raise invalid_value(
                f"SQS:{action}",
                "ActionName",
                "Please refer to the appropriate WSDL for a list of valid actions.",
            )


def without_permission(text: str, label: str) -> str:
    """The policy without the statement of that label; empty when it was the last."""
    if not label:
        raise missing_parameter("Label")
    policy = read_object(text) if text else None
    statements = [] if policy is None else statements_of(policy)
    left = [statement for statement in statements if statement.get("Sid") != label]
    if policy is None or len(left) == len(statements):
        raise invalid_value(label, "Label", "can't find label.")
    return orjson.dumps({**policy, "Statement": left}).decode() if left else ""
