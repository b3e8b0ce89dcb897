"""Whole numbers in texts that anybody sends."""

from __future__ import annotations

MOST_DIGITS = 15


def read_whole(text: str) -> int | None:
    """The number that ASCII digits say; None where there is anything else, or more digits than any number here has
    (which Python would not read, nor SQLite keep)."""
    return int(text) if len(text) <= MOST_DIGITS and text.isascii() and text.isdecimal() else None
