"""What replicas have of a secret's values: after a roll-back, a failure, a reset, another key."""

from __future__ import annotations

import asyncio
from typing import Any

TOKEN = "0123456789abcdef0123456789abcdef"
EAST = "us-east-1"
POLICY = '{"Statement":{"Effect":"Deny","Principal":"*","Action":"secretsmanager:PutSecretValue","Resource":"*"}}'
ADD = {"SecretId": "s", "AddReplicaRegions": [{"Region": EAST}]}


async def status(cloud: Any) -> tuple[str, str]:
    await cloud.quiet()
    [shown] = (await cloud.describe("s"))["ReplicationStatus"]
    return shown["Status"], shown["StatusMessage"]


async def roll_back(cloud: Any, source: str, target: str) -> None:
    move = {"VersionStage": "AWSCURRENT", "RemoveFromVersionId": source, "MoveToVersionId": target}
    await cloud.call("UpdateSecretVersionStage", SecretId="s", **move)


def test_a_roll_back_to_a_version_without_a_label(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        east = cloud.at(region=EAST)
        await cloud.create(ClientRequestToken=TOKEN)
        await cloud.call("ReplicateSecretToRegions", **ADD)
        await cloud.put("s", "v2")
        three = await cloud.put("s", "v3")
        await roll_back(cloud, three, TOKEN)
        assert (await status(cloud))[0] == "InSync"
        assert await east.value("s") == "v1"
        assert await east.value("s", VersionStage="AWSPREVIOUS") == "v3"
        assert (await east.describe("s"))["VersionIdsToStages"] == (await cloud.describe("s"))["VersionIdsToStages"]
        await cloud.put("s", "v4")
        assert await east.value("s") == "v4"

    play(scenario)


def test_no_label_moves_to_a_value_that_is_missing(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        east = cloud.at(region=EAST)
        key = await east.key()
        await cloud.create(ClientRequestToken=TOKEN)
        await cloud.call(
            "ReplicateSecretToRegions", SecretId="s", AddReplicaRegions=[{"Region": EAST, "KmsKeyId": key}]
        )
        await cloud.put("s", "v2")
        three = await cloud.put("s", "v3")
        await east.set_key(key, "Disabled")
        await roll_back(cloud, three, TOKEN)
        assert (await status(cloud))[0] == "Failed"
        await cloud.call("TagResource", SecretId="s", Tags=[{"Key": "a", "Value": ""}])
        failed, message = await status(cloud)
        assert failed == "Failed"
        assert message.startswith("Replication failed: Secrets Manager can't encrypt")
        await east.set_key(key, "Enabled")
        assert await east.value("s") == "v3"
        four = await cloud.put("s", "v4")
        assert (await status(cloud))[0] == "InSync"
        assert await east.value("s") == "v4"
        assert await east.value("s", VersionStage="AWSPREVIOUS") == "v1"
        assert (await east.describe("s"))["Tags"] == [{"Key": "a", "Value": ""}]
        await roll_back(cloud, four, three)
        assert await east.value("s") == "v3"

    play(scenario)


def test_a_replica_that_is_gone_is_noticed_and_made_anew(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        east = cloud.at(region=EAST)
        await cloud.create()
        await cloud.call("ReplicateSecretToRegions", **ADD)
        assert (await status(cloud))[0] == "InSync"
        await cloud.lose_secrets(EAST)
        await cloud.call("UpdateSecret", SecretId="s", Description="d", ClientRequestToken=TOKEN)
        gone = "Replication failed: Secrets Manager can't find the replica secret in region us-east-1."
        assert await status(cloud) == ("Failed", gone)
        await cloud.call("TagResource", SecretId="s", Tags=[{"Key": "a", "Value": ""}])
        assert (await status(cloud))[0] == "InSync"
        assert await east.value("s") == "v1"
        for operation, params in (
            ("UntagResource", {"TagKeys": ["a"]}),
            ("PutResourcePolicy", {"ResourcePolicy": POLICY}),
            ("DeleteResourcePolicy", {}),
            ("PutSecretValue", {"SecretString": "v2", "ClientRequestToken": TOKEN}),
        ):
            await cloud.lose_secrets(EAST)
            await cloud.call("UpdateSecret", SecretId="s", Description="d", ClientRequestToken=TOKEN)
            assert await status(cloud) == ("Failed", gone)
            await cloud.call(operation, SecretId="s", **params)
            assert (await status(cloud))[0] == "InSync"
        assert await east.value("s") == "v2"
        assert await east.value("s", VersionStage="AWSPREVIOUS") == "v1"

    play(scenario)


def test_another_key_is_taken_over(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        east = cloud.at(region=EAST)
        one, two = await east.key(), await east.key()
        await cloud.create()
        for key in (one, two):
            regions = [{"Region": EAST, "KmsKeyId": key}]
            await cloud.call("ReplicateSecretToRegions", SecretId="s", AddReplicaRegions=regions)
            assert (await status(cloud))[0] == "InSync"
            assert (await east.describe("s"))["KmsKeyId"] == key
        await east.set_key(one, "Disabled")
        assert await east.value("s") == "v1"
        await east.set_key(two, "Disabled")
        assert (await east.fails("GetSecretValue", SecretId="s"))[0] == "DecryptionFailure"

    play(scenario)


def test_a_far_caller_reaches_replicas_under_their_default_key(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        other = cloud.at("222222222222")
        arn = await cloud.create(KmsKeyId=await cloud.key())
        await other.call("ReplicateSecretToRegions", **{**ADD, "SecretId": arn})
        assert (await status(cloud))[0] == "InSync"
        await other.put(arn, "v2")
        assert (await status(cloud))[0] == "InSync"
        assert await cloud.at(region=EAST).value("s") == "v2"

    play(scenario)


def test_a_version_that_does_not_open_keeps_no_other_back(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        east = cloud.at(region=EAST)
        key = await cloud.key()
        await cloud.create(KmsKeyId=key)
        await cloud.set_key(key, "Disabled")
        await cloud.call("UpdateSecret", SecretId="s", KmsKeyId=await cloud.key(), ClientRequestToken=TOKEN)
        await cloud.put("s", "v2")
        await cloud.call("ReplicateSecretToRegions", **ADD)
        assert await status(cloud) == (
            "Failed",
            "Replication failed: A version of the secret is missing in the replica.",
        )
        assert await east.value("s") == "v2"
        await cloud.set_key(key, "Enabled")
        await cloud.call("UpdateSecret", SecretId="s", Description="d", ClientRequestToken=TOKEN)
        assert (await status(cloud))[0] == "InSync"
        assert await east.value("s", VersionStage="AWSPREVIOUS") == "v1"

    play(scenario)


def test_force_takes_no_primary_from_its_replicas(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        east = cloud.at(region=EAST)
        await east.create("s", "theirs")
        await east.call("ReplicateSecretToRegions", SecretId="s", AddReplicaRegions=[{"Region": "us-west-2"}])
        await cloud.create("s", "ours")
        await cloud.call("ReplicateSecretToRegions", **ADD, ForceOverwriteReplicaSecret=True)
        failed, message = await status(cloud)
        assert failed == "Failed"
        assert message == "Replication failed: Secret name s in region us-east-1 has replicas of its own."
        assert await east.value("s") == "theirs"

    play(scenario)


def test_a_key_that_changes_while_a_value_is_on_its_way(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        east = cloud.at(region=EAST)
        await cloud.create()
        await cloud.call("ReplicateSecretToRegions", **ADD)
        before = await east.key()
        await east.call("UpdateSecret", SecretId="s", KmsKeyId=before, ClientRequestToken=TOKEN)
        for number in range(10):
            key = await east.key()
            change = {"SecretId": "s", "KmsKeyId": key, "ClientRequestToken": f"{number:032}"}
            await asyncio.gather(cloud.put("s", f"v{number}"), east.call("UpdateSecret", **change))
            await cloud.quiet()
            await east.set_key(before, "Disabled")
            assert await east.value("s") == f"v{number}"
            before = key

    play(scenario)
