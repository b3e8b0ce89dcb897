"""Caches whose size is bounded, and how often they had what was looked for."""

from __future__ import annotations

from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Lookups:
    __slots__ = ("hits", "misses")

    def __init__(self) -> None:
        self.hits = 0
        self.misses = 0


def keep(cache: dict[K, V], key: K, value: V, most: int) -> None:
    """Emptied first where `most` are in it: what is still needed comes back by itself."""
    if len(cache) >= most:
        cache.clear()
    cache[key] = value
