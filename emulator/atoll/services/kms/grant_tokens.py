"""Grant tokens: they carry their key's id and their grant's, so that RetireGrant finds both by the token alone.

    version (1) | form of the key id, key id | grant id (32) | nonce (16)

https://docs.aws.amazon.com/kms/latest/developerguide/grants.html#grant_token
"""

from __future__ import annotations

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from typing import NamedTuple

from atoll.services.kms.ciphertexts import pack_key_id, unpack_key_id

_VERSION = b"\x01"
_GRANT, _NONCE = 32, 16


class Token(NamedTuple):
    key_id: str
    grant_id: str


def make_token(key_id: str, grant_id: str) -> str:
    """Another one with each call of CreateGrant, as AWS's."""
    content = _VERSION + pack_key_id(key_id) + bytes.fromhex(grant_id) + os.urandom(_NONCE)
    return urlsafe_b64encode(content).decode("ascii").rstrip("=")


def parse_token(text: str) -> Token | None:
    """None where it is none of KMS's tokens."""
    try:
        data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (Error, ValueError):
        return None
    found = unpack_key_id(data, 1) if data[:1] == _VERSION else None
    if found is None or len(data) != found[1] + _GRANT + _NONCE:
        return None
    key_id, end = found
    return Token(key_id, data[end : end + _GRANT].hex())


def key_of_token(text: str | bytes) -> str | None:
    """The id of the key that a token is of, for the access table."""
    token = parse_token(text) if isinstance(text, str) else None
    return None if token is None else token.key_id
