"""Filter policies: which messages a subscription is to have. Checked here as AWS checks them, matched in
`filter_matching.py`.

https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_network
from typing import Any

import orjson

from atoll.core.errors import AwsError
from atoll.services.sns.errors import invalid_parameter
from atoll.services.sns.filter_tokens import Token, Tokens, why_not_json

MAX_KEYS = 5
MAX_COMBINATIONS = 150
MAX_BYTES = 256 * 1024
ATTRIBUTES, BODY = "MessageAttributes", "MessageBody"
SCOPES = (ATTRIBUTES, BODY)
OR = "$or"
TEXTUAL = ("prefix", "suffix", "equals-ignore-case", "wildcard")
OPERATORS = frozenset((*TEXTUAL, "anything-but", "exists", "numeric", "cidr"))

Policy = dict[str, Any]


def parse_filter_policy(text: str, scope: str, prefix: str = "") -> Policy:
    """Raises InvalidParameterException. `prefix` stands before the attribute's name in messages."""
    try:
        policy = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise invalid_parameter(f"{prefix}FilterPolicy: failed to parse JSON.{why_not_json(text)}") from None
    if not isinstance(policy, dict):
        raise invalid_parameter(f"{prefix}FilterPolicy: Filter policy must be a JSON object")
    if len(text.encode()) > MAX_BYTES:
        raise invalid_parameter(f"{prefix}FilterPolicy: Filter policy is too long")
    too_complex = invalid_parameter(f"{prefix}FilterPolicy: Filter policy is too complex")
    reader = _Reader(Tokens(text), prefix)
    try:
        reader.read(policy)
    except RecursionError:
        # What nests this deep is past the complexity that a policy may have.
        raise too_complex from None
    if scope == ATTRIBUTES and _is_nested(policy):
        raise invalid_parameter(f"{prefix}Filter policy scope MessageAttributes does not support nested filter policy")
    if _keys(policy) > MAX_KEYS:
        raise invalid_parameter(f"{prefix}FilterPolicy: Filter policy can not have more than {MAX_KEYS} keys")
    if combinations(policy) > MAX_COMBINATIONS:
        raise too_complex
    return policy


def is_or(key: str, value: object) -> bool:
    """Whether it is a choice of policies. With anything else in it `$or` is a field like others."""
    return (
        key == OR
        and isinstance(value, list)
        and len(value) > 1
        and all(isinstance(each, dict) and each and not each.keys() & OPERATORS for each in value)
    )


def combinations(policy: Mapping[str, Any], depth: int = 1, count: int = 1) -> int:
    """The policy's complexity: of each key the number of values times its depth, multiplied; choices added up.

    https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html
    """
    for key, value in policy.items():
        if isinstance(value, dict):
            count = combinations(value, depth + 1, count)
        elif is_or(key, value):
            count = sum(combinations(each, depth, count) for each in value)
        else:
            count *= len(value) * depth
    return count


def _keys(policy: Mapping[str, Any]) -> int:
    """Of the top; those of a choice's policies count each once."""
    names: set[str] = set()
    for key, value in policy.items():
        names.update(*value) if is_or(key, value) else names.add(key)
    return len(names)


def _is_nested(policy: Mapping[str, Any]) -> bool:
    return any(
        any(map(_is_nested, value)) if is_or(key, value) else isinstance(value, dict) for key, value in policy.items()
    )


