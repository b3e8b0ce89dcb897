"""Which generation of a manifest a declaration is of."""

from __future__ import annotations

from typing import Any

from atoll.control.errors import Conflict
from atoll.index import Declaration


def next_generation(old: Declaration, spec: dict[str, Any], given: int | None) -> tuple[int, int]:
    """The generation, and the last one that a declarer counted: both are `given`, where it is; else one more for
    another spec, which takes no number away from a declarer. Raises Conflict where a declarer has counted further."""
    if given is None:
        return old.generation + (spec != old.spec), old.declared
    if given < old.declared:
        raise Conflict(f"{old.name} was declared by generation {old.declared} already, which is newer")
    return given, given
