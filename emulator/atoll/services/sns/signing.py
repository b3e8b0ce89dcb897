"""Signatures of messages, by a key and a certificate that follow from the realm's own key.

So they are the same after every restart and at every gateway. Deriving the key takes part of a second: that is done off
the loop, once a realm.

https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
"""

from __future__ import annotations

from base64 import b64encode
from functools import lru_cache
from typing import TYPE_CHECKING

from atoll.core.bounded import keep
from atoll.core.derived_keys import rsa_key
from atoll.core.sealing import derive
from atoll.index import Realm

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

PATH = "/_aws/sns/SimpleNotificationService-"
_MOST_KEYS = 1000
_keys: dict[bytes, RSAPrivateKey] = {}


def certificate_url(base: str, realm: Realm) -> str:
    """In the certificate's name are the bytes of the realm's, as hexadecimal digits."""
    return f"{base}{PATH}{realm.name.encode().hex()}.pem"


def is_ready(realm: Realm) -> bool:
    """Whether the realm's key has been derived."""
    return realm.sealing_key in _keys


def prepare(realm: Realm) -> RSAPrivateKey:
    """Derives the realm's key; on any thread."""
    key = _keys.get(realm.sealing_key)
    if key is None:
        key = rsa_key(derive(realm.sealing_key, "key that signs messages of SNS"))
        keep(_keys, realm.sealing_key, key, _MOST_KEYS)
    return key


def sign(realm: Realm, text: str, version: str) -> str:
    """Base64 of the signature of `text`, by SHA-1 (version 1) or SHA-256 (version 2)."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    digest = hashes.SHA256() if version == "2" else hashes.SHA1()
    signature = prepare(realm).sign(text.encode(), padding.PKCS1v15(), digest)
    return b64encode(signature).decode("ascii")


@lru_cache(maxsize=64)
def certificate(name: str, sealing_key: bytes) -> bytes:
    """PEM of the realm's certificate."""
    from datetime import UTC, datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.x509.oid import NameOID

    key = prepare(Realm(name, False, sealing_key))
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Atoll"),
        ]
    )
    serial = int.from_bytes(derive(sealing_key, "serial number of SNS's certificate")[:16], "big") >> 1
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(serial or 1)
        # The same whenever it is made.
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2120, 1, 1, tzinfo=UTC))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)
