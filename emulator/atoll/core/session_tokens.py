"""Temporary credentials: the session is sealed in the token that the caller sends along, so that any gateway knows who
calls without looking it up.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp.html
"""

from __future__ import annotations

import zlib

import msgspec

from atoll.core.access_keys import TEMPORARY, make_key_id, make_secret
from atoll.core.caller import Session
from atoll.core.sealing import NotSealedHere, Sealer

_PURPOSE = "session token"
_LARGEST = 1 << 18


class TemporaryKey(msgspec.Struct, frozen=True):
    """What a session token holds. `principal` and `user_id` are as in `Caller`."""

    key_id: str
    secret: str
    account: str
    principal: str
    user_id: str
    session: Session


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(TemporaryKey).decode


def issue_session(
    sealer: Sealer, account: str, principal: str, user_id: str, session: Session, *, minimum_size: int = 0
) -> tuple[TemporaryKey, str]:
    """New temporary credentials, and their token of at least `minimum_size` characters."""
    key = TemporaryKey(make_key_id(TEMPORARY, account), make_secret(), account, principal, user_id, session)
    content = zlib.compress(_encode(key))
    token = sealer.seal(_PURPOSE, content)
    if len(token) < minimum_size:
        # Base64 makes four characters of three bytes; what stands behind the compressed content is not read.
        token = sealer.seal(_PURPOSE, content + bytes((minimum_size - len(token) + 3) // 4 * 3))
    return key, token


def open_session(sealer: Sealer, token: str) -> TemporaryKey:
    """What `token` holds, expired or not. Raises NotSealedHere."""
    content = sealer.open(_PURPOSE, token)
    try:
        return _decode(zlib.decompressobj().decompress(content, _LARGEST))
    except (zlib.error, msgspec.DecodeError) as error:
        # Sealed by an Atoll whose tokens were made otherwise.
        raise NotSealedHere from error
