"""The key pairs that sign a realm's web identity tokens, derived from the realm's own key.

So they are the same at every gateway and after every restart, with nothing to be kept or handed round, and are as
secret as what they are derived from.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from atoll.core.derived_keys import rsa_key, stream
from atoll.core.sealing import Sealer

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

_P384_ORDER = int(
    "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973", 16
)


def key_id(sealer: Sealer, algorithm: str) -> str:
    return f"{algorithm}-{sealer.derive('id of the key for ' + algorithm).hex()[:16]}"


@lru_cache(maxsize=64)
def es384_key(sealer: Sealer) -> EllipticCurvePrivateKey:
    from cryptography.hazmat.primitives.asymmetric import ec

    # 64 bits more than the order has make every scalar as likely as any other.
    wide = int.from_bytes(next(stream(sealer.derive("key for ES384"), 56)), "big")
    return ec.derive_private_key(wide % (_P384_ORDER - 1) + 1, ec.SECP384R1())


@lru_cache(maxsize=64)
def rs256_key(sealer: Sealer) -> RSAPrivateKey:
    return rsa_key(sealer.derive("key for RS256"))
