"""Aliases: of keys of one's own, and those whose keys AWS makes when they are first used."""

from __future__ import annotations

import json
from typing import Any

import pytest

OTHER = ("222222222222", "eu-central-1")
FAR = ("111111111111", "us-east-1")
NOWHERE = "12345678-1234-1234-1234-123456789012"


def test_aliases_come_and_go(kms: Any) -> None:
    first, second = kms.key(), kms.key()
    kms.call("CreateAlias", AliasName="alias/a", TargetKeyId=first)
    kms.call("CreateAlias", AliasName="alias/b", TargetKeyId=kms.arn(first))
    said = "An alias with the name arn:aws:kms:eu-central-1:111111111111:alias/a already exists"
    assert kms.fails("CreateAlias", AliasName="alias/a", TargetKeyId=second) == ("AlreadyExistsException", said)
    made = kms.now()
    kms.advance(10)
    kms.call("UpdateAlias", AliasName="alias/b", TargetKeyId=second)
    assert kms.described("alias/b")["KeyId"] == second
    [shown] = kms.call("ListAliases", KeyId=second)["Aliases"]
    assert shown == {
        "AliasName": "alias/b",
        "AliasArn": "arn:aws:kms:eu-central-1:111111111111:alias/b",
        "TargetKeyId": second,
        "CreationDate": made,
        "LastUpdatedDate": kms.now(),
    }
    listed = [each["AliasName"] for each in kms.call("ListAliases")["Aliases"]]
    assert [name for name in listed if not name.startswith("alias/aws/")] == ["alias/a", "alias/b"]
    kms.call("DeleteAlias", AliasName="alias/a")
    assert kms.fails("DescribeKey", KeyId="alias/a")[0] == "NotFoundException"
    for operation in ("DeleteAlias", "UpdateAlias"):
        refused = kms.fails(operation, AliasName="alias/a", TargetKeyId=first)
        assert refused == ("NotFoundException", "Alias arn:aws:kms:eu-central-1:111111111111:alias/a is not found.")
    found = kms.tenant().rows("SELECT id FROM catalogue WHERE kind = 'alias' AND NOT gone")
    assert found == [("alias/b",)]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("mine", "ValidationException"),
        ("alias/", "ValidationException"),
        ("alias/a:b", "ValidationException"),
        ("alias/aws/mine", "NotAuthorizedException"),
    ],
)
def test_names_that_no_alias_may_have(kms: Any, name: str, code: str) -> None:
    for operation in ("CreateAlias", "UpdateAlias", "DeleteAlias"):
        assert kms.fails(operation, AliasName=name, TargetKeyId=NOWHERE)[0] == code


def test_an_alias_is_of_a_key_of_the_same_account_and_region(kms: Any) -> None:
    theirs = kms.key(OTHER)
    assert kms.fails("CreateAlias", AliasName="alias/a", TargetKeyId=kms.arn(theirs, OTHER))[0] == "NotFoundException"
    assert kms.fails("CreateAlias", AliasName="alias/a", TargetKeyId="alias/b")[0] == "ValidationException"
    assert kms.fails("CreateAlias", AliasName="alias/a", TargetKeyId=NOWHERE)[0] == "NotFoundException"


def test_an_alias_stays_with_keys_of_one_kind(kms: Any) -> None:
    kms.call("CreateAlias", AliasName="alias/a", TargetKeyId=kms.key())
    mac = kms.key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
    assert kms.fails("UpdateAlias", AliasName="alias/a", TargetKeyId=mac) == (
        "ValidationException",
        "Alias alias/a cannot be changed from key usage ENCRYPT_DECRYPT to GENERATE_VERIFY_MAC.",
    )
    rsa = kms.key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")
    assert kms.fails("UpdateAlias", AliasName="alias/a", TargetKeyId=rsa) == (
        "ValidationException",
        "Alias alias/a cannot be changed from key spec SYMMETRIC_DEFAULT to RSA_2048.",
    )


