"""Which messages a filter policy lets pass. A policy is compiled once into closures, then asked of every message.

Of an array in a message any element may match; what a policy says of several fields of an object has to be true of one
and the same object. https://docs.aws.amazon.com/sns/latest/dg/string-value-matching.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_address, ip_network
from typing import Any

import orjson

from atoll.services.sns.filter_policies import ATTRIBUTES, Policy, is_or

Matcher = Callable[[Mapping[str, Any]], bool]
Test = Callable[[Any], bool]
_ABSENT: Any = object()


def compile_filter(policy: Policy, scope: str) -> Matcher:
    """What decides on an object: a message's attributes as `attribute_values` gives them, or its body."""
    match = _object(policy)
    # A message without attributes passes no policy on them, not even one that asks for an attribute to be absent.
    return (lambda message: bool(message) and match(message)) if scope == ATTRIBUTES and policy else match


def _object(policy: Policy) -> Matcher:
    parts = [_field(key, value) for key, value in policy.items()]
    if len(parts) == 1:
        return parts[0]
    return lambda message: all(part(message) for part in parts)


def attribute_values(attributes: Mapping[str, Mapping[str, Any]] | None) -> dict[str, Any]:
    """A message's attributes as a filter policy sees them. Binary ones it does not see."""
    values: dict[str, Any] = {}
    for name, attribute in (attributes or {}).items():
        data_type, text = attribute["DataType"], attribute.get("StringValue")
        if text is None or data_type.startswith("Binary"):
            continue
        if data_type == "String.Array":
            values[name] = _array(text)
        elif data_type.startswith("Number"):
            values[name] = _number(text)
        else:
            values[name] = text
    return values


def _array(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _number(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text


def _field(key: str, value: Any) -> Matcher:
    if is_or(key, value):
        choices = [_object(each) for each in value]
        return lambda message: any(choice(message) for choice in choices)
    if isinstance(value, dict):
        inner = _object(value)

        def within(message: Mapping[str, Any]) -> bool:
            return _any_object(inner, message.get(key))

        return within
    return _leaf(key, value)


def _any_object(inner: Matcher, value: Any) -> bool:
    # Of what is not there every field is absent.
    return any(inner(each if isinstance(each, dict) else {}) for each in elements(value))


def _leaf(key: str, rules: list[Any]) -> Matcher:
    absent = any(isinstance(rule, dict) and rule.get("exists") is False for rule in rules)
    tests = [_test(rule) for rule in rules]
    test = tests[0] if len(tests) == 1 else lambda value: any(each(value) for each in tests)

    def match(message: Mapping[str, Any]) -> bool:
        value = message.get(key, _ABSENT)
        if value is _ABSENT or isinstance(value, dict):
            return absent
        return any(map(test, elements(value))) if isinstance(value, list) else test(value)

    return match


def elements(value: Any) -> Iterator[Any]:
    """What is in arrays within arrays, in order; what is no array is its own element. A message may nest deeper than
    Python's calls do."""
    if not isinstance(value, list):
        yield value
        return
    open_arrays = [iter(value)]
    while open_arrays:
        for each in open_arrays[-1]:
            if isinstance(each, list):
                open_arrays.append(iter(each))
                break
            yield each
        else:
            open_arrays.pop()


def _test(rule: Any) -> Test:
    if not isinstance(rule, dict):
        return _equals(rule)
    [(operator, operand)] = rule.items()
    match operator:
        case "exists":
            # https://docs.aws.amazon.com/sns/latest/dg/attribute-key-matching.html
            return lambda value: operand and value is not None and value != ""
        case "numeric":
            return _numeric(operand)
        case "cidr":
            return _cidr(operand)
        case "anything-but":
            return _anything_but(operand)
    return _textual(operator, operand)


def _equals(rule: Any) -> Test:
    kind = (int, float) if isinstance(rule, int | float) and not isinstance(rule, bool) else type(rule)

    def test(value: Any) -> bool:
        return isinstance(value, kind) and isinstance(value, bool) is isinstance(rule, bool) and bool(value == rule)

    return test


def _textual(operator: str, operand: str) -> Test:
    match operator:
        case "prefix":
            return lambda value: isinstance(value, str) and value.startswith(operand)
        case "suffix":
            return lambda value: isinstance(value, str) and value.endswith(operand)
        case "equals-ignore-case":
            lower = operand.lower()
            return lambda value: isinstance(value, str) and value.lower() == lower
    return _wildcard(operand)


def _wildcard(text: str) -> Test:
    """Between asterisks each piece is where it is found first, so that no text takes long, whatever the pattern."""
    pieces = _pieces(text)
    if len(pieces) == 1:
        return _equals(pieces[0])
    first, *middle, last = pieces

    def test(value: Any) -> bool:
        if not (isinstance(value, str) and value.startswith(first) and value.endswith(last)):
            return False
        at, end = len(first), len(value) - len(last)
        for piece in middle:
            found = value.find(piece, at, end)
            if found < 0:
                return False
            at = found + len(piece)
        return at <= end

    return test


def _pieces(text: str) -> list[str]:
    """What stands between asterisks that no backslash precedes."""
    pieces = [""]
    for part in re.findall(r"\\.|\*|[^\\*]+", text, re.DOTALL):
        if part == "*":
            pieces.append("")
        else:
            pieces[-1] += part[1] if part[0] == "\\" else part
    return pieces


def _anything_but(operand: Any) -> Test:
    if isinstance(operand, dict):
        [(operator, texts)] = operand.items()
        tests = [_textual(operator, text) for text in (texts if isinstance(texts, list) else [texts])]
    else:
        tests = [_equals(each) for each in (operand if isinstance(operand, list) else [operand])]
    return lambda value: not any(test(value) for test in tests)


_COMPARE: dict[str, Callable[[Any, float], bool]] = {
    "=": lambda value, bound: bool(value == bound),
    "<": lambda value, bound: bool(value < bound),
    "<=": lambda value, bound: bool(value <= bound),
    ">": lambda value, bound: bool(value > bound),
    ">=": lambda value, bound: bool(value >= bound),
}


def _numeric(operand: list[Any]) -> Test:
    pairs = [(_COMPARE[operator], bound) for operator, bound in zip(operand[::2], operand[1::2], strict=True)]

    def test(value: Any) -> bool:
        if not isinstance(value, int | float) or isinstance(value, bool):
            return False
        return all(compare(value, bound) for compare, bound in pairs)

    return test


def _cidr(operand: str) -> Test:
    network = ip_network(operand, strict=False)

    def test(value: Any) -> bool:
        if not isinstance(value, str):
            return False
        try:
            return ip_address(value) in network
        except ValueError:
            return False

    return test
