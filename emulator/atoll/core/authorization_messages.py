"""Encoded authorization messages: why a call was refused, for those only who may decode it.

A service that refuses a call puts one into its message; STS's DecodeAuthorizationMessage opens it.
https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html
"""

from __future__ import annotations

import zlib

from atoll.core.sealing import NotSealedHere, Sealer

_PURPOSE = "authorization message"
_LARGEST = 1 << 18
_ACCOUNT = 12


def seal_message(sealer: Sealer, account: str, message: str) -> str:
    """`message`, in JSON, for the eyes of `account`."""
    return sealer.seal(_PURPOSE, account.encode() + zlib.compress(message.encode()))


def open_message(sealer: Sealer, account: str, text: str) -> str:
    """The message that `seal_message` made for the account. Raises NotSealedHere."""
    content = sealer.open(_PURPOSE, text)
    if content[:_ACCOUNT] != account.encode():
        raise NotSealedHere
    return zlib.decompressobj().decompress(content[_ACCOUNT:], _LARGEST).decode()
