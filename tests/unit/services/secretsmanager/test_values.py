"""GetSecretValue and PutSecretValue: values, keys, and what stays in memory."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

NOT_FOUND = ("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
DELETED = (
    "InvalidRequestException",
    "You can't perform this operation on the secret because it was marked for deletion.",
)
ALIAS = "alias/aws/secretsmanager"
TOKEN = "0123456789abcdef0123456789abcdef"


def test_a_value_goes_in_and_comes_out(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        made = await cloud.call("CreateSecret", Name="a/b", SecretString="v1", ClientRequestToken=TOKEN)
        assert made == {"ARN": made["ARN"], "Name": "a/b", "VersionId": TOKEN}
        prefix, _, suffix = made["ARN"].rpartition("-")
        assert prefix == "arn:aws:secretsmanager:eu-central-1:111111111111:secret:a/b"
        assert len(suffix) == 6
        for name in ("a/b", made["ARN"], prefix):
            for _ in range(2):
                assert await cloud.call("GetSecretValue", SecretId=name) == {
                    "ARN": made["ARN"],
                    "Name": "a/b",
                    "VersionId": TOKEN,
                    "SecretString": "v1",
                    "VersionStages": ["AWSCURRENT"],
                    "CreatedDate": datetime.fromtimestamp(cloud.clock.now(), UTC),
                }
        assert await cloud.put("a/b", "v2") != TOKEN
        assert await cloud.value("a/b") == "v2"
        assert await cloud.value("a/b", VersionStage="AWSPREVIOUS") == "v1"
        assert await cloud.value("a/b", VersionId=TOKEN) == "v1"

    play(scenario)


def test_binary_values(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        arn = await cloud.create(value=None, SecretBinary=b"\x00\xff" * 32_768)
        for _ in range(2):
            assert (await cloud.call("GetSecretValue", SecretId=arn))["SecretBinary"] == b"\x00\xff" * 32_768
        await cloud.call("PutSecretValue", SecretId=arn, SecretBinary=b"\x01", ClientRequestToken=TOKEN)
        answer = await cloud.call("GetSecretValue", SecretId=arn)
        assert answer["SecretBinary"] == b"\x01"
        assert "SecretString" not in answer

    play(scenario)


def test_what_is_not_there(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        assert await cloud.fails("GetSecretValue", SecretId="no") == NOT_FOUND
        assert (
            await cloud.fails("PutSecretValue", SecretId="no", SecretString="x", ClientRequestToken=TOKEN) == NOT_FOUND
        )
        empty = await cloud.create("empty", None)
        message = "Secrets Manager can't find the specified secret value for "
        code = "ResourceNotFoundException"
        assert await cloud.fails("GetSecretValue", SecretId=empty) == (code, message + "staging label: AWSCURRENT")
        arn = await cloud.create("full")
        assert await cloud.fails("GetSecretValue", SecretId=arn, VersionStage="other") == (
            code,
            message + "staging label: other",
        )
        assert await cloud.fails("GetSecretValue", SecretId=arn, VersionId=TOKEN) == (
            code,
            message + f"VersionId: {TOKEN}",
        )
        await cloud.put(arn, "v2", ClientRequestToken=TOKEN)
        assert await cloud.fails("GetSecretValue", SecretId=arn, VersionId=TOKEN, VersionStage="AWSPREVIOUS") == (
            "InvalidRequestException",
            "You provided a VersionStage that is not associated to the provided VersionId.",
        )
        assert await cloud.value(arn, VersionId=TOKEN, VersionStage="AWSCURRENT") == "v2"
        await cloud.call("DeleteSecret", SecretId=arn)
        assert await cloud.fails("GetSecretValue", SecretId=arn) == DELETED
        assert await cloud.fails("PutSecretValue", SecretId=arn, SecretString="x", ClientRequestToken=TOKEN) == DELETED

    play(scenario)


def test_what_must_be_given(play_once: Any) -> None:
    async def scenario(cloud: Any) -> None:
        arn = await cloud.create()
        missing = "You must provide a ClientRequestToken value. We recommend a UUID-type value."
        for operation, params in {
            "CreateSecret": {"Name": "x"},
            "PutSecretValue": {"SecretId": arn, "SecretString": "x"},
            "UpdateSecret": {"SecretId": arn},
        }.items():
            assert await cloud.fails(operation, **params) == ("InvalidRequestException", missing)
        assert await cloud.fails("PutSecretValue", SecretId=arn, ClientRequestToken=TOKEN) == (
            "InvalidRequestException",
            "You must provide either SecretString or SecretBinary.",
        )
        both = {"SecretString": "x", "SecretBinary": b"x", "ClientRequestToken": TOKEN}
        assert await cloud.fails("PutSecretValue", SecretId=arn, **both) == (
            "InvalidParameterException",
            "You can't specify both a binary secret value and a string secret value in the same secret.",
        )
        code, message = await cloud.fails(
            "PutSecretValue", SecretId=arn, SecretString="ü" * 32_769, ClientRequestToken=TOKEN
        )
        assert code == "ValidationException"
        assert message.endswith("Member must have length less than or equal to 65536")
        await cloud.put(arn, "ü" * 32_768)

    play_once(scenario)


def test_a_token_comes_again(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        arn = await cloud.create("s", "v1", ClientRequestToken=TOKEN)
        assert await cloud.create("s", "v1", ClientRequestToken=TOKEN) == arn
        in_use = (
            "ResourceExistsException",
            f"You can't use ClientRequestToken {TOKEN} because that value is already in use for a version of secret "
            f"{arn}.",
        )
        create = {"Name": "s", "ClientRequestToken": TOKEN}
        assert await cloud.fails("CreateSecret", **create, SecretString="v2") == in_use
        assert await cloud.fails("CreateSecret", **create, SecretBinary=b"v1") == in_use
        assert await cloud.fails("CreateSecret", Name="s", SecretString="v1", ClientRequestToken=TOKEN[::-1]) == (
            "ResourceExistsException",
            "The operation failed because the secret s already exists.",
        )
        assert await cloud.put(arn, "v1", ClientRequestToken=TOKEN) == TOKEN
        put = {"SecretId": arn, "ClientRequestToken": TOKEN}
        assert await cloud.fails("PutSecretValue", **put, SecretString="v2") == in_use
        assert await cloud.fails("UpdateSecret", **put, SecretString="v2") == in_use
        assert await cloud.fails("UpdateSecret", **put, SecretBinary=b"v1") == in_use
        again = {"ARN": arn, "Name": "s", "VersionId": TOKEN}
        assert await cloud.call("UpdateSecret", **put, SecretString="v1") == again
        described = await cloud.call("UpdateSecret", **put, Description="d")
        assert described == {"ARN": arn, "Name": "s"}
        assert (await cloud.describe(arn))["Description"] == "d"
        versions = await cloud.call("ListSecretVersionIds", SecretId=arn)
        assert len(versions["Versions"]) == 1

    play(scenario)


def test_a_token_comes_eight_times_at_once(play_once: Any) -> None:
    async def scenario(cloud: Any) -> None:
        create = {"Name": "s", "SecretString": "v1", "ClientRequestToken": TOKEN}
        made = await asyncio.gather(*(cloud.call("CreateSecret", **create) for _ in range(8)))
        assert all(each == made[0] for each in made)
        update = {"SecretId": "s", "SecretString": "v2", "ClientRequestToken": TOKEN[::-1]}
        updated = await asyncio.gather(*(cloud.call("UpdateSecret", **update) for _ in range(8)))
        assert all(each == {**made[0], "VersionId": TOKEN[::-1]} for each in updated)
        assert len((await cloud.call("ListSecretVersionIds", SecretId="s"))["Versions"]) == 2

    play_once(scenario)


def test_a_key_is_used_on_the_way_in_and_out(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        key = await cloud.key()
        arn = await cloud.create(KmsKeyId=key)
        assert await cloud.value(arn) == "v1"
        assert cloud.kms_calls() == ["GenerateDataKey", "Decrypt"]
        assert (await cloud.describe(arn))["KmsKeyId"] == key
        await cloud.set_key(key, "Disabled")
        code, message = await cloud.fails("GetSecretValue", SecretId=arn)
        assert code == "DecryptionFailure"
        assert message.startswith(f"Secrets Manager can't decrypt the secret value: {key} (Service: AWSKMS; Status ")
        code, message = await cloud.fails("PutSecretValue", SecretId=arn, SecretString="x", ClientRequestToken=TOKEN)
        assert code == "EncryptionFailure"
        assert message.startswith(f"Secrets Manager can't encrypt the secret value: {key} (Service: AWSKMS; Status ")
        await cloud.set_key(key, "PendingDeletion")
        assert (await cloud.fails("GetSecretValue", SecretId=arn))[0] == "DecryptionFailure"
        await cloud.set_key(key, "Enabled")
        assert await cloud.value(arn) == "v1"
        unknown = {"Name": "other", "SecretString": "x", "KmsKeyId": "none", "ClientRequestToken": TOKEN}
        assert await cloud.fails("CreateSecret", **unknown) == ("AccessDeniedException", "Access to KMS is not allowed")
        assert await cloud.fails("DescribeSecret", SecretId="other") == NOT_FOUND

    play(scenario)


def test_keys_by_id_alias_and_in_other_places(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        key = await cloud.key()
        theirs = await cloud.at("222222222222", "us-east-1").key()
        by_id = await cloud.create("id", KmsKeyId=key.rpartition("/")[2])
        foreign = await cloud.create("foreign", KmsKeyId=theirs)
        default = await cloud.create("default", KmsKeyId="alias/aws/secretsmanager")
        for caller in (cloud, cloud.at("222222222222"), cloud.at("222222222222", "us-east-1")):
            assert await caller.value(by_id) == "v1"
            assert await caller.value(foreign) == "v1"
        assert (await cloud.describe(by_id))["KmsKeyId"] == key.rpartition("/")[2]
        assert (await cloud.describe(foreign))["KmsKeyId"] == theirs
        assert "KmsKeyId" not in await cloud.describe(default)
        refused = (
            "InvalidRequestException",
            "You can't access a secret from a different AWS account if you encrypt the secret with the default KMS "
            "service key.",
        )
        assert await cloud.at(region="us-east-1").value(default) == "v1"
        other = cloud.at("222222222222")
        assert await other.fails("GetSecretValue", SecretId=default) == refused
        put = {"SecretId": default, "SecretString": "x", "ClientRequestToken": TOKEN}
        assert await other.fails("PutSecretValue", **put) == refused
        assert await other.fails("UpdateSecret", **put) == refused
        assert (await other.describe(default))["Name"] == "default"

    play(scenario)


def test_an_answer_stays_in_memory_while_it_is_true(play_once: Any) -> None:
    async def scenario(cloud: Any) -> None:
        key = await cloud.key()
        arn = await cloud.create(KmsKeyId=key)
        await cloud.value(arn)
        cloud.kms_calls()
        for _ in range(3):
            assert await cloud.value(arn) == "v1"
        assert cloud.kms_calls() == [], "the first answer is given again"
        await cloud.put(arn, "v2")
        assert await cloud.value(arn) == "v2"
        await cloud.set_key(key, "Disabled")
        assert (await cloud.fails("GetSecretValue", SecretId=arn))[0] == "DecryptionFailure"
        await cloud.set_key(key, "Enabled")
        assert await cloud.value(arn) == "v2"
        cloud.kms_calls()
        await cloud.advance(86_400)
        assert await cloud.value(arn) == "v2"
        assert cloud.kms_calls() == ["Decrypt"], "another day is to be written down"
        answer = await cloud.call("GetSecretValue", SecretId=arn)
        answer["SecretString"] = "changed by whoever got it"
        assert await cloud.value(arn) == "v2"
        await cloud.create("default")
        assert await cloud.value("default") == "v1"
        assert (await cloud.at("222222222222").fails("GetSecretValue", SecretId=arn[:-7] + "-other"))[0]

    play_once(scenario)


def test_a_secret_that_went_back_to_the_default_key(play_once: Any) -> None:
    async def scenario(cloud: Any) -> None:
        key = await cloud.key()
        arn = await cloud.create(KmsKeyId=key)
        other = cloud.at("222222222222")
        assert await other.value(arn) == "v1"
        await cloud.call("UpdateSecret", SecretId=arn, KmsKeyId="", ClientRequestToken=TOKEN)
        for _ in range(2):
            assert await cloud.value(arn) == "v1"
            assert (await other.fails("GetSecretValue", SecretId=arn))[0] == "InvalidRequestException"

    play_once(scenario)


def test_what_was_written_beside_it_changes_no_answer(play_once: Any) -> None:
    async def scenario(cloud: Any) -> None:
        key = await cloud.key()
        arn = await cloud.create(KmsKeyId=key)
        await cloud.create("other")
        for secret in (arn, "other"):
            assert await cloud.value(secret) == "v1"
        cloud.kms_calls()
        await cloud.key()
        for _ in range(2):
            for secret in (arn, "other"):
                assert await cloud.value(secret) == "v1"
        assert cloud.kms_calls() == []
        await asyncio.gather(cloud.set_key(key, "Disabled"), *(cloud.value("other") for _ in range(3)))
        assert (await cloud.fails("GetSecretValue", SecretId=arn))[0] == "DecryptionFailure"
        await cloud.cell.tenants.close(cloud.here)
        await cloud.set_key(key, "Enabled")
        assert await cloud.value(arn) == "v1"

    play_once(scenario)


def test_the_default_key_by_its_arn_or_id_is_the_default_key(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        await cloud.create("first")
        default = "arn:aws:kms:eu-central-1:111111111111:key/default"
        other = cloud.at("222222222222")
        far = (
            "InvalidRequestException",
            "You can't access a secret from a different AWS account if you encrypt the secret with the default KMS "
            "service key.",
        )
        for number, key in enumerate((default, "default", f"arn:aws:kms:eu-central-1:111111111111:{ALIAS}", ALIAS)):
            arn = await cloud.create(f"s{number}", KmsKeyId=key)
            assert "KmsKeyId" not in await cloud.describe(arn)
            assert await cloud.value(arn) == "v1"
            assert await other.fails("GetSecretValue", SecretId=arn) == far
            put = {"SecretId": arn, "SecretString": "x", "ClientRequestToken": TOKEN}
            assert await other.fails("PutSecretValue", **put) == far
            own = await cloud.create(f"own{number}", KmsKeyId=await cloud.key())
            assert await other.value(own) == "v1"
            await cloud.call("UpdateSecret", SecretId=own, KmsKeyId=key, ClientRequestToken=TOKEN)
            assert await other.fails("GetSecretValue", SecretId=own) == far
        refused = {"Name": "x", "SecretString": "x", "KmsKeyId": default, "ClientRequestToken": TOKEN}
        assert (await other.fails("CreateSecret", **refused))[0] == "AccessDeniedException"

    play(scenario)


def test_nothing_crosses_realms(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        arn = await cloud.create(KmsKeyId=await cloud.key())
        twin = cloud.at(realm="twin")
        assert await twin.fails("GetSecretValue", SecretId=arn) == NOT_FOUND
        assert await twin.fails("DescribeSecret", SecretId=arn[:-7]) == NOT_FOUND
        await twin.create("s", "the twin's")
        await twin.call("ReplicateSecretToRegions", SecretId="s", AddReplicaRegions=[{"Region": "us-east-1"}])
        await cloud.quiet()
        assert await cloud.at(region="us-east-1").fails("DescribeSecret", SecretId="s") == NOT_FOUND
        assert await cloud.at(region="us-east-1", realm="twin").value("s") == "the twin's"
        assert await cloud.value(arn) == "v1"

    play(scenario)


def test_the_day_of_the_last_access(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        arn = await cloud.create()
        assert "LastAccessedDate" not in await cloud.describe(arn)
        await cloud.value(arn)
        shown = await cloud.describe(arn)
        assert shown["LastAccessedDate"] == datetime(2023, 11, 14, tzinfo=UTC)
        assert shown["LastChangedDate"] == shown["CreatedDate"]
        await cloud.advance(86_400)
        await cloud.value(arn)
        assert (await cloud.describe(arn))["LastAccessedDate"] == datetime(2023, 11, 15, tzinfo=UTC)
        [version] = (await cloud.call("ListSecretVersionIds", SecretId=arn))["Versions"]
        assert version["LastAccessedDate"] == datetime(2023, 11, 15, tzinfo=UTC)

    play(scenario)


def test_batches(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        key = await cloud.key()
        one = await cloud.create("one", "1", Tags=[{"Key": "k", "Value": "v"}])
        await cloud.create("two", "2")
        theirs = await cloud.at("222222222222").create("theirs", "3", KmsKeyId=key)
        found = await cloud.call("BatchGetSecretValue", SecretIdList=[one, "two", "no", theirs])
        assert [each["SecretString"] for each in found["SecretValues"]] == ["1", "2", "3"]
        assert found["Errors"] == [
            {"SecretId": "no", "ErrorCode": NOT_FOUND[0], "Message": NOT_FOUND[1]},
        ]
        filters = [{"Key": "tag-key", "Values": ["k"]}]
        found = await cloud.call("BatchGetSecretValue", Filters=filters)
        assert [each["Name"] for each in found["SecretValues"]] == ["one"]
        pages = {"Filters": [{"Key": "name", "Values": ["one", "two"]}], "MaxResults": 1}
        first = await cloud.call("BatchGetSecretValue", **pages)
        second = await cloud.call("BatchGetSecretValue", **pages, NextToken=first["NextToken"])
        assert [first["SecretValues"][0]["Name"], second["SecretValues"][0]["Name"]] == ["one", "two"]
        assert "NextToken" not in second
        assert (await cloud.fails("BatchGetSecretValue", SecretIdList=[one], Filters=filters))[0] == (
            "InvalidParameterException"
        )
        assert (await cloud.fails("BatchGetSecretValue"))[0] == "InvalidParameterException"
        assert (await cloud.fails("BatchGetSecretValue", SecretIdList=[one], MaxResults=1))[0] == (
            "InvalidParameterException"
        )

    play(scenario)
