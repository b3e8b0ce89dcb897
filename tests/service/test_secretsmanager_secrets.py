"""Secrets Manager through boto3, in the four positions, beside the real KMS."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

PAYMENTS, OTHER, REGION = "111111111111", "333333333333", "eu-central-1"


def unique() -> str:
    return f"s/{uuid4()}"


def key_of(client: Any) -> str:
    return str(client.create_key()["KeyMetadata"]["Arn"])


def code_of(call: Callable[..., Any], **params: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**params)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return str(caught.value.response["Error"]["Code"])


def test_a_secret_from_every_position(positions: Any) -> None:
    owner, caller = positions.owner("secretsmanager"), positions.caller("secretsmanager")
    name, key = unique(), key_of(positions.owner("kms"))
    made = owner.create_secret(Name=name, SecretString="v1", KmsKeyId=key, Tags=[{"Key": "a", "Value": "1"}])
    arn = made["ARN"]
    assert arn.startswith(f"arn:aws:secretsmanager:{positions.owner_region}:{positions.owner_account}:secret:{name}-")
    for text in (arn, arn[:-7]):
        value = caller.get_secret_value(SecretId=text)
        assert (value["SecretString"], value["VersionId"], value["Name"]) == ("v1", made["VersionId"], name)
        assert abs(value["CreatedDate"] - datetime.now(UTC)) < timedelta(minutes=5)
    caller.put_secret_value(SecretId=arn, SecretBinary=b"\x00v2")
    assert owner.get_secret_value(SecretId=name)["SecretBinary"] == b"\x00v2"
    caller.update_secret(SecretId=arn, SecretString="v3", Description="d")
    assert owner.get_secret_value(SecretId=name)["SecretString"] == "v3"
    caller.tag_resource(SecretId=arn, Tags=[{"Key": "b", "Value": "2"}])
    caller.untag_resource(SecretId=arn, TagKeys=["a"])
    shown = caller.describe_secret(SecretId=arn)
    assert (shown["Description"], shown["KmsKeyId"], shown["Tags"]) == ("d", key, [{"Key": "b", "Value": "2"}])
    assert len(caller.list_secret_version_ids(SecretId=arn, IncludeDeprecated=True)["Versions"]) == 3
    policy = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": f"arn:aws:iam::{positions.caller_account}:root"},
                    "Action": "secretsmanager:GetSecretValue",
                    "Resource": "*",
                }
            ],
        }
    )
    caller.put_resource_policy(SecretId=arn, ResourcePolicy=policy, BlockPublicPolicy=True)
    assert json.loads(owner.get_resource_policy(SecretId=name)["ResourcePolicy"]) == json.loads(policy)
    assert caller.list_resource_policies(SecretId=arn)["ResourcePolicies"] == [{"PolicyName": "default"}]
    assert caller.validate_resource_policy(SecretId=arn, ResourcePolicy=policy)["PolicyValidationPassed"]
    caller.delete_resource_policy(SecretId=arn)
    batch = caller.batch_get_secret_value(SecretIdList=[arn, "none"])
    assert [each["SecretString"] for each in batch["SecretValues"]] == ["v3"]
    assert [each["ErrorCode"] for each in batch["Errors"]] == ["ResourceNotFoundException"]
    assert code_of(caller.rotate_secret, SecretId=arn) == "InvalidRequestException"
    caller.delete_secret(SecretId=arn)
    assert code_of(caller.get_secret_value, SecretId=arn) == "InvalidRequestException"
    caller.restore_secret(SecretId=arn)
    assert caller.get_secret_value(SecretId=arn)["SecretString"] == "v3"
    caller.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)
    assert code_of(owner.describe_secret, SecretId=name) == "ResourceNotFoundException"


def test_a_name_is_ones_own(positions: Any) -> None:
    owner, caller = positions.owner("secretsmanager"), positions.caller("secretsmanager")
    name = unique()
    arn = owner.create_secret(Name=name, SecretString="theirs")["ARN"]
    filters = [{"Key": "name", "Values": [name]}]
    assert [each["ARN"] for each in owner.list_secrets(Filters=filters)["SecretList"]] == [arn]
    if positions.position != "owner":
        assert code_of(caller.get_secret_value, SecretId=name) == "ResourceNotFoundException"
        assert caller.list_secrets(Filters=filters)["SecretList"] == []
        own = caller.create_secret(Name=name, SecretString="own")["ARN"]
        assert own != arn
        assert caller.get_secret_value(SecretId=name)["SecretString"] == "own"
    if positions.caller_account == positions.owner_account:
        assert caller.get_secret_value(SecretId=arn)["SecretString"] == "theirs"
    else:
        with pytest.raises(ClientError, match="default KMS service key"):
            caller.get_secret_value(SecretId=arn)


def test_keys_that_are_disabled_or_gone(positions: Any) -> None:
    owner, caller, kms = positions.owner("secretsmanager"), positions.caller("secretsmanager"), positions.owner("kms")
    key = key_of(kms)
    arn = owner.create_secret(Name=unique(), SecretString="v1", KmsKeyId=key)["ARN"]
    for _ in range(3):
        assert caller.get_secret_value(SecretId=arn)["SecretString"] == "v1"
    kms.disable_key(KeyId=key)
    with pytest.raises(ClientError) as caught:
        caller.get_secret_value(SecretId=arn)
    error, request = caught.value.response["Error"], caught.value.response["ResponseMetadata"]["RequestId"]
    assert error == {
        "Code": "DecryptionFailure",
        "Message": f"Secrets Manager can't decrypt the secret value: {key} is disabled. (Service: AWSKMS; "
        f"Status Code: 400; Error Code: DisabledException; Request ID: {request}; Proxy: null)",
    }
    assert code_of(caller.put_secret_value, SecretId=arn, SecretString="v2") == "EncryptionFailure"
    kms.enable_key(KeyId=key)
    assert caller.get_secret_value(SecretId=arn)["SecretString"] == "v1"
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    with pytest.raises(ClientError, match=r"is pending deletion. .*; Error Code: KMSInvalidStateException;"):
        caller.get_secret_value(SecretId=arn)
    kms.cancel_key_deletion(KeyId=key)
    kms.enable_key(KeyId=key)
    assert caller.get_secret_value(SecretId=arn)["SecretString"] == "v1"
    with pytest.raises(ClientError, match="Access to KMS is not allowed"):
        owner.create_secret(Name=unique(), SecretString="v1", KmsKeyId=str(uuid4()))


def test_keys_by_id_by_alias_and_of_another_account(positions: Any) -> None:
    owner, caller = positions.owner("secretsmanager"), positions.caller("secretsmanager")
    key = key_of(positions.owner("kms"))
    alias = f"alias/{uuid4()}"
    positions.owner("kms").create_alias(AliasName=alias, TargetKeyId=key)
    theirs = key_of(positions.caller("kms"))
    for given in (key.rpartition("/")[2], alias, key, theirs):
        arn = owner.create_secret(Name=unique(), SecretString=given, KmsKeyId=given)["ARN"]
        assert caller.get_secret_value(SecretId=arn)["SecretString"] == given
        assert caller.describe_secret(SecretId=arn)["KmsKeyId"] == given
    positions.caller("kms").disable_key(KeyId=theirs)
    assert code_of(owner.get_secret_value, SecretId=arn) == "DecryptionFailure"
    # An alias that means another key now changes nothing of what is there.
    arn = owner.create_secret(Name=unique(), SecretString="v1", KmsKeyId=alias)["ARN"]
    positions.owner("kms").update_alias(AliasName=alias, TargetKeyId=key_of(positions.owner("kms")))
    assert owner.get_secret_value(SecretId=arn)["SecretString"] == "v1"


def test_replicas(positions: Any) -> None:
    owner, caller = positions.owner("secretsmanager"), positions.caller("secretsmanager")
    there = positions.atoll.client("secretsmanager", positions.owner_account, "eu-west-3")
    name = unique()
    arn = owner.create_secret(Name=name, SecretString="v1", KmsKeyId=key_of(positions.owner("kms")))["ARN"]
    added = caller.replicate_secret_to_regions(SecretId=arn, AddReplicaRegions=[{"Region": "eu-west-3"}])
    assert [each["Region"] for each in added["ReplicationStatus"]] == ["eu-west-3"]
    assert there.get_secret_value(SecretId=name)["SecretString"] == "v1"
    assert owner.describe_secret(SecretId=name)["ReplicationStatus"][0]["Status"] == "InSync"
    caller.put_secret_value(SecretId=arn, SecretString="v2")
    assert there.get_secret_value(SecretId=name)["SecretString"] == "v2"
    assert code_of(there.put_secret_value, SecretId=name, SecretString="x") == "InvalidParameterException"
    assert there.describe_secret(SecretId=name)["PrimaryRegion"] == positions.owner_region
    caller.stop_replication_to_replica(SecretId=there.describe_secret(SecretId=name)["ARN"])
    there.put_secret_value(SecretId=name, SecretString="own")
    assert owner.get_secret_value(SecretId=name)["SecretString"] == "v2"


def test_what_the_model_refuses(atoll: Any) -> None:
    client = atoll.client("secretsmanager")
    with pytest.raises(ClientError) as caught:
        client.get_random_password(PasswordLength=4097)
    assert caught.value.response["Error"] == {
        "Code": "ValidationException",
        "Message": "1 validation error detected: Value '4097' at 'passwordLength' failed to satisfy constraint: "
        "Member must have value less than or equal to 4096",
    }
    assert len(client.get_random_password()["RandomPassword"]) == 32
    with pytest.raises(ClientError, match="ValidationException"):
        client.create_secret(Name="Inv Name", SecretString="x")
    with pytest.raises(ClientError) as caught:
        client.create_secret(Name=unique(), SecretString="x" * 65_537)
    assert "x" * 10 not in caught.value.response["Error"]["Message"]


def test_a_token_must_be_given(atoll: Any) -> None:
    client = atoll.client("secretsmanager")
    name = unique()
    client.create_secret(Name=name, SecretString="v1")

    def without_token(params: Any, **_: Any) -> None:
        params["body"] = json.dumps(json.loads(params["body"]) | {"ClientRequestToken": None}).encode()

    client.meta.events.register("before-call.secretsmanager", without_token)
    try:
        for call, params, code in (
            (client.create_secret, {"Name": unique()}, "InvalidRequestException"),
            (client.put_secret_value, {"SecretId": name, "SecretString": "v2"}, "InvalidRequestException"),
            (client.update_secret, {"SecretId": name}, "InvalidRequestException"),
            (client.rotate_secret, {"SecretId": name}, "InvalidParameterException"),
        ):
            with pytest.raises(ClientError) as caught:
                call(**params)
            assert caught.value.response["Error"] == {
                "Code": code,
                "Message": "You must provide a ClientRequestToken value. We recommend a UUID-type value.",
            }
    finally:
        # Other tests have the same client.
        client.meta.events.unregister("before-call.secretsmanager", without_token)


def test_the_default_key_by_its_arn(positions: Any) -> None:
    owner, caller = positions.owner("secretsmanager"), positions.caller("secretsmanager")
    kms = positions.owner("kms")
    default = kms.describe_key(KeyId="alias/aws/secretsmanager")["KeyMetadata"]["Arn"]
    arn = owner.create_secret(Name=unique(), SecretString="v1", KmsKeyId=default)["ARN"]
    assert owner.get_secret_value(SecretId=arn)["SecretString"] == "v1"
    if positions.caller_account == positions.owner_account:
        assert caller.get_secret_value(SecretId=arn)["SecretString"] == "v1"
    else:
        assert code_of(caller.get_secret_value, SecretId=arn) == "InvalidRequestException"
    other = kms.describe_key(KeyId="alias/aws/sqs")["KeyMetadata"]["Arn"]
    refused = {"Name": unique(), "SecretString": "x", "KmsKeyId": other}
    assert code_of(owner.create_secret, **refused) == "AccessDeniedException"


def test_tokens_and_markers_of_another_list(positions: Any) -> None:
    secrets, kms = positions.owner("secretsmanager"), positions.owner("kms")
    for _ in range(2):
        secrets.create_secret(Name=unique(), SecretString="v1")
        key_of(kms)
    token = secrets.list_secrets(MaxResults=1)["NextToken"]
    assert secrets.list_secrets(MaxResults=1, NextToken=token)["SecretList"]
    assert code_of(secrets.list_secrets, NextToken=token, SortOrder="desc") == "InvalidNextTokenException"
    marker = kms.list_keys(Limit=1)["NextMarker"]
    assert kms.list_keys(Limit=1, Marker=marker)["Keys"]
    assert code_of(kms.list_aliases, Marker=marker) == "InvalidMarkerException"


def test_rotation_without_lambda(atoll: Any) -> None:
    client = atoll.client("secretsmanager")
    name = unique()
    client.create_secret(Name=name, SecretString="v1")
    function = "arn:aws:lambda:ap-south-1:111111111111:function:rotator"
    with pytest.raises(ClientError, match="cannot invoke the specified Lambda function"):
        client.rotate_secret(SecretId=name, RotationLambdaARN=function, RotationRules={"AutomaticallyAfterDays": 1})


# ---- what holds of every service


@pytest.fixture
def started(atoll_with: Callable[..., Any], tmp_path: Path) -> Any:
    with atoll_with("--data", str(tmp_path / "data")) as atoll:
        yield atoll


def test_a_copy_in_another_account_opens_what_was_sealed_before(started: Any, tmp_path: Path) -> None:
    owner, other = (started.client("secretsmanager", account, REGION) for account in (PAYMENTS, OTHER))
    kms = started.client("kms", PAYMENTS, REGION)
    key = key_of(kms)
    owner.create_secret(Name="own-key", SecretString="v1", KmsKeyId=key)
    owner.create_secret(Name="default-key", SecretString="v2")
    assert owner.get_secret_value(SecretId="own-key")["SecretString"] == "v1"
    file = tmp_path / "secrets.atoll"
    started.command("snapshot", "save", PAYMENTS, str(file))
    started.command("snapshot", "load", str(file), "--account", OTHER)
    shown = other.describe_secret(SecretId="own-key")
    assert shown["ARN"].split(":")[4] == OTHER
    assert shown["KmsKeyId"] == key.replace(PAYMENTS, OTHER)
    kms.disable_key(KeyId=key)
    assert code_of(owner.get_secret_value, SecretId="own-key") == "DecryptionFailure"
    assert other.get_secret_value(SecretId="own-key")["SecretString"] == "v1"
    assert other.get_secret_value(SecretId="default-key")["SecretString"] == "v2"
    other.put_secret_value(SecretId="own-key", SecretString="copy's")
    found = started.command("get", "resources", "--account", OTHER, "-o", "name")
    assert shown["ARN"] in found.splitlines()
    started.command("reset", "--account", OTHER, "--service", "secretsmanager")
    assert other.list_secrets()["SecretList"] == []


def test_secrets_outlast_a_restart(atoll_with: Callable[..., Any], tmp_path: Path) -> None:
    data = str(tmp_path / "data")
    with atoll_with("--data", data) as atoll:
        client = atoll.client("secretsmanager", PAYMENTS, REGION)
        arn = client.create_secret(Name="s", SecretString="v1")["ARN"]
        assert client.get_secret_value(SecretId=arn)["SecretString"] == "v1"
    with atoll_with("--data", data) as atoll:
        assert atoll.client("secretsmanager", PAYMENTS, REGION).get_secret_value(SecretId=arn)["SecretString"] == "v1"
