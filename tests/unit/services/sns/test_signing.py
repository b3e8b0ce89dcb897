"""Signatures and the certificate that verifies them; the URLs that stand in messages."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from atoll.core.call import Origin
from atoll.index import Realm
from atoll.services.sns.envelopes import CONFIRMATION, Envelope, base_of, confirmation
from atoll.services.sns.messages import Message
from atoll.services.sns.settings import SnsSettings, configure
from atoll.services.sns.signing import certificate, certificate_url, sign
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

REALM = Realm("default", True, b"a key for tests, of 32 bytes....")
TWIN = Realm("twin", True, b"another key for tests, 32 bytes.")
TOPIC = "arn:aws:sns:eu-central-1:111111111111:t"


def key_of(realm: Realm) -> RSAPublicKey:
    key = x509.load_pem_x509_certificate(certificate(realm.name, realm.sealing_key)).public_key()
    assert isinstance(key, RSAPublicKey)
    return key


@pytest.mark.parametrize(("version", "digest"), [("1", hashes.SHA1()), ("2", hashes.SHA256())])
def test_both_versions(version: str, digest: Any) -> None:
    signature = base64.b64decode(sign(REALM, "text", version))
    key_of(REALM).verify(signature, b"text", padding.PKCS1v15(), digest)


def test_a_realm_has_a_certificate_of_its_own() -> None:
    made = certificate(REALM.name, REALM.sealing_key)
    certificate.cache_clear()
    assert certificate(REALM.name, REALM.sealing_key) == made
    assert key_of(REALM).public_numbers() != key_of(TWIN).public_numbers()
    found = x509.load_pem_x509_certificate(made)
    found.verify_directly_issued_by(found)
    assert certificate_url("http://x", TWIN) == "http://x/_aws/sns/SimpleNotificationService-7477696e.pem"


def verify(document: dict[str, Any], *names: str) -> None:
    text = "".join(f"{name}\n{document[name]}\n" for name in names if name in document)
    key_of(REALM).verify(base64.b64decode(document["Signature"]), text.encode(), padding.PKCS1v15(), hashes.SHA1())


@pytest.mark.parametrize("subject", ["", 'With "quotes"'])
def test_a_notification(subject: str) -> None:
    message = Message("id", 1_700_000_000_123, "hällo\n", "https://host", subject=subject)
    envelope = Envelope(message, message.text, TOPIC, False, "1", REALM)
    document = json.loads(envelope.text(f"{TOPIC}:1"))
    assert document["Timestamp"] == "2023-11-14T22:13:20.123Z"
    verify(document, "Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")


def test_a_confirmation() -> None:
    named = {"topic_arn": TOPIC, "subscription_arn": f"{TOPIC}:1"}
    text = confirmation(
        CONFIRMATION, Message("id", 0, "", "http://host"), token="abc", version="1", realm=REALM, **named
    )
    document = json.loads(text)
    assert document["SubscribeURL"] == f"http://host/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=abc"
    verify(document, "Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")


@pytest.mark.parametrize(
    ("public", "base"),
    [
        ("", "https://caller:4566"),
        ("atoll.example.com", "https://atoll.example.com"),
        ("atoll.example.com:80", "https://atoll.example.com:80"),
        ("atoll.example.com:0", "https://atoll.example.com:4566"),
    ],
)
def test_the_endpoint_in_urls(public: str, base: str) -> None:
    configure(SnsSettings(public_host=public))
    try:
        assert base_of(Origin("https", "caller:4566")) == base
    finally:
        configure(SnsSettings())
