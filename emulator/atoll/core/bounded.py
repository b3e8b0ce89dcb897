"""Caches whose size is bounded."""

from __future__ import annotations

from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


def keep(cache: dict[K, V], key: K, value: V, most: int) -> None:
    """Emptied first where `most` are in it: what is still needed comes back by itself."""
    if len(cache) >= most:
        cache.clear()
    cache[key] = value
