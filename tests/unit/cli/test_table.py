"""Tables, and YAML that every reader takes alike."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from atoll.cli.table import as_yaml, table, text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "-"),
        ("", "-"),
        ([], "-"),
        ({}, "-"),
        ({"team": "a", "b": ""}, "team=a,b="),
        (["a", "b"], "2"),
        (0, "0"),
        (False, "False"),
        ("ü€", "ü€"),
        ("a\x1b[31m\n", r"a\x1b[31m\n"),
        ({"k": "\x07"}, r"k=\x07"),
    ],
)
def test_a_cell(value: Any, expected: str) -> None:
    assert text(value) == expected


def test_columns_are_aligned() -> None:
    items = [{"a": {"b": "x"}, "c": ["y"]}, {"a": None, "c": []}]
    assert list(table({"A": "a.b", "LONG": "c.0"}, items)) == ["A   LONG", "x   y", "-   -"]


@pytest.mark.parametrize("number", ["012345678901", "0o17", "1e3", "0x1F", "1_000", "12:30", "-1", ".5"])
def test_strings_that_look_like_numbers_are_quoted(number: str) -> None:
    assert as_yaml({"a": number}) == f"a: '{number}'\n"


def test_other_strings_are_as_they_were() -> None:
    value = {"a": "1ms", "b": "5%", "c": "true", "d": "x\ny", "e": ["2026-11-25T19:37:13Z"], "f": 1, "g": "ü"}
    assert as_yaml({"a": "1ms", "b": "5%"}) == "a: 1ms\nb: 5%\n"
    assert yaml.safe_load(as_yaml(value)) == value
