"""Key material: which a key has, and the ciphers and private keys that it becomes.

https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id-key-material-id
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from atoll.core.bounded import keep
from atoll.services.kms.ciphertexts import MATERIAL, NONCE, Parts, associated, header_of, new_nonce
from atoll.services.kms.errors import invalid_ciphertext, invalid_state
from atoll.services.kms.keys import Key, forget_keys
from atoll.tenants import Tenant

CURRENT, NON_CURRENT = "CURRENT", "NON_CURRENT"
PENDING_ROTATION = "PENDING_ROTATION"
PENDING_REPLICAS = "PENDING_MULTI_REGION_IMPORT_AND_ROTATION"

PRIVATE = "kms.private"
MAX_PRIVATE = 1000

_COLUMNS = "id, number, secret, state, rotated, rotation, model, expires, description, missing"
_ALL = f"SELECT {_COLUMNS} FROM material WHERE key = ? ORDER BY number"


class Material(NamedTuple):
    """A row. `secret` is None where imported material is not there any more; times are seconds since the epoch."""

    id: str
    number: int
    secret: bytes | None
    state: str
    rotated: float | None = None
    rotation: str | None = None
    model: str | None = None
    expires: float | None = None
    description: str | None = None
    missing: str | None = None


def material_id(key_id: str, secret: bytes) -> str:
    """The same for the same material of the same key: so imported material is known again."""
    return sha256(b"material of " + key_id.encode() + b"\0" + secret).hexdigest()


def materials_of(tenant: Tenant, key_id: str) -> list[Material]:
    """In the order in which they came to the key."""
    return [Material(*row) for row in tenant.rows(_ALL, (key_id,))]


def put_material(tenant: Tenant, key_id: str, material: Material) -> None:
    """Adds it, or puts it in place of what the key has by that id."""
    tenant.execute(
        f"INSERT OR REPLACE INTO material (key, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (key_id, *material),
    )
    forget_keys(tenant)


def current_of(tenant: Tenant, key: Key) -> Material | None:
    return next((each for each in materials_of(tenant, key.id) if each.state == CURRENT), None)


def first_material(key_id: str, secret: bytes) -> Material:
    return Material(material_id(key_id, secret), 1, secret, CURRENT)


# ---- symmetric encryption


def _load(tenant: Tenant, key: Key) -> None:
    for material in materials_of(tenant, key.id):
        if material.secret is not None:
            beginning = bytes.fromhex(material.id[: 2 * MATERIAL])
            key.material_ids[beginning] = material.id
            cipher = key.ciphers[beginning] = AESGCM(material.secret)
            if material.state == CURRENT:
                key.header, key.cipher, key.current_id = header_of(key.id, material.id), cipher, material.id


def seal(tenant: Tenant, key: Key, plaintext: bytes, context: dict[str, str] | None) -> bytes:
    """A ciphertext of the key's current material."""
    cipher = key.cipher
    if cipher is None:
        _load(tenant, key)
        cipher = key.cipher
        if cipher is None:
            raise invalid_state(f"{key.arn} is pending import.")
    header = key.header
    nonce = new_nonce()
    return header + nonce + cipher.encrypt(nonce, plaintext, associated(header, context) if context else header)


def has_material(tenant: Tenant, key: Key, parts: Parts) -> bool:
    """Whether the key has what a ciphertext of its id was encrypted by."""
    if not key.ciphers:
        _load(tenant, key)
    return parts.material in key.ciphers


def unseal(tenant: Tenant, key: Key, blob: bytes, parts: Parts, context: dict[str, str] | None) -> tuple[bytes, str]:
    """The plaintext of a ciphertext of this key, and the id of the material that it was encrypted by.

    Raises InvalidCiphertextException.
    """
    if not key.ciphers:
        _load(tenant, key)
    cipher = key.ciphers.get(parts.material)
    if cipher is None:
        raise invalid_ciphertext()
    at = parts.nonce_at
    header, nonce, sealed = blob[:at], blob[at : at + NONCE], blob[at + NONCE :]
    try:
        plaintext = cipher.decrypt(nonce, sealed, associated(header, context) if context else header)
    except InvalidTag:
        raise invalid_ciphertext() from None
    return plaintext, key.material_ids[parts.material]


# ---- private keys and HMAC keys


def secret_of(tenant: Tenant, key: Key) -> bytes:
    """The bytes of a key that has one material only. Raises KMSInvalidStateException."""
    material = current_of(tenant, key)
    if material is None or material.secret is None:
        raise invalid_state(f"{key.arn} is pending import.")
    return material.secret


def private_key(tenant: Tenant, key: Key) -> Any:
    """The key's private key, read once while the tenant is open. Raises KMSInvalidStateException."""
    if key.private is None:
        from atoll.services.kms.private_keys import read

        known: dict[bytes, Any] = tenant.memory.setdefault(PRIVATE, {})
        secret = secret_of(tenant, key)
        if secret not in known:
            keep(known, secret, read(secret), MAX_PRIVATE)
        key.private = known[secret]
    return key.private


def hmac_key(tenant: Tenant, key: Key) -> bytes:
    if key.private is None:
        key.private = secret_of(tenant, key)
    secret: bytes = key.private
    return secret


def public_key(tenant: Tenant, key: Key) -> bytes:
    if not key.public:
        from atoll.services.kms.private_keys import public_bytes

        key.public = public_bytes(private_key(tenant, key))
    return key.public
