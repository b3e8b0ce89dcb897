"""ListSecrets: filters, order, pages. Beside it: passwords and policies, which need little more than the call."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from string import ascii_letters, ascii_lowercase, digits, punctuation
from typing import Any

import pytest


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
        for wrong in ([], [1], [1, 2, 3], [{}, 1], [None, 1], [1 << 63, 1], {"a": 1}):
            token = urlsafe_b64encode(json.dumps(wrong).encode()).decode()
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


def test_passwords(play_once: Any) -> None:
    async def password(cloud: Any, **params: Any) -> str:
        return str((await cloud.call("GetRandomPassword", **params))["RandomPassword"])

    async def scenario(cloud: Any) -> None:
        found = await password(cloud)
        assert len(found) == 32
        assert set(found) <= set(ascii_letters + digits + punctuation)
        for kind in (ascii_lowercase, ascii_lowercase.upper(), digits, punctuation):
            assert set(await password(cloud, PasswordLength=4)) & set(kind)
        only = {"ExcludePunctuation": True, "ExcludeNumbers": True, "ExcludeUppercase": True}
        assert set(await password(cloud, PasswordLength=1000, **only)) == set(ascii_lowercase)
        spaced = await password(cloud, PasswordLength=1000, IncludeSpace=True, **only)
        assert set(spaced) == set(ascii_lowercase + " ")
        assert "a" not in await password(cloud, PasswordLength=1000, ExcludeCharacters="abc")
        assert len(await password(cloud, PasswordLength=1, RequireEachIncludedType=False)) == 1
        assert await cloud.fails("GetRandomPassword", PasswordLength=3) == (
            "InvalidParameterException",
            "Password length is too short based on the required types.",
        )
        assert (await cloud.fails("GetRandomPassword", ExcludeCharacters=digits))[1] == (
            "All characters of the desired type have been excluded."
        )
        assert set(await password(cloud, ExcludeCharacters=digits, RequireEachIncludedType=False)).isdisjoint(digits)
        assert (await cloud.fails("GetRandomPassword", ExcludeLowercase=True, **only))[0] == "InvalidRequestException"

    play_once(scenario)


def policy(**statement: Any) -> str:
    defaults = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::222222222222:root"}}
    defaults |= {"Action": "secretsmanager:*", "Resource": "*"}
    chosen = {key: value for key, value in {**defaults, **statement}.items() if value is not None}
    return json.dumps({"Version": "2012-10-17", "Statement": [chosen]})


def test_policies(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        arn = await cloud.create()
        bare = {"ARN": arn, "Name": "s"}
        assert await cloud.call("GetResourcePolicy", SecretId=arn) == bare
        assert await cloud.call("ListResourcePolicies", SecretId=arn) == {"ResourcePolicies": []}
        put = await cloud.call("PutResourcePolicy", SecretId=arn, ResourcePolicy=policy())
        assert put == {**bare, "PolicyName": "default"}
        shown = await cloud.call("GetResourcePolicy", SecretId=arn)
        assert shown == {**bare, "PolicyName": "default", "ResourcePolicy": policy()}
        listed = await cloud.call("ListResourcePolicies", SecretId=arn)
        assert listed == {"ResourcePolicies": [{"PolicyName": "default"}]}
        other = {"SecretId": arn, "PolicyName": "other"}
        assert (await cloud.fails("PutResourcePolicy", **other, ResourcePolicy=policy()))[0] == (
            "InvalidParameterException"
        )
        assert (await cloud.fails("DeleteResourcePolicy", **other))[0] == "InvalidParameterException"
        deleted = await cloud.call("DeleteResourcePolicy", SecretId=arn)
        assert deleted == {**bare, "PolicyName": "default"}
        assert await cloud.call("GetResourcePolicy", SecretId=arn) == bare

    play(scenario)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "This resource policy contains a syntax error."),
        ("[]", "This resource policy contains a syntax error."),
        ('{"Version": "2012-10-17"}', "This resource policy contains a syntax error."),
        (policy(Effect="AllowSomething"), "This resource policy contains a syntax error."),
        (policy(Action=None), "This resource policy contains a syntax error."),
        (policy(Resource=[]), "This resource policy contains a syntax error."),
        (policy(Principal=None), "This resource policy contains a syntax error."),
        (policy(Condition=[]), "This resource policy contains a syntax error."),
        (policy(Principal={"AWS": "somebody"}), "This resource policy contains an unsupported principal."),
        (
            policy(Principal={"Service": "invalidservice"}),
            "This resource policy contains an invalid service principal.",
        ),
    ],
)
def test_policies_that_are_none(play_once: Any, text: str, message: str) -> None:
    async def scenario(cloud: Any) -> None:
        arn = await cloud.create()
        wrong = ("MalformedPolicyDocumentException", message)
        assert await cloud.fails("PutResourcePolicy", SecretId=arn, ResourcePolicy=text) == wrong
        assert await cloud.fails("ValidateResourcePolicy", ResourcePolicy=text) == wrong

    play_once(scenario)


def test_policies_that_let_everybody_in(play_once: Any) -> None:
    async def scenario(cloud: Any) -> None:
        arn = await cloud.create()
        put = {"SecretId": arn, "BlockPublicPolicy": True}
        for open_to_all in (policy(Principal="*"), policy(Principal={"AWS": ["222222222222", "*"]})):
            assert await cloud.fails("PutResourcePolicy", **put, ResourcePolicy=open_to_all) == (
                "PublicPolicyException",
                "You can't attach a resource-based policy that allows broad access to the secret.",
            )
            await cloud.call("PutResourcePolicy", SecretId=arn, ResourcePolicy=open_to_all)
            found = await cloud.call("ValidateResourcePolicy", SecretId=arn, ResourcePolicy=open_to_all)
            assert not found["PolicyValidationPassed"]
            assert len(found["ValidationErrors"]) == 1
        narrowed = policy(Principal="*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}})
        for fine in (policy(), narrowed, policy(Effect="Deny", Principal="*", Action="secretsmanager:GetSecretValue")):
            await cloud.call("PutResourcePolicy", **put, ResourcePolicy=fine)
            found = await cloud.call("ValidateResourcePolicy", ResourcePolicy=fine)
            assert found == {"PolicyValidationPassed": True, "ValidationErrors": []}
        shut = policy(Effect="Deny", Principal="*")
        found = await cloud.call("ValidateResourcePolicy", ResourcePolicy=shut)
        assert found["ValidationErrors"][0]["ErrorMessage"] == (
            "Your requested changes will not allow you to manage this secret in the future."
        )
        assert (await cloud.fails("ValidateResourcePolicy", SecretId="no", ResourcePolicy=shut))[0] == (
            "ResourceNotFoundException"
        )

    play_once(scenario)
