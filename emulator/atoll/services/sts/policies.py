"""Session policies: checked and kept, with the room that they take in the token.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import orjson

from atoll.core.json_objects import read_object
from atoll.core.policy_documents import KEYS
from atoll.services.sts.errors import malformed_policy, packed_policy_too_large, validation_error

_LONGEST = 2048
_MOST_ARNS = 10
_ALLOTTED = 460
"""Bytes for policies and tags together. AWS does not publish it: this and what a tag takes are what its own percentages
come to (nine tags of 252 characters take 498 %)."""
_TAG_OVERHEAD = 3
# AWS packs policies by a dictionary of its own; deflate with the usual words given comes near it.
_WORDS = (
    b'"Condition":{"StringEquals":{"aws:"StringLike":{"NotAction":"NotResource":"Deny","Resource":["arn:aws:s3:::*"]'
    b'{"Version":"2012-10-17","Statement":[{"Sid":"","Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],'
    b'"Resource":"arn:aws:iam::aws:policy/"Effect":"Allow","Action":"*","Resource":"*"}]}'
)
_POLICY_ARN = re.compile(r"arn:[a-z-]+:iam::(?:[0-9]{12}|aws):policy/[\x21-\x7e]+")
_VERSIONS = ("2012-10-17", "2008-10-17")
_STATEMENT = frozenset(("Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"))
_SYNTAX = "Syntax errors in policy."


class SessionPolicies(NamedTuple):
    """`packed` is the percentage of the allotted room; None where there is nothing to pack."""

    policy: str
    arns: tuple[str, ...]
    packed: int | None


def read_policies(
    policy: str | None, arns: Iterable[Mapping[str, str]] | None, tags: Mapping[str, str]
) -> SessionPolicies:
    """Raises MalformedPolicyDocument, PackedPolicyTooLarge, ValidationError."""
    named = tuple(descriptor.get("arn", "") for descriptor in arns or ())
    for arn in named:
        if _POLICY_ARN.fullmatch(arn) is None:
            raise validation_error(f"ARN {arn} is not valid.")
    if len(named) > _MOST_ARNS:
        raise validation_error(f"Cannot exceed quota for PoliciesPerSession: {_MOST_ARNS}")
    if policy is not None:
        if len(policy) + sum(map(len, named)) > _LONGEST:
            raise validation_error(
                "1 validation error detected: Value at 'policy' failed to satisfy constraint: Member must have length "
                f"less than or equal to {_LONGEST}"
            )
        _check(policy)
    if policy is None and not named and not tags:
        return SessionPolicies("", (), None)
    packed = _packed(policy or "", named, tags)
    if packed > 100:
        if policy is None and not named:
            raise packed_policy_too_large(f"Packed size of session tags consumes {packed}% of allotted space.")
        raise packed_policy_too_large(f"Packed policy consumes {packed}% of allotted space, please use smaller policy.")
    return SessionPolicies(policy or "", named, packed)


def _packed(policy: str, arns: tuple[str, ...], tags: Mapping[str, str]) -> int:
    size = sum(len(key.encode()) + len(value.encode()) + _TAG_OVERHEAD for key, value in tags.items())
    if policy or arns:
        packer = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zlib.Z_DEFAULT_STRATEGY, _WORDS)
        compact = orjson.dumps(orjson.loads(policy)) if policy else b""
        size += len(packer.compress(compact + "".join(arns).encode()) + packer.flush())
    return 100 * size // _ALLOTTED


def _check(policy: str) -> None:
    """That the document has the form of an identity policy.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
    """
    document = read_object(policy)
    if document is None:
        raise malformed_policy("The policy is not in the valid JSON format.")
    if not document.keys() <= KEYS or "Statement" not in document:
        raise malformed_policy(_SYNTAX)
    if document.get("Version", _VERSIONS[1]) not in _VERSIONS:
        raise malformed_policy("Policy document must be version 2012-10-17 or greater.")
    statements = document["Statement"]
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not all(map(_is_statement, statements)):
        raise malformed_policy(_SYNTAX)


def _is_statement(statement: Any) -> bool:
    return (
        isinstance(statement, dict)
        and statement.keys() <= _STATEMENT
        and statement.get("Effect") in ("Allow", "Deny")
        and ("Action" in statement) != ("NotAction" in statement)
        and ("Resource" in statement) != ("NotResource" in statement)
        and all(
            _is_texts(statement[name])
            for name in ("Action", "NotAction", "Resource", "NotResource")
            if name in statement
        )
        and isinstance(statement.get("Sid", ""), str)
        and isinstance(statement.get("Condition", {}), dict)
    )


def _is_texts(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(text, str) for text in value))
