"""What Atoll hands out and must know again without a look-up (session tokens, authorization messages), sealed by a key
of the realm.

A sealed text is base64 of: magic, version, id of the key, length and name of the realm, nonce, AES-256-GCM of the
content. What stands before the ciphertext is bound to it as associated data. Each purpose has a key of its own, so
what was sealed for one does not open for another.
"""

from __future__ import annotations

import binascii
import hmac
import os
from base64 import b64decode, b64encode
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_MAGIC = b"AtollS"
_VERSION = 1
_KEY_ID = 4
_NONCE = 12
_TAG = 16
_BEFORE_REALM = len(_MAGIC) + 1 + _KEY_ID + 1
_MAGIC_TEXT = b64encode(_MAGIC).decode("ascii")
_LONGEST = 1 << 16


class NotSealedHere(ValueError):
    """The text was not sealed by this realm's key for this purpose, or was changed since."""


class Sealer:
    """Seals and opens for one realm. `key` is the realm's, of any length from 16 bytes."""

    __slots__ = ("_ciphers", "_header", "_key", "realm")

    def __init__(self, realm: str, key: bytes) -> None:
        name = realm.encode()
        if len(key) < 16 or not 0 < len(name) < 256:
            raise ValueError("a realm's sealing key has at least 16 bytes, its name 1 to 255")
        self.realm = realm
        self._key = key
        key_id = derive(key, "id of the sealing key")[:_KEY_ID]
        self._header = _MAGIC + bytes((_VERSION,)) + key_id + bytes((len(name),)) + name
        self._ciphers: dict[str, AESGCM] = {}

    def seal(self, purpose: str, content: bytes) -> str:
        nonce = os.urandom(_NONCE)
        sealed = self._cipher(purpose).encrypt(nonce, content, self._header)
        return b64encode(self._header + nonce + sealed).decode("ascii")

    def open(self, purpose: str, text: str) -> bytes:
        """What was sealed. Raises NotSealedHere."""
        from cryptography.exceptions import InvalidTag

        data = _decode(text)
        start = len(self._header)
        if data is None or not data.startswith(self._header) or len(data) < start + _NONCE + _TAG:
            raise NotSealedHere
        try:
            return self._cipher(purpose).decrypt(data[start : start + _NONCE], data[start + _NONCE :], self._header)
        except InvalidTag:
            raise NotSealedHere from None

    def derive(self, purpose: str) -> bytes:
        """32 secret bytes that are the same wherever the realm's key is the same."""
        return derive(self._key, purpose)

    def _cipher(self, purpose: str) -> AESGCM:
        cipher = self._ciphers.get(purpose)
        if cipher is None:
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM

            cipher = self._ciphers[purpose] = AESGCM(derive(self._key, "sealed " + purpose))
        return cipher


@lru_cache(maxsize=256)
def sealer_of(realm: str, key: bytes) -> Sealer:
    """The realm's sealer, made once."""
    return Sealer(realm, key)


def looks_sealed(text: str) -> bool:
    """Whether the text begins like one that an Atoll sealed, however damaged the rest of it is."""
    return text.startswith(_MAGIC_TEXT)


def sealing_realm(text: str) -> str | None:
    """The realm that a sealed text says it is of, or None where it is no sealed text. It is not opened."""
    if not looks_sealed(text):
        return None
    data = _decode(text)
    if data is None or len(data) < _BEFORE_REALM or data[len(_MAGIC)] != _VERSION:
        return None
    try:
        return data[_BEFORE_REALM : _BEFORE_REALM + data[_BEFORE_REALM - 1]].decode() or None
    except UnicodeDecodeError:
        return None


def derive(key: bytes, purpose: str) -> bytes:
    """32 bytes for `purpose`, by HMAC as a pseudorandom function."""
    return hmac.digest(key, b"atoll " + purpose.encode(), "sha256")


def _decode(text: str) -> bytes | None:
    if len(text) > _LONGEST:
        return None
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
