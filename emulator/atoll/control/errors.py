"""What the control API refuses, with the HTTP status that says so."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self


class Refused(Exception):
    """`title` is the same for all of a kind, `detail` says what it is here and what to do about it. `problems` are
    (path, value, reason) of a manifest.

    https://www.rfc-editor.org/rfc/rfc9457
    """

    status = 400
    title = "The request is not valid"

    def __init__(self, detail: str, problems: Iterable[tuple[str, str, str]] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.problems = tuple(problems)


class NotThere(Refused):
    status = 404
    title = "There is no such thing"


class Conflict(Refused):
    status = 409
    title = "It does not go together with what is there"


class Invalid(Refused):
    status = 422
    title = "What is declared is not valid"

    @classmethod
    def because(cls, problems: Iterable[tuple[str, str, str]]) -> Self:
        """Its detail says them all."""
        problems = list(problems)
        return cls("; ".join(f"{path}: {value} {reason}".strip() for path, value, reason in problems), problems)


class BadSnapshot(Invalid):
    title = "The snapshot cannot be loaded"


class NeedsToken(Refused):
    status = 401
    title = "A token is needed"


class NotReady(Refused):
    status = 503
    title = "It cannot be done now"
