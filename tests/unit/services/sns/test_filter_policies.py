"""Filter policies: AWS's refusals to the letter, and its limits."""

from __future__ import annotations

import json
from typing import Any

import pytest
from atoll.core.errors import AwsError
from atoll.services.sns.filter_policies import ATTRIBUTES, BODY, combinations, parse_filter_policy

# What AWS answered, with the column at which its parser stood.
REFUSED: list[tuple[Any, str, int]] = [
    ({"key": [["value"]]}, "Match value must be String, number, true, false, or null", 10),
    ({"key": [{"wrong-operator": True}]}, "Unrecognized match type wrong-operator", 31),
    ({"key": [{"suffix": "value", "prefix": "value2"}]}, "Only one key allowed in match expression", 37),
    ({"key": [{"suffix": 100}]}, "suffix match pattern must be a string", 22),
    ({"key": [{"suffix": None}]}, "suffix match pattern must be a string", 23),
    ({"key": {"suffix": "value"}}, '"suffix" must be an object or an array', 19),
    ({"key": [{"suffix": []}]}, "suffix match pattern must be a string", 20),
    ({"key": [{"suffix": ["test", "test2"]}]}, "suffix match pattern must be a string", 20),
    ({"key": {"suffix": "value", "prefix": "value"}}, '"suffix" must be an object or an array', 19),
    ({"key": {"not-an-operator": "value"}}, '"not-an-operator" must be an object or an array', 28),
    ({"key": [{"numeric": []}]}, "Invalid member in numeric match: ]", 22),
    ({"key": [{"numeric": ["operator"]}]}, "Unrecognized numeric range operator: operator", 32),
    ({"key": [{"numeric": [1, "<="]}]}, "Invalid member in numeric match: 1", 22),
    ({"key": [{"numeric": [1 << 70, "<="]}]}, f"Invalid member in numeric match: {1 << 70}", 43),
    ({"key": [{"numeric": [">", 1, 1 << 70, 2]}]}, f"Bad value in numeric range: {1 << 70}", 49),
    ({"key": [{"numeric": ["=", "000"]}]}, "Value of equals must be numeric", 26),
    ({"key": [{"numeric": [">="]}]}, "Value of >= must be numeric", 26),
    ({"key": [{"numeric": ["<", 100, ">", 10]}]}, "Too many elements in numeric expression", 30),
    ({"key": [{"numeric": [">=", 1, ">", 2]}]}, "Bad numeric range operator: >", 31),
    ({"key": [{"numeric": [">", 3, "<", 1]}]}, "Bottom must be less than top", 33),
    ({"key": [{"numeric": [">", 20, "<="]}]}, "Value of <= must be numeric", 33),
    ({"key": [{"numeric": [">", 20, 30]}]}, "Bad value in numeric range: 30", 30),
    ({"key": [{"numeric": [">", 20, "test"]}]}, "Bad numeric range operator: test", 34),
    ({"key": [{"numeric": [">", "20", "<", "30"]}]}, "Value of > must be numeric", 26),
    ({"key": [{"numeric": [">", 20, "<", "30"]}]}, "Value of < must be numeric", 33),
    ({"key": [{"numeric": [">", 20, "<", 30, "<", 50]}]}, "Too many terms in numeric range expression", 36),
    ({"key": [{"exists": None}]}, "exists match pattern must be either true or false.", 23),
    ({"key": [{"exists": "no"}]}, "exists match pattern must be either true or false.", 20),
    ({"key_a": "value_one"}, '"key_a" must be an object or an array', 11),
]
# Whose columns nobody recorded.
REFUSED_SOMEWHERE: list[tuple[Any, str]] = [
    ({"key": []}, "Empty arrays are not allowed"),
    ({"key": [{"cidr": 7}]}, "prefix match pattern must be a string"),
    ({"key": [{"cidr": "10.0.0.0"}]}, "Malformed CIDR, one '/' required"),
    ({"key": [{"cidr": "10.0.0.0/a"}]}, "Malformed CIDR, mask bits must be an integer"),
    ({"key": [{"cidr": "10.0.0.300/8"}]}, "Nonstandard IP address: 10.0.0.300"),
    ({"key": [{"anything-but": {"numeric": ["=", 1]}}]}, "Unsupported anything-but pattern: numeric"),
    (
        {"key": [{"anything-but": None}]},
        "Value of anything-but must be an array or single string/number value.",
    ),
    ({"key": [{"anything-but": [None]}]}, "Inside anything but list, start|null|boolean is not supported."),
    (
        {"key": [{"anything-but": [1, "a"]}]},
        "Inside anything but list, either all values are number or string, mixed type is not supported",
    ),
    ({"key": [{"wildcard": "a**"}]}, "Consecutive wildcard characters at pos 1"),
    ({"key": [{"wildcard": "a\\b"}]}, "Invalid escape character at pos 1"),
    ({"key": [{"numeric": 7}]}, "Value of numeric must be an array."),
    ({"key": [{}]}, "Empty objects are not allowed"),
]
SOURCE = "[Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: "


