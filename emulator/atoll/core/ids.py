"""Random identifiers and nonces, from a pool of the system's randomness, since one system call each would be felt."""

from __future__ import annotations

import os

_POOL = 4096


class _Pool:
    __slots__ = ("at", "digits")

    def __init__(self) -> None:
        self.at = 0
        self.digits = ""

    def hex(self, length: int) -> str:
        at = self.at
        end = at + length
        if end > len(self.digits):
            self.digits = os.urandom(_POOL).hex()
            at, end = 0, length
        self.at = end
        return self.digits[at:end]


_hex = _Pool().hex
if hasattr(os, "register_at_fork"):
    # A forked child must not draw what its parent draws.
    os.register_at_fork(after_in_child=lambda: globals().__setitem__("_hex", _Pool().hex))


def hex_id(length: int) -> str:
    """`length` random hexadecimal digits, at most 8192."""
    return _hex(length)


class _Bytes:
    __slots__ = ("at", "pool")

    def __init__(self) -> None:
        self.at = 0
        self.pool = b""

    def take(self, length: int) -> bytes:
        at = self.at
        end = at + length
        if end > len(self.pool):
            self.pool = os.urandom(_POOL)
            at, end = 0, length
        self.at = end
        return self.pool[at:end]


_take = _Bytes().take
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: globals().__setitem__("_take", _Bytes().take))


def random_bytes(length: int) -> bytes:
    """`length` random bytes that nobody else is given, at most 4096: for nonces, not for keys."""
    return _take(length)


_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
_ready: list[str] = []
"""UUIDs made ahead: many at a time cost half."""
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_ready.clear)


def uuid4() -> str:
    """A random UUID, version 4, as text."""
    if not _ready:
        digits = os.urandom(_POOL).hex()
        _ready.extend(
            f"{h[:8]}-{h[8:12]}-4{h[13:16]}-{_VARIANT[h[16]]}{h[17:20]}-{h[20:]}"
            for at in range(0, len(digits), 32)
            for h in [digits[at : at + 32]]
        )
    return _ready.pop()
