"""Keys: making, naming, describing, switching, tagging them, their policies."""

from __future__ import annotations

import hmac
import json
from base64 import b64encode
from typing import Any

import pytest
from atoll.core.errors import AwsError
from atoll.services.kms.policies import default_policy
from atoll.services.kms.specs import SPECS
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_public_key,
)

OTHER = ("222222222222", "eu-central-1")
FAR = ("111111111111", "us-east-1")
NOWHERE = "12345678-1234-1234-1234-123456789012"
ROLE = "arn:aws:iam::111111111111:role/reader"


def test_a_new_key_is_as_aws_describes_it(kms: Any) -> None:
    key = kms.key(Description="mine", tags={"a": "1"})
    shown = kms.described(key)
    assert shown.pop("CreationDate") == kms.now()
    assert len(shown.pop("CurrentKeyMaterialId")) == 64
    assert shown == {
        "AWSAccountId": "111111111111",
        "KeyId": key,
        "Arn": kms.arn(key),
        "Enabled": True,
        "Description": "mine",
        "KeyUsage": "ENCRYPT_DECRYPT",
        "KeyState": "Enabled",
        "Origin": "AWS_KMS",
        "KeyManager": "CUSTOMER",
        "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "MultiRegion": False,
    }
    [row] = kms.tenant().rows("SELECT arn, tags FROM catalogue WHERE kind = 'key'")
    assert row == ("arn:{partition}:kms:{region}:{account}:key/" + key, '{"a":"1"}')


@pytest.mark.parametrize("spec", [name for name in SPECS if name != "SYMMETRIC_DEFAULT"])
def test_every_spec_has_its_usages_and_no_others(kms: Any, spec: str) -> None:
    said = "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys."
    assert kms.fails("CreateKey", KeySpec=spec) == ("ValidationException", said)
    usages = {"ENCRYPT_DECRYPT", "SIGN_VERIFY", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT", "ENCAPSULATE_DECAPSULATE"}
    for usage in usages - SPECS[spec].algorithms.keys():
        said = f"KeyUsage {usage} is not compatible with KeySpec {spec}"
        assert kms.fails("CreateKey", KeySpec=spec, KeyUsage=usage) == ("ValidationException", said)
    if not spec.startswith("RSA_"):
        for usage in SPECS[spec].algorithms:
            shown = kms.call("CreateKey", KeySpec=spec, KeyUsage=usage)["KeyMetadata"]
            assert (shown["KeySpec"], shown["KeyUsage"], shown["KeyState"]) == (spec, usage, "Enabled")
            assert "CurrentKeyMaterialId" not in shown


@pytest.mark.parametrize("spec", ["SM2", "ML_KEM_512"])
def test_what_is_not_to_be_had_is_refused(kms: Any, spec: str) -> None:
    assert kms.fails("CreateKey", KeySpec=spec, KeyUsage="SIGN_VERIFY")[0] == "UnsupportedOperationException"


def test_a_spec_by_its_older_name(kms: Any) -> None:
    shown = kms.call("CreateKey", CustomerMasterKeySpec="HMAC_224", KeyUsage="GENERATE_VERIFY_MAC")["KeyMetadata"]
    assert shown["MacAlgorithms"] == ["HMAC_SHA_224"]
    refused = kms.fails("CreateKey", CustomerMasterKeySpec="RSA_2048", KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")
    assert refused[0] == "ValidationException"


def test_a_key_goes_by_its_id_its_arn_its_alias_and_the_alias_arn(kms: Any) -> None:
    key = kms.key()
    kms.call("CreateAlias", AliasName="alias/mine", TargetKeyId=key)
    alias = "arn:aws:kms:eu-central-1:111111111111:alias/mine"
    for _ in range(2):
        for name in (key, kms.arn(key), "alias/mine", alias):
            assert kms.described(name)["KeyId"] == key
        for name in (kms.arn(key), alias):
            assert kms.described(name, OTHER)["KeyId"] == key
            assert kms.described(name, FAR)["KeyId"] == key


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        (NOWHERE, "NotFoundException", f"Key 'arn:aws:kms:eu-central-1:111111111111:key/{NOWHERE}' does not exist"),
        (
            "mrk-d3b95762d3b95762d3b95762d3b95762",
            "NotFoundException",
            "Key 'arn:aws:kms:eu-central-1:111111111111:key/mrk-d3b95762d3b95762d3b95762d3b95762' does not exist",
        ),
        ("fake", "NotFoundException", "Invalid keyId 'fake'"),
        ("134f2428cec14b25a1ae9048164dba47", "NotFoundException", "Invalid keyId '134f2428cec14b25a1ae9048164dba47'"),
        ("mrk-fake-key-id", "NotFoundException", "Invalid keyId 'mrk-fake-key-id'"),
        (
            "alias/none",
            "NotFoundException",
            "Alias arn:aws:kms:eu-central-1:111111111111:alias/none is not found.",
        ),
        (
            f"arn:aws:kms:us-east-1:222222222222:key/{NOWHERE}",
            "NotFoundException",
            f"Key 'arn:aws:kms:us-east-1:222222222222:key/{NOWHERE}' does not exist",
        ),
        ("arn:aws:sqs:eu-central-1:111111111111:q", "InvalidArnException", None),
        ("arn:aws:kms:eu-central-1:111111111111:thing/x", "InvalidArnException", None),
        ("arn:aws", "InvalidArnException", "Invalid arn arn:aws"),
    ],
)
def test_what_is_not_there(kms: Any, name: str, code: str, said: str | None) -> None:
    got = kms.fails("DescribeKey", KeyId=name)
    assert got == (code, said if said is not None else f"Invalid arn {name}")


