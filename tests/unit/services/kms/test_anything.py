"""Whatever the model lets through gets an answer, or one of AWS's errors: nothing that a caller says is a failure of
ours, and afterwards all that was there before is still to be read."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from atoll.core.errors import AwsError
from atoll.wire.model import Shape, load
from atoll.wire.validate import validate

CALLS = 150
"""Of each operation."""
HERE, OTHER, FAR = ("111111111111", "eu-central-1"), ("222222222222", "eu-central-1"), ("111111111111", "us-east-1")


class Speaker:
    """Says what may mean something, and what does not."""

    def __init__(self, kms: Any, seed: int) -> None:
        self.kms = kms
        self.random = random.Random(seed)
        usages = {
            "ECC_NIST_P256": "SIGN_VERIFY",
            "ECC_NIST_P384": "KEY_AGREEMENT",
            "ECC_NIST_EDWARDS25519": "SIGN_VERIFY",
            "HMAC_256": "GENERATE_VERIFY_MAC",
            "ML_DSA_44": "SIGN_VERIFY",
            "ML_KEM_768": "ENCAPSULATE_DECAPSULATE",
        }
        keys = [kms.key(), kms.key(MultiRegion=True), kms.key(Origin="EXTERNAL"), kms.key(tags={"_custom_id_": "k"})]
        keys += [kms.key(KeySpec=spec, KeyUsage=usage) for spec, usage in usages.items()]
        kms.call("CreateAlias", AliasName="alias/a", TargetKeyId=keys[0])
        alias = "arn:aws:kms:eu-central-1:111111111111:alias/a"
        self.ids = [*keys, *map(kms.arn, keys), "alias/a", "alias/aws/s3", alias, "alias/", "arn:aws:kms:::key/", ""]
        grant = {"GranteePrincipal": "222222222222", "RetiringPrincipal": "222222222222", "Operations": ["Decrypt"]}
        self.grants = [kms.call("CreateGrant", KeyId=keys[0], **grant) for _ in range(3)]
        store = {
            "CustomKeyStoreName": "s",
            "CloudHsmClusterId": "cluster-1a23b4cdefg",
            "TrustAnchorCertificate": "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----",
            "KeyStorePassword": "password",
        }
        self.stores = [kms.call("CreateCustomKeyStore", **store)["CustomKeyStoreId"], "cks-none"]
        self.blobs = [kms.encrypt(keys[0]), kms.encrypt("k"), b"", b"\0", b"x" * 32, b"y" * 64]
        self.blobs += [self.blobs[0][:-1], self.blobs[1][: len(self.blobs[1]) // 2], self.blobs[0] * 2]
        self.blobs.append(kms.call("GetPublicKey", KeyId=keys[5])["PublicKey"])
        self.kept = self.blobs[:2]

    def say(self, shape: Shape, name: str, required: bool = True) -> Any:
        pick = self.random.choice
        match shape.type:
            case "structure":
                needed = set(shape.required)
                return {
                    member: said
                    for member, each in shape.members.items()
                    if member in needed or self.random.random() < 0.4
                    for said in [self.say(each.shape, member)]
                }
            case "list":
                assert shape.member is not None
                return [self.say(shape.member.shape, name) for _ in range(pick((0, 1, 1, 2)))]
            case "map":
                return {pick("ab\u00e4"): pick(("", "1", "\u20ac" * 9)) for _ in range(pick((0, 1, 2)))}
            case "string":
                return self.text(shape, name)
            case "blob":
                return pick(self.blobs)
            case "integer" | "long":
                return pick((1, 5, 7, 30, 100, 365, 1000))
            case "boolean":
                return pick((True, False, False))
            case "timestamp":
                return self.kms.now() + timedelta(days=pick((-1, 1, 400)))
        raise AssertionError(shape.type)

    def text(self, shape: Shape, name: str) -> str:
        pick = self.random.choice
        if shape.enum:
            return str(pick([value for value in shape.enum if not value.startswith("RSA_")]))
        by_name: dict[str, list[str]] = {
            "GrantId": [*(each["GrantId"] for each in self.grants), "0" * 64, "x"],
            "GrantToken": [*(each["GrantToken"] for each in self.grants), "x", "AQ=="],
            "GrantTokens": [*(each["GrantToken"] for each in self.grants), "x"],
            "CustomKeyStoreId": self.stores,
            "AliasName": ["alias/a", "alias/b", "alias/aws/s3", "alias/", "x", "alias/a:b"],
            "Policy": ["{}", "[", '{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}'],
            "PolicyName": ["default", "other"],
            "Marker": ["x", "MTph", "MTo1", "MTo="],
            "ReplicaRegion": ["us-east-1", "eu-central-1", "cn-north-1"],
            "PrimaryRegion": ["us-east-1", "eu-central-1", "ap-south-1"],
        }
        if name in by_name:
            return str(pick(by_name[name]))
        if name.endswith("KeyId"):
            return str(pick(self.ids))
        if name.endswith("Principal"):
            return str(
                pick(("222222222222", "arn:aws:iam::222222222222:role/r", "sqs.amazonaws.com", "x", "arn:aws:s"))
            )
        return str(pick(("x", "a" * 20, "\u00e4\u20ac", "0" * 64, "https://a.example.com", "/kms/xks/v1")))


@pytest.mark.parametrize("seed", range(4))
def test_anything_is_answered(kms: Any, seed: int) -> None:
    model = load("kms")
    speaker = Speaker(kms, seed)
    names = sorted(model.operations) * CALLS
    speaker.random.shuffle(names)
    answered: set[str] = set()
    faults: list[AwsError] = []
    # What these do to the keys is tried elsewhere: here they would soon have none left to be used.
    names = [name for name in names if name not in ("ScheduleKeyDeletion", "CancelKeyDeletion", "DisableKey")]
    for name in names[:2500]:
        operation = model.operations[name]
        params = {} if operation.input is None else speaker.say(operation.input, "")
        if name == "GetParametersForImport" or params.get("KeyPairSpec", "").startswith("RSA"):
            continue
        try:
            validate(operation, params)
            kms.call(name, speaker.random.choice((HERE, OTHER, FAR)), **params)
            answered.add(name)
        except AwsError as error:
            faults += [error] if error.fault != "Sender" else []
    assert faults == []
    assert len(answered) > 30, sorted(set(model.operations) - answered)
    for blob in speaker.kept:
        assert kms.decrypt(blob) == b"secret"
