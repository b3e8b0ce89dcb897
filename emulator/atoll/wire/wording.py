"""In which words, and by which code, a service tells its caller that parameters violate constraints.

Most of AWS's services share one front end and differ in the code, and in whether they show the value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from atoll.core.errors import AwsError
from atoll.wire.model import Service, Shape

MOST_ERRORS = 10
"""Told at once."""
LONGEST_SHOWN = 16_384
"""Characters of a value that are shown. AWS shows all of it (2,049 were tried)."""

Where = Literal["self", "item", "key", "value"]
_OF_COLLECTION: dict[Where, str] = {
    "item": "Member must satisfy constraint: [{}]",
    "key": "Map keys must satisfy constraint: [{}]",
    "value": "Map value must satisfy constraint: [{}]",
}


@dataclass(frozen=True, slots=True)
class Violation:
    """What is wrong at `path`. `shape` is the value's, or the structure's that lacks it; `where` says whether it is the
    value itself, or what is in it."""

    path: str
    value: Any
    constraints: tuple[str, ...]
    sensitive: bool
    shape: Shape
    where: Where = "self"


@dataclass(frozen=True, slots=True)
class Wording:
    code: str
    shows_values: bool = True
    items_not_null: bool = False
    """Whether what is wrong with an item is told with `Member must not be null`."""
    message: str = ""
    """Said instead of all that is wrong."""
    missing_only: bool = False
    body_only: bool = False
    """Whether what comes in headers and query is the operations' to check."""

    def error(self, violations: list[Violation]) -> AwsError:
        if self.message:
            return AwsError(self.code, self.message)
        told = violations[:MOST_ERRORS]
        noun = "error" if len(told) == 1 else "errors"
        return AwsError(
            self.code, f"{len(told)} validation {noun} detected: {'; '.join(self._told(each) for each in told)}"
        )

    def _told(self, violation: Violation) -> str:
        constraints = violation.constraints
        if violation.where == "self":
            constraint = constraints[0]
        else:
            if violation.where == "item" and self.items_not_null:
                constraints = (*constraints, "Member must not be null")
            constraint = _OF_COLLECTION[violation.where].format(", ".join(constraints))
        shown = f"Value {_quoted(violation)} at" if self.shows_values and not violation.sensitive else "Value at"
        return f"{shown} '{violation.path}' failed to satisfy constraint: {constraint}"


_BY_PROTOCOL = {
    "query": Wording("ValidationError"),
    "rest-xml": Wording("ValidationError"),
    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
    "ec2": Wording("MissingParameter", missing_only=True),
}
_DEFAULT = Wording("ValidationException")
_BY_SERVICE = {
    "cognito-idp": Wording("InvalidParameterException"),
    "iam": Wording("ValidationError", shows_values=False),
    "lambda": Wording("ValidationException", items_not_null=True),
    "logs": Wording("InvalidParameterException"),
    # https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
    "s3": Wording(
        "MalformedXML",
        message="The XML you provided was not well-formed or did not validate against our published schema",
        body_only=True,
    ),
    "sesv2": Wording("BadRequestException", shows_values=False),
}


def wording_of(service: Service) -> Wording:
    return _BY_SERVICE.get(service.name) or _BY_PROTOCOL.get(service.protocols[0], _DEFAULT)


def _quoted(violation: Violation) -> str:
    if violation.value is None:
        return "null"
    return f"'{_as_java(violation.value, violation.shape, LONGEST_SHOWN)}'"


def _as_java(value: Any, shape: Shape | None, most: int) -> str:
    """A value as Java's `toString` has it, at most so many characters of it."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return value[:most]
        case bytes():
            return f"java.nio.HeapByteBuffer[pos=0 lim={len(value)} cap={len(value)}]"
        case list():
            item = shape.member.shape if shape is not None and shape.member is not None else None
            return f"[{_joined([('', each, item) for each in value], most)}]"
        case dict() if shape is not None and shape.type == "structure":
            members: list[tuple[str, Any, Shape | None]] = [
                (f"{name[:1].lower()}{name[1:]}=", value.get(name), member.shape)
                for name, member in shape.members.items()
            ]
            return f"{shape.name}({_joined(members, most)})"
        case dict():
            inner = shape.value.shape if shape is not None and shape.value is not None else None
            return f"{{{_joined([(f'{key}=', each, inner) for key, each in value.items()], most)}}}"
    return str(value)


def _joined(parts: list[tuple[str, Any, Shape | None]], most: int) -> str:
    texts: list[str] = []
    for before, value, shape in parts:
        if most <= 0:
            break
        texts.append(before[:most] + _as_java(value, shape, most))
        most -= len(texts[-1]) + 2
    return ", ".join(texts)