class _Reader:
    """Checks a policy in the order in which it is written."""

    def __init__(self, tokens: Tokens, prefix: str) -> None:
        self._tokens = tokens
        self._prefix = prefix

    def read(self, policy: Policy) -> None:
        self._tokens.next()
        self._object(policy)

    def _refuse(self, message: str) -> AwsError:
        return invalid_parameter(f"{self._prefix}FilterPolicy: {message}\n{self._tokens.where()}")

    def _object(self, policy: Policy) -> None:
        """Behind its opening brace."""
        while (token := self._tokens.next()).kind != "}":
            key = token.value
            value = policy.get(key)
            opening = self._tokens.next().kind
            if opening == "{":
                self._object(value if isinstance(value, dict) else {})
            elif opening != "[":
                raise self._refuse(f'"{key}" must be an object or an array')
            elif is_or(key, value):
                for each in value or ():
                    self._tokens.next()
                    self._object(each)
                self._tokens.next()
            else:
                self._rules()

    def _rules(self) -> None:
        empty = True
        while (token := self._tokens.next()).kind != "]":
            empty = False
            if token.kind == "[":
                raise self._refuse("Match value must be String, number, true, false, or null")
            if token.kind == "{":
                self._expression()
        if empty:
            raise self._refuse("Empty arrays are not allowed")

    def _expression(self) -> None:
        token = self._tokens.next()
        if token.kind == "}":
            raise self._refuse("Empty objects are not allowed")
        self._operator(token.value)
        if self._tokens.next().kind != "}":
            raise self._refuse("Only one key allowed in match expression")

    def _operator(self, operator: str) -> None:
        match operator:
            case "prefix" | "suffix" | "equals-ignore-case" | "wildcard":
                self._text(operator)
            case "exists":
                if not isinstance(self._tokens.next().value, bool):
                    raise self._refuse("exists match pattern must be either true or false.")
            case "numeric":
                self._numeric()
            case "cidr":
                self._cidr()
            case "anything-but":
                self._anything_but()
            case _:
                raise self._refuse(f"Unrecognized match type {operator}")

    def _text(self, operator: str) -> str:
        if self._tokens.next().kind != "string":
            raise self._refuse(f"{operator} match pattern must be a string")
        text: str = self._tokens.take()
        if operator == "wildcard":
            self._check_wildcard(text)
        return text

    def _check_wildcard(self, text: str) -> None:
        at = 0
        while at < len(text):
            if text[at] == "\\":
                if text[at + 1 : at + 2] not in ("*", "\\"):
                    raise self._refuse(f"Invalid escape character at pos {at}")
                at += 1
            elif text[at : at + 2] == "**":
                raise self._refuse(f"Consecutive wildcard characters at pos {at}")
            at += 1

    def _cidr(self) -> None:
        # AWS's own words: of another operator.
        if self._tokens.next().kind != "string":
            raise self._refuse("prefix match pattern must be a string")
        address, slash, mask = self._tokens.take().partition("/")
        if not slash or "/" in mask:
            raise self._refuse("Malformed CIDR, one '/' required")
        if not (mask.isascii() and mask.isdecimal()):
            raise self._refuse("Malformed CIDR, mask bits must be an integer")
        try:
            ip_network(f"{address}/{mask}", strict=False)
        except ValueError:
            raise self._refuse(f"Nonstandard IP address: {address}") from None

    def _anything_but(self) -> None:
        token = self._tokens.next()
        if token.kind == "{":
            operator = self._tokens.next().value
            if operator not in TEXTUAL:
                raise self._refuse(f"Unsupported anything-but pattern: {operator}")
            if self._tokens.peek().kind == "[":
                self._tokens.next()
                while self._tokens.peek().kind != "]":
                    self._text(operator)
                self._tokens.next()
            else:
                self._text(operator)
            if self._tokens.next().kind != "}":
                raise self._refuse("Only one key allowed in match expression")
        elif token.kind == "[":
            self._anything_but_list()
        elif token.kind == "word":
            raise self._refuse("Value of anything-but must be an array or single string/number value.")

    def _anything_but_list(self) -> None:
        kinds: set[str] = set()
        while (token := self._tokens.next()).kind != "]":
            if token.kind not in ("string", "number"):
                raise self._refuse("Inside anything but list, start|null|boolean is not supported.")
            kinds.add(token.kind)
        if len(kinds) > 1:
            raise self._refuse(
                "Inside anything but list, either all values are number or string, mixed type is not supported"
            )
        if not kinds:
            raise self._refuse("Empty arrays are not allowed")

    def _numeric(self) -> None:
        if self._tokens.next().kind != "[":
            raise self._refuse("Value of numeric must be an array.")
        token = self._tokens.next()
        if token.kind != "string":
            raise self._refuse(f"Invalid member in numeric match: {_shown(token)}")
        operator = self._tokens.take()
        bottom = self._tokens.next()
        if operator not in ("<", "<=", "=", ">", ">="):
            raise self._refuse(f"Unrecognized numeric range operator: {operator}")
        if bottom.kind != "number":
            raise self._refuse(f"Value of {'equals' if operator == '=' else operator} must be numeric")
        token = self._tokens.next()
        if token.kind == "]":
            return
        if operator not in (">", ">="):
            raise self._refuse("Too many elements in numeric expression")
        if token.kind != "string":
            raise self._refuse(f"Bad value in numeric range: {_shown(token)}")
        operator = self._tokens.take()
        if operator not in ("<", "<="):
            raise self._refuse(f"Bad numeric range operator: {operator}")
        top = self._tokens.next()
        if top.kind != "number":
            raise self._refuse(f"Value of {operator} must be numeric")
        if self._tokens.next().kind != "]":
            raise self._refuse("Too many terms in numeric range expression")
        if top.value <= bottom.value:
            raise self._refuse("Bottom must be less than top")


def _shown(token: Token) -> str:
    if token.kind in ("{", "}", "[", "]"):
        return token.kind
    # An integer may be longer than orjson's.
    return str(token.value) if type(token.value) is int else orjson.dumps(token.value).decode()