def test_a_bare_id_or_alias_is_ones_own(kms: Any) -> None:
    key = kms.key()
    kms.call("CreateAlias", AliasName="alias/mine", TargetKeyId=key)
    for by in (OTHER, FAR):
        assert kms.fails("DescribeKey", by, KeyId=key)[0] == "NotFoundException"
        assert kms.fails("DescribeKey", by, KeyId="alias/mine")[0] == "NotFoundException"


def test_an_alias_does_not_stand_for_a_key_where_the_key_itself_is_changed(kms: Any) -> None:
    key = kms.key()
    kms.call("CreateAlias", AliasName="alias/mine", TargetKeyId=key)
    kms.described("alias/mine")
    for operation in ("DisableKey", "GetKeyPolicy", "ListResourceTags", "ScheduleKeyDeletion", "GetKeyRotationStatus"):
        assert kms.fails(operation, KeyId="alias/mine") == ("NotFoundException", "Invalid keyId 'alias/mine'")


def test_disabled_and_enabled_again(kms: Any) -> None:
    key = kms.key()
    kms.call("DisableKey", KeyId=key)
    assert (kms.state(key), kms.described(key)["Enabled"]) == ("Disabled", False)
    said = ("DisabledException", f"{kms.arn(key)} is disabled.")
    assert kms.fails("Encrypt", KeyId=key, Plaintext=b"x") == said
    assert kms.fails("GenerateDataKey", KeyId=key, KeySpec="AES_256") == said
    kms.call("DisableKey", KeyId=key)
    kms.call("EnableKey", KeyId=key)
    kms.encrypt(key)


def test_description_and_tags(kms: Any) -> None:
    key = kms.key(tags={"a": "1"})
    kms.call("UpdateKeyDescription", KeyId=key, Description="new")
    assert kms.described(key)["Description"] == "new"
    kms.call("TagResource", KeyId=key, Tags=[{"TagKey": "b", "TagValue": ""}, {"TagKey": "a", "TagValue": "2"}])
    first = kms.call("ListResourceTags", KeyId=key, Limit=1)
    assert first["Tags"] == [{"TagKey": "a", "TagValue": "2"}]
    second = kms.call("ListResourceTags", KeyId=key, Marker=first["NextMarker"])
    assert (second["Tags"], second["Truncated"]) == ([{"TagKey": "b", "TagValue": ""}], False)
    kms.call("UntagResource", KeyId=key, TagKeys=["a", "none"])
    [(tags,)] = kms.tenant().rows("SELECT tags FROM catalogue WHERE kind = 'key'")
    assert json.loads(tags) == {"b": ""}
    tag = {"TagKey": "aws:x", "TagValue": "1"}
    assert kms.fails("TagResource", KeyId=key, Tags=[tag])[0] == "TagException"
    twice = [{"TagKey": "x", "TagValue": "1"}] * 2
    assert kms.fails("TagResource", KeyId=key, Tags=twice) == ("TagException", "Duplicate tag keys")
    many = [{"TagKey": str(n), "TagValue": "1"} for n in range(50)]
    assert kms.fails("TagResource", KeyId=key, Tags=many)[0] == "LimitExceededException"


def test_lists_are_of_ones_own_and_come_in_pages(kms: Any) -> None:
    made = sorted(kms.key() for _ in range(5))
    kms.key(OTHER)
    listed: list[str] = []
    marker: dict[str, Any] = {}
    while True:
        page = kms.call("ListKeys", Limit=2, **marker)
        listed += [each["KeyId"] for each in page["Keys"]]
        if not page["Truncated"]:
            break
        marker = {"Marker": page["NextMarker"]}
    assert listed == made
    assert page["Keys"][0] == {"KeyId": made[4], "KeyArn": kms.arn(made[4])}
    for wrong in ("x", "!!", "MTo=", b64encode(b"2:x").decode()):
        assert kms.fails("ListKeys", Marker=wrong)[0] == "InvalidMarkerException"
    assert kms.call("ListKeys", ResourceOwners=["OTHER_ACCOUNTS_VIA_RAM"])["Keys"] == []


