"""What other services do by KMS's keys on a caller's behalf: data keys in and out, from wherever their things are."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from atoll.core.errors import AwsError
from atoll.core.tenant_id import TenantId

A = TenantId("default", "111111111111", "us-east-1")
B = TenantId("default", "222222222222", "eu-central-1")
SOMEWHERE = TenantId("default", "333333333333", "ap-south-1")


def run(tmp_path: Path, cloud_at: Any, box_arn: Any, scenario: Any) -> None:
    """A service whose thing is in a third account calls KMS as `caller`."""

    async def go() -> None:
        async with cloud_at(tmp_path) as cloud:

            async def kms(caller: TenantId, operation: str, **params: Any) -> dict[str, Any]:
                box = box_arn(SOMEWHERE, "x")
                asked: dict[str, Any] = await cloud.call(
                    caller, "Ask", Box=box, Service="kms", Operation=operation, Params=params
                )
                return asked

            await scenario(cloud, kms)

    asyncio.run(go())


def test_by_the_arn_of_another_account_s_key(tmp_path: Path, cloud_at: Any, box_arn: Any) -> None:
    async def scenario(cloud: Any, kms: Any) -> None:
        key = (await cloud.call(A, "CreateKey", service="kms"))["KeyMetadata"]["Arn"]
        await cloud.call(A, "CreateAlias", service="kms", AliasName="alias/mine", TargetKeyId=key)
        alias = key.rpartition(":")[0] + ":alias/mine"
        context = {"EncryptionContext": {"SecretARN": "arn:aws:secretsmanager:us-east-1:111111111111:secret:s"}}
        for name in (key, alias):
            made = await kms(B, "GenerateDataKey", KeyId=name, KeySpec="AES_256", **context)
            for named in ({}, {"KeyId": key}):
                got = await kms(B, "Decrypt", CiphertextBlob=made["CiphertextBlob"], **named, **context)
                assert (got["Plaintext"], got["KeyId"]) == (made["Plaintext"], key)
            sealed = await kms(B, "Encrypt", KeyId=name, Plaintext=b"p")
            assert (await kms(A, "Decrypt", CiphertextBlob=sealed["CiphertextBlob"]))["Plaintext"] == b"p"
            assert (await kms(B, "DescribeKey", KeyId=name))["KeyMetadata"]["Arn"] == key
        pair = await kms(B, "GenerateDataKeyPair", KeyId=key, KeyPairSpec="ECC_NIST_P256")
        again = await kms(B, "ReEncrypt", CiphertextBlob=pair["PrivateKeyCiphertextBlob"], DestinationKeyId=alias)
        got = await kms(B, "Decrypt", CiphertextBlob=again["CiphertextBlob"])
        assert got["Plaintext"] == pair["PrivateKeyPlaintext"]

    run(tmp_path, cloud_at, box_arn, scenario)


def test_a_bare_name_is_the_caller_s_wherever_the_service_s_thing_is(
    tmp_path: Path, cloud_at: Any, box_arn: Any
) -> None:
    async def scenario(cloud: Any, kms: Any) -> None:
        key = (await cloud.call(B, "CreateKey", service="kms"))["KeyMetadata"]
        assert (await kms(B, "DescribeKey", KeyId=key["KeyId"]))["KeyMetadata"]["Arn"] == key["Arn"]
        with pytest.raises(AwsError) as caught:
            await kms(A, "DescribeKey", KeyId=key["KeyId"])
        assert caught.value.code == "NotFoundException"
        made = await kms(B, "GenerateDataKey", KeyId="alias/aws/secretsmanager", KeySpec="AES_256")
        assert made["KeyId"].startswith("arn:aws:kms:eu-central-1:222222222222:key/")
        assert (await kms(B, "Decrypt", CiphertextBlob=made["CiphertextBlob"]))["Plaintext"] == made["Plaintext"]
        await cloud.call(B, "DisableKey", service="kms", KeyId=key["KeyId"])
        with pytest.raises(AwsError) as caught:
            await kms(B, "Encrypt", KeyId=key["KeyId"], Plaintext=b"p")
        assert caught.value.code == "DisabledException"

    run(tmp_path, cloud_at, box_arn, scenario)


def test_closing_every_tenant_changes_nothing(tmp_path: Path, cloud_at: Any, box_arn: Any) -> None:
    async def scenario(cloud: Any, kms: Any) -> None:
        key = (await cloud.call(A, "CreateKey", service="kms", MultiRegion=True))["KeyMetadata"]["KeyId"]
        await cloud.call(A, "ReplicateKey", service="kms", KeyId=key, ReplicaRegion="eu-central-1")
        near = TenantId("default", A.account, "eu-central-1")
        blobs = []
        for _ in range(3):
            await cloud.cell.tenants.close_all()
            await cloud.call(A, "RotateKeyOnDemand", service="kms", KeyId=key)
            await cloud.cell.tenants.close_all()
            blobs.append((await kms(near, "Encrypt", KeyId=key, Plaintext=b"p"))["CiphertextBlob"])
            await cloud.cell.tenants.close_all()
            used = await cloud.call(near, "GetKeyLastUsage", service="kms", KeyId=key)
            assert used["KeyLastUsage"]["Operation"] == "Encrypt"
        for blob in blobs:
            await cloud.cell.tenants.close_all()
            assert (await kms(A, "Decrypt", CiphertextBlob=blob))["Plaintext"] == b"p"

    run(tmp_path, cloud_at, box_arn, scenario)
