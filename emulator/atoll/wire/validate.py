"""Parameters held against the model's constraints, in the words of AWS's own front end.

    1 validation error detected: Value null at 'roleArn' failed to satisfy constraint: Member must not be null

All that is wrong is said at once, up to ten things. Compiled once per shape into closures.
https://smithy.io/2.0/spec/constraint-traits.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from atoll.core.call import Params
from atoll.core.errors import AwsError
from atoll.wire.model import Operation, Shape

_Check = Callable[[Any, str], Iterator[str]]

MOST_ERRORS = 10
LONGEST_SHOWN = 1024
_LONGEST_MATCHED = 16_384
"""Characters of a value that are held against a pattern: longer ones fail by their length, or are let pass."""


def validate(operation: Operation, params: Params) -> None:
    """Raises AwsError, with the code that the operation's protocol has for it."""
    check = operation.compiled.get("validate")
    if check is None:
        check = operation.compiled["validate"] = _compile_operation(operation)
    check(params)


def _compile_operation(operation: Operation) -> Callable[[Params], None]:
    shape = operation.input
    if shape is None:
        return lambda params: None
    protocol = operation.service.protocols[0]
    if protocol == "ec2":
        return _ec2_check(shape)
    code = "ValidationException" if protocol in ("json", "rest-json") else "ValidationError"
    check = _structure(shape)

    def run(params: Params) -> None:
        problems: list[str] = []
        for problem in check(params, ""):
            problems.append(problem)
            if len(problems) == MOST_ERRORS:
                break
        if problems:
            noun = "error" if len(problems) == 1 else "errors"
            raise AwsError(code, f"{len(problems)} validation {noun} detected: {'; '.join(problems)}")

    return run


def _ec2_check(shape: Shape) -> Callable[[Params], None]:
    """EC2 names the first parameter that lacks, as it is called on the wire, and leaves the rest to the operation.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
    """
    required = [name for name in shape.members if name in shape.required]

    def run(params: Params) -> None:
        for name in required:
            if name not in params:
                raise AwsError("MissingParameter", f"The request must contain the parameter {name}")

    return run


@cache
def _check_of(shape: Shape) -> _Check | None:
    """None where a shape has nothing to be held against."""
    match shape.type:
        case "structure":
            return lambda value, path: _structure(shape)(value, path)
        case "list":
            return _list(shape)
        case "map":
            return _map(shape)
        case "string":
            return _string(shape)
        case "integer" | "long" | "float" | "double":
            return _range(shape)
        case "blob":
            return _length(shape)
    return None


@cache
def _structure(shape: Shape) -> _Check:
    members = [(name, name in shape.required, _lazy(member.shape)) for name, member in shape.members.items()]

    def check(value: Any, path: str) -> Iterator[str]:
        if not isinstance(value, dict):
            return
        for name, required, checks in members:
            given = value.get(name)
            if given is None:
                if required:
                    yield _problem("null", _join(path, name), "Member must not be null")
            elif (inner := checks()) is not None:
                yield from inner(given, _join(path, name))

    return check


def _lazy(shape: Shape) -> Callable[[], _Check | None]:
    """Shapes may hold themselves, so they are compiled when a value comes."""
    return lambda: _check_of(shape)


def _list(shape: Shape) -> _Check:
    length = _length(shape)
    member = None if shape.member is None else _lazy(shape.member.shape)

    def check(value: Any, path: str) -> Iterator[str]:
        if length is not None:
            yield from length(value, path)
        inner = None if member is None else member()
        if inner is not None and isinstance(value, list):
            for number, item in enumerate(value, 1):
                yield from inner(item, f"{path}.{number}.member")

    return check


def _map(shape: Shape) -> _Check:
    length = _length(shape)
    key = None if shape.key is None else _lazy(shape.key.shape)
    member = None if shape.value is None else _lazy(shape.value.shape)

    def check(value: Any, path: str) -> Iterator[str]:
        if length is not None:
            yield from length(value, path)
        if not isinstance(value, dict):
            return
        of_key, of_value = (None if each is None else each() for each in (key, member))
        for name, item in value.items():
            if of_key is not None:
                yield from of_key(name, f"{path}.{name}.key")
            if of_value is not None:
                yield from of_value(item, f"{path}.{name}.member")

    return check


def _string(shape: Shape) -> _Check | None:
    length = _length(shape)
    pattern = _pattern(shape.pattern)
    allowed = frozenset(shape.enum or ())
    if length is None and pattern is None and not allowed:
        return None
    listed = f"Member must satisfy enum value set: [{', '.join(shape.enum or ())}]"
    described = f"Member must satisfy regular expression pattern: {shape.pattern}"

    def check(value: Any, path: str) -> Iterator[str]:
        if length is not None:
            yield from length(value, path)
        if allowed and value not in allowed:
            yield _problem(_shown(value), path, listed)
        if pattern is not None and len(value) <= _LONGEST_MATCHED and not pattern.fullmatch(value):
            yield _problem(_shown(value), path, described)

    return check


def _length(shape: Shape) -> _Check | None:
    least, most = shape.min, shape.max
    if least is None and most is None:
        return None

    def check(value: Any, path: str) -> Iterator[str]:
        if not hasattr(value, "__len__"):
            return
        if most is not None and len(value) > most:
            yield _problem(_shown(value), path, f"Member must have length less than or equal to {most:.0f}")
        if least is not None and len(value) < least:
            yield _problem(_shown(value), path, f"Member must have length greater than or equal to {least:.0f}")

    return check


def _range(shape: Shape) -> _Check | None:
    least, most = shape.min, shape.max
    if least is None and most is None:
        return None

    def check(value: Any, path: str) -> Iterator[str]:
        if most is not None and value > most:
            yield _problem(_shown(value), path, f"Member must have value less than or equal to {most:.0f}")
        if least is not None and value < least:
            yield _problem(_shown(value), path, f"Member must have value greater than or equal to {least:.0f}")

    return check


_POSIX = {
    r"\p{L}": r"[^\W\d_]",
    r"\p{N}": r"\d",
    r"\p{Alnum}": "[A-Za-z0-9]",
    r"\p{Alpha}": "[A-Za-z]",
    r"\p{Digit}": "[0-9]",
}


def _pattern(text: str | None) -> re.Pattern[str] | None:
    """The pattern, which the models write in Java's dialect; None for those that Python has no equal of.

    Repetitions within repetitions may take exponential time on a value made for it, so they are left to the service.
    """
    if text is None or re.search(r"[+*}]\)[+*{]", text):
        return None
    for java, python in _POSIX.items():
        text = text.replace(f"[{java}]", python).replace(
            java, python.strip("[]") if python.startswith("[A") else python
        )
    if r"\p{" in text:
        return None
    try:
        return re.compile(text)
    except re.error:
        return None


def _join(path: str, name: str) -> str:
    """Members are called as Java's beans call them, with a small letter first."""
    lowered = name[:1].lower() + name[1:]
    return f"{path}.{lowered}" if path else lowered


def _shown(value: Any) -> str:
    if isinstance(value, bytes):
        return f"'java.nio.HeapByteBuffer[pos=0 lim={len(value)} cap={len(value)}]'"
    if isinstance(value, bool):
        return f"'{str(value).lower()}'"
    text = f"[{', '.join(map(str, value))}]" if isinstance(value, list) else str(value)
    return f"'{text[:LONGEST_SHOWN]}'"


def _problem(value: str, path: str, constraint: str) -> str:
    return f"Value {value} at '{path}' failed to satisfy constraint: {constraint}"