# ---- keys of AWS's


def test_the_key_of_a_service_is_made_at_its_first_use(kms: Any) -> None:
    blob = kms.encrypt("alias/aws/s3")
    shown = kms.described("alias/aws/s3")
    assert (shown["KeyManager"], shown["Description"]) == (
        "AWS",
        "Default key that protects my s3 data when no other key is defined",
    )
    assert kms.decrypt(blob) == b"secret"
    listed = {each["AliasName"]: each for each in kms.call("ListAliases")["Aliases"]}
    assert listed["alias/aws/s3"]["TargetKeyId"] == shown["KeyId"]
    policy = json.loads(kms.call("GetKeyPolicy", KeyId=shown["KeyId"])["Policy"])
    assert policy["Statement"][0]["Condition"]["StringEquals"]["kms:ViaService"] == "s3.eu-central-1.amazonaws.com"
    arn = "arn:aws:kms:eu-central-1:111111111111:alias/aws/sqs"
    made = kms.call("GenerateDataKey", KeyId=arn, KeySpec="AES_256")
    assert kms.decrypt(made["CiphertextBlob"]) == made["Plaintext"]
    assert kms.call("GetKeyRotationStatus", KeyId=shown["KeyId"])["KeyRotationEnabled"]


def test_the_key_of_a_service_is_not_made_by_others_nor_for_what_is_none(kms: Any) -> None:
    arn = "arn:aws:kms:eu-central-1:111111111111:alias/aws/s3"
    assert kms.fails("DescribeKey", OTHER, KeyId=arn) == ("NotFoundException", f"Alias {arn} is not found.")
    assert kms.fails("Encrypt", KeyId="alias/aws/none", Plaintext=b"x")[0] == "NotFoundException"
    assert kms.tenant().rows("SELECT 1 FROM key") == []


def test_predefined_aliases_are_listed_before_their_keys_are_made(kms: Any) -> None:
    for name in ("alias/a", "alias/aws-like", "alias/z"):
        kms.call("CreateAlias", AliasName=name, TargetKeyId=kms.key())
    kms.encrypt("alias/aws/s3")
    every = kms.call("ListAliases")["Aliases"]
    names = [each["AliasName"] for each in every]
    assert names == sorted({*names, "alias/a", "alias/aws-like", "alias/aws/ebs", "alias/aws/s3", "alias/z"})
    arn = "arn:aws:kms:eu-central-1:111111111111:alias/aws/ebs"
    assert every[names.index("alias/aws/ebs")] == {"AliasName": "alias/aws/ebs", "AliasArn": arn}
    paged, marker = [], {}
    while True:
        page = kms.call("ListAliases", Limit=7, **marker)
        paged += page["Aliases"]
        if not page["Truncated"]:
            break
        marker = {"Marker": page["NextMarker"]}
    assert paged == every


def test_a_page_has_a_hundred_at_most(kms: Any) -> None:
    for each in range(4):
        key = kms.key()
        for number in range(25):
            kms.call("CreateAlias", AliasName=f"alias/{each}-{number}", TargetKeyId=key)
    page = kms.call("ListAliases", Limit=1000)
    assert (len(page["Aliases"]), page["Truncated"]) == (100, True)


def test_a_key_has_fifty_aliases_at_most(kms: Any) -> None:
    key = kms.key()
    for number in range(50):
        kms.call("CreateAlias", AliasName=f"alias/{number}", TargetKeyId=key)
    kms.call("CreateAlias", AliasName="alias/other", TargetKeyId=kms.key())
    for operation, name in (("CreateAlias", "alias/50"), ("UpdateAlias", "alias/other")):
        assert kms.fails(operation, AliasName=name, TargetKeyId=key)[0] == "LimitExceededException"
    kms.call("UpdateAlias", AliasName="alias/7", TargetKeyId=key)
