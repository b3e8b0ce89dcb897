"""Key specs: what each is for and which algorithms it has.

https://docs.aws.amazon.com/kms/latest/developerguide/symm-asymm-choose-key-spec.html
"""

from __future__ import annotations

from dataclasses import dataclass

from atoll.services.kms.errors import unsupported, validation

SYMMETRIC = "SYMMETRIC_DEFAULT"
ENCRYPT, SIGN, MAC = "ENCRYPT_DECRYPT", "SIGN_VERIFY", "GENERATE_VERIFY_MAC"
AGREE, ENCAPSULATE = "KEY_AGREEMENT", "ENCAPSULATE_DECAPSULATE"

MEMBERS = {
    ENCRYPT: "EncryptionAlgorithms",
    SIGN: "SigningAlgorithms",
    MAC: "MacAlgorithms",
    AGREE: "KeyAgreementAlgorithms",
    ENCAPSULATE: "EncapsulationAlgorithms",
}
"""Under which name a key's algorithms are shown, by its usage."""


@dataclass(frozen=True)
class Spec:
    """`algorithms` by usage. `size` is the modulus' bits of RSA, the bytes of a key that is random bytes, the bytes of
    a coordinate of a curve."""

    name: str
    kind: str
    size: int
    algorithms: dict[str, tuple[str, ...]]


_RSA = {
    ENCRYPT: ("RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"),
    SIGN: (
        "RSASSA_PKCS1_V1_5_SHA_256",
        "RSASSA_PKCS1_V1_5_SHA_384",
        "RSASSA_PKCS1_V1_5_SHA_512",
        "RSASSA_PSS_SHA_256",
        "RSASSA_PSS_SHA_384",
        "RSASSA_PSS_SHA_512",
    ),
}

SPECS = {
    spec.name: spec
    for spec in (
        Spec(SYMMETRIC, "symmetric", 32, {ENCRYPT: (SYMMETRIC,)}),
        *(Spec(f"RSA_{bits}", "rsa", bits, _RSA) for bits in (2048, 3072, 4096)),
        *(
            Spec(f"ECC_NIST_P{bits}", "ec", size, {SIGN: (f"ECDSA_SHA_{digest}",), AGREE: ("ECDH",)})
            for bits, size, digest in ((256, 32, 256), (384, 48, 384), (521, 66, 512))
        ),
        Spec("ECC_SECG_P256K1", "ec", 32, {SIGN: ("ECDSA_SHA_256",)}),
        Spec("ECC_NIST_EDWARDS25519", "ed25519", 32, {SIGN: ("ED25519_SHA_512", "ED25519_PH_SHA_512")}),
        *(Spec(f"HMAC_{bits}", "hmac", bits // 8, {MAC: (f"HMAC_SHA_{bits}",)}) for bits in (224, 256, 384, 512)),
        *(Spec(f"ML_DSA_{level}", "ml-dsa", 0, {SIGN: ("ML_DSA_SHAKE_256",)}) for level in (44, 65, 87)),
        *(Spec(f"ML_KEM_{level}", "ml-kem", 0, {ENCAPSULATE: ("ML_KEM",)}) for level in (768, 1024)),
    )
}

ABSENT = frozenset(("SM2", "ML_KEM_512"))
"""SM2 is of AWS's regions in China only; ML-KEM-512 is in no library that Atoll has."""


def spec_named(name: str) -> Spec:
    """Raises UnsupportedOperationException for one that AWS has and Atoll has not."""
    if name in ABSENT:
        raise unsupported(f"KeySpec {name} is not supported in this Region.")
    return SPECS[name]


def check_usage(spec: Spec, usage: str | None) -> str:
    """A key's usage. Raises ValidationException."""
    if usage is None:
        if spec.name != SYMMETRIC:
            raise validation("You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.")
        return ENCRYPT
    if usage not in spec.algorithms:
        raise validation(f"KeyUsage {usage} is not compatible with KeySpec {spec.name}")
    return usage
