"""Access keys that Atoll issues: LKIA for long-term ones, LSIA for temporary ones, each with its account within.

The account stands in a key the way AWS puts it into AKIA and ASIA keys, so that a key says whose it is to whoever
finds it, and so that only what has the form of an issued key is ever looked up.
"""

from __future__ import annotations

import os
import re
from base64 import b32encode, b64encode
from functools import lru_cache

LONG_TERM = "LKIA"
TEMPORARY = "LSIA"
AWS_LONG_TERM = "AKIA"
AWS_TEMPORARY = "ASIA"

_LENGTH = 20
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_VALUE = {character: value for value, character in enumerate(_ALPHABET)}
_OFFSET = 1 << 39
_LARGEST_ACCOUNT = 10**12 - 1
_ACCOUNT = re.compile(r"[0-9]{12}")
_ISSUED = re.compile(r"L[KS]IA[A-Z2-7]{16}")


def make_key_id(prefix: str, account: str) -> str:
    """A new key id of 20 characters with `account` within. Raises ValueError where that is not 12 digits."""
    if not is_account_id(account):
        raise ValueError(f"{account!r} is not a 12-digit account id")
    half, odd = divmod(int(account), 2)
    carried = b32encode((half + _OFFSET).to_bytes(5, "big")).decode("ascii")
    noise = os.urandom(8)
    return prefix + carried + _ALPHABET[noise[0] % 16 + 16 * odd] + "".join(_ALPHABET[byte % 32] for byte in noise[1:])


def make_secret() -> str:
    """A new secret access key: 40 characters, as AWS's are, of 240 random bits."""
    return b64encode(os.urandom(30)).decode("ascii")


@lru_cache(maxsize=4096)
def account_of(key_id: str) -> str | None:
    """The account that a key of 20 characters or more carries, whatever its prefix, or None where it carries none."""
    if len(key_id) < _LENGTH:
        return None
    half = 0
    for character in key_id[4:12]:
        value = _VALUE.get(character)
        if value is None:
            return None
        half = half << 5 | value
    last = _VALUE.get(key_id[12])
    account = 2 * (half - _OFFSET) + (last is not None and last >= 16)
    return f"{account:012d}" if 0 <= account <= _LARGEST_ACCOUNT else None


def is_issued_form(key_id: str) -> bool:
    """Whether Atoll may have issued the key."""
    return _ISSUED.fullmatch(key_id) is not None


def is_account_id(text: str) -> bool:
    """Whether `text` is exactly 12 digits (ASCII ones)."""
    return _ACCOUNT.fullmatch(text) is not None
