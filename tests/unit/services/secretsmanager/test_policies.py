"""Resource policies: attached, shown, listed, examined."""

from __future__ import annotations

import json
from typing import Any

import pytest


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


UNSUPPORTED = "This resource policy contains an unsupported principal."


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "This resource policy contains a syntax error."),
        ("[]", "This resource policy contains a syntax error."),
        ('{"Version": "2012-10-17"}', "This resource policy contains a syntax error."),
        (policy(Effect="AllowSomething"), "This resource policy contains a syntax error."),
        (policy(Action=None), "This resource policy contains a syntax error."),
        (policy(Action="foo"), "This resource policy contains a syntax error."),
        (policy(Principal={"AWS": "arn:aws:iam::111111111111:user/*"}), UNSUPPORTED),
        (policy(Resource=[]), "This resource policy contains a syntax error."),
        (policy(Principal=None), "This resource policy contains a syntax error."),
        (policy(Condition=[]), "This resource policy contains a syntax error."),
        *(
            (
                policy(Condition={"StringEquals": {"aws:SourceArn": value}}),
                "This resource policy contains a syntax error.",
            )
            for value in (None, {"a": 1}, [["*"]], [None])
        ),
        (policy(Principal={"AWS": "somebody"}), UNSUPPORTED),
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


@pytest.mark.parametrize(
    ("condition", "public"),
    [
        ({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}, True),
        ({"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "::/0"]}}, True),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, False),
        ({"IpAddress": {"aws:SourceIp": "nonsense"}}, True),
        ({"IpAddress": {"aws:SourceIp": "2001:db8::/32"}}, False),
        ({"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, True),
        ({"StringNotEquals": {"aws:PrincipalAccount": "222222222222"}}, True),
        ({"StringEquals": {"aws:PrincipalAccount": "222222222222"}}, False),
        ({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}, True),
        ({"StringLike": {"aws:PrincipalOrgID": "*"}}, True),
        ({"StringLike": {"aws:PrincipalOrgID": "o-*"}}, True),
        ({"StringLike": {"aws:PrincipalOrgID": "o-abc*"}}, False),
        ({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-abc/*"}}, False),
        ({"ForAllValues:StringLike": {"aws:PrincipalOrgPaths": "o-abc/*"}}, True),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/x"}}, True),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::222222222222:role/*"}}, False),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::bucket*"}}, False),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"}}, True),
        ({"Null": {"aws:SourceVpce": "false"}}, True),
        ({"StringEquals": {"aws:SourceVpce": "vpce-1"}}, False),
        ({"StringEquals": {"aws:RequestedRegion": "eu-central-1"}}, True),
    ],
)
def test_conditions_that_leave_everybody_in(play_once: Any, condition: dict[str, Any], public: bool) -> None:
    async def scenario(cloud: Any) -> None:
        text = policy(Principal="*", Condition=condition)
        found = await cloud.call("ValidateResourcePolicy", ResourcePolicy=text)
        assert [each["CheckName"] for each in found["ValidationErrors"]] == ["PUBLIC_POLICY"] * public

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
