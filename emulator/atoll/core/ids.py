"""Random identifiers and nonces, from a pool of the system's randomness, since one system call each would be felt."""

from __future__ import annotations

import os
import struct

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


_UUID = struct.Struct("8s4s4s4s12s")
_RANDOM_BITS = int("ffffffffffff0fff3fffffffffffffff" * (_POOL // 16), 16)
_FIXED_BITS = int("00000000000040008000000000000000" * (_POOL // 16), 16)
"""Version and variant. https://www.rfc-editor.org/rfc/rfc9562#section-5.4"""
_ready: list[str] = []
"""UUIDs made ahead: many at a time cost a third."""
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_ready.clear)


def uuid4() -> str:
    """A random UUID, version 4, as text."""
    if not _ready:
        bits = int.from_bytes(os.urandom(_POOL), "big") & _RANDOM_BITS | _FIXED_BITS
        digits = bits.to_bytes(_POOL, "big").hex().encode()
        _ready.extend(b"-".join(groups).decode() for groups in _UUID.iter_unpack(digits))
    return _ready.pop()
