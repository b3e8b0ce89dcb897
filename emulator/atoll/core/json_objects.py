"""Texts that are to be JSON objects: policies, filters, structured messages."""

from __future__ import annotations

from typing import Any

import orjson


def read_object(text: str) -> dict[str, Any] | None:
    """None where the text is not a JSON object."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None
