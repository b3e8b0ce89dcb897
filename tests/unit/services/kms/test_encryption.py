"""Encrypt, Decrypt, ReEncrypt, data keys, random bytes; and what ciphertexts are."""

from __future__ import annotations

from typing import Any

import pytest
from atoll.services.kms.ciphertexts import (
    associated,
    header_of,
    key_of_ciphertext,
    pack_key_id,
    take_apart,
    unpack_key_id,
)
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_der_public_key
from hypothesis import given, settings
from hypothesis import strategies as st

OTHER = ("222222222222", "eu-central-1")
FAR = ("111111111111", "us-east-1")
BOTH = ("222222222222", "us-east-1")
POSITIONS = [("111111111111", "eu-central-1"), OTHER, FAR, BOTH]
INVALID = ("InvalidCiphertextException", "")


def test_what_is_encrypted_is_decrypted_by_whoever_names_the_key_or_nothing(kms: Any) -> None:
    key = kms.key()
    for by in POSITIONS:
        made = kms.call("Encrypt", by, KeyId=kms.arn(key), Plaintext=b"secret")
        assert (made["KeyId"], made["EncryptionAlgorithm"]) == (kms.arn(key), "SYMMETRIC_DEFAULT")
        for reader in POSITIONS:
            for name in ({}, {"KeyId": kms.arn(key)}):
                got = kms.call("Decrypt", reader, CiphertextBlob=made["CiphertextBlob"], **name)
                material = got.pop("KeyMaterialId")
                assert got == {
                    "KeyId": kms.arn(key),
                    "Plaintext": b"secret",
                    "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
                }
                assert material == kms.described(key)["CurrentKeyMaterialId"]


def test_a_bare_id_is_ones_own_whoever_s_the_ciphertext_is(kms: Any) -> None:
    key = kms.key()
    blob = kms.encrypt(key)
    for by in (OTHER, FAR, BOTH):
        assert kms.fails("Decrypt", by, CiphertextBlob=blob, KeyId=key)[0] == "NotFoundException"


def test_another_key_is_not_the_one(kms: Any) -> None:
    blob = kms.encrypt(kms.key())
    said = "The key ID in the request does not identify a CMK that can perform this operation."
    assert kms.fails("Decrypt", CiphertextBlob=blob, KeyId=kms.key()) == ("IncorrectKeyException", said)
    signing = kms.key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    assert kms.fails("Decrypt", CiphertextBlob=blob, KeyId=signing) == ("IncorrectKeyException", said)


def test_the_context_is_bound(kms: Any) -> None:
    key = kms.key()
    blob = kms.encrypt(key, EncryptionContext={"a": "1", "b": "2"})
    assert kms.decrypt(blob, EncryptionContext={"b": "2", "a": "1"}) == b"secret"
    for context in ({}, {"a": "1"}, {"a": "1", "b": "3"}, {"a": "1b2"}, {"A": "1", "b": "2"}):
        assert kms.fails("Decrypt", CiphertextBlob=blob, EncryptionContext=context) == INVALID
    assert kms.fails("Decrypt", CiphertextBlob=blob) == INVALID
    assert kms.decrypt(kms.encrypt(key, EncryptionContext={})) == b"secret"


@pytest.mark.parametrize("reader", [("111111111111", "eu-central-1"), ("222222222222", "us-east-1")])
@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("made", [{}, {"tags": {"_custom_id_": "mine"}}, {"MultiRegion": True}])
def test_what_was_cut_or_changed_is_no_ciphertext(
    kms: Any, made: dict[str, Any], named: bool, reader: tuple[str, str]
) -> None:
    key = kms.key(**made)
    if "MultiRegion" in made:
        kms.call("ReplicateKey", KeyId=key, ReplicaRegion="us-east-1")
    blob = kms.encrypt(key)
    by = {"KeyId": kms.arn(key)} if named else {}
    assert kms.decrypt(blob, reader, **by) == b"secret"
    for end in range(len(blob)):
        assert kms.fails("Decrypt", reader, CiphertextBlob=blob[:end] or b"\0", **by) == INVALID
    for at in range(len(blob)):
        changed = blob[:at] + bytes((blob[at] ^ 1,)) + blob[at + 1 :]
        assert kms.fails("Decrypt", reader, CiphertextBlob=changed, **by) == INVALID, at
    assert kms.fails("Decrypt", reader, CiphertextBlob=blob + b"\0") == INVALID


