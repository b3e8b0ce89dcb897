"""Which messages a filter policy lets pass."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import Any

import pytest
from atoll.core.errors import AwsError
from atoll.core.json_objects import read_object
from atoll.services.sns.filter_matching import attribute_values, compile_filter, elements
from atoll.services.sns.filter_policies import ATTRIBUTES, BODY, parse_filter_policy
from hypothesis import given
from hypothesis import strategies as st

# A policy, a body that passes, a body that does not.
BODIES: list[tuple[Any, Any, Any]] = [
    ({"a": ["x"]}, {"a": "x"}, {"a": "X"}),
    ({"a": ["x"]}, {"a": ["y", "x"]}, {"a": []}),
    ({"a": ["x"]}, {"a": "x", "b": 1}, {"b": "x"}),
    ({"a": [1]}, {"a": 1.0}, {"a": "1"}),
    ({"a": [1]}, {"a": 1}, {"a": True}),
    ({"a": [True]}, {"a": True}, {"a": 1}),
    ({"a": [None]}, {"a": None}, {}),
    ({"a": ["x"], "b": ["y"]}, {"a": "x", "b": "y"}, {"a": "x", "b": "x"}),
    ({"a": [{"prefix": "ab"}]}, {"a": "abc"}, {"a": "cab"}),
    ({"a": [{"suffix": "ab"}]}, {"a": "cab"}, {"a": "abc"}),
    ({"a": [{"equals-ignore-case": "Ab"}]}, {"a": "aB"}, {"a": "abc"}),
    ({"a": [{"wildcard": "a*c"}]}, {"a": "abbc"}, {"a": "abcd"}),
    ({"a": [{"wildcard": "a\\*c"}]}, {"a": "a*c"}, {"a": "abc"}),
    ({"a": [{"anything-but": "x"}]}, {"a": "y"}, {"a": "x"}),
    ({"a": [{"anything-but": "x"}]}, {"a": ["x", "y"]}, {"b": "y"}),
    ({"a": [{"anything-but": ["x", "y"]}]}, {"a": "z"}, {"a": ["x", "y"]}),
    ({"a": [{"anything-but": [1, 2]}]}, {"a": 3}, {"a": 2}),
    ({"a": [{"anything-but": {"prefix": "x"}}]}, {"a": "y"}, {"a": "xy"}),
    ({"a": [{"anything-but": {"suffix": ["x", "z"]}}]}, {"a": "xy"}, {"a": "yz"}),
    ({"a": [{"anything-but": {"equals-ignore-case": "X"}}]}, {"a": "y"}, {"a": "x"}),
    ({"a": [{"anything-but": {"wildcard": "*x*"}}]}, {"a": "y"}, {"a": "axb"}),
    ({"a": [{"numeric": [">", 0, "<=", 5]}]}, {"a": 5}, {"a": 0}),
    ({"a": [{"numeric": ["=", 3.5]}]}, {"a": 3.5}, {"a": "3.5"}),
    ({"a": [{"numeric": ["<", 3]}]}, {"a": -3}, {"a": True}),
    ({"a": [{"exists": True}]}, {"a": 0}, {"b": 1}),
    ({"a": [{"exists": True}]}, {"a": False}, {"a": None}),
    ({"a": [{"exists": True}]}, {"a": ["", "x"]}, {"a": ""}),
    ({"a": [{"exists": True}]}, {"a": [None, 1]}, {"a": []}),
    ({"a": [{"exists": False}]}, {"b": 1}, {"a": 1}),
    ({"a": {"b": [{"exists": False}]}}, {}, {"a": {"b": 1}}),
    ({"a": [{"cidr": "10.0.0.0/8"}]}, {"a": "10.1.2.3"}, {"a": "11.1.2.3"}),
    ({"a": [{"cidr": "2001:db8::/32"}]}, {"a": "2001:db8::1"}, {"a": "no address"}),
    ({"a": {"b": {"c": ["x"]}}}, {"a": {"b": {"c": "x"}}}, {"a": {"c": "x"}}),
    ({"a": {"b": ["x"], "c": ["y"]}}, {"a": [{"b": 1}, {"b": "x", "c": "y"}]}, {"a": [{"b": "x"}, {"c": "y"}]}),
    ({"$or": [{"a": ["x"]}, {"b": ["y"]}]}, {"b": "y"}, {"a": "y", "b": "x"}),
    ({"c": ["z"], "$or": [{"a": ["x"]}, {"b": ["y"]}]}, {"a": "x", "c": "z"}, {"a": "x"}),
    ({"$or": ["x"]}, {"$or": "x"}, {"$or": "y"}),
]


@pytest.mark.parametrize(("policy", "passes", "fails"), BODIES)
def test_bodies(policy: Any, passes: Any, fails: Any) -> None:
    match = compile_filter(parse_filter_policy(json.dumps(policy), BODY), BODY)
    assert match(passes)
    assert not match(fails)


def attribute(value: Any, data_type: str = "String") -> dict[str, Any]:
    return attribute_values({"a": {"DataType": data_type, "StringValue": value}})


OTHER = attribute_values({"b": {"DataType": "String", "StringValue": "y"}})


@pytest.mark.parametrize(
    ("policy", "passes", "fails"),
    [
        ({"a": ["x"]}, attribute("x"), attribute("y")),
        ({"a": [99]}, attribute("99.0", "Number"), attribute("99")),
        ({"a": [{"numeric": [">", 0, "<=", 100]}]}, attribute("99.12", "Number"), attribute("99.12")),
        ({"a": ["x"]}, attribute('["y", "x"]', "String.Array"), attribute('["y"]', "String.Array")),
        ({"a": [True]}, attribute("[true]", "String.Array"), attribute("true")),
        ({"a": [None, {"anything-but": "x"}]}, attribute("y"), {}),
        ({"a": [None]}, attribute("[null]", "String.Array"), OTHER),
        ({"a": [{"exists": True}]}, attribute("x"), attribute_values({"a": {"DataType": "Binary"}})),
        ({"a": [{"exists": False}]}, OTHER, attribute("x")),
        ({"a": [{"exists": False}]}, OTHER, attribute_values(None)),
        ({"a": [{"exists": False}]}, OTHER, attribute_values({"b": {"DataType": "Binary"}})),
        ({"$or": [{"a": [{"exists": False}]}, {"b": ["z"]}]}, OTHER, {}),
        ({"a": ["["]}, attribute("[", "String.Array"), attribute("[]", "String.Array")),
        ({"a": ["x1"]}, attribute("x1", "Number"), attribute("1", "Number")),
    ],
)
def test_attributes(policy: Any, passes: Any, fails: Any) -> None:
    match = compile_filter(parse_filter_policy(json.dumps(policy), ATTRIBUTES), ATTRIBUTES)
    assert match(passes)
    assert not match(fails)


def test_a_body_that_is_no_object_cannot_be_looked_into() -> None:
    assert read_object("text") is None
    assert read_object('["a"]') is None
    assert read_object('{"a": 1}') == {"a": 1}


SCALARS = st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=5)
TEXTS = st.text(max_size=4)
RULES = SCALARS | st.one_of(
    st.builds(lambda operator, text: {operator: text}, st.sampled_from(["prefix", "suffix"]), TEXTS),
    st.builds(lambda text: {"equals-ignore-case": text}, TEXTS),
    st.builds(lambda texts: {"anything-but": texts}, st.lists(TEXTS, min_size=1, max_size=3)),
    st.builds(lambda yes: {"exists": yes}, st.booleans()),
    st.builds(lambda low, more: {"numeric": [">=", low, "<", low + more]}, st.integers(-9, 9), st.integers(1, 9)),
)
POLICIES = st.dictionaries(TEXTS.filter(lambda key: key != "$or"), st.lists(RULES, min_size=1, max_size=2), max_size=3)
MESSAGES = st.dictionaries(TEXTS, SCALARS | st.lists(SCALARS, max_size=3), max_size=4)


@given(POLICIES, MESSAGES)
def test_any_policy_decides_on_any_message(policy: Any, message: Any) -> None:
    parsed = parse_filter_policy(json.dumps(policy), BODY)
    match = compile_filter(parsed, BODY)
    # A policy demands all of its keys, and of each any rule.
    assert match(message) == all(compile_filter({key: rules}, BODY)(message) for key, rules in parsed.items())
    for key, rules in parsed.items():
        one = compile_filter({key: rules}, BODY)(message)
        assert one == any(compile_filter({key: [rule]}, BODY)(message) for rule in rules)


@given(st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3)))
def test_any_json_is_a_policy_or_is_refused(value: Any) -> None:
    with suppress(AwsError):
        compile_filter(parse_filter_policy(json.dumps(value), BODY), BODY)({})


@given(MESSAGES, TEXTS)
def test_a_field_of_the_message_passes_a_policy_that_names_it(message: Any, key: str) -> None:
    value = message.get(key)
    if value is not None and not isinstance(value, list):
        assert compile_filter({key: [value]}, BODY)(message)
        assert not compile_filter({key: [{"exists": False}]}, BODY)(message)


def test_arrays_may_nest_deep() -> None:
    deep = "[" * 1000 + '"x"' + "]" * 1000
    leaf = compile_filter({"a": ["x"]}, BODY)
    inner = compile_filter({"a": {"b": [{"exists": False}]}}, BODY)
    body = read_object(f'{{"a":{deep}}}')
    assert body is not None
    assert leaf(body)
    assert inner(body)
    assert not compile_filter({"a": ["y"]}, BODY)(body)


def test_elements_of_arrays_within_arrays_match_in_their_order() -> None:
    seen: list[Any] = []

    def note(value: Any) -> bool:
        seen.append(value)
        return False

    assert not any(map(note, elements([1, [2, [], [3]], 4])))
    assert seen == [1, 2, 3, 4]


@given(st.text(st.sampled_from("ab*"), max_size=12), st.lists(st.sampled_from(["a", "b", "*", r"\*"]), max_size=8))
def test_wildcards_match_as_a_regular_expression_would(text: str, parts: list[str]) -> None:
    expression = "".join(".*" if part == "*" else part for part in parts)
    assert compile_filter({"a": [{"wildcard": "".join(parts)}]}, BODY)({"a": text}) is bool(
        re.fullmatch(expression, text)
    )


def test_no_text_keeps_a_wildcard_busy() -> None:
    """A regular expression would go back more often than there is time for."""
    match = compile_filter({"a": [{"wildcard": "*a" * 16 + "*b"}]}, BODY)
    assert not match({"a": "a" * 100_000})
    assert match({"a": "a" * 100_000 + "b"})
