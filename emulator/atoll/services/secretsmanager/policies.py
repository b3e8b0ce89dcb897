"""Resource policies: whether a text is one, and whom it lets in or shuts out.

What is said of a policy is what AWS lists:
https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_resource-policies.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any, NamedTuple

import orjson

from atoll.core.json_objects import read_object
from atoll.core.policy_documents import VERSIONS, listed, may_be_policy, may_be_statement, statements_of

SYNTAX = "This resource policy contains a syntax error."
PRINCIPAL = "This resource policy contains an unsupported principal."
SERVICE_PRINCIPAL = "This resource policy contains an invalid service principal."
BROAD = (
    "This resource policy grants broad access to your secret. "
    "Secrets Manager does not allow creating and applying such policies in the console."
)
LOCKOUT = "Your requested changes will not allow you to manage this secret in the future."

_PRINCIPAL = re.compile(
    r"\*|[0-9]{12}|A[A-Z]{2}A[A-Z0-9]{12,124}"
    r"|arn:aws[a-z-]*:(?:iam::[0-9]{12}:(?:root|(?:user|role)/[^*?]+)"
    r"|sts::[0-9]{12}:(?:assumed-role|federated-user)/[^*?]+)"
)
_SERVICE = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.amazonaws\.com(?:\.cn)?")
_POSITIVE = re.compile(r"(?:foranyvalue:)?(string(?:equals(?:ignorecase)?|like)|arn(?:equals|like)|ipaddress|bool)")
_NARROWING = frozenset(
    (
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceip",
        "aws:sourceorgid",
        "aws:sourceorgpaths",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:userid",
        "aws:viaawsservice",
    )
)


def replication_policy(primary: str, partition: str, account: str) -> str:
    """Of a replica in another account: the policy by which its primary's account may reach it."""
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{partition}:iam::{account}:root"},
        "Action": "secretsmanager:AcceptCrossAccountReplication",
        "Resource": "*",
        "Condition": {"ArnEquals": {"aws:SourceArn": primary}},
    }
    return orjson.dumps({"Version": VERSIONS[1], "Statement": [statement]}).decode()


class Finding(NamedTuple):
    """What is wrong with a policy. One that is `malformed` cannot be attached at all."""

    check: str
    message: str
    malformed: bool


def examine(text: str) -> list[Finding]:
    """All that is wrong with it."""
    statements = _statements(text)
    if statements is None:
        return [Finding("SYNTAX_ERROR", SYNTAX, True)]
    found: list[Finding] = []
    principals = [pair for statement in statements for pair in _principals(statement)]
    if not all(_PRINCIPAL.fullmatch(name) for kind, name in principals if kind == "AWS"):
        found.append(Finding("UNSUPPORTED_PRINCIPAL", PRINCIPAL, True))
    if not all(_SERVICE.fullmatch(name) for kind, name in principals if kind == "Service"):
        found.append(Finding("INVALID_SERVICE_PRINCIPAL", SERVICE_PRINCIPAL, True))
    if any(map(_is_broad, statements)):
        found.append(Finding("PUBLIC_POLICY", BROAD, False))
    if any(map(_shuts_out, statements)):
        found.append(Finding("LOCKOUT", LOCKOUT, False))
    return found


def is_public(text: str) -> bool:
    """Whether a well-formed policy lets everybody in."""
    return any(map(_is_broad, _statements(text) or []))


def _statements(text: str) -> list[dict[str, Any]] | None:
    """None where the text is not a policy."""
    policy = read_object(text)
    if not may_be_policy(policy) or not isinstance(policy.get("Id", ""), str):
        return None
    statements = statements_of(policy)
    return statements if statements and all(map(_is_statement, statements)) else None


def _is_statement(statement: object) -> bool:
    return (
        may_be_statement(statement)
        and all((name in statement) != (f"Not{name}" in statement) for name in ("Principal", "Action", "Resource"))
        and all(_is_texts(statement.get(name, statement.get(f"Not{name}"))) for name in ("Action", "Resource"))
        and all(":" in each or each == "*" for each in listed(statement.get("Action", statement.get("NotAction"))))
        and _is_principal(statement.get("Principal", statement.get("NotPrincipal")))
    )


def _is_texts(value: object) -> bool:
    return bool(value) and all(isinstance(item, str) and item for item in listed(value))


def _is_principal(principal: object) -> bool:
    if isinstance(principal, dict):
        kinds = {"AWS", "Service", "Federated", "CanonicalUser"}
        return bool(principal) and principal.keys() <= kinds and all(map(_is_texts, principal.values()))
    return principal == "*"


def _principals(statement: dict[str, Any]) -> Iterator[tuple[str, str]]:
    principal = statement.get("Principal", statement.get("NotPrincipal"))
    if isinstance(principal, dict):
        for kind, names in principal.items():
            yield from ((kind, name) for name in listed(names))
    else:
        yield ("AWS", "*")


def _is_broad(statement: dict[str, Any]) -> bool:
    """Whether it allows something to everybody, and no condition says of whom."""
    if statement["Effect"] != "Allow":
        return False
    everybody = "NotPrincipal" in statement or ("AWS", "*") in _principals(statement)
    return everybody and not any(
        _narrows(operator.lower(), key.lower(), listed(values))
        for operator, keys in statement.get("Condition", {}).items()
        for key, values in keys.items()
    )


def _narrows(operator: str, key: str, values: list[Any]) -> bool:
    """Whether a condition lets only some callers through: it names them (what it excludes leaves everybody else, and
    what it asks only of those who have the key lets those through who have none), and none of its values is all."""
    match = _POSITIVE.fullmatch(operator)
    if match is None or key not in _NARROWING or not values:
        return False
    texts = [str(value).lower() for value in values]
    if match[1] == "bool":
        return key == "aws:viaawsservice" and texts == ["true"]
    if match[1] == "ipaddress":
        return key == "aws:sourceip" and all(map(_is_part_of_the_internet, texts))
    # In string operators other than StringLike a star is a star.
    literal = match[1].startswith("stringequals")
    return all(text and (literal or not _is_anything(text)) for text in texts)


def _is_part_of_the_internet(text: str) -> bool:
    try:
        return ip_network(text, strict=False).prefixlen > 0
    except ValueError:
        return False


def _is_anything(pattern: str) -> bool:
    """Whether a pattern leaves open whose account or which organization it is. Those of buckets name no account."""
    parts = pattern.split(":", 5)
    if parts[0] != "arn" or len(parts) < 6:
        return pattern[0] in "*?" or not pattern.strip("o-*?")
    whose = parts[4] or parts[5]
    return "*" in parts[4] or "?" in parts[4] or whose[0] in "*?"


def _shuts_out(statement: dict[str, Any]) -> bool:
    """Whether it denies everybody to change the policy again."""
    if statement["Effect"] != "Deny" or statement.get("Condition") or ("AWS", "*") not in _principals(statement):
        return False
    managing = {"*", "secretsmanager:*", "secretsmanager:putresourcepolicy", "secretsmanager:put*"}
    return "Principal" in statement and any(
        action.lower() in managing for action in listed(statement.get("Action", []))
    )
