"""Private keys: making and reading them, and what is signed and decrypted by them.

A private key is kept as PKCS #8 (DER), a public one is given out as SubjectPublicKeyInfo (DER).
https://docs.aws.amazon.com/kms/latest/developerguide/asymmetric-key-specs.html
"""

from __future__ import annotations

import os
from functools import cache, lru_cache
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, mlkem, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
)

from atoll.services.kms.errors import invalid_ciphertext, validation
from atoll.services.kms.specs import Spec

EXPONENT = 65537
MU = 64
"""Bytes of ML-DSA's message representative."""

_CURVES: dict[str, ec.EllipticCurve] = {
    "ECC_NIST_P256": ec.SECP256R1(),
    "ECC_NIST_P384": ec.SECP384R1(),
    "ECC_NIST_P521": ec.SECP521R1(),
    "ECC_SECG_P256K1": ec.SECP256K1(),
}
_OTHERS: dict[str, Any] = {
    "ECC_NIST_EDWARDS25519": ed25519.Ed25519PrivateKey,
    "ML_DSA_44": mldsa.MLDSA44PrivateKey,
    "ML_DSA_65": mldsa.MLDSA65PrivateKey,
    "ML_DSA_87": mldsa.MLDSA87PrivateKey,
    "ML_KEM_768": mlkem.MLKEM768PrivateKey,
    "ML_KEM_1024": mlkem.MLKEM1024PrivateKey,
}
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "1": hashes.SHA1(),
    "256": hashes.SHA256(),
    "384": hashes.SHA384(),
    "512": hashes.SHA512(),
}


def takes_long(spec: Spec) -> bool:
    """Whether making such a key would hold up the loop: an RSA key takes some tenths of a second."""
    return spec.kind == "rsa"


def make_secret(spec: Spec) -> bytes:
    """New material: random bytes, or a private key."""
    if spec.kind in ("symmetric", "hmac"):
        return os.urandom(spec.size)
    private: Any
    if spec.kind == "rsa":
        private = rsa.generate_private_key(EXPONENT, spec.size)
    elif spec.kind == "ec":
        private = ec.generate_private_key(_CURVES[spec.name])
    else:
        private = _OTHERS[spec.name].generate()
    return export(private)


def export(private: Any) -> bytes:
    exported: bytes = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return exported


def read(secret: bytes) -> Any:
    """A private key that was made here, or checked when it was imported."""
    return load_der_private_key(secret, None, unsafe_skip_rsa_key_validation=True)


def read_foreign(spec: Spec, secret: bytes) -> Any:
    """Somebody's private key, in PKCS #8. Raises ValueError where it is none of that spec.

    https://docs.aws.amazon.com/kms/latest/developerguide/importing-keys-conceptual.html
    """
    if not _is_pkcs8(secret):
        raise ValueError("not PKCS #8")
    try:
        private: Any = load_der_private_key(secret, None)
    except (TypeError, UnsupportedAlgorithm) as error:
        raise ValueError("not a private key") from error
    if spec.kind == "rsa":
        fits = isinstance(private, rsa.RSAPrivateKey) and private.key_size == spec.size
    elif spec.kind == "ec":
        fits = isinstance(private, ec.EllipticCurvePrivateKey) and private.curve.name == _CURVES[spec.name].name
    else:
        fits = isinstance(private, _OTHERS[spec.name])
    if not fits:
        raise ValueError(f"not a key of {spec.name}")
    return private


def _is_pkcs8(der: bytes) -> bool:
    """Whether a version and an algorithm come first, as in no older form of private keys.

    https://www.rfc-editor.org/rfc/rfc5208#section-5
    """
    length = der[1] if len(der) > 1 else 0
    at = 2 + (length & 0x7F if length & 0x80 else 0)
    return der[:1] == b"\x30" and der[at : at + 2] == b"\x02\x01" and der[at + 3 : at + 4] == b"\x30"


def public_bytes(private: Any) -> bytes:
    exported: bytes = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return exported


# ---- signatures


@cache
def _padding(algorithm: str) -> padding.AsymmetricPadding:
    digest = _HASHES[algorithm.rpartition("_")[2]]
    if algorithm.startswith("RSASSA_PSS"):
        return padding.PSS(padding.MGF1(digest), digest.digest_size)
    return padding.PKCS1v15()


@cache
def _hash(algorithm: str, prehashed: bool) -> Any:
    digest = _HASHES[algorithm.rpartition("_")[2]]
    return utils.Prehashed(digest) if prehashed else digest


