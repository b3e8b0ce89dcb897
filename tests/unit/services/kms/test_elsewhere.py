"""One id of several tenants, as forks, replicas and ids of one's own make them: ciphertexts and tokens find theirs."""

from __future__ import annotations

from typing import Any

import pytest

HERE = ("111111111111", "eu-central-1")
FAR = ("111111111111", "us-east-1")
OTHER = ("222222222222", "eu-central-1")
THIRD = ("333333333333", "ap-south-1")
ID = "mine"
GIVEN = {"GranteePrincipal": "111111111111", "Operations": ["Decrypt"]}


def make(kms: Any, *places: tuple[str, str]) -> None:
    for place in places:
        kms.key(place, tags={"_custom_id_": ID})


@pytest.mark.parametrize("by", [HERE, OTHER, FAR, THIRD])
def test_a_ciphertext_finds_the_key_that_has_its_material(kms: Any, by: tuple[str, str]) -> None:
    make(kms, HERE, FAR, OTHER)
    for place in (HERE, FAR, OTHER):
        blob = kms.encrypt(ID, by=place, EncryptionContext={"a": "1"})
        found = kms.call("Decrypt", by, CiphertextBlob=blob, EncryptionContext={"a": "1"})
        assert (found["Plaintext"], found["KeyId"]) == (b"secret", kms.arn(ID, place))
        refused = kms.fails("Decrypt", by, CiphertextBlob=blob, EncryptionContext={"a": "2"})
        assert refused == ("InvalidCiphertextException", "")
        refused = kms.fails("Decrypt", by, CiphertextBlob=blob, EncryptionContext={"a": "1"}, DryRun=True)
        assert refused[0] == "DryRunOperationException"
        moved = kms.call(
            "ReEncrypt", by, CiphertextBlob=blob, SourceEncryptionContext={"a": "1"}, DestinationKeyId=kms.arn(ID, HERE)
        )
        assert (moved["SourceKeyId"], moved["KeyId"]) == (kms.arn(ID, place), kms.arn(ID, HERE))
        assert kms.decrypt(moved["CiphertextBlob"], by) == b"secret"


def test_a_ciphertext_finds_the_key_that_can_be_used(kms: Any) -> None:
    material = {"_custom_id_": ID, "_custom_key_material_": "A" * 43 + "="}
    for place in (HERE, OTHER):
        kms.key(place, tags=material)
    blob = kms.encrypt(ID)
    assert kms.call("Decrypt", THIRD, CiphertextBlob=blob)["KeyId"] == kms.arn(ID)
    kms.call("DisableKey", KeyId=ID)
    assert kms.call("Decrypt", THIRD, CiphertextBlob=blob)["KeyId"] == kms.arn(ID, OTHER)
    # Its own is what a caller means, whether it can be used or not.
    said = ("DisabledException", f"{kms.arn(ID)} is disabled.")
    assert kms.fails("Decrypt", CiphertextBlob=blob) == said
    kms.call("DisableKey", OTHER, KeyId=ID)
    assert kms.fails("Decrypt", THIRD, CiphertextBlob=blob) == said
    kms.call("ScheduleKeyDeletion", KeyId=ID, PendingWindowInDays=7)
    kms.call("EnableKey", OTHER, KeyId=ID)
    kms.days(8)
    assert kms.decrypt(blob) == b"secret"


def test_material_that_nobody_has(kms: Any) -> None:
    make(kms, HERE, OTHER)
    blob = bytearray(kms.encrypt(ID))
    # The beginning of the material's id.
    blob[6 + len(ID)] ^= 1
    for by in (HERE, OTHER, THIRD):
        assert kms.fails("Decrypt", by, CiphertextBlob=bytes(blob)) == ("InvalidCiphertextException", "")


@pytest.mark.parametrize("by", [HERE, OTHER, FAR, THIRD])
def test_a_token_finds_its_grant(kms: Any, by: tuple[str, str]) -> None:
    places = [HERE, FAR, OTHER]
    make(kms, *places)
    made = [kms.call("CreateGrant", place, KeyId=ID, **GIVEN) for place in places]

    def count() -> list[int]:
        return [len(kms.call("ListGrants", place, KeyId=ID)["Grants"]) for place in places]

    kms.call("RetireGrant", by, GrantToken=made[2]["GrantToken"])
    assert count() == [1, 1, 0]
    kms.call("RetireGrant", by, GrantToken=made[1]["GrantToken"])
    assert count() == [1, 0, 0]
    for token in (made[1]["GrantToken"], made[2]["GrantToken"]):
        assert kms.fails("RetireGrant", by, GrantToken=token)[0] == "InvalidGrantTokenException"
    kms.call("RetireGrant", by, GrantToken=made[0]["GrantToken"])
    assert count() == [0, 0, 0]


def test_an_arn_beside_a_token_says_whose(kms: Any) -> None:
    make(kms, HERE, OTHER)
    made = kms.call("CreateGrant", OTHER, KeyId=ID, **GIVEN)
    for by in (HERE, OTHER, THIRD):
        refused = kms.fails("RetireGrant", by, KeyId=kms.arn(ID), GrantToken=made["GrantToken"])
        assert refused[0] == "InvalidGrantTokenException"
    assert kms.call("ListGrants", OTHER, KeyId=ID)["Grants"]
    kms.call("RetireGrant", THIRD, KeyId=kms.arn(ID, OTHER), GrantToken=made["GrantToken"])
    assert kms.call("ListGrants", OTHER, KeyId=ID)["Grants"] == []
