"""Pages of lists: a hundred at a time, with a token that says where to go on.

https://docs.aws.amazon.com/sns/latest/api/API_ListTopics.html
"""

from __future__ import annotations

from collections.abc import Sequence

from atoll.core.call import Call
from atoll.core.digits import read_whole
from atoll.core.errors import AwsError
from atoll.core.page_tokens import Listing
from atoll.services.sns.errors import invalid_parameter

PAGE = 100


class Page:
    """What a call asks for: `limit` of a list, from behind `after` on ("" at the beginning)."""

    __slots__ = ("_listing", "_parameter", "after", "limit")

    def __init__(self, call: Call, *of: object, limit: int = PAGE, parameter: str = "NextToken") -> None:
        """Of the caller's own resources, or those of what `of` tells. Raises InvalidParameterException."""
        self._listing = Listing(call.operation, call.owner, *of)
        self._parameter = parameter
        self.limit = limit
        token: str | None = call.get(parameter)
        after = self._listing.place(token) if token else ""
        if after is None:
            raise self._invalid()
        self.after = after

    @property
    def after_number(self) -> int:
        """Where places are numbers, from 1 on. Raises InvalidParameterException."""
        number = read_whole(self.after or "0")
        if number is None:
            raise self._invalid()
        return number

    def _invalid(self) -> AwsError:
        return invalid_parameter(f"{self._parameter} Reason: Invalid token")

    def token(self, places: Sequence[str | int]) -> str | None:
        """Of the next page, given the places of what was found, of which one more than `limit` was looked for."""
        return self._listing.token(str(places[self.limit - 1])) if len(places) > self.limit else None
