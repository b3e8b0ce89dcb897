"""What is answered to an enclave's attestation document, which only the holder of the key in it can read."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_private_key
from hypothesis import given, settings
from hypothesis import strategies as st

PRIVATE = rsa.generate_private_key(65537, 2048)


def der_of(private: Any) -> bytes:
    return bytes(private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def head(kind: int, number: int) -> bytes:
    if number < 24:
        return bytes((kind << 5 | number,))
    return bytes((kind << 5 | 25,)) + number.to_bytes(2, "big")


def cbor(value: Any) -> bytes:
    match value:
        case bool() | None:
            return {False: b"\xf4", True: b"\xf5", None: b"\xf6"}[value]
        case int():
            return head(0, value) if value >= 0 else head(1, -1 - value)
        case bytes():
            return head(2, len(value)) + value
        case str():
            return head(3, len(value.encode())) + value.encode()
        case list():
            return head(4, len(value)) + b"".join(map(cbor, value))
        case dict():
            return head(5, len(value)) + b"".join(cbor(part) for pair in value.items() for part in pair)
    raise TypeError(value)


def document(public: bytes = der_of(PRIVATE), **more: Any) -> bytes:
    payload = {
        "module_id": "i-1",
        "digest": "SHA384",
        "timestamp": 1000,
        "pcrs": {0: b"\0" * 48},
        "certificate": b"c" * 300,
        "cabundle": [b"a"],
        "public_key": public,
        "user_data": None,
        **more,
    }
    return b"\xd2" + cbor([cbor({1: -35}), {}, cbor(payload), b"s" * 96])


def parts(der: bytes) -> list[tuple[int, bytes]]:
    """The elements of a DER content, one after the other."""
    found, at = [], 0
    while at < len(der):
        tag, length, at = der[at], der[at + 1], at + 2
        if length & 128:
            size = length & 127
            length, at = int.from_bytes(der[at : at + size], "big"), at + size
        found.append((tag, der[at : at + length]))
        at += length
    return found


def opened(envelope: bytes) -> bytes:
    [(_, info)] = parts(envelope)
    [_, (_, explicit)] = parts(info)
    [(_, enveloped)] = parts(explicit)
    [version, (_, recipients), (_, content_info)] = parts(enveloped)
    [(_, recipient)] = parts(recipients)
    [own_version, (rid, _), _, (_, wrapped)] = parts(recipient)
    assert (version, own_version, rid) == ((2, b"\x02"), (2, b"\x02"), 0x80)
    [_, (_, algorithm), (_, content)] = parts(content_info)
    [_, (_, vector)] = parts(algorithm)
    key = PRIVATE.decrypt(wrapped, OAEP(MGF1(hashes.SHA256()), hashes.SHA256(), None))
    decryptor, unpadder = Cipher(AES(key), CBC(vector)).decryptor(), PKCS7(128).unpadder()
    padded = decryptor.update(content) + decryptor.finalize()
    return bytes(unpadder.update(padded) + unpadder.finalize())


RECIPIENT = {"Recipient": {"KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256", "AttestationDocument": document()}}


def test_only_the_enclave_reads_it(kms: Any) -> None:
    key = kms.key()
    made = kms.call("Decrypt", CiphertextBlob=kms.encrypt(key), **RECIPIENT)
    assert "Plaintext" not in made
    assert opened(made["CiphertextForRecipient"]) == b"secret"
    data = kms.call("GenerateDataKey", KeyId=key, KeySpec="AES_256", **RECIPIENT)
    assert "Plaintext" not in data
    assert opened(data["CiphertextForRecipient"]) == kms.decrypt(data["CiphertextBlob"])
    assert len(opened(kms.call("GenerateRandom", NumberOfBytes=33, **RECIPIENT)["CiphertextForRecipient"])) == 33
    pair = kms.call("GenerateDataKeyPair", KeyId=key, KeyPairSpec="RSA_2048", **RECIPIENT)
    assert "PrivateKeyPlaintext" not in pair
    load_der_private_key(opened(pair["CiphertextForRecipient"]), None)
    agreeing = kms.key(KeySpec="ECC_NIST_P256", KeyUsage="KEY_AGREEMENT")
    params = {"KeyId": agreeing, "KeyAgreementAlgorithm": "ECDH"}
    peer = der_of(ec.generate_private_key(ec.SECP256R1()))
    derived = kms.call("DeriveSharedSecret", PublicKey=peer, **params, **RECIPIENT)
    clear = kms.call("DeriveSharedSecret", PublicKey=peer, **params)
    assert opened(derived["CiphertextForRecipient"]) == clear["SharedSecret"]


@pytest.mark.parametrize(
    "wrong",
    [
        b"x",
        document()[:-1],
        document() + b"\0",
        document(b"x"),
        document(der_of(ec.generate_private_key(ec.SECP256R1()))),
        document(None),  # type: ignore[arg-type]
        cbor([b"", {}, b"", b""]),
        cbor([b"", {}, cbor({}), b""]),
        cbor({}),
        b"\x81" * 1000,
        b"\x9b" + b"\xff" * 8,
        b"\x5f",
    ],
)
def test_what_is_no_document(kms: Any, wrong: bytes) -> None:
    recipient = {"Recipient": {"AttestationDocument": wrong}}
    assert kms.fails("GenerateRandom", NumberOfBytes=5, **recipient)[0] == "ValidationException"


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.binary(max_size=60), st.integers(0, len(document())))
def test_a_mangled_document_is_refused_or_read(kms_once: Any, junk: bytes, at: int) -> None:
    mangled = document()[:at] + junk + document()[at + len(junk) :]
    recipient = {"Recipient": {"AttestationDocument": mangled}}
    try:
        made = kms_once.call("GenerateRandom", NumberOfBytes=5, **recipient)
    except Exception as error:
        assert getattr(error, "code", None) == "ValidationException", error  # noqa: PT017
    else:
        assert made.keys() == {"CiphertextForRecipient"}


@pytest.fixture(scope="module")
def kms_once(make_kms: Any) -> Any:
    return make_kms()
