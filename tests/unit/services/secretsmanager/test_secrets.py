"""Secrets: found, made, described, changed, deleted, restored."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

NOT_FOUND = ("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
INVALID = (
    "ValidationException",
    "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!",
)
DELETED = (
    "InvalidRequestException",
    "You can't perform this operation on the secret because it was marked for deletion.",
)
TOKEN = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize("name", ["s", "Valid/_+=.@-Name", "Valid-a1b2", "Valid-a1b2c3-", "Valid-a1b2c3"])
def test_whole_and_partial_arns(play: Any, name: str) -> None:
    async def scenario(cloud: Any) -> None:
        arn = await cloud.create(name)
        for text in (name, arn, arn[:-7], arn[:-6], arn[:-1]):
            assert (await cloud.describe(text))["ARN"] == arn
        swapped = arn[:-1] + ("a" if arn[-1] != "a" else "b")
        for text in (swapped, f"{arn}x", arn[:-8], name[:-1] or "t"):
            assert await cloud.fails("DescribeSecret", SecretId=text) == NOT_FOUND

    play(scenario)


def test_a_whole_arn_comes_before_a_name_that_looks_like_its_end(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        first = await cloud.create("s")
        suffix = first[-6:]
        second = await cloud.create(f"s-{suffix}")
        assert (await cloud.describe(first))["ARN"] == first
        assert (await cloud.describe(second))["ARN"] == second
        await cloud.call("DeleteSecret", SecretId=first, ForceDeleteWithoutRecovery=True)
        assert (await cloud.describe(first))["ARN"] == second, "now it is the exact name"

    play(scenario)


def test_a_new_name_may_be_what_a_cut_arn_means(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        arn = await cloud.create("s", "cut")
        assert await cloud.value(arn[:-4]) == "cut"
        await cloud.create(arn[:-4].rpartition(":")[2], "exact")
        assert await cloud.value(arn[:-4]) == "exact"

    play(scenario)


def test_an_arn_of_a_name_that_was_made_anew_is_not_found(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        old = await cloud.create("s")
        await cloud.call("DeleteSecret", SecretId=old, ForceDeleteWithoutRecovery=True)
        new = await cloud.create("s")
        assert old != new
        assert await cloud.fails("DescribeSecret", SecretId=old) == NOT_FOUND
        assert (await cloud.describe(new))["ARN"] == new

    play(scenario)


@pytest.mark.parametrize(
    "name", ["Inv Name", " Inv", "Inv*Name?", "arn:aws:sqs:eu-central-1:111111111111:secret:s", "ä"]
)
def test_what_is_no_name(play_once: Any, name: str) -> None:
    async def scenario(cloud: Any) -> None:
        create = {"Name": name, "ClientRequestToken": TOKEN}
        assert await cloud.fails("CreateSecret", **create) == INVALID
        for operation in ("DescribeSecret", "GetSecretValue", "DeleteSecret", "RestoreSecret", "GetResourcePolicy"):
            assert await cloud.fails(operation, SecretId=name) == INVALID

    play_once(scenario)


def test_a_secret_from_elsewhere_by_arn_and_not_by_name(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        arn = await cloud.create("s")
        for caller in (cloud.at(region="us-east-1"), cloud.at("222222222222"), cloud.at("222222222222", "us-east-1")):
            assert (await caller.describe(arn))["ARN"] == arn
            assert (await caller.describe(arn[:-7]))["ARN"] == arn
            assert await caller.fails("DescribeSecret", SecretId="s") == NOT_FOUND

    play(scenario)


def test_described(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        arn = await cloud.create("s", Description="d", Tags=[{"Key": "b", "Value": "2"}, {"Key": "a", "Value": ""}])
        now = datetime.fromtimestamp(cloud.clock.now(), UTC)
        [version_id] = (await cloud.describe(arn))["VersionIdsToStages"]
        assert await cloud.describe(arn) == {
            "ARN": arn,
            "Name": "s",
            "Description": "d",
            "CreatedDate": now,
            "LastChangedDate": now,
            "Tags": [{"Key": "b", "Value": "2"}, {"Key": "a", "Value": ""}],
            "VersionIdsToStages": {version_id: ["AWSCURRENT"]},
        }
        bare = await cloud.call("CreateSecret", Name="bare", ClientRequestToken=TOKEN)
        assert "VersionId" not in bare
        assert set(await cloud.describe("bare")) == {"ARN", "Name", "CreatedDate", "LastChangedDate"}

    play(scenario)


def test_updates(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        arn = await cloud.create("s")
        await cloud.advance(10)
        updated = await cloud.call("UpdateSecret", SecretId=arn, Description="d", ClientRequestToken=TOKEN)
        assert updated == {"ARN": arn, "Name": "s"}
        updated = await cloud.call("UpdateSecret", SecretId="s", SecretString="v2", ClientRequestToken=TOKEN)
        assert updated == {"ARN": arn, "Name": "s", "VersionId": TOKEN}
        shown = await cloud.describe(arn)
        assert shown["Description"] == "d"
        assert shown["LastChangedDate"] - shown["CreatedDate"] == timedelta(seconds=10)
        assert sorted(shown["VersionIdsToStages"].values()) == [["AWSCURRENT"], ["AWSPREVIOUS"]]
        assert shown["VersionIdsToStages"][TOKEN] == ["AWSCURRENT"]
        update = {"SecretId": "no", "Description": "", "ClientRequestToken": TOKEN}
        assert await cloud.fails("UpdateSecret", **update) == NOT_FOUND
        await cloud.call("UpdateSecret", SecretId=arn, Description="", ClientRequestToken=TOKEN[::-1])
        assert "Description" not in await cloud.describe(arn)

    play(scenario)


def test_another_key_and_the_versions_that_are_in_use(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        key = await cloud.key()
        arn = await cloud.create("s", "v1")
        await cloud.put(arn, "v2")
        await cloud.put(arn, "v3")
        cloud.kms_calls()
        await cloud.call("UpdateSecret", SecretId=arn, KmsKeyId=key, ClientRequestToken=TOKEN)
        assert cloud.kms_calls() == ["Decrypt", "GenerateDataKey"] * 2
        listing = {"SecretId": arn, "IncludeDeprecated": True}
        versions = (await cloud.call("ListSecretVersionIds", **listing))["Versions"]
        assert [version["KmsKeyIds"] for version in versions] == [
            ["DefaultEncryptionKey"],
            ["DefaultEncryptionKey", key],
            ["DefaultEncryptionKey", key],
        ]
        await cloud.set_key(key, "Disabled")
        for _ in range(2):
            assert await cloud.value(arn) == "v3", "it opens by the key of before"
            assert (await cloud.at("222222222222").fails("GetSecretValue", SecretId=arn))[0] == "DecryptionFailure"
        await cloud.set_key(key, "Enabled")
        await cloud.put(arn, "v4")
        await cloud.set_key(key, "Disabled")
        assert (await cloud.fails("GetSecretValue", SecretId=arn))[0] == "DecryptionFailure"
        await cloud.call("UpdateSecret", SecretId=arn, KmsKeyId="", ClientRequestToken=TOKEN)
        assert "KmsKeyId" not in await cloud.describe(arn)
        assert (await cloud.fails("GetSecretValue", SecretId=arn))[0] == "DecryptionFailure"
        await cloud.set_key(key, "Enabled")
        assert await cloud.value(arn) == "v4"

    play(scenario)


def test_deletion_with_a_window(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        arn = await cloud.create("s")
        now = datetime.fromtimestamp(cloud.clock.now(), UTC)
        deleted = await cloud.call("DeleteSecret", SecretId="s")
        assert deleted == {"ARN": arn, "Name": "s", "DeletionDate": now + timedelta(days=30)}
        assert (await cloud.describe(arn))["DeletedDate"] == now + timedelta(days=30)
        for operation, params in {
            "DeleteSecret": {},
            "GetResourcePolicy": {},
            "DeleteResourcePolicy": {},
            "ListResourcePolicies": {},
            "TagResource": {"Tags": []},
            "UntagResource": {"TagKeys": []},
            "UpdateSecret": {"ClientRequestToken": TOKEN},
            "UpdateSecretVersionStage": {"VersionStage": "x", "MoveToVersionId": TOKEN},
            "ReplicateSecretToRegions": {"AddReplicaRegions": [{"Region": "us-east-1"}]},
        }.items():
            assert await cloud.fails(operation, SecretId=arn, **params) == DELETED
        assert len((await cloud.call("ListSecretVersionIds", SecretId=arn))["Versions"]) == 1
        assert await cloud.fails("CreateSecret", Name="s", ClientRequestToken=TOKEN) == (
            "InvalidRequestException",
            "You can't create this secret because a secret with this name is already scheduled for deletion.",
        )
        assert await cloud.call("RestoreSecret", SecretId=arn) == {"ARN": arn, "Name": "s"}
        assert "DeletedDate" not in await cloud.describe(arn)
        await cloud.advance(31 * 86_400)
        assert await cloud.value(arn) == "v1"
        await cloud.call("DeleteSecret", SecretId="s", RecoveryWindowInDays=7)
        await cloud.advance(7 * 86_400 - 1)
        assert (await cloud.describe(arn))["DeletedDate"]
        await cloud.advance(1)
        assert await cloud.fails("DescribeSecret", SecretId=arn) == NOT_FOUND
        await cloud.create("s")

    play(scenario)


def test_deletion_at_once(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        arn = await cloud.create("s")
        now = datetime.fromtimestamp(cloud.clock.now(), UTC)
        force = {"ForceDeleteWithoutRecovery": True}
        assert await cloud.call("DeleteSecret", SecretId=arn, **force) == {"ARN": arn, "Name": "s", "DeletionDate": now}
        assert await cloud.fails("DescribeSecret", SecretId=arn) == NOT_FOUND
        again = await cloud.call("DeleteSecret", SecretId="s", **force)
        assert (again["Name"], again["DeletionDate"]) == ("s", now)
        assert await cloud.call("DeleteSecret", SecretId=arn, **force) == {"ARN": arn, "Name": "s", "DeletionDate": now}
        scheduled = await cloud.create("s")
        await cloud.call("DeleteSecret", SecretId=scheduled)
        await cloud.call("DeleteSecret", SecretId=scheduled, **force)
        assert await cloud.fails("DescribeSecret", SecretId=scheduled) == NOT_FOUND
        assert await cloud.fails("DeleteSecret", SecretId=scheduled) == NOT_FOUND

    play(scenario)


def test_windows_that_there_are_not(play_once: Any) -> None:
    async def scenario(cloud: Any) -> None:
        arn = await cloud.create("s")
        for days in (0, 6, 31, -1):
            assert await cloud.fails("DeleteSecret", SecretId=arn, RecoveryWindowInDays=days) == (
                "InvalidParameterException",
                "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).",
            )
        both = {"RecoveryWindowInDays": 7, "ForceDeleteWithoutRecovery": True}
        assert await cloud.fails("DeleteSecret", SecretId=arn, **both) == (
            "InvalidParameterException",
            "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
        )

    play_once(scenario)


def test_tags(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        arn = await cloud.create("s")
        await cloud.call("TagResource", SecretId=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}])
        await cloud.call("TagResource", SecretId=arn, Tags=[{"Key": "a", "Value": "3"}])
        assert (await cloud.describe(arn))["Tags"] == [{"Key": "a", "Value": "3"}, {"Key": "A", "Value": "2"}]
        await cloud.call("UntagResource", SecretId=arn, TagKeys=["a", "no"])
        assert (await cloud.describe(arn))["Tags"] == [{"Key": "A", "Value": "2"}]
        many = [{"Key": str(number), "Value": ""} for number in range(50)]
        assert (await cloud.fails("TagResource", SecretId=arn, Tags=many))[0] == "LimitExceededException"
        await cloud.call("TagResource", SecretId=arn, Tags=many[:49])
        wrong = [{"Key": "aws:x", "Value": ""}]
        assert (await cloud.fails("TagResource", SecretId=arn, Tags=wrong))[0] == "InvalidRequestException"
        twice = [{"Key": "1", "Value": ""}, {"Key": "1", "Value": "x"}]
        assert (await cloud.fails("TagResource", SecretId=arn, Tags=twice))[0] == "InvalidParameterException"

    play(scenario)
