"""JSON web tokens, read and written. Reading verifies nothing.

https://www.rfc-editor.org/rfc/rfc7519
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import orjson


class NotJwt(ValueError):
    """The text is not a JSON web token."""


def read_jwt(token: str) -> dict[str, Any]:
    """The claims. Raises NotJwt."""
    parts = token.split(".")
    if len(parts) != 3:
        raise NotJwt
    _read_part(parts[0])
    return _read_part(parts[1])


def _read_part(text: str) -> dict[str, Any]:
    try:
        value = orjson.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError) as error:
        raise NotJwt from error
    if not isinstance(value, dict):
        raise NotJwt
    return value


def encode_base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def encode_part(value: dict[str, Any]) -> str:
    return encode_base64url(orjson.dumps(value))
