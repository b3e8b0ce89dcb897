"""Pages of lists, and the markers between them.

https://docs.aws.amazon.com/kms/latest/APIReference/API_ListKeys.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from atoll.core.call import Call, Params
from atoll.core.page_tokens import Listing
from atoll.services.kms.errors import invalid_marker
from atoll.services.kms.keys import Key

T = TypeVar("T")


class Page:
    """What a call asks for: at most `limit` of a list, from behind `after` on ("" at the beginning).

    A marker is good for the operation, the key and the parameters that it was given for, whatever names the key.
    """

    def __init__(self, call: Call, default: int, most: int = 1000, *, key: Key | None = None) -> None:
        """Raises InvalidMarkerException."""
        named = ("Limit", "Marker") if key is None else ("Limit", "Marker", "KeyId")
        others = {name: value for name, value in call.params.items() if name not in named and value is not None}
        whose = call.owner if key is None else key.arn
        self._listing = Listing(call.operation, whose, sorted(others.items()))
        self.limit = min(call.get("Limit") or default, most)
        marker: str | None = call.get("Marker")
        self.after = ""
        if marker is not None:
            after = self._listing.place(marker)
            if after is None:
                raise invalid_marker()
            self.after = after

    def show(self, member: str, found: Sequence[T], key: Callable[[T], str], show: Callable[[T], Any]) -> Params:
        """The answer, from what was found, of which one more than `limit` was looked for."""
        page = found[: self.limit]
        truncated = len(found) > self.limit
        result: Params = {member: [show(each) for each in page], "Truncated": truncated}
        if truncated:
            result["NextMarker"] = self._listing.token(key(page[-1]))
        return result
