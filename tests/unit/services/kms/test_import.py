"""Imported key material: wrapping it, its states, its expiry, its relatives."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.keywrap import aes_key_wrap_with_padding
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_public_key,
)

HERE = ("111111111111", "eu-central-1")
FAR = ("111111111111", "us-east-1")
FOREVER = {"ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}
ALGORITHMS = ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "RSA_AES_KEY_WRAP_SHA_1", "RSA_AES_KEY_WRAP_SHA_256"]


def wrap(public: bytes, algorithm: str, material: bytes) -> bytes:
    digest: Any = hashes.SHA256() if algorithm.endswith("256") else hashes.SHA1()
    oaep = padding.OAEP(padding.MGF1(digest), digest, None)
    key: Any = load_der_public_key(public)
    if not algorithm.startswith("RSA_AES"):
        return bytes(key.encrypt(material, oaep))
    aes = os.urandom(32)
    return bytes(key.encrypt(aes, oaep)) + aes_key_wrap_with_padding(aes, material)


def wrapped(kms: Any, key: str, material: bytes, algorithm: str = "RSAES_OAEP_SHA_256", by: Any = HERE) -> Any:
    given = kms.call("GetParametersForImport", by, KeyId=key, WrappingAlgorithm=algorithm, WrappingKeySpec="RSA_2048")
    assert given["KeyId"] == kms.arn(key, by)
    assert given["ParametersValidTo"] - kms.now() == timedelta(days=1)
    return {
        "KeyId": key,
        "ImportToken": given["ImportToken"],
        "EncryptedKeyMaterial": wrap(given["PublicKey"], algorithm, material),
    }


def imported(kms: Any, key: str, material: bytes, by: Any = HERE, **params: Any) -> str:
    made = kms.call("ImportKeyMaterial", by, **wrapped(kms, key, material, by=by), **{**FOREVER, **params})
    assert made["KeyId"] == kms.arn(key, by)
    return str(made["KeyMaterialId"])


@pytest.mark.parametrize("algorithm", ALGORITHMS[:2])
def test_a_key_is_usable_once_its_material_is_there(kms: Any, algorithm: str) -> None:
    key = kms.key(Origin="EXTERNAL")
    shown = kms.described(key)
    assert (shown["KeyState"], shown["Enabled"], shown["Origin"]) == ("PendingImport", False, "EXTERNAL")
    assert not {"ExpirationModel", "ValidTo", "CurrentKeyMaterialId"} & set(shown)
    said = ("KMSInvalidStateException", f"{kms.arn(key)} is pending import.")
    assert kms.fails("Encrypt", KeyId=key, Plaintext=b"x") == said
    assert kms.fails("EnableKey", KeyId=key) == said
    kms.call("ImportKeyMaterial", **wrapped(kms, key, b"m" * 32, algorithm), **FOREVER)
    shown = kms.described(key)
    assert (shown["KeyState"], shown["ExpirationModel"]) == ("Enabled", "KEY_MATERIAL_DOES_NOT_EXPIRE")
    assert kms.decrypt(kms.encrypt(key)) == b"secret"


def test_deleted_and_imported_again(kms: Any) -> None:
    key = kms.key(Origin="EXTERNAL")
    id = imported(kms, key, b"m" * 32)
    blob = kms.encrypt(key)
    assert kms.call("DeleteImportedKeyMaterial", KeyId=key) == {"KeyId": kms.arn(key), "KeyMaterialId": id}
    assert kms.state(key) == "PendingImport"
    refused = kms.fails("ImportKeyMaterial", **wrapped(kms, key, b"n" * 32), **FOREVER)
    assert refused[0] == "IncorrectKeyMaterialException"
    assert imported(kms, key, b"m" * 32) == id
    assert kms.decrypt(blob) == b"secret"
    kms.call("ScheduleKeyDeletion", KeyId=key)
    kms.call("DeleteImportedKeyMaterial", KeyId=key)
    assert kms.state(key) == "PendingDeletion"
    kms.call("CancelKeyDeletion", KeyId=key)
    assert kms.state(key) == "PendingImport"


def test_expiry(kms: Any) -> None:
    key = kms.key(Origin="EXTERNAL")
    until = kms.now() + timedelta(days=10)
    imported(kms, key, b"m" * 32, ExpirationModel="KEY_MATERIAL_EXPIRES", ValidTo=until)
    shown = kms.described(key)
    assert (shown["ExpirationModel"], shown["ValidTo"]) == ("KEY_MATERIAL_EXPIRES", until)
    kms.days(9.9)
    # Imported anew, it is valid for longer.
    imported(kms, key, b"m" * 32, ExpirationModel="KEY_MATERIAL_EXPIRES", ValidTo=until + timedelta(days=10))
    kms.days(5)
    assert kms.state(key) == "Enabled"
    kms.days(6)
    assert kms.state(key) == "PendingImport"
    imported(kms, key, b"m" * 32)
    kms.days(400)
    assert kms.state(key) == "Enabled"


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({}, "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES"),
        ({"days": -1}, None),
        ({"days": 366}, None),
        ({"days": 1, **FOREVER}, None),
    ],
)
def test_dates_that_are_none(kms: Any, params: dict[str, Any], said: str | None) -> None:
    key = kms.key(Origin="EXTERNAL")
    if "days" in params:
        days = params["days"]
        params = {**params, "ValidTo": kms.now() + timedelta(days=days)}
        del params["days"]
    code, got = kms.fails("ImportKeyMaterial", **wrapped(kms, key, b"m" * 32), **params)
    assert code == "ValidationException"
    assert said in (None, got)


def test_tokens(kms: Any) -> None:
    key, other = kms.key(Origin="EXTERNAL"), kms.key(Origin="EXTERNAL")
    good = wrapped(kms, key, b"m" * 32)
    for params, code in [
        ({"KeyId": other}, "InvalidImportTokenException"),
        ({"ImportToken": b"x"}, "InvalidImportTokenException"),
        ({"ImportToken": good["ImportToken"] + b"x"}, "InvalidImportTokenException"),
        ({"EncryptedKeyMaterial": b"x"}, "ValidationException"),
        ({"EncryptedKeyMaterial": b"x" * 256}, "InvalidCiphertextException"),
    ]:
        assert kms.fails("ImportKeyMaterial", **{**good, **params}, **FOREVER)[0] == code
    kms.days(1)
    assert kms.fails("ImportKeyMaterial", **good, **FOREVER)[0] == "ExpiredImportTokenException"
    kms.days(2)
    assert kms.tenant().rows("SELECT 1 FROM wrapping") == []


def test_only_keys_that_wait_for_material(kms: Any) -> None:
    key = kms.key()
    said = f"{kms.arn(key)} origin is AWS_KMS which is not valid for this operation."
    params = {"WrappingAlgorithm": "RSAES_OAEP_SHA_1", "WrappingKeySpec": "RSA_2048"}
    assert kms.fails("GetParametersForImport", KeyId=key, **params) == ("UnsupportedOperationException", said)
    assert kms.fails("DeleteImportedKeyMaterial", KeyId=key) == ("UnsupportedOperationException", said)
    blobs = {"ImportToken": b"x", "EncryptedKeyMaterial": b"x"}
    assert kms.fails("ImportKeyMaterial", KeyId=key, **blobs) == ("UnsupportedOperationException", said)


@pytest.mark.parametrize(
    ("spec", "usage", "algorithm", "wrapping"),
    [
        ("SYMMETRIC_DEFAULT", None, "RSAES_PKCS1_V1_5", "RSA_2048"),
        ("SYMMETRIC_DEFAULT", None, "SM2PKE", "SM2"),
        ("SYMMETRIC_DEFAULT", None, "RSA_AES_KEY_WRAP_SHA_256", "RSA_2048"),
        ("HMAC_256", "GENERATE_VERIFY_MAC", "RSA_AES_KEY_WRAP_SHA_1", "RSA_4096"),
        ("ML_DSA_44", "SIGN_VERIFY", "RSA_AES_KEY_WRAP_SHA_256", "RSA_4096"),
        ("RSA_2048", "SIGN_VERIFY", "RSAES_OAEP_SHA_256", "RSA_4096"),
        ("ECC_NIST_P521", "SIGN_VERIFY", "RSAES_OAEP_SHA_256", "RSA_2048"),
    ],
)
def test_what_does_not_wrap_it(kms: Any, spec: str, usage: str | None, algorithm: str, wrapping: str) -> None:
    key = kms.key(Origin="EXTERNAL", KeySpec=spec, **({"KeyUsage": usage} if usage else {}))
    refused = kms.fails("GetParametersForImport", KeyId=key, WrappingAlgorithm=algorithm, WrappingKeySpec=wrapping)
    assert refused[0] == "UnsupportedOperationException"


def der(private: Any) -> bytes:
    return bytes(private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))


@pytest.mark.parametrize(
    ("spec", "make", "algorithm", "wrapping"),
    [
        ("ECC_NIST_P256", lambda: ec.generate_private_key(ec.SECP256R1()), "ECDSA_SHA_256", ALGORITHMS[1]),
        ("ECC_NIST_EDWARDS25519", ed25519.Ed25519PrivateKey.generate, "ED25519_SHA_512", ALGORITHMS[2]),
        ("RSA_2048", lambda: rsa.generate_private_key(65537, 2048), "RSASSA_PSS_SHA_256", ALGORITHMS[3]),
    ],
)
def test_private_keys(kms: Any, spec: str, make: Any, algorithm: str, wrapping: str) -> None:
    key, private = kms.key(Origin="EXTERNAL", KeySpec=spec, KeyUsage="SIGN_VERIFY"), make()
    wrong = wrapped(kms, key, der(ec.generate_private_key(ec.SECP384R1())), wrapping)
    assert kms.fails("ImportKeyMaterial", **wrong, **FOREVER)[0] == "IncorrectKeyMaterialException"
    made = kms.call("ImportKeyMaterial", **wrapped(kms, key, der(private), wrapping), **FOREVER)
    assert made == {"KeyId": kms.arn(key), "KeyMaterialId": None}
    assert load_der_public_key(kms.call("GetPublicKey", KeyId=key)["PublicKey"]) == private.public_key()
    kms.call("Sign", KeyId=key, Message=b"m", SigningAlgorithm=algorithm)
    other = wrapped(kms, key, der(make()), wrapping)
    assert kms.fails("ImportKeyMaterial", **other, **FOREVER)[0] == "IncorrectKeyMaterialException"


def test_private_keys_come_in_pkcs8(kms: Any) -> None:
    for spec, private in (
        ("ECC_NIST_P256", ec.generate_private_key(ec.SECP256R1())),
        ("RSA_2048", rsa.generate_private_key(65537, 2048)),
    ):
        key = kms.key(Origin="EXTERNAL", KeySpec=spec, KeyUsage="SIGN_VERIFY")
        older = private.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        for material in (older, b"0", b"0\x80", b"0\x84\xff"):
            given = wrapped(kms, key, material, ALGORITHMS[3])
            assert kms.fails("ImportKeyMaterial", **given, **FOREVER)[0] == "IncorrectKeyMaterialException"


def test_hmac_keys(kms: Any) -> None:
    key = kms.key(Origin="EXTERNAL", KeySpec="HMAC_384", KeyUsage="GENERATE_VERIFY_MAC")
    for length in (32, 47, 129):
        refused = kms.fails("ImportKeyMaterial", **wrapped(kms, key, b"m" * length), **FOREVER)
        assert refused[0] == "IncorrectKeyMaterialException"
    kms.call("ImportKeyMaterial", **wrapped(kms, key, b"m" * 128), **FOREVER)
    kms.call("GenerateMac", KeyId=key, Message=b"m", MacAlgorithm="HMAC_SHA_384")


def test_new_material_is_rotated_to(kms: Any) -> None:
    key = kms.key(Origin="EXTERNAL")
    first = imported(kms, key, b"1" * 32, KeyMaterialDescription="first")
    old = kms.encrypt(key)
    assert kms.fails("RotateKeyOnDemand", KeyId=key)[0] == "KMSInvalidStateException"
    new = {"ImportType": "NEW_KEY_MATERIAL"}
    second = imported(kms, key, b"2" * 32, **new)
    third = wrapped(kms, key, b"3" * 32)
    assert kms.fails("ImportKeyMaterial", **third, **new, **FOREVER)[0] == "KMSInvalidStateException"
    again = wrapped(kms, key, b"1" * 32)
    assert kms.fails("ImportKeyMaterial", **again, **new, **FOREVER)[0] == "IncorrectKeyMaterialException"
    named = wrapped(kms, key, b"1" * 32)
    assert kms.fails("ImportKeyMaterial", **named, KeyMaterialId=second, **FOREVER)[0] == (
        "IncorrectKeyMaterialException"
    )
    every = {"IncludeKeyMaterial": "ALL_KEY_MATERIAL"}
    listed = kms.call("ListKeyRotations", KeyId=key, **every)["Rotations"]
    assert [(each["KeyMaterialId"], each["KeyMaterialState"], each["ImportState"]) for each in listed] == [
        (first, "CURRENT", "IMPORTED"),
        (second, "PENDING_ROTATION", "IMPORTED"),
    ]
    assert listed[0]["KeyMaterialDescription"] == "first"
    kms.call("RotateKeyOnDemand", KeyId=key)
    assert kms.described(key)["CurrentKeyMaterialId"] == second
    assert kms.decrypt(old) == b"secret"
    # All that was ever current has to be there.
    kms.call("DeleteImportedKeyMaterial", KeyId=key, KeyMaterialId=first)
    assert kms.state(key) == "PendingImport"
    assert kms.fails("DeleteImportedKeyMaterial", KeyId=key, KeyMaterialId="0" * 64)[0] == "NotFoundException"
    imported(kms, key, b"1" * 32, KeyMaterialId=first)
    assert kms.state(key) == "Enabled"
    third_id = imported(kms, key, b"3" * 32, **new)
    kms.call("DeleteImportedKeyMaterial", KeyId=key, KeyMaterialId=third_id)
    assert kms.state(key) == "Enabled"
    assert len(kms.call("ListKeyRotations", KeyId=key, **every)["Rotations"]) == 2


def test_relatives_import_for_themselves(kms: Any) -> None:
    key = kms.key(Origin="EXTERNAL", MultiRegion=True)
    imported(kms, key, b"1" * 32)
    kms.call("ReplicateKey", KeyId=key, ReplicaRegion="us-east-1")
    assert kms.state(key, FAR) == "PendingImport"
    other = wrapped(kms, key, b"2" * 32, by=FAR)
    assert kms.fails("ImportKeyMaterial", FAR, **other, **FOREVER)[0] == "IncorrectKeyMaterialException"
    new = {"ImportType": "NEW_KEY_MATERIAL"}
    assert kms.fails("ImportKeyMaterial", FAR, **other, **new, **FOREVER)[0] == "UnsupportedOperationException"
    imported(kms, key, b"1" * 32, FAR)
    assert kms.state(key, FAR) == "Enabled"
    old = kms.encrypt(key, by=FAR)
    assert kms.decrypt(old) == b"secret"
    second = imported(kms, key, b"2" * 32, **new)
    states = {"IncludeKeyMaterial": "ALL_KEY_MATERIAL"}
    [_, waiting] = kms.call("ListKeyRotations", KeyId=key, **states)["Rotations"]
    assert waiting["KeyMaterialState"] == "PENDING_MULTI_REGION_IMPORT_AND_ROTATION"
    assert kms.fails("RotateKeyOnDemand", KeyId=key)[0] == "KMSInvalidStateException"
    assert kms.state(key, FAR) == "Enabled"
    assert imported(kms, key, b"2" * 32, FAR) == second
    [_, waiting] = kms.call("ListKeyRotations", KeyId=key, **states)["Rotations"]
    assert waiting["KeyMaterialState"] == "PENDING_ROTATION"
    kms.call("RotateKeyOnDemand", KeyId=key)
    assert kms.described(key, FAR)["CurrentKeyMaterialId"] == second
    assert kms.decrypt(kms.encrypt(key), FAR) == b"secret"
    assert kms.decrypt(old, FAR) == b"secret"
    kms.call("DeleteImportedKeyMaterial", FAR, KeyId=key)
    assert (kms.state(key), kms.state(key, FAR)) == ("Enabled", "PendingImport")


ALL = {"IncludeKeyMaterial": "ALL_KEY_MATERIAL"}
NEW = {"ImportType": "NEW_KEY_MATERIAL"}
PENDING_REPLICAS = "PENDING_MULTI_REGION_IMPORT_AND_ROTATION"


def states(kms: Any, key: str, by: Any) -> list[str]:
    return [each["KeyMaterialState"] for each in kms.call("ListKeyRotations", by, KeyId=key, **ALL)["Rotations"]]


def test_material_that_only_the_new_primary_lacks(kms: Any) -> None:
    key = kms.key(Origin="EXTERNAL", MultiRegion=True)
    imported(kms, key, b"1" * 32)
    kms.call("ReplicateKey", KeyId=key, ReplicaRegion="us-east-1")
    imported(kms, key, b"1" * 32, FAR)
    second = imported(kms, key, b"2" * 32, **NEW)
    kms.call("UpdatePrimaryRegion", KeyId=key, PrimaryRegion="us-east-1")
    assert states(kms, key, FAR) == ["CURRENT", PENDING_REPLICAS]
    assert imported(kms, key, b"2" * 32, FAR) == second
    assert states(kms, key, FAR) == states(kms, key, HERE) == ["CURRENT", "PENDING_ROTATION"]
    kms.call("RotateKeyOnDemand", FAR, KeyId=key)
    assert {kms.described(key, by)["CurrentKeyMaterialId"] for by in (HERE, FAR)} == {second}


def test_a_new_replica_is_waited_for(kms: Any) -> None:
    key = kms.key(Origin="EXTERNAL", MultiRegion=True)
    imported(kms, key, b"1" * 32)
    imported(kms, key, b"2" * 32, **NEW)
    assert states(kms, key, HERE) == ["CURRENT", "PENDING_ROTATION"]
    for by in (FAR, ("111111111111", "us-west-2")):
        kms.call("ReplicateKey", KeyId=key, ReplicaRegion=by[1])
        assert states(kms, key, HERE) == ["CURRENT", PENDING_REPLICAS]
        imported(kms, key, b"1" * 32, by)
    assert kms.fails("RotateKeyOnDemand", KeyId=key)[0] == "KMSInvalidStateException"
    imported(kms, key, b"2" * 32, FAR)
    assert states(kms, key, HERE) == ["CURRENT", PENDING_REPLICAS]
    imported(kms, key, b"2" * 32, ("111111111111", "us-west-2"))
    assert states(kms, key, FAR) == ["CURRENT", "PENDING_ROTATION"]
    kms.call("RotateKeyOnDemand", KeyId=key)
    assert kms.state(key, FAR) == "Enabled"
