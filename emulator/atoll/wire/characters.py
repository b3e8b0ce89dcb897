"""Sets of characters, as ranges of code points: Unicode's categories and the named classes of Java's expressions.

https://docs.oracle.com/en/java/javase/21/docs/api/java.base/java/util/regex/Pattern.html#ubpc
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import cache

Ranges = tuple[tuple[int, int], ...]
"""First and last code points, in order and apart."""

_LAST = 0x10FFFF
_SCANNED = (range(0x32400), range(0xE0000, 0xE0200))
"""Where code points are assigned; what lies beyond is for private use, of category C as the unassigned."""


def normalised(ranges: Iterable[tuple[int, int]]) -> Ranges:
    merged: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = merged[-1][0], max(high, merged[-1][1])
        else:
            merged.append((low, high))
    return tuple(merged)


def complement(ranges: Ranges) -> Ranges:
    gaps = []
    start = 0
    for low, high in ranges:
        if low > start:
            gaps.append((start, low - 1))
        start = high + 1
    if start <= _LAST:
        gaps.append((start, _LAST))
    return tuple(gaps)


def intersection(left: Ranges, right: Ranges) -> Ranges:
    return complement(normalised((*complement(left), *complement(right))))


def both_cases(ranges: Ranges) -> Ranges:
    """With the other case of ASCII's letters, as Java's `(?i)` has it."""
    added = list(ranges)
    for letters, offset in (((65, 90), 32), ((97, 122), -32)):
        added.extend((low + offset, high + offset) for low, high in intersection(ranges, (letters,)))
    return normalised(added)


def _of(text: str) -> Ranges:
    return normalised((ord(char), ord(char)) for char in text)


ALL: Ranges = ((0, _LAST),)
DIGITS: Ranges = ((48, 57),)
WORD: Ranges = ((48, 57), (65, 90), (95, 95), (97, 122))
SPACE = _of("\t\n\x0b\f\r ")
HORIZONTAL_SPACE = normalised((*_of("\t \xa0\u1680\u180e\u202f\u205f\u3000"), (0x2000, 0x200A)))
NO_LINE_END = complement(_of("\n\r\x85\u2028\u2029"))
_ALPHA: Ranges = ((65, 90), (97, 122))
_PUNCTUATION: Ranges = ((33, 47), (58, 64), (91, 96), (123, 126))

_POSIX: dict[str, Ranges] = {
    "all": ALL,
    "ASCII": ((0, 127),),
    "Alnum": normalised((*_ALPHA, *DIGITS)),
    "Alpha": _ALPHA,
    "Blank": _of("\t "),
    "Cntrl": ((0, 31), (127, 127)),
    "Digit": DIGITS,
    "Graph": ((33, 126),),
    "Lower": ((97, 122),),
    "Print": ((32, 126),),
    "Punct": _PUNCTUATION,
    "Space": SPACE,
    "Upper": ((65, 90),),
    "XDigit": ((48, 57), (65, 70), (97, 102)),
}
_UNIONS = {
    "LD": ("L", "Nd"),
    "IsAlphabetic": ("L", "Nl"),
    "IsLetter": ("L",),
    "IsDigit": ("Nd",),
    "IsPunctuation": ("P",),
    "IsWhiteSpace": ("Z",),
    "IsWhitespace": ("Z",),
}
_ASSIGNED = frozenset("LMNPSZ")


@cache
def named(name: str) -> Ranges | None:
    """The set that `\\p{name}` stands for; None where it has no such name."""
    if name in _POSIX:
        return _POSIX[name]
    if name in _UNIONS:
        found = normalised(each for part in _UNIONS[name] for each in named(part) or ())
        return normalised((*found, *SPACE)) if name in ("IsWhiteSpace", "IsWhitespace") else found
    if name == "C":
        return complement(normalised(each for major in _ASSIGNED for each in named(major) or ()))
    categories = [category for category in _categories() if category.startswith(name)] if name else []
    return normalised(each for category in categories for each in _categories()[category]) if categories else None


@cache
def _categories() -> dict[str, Ranges]:
    """Every category's characters. It takes some 20 ms, once, when an expression first asks for one."""
    runs: dict[str, list[tuple[int, int]]] = {}
    category_of = unicodedata.category
    for part in _SCANNED:
        start, current = part.start, ""
        for code in part:
            category = category_of(chr(code))
            if category != current:
                if current:
                    runs.setdefault(current, []).append((start, code - 1))
                start, current = code, category
        runs.setdefault(current, []).append((start, part.stop - 1))
    # Of what was not looked at only the whole of C is told.
    return {category: tuple(ranges) for category, ranges in runs.items() if category not in ("Cn", "Co")}
