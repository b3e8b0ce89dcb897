"""Signatures, MACs, key agreement, key encapsulation: each algorithm of each spec, as others have it too."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pytest
from atoll.services.kms.specs import SPECS
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, mldsa, padding
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

BOTH = ("222222222222", "us-east-1")
SIGNING = [
    (name, algorithm)
    for name, spec in SPECS.items()
    for algorithm in spec.algorithms.get("SIGN_VERIFY", ())
    if name not in ("RSA_3072", "RSA_4096")
]
HASHES: dict[str, Any] = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
INVALID = ("KMSInvalidSignatureException", "")


def digest_of(algorithm: str, message: bytes) -> bytes:
    return hashlib.new(f"sha{algorithm.rpartition('_')[2]}", message).digest()


@pytest.mark.parametrize(("spec", "algorithm"), SIGNING)
def test_signed_and_verified(kms: Any, spec: str, algorithm: str) -> None:
    key = kms.key(KeySpec=spec, KeyUsage="SIGN_VERIFY")
    message = b"message"
    if algorithm == "ED25519_PH_SHA_512":
        given = {"Message": digest_of(algorithm, message), "MessageType": "DIGEST"}
    else:
        given = {"Message": message}
    made = kms.call("Sign", BOTH, KeyId=kms.arn(key), SigningAlgorithm=algorithm, **given)
    assert (made["KeyId"], made["SigningAlgorithm"]) == (kms.arn(key), algorithm)
    signature = made["Signature"]
    verifying = {"KeyId": key, "SigningAlgorithm": algorithm, **given}
    checked = kms.call("Verify", Signature=signature, **verifying)
    assert checked == {"KeyId": kms.arn(key), "SignatureValid": True, "SigningAlgorithm": algorithm}
    for wrong in (signature[:-1], signature[:-1] + bytes((signature[-1] ^ 1,)), b"\xff" * len(signature), b"x"):
        assert kms.fails("Verify", Signature=wrong, **verifying) == INVALID
    other = {**given, "Message": digest_of(algorithm, b"x")} if "MessageType" in given else {"Message": b"x"}
    assert kms.fails("Verify", **{**verifying, **other}, Signature=signature) == INVALID
    if "MessageType" not in given:
        public: Any = load_der_public_key(kms.call("GetPublicKey", KeyId=key)["PublicKey"])
        verify(public, algorithm, signature, message)


def verify(public: Any, algorithm: str, signature: bytes, message: bytes) -> None:
    digest = HASHES.get(algorithm.rpartition("_")[2])
    if algorithm.startswith("RSASSA_PSS"):
        public.verify(signature, message, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
    elif algorithm.startswith("RSASSA"):
        public.verify(signature, message, padding.PKCS1v15(), digest)
    elif algorithm.startswith("ECDSA"):
        public.verify(signature, message, ec.ECDSA(digest))
    else:
        public.verify(signature, message)


@pytest.mark.parametrize(("spec", "algorithm"), [pair for pair in SIGNING if pair[1].startswith(("RSA", "ECDSA"))])
def test_a_digest_is_signed_as_its_message_is(kms: Any, spec: str, algorithm: str) -> None:
    key = kms.key(KeySpec=spec, KeyUsage="SIGN_VERIFY")
    digest = digest_of(algorithm, b"message")
    made = kms.call("Sign", KeyId=key, Message=digest, MessageType="DIGEST", SigningAlgorithm=algorithm)
    verifying = {"KeyId": key, "Signature": made["Signature"], "SigningAlgorithm": algorithm}
    assert kms.call("Verify", Message=b"message", MessageType="RAW", **verifying)["SignatureValid"]
    for operation in ("Sign", "Verify"):
        said = f"Digest is invalid length for algorithm {algorithm}."
        refused = kms.fails(operation, Message=digest[:-1], MessageType="DIGEST", **verifying)
        assert refused == ("ValidationException", said)
        refused = kms.fails(operation, Message=digest, MessageType="EXTERNAL_MU", **verifying)
        assert refused[0] == "ValidationException"


def test_ed25519ph_is_rfc_8032_s(kms: Any) -> None:
    from Crypto.Hash import SHA512
    from Crypto.PublicKey import ECC
    from Crypto.Signature import eddsa

    key = kms.key(KeySpec="ECC_NIST_EDWARDS25519", KeyUsage="SIGN_VERIFY")
    algorithm = "ED25519_PH_SHA_512"
    digest = digest_of(algorithm, b"message")
    made = kms.call("Sign", KeyId=key, Message=digest, MessageType="DIGEST", SigningAlgorithm=algorithm)
    public = ECC.import_key(kms.call("GetPublicKey", KeyId=key)["PublicKey"])
    eddsa.new(public, "rfc8032").verify(SHA512.new(b"message"), made["Signature"])
    for algorithm, kind in (("ED25519_SHA_512", "DIGEST"), ("ED25519_PH_SHA_512", "RAW")):
        said = f"Message type {kind} is incompatible with algorithm {algorithm}."
        refused = kms.fails("Sign", KeyId=key, Message=digest, MessageType=kind, SigningAlgorithm=algorithm)
        assert refused == ("ValidationException", said)


@pytest.mark.parametrize("spec", ["ML_DSA_44", "ML_DSA_65", "ML_DSA_87"])
def test_ml_dsa_takes_what_was_hashed_outside(kms: Any, spec: str) -> None:
    key = kms.key(KeySpec=spec, KeyUsage="SIGN_VERIFY")
    public: Any = load_der_public_key(kms.call("GetPublicKey", KeyId=key)["PublicKey"])
    hasher = mldsa.MLDSAMuHasher(public)
    hasher.update(b"message")
    mu = hasher.finalize()
    params = {"KeyId": key, "SigningAlgorithm": "ML_DSA_SHAKE_256"}
    made = kms.call("Sign", Message=mu, MessageType="EXTERNAL_MU", **params)
    assert kms.call("Verify", Message=b"message", Signature=made["Signature"], **params)["SignatureValid"]
    assert kms.call("Verify", Message=mu, MessageType="EXTERNAL_MU", Signature=made["Signature"], **params)
    assert kms.fails("Sign", Message=mu[1:], MessageType="EXTERNAL_MU", **params)[0] == "ValidationException"
    assert kms.fails("Sign", Message=mu, MessageType="DIGEST", **params)[0] == "ValidationException"


def test_algorithms_that_do_not_go_with_the_key(kms: Any) -> None:
    key = kms.key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    said = "Algorithm ECDSA_SHA_384 is incompatible with key spec ECC_NIST_P256."
    refused = kms.fails("Sign", KeyId=key, Message=b"m", SigningAlgorithm="ECDSA_SHA_384")
    assert refused == ("InvalidKeyUsageException", said)
    mac = kms.key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
    said = f"{kms.arn(mac)} key usage is GENERATE_VERIFY_MAC which is not valid for Sign."
    refused = kms.fails("Sign", KeyId=mac, Message=b"m", SigningAlgorithm="ECDSA_SHA_256")
    assert refused == ("InvalidKeyUsageException", said)
    said = "The request would have succeeded, but the DryRun option is set."
    refused = kms.fails("Sign", KeyId=key, Message=b"m", SigningAlgorithm="ECDSA_SHA_256", DryRun=True)
    assert refused == ("DryRunOperationException", said)


def test_public_keys(kms: Any) -> None:
    key = kms.key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")
    shown = kms.call("GetPublicKey", BOTH, KeyId=kms.arn(key))
    public: Any = load_der_public_key(shown.pop("PublicKey"))
    assert public.key_size == 2048
    assert shown == {
        "KeyId": kms.arn(key),
        "CustomerMasterKeySpec": "RSA_2048",
        "KeySpec": "RSA_2048",
        "KeyUsage": "SIGN_VERIFY",
        "SigningAlgorithms": list(SPECS["RSA_2048"].algorithms["SIGN_VERIFY"]),
    }
    kms.call("DisableKey", KeyId=key)
    assert "PublicKey" in kms.call("GetPublicKey", KeyId=key)
    kms.call("ScheduleKeyDeletion", KeyId=key)
    assert kms.fails("GetPublicKey", KeyId=key)[0] == "KMSInvalidStateException"
    assert kms.fails("GetPublicKey", KeyId=kms.key())[0] == "UnsupportedOperationException"


@pytest.mark.parametrize("bits", [224, 256, 384, 512])
def test_macs(kms: Any, bits: int) -> None:
    key = kms.key(KeySpec=f"HMAC_{bits}", KeyUsage="GENERATE_VERIFY_MAC")
    params = {"KeyId": kms.arn(key), "MacAlgorithm": f"HMAC_SHA_{bits}", "Message": b"m"}
    made = kms.call("GenerateMac", BOTH, **params)
    [(secret,)] = kms.tenant().rows("SELECT secret FROM material")
    assert made["Mac"] == hmac.digest(secret, b"m", f"sha{bits}")
    assert kms.call("VerifyMac", BOTH, Mac=made["Mac"], **params) == {
        "KeyId": kms.arn(key),
        "MacValid": True,
        "MacAlgorithm": f"HMAC_SHA_{bits}",
    }
    for wrong in (b"x", made["Mac"][:-1]):
        assert kms.fails("VerifyMac", Mac=wrong, **params) == ("KMSInvalidMacException", "")
    assert kms.fails("VerifyMac", Mac=made["Mac"], **{**params, "Message": b"n"}) == ("KMSInvalidMacException", "")
    other = "HMAC_SHA_512" if bits != 512 else "HMAC_SHA_224"
    said = f"Algorithm {other} is incompatible with key spec HMAC_{bits}."
    assert kms.fails("GenerateMac", **{**params, "MacAlgorithm": other}) == ("InvalidKeyUsageException", said)
    said = f"{kms.arn(kms.key())} key usage is ENCRYPT_DECRYPT which is not valid for GenerateMac."
    assert kms.fails("GenerateMac", **{**params, "KeyId": kms.key()})[0] == "InvalidKeyUsageException"
    assert kms.fails("GenerateMac", DryRun=True, **params)[0] == "DryRunOperationException"


@pytest.mark.parametrize("spec", ["ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521"])
def test_two_sides_agree(kms: Any, spec: str) -> None:
    params = {"KeySpec": spec, "KeyUsage": "KEY_AGREEMENT"}
    ours, theirs = kms.key(**params), kms.key(BOTH, **params)
    public = {ours: kms.call("GetPublicKey", KeyId=ours), theirs: kms.call("GetPublicKey", BOTH, KeyId=theirs)}
    assert public[ours]["KeyAgreementAlgorithms"] == ["ECDH"]
    agree = {"KeyAgreementAlgorithm": "ECDH"}
    first = kms.call("DeriveSharedSecret", BOTH, KeyId=kms.arn(ours), PublicKey=public[theirs]["PublicKey"], **agree)
    second = kms.call("DeriveSharedSecret", BOTH, KeyId=theirs, PublicKey=public[ours]["PublicKey"], **agree)
    assert first["SharedSecret"] == second["SharedSecret"]
    assert (first["KeyId"], first["KeyOrigin"]) == (kms.arn(ours), "AWS_KMS")
    another = ec.generate_private_key(ec.SECP256K1()).public_key()
    der = another.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    for wrong in (b"x", der):
        assert kms.fails("DeriveSharedSecret", KeyId=ours, PublicKey=wrong, **agree)[0] == "ValidationException"


@pytest.mark.parametrize(("spec", "length"), [("ML_KEM_768", 1088), ("ML_KEM_1024", 1568)])
def test_encapsulated_and_taken_out(kms: Any, spec: str, length: int) -> None:
    key = kms.key(KeySpec=spec, KeyUsage="ENCAPSULATE_DECAPSULATE")
    params = {"KeyId": kms.arn(key), "EncapsulationAlgorithm": "ML_KEM"}
    made = kms.call("Encapsulate", BOTH, **params)
    blob = made["SharedSecretCiphertextBlob"]
    assert (len(made["SharedSecret"]), len(blob)) == (32, length)
    assert kms.call("Decapsulate", BOTH, SharedSecretCiphertextBlob=blob, **params) == {
        "KeyId": kms.arn(key),
        "SharedSecret": made["SharedSecret"],
        "EncapsulationAlgorithm": "ML_KEM",
    }
    secret, outside = load_der_public_key(kms.call("GetPublicKey", KeyId=key)["PublicKey"]).encapsulate()  # type: ignore[union-attr]
    assert kms.call("Decapsulate", SharedSecretCiphertextBlob=outside, **params)["SharedSecret"] == secret
    changed = blob[:-1] + bytes((blob[-1] ^ 1,))
    # Rejected implicitly: another secret, and no error.
    assert kms.call("Decapsulate", SharedSecretCiphertextBlob=changed, **params)["SharedSecret"] != made["SharedSecret"]
    refused = kms.fails("Decapsulate", SharedSecretCiphertextBlob=blob[:-1], **params)
    assert refused == ("InvalidCiphertextException", "")