# ---- policies


def test_the_default_policy_is_aws_s_to_the_letter(kms: Any) -> None:
    key = kms.key()
    policy = kms.call("GetKeyPolicy", KeyId=key)
    assert policy == {"Policy": default_policy(kms.tenant().id), "PolicyName": "default"}
    assert policy["Policy"].startswith('{\n  "Version" : "2012-10-17",\n  "Id" : "key-default-1",\n  "Statement" : [ {')
    assert '"AWS" : "arn:aws:iam::111111111111:root"' in policy["Policy"]
    assert kms.call("ListKeyPolicies", KeyId=key) == {"PolicyNames": ["default"], "Truncated": False}
    assert kms.fails("GetKeyPolicy", KeyId=key, PolicyName="other") == ("NotFoundException", "No such policy exists")


def test_nobody_changes_a_key_of_aws_s(kms: Any) -> None:
    key = kms.described("alias/aws/ebs")["KeyId"]
    for operation, params in [
        ("DisableKey", {}),
        ("ScheduleKeyDeletion", {}),
        ("EnableKeyRotation", {}),
        ("UpdateKeyDescription", {"Description": "x"}),
        ("TagResource", {"Tags": []}),
    ]:
        code, said = kms.fails(operation, KeyId=key, **params)
        assert code == "AccessDeniedException"
        assert f"is not authorized to perform: kms:{operation} on resource: {kms.arn(key)}" in said


# ---- LocalStack's tags


def test_id_and_material_by_tags(kms: Any) -> None:
    material = b"m" * 32
    tags = {"_custom_id_": "my-key", "_custom_key_material_": b64encode(material).decode()}
    assert kms.key(tags=tags) == "my-key"
    blob = kms.encrypt("my-key")
    assert kms.decrypt(blob) == b"secret"
    shown = kms.call("ListResourceTags", KeyId="my-key")["Tags"]
    assert shown == [{"TagKey": "_custom_id_", "TagValue": "my-key"}]
    assert kms.fails("CreateKey", Tags=[{"TagKey": "_custom_id_", "TagValue": "my-key"}])[0] == "AlreadyExistsException"
    # The same id and material elsewhere: what was encrypted here is read there.
    kms.key(OTHER, tags=tags)
    assert kms.call("Decrypt", OTHER, CiphertextBlob=blob, KeyId="my-key")["Plaintext"] == b"secret"


@pytest.mark.parametrize(
    "tags",
    [{"_custom_id_": "a/b"}, {"_custom_id_": ""}, {"_custom_key_material_": "!"}, {"_custom_key_material_": "YQ=="}],
)
def test_tags_that_give_no_id_and_no_material(kms: Any, tags: dict[str, str]) -> None:
    given = [{"TagKey": name, "TagValue": value} for name, value in tags.items()]
    assert kms.fails("CreateKey", Tags=given)[0] == "ValidationException"


def test_material_by_tags_is_not_dropped_where_it_is_to_be_imported(kms: Any) -> None:
    given = [{"TagKey": "_custom_key_material_", "TagValue": "A" * 43 + "="}]
    refused = kms.fails("CreateKey", Tags=given, Origin="EXTERNAL")
    said = "The tag _custom_key_material_ is not valid with the origin EXTERNAL: import the material."
    assert refused == ("ValidationException", said)


def test_an_arn_of_another_partition_is_of_no_key_here(kms: Any) -> None:
    key = kms.key()
    kms.call("CreateAlias", AliasName="alias/a", TargetKeyId=key)
    for resource in (f"key/{key}", "alias/a"):
        kms.described(f"arn:aws:kms:eu-central-1:111111111111:{resource}")
        arn = f"arn:aws-cn:kms:eu-central-1:111111111111:{resource}"
        assert kms.fails("DescribeKey", KeyId=arn) == ("NotFoundException", f"Key '{arn}' does not exist")
        assert kms.fails("Encrypt", KeyId=arn, Plaintext=b"x")[0] == "NotFoundException"


