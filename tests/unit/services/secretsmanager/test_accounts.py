"""Replicas in another account: made, linked, kept, parted."""

from __future__ import annotations

import asyncio
from typing import Any

THEIRS = "222222222222"
TOKEN = "0123456789abcdef0123456789abcdef"


async def make(cloud: Any, **params: Any) -> tuple[str, str]:
    """A primary, and a replica that waits for it."""
    primary = await cloud.create("primary", Description="d", Tags=[{"Key": "a", "Value": "1"}], **params)
    other = cloud.at(THEIRS)
    replica = await other.create("replica", None, CrossAccountPrimaryARN=primary, KmsKeyId=await other.key())
    return primary, replica


async def link(cloud: Any, primary: str, replica: str, **params: Any) -> Any:
    return await cloud.call("AssociateCrossAccountReplica", SecretId=primary, CrossAccountReplicaARN=replica, **params)


def test_linked(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        primary, replica = await make(cloud)
        other = cloud.at(THEIRS)
        shown = await other.describe("replica")
        assert shown["CrossAccountPrimary"] == {
            "PrimarySecretARN": primary,
            "ReplicationStatus": "Pending",
            "StatusMessage": None,
        }
        assert (await other.fails("GetSecretValue", SecretId=replica))[0] == "ResourceNotFoundException"
        role = "arn:aws:iam::111111111111:role/replicator"
        linked = await link(cloud, primary, replica, ReplicationRoleARN=role, ReplicaRestriction="NoRestriction")
        assert (linked["ARN"], linked["CrossAccountReplicaARN"]) == (primary, replica)
        await cloud.quiet()
        assert (await cloud.describe("primary"))["CrossAccountReplicas"] == [
            {
                "ReplicaSecretARN": replica,
                "ReplicationRoleARN": role,
                "ReplicationStatus": "InSync",
                "StatusMessage": "Replication succeeded",
            }
        ]
        shown = await other.describe("replica")
        assert shown["CrossAccountPrimary"]["ReplicationStatus"] == "InSync"
        assert shown["Description"] == "d"
        assert "Tags" not in shown
        assert "PrimaryRegion" not in shown
        assert await other.value("replica") == "v1"
        await cloud.put(primary, "v2")
        assert await other.value(replica) == "v2"
        put = {"SecretString": "x", "ClientRequestToken": TOKEN}
        assert (await other.fails("PutSecretValue", SecretId=replica, **put))[0] == "InvalidParameterException"
        await other.call("TagResource", SecretId=replica, Tags=[{"Key": "own", "Value": ""}])
        await cloud.call("TagResource", SecretId=primary, Tags=[{"Key": "b", "Value": ""}])
        await cloud.quiet()
        assert (await other.describe(replica))["Tags"] == [{"Key": "own", "Value": ""}]
        again = await link(cloud, primary, replica)
        assert again["CrossAccountReplicaARN"] == replica

    play(scenario)


def test_parted_by_the_primary(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        primary, replica = await make(cloud)
        other = cloud.at(THEIRS)
        await link(cloud, primary, replica)
        await cloud.quiet()
        assert (await cloud.fails("DeleteSecret", SecretId=primary))[0] == "InvalidRequestException"
        assert (await other.fails("DeleteSecret", SecretId=replica))[0] == "InvalidRequestException"
        parting = {"SecretId": primary, "CrossAccountReplicaARN": replica}
        parted = await cloud.call("DisassociateCrossAccountReplica", **parting)
        assert parted == {"ARN": primary, "CrossAccountReplicaARN": replica}
        await cloud.quiet()
        assert "CrossAccountReplicas" not in await cloud.describe(primary)
        assert (await cloud.fails("DisassociateCrossAccountReplica", **parting))[0] == "InvalidRequestException"
        shown = await other.describe(replica)
        assert shown["CrossAccountPrimary"]["ReplicationStatus"] == "Detached"
        await cloud.put(primary, "v2")
        assert await other.value(replica) == "v1"
        await other.call("StopReplicationToReplica", SecretId=replica)
        assert "CrossAccountPrimary" not in await other.describe(replica)
        await other.put(replica, "own")
        await other.call("DeleteSecret", SecretId=replica)
        await cloud.call("DeleteSecret", SecretId=primary)

    play(scenario)


def test_parted_by_the_replica(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        primary, replica = await make(cloud)
        other = cloud.at(THEIRS)
        await link(cloud, primary, replica)
        await cloud.quiet()
        assert await other.call("StopReplicationToReplica", SecretId=replica) == {"ARN": replica}
        await cloud.quiet()
        [shown] = (await cloud.describe(primary))["CrossAccountReplicas"]
        assert shown["ReplicationStatus"] == "Detached"
        await cloud.put(primary, "v2")
        await cloud.quiet()
        assert await other.value(replica) == "v1"
        [shown] = (await cloud.describe(primary))["CrossAccountReplicas"]
        assert shown["ReplicationStatus"] == "Detached"
        await other.call("DeleteSecret", SecretId=replica)
        assert (await cloud.fails("DeleteSecret", SecretId=primary))[0] == "InvalidRequestException"
        await cloud.call("DisassociateCrossAccountReplica", SecretId=primary, CrossAccountReplicaARN=replica)
        await cloud.call("DeleteSecret", SecretId=primary)

    play(scenario)


def test_the_policy_of_the_service(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        primary, replica = await make(cloud)
        other = cloud.at(THEIRS)
        name = "cross-account-replication"
        listed = await other.call("ListResourcePolicies", SecretId=replica)
        assert listed == {"ResourcePolicies": [{"PolicyName": name}]}
        shown = await other.call("GetResourcePolicy", SecretId=replica, PolicyName=name)
        assert shown["PolicyName"] == name
        assert "arn:aws:iam::111111111111:root" in shown["ResourcePolicy"]
        assert primary in shown["ResourcePolicy"]
        assert "ResourcePolicy" not in await other.call("GetResourcePolicy", SecretId=replica)
        missing = await cloud.fails("GetResourcePolicy", SecretId=primary, PolicyName=name)
        assert missing[0] == "ResourceNotFoundException"
        await other.call("PutResourcePolicy", SecretId=replica, ResourcePolicy=shown["ResourcePolicy"])
        listed = await other.call("ListResourcePolicies", SecretId=replica)
        assert listed == {"ResourcePolicies": [{"PolicyName": name}, {"PolicyName": "default"}]}
        refused = await other.fails("DeleteResourcePolicy", SecretId=replica, PolicyName=name)
        assert refused[0] == "InvalidParameterException"
        await other.call("StopReplicationToReplica", SecretId=replica)
        assert await other.call("ListResourcePolicies", SecretId=replica) == {
            "ResourcePolicies": [{"PolicyName": "default"}]
        }

    play(scenario)


def test_a_failed_link_changes_neither_side(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        primary, replica = await make(cloud)
        other = cloud.at(THEIRS)
        key = (await other.describe(replica))["KmsKeyId"]
        before = await cloud.describe(primary), await other.describe(replica)
        await other.set_key(key, "Disabled")
        refused = await cloud.fails("AssociateCrossAccountReplica", SecretId=primary, CrossAccountReplicaARN=replica)
        assert refused[0] == "EncryptionFailure"
        await cloud.quiet()
        assert (await cloud.describe(primary), await other.describe(replica)) == before

    play(scenario)


def test_a_value_that_does_not_arrive(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        primary, replica = await make(cloud)
        other = cloud.at(THEIRS)
        await link(cloud, primary, replica)
        key = (await other.describe(replica))["KmsKeyId"]

        async def both() -> list[str]:
            await cloud.quiet()
            [there] = (await cloud.describe(primary))["CrossAccountReplicas"]
            here = (await other.describe(replica))["CrossAccountPrimary"]
            assert there["StatusMessage"] == here["StatusMessage"]
            return [there["ReplicationStatus"], here["ReplicationStatus"]]

        assert await both() == ["InSync", "InSync"]
        await other.set_key(key, "Disabled")
        await cloud.put(primary, "v2")
        assert await both() == ["Failed", "Failed"]
        await cloud.call("TagResource", SecretId=primary, Tags=[{"Key": "b", "Value": ""}])
        assert await both() == ["Failed", "Failed"]
        await other.set_key(key, "Enabled")
        assert await other.value(replica) == "v1"
        await cloud.call("TagResource", SecretId=primary, Tags=[{"Key": "c", "Value": ""}])
        assert await both() == ["InSync", "InSync"]
        assert await other.value(replica) == "v2"
        await cloud.put(primary, "v3")
        assert await both() == ["InSync", "InSync"]
        assert await other.value(replica) == "v3"
        assert await other.value(replica, VersionStage="AWSPREVIOUS") == "v2"

    play(scenario)


def test_a_roll_back_arrives(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        primary = await cloud.create("primary", ClientRequestToken=TOKEN)
        other = cloud.at(THEIRS)
        replica = await other.create("replica", None, CrossAccountPrimaryARN=primary, KmsKeyId=await other.key())
        await cloud.put(primary, "v2")
        three = await cloud.put(primary, "v3")
        await link(cloud, primary, replica)
        move = {"VersionStage": "AWSCURRENT", "RemoveFromVersionId": three, "MoveToVersionId": TOKEN}
        await cloud.call("UpdateSecretVersionStage", SecretId=primary, **move)
        await cloud.quiet()
        assert await other.value(replica) == "v1"

    play(scenario)


def test_the_default_key_is_none_for_a_replica_by_no_name(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        primary, replica = await make(cloud)
        other = cloud.at(THEIRS)
        await other.create("first")
        for key in ("default", f"arn:aws:kms:eu-central-1:{THEIRS}:key/default", "alias/aws/secretsmanager"):
            make_one = {"Name": "x", "CrossAccountPrimaryARN": primary, "ClientRequestToken": TOKEN, "KmsKeyId": key}
            assert (await other.fails("CreateSecret", **make_one))[0] == "InvalidParameterException"
            change = {"SecretId": replica, "ClientRequestToken": TOKEN, "KmsKeyId": key}
            assert (await other.fails("UpdateSecret", **change))[0] == "InvalidParameterException"

    play(scenario)


def test_what_is_refused(play_once: Any) -> None:
    async def scenario(cloud: Any) -> None:
        primary, replica = await make(cloud)
        other = cloud.at(THEIRS)
        key = await other.key()
        make_one = {"Name": "x", "CrossAccountPrimaryARN": primary, "ClientRequestToken": TOKEN}
        for wrong in (
            {},
            {"KmsKeyId": "alias/aws/secretsmanager"},
            {"KmsKeyId": key, "SecretString": "x"},
            {"KmsKeyId": key, "Description": "x"},
            {"KmsKeyId": key, "AddReplicaRegions": [{"Region": "us-east-1"}]},
            {"KmsKeyId": key, "CrossAccountPrimaryARN": primary.replace("eu-central-1", "us-east-1")},
            {"KmsKeyId": key, "CrossAccountPrimaryARN": primary.replace("111111111111", THEIRS)},
            {"KmsKeyId": key, "CrossAccountPrimaryARN": "arn:aws:secretsmanager:eu-central-1:111111111111:foo"},
            {"KmsKeyId": key, "CrossAccountPrimaryARN": "arn:aws:secretsmanager:eu-central-1:111111111111:secret:"},
            {"KmsKeyId": key, "CrossAccountPrimaryARN": "arn:aws:secretsmanager:eu-central-1:1:secret:foo-abcdef"},
            {"KmsKeyId": key, "CrossAccountPrimaryARN": "arn:aws:secretsmanager:eu-central-1::secret:foo-abcdef"},
        ):
            assert (await other.fails("CreateSecret", **{**make_one, **wrong}))[0] == "InvalidParameterException"
        another = await cloud.create("another")

        async def refused(primary: str, replica: str) -> str:
            params = {"SecretId": primary, "CrossAccountReplicaARN": replica}
            return str((await cloud.fails("AssociateCrossAccountReplica", **params))[0])

        assert await refused(another, replica) == "InvalidRequestException"
        assert await refused(primary, another) == "InvalidParameterException"
        assert await refused(primary, replica.rpartition(":")[0]) == "InvalidParameterException"
        assert await refused(primary, replica.replace("eu-central-1", "us-east-1")) == "InvalidParameterException"
        assert await refused(primary, replica[:-6] + "aaaaaa") == "ResourceNotFoundException"
        third = await cloud.at("333333333333").create(
            "third", None, CrossAccountPrimaryARN=primary, KmsKeyId=await cloud.at("333333333333").key()
        )
        await link(cloud, primary, replica)
        assert await refused(primary, third) == "LimitExceededException"

    play_once(scenario)


def test_a_primary_has_one_however_many_ask_at_once(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        primary = await cloud.create("primary")
        replicas = []
        for account in ("222222222222", "333333333333", "444444444444"):
            other = cloud.at(account)
            replicas.append(
                await other.create("replica", None, CrossAccountPrimaryARN=primary, KmsKeyId=await other.key())
            )
        calls = (link(cloud, primary, replica) for replica in replicas)
        answers = await asyncio.gather(*calls, return_exceptions=True)
        assert sorted(getattr(answer, "code", "linked") for answer in answers) == [
            "LimitExceededException",
            "LimitExceededException",
            "linked",
        ]
        await cloud.quiet()
        assert len((await cloud.describe("primary"))["CrossAccountReplicas"]) == 1

    play(scenario)


def test_a_replica_of_another_account_is_not_overwritten(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        theirs = cloud.at(THEIRS, "us-east-1")
        primary = await theirs.create("primary", "theirs")
        east = cloud.at(region="us-east-1")
        replica = await east.create("s", None, CrossAccountPrimaryARN=primary, KmsKeyId=await east.key())
        await link(theirs, primary, replica)
        force = {"AddReplicaRegions": [{"Region": "us-east-1"}], "ForceOverwriteReplicaSecret": True}
        await cloud.create("s", "ours", **force)
        await cloud.quiet()
        assert (await cloud.describe("s"))["ReplicationStatus"][0]["Status"] == "Failed"
        await theirs.put(primary, "still theirs")
        assert await east.value(replica) == "still theirs"

    play(scenario)


def test_what_the_default_key_has_sealed_nobody_else_gets(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        arn = await cloud.create("primary", "topsecret")
        other = cloud.at(THEIRS)
        change = {"SecretId": arn, "KmsKeyId": await other.key()}
        await other.call("UpdateSecret", **change, ClientRequestToken=TOKEN)
        assert (await other.fails("GetSecretValue", SecretId=arn))[0] == "AccessDeniedException"
        await other.call("UpdateSecret", **change, SecretString="theirs", ClientRequestToken=TOKEN[::-1])
        assert await other.value(arn) == "theirs"
        old = {"SecretId": arn, "VersionStage": "AWSPREVIOUS"}
        assert (await other.fails("GetSecretValue", **old))[0] == "AccessDeniedException"
        second = await cloud.create("second", "topsecret")
        east = {"Region": "us-east-1", "KmsKeyId": await cloud.at(THEIRS, "us-east-1").key()}
        refused = await other.fails("ReplicateSecretToRegions", SecretId=second, AddReplicaRegions=[east])
        assert refused[0] == "AccessDeniedException"
        replica = await other.create("replica", None, CrossAccountPrimaryARN=second, KmsKeyId=await other.key())
        params = {"SecretId": second, "CrossAccountReplicaARN": replica}
        assert (await other.fails("AssociateCrossAccountReplica", **params))[0] == "AccessDeniedException"
        assert await cloud.value("second") == "topsecret"

    play(scenario)
