"""Attestation documents of Nitro enclaves: what is answered to one only the enclave can read, by the public key in it.

The document is a COSE_Sign1 in CBOR; the answer is CMS EnvelopedData, the content under AES-256-CBC, its key under
RSAES-OAEP with SHA-256. Who signed the document is not looked at: there is no enclave here that AWS would vouch for.
https://docs.aws.amazon.com/kms/latest/developerguide/services-nitro-enclaves.html
https://www.rfc-editor.org/rfc/rfc5652#section-6
"""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping
from typing import Any

from atoll.core.call import Call, Params
from atoll.core.errors import AwsError
from atoll.services.kms.errors import validation

_DEEPEST = 16


def recipient_of(call: Call) -> Any:
    """The public key of the enclave that is to read the answer; None where the caller itself is.

    Raises ValidationException.
    """
    recipient: Mapping[str, Any] | None = call.get("Recipient")
    if recipient is None:
        return None
    if recipient.get("KeyEncryptionAlgorithm", "RSAES_OAEP_SHA_256") != "RSAES_OAEP_SHA_256":
        raise _invalid()
    document = recipient.get("AttestationDocument")
    if not document:
        raise _invalid()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        public = load_der_public_key(_public_key(document))
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _invalid() from None
    if not isinstance(public, RSAPublicKey) or public.key_size < 2048:
        raise _invalid()
    return public


def _invalid() -> AwsError:
    return validation("The attestation document is not valid.")


def give(result: Params, name: str, secret: bytes, recipient: Any) -> None:
    """Puts a secret into an answer: in clear, or for a recipient's eyes only."""
    if recipient is None:
        result[name] = secret
    else:
        result["CiphertextForRecipient"] = _envelop(recipient, secret)


# ---- the document


def _public_key(document: bytes) -> bytes:
    """Raises ValueError."""
    signed = _read(document)
    if not (isinstance(signed, list) and len(signed) == 4 and isinstance(signed[2], bytes)):
        raise ValueError("no COSE_Sign1")
    payload = _read(signed[2])
    key = payload.get("public_key") if isinstance(payload, dict) else None
    if not isinstance(key, bytes):
        raise ValueError("no public key")
    return key


def _read(data: bytes) -> Any:
    value, end = _item(data, 0, 0)
    if end != len(data):
        raise ValueError("more than one item")
    return value


def _item(data: bytes, at: int, depth: int) -> tuple[Any, int]:
    """A CBOR item of definite length, and where it ends. Raises ValueError."""
    if depth > _DEEPEST or at >= len(data):
        raise ValueError("no item")
    kind, detail = data[at] >> 5, data[at] & 31
    at += 1
    if detail < 24:
        number = detail
    elif detail < 28:
        size = 1 << (detail - 24)
        if len(data) < at + size:
            raise ValueError("cut")
        number = int.from_bytes(data[at : at + size], "big")
        at += size
    else:
        raise ValueError("of indefinite length")
    match kind:
        case 0:
            return number, at
        case 1:
            return -1 - number, at
        case 2 | 3:
            content = data[at : at + number]
            if len(content) < number:
                raise ValueError("cut")
            return (content if kind == 2 else content.decode()), at + number
        case 4:
            return _items(data, at, number, depth)
        case 5:
            flat, at = _items(data, at, 2 * number, depth)
            names = flat[::2]
            if not all(isinstance(name, str | int) for name in names):
                raise ValueError("a name that is none")
            return dict(zip(names, flat[1::2], strict=True)), at
        case 6:
            return _item(data, at, depth + 1)
        case _:
            return _simple(detail, number), at


def _items(data: bytes, at: int, count: int, depth: int) -> tuple[list[Any], int]:
    if count > len(data) - at:
        raise ValueError("cut")
    items = []
    for _ in range(count):
        item, at = _item(data, at, depth + 1)
        items.append(item)
    return items, at


def _simple(detail: int, number: int) -> Any:
    if detail == 27:
        [fraction] = struct.unpack(">d", number.to_bytes(8, "big"))
        return fraction
    return {20: False, 21: True}.get(number)


# ---- the envelope

_ENVELOPED = bytes.fromhex("06092a864886f70d010703")
_DATA = bytes.fromhex("06092a864886f70d010701")
_OAEP = bytes.fromhex("06092a864886f70d010107")
_MGF1 = bytes.fromhex("06092a864886f70d010108")
_SHA256 = bytes.fromhex("0609608648016503040201")
_AES_256_CBC = bytes.fromhex("060960864801650304012a")
_VERSION_2 = b"\x02\x01\x02"
_SEQUENCE, _SET, _OCTETS, _NULL = 0x30, 0x31, 0x04, b"\x05\x00"


def _der(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    length = len(content)
    if length < 128:
        return bytes((tag, length)) + content
    digits = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 128 | len(digits))) + digits + content


def _envelop(public: Any, secret: bytes) -> bytes:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.ciphers.modes import CBC
    from cryptography.hazmat.primitives.padding import PKCS7
    from cryptography.x509 import SubjectKeyIdentifier

    key, vector = os.urandom(32), os.urandom(16)
    padder, encryptor = PKCS7(128).padder(), Cipher(AES(key), CBC(vector)).encryptor()
    content = encryptor.update(padder.update(secret) + padder.finalize()) + encryptor.finalize()
    wrapped = public.encrypt(key, OAEP(MGF1(hashes.SHA256()), hashes.SHA256(), None))
    sha256 = _der(_SEQUENCE, _SHA256, _NULL)
    oaep = _der(_SEQUENCE, _der(0xA0, sha256), _der(0xA1, _der(_SEQUENCE, _MGF1, sha256)))
    key_info = _der(
        _SEQUENCE,
        _VERSION_2,
        _der(0x80, SubjectKeyIdentifier.from_public_key(public).digest),
        _der(_SEQUENCE, _OAEP, oaep),
        _der(_OCTETS, wrapped),
    )
    content_info = _der(_SEQUENCE, _DATA, _der(_SEQUENCE, _AES_256_CBC, _der(_OCTETS, vector)), _der(0x80, content))
    enveloped = _der(_SEQUENCE, _VERSION_2, _der(_SET, key_info), content_info)
    return _der(_SEQUENCE, _ENVELOPED, _der(0xA0, enveloped))
