"""Patterns in Java's dialect: what they match, which are left out, and that none takes long."""

import re
import time

import pytest
from atoll.wire.model import Service, load
from atoll.wire.patterns import matcher
from hypothesis import given, settings
from hypothesis import strategies as st

SERVICES = [
    "acm",
    "apigateway",
    "cloudformation",
    "cloudwatch",
    "cognito-idp",
    "dynamodb",
    "ec2",
    "ecr",
    "events",
    "iam",
    "kinesis",
    "kms",
    "lambda",
    "logs",
    "rds",
    "route53",
    "s3",
    "secretsmanager",
    "sns",
    "sqs",
    "ssm",
    "stepfunctions",
    "sts",
]
LEFT_OUT = {
    # Looks ahead within repetitions of repetitions.
    "acm": [r"(\*\.)?(((?!-)[A-Za-z0-9-]{0,62}[A-Za-z0-9])\.)+((?!-)[A-Za-z0-9-]{1,62}[A-Za-z0-9])"],
    # Asks for a word's boundary.
    "cloudformation": [r"([a-zA-Z][-a-zA-Z0-9]*)|(arn:\b(aws|aws-us-gov|aws-cn)\b:[-a-zA-Z0-9:/._+]*)"],
    # Asks for what a group matched before.
    "ssm": [
        r"^([\-]?\d{4}(?!\d{2}\b))((-?)((0[1-9]|1[0-2])(\3([12]\d|0[1-9]|3[01]))?|W([0-4]\d|5[0-2])(-?[1-7])?|"
        r"(00[1-9]|0[1-9]\d|[12]\d{2}|3([0-5]\d|6[1-6])))([T\s]((([01]\d|2[0-3])((:?)[0-5]\d)?|24\:?00)"
        r"([\.,]\d(?!:))?)?(\17[0-5]\d([\.,]\d)?)?([zZ]|([\-])([01]\d|2[0-3]):?([0-5]\d)?)?)?)?$"
    ],
}
"""Values are not held against these."""


def patterns(service: Service) -> list[str]:
    shapes = (service.describe_shape(name) for name in service._description["shapes"])
    return sorted({shape["pattern"] for shape in shapes if "pattern" in shape})


def matches(pattern: str, value: str) -> bool:
    match = matcher(pattern)
    assert match is not None
    return bool(match(value))


@pytest.mark.parametrize("name", SERVICES)
def test_every_pattern_can_be_held_against_values_but_those_known(name: str) -> None:
    left_out = [pattern for pattern in patterns(load(name)) if matcher(pattern) is None]
    assert left_out == LEFT_OUT.get(name, [])


@pytest.mark.parametrize("name", SERVICES)
def test_no_pattern_takes_long(name: str) -> None:
    """Values that make a backtracking matcher try every way to split them, and end so that none fits."""
    values = [unit * 400 + "\x00" for unit in ("a", "a-", "0", ":", "/a", " ", "arn:aws:a:", "=A+", ".")]
    for pattern in patterns(load(name)):
        match = matcher(pattern)
        if match is None:
            continue
        started = time.perf_counter()
        for value in values:
            match(value)
        assert time.perf_counter() - started < 2, pattern