def refusal(text: str, scope: str = BODY, prefix: str = "") -> str:
    with pytest.raises(AwsError) as caught:
        parse_filter_policy(text, scope, prefix)
    assert caught.value.code == "InvalidParameterException"
    return caught.value.message


@pytest.mark.parametrize(("policy", "message", "column"), REFUSED)
def test_refusals_say_how_far_the_parser_had_read(policy: Any, message: str, column: int) -> None:
    text = json.dumps(policy, separators=(",", ":"))
    told = refusal(text, prefix="Attributes Reason: ")
    assert told == f"Invalid parameter: Attributes Reason: FilterPolicy: {message}\n at {SOURCE}{column}]"


@pytest.mark.parametrize(("policy", "message"), REFUSED_SOMEWHERE)
def test_refusals(policy: Any, message: str) -> None:
    assert refusal(json.dumps(policy)).startswith(f"Invalid parameter: FilterPolicy: {message}\n at {SOURCE}")


def test_what_is_not_json() -> None:
    assert refusal("{invalidjson}") == (
        "Invalid parameter: FilterPolicy: failed to parse JSON. Unexpected character ('i' (code 105)): was expecting "
        f"double-quote to start field name\n at {SOURCE}2]"
    )
    for text, word in (("invalid-json", "invalid"), ("{} nonsense", ""), ('{"a": [nope]}', "nope")):
        told = refusal(text).removeprefix("Invalid parameter: FilterPolicy: failed to parse JSON.")
        expected = (
            f" Unrecognized token '{word}': was expecting (JSON String, Number, Array, Object or token 'null', 'true' "
            f"or 'false')\n at {SOURCE}{text.index(word) + len(word) + 1}]"
        )
        assert told == (expected if word else "")
    assert "must be a JSON object" in refusal("[1]")


def test_what_nests_deep_is_too_complex() -> None:
    text = '{"a":' * 900 + '["x"]' + "}" * 900
    with pytest.raises(AwsError, match="Filter policy is too complex"):
        parse_filter_policy(text, BODY)


def test_what_nests_deeper_than_the_parser_goes_is_not_json() -> None:
    with pytest.raises(AwsError, match=r"FilterPolicy: failed to parse JSON\.$"):
        parse_filter_policy("[" * 100_000, BODY)


def test_a_second_line_is_counted() -> None:
    assert refusal('{\n"key": 7}').endswith("line: 2, column: 9]")


def test_nested_keys_are_for_bodies() -> None:
    text = json.dumps({"a": {"b": ["c"]}})
    assert parse_filter_policy(text, BODY) == {"a": {"b": ["c"]}}
    assert refusal(text, ATTRIBUTES) == (
        "Invalid parameter: Filter policy scope MessageAttributes does not support nested filter policy"
    )


def test_five_keys() -> None:
    policy = {f"key{number}": ["x"] for number in range(6)}
    assert refusal(json.dumps(policy)) == (
        "Invalid parameter: FilterPolicy: Filter policy can not have more than 5 keys"
    )
    del policy["key0"]
    assert len(parse_filter_policy(json.dumps(policy), BODY)) == 5


def test_combinations() -> None:
    assert combinations({"a": ["1", "2", "3"], "b": ["1"], "c": ["1", "2"]}) == 6
    # 4 values at depth 3, times 3 at depth 2.
    assert combinations({"a": {"b": {"c": [1, 2, 3, 4]}}, "d": {"e": [1, 2, 3]}}) == 72
    assert combinations({"$or": [{"a": [1, 2]}, {"b": [1, 2, 3]}], "c": [1, 2]}) == 10
    many = {"a": list(range(151))}
    assert refusal(json.dumps(many)) == "Invalid parameter: FilterPolicy: Filter policy is too complex"
    assert parse_filter_policy(json.dumps({"a": list(range(150))}), BODY)


def test_a_filter_policy_may_be_long_but_not_too_long() -> None:
    assert "too long" in refusal(json.dumps({"a": ["x" * 300_000]}))