def check_message(algorithm: str, message_type: str, message: bytes) -> None:
    """Whether the message is of the type that it is said to be, and the algorithm takes that type.

    Raises ValidationException.
    """
    if algorithm == "ML_DSA_SHAKE_256":
        wanted: tuple[str, ...] = ("RAW", "EXTERNAL_MU")
    elif algorithm == "ED25519_SHA_512":
        wanted = ("RAW",)
    elif algorithm == "ED25519_PH_SHA_512":
        wanted = ("DIGEST",)
    else:
        wanted = ("RAW", "DIGEST")
    if message_type not in wanted:
        raise validation(f"Message type {message_type} is incompatible with algorithm {algorithm}.")
    if message_type == "DIGEST" and len(message) != _HASHES[algorithm.rpartition("_")[2]].digest_size:
        raise validation(f"Digest is invalid length for algorithm {algorithm}.")
    if message_type == "EXTERNAL_MU" and len(message) != MU:
        raise validation(f"External mu is invalid length for algorithm {algorithm}.")


def sign(private: Any, algorithm: str, message_type: str, message: bytes) -> bytes:
    prehashed = message_type == "DIGEST"
    signature: bytes
    if algorithm.startswith("RSASSA"):
        signature = private.sign(message, _padding(algorithm), _hash(algorithm, prehashed))
    elif algorithm.startswith("ECDSA"):
        signature = private.sign(message, ec.ECDSA(_hash(algorithm, prehashed)))
    elif algorithm == "ED25519_PH_SHA_512":
        signature = _prehashed_ed25519(export(private)).sign(_prehashed(message))
    elif message_type == "EXTERNAL_MU":
        signature = private.sign_mu(message)
    else:
        signature = private.sign(message)
    return signature


def verifies(private: Any, algorithm: str, message_type: str, message: bytes, signature: bytes) -> bool:
    public = private.public_key()
    prehashed = message_type == "DIGEST"
    try:
        if algorithm.startswith("RSASSA"):
            public.verify(signature, message, _padding(algorithm), _hash(algorithm, prehashed))
        elif algorithm.startswith("ECDSA"):
            public.verify(signature, message, ec.ECDSA(_hash(algorithm, prehashed)))
        elif algorithm == "ED25519_PH_SHA_512":
            _prehashed_ed25519(export(private)).verify(_prehashed(message), signature)
        elif message_type == "EXTERNAL_MU":
            public.verify_mu(signature, message)
        else:
            public.verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


@lru_cache(maxsize=64)
def _prehashed_ed25519(secret: bytes) -> Any:
    """Ed25519ph, which `cryptography` has not."""
    from Crypto.PublicKey import ECC
    from Crypto.Signature import eddsa

    return eddsa.new(ECC.import_key(secret), "rfc8032")


def _prehashed(digest: bytes) -> Any:
    """A digest that was made elsewhere, in the form that pycryptodome takes."""
    from Crypto.Hash import SHA512

    class Made(SHA512.SHA512Hash):
        def digest(self) -> bytes:
            return digest

    return Made(b"", None)


# ---- encryption and agreement


@cache
def _oaep(algorithm: str) -> padding.OAEP:
    digest = _HASHES[algorithm.rpartition("_")[2]]
    return padding.OAEP(padding.MGF1(digest), digest, None)


def check_length(spec: Spec, algorithm: str, plaintext: bytes) -> None:
    """Raises ValidationException where it is longer than RSA with OAEP takes."""
    most = spec.size // 8 - 2 * _HASHES[algorithm.rpartition("_")[2]].digest_size - 2
    if len(plaintext) > most:
        raise validation(
            f"Algorithm {algorithm} and key spec {spec.name} cannot encrypt data larger than {most} bytes."
        )


def encrypt(private: Any, algorithm: str, plaintext: bytes) -> bytes:
    ciphertext: bytes = private.public_key().encrypt(plaintext, _oaep(algorithm))
    return ciphertext


def decrypt(private: Any, algorithm: str, ciphertext: bytes) -> bytes:
    """Raises InvalidCiphertextException."""
    try:
        plaintext: bytes = private.decrypt(ciphertext, _oaep(algorithm))
    except ValueError:
        raise invalid_ciphertext() from None
    return plaintext


def agree(private: Any, peer: bytes) -> bytes:
    """The secret that a private key on a curve shares with whoever has the public key. Raises ValidationException."""
    try:
        public = load_der_public_key(peer)
        if not isinstance(public, ec.EllipticCurvePublicKey) or public.curve.name != private.curve.name:
            raise ValueError("another curve")
        shared: bytes = private.exchange(ec.ECDH(), public)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise validation("The public key is not valid for the key spec of the KMS key.") from None
    return shared


def encapsulate(private: Any) -> tuple[bytes, bytes]:
    """A shared secret, and it encapsulated."""
    secret, ciphertext = private.public_key().encapsulate()
    return secret, ciphertext


def decapsulate(private: Any, ciphertext: bytes) -> bytes:
    """Raises InvalidCiphertextException where it has not the length that the spec has."""
    try:
        secret: bytes = private.decapsulate(ciphertext)
    except ValueError:
        raise invalid_ciphertext() from None
    return secret