def test_a_ciphertext_of_nobody_s_key(kms: Any) -> None:
    kms.key()
    blob = header_of("12345678-1234-1234-1234-123456789012", "0" * 64) + b"\0" * 40
    code, said = kms.fails("Decrypt", CiphertextBlob=blob)
    assert code == "AccessDeniedException"
    assert said.startswith("The ciphertext refers to a customer master key that does not exist")


def test_it_does_not_name_its_tenant(kms: Any) -> None:
    blob = kms.encrypt(kms.key())
    for text in (b"111111111111", b"eu-central-1", b"default"):
        assert text not in blob


def test_a_dry_run_says_what_would_be(kms: Any) -> None:
    key = kms.key()
    said = ("DryRunOperationException", "The request would have succeeded, but the DryRun option is set.")
    blob = kms.encrypt(key)
    assert kms.fails("Encrypt", KeyId=key, Plaintext=b"x", DryRun=True) == said
    assert kms.fails("Decrypt", CiphertextBlob=blob, DryRun=True) == said
    assert kms.fails("GenerateDataKey", KeyId=key, KeySpec="AES_128", DryRun=True) == said
    assert kms.fails("GenerateDataKeyPair", KeyId=key, KeyPairSpec="ECC_NIST_P256", DryRun=True) == said
    assert kms.fails("ReEncrypt", CiphertextBlob=blob, DestinationKeyId=key, DryRun=True) == said
    ignoring = {"DryRun": True, "DryRunModifiers": ["IGNORE_CIPHERTEXT"]}
    assert kms.fails("Decrypt", KeyId=key, **ignoring) == said
    assert kms.fails("Decrypt", **ignoring)[0] == "ValidationException"
    assert kms.fails("ReEncrypt", SourceKeyId=key, DestinationKeyId=key, **ignoring) == said
    assert kms.fails("Decrypt", KeyId=key)[0] == "ValidationException"
    kms.call("DisableKey", KeyId=key)
    for operation, params in [("Encrypt", {"KeyId": key, "Plaintext": b"x"}), ("Decrypt", {"CiphertextBlob": blob})]:
        assert kms.fails(operation, **params, DryRun=True)[0] == "DisabledException"


def test_a_grant_token_has_to_be_one(kms: Any) -> None:
    key = kms.key()
    token = kms.call("CreateGrant", KeyId=key, GranteePrincipal="111111111111", Operations=["Encrypt"])["GrantToken"]
    kms.encrypt(key, GrantTokens=[token])
    for wrong in ("x", "ä", token[:-4]):
        assert kms.fails("Encrypt", KeyId=key, Plaintext=b"x", GrantTokens=[wrong])[0] == "InvalidGrantTokenException"


