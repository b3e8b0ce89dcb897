"""What Encrypt makes: ciphertexts that carry their key's id and their material's, and name no tenant.

    magic (4) | form of the key id (1) | key id | material (8) | checksum (4) | nonce (12) | AES-256-GCM, with its tag

All that stands before the nonce, and the encryption context, is bound to it as associated data. The checksum is of what
stands before it: a key id that was changed is told from one that no key has. A key id is the 16 bytes of a UUID, those
of a multi-Region key's `mrk-…`, or text with its length before it.

https://docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from atoll.core.ids import random_bytes

MAGIC = b"\x01\x02\x02\x00"
UUID, MULTI_REGION, TEXT = b"\x78", b"\x79", b"\x7a"
MATERIAL, CHECKSUM, NONCE, TAG = 8, 4, 12, 16
_FIXED = len(MAGIC) + 1 + 16

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_MULTI_REGION = re.compile(r"mrk-[0-9a-f]{32}")


class Parts(NamedTuple):
    """Of a ciphertext: whose it is, and where its nonce begins."""

    key_id: str
    material: bytes
    nonce_at: int


def pack_key_id(key_id: str) -> bytes:
    """A key's id as ciphertexts and grant tokens carry it."""
    if _UUID.fullmatch(key_id):
        return UUID + bytes.fromhex(key_id.replace("-", ""))
    if _MULTI_REGION.fullmatch(key_id):
        return MULTI_REGION + bytes.fromhex(key_id[4:])
    text = key_id.encode()
    if len(text) > 255:
        raise ValueError("an id has 255 bytes at most")
    return TEXT + bytes((len(text),)) + text


def unpack_key_id(data: bytes, at: int) -> tuple[str, int] | None:
    """The key's id that stands in `data` from `at`, and where it ends; None where none does."""
    form, end = data[at : at + 1], at + 17
    if form == TEXT:
        if len(data) < at + 2:
            return None
        end = at + 2 + data[at + 1]
        text = data[at + 2 : end]
        if len(data) < end or not text:
            return None
        try:
            return text.decode(), end
        except UnicodeDecodeError:
            return None
    if len(data) < end:
        return None
    digits = data[at + 1 : end].hex()
    if form == UUID:
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}", end
    return (f"mrk-{digits}", end) if form == MULTI_REGION else None


def header_of(key_id: str, material_id: str) -> bytes:
    named = MAGIC + pack_key_id(key_id) + bytes.fromhex(material_id[: 2 * MATERIAL])
    return named + _checksum(named)


def _checksum(named: bytes) -> bytes:
    return sha256(named).digest()[:CHECKSUM]


@lru_cache(maxsize=4096)
def _read_header(head: bytes) -> Parts | None:
    found = unpack_key_id(head, len(MAGIC)) if head.startswith(MAGIC) else None
    if found is None:
        return None
    key_id, end = found
    named = head[: end + MATERIAL]
    nonce_at = len(named) + CHECKSUM
    return Parts(key_id, named[end:], nonce_at) if head[len(named) : nonce_at] == _checksum(named) else None


def take_apart(blob: bytes) -> Parts | None:
    """None where it is no ciphertext of KMS's symmetric keys."""
    text = blob[len(MAGIC) : len(MAGIC) + 1] == TEXT
    parts = _read_header(blob[: (6 + 255 if text else _FIXED) + MATERIAL + CHECKSUM])
    return None if parts is None or len(blob) < parts.nonce_at + NONCE + TAG else parts


def key_of_ciphertext(blob: str | bytes) -> str | None:
    """The id of the key that it was encrypted by, for the access table."""
    if not isinstance(blob, bytes):
        return None
    parts = take_apart(blob)
    return None if parts is None else parts.key_id


def associated(header: bytes, context: Mapping[str, str] | None) -> bytes:
    """The header and the context, of which the order means nothing."""
    if not context:
        return header
    parts = [header]
    for name in sorted(context):
        for text in (name.encode(), context[name].encode()):
            parts += (len(text).to_bytes(4, "big"), text)
    return b"".join(parts)


def new_nonce() -> bytes:
    return random_bytes(NONCE)