@pytest.mark.parametrize(
    ("pattern", "accepted", "refused"),
    [
        (r"[\w+=,.@-]*", ["", "a_b@c"], ["é", "a b", "a\n"]),
        (r"\d{12}", ["123456789012"], ["12345678901", "١٢٣٤٥٦٧٨٩٠١٢"]),
        (r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+", ["Ünï ١ cöde", "a:b/c"], ["", "a!", "a#"]),
        (r"\P{M}+", ["abc"], ["e\u0301"]),
        (r"[\P{C}\s]+", ["a\tb"], ["a\x00", "\ue000", "\U000e0001"]),
        (r"\p{ASCII}{0,4}", ["ab~\x00"], ["é", "abcde"]),
        (r"\p{IsAlphabetic}+", ["aéß"], ["a1"]),
        (r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\t]*", ["a\U0001f600\t"], ["\n", "\x01"]),
        # Java, and so AWS, reads five digits as four and a zero after them.
        (r"[\u0020-\u007E\u10000-\u10FFFF]+", ["abc\u1000"], ["\U0001f600"]),
        (r"[\w- ]*", ["a-b c"], ["a.b"]),
        (r"[a-zA-Z\d-_/]+", ["a-9_/"], ["."]),
        (r"[\p{Print}&&[^|:/]]+", ["ab c"], ["a|b", "a:"]),
        (r"(?i)all|[0-9]{2}", ["ALL", "aLl", "12"], ["1"]),
        (r"(?s).{1,3}", ["a\nb"], ["abcd"]),
        (r".{1,3}", ["abc"], ["a\nb", "a\u2028"]),
        (r"\Asnap-([0-9A-Fa-f]{8}|[0-9A-Fa-f]{17})\z", ["snap-0123abcd"], ["snap-0123abcd\n", "snap-"]),
        (r"$|^[0-9]*x", ["", "12x", "x"], ["12"]),
        (r"^[a-z]+$", ["abc"], ["abc\n", ""]),
        (r"(?!aws:)[a-z:]*", ["a:b", ""], ["aws:b"]),
        (r"[a-zA-Z](?:-?[a-zA-Z0-9]+)*", ["a-b-c1"], ["a--b", "-a", "a-"]),
        (r"([a-z]+-)+\d+", ["us-east-1"], ["us-east-", "us--1"]),
        (r"(a|b)*abb", ["abb", "babaabb"], ["ab", "abba"]),
        (r"(a{2,3}){2}", ["aaaa", "aaaaaa"], ["aaa", "aaaaaaa"]),
        (r"[^\]a\[]+", ["b("], ["a", "]", "["]),
        (r"a\x{62}\x63\t\.", ["abc\t."], ["abc\tx"]),
        (r"(^|/)[a-z]*($|\.)[a-z]*", ["ab", "/ab", "ab.c"], ["a/b", "ab..c"]),
    ],
)
def test_what_a_pattern_matches(pattern: str, accepted: list[str], refused: list[str]) -> None:
    assert [value for value in accepted if not matches(pattern, value)] == []
    assert [value for value in refused if matches(pattern, value)] == []


@pytest.mark.parametrize(
    "pattern",
    ["(", "a)", "[a", "a**", "*", r"\p{Nothing}", r"(a)\1", "a{3,1}", "(?<n>a)", "a\\", "(?", r"\u12", r"\x{"],
)
def test_what_cannot_be_read_is_left_out(pattern: str) -> None:
    assert matcher(pattern) is None


def test_expressions_nested_too_deeply_are_left_out() -> None:
    assert matcher("(" * 500 + ")" * 500) is None
    assert matcher("[" * 500 + "a" + "]" * 500) is None
    assert matcher("((a{1,500}b){1,500}c){1,500}") is None


def test_a_value_too_long_for_an_automaton_is_let_pass() -> None:
    pattern = r"([a-z]{1,500}-){1,3}x"
    assert not matches(pattern, "a" * 600)
    assert matches(pattern, "a" * 10_000)


_atoms = st.sampled_from(["a", "b", "[ab]", "[^a]", ".", "(a|b)", "(ab?)", r"\d"])
_expressions = st.lists(
    st.tuples(_atoms, st.sampled_from(["", "*", "+", "?", "{2}", "{1,3}"])).map("".join), min_size=1, max_size=4
).map("".join)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(
    expression=st.one_of(
        _expressions, st.tuples(_expressions, _expressions).map(lambda pair: f"({pair[0]}|{pair[1]})*")
    ),
    values=st.lists(st.text(alphabet="ab1", max_size=8), max_size=10),
)
def test_automata_agree_with_re(expression: str, values: list[str]) -> None:
    reference = re.compile(expression, re.ASCII)
    for value in values:
        assert matches(expression, value) == (reference.fullmatch(value) is not None), (expression, value)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(st.text(alphabet="ab[](){}*+?|^$\\-&.pLu0,1<=!:i", max_size=20), st.text(max_size=10))
def test_any_text_is_a_pattern_or_left_out(pattern: str, value: str) -> None:
    match = matcher(pattern)
    assert match is None or match(value) in (None, True, False) or match(value)
