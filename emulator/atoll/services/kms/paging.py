"""Pages of lists, and the markers between them.

https://docs.aws.amazon.com/kms/latest/APIReference/API_ListKeys.html
"""

from __future__ import annotations

from binascii import Error, a2b_base64, b2a_base64
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from atoll.core.call import Call, Params
from atoll.services.kms.errors import invalid_marker

T = TypeVar("T")


def start_of(call: Call, default: int, most: int = 1000) -> tuple[str, int]:
    """After what to go on ("" at the beginning), and how many are asked for. Raises InvalidMarkerException."""
    limit = min(call.get("Limit") or default, most)
    marker: str | None = call.get("Marker")
    if marker is None:
        return "", limit
    try:
        version, _, last = a2b_base64(marker, strict_mode=True).decode().partition(":")
    except (Error, ValueError):
        version = last = ""
    if version != "1" or not last:
        raise invalid_marker()
    return last, limit


def page_of(member: str, found: Sequence[T], limit: int, key: Callable[[T], str], show: Callable[[T], Any]) -> Params:
    """A page of at most `limit`, of which one more was looked for."""
    page = found[:limit]
    result: Params = {member: [show(each) for each in page], "Truncated": len(found) > limit}
    if len(found) > limit:
        result["NextMarker"] = b2a_base64(f"1:{key(page[-1])}".encode(), newline=False).decode()
    return result
