"""Pages of a list, and the token that leads to the next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import orjson

from atoll.core.page_tokens import Listing
from atoll.services.secretsmanager.errors import invalid_next_token

T = TypeVar("T")
Place = list[Any]
"""Where an item stands in its list: what it is sorted by, unique to it."""


def page(
    items: Sequence[T],
    place_of: Callable[[T], Place],
    most: int,
    token: str | None,
    of: Listing,
    *,
    descending: bool = False,
) -> tuple[list[T], str | None]:
    """At most so many items behind the place that the token names, and the token of the next page. Raises
    InvalidNextTokenException."""
    ordered = sorted(items, key=place_of, reverse=descending)
    if token is not None:
        after = read_token(token, of)
        try:
            ordered = [item for item in ordered if (place_of(item) < after if descending else place_of(item) > after)]
        except TypeError:
            raise invalid_next_token() from None
    found = ordered[:most]
    return found, write_token(place_of(found[-1]), of) if len(ordered) > most else None


def write_token(place: Place, of: Listing) -> str:
    """The token of what stands behind this place of a listing."""
    return of.token(orjson.dumps(place).decode())


def _is_part(value: object) -> bool:
    """Whether it may stand in a place: a text or a number that the database can compare with."""
    if isinstance(value, int):
        return abs(value) < 1 << 63
    return isinstance(value, str | float)


def read_token(token: str, of: Listing) -> Place:
    """The place, where the token is of that listing. Raises InvalidNextTokenException."""
    try:
        found = orjson.loads(of.place(token) or "")
    except ValueError:
        raise invalid_next_token() from None
    if not isinstance(found, list) or not found or not all(map(_is_part, found)):
        raise invalid_next_token()
    return found
