"""Durations as Go writes them."""

from __future__ import annotations

import pytest
from atoll.manifests.durations import PATTERN, parse_duration, render_duration
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1h30m", 5400),
        ("200ms", 0.2),
        ("1.5h", 5400),
        ("90s", 90),
        ("1us", 1e-6),
        ("1µs", 1e-6),
        ("5ns", 5e-9),
        ("0s", 0),
        ("0", 0),
        (".5h", 1800),
        ("5.s", 5),
        ("1\u03bcs", 1e-6),
    ],
)
def test_what_is_one(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "1", "h", "-1h", "+1h", "1 h", "1d", "1h ", "1h\n", ".h", "00", "1e3s", "９s"])
def test_what_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration"):
        parse_duration(text)


def test_go_counts_in_64_bits() -> None:
    assert parse_duration("2562047h") > 0
    with pytest.raises(ValueError, match="longer than a duration can be"):
        parse_duration("2562048h")


@given(st.integers(0, 10**15))
def test_what_is_rendered_is_read(nanoseconds: int) -> None:
    text = render_duration(nanoseconds / 1e9)
    assert parse_duration(text) == pytest.approx(nanoseconds / 1e9)


@pytest.mark.parametrize(
    ("seconds", "text"), [(5400, "1h30m"), (0.2, "200ms"), (0, "0s"), (61.5, "61500ms"), (3600, "1h")]
)
def test_rendering(seconds: float, text: str) -> None:
    assert render_duration(seconds) == text


def test_the_crds_allow_what_is_parsed() -> None:
    from atoll.manifests.crds import schema

    found: list[str] = []

    def look(node: object) -> None:
        if isinstance(node, dict):
            if "|ms|" in str(node.get("pattern", "")):
                found.append(node["pattern"])
            for each in node.values():
                look(each)

    look(schema("Account"))
    look(schema("Region"))
    assert found == [PATTERN] * 4
