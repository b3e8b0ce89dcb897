"""Staging labels and how they move, as AWS was seen to move them; and what is left of old versions."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

TOKEN = "0123456789abcdef0123456789abcdef"


async def stages(cloud: Any, arn: str) -> dict[str, list[str]]:
    shown: dict[str, list[str]] = (await cloud.describe(arn)).get("VersionIdsToStages", {})
    return shown


def test_current_and_previous(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        arn = await cloud.create(ClientRequestToken=TOKEN)
        two = await cloud.put(arn, "v2")
        assert await stages(cloud, arn) == {TOKEN: ["AWSPREVIOUS"], two: ["AWSCURRENT"]}
        three = await cloud.put(arn, "v3")
        assert await stages(cloud, arn) == {two: ["AWSPREVIOUS"], three: ["AWSCURRENT"]}
        listed = await cloud.call("ListSecretVersionIds", SecretId=arn)
        assert [version["VersionId"] for version in listed["Versions"]] == [two, three]
        listed = await cloud.call("ListSecretVersionIds", SecretId=arn, IncludeDeprecated=True)
        assert [version["VersionId"] for version in listed["Versions"]] == [TOKEN, two, three]
        assert listed["Versions"][0].get("VersionStages") is None
        assert listed["Versions"][0]["KmsKeyIds"] == ["DefaultEncryptionKey"]

    play(scenario)


def test_pending_becomes_current(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        arn = await cloud.create(ClientRequestToken=TOKEN)
        two = await cloud.put(arn, "v2", VersionStages=["AWSPENDING"])
        assert await cloud.value(arn) == "v1"
        moved = await cloud.call(
            "UpdateSecretVersionStage",
            SecretId=arn,
            VersionStage="AWSCURRENT",
            RemoveFromVersionId=TOKEN,
            MoveToVersionId=two,
        )
        assert moved == {"ARN": arn, "Name": "s"}
        assert await stages(cloud, arn) == {TOKEN: ["AWSPREVIOUS"], two: ["AWSCURRENT", "AWSPENDING"]}
        three = await cloud.put(arn, "v3")
        assert await stages(cloud, arn) == {two: ["AWSPREVIOUS"], three: ["AWSCURRENT"]}

    play(scenario)


def test_labels_of_ones_own(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        arn = await cloud.create(ClientRequestToken=TOKEN)
        put = await cloud.call(
            "PutSecretValue",
            SecretId=arn,
            SecretString="v2",
            VersionStages=["two", "one", "three"],
            ClientRequestToken=TOKEN[::-1],
        )
        two = TOKEN[::-1]
        assert put == {"ARN": arn, "Name": "s", "VersionId": two, "VersionStages": ["one", "three", "two"]}
        three = await cloud.put(arn, "v3", VersionStages=["one", "two", "four"])
        assert await stages(cloud, arn) == {TOKEN: ["AWSCURRENT"], two: ["three"], three: ["four", "one", "two"]}
        await cloud.call("UpdateSecretVersionStage", SecretId=arn, VersionStage="three", RemoveFromVersionId=two)
        assert await stages(cloud, arn) == {TOKEN: ["AWSCURRENT"], three: ["four", "one", "two"]}
        await cloud.call("UpdateSecretVersionStage", SecretId=arn, VersionStage="new", MoveToVersionId=two)
        assert (await stages(cloud, arn))[two] == ["new"]
        assert await cloud.value(arn, VersionStage="new") == "v2"

    play(scenario)


def test_the_first_version_is_the_current_one(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        arn = await cloud.create(value=None)
        one = await cloud.put(arn, "v1", VersionStages=["mine"])
        assert await stages(cloud, arn) == {one: ["AWSCURRENT", "mine"]}

    play(scenario)


def test_moves_that_are_refused(play_once: Any) -> None:
    async def scenario(cloud: Any) -> None:
        arn = await cloud.create(ClientRequestToken=TOKEN)
        two = await cloud.put(arn, "v2")

        async def refused(stage: str, **params: str) -> tuple[str, str]:
            found: tuple[str, str] = await cloud.fails(
                "UpdateSecretVersionStage", SecretId=arn, VersionStage=stage, **params
            )
            return found

        invalid = "InvalidParameterException"
        assert await refused("AWSCURRENT", MoveToVersionId=TOKEN) == (
            invalid,
            "The parameter RemoveFromVersionId can't be empty. Staging label AWSCURRENT is currently attached to "
            f"version {two}, so you must explicitly reference that version in RemoveFromVersionId.",
        )
        assert await refused("AWSCURRENT", MoveToVersionId=TOKEN, RemoveFromVersionId=TOKEN) == (
            invalid,
            "When you move staging label AWSCURRENT, if you specify RemoveFromVersionId, it must be set to the "
            "version that currently has the staging label AWSCURRENT.",
        )
        assert (await refused("AWSCURRENT", RemoveFromVersionId=two))[0] == invalid
        assert (await refused("x"))[0] == invalid
        assert (await refused("x", MoveToVersionId="f" * 32))[0] == "ResourceNotFoundException"
        assert (await refused("x", RemoveFromVersionId=two))[0] == invalid
        await cloud.call("UpdateSecretVersionStage", SecretId=arn, VersionStage="AWSCURRENT", MoveToVersionId=two)
        assert await stages(cloud, arn) == {TOKEN: ["AWSPREVIOUS"], two: ["AWSCURRENT"]}

    play_once(scenario)


def test_twenty_labels(play_once: Any) -> None:
    async def scenario(cloud: Any) -> None:
        arn = await cloud.create()
        two = await cloud.put(arn, "v2", VersionStages=[str(number) for number in range(19)])
        move = {"SecretId": arn, "VersionStage": "more", "MoveToVersionId": two}
        assert (await cloud.fails("UpdateSecretVersionStage", **move))[0] == "LimitExceededException"
        assert len((await stages(cloud, arn))[two]) == 19
        put = {"SecretString": "v3", "VersionStages": ["18", "more"], "ClientRequestToken": TOKEN}
        assert (await cloud.fails("PutSecretValue", SecretId=arn, **put))[0] == "LimitExceededException"
        assert await cloud.value(arn, VersionStage="18") == "v2"
        await cloud.put(arn, "v3", VersionStages=["18"])

    play_once(scenario)


def test_old_versions_without_a_label_go(play_once: Any) -> None:
    async def scenario(cloud: Any) -> None:
        arn = await cloud.create(ClientRequestToken=TOKEN)
        await cloud.call("UpdateSecretVersionStage", SecretId=arn, VersionStage="kept", MoveToVersionId=TOKEN)
        for _ in range(120):
            await cloud.put(arn, "v")

        async def count() -> int:
            found, token = 0, None
            while True:
                page = {"NextToken": token} if token else {}
                listed = await cloud.call("ListSecretVersionIds", SecretId=arn, IncludeDeprecated=True, **page)
                found += len(listed["Versions"])
                token = listed.get("NextToken")
                if token is None:
                    return found

        assert await count() == 121, "those of the last day stay"
        await cloud.advance(86_401)
        await cloud.put(arn, "v")
        assert await count() == 100
        assert await cloud.value(arn, VersionStage="kept") == "v1"

    play_once(scenario)


def test_pages_of_versions(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        arn = await cloud.create(ClientRequestToken=TOKEN)
        two = await cloud.put(arn, "v2")
        first = await cloud.call("ListSecretVersionIds", SecretId=arn, MaxResults=1)
        second = await cloud.call("ListSecretVersionIds", SecretId=arn, MaxResults=1, NextToken=first["NextToken"])
        assert [page["Versions"][0]["VersionId"] for page in (first, second)] == [TOKEN, two]
        assert "NextToken" not in second
        for token in ("no", str(uuid4()), "e30=", "W10=", "WyJhIiwgMV0="):
            assert await cloud.fails("ListSecretVersionIds", SecretId=arn, NextToken=token) == (
                "InvalidNextTokenException",
                "The NextToken value is invalid.",
            )

    play(scenario)
