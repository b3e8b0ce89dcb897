"""Which generation of a manifest a declaration is of."""

from __future__ import annotations

from typing import Any

from atoll.control.errors import Conflict
from atoll.index import Declaration


def next_generation(old: Declaration, spec: dict[str, Any], given: int | None) -> int:
    """That of the declarer, who counts changes, where it is `given`; else one more for another spec. Raises Conflict
    where a newer one was declared."""
    if given is None:
        return old.generation + (spec != old.spec)
    if given < old.generation:
        raise Conflict(f"{old.name} was declared by generation {old.generation} already, which is newer")
    return given
