"""Parameters held against the model's constraints, in the words of AWS's own front end.

    1 validation error detected: Value null at 'roleArn' failed to satisfy constraint: Member must not be null

All that is wrong is said at once. Compiled once per shape into closures; a shape without constraints costs nothing.

https://smithy.io/2.0/spec/constraint-traits.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import inf, nan
from typing import Any

from atoll.core.call import Params
from atoll.core.errors import AwsError
from atoll.wire.model import Member, Operation, Shape
from atoll.wire.wording import Violation, Wording, wording_of

Check = Callable[[Any, str, list[Violation]], None]
"""Adds what is wrong with a value, which stands at a path, to a list."""
Scalar = Callable[[Any], Iterable[str]]
"""The constraints that a value violates."""

_KEY = "validate"
_WITHIN = "validate within"
_NOT_NULL = "Member must not be null"


def validate(operation: Operation, params: Params) -> None:
    """Raises AwsError, with the code and words that AWS's front end has for the operation's service."""
    run = operation.compiled.get(_KEY)
    if run is None:
        run = operation.compiled[_KEY] = _compile(operation)
    run(params)


def _compile(operation: Operation) -> Callable[[Params], None]:
    wording = wording_of(operation.service)
    shape = operation.input
    if shape is None:
        return _nothing
    if wording.missing_only:
        return _missing(shape, wording)
    check = _structure(shape, body_only=True) if wording.body_only else _check_of(shape)
    if check is None:
        return _nothing

    def run(params: Params) -> None:
        violations: list[Violation] = []
        check(params, "", violations)
        if violations:
            raise wording.error(violations)

    return run


def _nothing(params: Params) -> None:
    pass


def _missing(shape: Shape, wording: Wording) -> Callable[[Params], None]:
    """EC2 names the first parameter that lacks, and leaves all else to the operation."""
    required = [member for name, member in shape.members.items() if name in shape.required]

    def run(params: Params) -> None:
        for member in required:
            if member.name not in params:
                raise AwsError("MissingParameter", f"The request must contain the parameter {_parameter(member)}")

    return run


def _parameter(member: Member) -> str:
    if member.query_name:
        return member.query_name
    name = member.wire_name
    return name[:1].upper() + name[1:]


def _check_of(shape: Shape) -> Check | None:
    """What checks values of `shape`; None where there is nothing to be checked, in it or below."""
    own = _scalar(shape)
    within = _within(shape)
    if own is None or within is None:
        return own or within

    def check(value: Any, path: str, found: list[Violation]) -> None:
        own(value, path, found)
        within(value, path, found)

    return check


def _within(shape: Shape) -> Check | None:
    """What checks what is in values of `shape`, not how many there are of it."""
    build = _BUILDERS.get(shape.type)
    if build is None or shape.document:
        return None
    if _WITHIN not in shape.compiled:
        # Shapes may hold themselves: while this one is compiled, it is known by a check that finds the finished one.
        shape.compiled[_WITHIN] = lambda value, path, found: shape.compiled[_WITHIN](value, path, found)
        shape.compiled[_WITHIN] = build(shape)
    finished: Check | None = shape.compiled[_WITHIN]
    return finished


def _structure(shape: Shape, *, body_only: bool = False) -> Check | None:
    members: list[tuple[str, str, bool, bool, Check | None]] = []

    def check(value: Any, path: str, found: list[Violation]) -> None:
        for name, step, required, sensitive, inner in members:
            given = value.get(name)
            if given is not None:
                if inner is not None:
                    inner(given, f"{path}.{step}" if path else step, found)
            elif required:
                found.append(Violation(f"{path}.{step}" if path else step, None, (_NOT_NULL,), sensitive, shape))

    for name, member in shape.members.items():
        if body_only and member.location:
            continue
        inner = None if member.jsonvalue else _check_of(member.shape)
        required = name in shape.required
        if inner is not None or required:
            # Members are called as Java's beans call them, with a small letter first.
            members.append((name, name[:1].lower() + name[1:], required, member.shape.sensitive, inner))
    return check if members else None


def _scalar(shape: Shape) -> Check | None:
    violated = _constraints(shape)
    if violated is None:
        return None
    sensitive = shape.sensitive

    def check(value: Any, path: str, found: list[Violation]) -> None:
        if wrong := violated(value):
            found.extend(Violation(path, value, (constraint,), sensitive, shape) for constraint in wrong)

    if not _is_counted(shape) or shape.pattern or shape.enum or shape.min is None or shape.max is None:
        return check
    least, most = shape.min, shape.max

    def check_length(value: Any, path: str, found: list[Violation]) -> None:
        """The same, for the most usual of constraints."""
        try:
            if least <= len(value) <= most:
                return
        except TypeError:
            return  # It is streamed: nobody knows its length yet.
        check(value, path, found)

    return check_length


def _list(shape: Shape) -> Check | None:
    member = shape.member
    assert member is not None
    of_item = _constraints(member.shape)
    every = all_constraints(member.shape)
    below = _within(member.shape)
    if of_item is None and below is None:
        return None

    def check(value: Any, path: str, found: list[Violation]) -> None:
        if of_item is not None and any(item is None or of_item(item) for item in value):
            found.append(Violation(path, value, every, shape.sensitive, shape, "item"))
        if below is not None:
            for number, item in enumerate(value, 1):
                if item is not None:
                    below(item, f"{path}.{number}.member", found)

    return check


def _map(shape: Shape) -> Check | None:
    assert shape.key is not None
    assert shape.value is not None
    of_key = _constraints(shape.key.shape)
    of_value = _constraints(shape.value.shape)
    below = _within(shape.value.shape)
    if of_key is None and of_value is None and below is None:
        return None
    every_key, every_value = all_constraints(shape.key.shape), all_constraints(shape.value.shape)

    def check(value: Any, path: str, found: list[Violation]) -> None:
        if of_key is not None and any(of_key(key) for key in value):
            found.append(Violation(path, value, every_key, shape.sensitive, shape, "key"))
        if of_value is not None and any(item is not None and of_value(item) for item in value.values()):
            found.append(Violation(path, value, every_value, shape.sensitive, shape, "value"))
        if below is not None:
            for key, item in value.items():
                if item is not None:
                    below(item, f"{path}.{key}.member", found)

    return check


_BUILDERS: dict[str, Callable[[Shape], Check | None]] = {"structure": _structure, "list": _list, "map": _map}


def _constraints(shape: Shape) -> Scalar | None:
    """What a value of `shape` itself violates, not what is in it. None where the shape has no constraints."""
    if shape.type == "structure" or shape.document:
        return None
    least = -inf if shape.min is None else shape.min
    most = inf if shape.max is None else shape.max
    allowed = frozenset(shape.enum)
    matches = _matcher(shape.pattern) if shape.pattern and not allowed else None
    if shape.min is None and shape.max is None and matches is None and not allowed:
        return None
    no_pattern, no_enum = pattern_text(shape), enum_text(shape)
    too_small, too_large = least_text(shape), most_text(shape)
    size_of = _size_of(shape)

    def violated(value: Any) -> Iterable[str]:
        if allowed:
            return () if value in allowed else (no_enum,)
        size = size_of(value)
        if least <= size <= most and (matches is None or matches(value)):
            return ()
        found = []
        if matches is not None and not matches(value):
            found.append(no_pattern)
        if size < least:
            found.append(too_small)
        if size > most:
            found.append(too_large)
        return found

    return violated


def _matcher(pattern: str) -> Callable[[str], object] | None:
    # Imported when a pattern is first asked for: a start has no time for it.
    from atoll.wire.patterns import matcher

    return matcher(pattern)


def _size_of(shape: Shape) -> Callable[[Any], float]:
    if shape.type == "blob":
        # Of one that is streamed nobody knows yet.
        return lambda value: len(value) if isinstance(value, bytes) else nan
    return len if _is_counted(shape) else _itself


def _itself(value: float) -> float:
    return value


def _is_counted(shape: Shape) -> bool:
    return shape.type in ("string", "blob", "list", "map")


def all_constraints(shape: Shape) -> tuple[str, ...]:
    """Every constraint of `shape`, in the order in which AWS lists those of a list's items."""
    found = []
    if shape.max is not None:
        found.append(most_text(shape))
    if shape.min is not None:
        found.append(least_text(shape))
    if shape.enum:
        found.append(enum_text(shape))
    elif shape.pattern:
        found.append(pattern_text(shape))
    return tuple(found)


def _measure(shape: Shape) -> str:
    return "length" if _is_counted(shape) else "value"


def _bound(shape: Shape, bound: float | None) -> str:
    if bound is None:
        return ""
    return str(float(bound)) if shape.type in ("float", "double") else str(int(bound))


def least_text(shape: Shape) -> str:
    return f"Member must have {_measure(shape)} greater than or equal to {_bound(shape, shape.min)}"


def most_text(shape: Shape) -> str:
    return f"Member must have {_measure(shape)} less than or equal to {_bound(shape, shape.max)}"


def enum_text(shape: Shape) -> str:
    return f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"


def pattern_text(shape: Shape) -> str:
    return f"Member must satisfy regular expression pattern: {shape.pattern}"