def test_material_by_tags_for_every_kind_of_key(kms: Any) -> None:
    def tags(material: bytes) -> dict[str, str]:
        return {"_custom_key_material_": b64encode(material).decode()}

    for material in (b"custom test key material", b"m" * 16):
        key = kms.key(tags=tags(material))
        assert kms.decrypt(kms.encrypt(key)) == b"secret"
    mac = kms.key(tags=tags(b"custom"), KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
    made = kms.call("GenerateMac", KeyId=mac, Message=b"m", MacAlgorithm="HMAC_SHA_256")
    assert made["Mac"] == hmac.digest(b"custom", b"m", "sha256")
    private = ec.generate_private_key(ec.SECP256K1())
    der = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    pair = kms.key(tags=tags(der), KeySpec="ECC_SECG_P256K1", KeyUsage="SIGN_VERIFY")
    assert load_der_public_key(kms.call("GetPublicKey", KeyId=pair)["PublicKey"]) == private.public_key()


# ---- last usage


def test_the_last_use_is_known(kms: Any) -> None:
    key = kms.key()
    made = kms.now()
    shown = kms.call("GetKeyLastUsage", KeyId=key)
    assert shown == {"KeyId": key, "KeyLastUsage": {}, "TrackingStartDate": made, "KeyCreationDate": made}
    kms.advance(100)
    blob = kms.encrypt(key)
    used = kms.call("GetKeyLastUsage", KeyId=key)["KeyLastUsage"]
    assert (used["Operation"], used["Timestamp"]) == ("Encrypt", kms.now())
    kms.advance(100)
    kms.decrypt(blob)
    assert kms.call("GetKeyLastUsage", KeyId=key)["KeyLastUsage"]["Operation"] == "Decrypt"


def test_the_last_use_stays_known_when_another_key_changes(kms: Any) -> None:
    kms.forgetful = False
    key, other = kms.key(), kms.key()
    blob = kms.encrypt(key)
    # Too soon to be written.
    kms.advance(10)
    kms.decrypt(blob)
    used = kms.call("GetKeyLastUsage", KeyId=key)["KeyLastUsage"]
    assert (used["Operation"], used["Timestamp"]) == ("Decrypt", kms.now())
    kms.advance(1)
    kms.call("UpdateKeyDescription", KeyId=other, Description="d")
    kms.call("DisableKey", KeyId=key)
    assert kms.call("GetKeyLastUsage", KeyId=key)["KeyLastUsage"] == used
    assert kms.call("GetKeyLastUsage", KeyId=other)["KeyLastUsage"] == {}


def test_a_key_that_takes_another_s_id_was_not_used(kms: Any) -> None:
    tags = {"_custom_id_": "mine"}
    kms.encrypt(kms.key(tags=tags))
    kms.call("ScheduleKeyDeletion", KeyId="mine", PendingWindowInDays=7)
    kms.days(8)
    kms.key(tags=tags)
    assert kms.call("GetKeyLastUsage", KeyId="mine")["KeyLastUsage"] == {}


def test_a_refusal_is_no_use(kms: Any) -> None:
    key = kms.key()
    with pytest.raises(AwsError):
        kms.decrypt(b"x" * 100, KeyId=key)
    assert kms.fails("Encrypt", KeyId=key, Plaintext=b"x", DryRun=True)[0] == "DryRunOperationException"
    assert kms.call("GetKeyLastUsage", KeyId=key)["KeyLastUsage"] == {}


def test_a_marker_is_good_for_what_it_was_given_for(kms: Any) -> None:
    key, other = kms.key(tags={"a": "1", "b": "2"}), kms.key(tags={"a": "1", "b": "2"})
    for each in (key, other):
        for number in range(2):
            kms.call("CreateAlias", AliasName=f"alias/{each[:8]}-{number}", TargetKeyId=each)
            kms.call("CreateGrant", KeyId=each, GranteePrincipal=ROLE, RetiringPrincipal=ROLE, Operations=["Decrypt"])
            kms.call("RotateKeyOnDemand", KeyId=each)
    lists: list[tuple[str, dict[str, Any]]] = [
        ("ListKeys", {}),
        ("ListAliases", {}),
        *(("ListAliases", {"KeyId": each}) for each in (key, other)),
        *(("ListGrants", {"KeyId": each}) for each in (key, other)),
        ("ListGrants", {"KeyId": key, "GranteePrincipal": ROLE}),
        ("ListRetirableGrants", {"RetiringPrincipal": ROLE}),
        *(("ListKeyRotations", {"KeyId": each}) for each in (key, other)),
        ("ListKeyRotations", {"KeyId": key, "IncludeKeyMaterial": "ALL_KEY_MATERIAL"}),
        *(("ListResourceTags", {"KeyId": each}) for each in (key, other)),
    ]
    markers = [kms.call(operation, **params, Limit=1)["NextMarker"] for operation, params in lists]
    for each, marker in enumerate(markers):
        for other_list, (operation, params) in enumerate(lists):
            if each == other_list:
                kms.call(operation, **params, Limit=2, Marker=marker)
                if "KeyId" in params:
                    kms.call(operation, **{**params, "KeyId": kms.arn(params["KeyId"])}, Marker=marker)
            else:
                assert kms.fails(operation, **params, Marker=marker) == ("InvalidMarkerException", "")
    assert kms.fails("ListKeys", ("222222222222", "eu-central-1"), Marker=markers[0])[0] == "InvalidMarkerException"
