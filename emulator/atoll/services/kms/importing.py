"""Imported key material: how it is wrapped on its way, and what becomes of the key when it comes, goes or expires.

https://docs.aws.amazon.com/kms/latest/developerguide/importing-keys.html
"""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from atoll.services.kms.ciphertexts import pack_key_id
from atoll.services.kms.errors import invalid_ciphertext, unsupported, validation
from atoll.services.kms.keys import Key, key_with_id
from atoll.services.kms.later import own_caller
from atoll.services.kms.materials import (
    CURRENT,
    NON_CURRENT,
    PENDING_REPLICAS,
    PENDING_ROTATION,
    Material,
    materials_of,
    put_material,
)
from atoll.services.kms.multi_region import settle_imported, sync_replicas
from atoll.services.kms.specs import SPECS
from atoll.tenants import Tenant

VALID = 24 * 3600.0
"""Seconds that a wrapping key and its token are valid."""
EXPIRY, CLEANUP = "expire", "wrapping"

_MAGIC = b"\x01import"
_TOKEN = 16


class Wrapping(NamedTuple):
    """What a token stands for."""

    key_id: str
    algorithm: str
    private: bytes
    expires: float


WRAPPED_DIRECTLY = frozenset(("symmetric", "hmac", "ec", "ed25519"))
WRAPPED_BY_AES = frozenset(("rsa", "ec", "ed25519"))
"""Which kinds of key material may be wrapped by the RSA key itself, and which by an AES key that it wraps. There are
kinds that cannot be imported at all."""


def check_wrapping(key: Key, algorithm: str, wrapping_spec: str) -> None:
    """What AWS lists as the wrapping algorithms of each key spec. Raises UnsupportedOperationException.

    https://docs.aws.amazon.com/kms/latest/developerguide/importing-keys-get-public-key-and-token.html
    """
    if "SM2PKE" in (algorithm, wrapping_spec) or wrapping_spec == "SM2":
        raise unsupported("SM2 is not supported in this Region.")
    if algorithm == "RSAES_PKCS1_V1_5":
        raise unsupported("The wrapping algorithm RSAES_PKCS1_V1_5 is no longer supported.")
    kind = key.spec.kind
    if kind not in WRAPPED_DIRECTLY | WRAPPED_BY_AES:
        raise unsupported(f"Key material cannot be imported for key spec {key.spec.name}.")
    directly = not algorithm.startswith("RSA_AES_KEY_WRAP")
    too_long = directly and key.spec.name == "ECC_NIST_P521" and wrapping_spec == "RSA_2048"
    if too_long or kind not in (WRAPPED_DIRECTLY if directly else WRAPPED_BY_AES):
        raise unsupported(
            f"The wrapping algorithm {algorithm} with {wrapping_spec} is not supported for key spec {key.spec.name}."
        )


def make_wrapping_key(wrapping_spec: str) -> bytes:
    """Takes some tenths of a second."""
    from atoll.services.kms.private_keys import make_secret

    return make_secret(SPECS[wrapping_spec])


def put_wrapping(tenant: Tenant, key: Key, algorithm: str, private: bytes) -> tuple[bytes, float]:
    """The token, and when it expires."""
    token_id = os.urandom(_TOKEN)
    expires = tenant.now() + VALID
    tenant.execute("INSERT INTO wrapping VALUES (?, ?, ?, ?, ?)", (token_id, key.id, algorithm, private, expires))
    tenant.set_timer("kms", CLEANUP, token_id.hex(), expires + VALID)
    return _MAGIC + token_id + pack_key_id(key.id), expires


def forget_wrapping(tenant: Tenant, key: str) -> None:
    """The timer: so long after its expiry AWS too knows a token no more."""
    tenant.execute("DELETE FROM wrapping WHERE id = ?", (bytes.fromhex(key),))


def find_wrapping(tenant: Tenant, token: bytes) -> Wrapping | None:
    start = len(_MAGIC)
    if not token.startswith(_MAGIC):
        return None
    row = tenant.row(
        "SELECT key, algorithm, private, expires FROM wrapping WHERE id = ?", (token[start : start + _TOKEN],)
    )
    if row is None or token[start + _TOKEN :] != pack_key_id(row[0]):
        return None
    return Wrapping(*row)


def unwrap(wrapping: Wrapping, encrypted: bytes) -> bytes:
    """The material. Raises ValidationException, InvalidCiphertextException."""
    from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap_with_padding

    from atoll.services.kms.private_keys import decrypt, read

    private: Any = read(wrapping.private)
    length = private.key_size // 8
    wraps_aes = wrapping.algorithm.startswith("RSA_AES_KEY_WRAP")
    if not (len(encrypted) > length if wraps_aes else len(encrypted) == length):
        raise validation("Invalid encrypted key size.")
    if not wraps_aes:
        return decrypt(private, wrapping.algorithm, encrypted)
    wrapper = decrypt(private, wrapping.algorithm, encrypted[:length])
    try:
        return aes_key_unwrap_with_padding(wrapper, encrypted[length:])
    except (InvalidUnwrap, ValueError):
        raise invalid_ciphertext() from None


def lose_material(tenant: Tenant, key: Key, material: Material) -> None:
    """It is deleted or has expired: what was never rotated to goes for good, all else waits to be imported again."""
    tenant.set_timer("kms", EXPIRY, timer_key(key.id, material.id), None)
    if material.state in (CURRENT, NON_CURRENT) or key.is_replica:
        put_material(tenant, key.id, material._replace(secret=None, expires=None))
    else:
        tenant.execute("DELETE FROM material WHERE key = ? AND id = ?", (key.id, material.id))
    settle_imported(tenant, key.id)
    changed = key_with_id(tenant, key.id)
    if changed is not None and not changed.is_replica and material.state in (PENDING_ROTATION, PENDING_REPLICAS):
        sync_replicas(tenant, own_caller(tenant), changed)


def timer_key(key_id: str, material_id: str) -> str:
    return f"{material_id}/{key_id}"


def expire(tenant: Tenant, timer: str) -> None:
    """The timer: imported material has reached its ValidTo."""
    material_id, _, key_id = timer.partition("/")
    key = key_with_id(tenant, key_id)
    material = next((each for each in materials_of(tenant, key_id) if each.id == material_id), None)
    if key is None or material is None or material.expires is None or material.expires > tenant.now():
        return
    lose_material(tenant, key, material)
