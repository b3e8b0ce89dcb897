"""Replicas in other regions: made, kept, refused, removed, promoted."""

from __future__ import annotations

from typing import Any

TOKEN = "0123456789abcdef0123456789abcdef"
EAST = "us-east-1"
WEST = "us-west-2"
REFUSED = (
    "InvalidParameterException",
    "Operation not permitted on a replica secret. Call must be made in primary secret's region.",
)
IN_SYNC = {
    "Region": EAST,
    "KmsKeyId": "alias/aws/secretsmanager",
    "Status": "InSync",
    "StatusMessage": "Replication succeeded",
    "LastAccessedDate": None,
}


async def statuses(cloud: Any, arn: str) -> list[dict[str, Any]]:
    await cloud.quiet()
    shown: list[dict[str, Any]] = (await cloud.describe(arn)).get("ReplicationStatus", [])
    return shown


def test_a_replica_follows_its_primary(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        east = cloud.at(region=EAST)
        arn = await cloud.create(Description="d", Tags=[{"Key": "a", "Value": "1"}])
        await cloud.put(arn, "v2")
        answer = await cloud.call("ReplicateSecretToRegions", SecretId=arn, AddReplicaRegions=[{"Region": EAST}])
        assert answer["ARN"] == arn
        assert answer["ReplicationStatus"][0]["Region"] == EAST
        assert await statuses(cloud, arn) == [IN_SYNC]
        mirrored = arn.replace("eu-central-1", EAST)
        primary, replica = await cloud.describe(arn), await east.describe("s")
        assert replica["ARN"] == mirrored
        assert primary["PrimaryRegion"] == replica["PrimaryRegion"] == "eu-central-1"
        for same in ("Description", "Tags", "VersionIdsToStages", "CreatedDate", "LastChangedDate"):
            assert primary[same] == replica[same]
        assert await east.value(mirrored) == "v2"
        assert await east.value("s", VersionStage="AWSPREVIOUS") == "v1"

        three = await cloud.put(arn, "v3")
        assert await east.value("s") == "v3"
        await cloud.call("UpdateSecret", SecretId=arn, SecretBinary=b"v4", Description="e", ClientRequestToken=TOKEN)
        assert (await east.call("GetSecretValue", SecretId="s"))["SecretBinary"] == b"v4"
        move = {"VersionStage": "AWSCURRENT", "RemoveFromVersionId": TOKEN, "MoveToVersionId": three}
        await cloud.call("UpdateSecretVersionStage", SecretId=arn, **move)
        assert await east.value("s") == "v3"
        await cloud.call("TagResource", SecretId=arn, Tags=[{"Key": "b", "Value": "2"}])
        await cloud.call("UntagResource", SecretId=arn, TagKeys=["a"])
        policy = (
            '{"Statement":{"Effect":"Deny","Principal":"*","Action":"secretsmanager:GetSecretValue","Resource":"*"}}'
        )
        await cloud.call("PutResourcePolicy", SecretId=arn, ResourcePolicy=policy)
        replica = await east.describe("s")
        assert replica["Description"] == "e"
        assert replica["Tags"] == [{"Key": "b", "Value": "2"}]
        assert (await east.call("GetResourcePolicy", SecretId="s"))["ResourcePolicy"] == policy
        await cloud.call("DeleteResourcePolicy", SecretId=arn)
        assert "ResourcePolicy" not in await east.call("GetResourcePolicy", SecretId="s")
        [status] = await statuses(cloud, arn)
        assert status["LastAccessedDate"] == (await east.describe("s"))["LastAccessedDate"]

    play(scenario)


def test_replicas_from_the_beginning(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        key = await cloud.at(region=WEST).key()
        regions = [{"Region": EAST}, {"Region": WEST, "KmsKeyId": key}]
        made = await cloud.call(
            "CreateSecret", Name="s", SecretString="v1", ClientRequestToken=TOKEN, AddReplicaRegions=regions
        )
        assert [(each["Region"], each["Status"]) for each in made["ReplicationStatus"]] == [
            (EAST, "InSync"),
            (WEST, "InSync"),
        ]
        assert [each["Status"] for each in await statuses(cloud, "s")] == ["InSync", "InSync"]
        west = cloud.at(region=WEST)
        assert await west.value("s") == "v1"
        assert (await west.describe("s"))["KmsKeyId"] == key
        await west.set_key(key, "Disabled")
        assert (await west.fails("GetSecretValue", SecretId="s"))[0] == "DecryptionFailure"
        assert await cloud.at(region=EAST).value("s") == await cloud.value("s") == "v1"

    play(scenario)


def test_a_replica_is_read_only_but_for_its_key(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        east = cloud.at(region=EAST)
        key = await east.key()
        await cloud.create()
        await cloud.call("ReplicateSecretToRegions", SecretId="s", AddReplicaRegions=[{"Region": EAST}])
        for operation, params in {
            "PutSecretValue": {"SecretString": "x", "ClientRequestToken": TOKEN},
            "UpdateSecret": {"Description": "x", "ClientRequestToken": TOKEN},
            "DeleteSecret": {},
            "RestoreSecret": {},
            "TagResource": {"Tags": []},
            "UntagResource": {"TagKeys": []},
            "PutResourcePolicy": {"ResourcePolicy": "{}"},
            "DeleteResourcePolicy": {},
            "UpdateSecretVersionStage": {"VersionStage": "x"},
            "ReplicateSecretToRegions": {"AddReplicaRegions": [{"Region": WEST}]},
            "RemoveRegionsFromReplication": {"RemoveReplicaRegions": [EAST]},
        }.items():
            assert await east.fails(operation, SecretId="s", **params) == REFUSED, operation
        await east.call("UpdateSecret", SecretId="s", KmsKeyId=key, ClientRequestToken=TOKEN)
        assert (await east.describe("s"))["KmsKeyId"] == key
        await cloud.put("s", "v2")
        [status] = await statuses(cloud, "s")
        assert status["KmsKeyId"] == key
        assert await east.value("s") == "v2"
        await east.set_key(key, "Disabled")
        assert (await east.fails("GetSecretValue", SecretId="s"))[0] == "DecryptionFailure"

    play(scenario)


def test_a_name_that_is_taken_there(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        east = cloud.at(region=EAST)
        theirs = await east.create("s", "theirs")
        await cloud.create("s", "ours")
        add = {"SecretId": "s", "AddReplicaRegions": [{"Region": EAST}]}
        await cloud.call("ReplicateSecretToRegions", **add)
        [status] = await statuses(cloud, "s")
        assert status["Status"] == "Failed"
        assert status["StatusMessage"] == f"Replication failed: Secret name s already exists in region {EAST}."
        assert await east.value("s") == "theirs"
        await cloud.put("s", "ours too")
        assert await east.value("s") == "theirs"
        await cloud.call("ReplicateSecretToRegions", **add, ForceOverwriteReplicaSecret=True)
        assert await statuses(cloud, "s") == [IN_SYNC]
        assert await east.value("s") == "ours too"
        assert (await east.fails("DescribeSecret", SecretId=theirs))[0] == "ResourceNotFoundException"

    play(scenario)


def test_regions_that_are_none(play_once: Any) -> None:
    async def scenario(cloud: Any) -> None:
        await cloud.create()
        wrong = ("InvalidParameterException", "Invalid replica region.")
        for regions in (
            ["eu-central-1"],
            [EAST, EAST],
            ["cn-north-1"],
            ["a" * 40 + "-1"],
            ["xx-nowhere-1"],
            ["us-east-9"],
        ):
            add = [{"Region": region} for region in regions]
            assert await cloud.fails("ReplicateSecretToRegions", SecretId="s", AddReplicaRegions=add) == wrong
            create = {"Name": "t", "SecretString": "x", "ClientRequestToken": TOKEN, "AddReplicaRegions": add}
            assert await cloud.fails("CreateSecret", **create) == wrong
        removed = await cloud.call("RemoveRegionsFromReplication", SecretId="s", RemoveReplicaRegions=[EAST])
        assert removed["ReplicationStatus"] == []

    play_once(scenario)


def test_a_key_that_cannot_be_used_there(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        east = cloud.at(region=EAST)
        key = await east.key()
        await cloud.create()
        regions = [{"Region": EAST, "KmsKeyId": key}, {"Region": WEST, "KmsKeyId": "none"}]
        await cloud.call("ReplicateSecretToRegions", SecretId="s", AddReplicaRegions=regions)
        in_east, in_west = await statuses(cloud, "s")
        assert (in_east["Status"], in_west["Status"]) == ("InSync", "Failed")
        assert in_west["StatusMessage"] == "Replication failed: Access to KMS is not allowed"
        assert (await cloud.at(region=WEST).fails("DescribeSecret", SecretId="s"))[0] == "ResourceNotFoundException"
        await east.set_key(key, "Disabled")
        await cloud.put("s", "v2")
        in_east, _ = await statuses(cloud, "s")
        assert in_east["Status"] == "Failed"
        await east.set_key(key, "Enabled")
        assert await east.value("s") == "v1"
        await cloud.call("ReplicateSecretToRegions", SecretId="s", AddReplicaRegions=[regions[0]])
        assert await east.value("s") == "v2"

    play(scenario)


def test_removal_and_deletion(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        arn = await cloud.create()
        add = [{"Region": EAST}, {"Region": WEST}]
        await cloud.call("ReplicateSecretToRegions", SecretId=arn, AddReplicaRegions=add)
        await cloud.quiet()
        assert await cloud.fails("DeleteSecret", SecretId=arn) == (
            "InvalidParameterException",
            f"You can't delete secret {arn} that still has replica regions [{EAST}, {WEST}]",
        )
        left = await cloud.call("RemoveRegionsFromReplication", SecretId=arn, RemoveReplicaRegions=[EAST])
        assert left["ARN"] == arn
        assert [each["Region"] for each in left["ReplicationStatus"]] == [WEST]
        await cloud.quiet()
        assert (await cloud.at(region=EAST).fails("DescribeSecret", SecretId="s"))[0] == "ResourceNotFoundException"
        await cloud.call("RemoveRegionsFromReplication", SecretId=arn, RemoveReplicaRegions=[WEST])
        assert "ReplicationStatus" not in await cloud.describe(arn)
        await cloud.call("DeleteSecret", SecretId=arn)

    play(scenario)


def test_promotion(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        east = cloud.at(region=EAST)
        arn = await cloud.create()
        await cloud.call("ReplicateSecretToRegions", SecretId=arn, AddReplicaRegions=[{"Region": EAST}])
        await cloud.quiet()
        assert (await cloud.fails("StopReplicationToReplica", SecretId=arn))[0] == "InvalidRequestException"
        promoted = await east.call("StopReplicationToReplica", SecretId="s")
        assert promoted == {"ARN": arn.replace("eu-central-1", EAST)}
        assert await statuses(cloud, arn) == []
        assert "PrimaryRegion" not in await east.describe("s")
        await east.put("s", "own")
        await cloud.put("s", "theirs")
        await cloud.quiet()
        assert await east.value("s") == "own"
        await cloud.call("ReplicateSecretToRegions", SecretId=arn, AddReplicaRegions=[{"Region": EAST}])
        assert (await statuses(cloud, arn))[0]["Status"] == "Failed"
        assert await east.value("s") == "own"

    play(scenario)


def test_another_account_may_replicate_by_arn(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        key = await cloud.key()
        arn = await cloud.create(KmsKeyId=key)
        other = cloud.at("222222222222", WEST)
        await other.call("ReplicateSecretToRegions", SecretId=arn, AddReplicaRegions=[{"Region": EAST}])
        await other.put(arn, "v2")
        await cloud.quiet()
        assert await cloud.at(region=EAST).value("s") == "v2"
        assert (await other.fails("DescribeSecret", SecretId="s"))[0] == "ResourceNotFoundException"

    play(scenario)


def test_another_primary_s_replica_is_not_overwritten(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        east, west = cloud.at(region=EAST), cloud.at(region="us-west-2")
        await cloud.create()
        await west.create(value="theirs")
        await west.call("ReplicateSecretToRegions", SecretId="s", AddReplicaRegions=[{"Region": EAST}])
        for force in (False, True):
            params = {"AddReplicaRegions": [{"Region": EAST}], "ForceOverwriteReplicaSecret": force}
            await cloud.call("ReplicateSecretToRegions", SecretId="s", **params)
            await cloud.quiet()
            [status] = (await cloud.describe("s"))["ReplicationStatus"]
            assert (status["Status"], status["StatusMessage"]) == (
                "Failed",
                f"Replication failed: Secret name s is currently replicated to {EAST} with a different arn.",
            )
        await west.put("s", "still theirs")
        assert await east.value("s") == "still theirs"

    play(scenario)
