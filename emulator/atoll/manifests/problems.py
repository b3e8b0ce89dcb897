"""What is wrong with manifests, each with where it stands."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_LONGEST_VALUE = 80
_LONGEST_NAME = 400


@dataclass(frozen=True)
class Problem:
    """`source` is the file, `document` its number in it from 1 on, `path` the field (`spec.accountId`), empty where it
    is the document as a whole; `value` is what stands there, as YAML would have it."""

    source: str
    document: int
    path: str
    value: str
    reason: str

    def __str__(self) -> str:
        where = f"{plain(self.source)}, document {self.document}"
        if self.path:
            where = f"{where}, {self.path}"
        return f"{where}: {self.value} {self.reason}" if self.value else f"{where}: {self.reason}"


class BadManifests(ValueError):
    """None of the manifests is taken, since these problems were found in them."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


def shown(value: object) -> str:
    """A value as a message has it, not longer than a message may be."""
    text = {"None": "null", "True": "true", "False": "false"}.get(repr(value), repr(value))
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


def nearest(name: str, known: Iterable[str]) -> str:
    """Words that ask whether another name was meant, where one is like it."""
    near = difflib.get_close_matches(name, list(known), 1)
    return f": did you mean {near[0]}?" if near else ""


def plain(text: str) -> str:
    """A name as a message has it: on one line, whatever it is made of, and not longer than a message may be."""
    text = text if text.isprintable() else repr(text)[1:-1]
    return text if len(text) <= _LONGEST_NAME else f"{text[:_LONGEST_NAME]}…"
