"""Resource policies as JSON: what their texts have in common, whichever service keeps them. What a service takes of
them, and how it refuses the rest, is the service's.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any, TypeGuard

VERSIONS = ("2008-10-17", "2012-10-17")
"""The first is that of a policy that names none."""
KEYS = frozenset(("Version", "Id", "Statement"))
"""A policy's elements."""
_STATEMENT_KEYS = frozenset(
    ("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition")
)


def may_be_policy(policy: object) -> TypeGuard[dict[str, Any]]:
    """Whether its elements are those of a policy, of a version that there is, whatever its statements are."""
    return isinstance(policy, dict) and policy.keys() <= KEYS and policy.get("Version", VERSIONS[0]) in VERSIONS


def statements_of(policy: dict[str, Any]) -> list[Any]:
    return listed(policy.get("Statement", []))


def may_be_statement(statement: object) -> TypeGuard[dict[str, Any]]:
    """Whether its elements are those of a statement, whichever it has."""
    return (
        isinstance(statement, dict)
        and statement.keys() <= _STATEMENT_KEYS
        and statement.get("Effect") in ("Allow", "Deny")
        and isinstance(statement.get("Sid", ""), str)
        and _is_condition(statement.get("Condition", {}))
    )


def _is_condition(condition: object) -> bool:
    """By operator and key, a value or several: texts, numbers, booleans."""
    return isinstance(condition, dict) and all(
        isinstance(keys, dict) and all(map(_are_values, keys.values())) for keys in condition.values()
    )


def _are_values(given: object) -> bool:
    return all(isinstance(value, str | int | float) for value in listed(given))


def is_statement(statement: object) -> bool:
    return (
        may_be_statement(statement)
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


def listed(value: Any) -> list[Any]:
    """In a policy one value may stand without its list."""
    return value if isinstance(value, list) else [value]


def matches(pattern: str, text: str) -> bool:
    """Whether a pattern of stars and question marks means the text."""
    # Not by an expression of our own, which many stars would make slow. Brackets mean nothing here.
    return fnmatchcase(text, pattern.replace("[", "[[]"))


def one_or_many(values: list[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else values
