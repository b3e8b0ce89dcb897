"""ListSecrets: filters, order, pages."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any


async def names(cloud: Any, *filters: tuple[str, list[str]], **params: Any) -> list[str]:
    if filters:
        params["Filters"] = [{"Key": key, "Values": values} for key, values in filters]
    return [secret["Name"] for secret in (await cloud.call("ListSecrets", **params))["SecretList"]]


def test_filters(play_once: Any) -> None:
    async def scenario(cloud: Any) -> None:
        await cloud.create("prod/db", Description="The main database", Tags=[{"Key": "Team", "Value": "Blue"}])
        await cloud.create("prod/apiKey", Tags=[{"Key": "Team", "Value": "Red"}, {"Key": "old", "Value": "yes"}])
        await cloud.create("Test", Description="database of tests")
        assert await names(cloud) == ["prod/db", "prod/apiKey", "Test"]
        assert await names(cloud, ("name", ["prod/"])) == ["prod/db", "prod/apiKey"]
        assert await names(cloud, ("name", ["Prod"])) == []
        assert await names(cloud, ("name", ["Te", "prod/db"])) == ["prod/db", "Test"]
        assert await names(cloud, ("name", ["!prod/"])) == ["Test"]
        assert await names(cloud, ("tag-key", ["Te"])) == ["prod/db", "prod/apiKey"]
        assert await names(cloud, ("tag-key", ["te"])) == []
        assert await names(cloud, ("tag-key", ["!old"])) == ["prod/db", "Test"]
        assert await names(cloud, ("tag-value", ["Bl", "ye"])) == ["prod/db", "prod/apiKey"]
        assert await names(cloud, ("tag-key", ["Team"]), ("tag-value", ["Red"])) == ["prod/apiKey"]
        assert await names(cloud, ("description", ["DATA"])) == ["prod/db", "Test"]
        assert await names(cloud, ("description", ["main data"])) == ["prod/db"]
        assert await names(cloud, ("description", ["base"])) == []
        assert await names(cloud, ("all", ["blue"])) == ["prod/db"]
        assert await names(cloud, ("all", ["key"])) == ["prod/apiKey"]
        assert await names(cloud, ("all", ["PROD", "tests"])) == ["prod/db", "prod/apiKey", "Test"]
        assert await names(cloud, ("primary-region", ["eu"])) == []
        assert await names(cloud, ("owning-service", ["rds"])) == []
        await cloud.call("ReplicateSecretToRegions", SecretId="Test", AddReplicaRegions=[{"Region": "us-east-1"}])
        assert await names(cloud, ("primary-region", ["eu-"])) == ["Test"]
        assert await names(cloud.at(region="us-east-1"), ("primary-region", ["eu-central-1"])) == ["Test"]

    play_once(scenario)


def test_words_are_parted_by_capitals(play_once: Any) -> None:
    async def scenario(cloud: Any) -> None:
        await cloud.create("uat/COMPANYthings/x")
        await cloud.create("one", Description="SecretFTag")
        for word in ("companthings", "company", "things"):
            assert await names(cloud, ("all", [word])) == [], word
        for word in ("Ythings", "compan", "uat"):
            assert await names(cloud, ("all", [word])) == ["uat/COMPANYthings/x"], word
        for word in ("secret", "tag", "f", "Secret F Tag"):
            assert await names(cloud, ("description", [word])) == ["one"], word
        for word in ("ft", "ftag", "ag"):
            assert await names(cloud, ("description", [word])) == [], word

    play_once(scenario)


def test_filters_that_are_none(play_once: Any) -> None:
    async def scenario(cloud: Any) -> None:
        await cloud.create()
        for operation in ("ListSecrets", "BatchGetSecretValue"):
            for wrong in ({"Values": ["x"]}, {}):
                assert await cloud.fails(operation, Filters=[wrong]) == (
                    "InvalidParameterException",
                    "Invalid filter key",
                )
            for wrong in ({"Key": "name"}, {"Key": "name", "Values": []}):
                assert await cloud.fails(operation, Filters=[wrong]) == (
                    "InvalidParameterException",
                    "Invalid filter values for key: name",
                )

    play_once(scenario)


def test_order_pages_and_what_is_to_go(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        for name in ("b", "c", "a"):
            await cloud.create(name)
            await cloud.advance(1)
        await cloud.call("UpdateSecret", SecretId="b", Description="d", ClientRequestToken="0" * 32)
        assert await names(cloud, SortOrder="desc") == ["a", "c", "b"]
        assert await names(cloud, SortBy="name") == ["a", "b", "c"]
        assert await names(cloud, SortBy="last-changed-date", SortOrder="desc") == ["b", "a", "c"]
        await cloud.value("c")
        assert await names(cloud, SortBy="last-accessed-date", SortOrder="desc") == ["c", "a", "b"]
        found: list[str] = []
        params: dict[str, Any] = {"MaxResults": 2, "SortBy": "name", "SortOrder": "desc"}
        while True:
            page = await cloud.call("ListSecrets", **params)
            found += [secret["Name"] for secret in page["SecretList"]]
            if "NextToken" not in page:
                break
            params["NextToken"] = page["NextToken"]
        assert found == ["c", "b", "a"]
        listing, _, _ = b64decode((await cloud.call("ListSecrets", MaxResults=1))["NextToken"]).partition(b":")
        for wrong in ("", "[", "[]", "[1]", "[1, 2, 3]", "[{}, 1]", "[null, 1]", f"[{1 << 63}, 1]", '{"a": 1}'):
            token = b64encode(listing + b":" + wrong.encode()).decode()
            assert (await cloud.fails("ListSecrets", NextToken=token))[0] == "InvalidNextTokenException"
        assert (await cloud.fails("ListSecrets", NextToken="?"))[0] == "InvalidNextTokenException"
        await cloud.call("DeleteSecret", SecretId="b")
        assert await names(cloud) == ["c", "a"]
        assert await names(cloud, IncludePlannedDeletion=True) == ["b", "c", "a"]
        shown = (await cloud.call("ListSecrets", Filters=[{"Key": "name", "Values": ["a"]}]))["SecretList"][0]
        assert list(shown["SecretVersionsToStages"].values()) == [["AWSCURRENT"]]
        assert await names(cloud.at("222222222222")) == []
        assert await names(cloud.at(region="us-east-1")) == []

    play(scenario)


def test_a_token_is_good_for_what_it_was_given_for(play_once: Any) -> None:
    async def scenario(cloud: Any) -> None:
        for name in ("a", "b", "c"):
            await cloud.create(name)
            await cloud.put(name, "v2")
        by_name = [{"Key": "name", "Values": ["a", "b", "c"]}]
        lists: list[tuple[str, dict[str, Any]]] = [
            ("ListSecrets", {}),
            ("ListSecrets", {"SortOrder": "desc"}),
            ("ListSecrets", {"SortBy": "name"}),
            ("ListSecrets", {"IncludePlannedDeletion": True}),
            ("ListSecrets", {"Filters": by_name}),
            ("ListSecrets", {"Filters": [{"Key": "all", "Values": ["a", "b", "c"]}]}),
            ("BatchGetSecretValue", {"Filters": by_name}),
            ("ListSecretVersionIds", {"SecretId": "a"}),
            ("ListSecretVersionIds", {"SecretId": "a", "IncludeDeprecated": True}),
            ("ListSecretVersionIds", {"SecretId": "b"}),
            ("ListResourcePolicies", {"SecretId": "a"}),
        ]
        given = [await cloud.call(operation, **params, MaxResults=1) for operation, params in lists]
        for each, page in enumerate(given):
            for other, (operation, params) in enumerate(lists):
                if "NextToken" not in page:
                    assert lists[each][0] == "ListResourcePolicies"
                elif each == other:
                    await cloud.call(operation, **params, MaxResults=2, NextToken=page["NextToken"])
                else:
                    refused = await cloud.fails(operation, **params, NextToken=page["NextToken"])
                    assert refused == ("InvalidNextTokenException", "The NextToken value is invalid.")
        token = given[0]["NextToken"]
        for elsewhere in (cloud.at("222222222222"), cloud.at(region="us-east-1")):
            assert (await elsewhere.fails("ListSecrets", NextToken=token))[0] == "InvalidNextTokenException"
        arn, token = (await cloud.describe("a"))["ARN"], given[7]["NextToken"]
        await cloud.call("ListSecretVersionIds", SecretId=arn, NextToken=token)

    play_once(scenario)