@pytest.mark.parametrize("algorithm", ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"])
def test_asymmetric_encryption(kms: Any, algorithm: str) -> None:
    key = kms.key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")
    blob = kms.encrypt(kms.arn(key), by=BOTH, EncryptionAlgorithm=algorithm)
    assert len(blob) == 256
    assert kms.decrypt(blob, KeyId=key, EncryptionAlgorithm=algorithm) == b"secret"
    most = 214 if algorithm.endswith("_1") else 190
    kms.encrypt(key, b"x" * most, EncryptionAlgorithm=algorithm)
    said = f"Algorithm {algorithm} and key spec RSA_2048 cannot encrypt data larger than {most} bytes."
    assert kms.fails("Encrypt", KeyId=key, Plaintext=b"x" * (most + 1), EncryptionAlgorithm=algorithm) == (
        "ValidationException",
        said,
    )
    changed = {"CiphertextBlob": blob[:-1] + bytes((blob[-1] ^ 1,)), "EncryptionAlgorithm": algorithm}
    assert kms.fails("Decrypt", KeyId=key, **changed) == INVALID
    assert kms.fails("Decrypt", **changed)[0] == "ValidationException"
    context = {"EncryptionContext": {"a": "b"}, "EncryptionAlgorithm": algorithm}
    assert kms.fails("Encrypt", KeyId=key, Plaintext=b"x", **context)[0] == "ValidationException"
    said = "Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048."
    assert kms.fails("Encrypt", KeyId=key, Plaintext=b"x") == ("InvalidKeyUsageException", said)


def test_a_key_does_what_it_is_for(kms: Any) -> None:
    key = kms.key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    said = f"{kms.arn(key)} key usage is SIGN_VERIFY which is not valid for Encrypt."
    assert kms.fails("Encrypt", KeyId=key, Plaintext=b"x") == ("InvalidKeyUsageException", said)
    said = f"{kms.arn(key)} key usage is SIGN_VERIFY which is not valid for GenerateDataKey."
    assert kms.fails("GenerateDataKey", KeyId=key, KeySpec="AES_256") == ("InvalidKeyUsageException", said)


# ---- ReEncrypt


@pytest.mark.parametrize("by", POSITIONS)
@pytest.mark.parametrize("destination", POSITIONS)
def test_re_encrypted_from_anywhere_to_anywhere(kms: Any, by: Any, destination: Any) -> None:
    source, target = kms.key(), kms.key(destination)
    blob = kms.encrypt(source, EncryptionContext={"a": "1"})
    made = kms.call(
        "ReEncrypt",
        by,
        CiphertextBlob=blob,
        SourceEncryptionContext={"a": "1"},
        DestinationKeyId=kms.arn(target, destination),
        DestinationEncryptionContext={"b": "2"},
    )
    assert made["SourceKeyId"] == kms.arn(source)
    assert made["KeyId"] == kms.arn(target, destination)
    assert made["DestinationKeyMaterialId"] == kms.described(target, destination)["CurrentKeyMaterialId"]
    assert kms.call("GetKeyLastUsage", destination, KeyId=target)["KeyLastUsage"]["Operation"] == "ReEncrypt"
    assert kms.decrypt(made["CiphertextBlob"], EncryptionContext={"b": "2"}) == b"secret"


def test_a_bare_destination_is_the_caller_s(kms: Any) -> None:
    source, target = kms.key(), kms.key(BOTH)
    made = kms.call("ReEncrypt", BOTH, CiphertextBlob=kms.encrypt(source), DestinationKeyId=target)
    assert made["KeyId"] == kms.arn(target, BOTH)
    assert kms.fails("ReEncrypt", BOTH, CiphertextBlob=kms.encrypt(source), DestinationKeyId=source)[0] == (
        "NotFoundException"
    )
    theirs = {"SourceKeyId": source, "DestinationKeyId": target}
    assert kms.fails("ReEncrypt", BOTH, CiphertextBlob=kms.encrypt(source), **theirs)[0] == "NotFoundException"


def test_re_encrypted_to_another_kind_of_key(kms: Any) -> None:
    source, target = kms.key(), kms.key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")
    algorithm = "RSAES_OAEP_SHA_256"
    made = kms.call(
        "ReEncrypt",
        CiphertextBlob=kms.encrypt(source),
        DestinationKeyId=target,
        DestinationEncryptionAlgorithm=algorithm,
    )
    back = kms.call(
        "ReEncrypt",
        CiphertextBlob=made["CiphertextBlob"],
        SourceKeyId=target,
        SourceEncryptionAlgorithm=algorithm,
        DestinationKeyId="alias/aws/s3",
    )
    assert kms.decrypt(back["CiphertextBlob"]) == b"secret"


def test_a_destination_that_refuses_makes_it_no_use(kms: Any) -> None:
    source, target = kms.key(), kms.key(BOTH)
    blob = kms.encrypt(source)
    kms.advance(100)
    kms.call("DisableKey", BOTH, KeyId=target)
    to = {"CiphertextBlob": blob, "DestinationKeyId": kms.arn(target, BOTH)}
    said = ("DisabledException", f"{kms.arn(target, BOTH)} is disabled.")
    assert kms.fails("ReEncrypt", **to) == said
    assert kms.fails("ReEncrypt", DryRun=True, **to) == said
    ignoring = {"SourceKeyId": source, "DryRun": True, "DryRunModifiers": ["IGNORE_CIPHERTEXT"]}
    assert kms.fails("ReEncrypt", **ignoring, DestinationKeyId=kms.arn(target, BOTH)) == said
    assert kms.fails("ReEncrypt", GrantTokens=["x"], **to)[0] == "InvalidGrantTokenException"
    assert kms.call("GetKeyLastUsage", KeyId=source)["KeyLastUsage"]["Operation"] == "Encrypt"
    kms.call("EnableKey", BOTH, KeyId=target)
    kms.call("ReEncrypt", **to)
    assert kms.call("GetKeyLastUsage", KeyId=source)["KeyLastUsage"]["Operation"] == "ReEncrypt"


# ---- data keys


@pytest.mark.parametrize(("params", "length"), [({"KeySpec": "AES_128"}, 16), ({"KeySpec": "AES_256"}, 32)])
def test_data_keys(kms: Any, params: Any, length: int) -> None:
    key = kms.key()
    for asked, expected in ((params, length), ({"NumberOfBytes": 1024}, 1024)):
        made = kms.call("GenerateDataKey", BOTH, KeyId=kms.arn(key), EncryptionContext={"a": "1"}, **asked)
        assert len(made["Plaintext"]) == expected
        assert made["KeyId"] == kms.arn(key)
        assert kms.decrypt(made["CiphertextBlob"], EncryptionContext={"a": "1"}) == made["Plaintext"]
        hidden = kms.call("GenerateDataKeyWithoutPlaintext", KeyId=key, **asked)
        assert set(hidden) == {"CiphertextBlob", "KeyId", "KeyMaterialId"}
        assert len(kms.decrypt(hidden["CiphertextBlob"])) == expected


@pytest.mark.parametrize("params", [{}, {"KeySpec": "AES_256", "NumberOfBytes": 32}])
def test_a_data_key_has_one_length(kms: Any, params: Any) -> None:
    said = ("ValidationException", "Please specify either number of bytes or key spec.")
    for operation in ("GenerateDataKey", "GenerateDataKeyWithoutPlaintext"):
        assert kms.fails(operation, KeyId=kms.key(), **params) == said


@pytest.mark.parametrize(
    "spec",
    [
        "RSA_2048",
        "ECC_NIST_P256",
        "ECC_NIST_P384",
        "ECC_NIST_P521",
        "ECC_SECG_P256K1",
        "ECC_NIST_EDWARDS25519",
        "ML_KEM_768",
        "ML_KEM_1024",
    ],
)
def test_data_key_pairs(kms: Any, spec: str) -> None:
    key = kms.key()
    made = kms.call("GenerateDataKeyPair", BOTH, KeyId=kms.arn(key), KeyPairSpec=spec)
    assert (made["KeyId"], made["KeyPairSpec"]) == (kms.arn(key), spec)
    private: Any = load_der_private_key(made["PrivateKeyPlaintext"], None)
    assert private.public_key() == load_der_public_key(made["PublicKey"])
    assert kms.decrypt(made["PrivateKeyCiphertextBlob"]) == made["PrivateKeyPlaintext"]
    hidden = kms.call("GenerateDataKeyPairWithoutPlaintext", KeyId="alias/aws/s3", KeyPairSpec=spec)
    assert "PrivateKeyPlaintext" not in hidden
    load_der_private_key(kms.decrypt(hidden["PrivateKeyCiphertextBlob"]), None)


def test_random_bytes(kms: Any) -> None:
    assert len(kms.call("GenerateRandom", NumberOfBytes=1024)["Plaintext"]) == 1024
    assert kms.fails("GenerateRandom") == ("ValidationException", "NumberOfBytes is required.")


# ---- the form of ciphertexts

IDS = ["12345678-1234-1234-1234-123456789012", "mrk-d3b95762d3b95762d3b95762d3b95762", "my-key", "é", "x" * 128]


@pytest.mark.parametrize("id", IDS)
def test_a_ciphertext_says_whose_it_is(id: str) -> None:
    blob = header_of(id, "ab" * 32) + b"\0" * 28
    assert key_of_ciphertext(blob) == id
    parts = take_apart(blob)
    assert parts is not None
    assert (parts.key_id, parts.material, parts.nonce_at) == (id, b"\xab" * 8, len(blob) - 28)
    assert unpack_key_id(b"??" + pack_key_id(id), 2) == (id, 2 + len(pack_key_id(id)))
    assert take_apart(blob[:-1]) is None


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.binary(max_size=300))
def test_whatever_is_no_ciphertext_is_nobody_s(data: bytes) -> None:
    for blob in (data, b"\x01\x02\x02\x00" + data):
        assert take_apart(blob) is None or len(blob) >= 5 + 1 + 8 + 28
        key_of_ciphertext(blob)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    st.dictionaries(st.text(max_size=5), st.text(max_size=5)), st.dictionaries(st.text(max_size=5), st.text(max_size=5))
)
def test_contexts_that_differ_are_bound_differently(one: dict[str, str], two: dict[str, str]) -> None:
    assert (associated(b"h", one) == associated(b"h", two)) == (one == two)
