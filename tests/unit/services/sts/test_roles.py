"""AssumeRole and AssumeRoot: the session that comes of them, and what they refuse."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import orjson
import pytest
from atoll.core.access_keys import account_of
from atoll.core.errors import AwsError
from atoll.services.sts.roles import read_role

TWO, THREE = "222222222222", "333333333333"
ROLE = f"arn:aws:iam::{TWO}:role/path/to/reader"
POLICY = orjson.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
).decode()


def refused(sts: Any, operation: str, **params: Any) -> AwsError:
    with pytest.raises(AwsError) as raised:
        sts(operation, **params)
    return raised.value


def test_the_roles_account_becomes_the_callers(sts: Any) -> None:
    first = sts.caller.principal
    answer = sts("AssumeRole", RoleArn=ROLE, RoleSessionName="me")
    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{TWO}:assumed-role/reader/me"
    role_id, _, name = answer["AssumedRoleUser"]["AssumedRoleId"].partition(":")
    assert (role_id[:4], len(role_id), name) == ("AROA", 21, "me")
    assert "PackedPolicySize" not in answer
    assert answer["Credentials"]["AccessKeyId"].startswith("LSIA")
    assert account_of(answer["Credentials"]["AccessKeyId"]) == TWO
    caller = sts.become(answer)
    assert (caller.account, caller.session.name, caller.session.chain) == (TWO, "me", (first,))
    assert caller.session.expires == sts.now + 3600
    assert sts("GetCallerIdentity") == {
        "UserId": answer["AssumedRoleUser"]["AssumedRoleId"],
        "Account": TWO,
        "Arn": answer["AssumedRoleUser"]["Arn"],
    }


def test_a_role_has_the_same_id_each_time(sts: Any) -> None:
    first = sts("AssumeRole", RoleArn=ROLE, RoleSessionName="one")["AssumedRoleUser"]["AssumedRoleId"]
    second = sts("AssumeRole", RoleArn=ROLE, RoleSessionName="two")["AssumedRoleUser"]["AssumedRoleId"]
    assert first.partition(":")[0] == second.partition(":")[0]
    assert read_role(ROLE).id != read_role(f"arn:aws:iam::{TWO}:role/reader").id


def test_partitions(sts: Any) -> None:
    answer = sts("AssumeRole", RoleArn=f"arn:aws-cn:iam::{TWO}:role/r", RoleSessionName="me")
    assert answer["AssumedRoleUser"]["Arn"].startswith("arn:aws-cn:sts:")


@pytest.mark.parametrize(
    "arn",
    [
        "role-without-an-arn-at-all",
        f"arn:aws:iam::{TWO}:user/someone",
        f"arn:aws:sts::{TWO}:assumed-role/r/s",
        "arn:aws:iam::2222:role/reader",
        f"arn:aws:iam:eu-west-1:{TWO}:role/reader",
        f"arn:aws:iam::{TWO}:role/",
        f"arn:aws:iam::{TWO}:role/a b",
    ],
)
def test_what_is_no_role(sts: Any, arn: str) -> None:
    error = refused(sts, "AssumeRole", RoleArn=arn, RoleSessionName="me")
    assert (error.code, error.message) == ("ValidationError", f"{arn} is invalid")


def test_a_chain_of_roles(sts: Any) -> None:
    first = sts.caller.principal
    second = sts.become(
        sts(
            "AssumeRole",
            RoleArn=ROLE,
            RoleSessionName="one",
            Tags=[{"Key": "Team", "Value": "a"}, {"Key": "Env", "Value": "test"}],
            TransitiveTagKeys=["team"],
            SourceIdentity="alice",
        )
    )
    assert second.session.tags == {"Team": "a", "Env": "test"}
    assert second.session.transitive_tags == ("Team",)
    answer = sts(
        "AssumeRole",
        RoleArn=f"arn:aws:iam::{THREE}:role/writer",
        RoleSessionName="two",
        Tags=[{"Key": "Job", "Value": "1"}],
        DurationSeconds=3600,
    )
    assert answer["SourceIdentity"] == "alice"
    third = sts.become(answer)
    assert third.account == THREE
    assert third.session.tags == {"Team": "a", "Job": "1"}
    assert third.session.transitive_tags == ("Team",)
    assert third.session.source_identity == "alice"
    assert third.session.chain == (first, second.principal)
    longer = refused(sts, "AssumeRole", RoleArn=ROLE, RoleSessionName="x", DurationSeconds=3601)
    assert (longer.code, longer.message) == (
        "ValidationError",
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
    )
    other = refused(sts, "AssumeRole", RoleArn=ROLE, RoleSessionName="x", SourceIdentity="bob")
    assert (other.code, other.status) == ("AccessDenied", 403)
    assert other.message == "The source identity is already set for this assume role session"
    assert sts("AssumeRole", RoleArn=ROLE, RoleSessionName="x", SourceIdentity="alice")["SourceIdentity"] == "alice"
    conflict = refused(sts, "AssumeRole", RoleArn=ROLE, RoleSessionName="x", Tags=[{"Key": "TEAM", "Value": "b"}])
    assert (conflict.code, conflict.message) == (
        "InvalidParameterValue",
        "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from "
        "the calling session.",
    )


def test_the_first_role_may_be_held_for_twelve_hours(sts: Any) -> None:
    assert sts.become(sts("AssumeRole", RoleArn=ROLE, RoleSessionName="x", DurationSeconds=43200)).session.expires == (
        sts.now + 43200
    )


@pytest.mark.parametrize(
    ("params", "code", "message"),
    [
        (
            {"Tags": [{"Key": "Team", "Value": "a"}, {"Key": "team", "Value": "b"}]},
            "InvalidParameterValue",
            "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
        ),
        (
            {"Tags": [{"Key": "Ä b", "Value": "1"}, {"Key": "a", "Value": "b!"}]},
            "ValidationError",
            "1 validation error detected: Value 'b!' at 'tags.2.member.value' failed to satisfy constraint: Member "
            r"must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]*",
        ),
        (
            {"Tags": [{"Key": "Team", "Value": "a"}], "TransitiveTagKeys": ["Env"]},
            "InvalidParameterValue",
            "The specified transitive tag key must be included in the requested tags.",
        ),
        (
            {"SourceIdentity": "aws:me"},
            "ValidationError",
            "Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with aws:",
        ),
        (
            {"SerialNumber": "GAHT12345678"},
            "AccessDenied",
            "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.",
        ),
        ({"Policy": "{"}, "MalformedPolicyDocumentException", "The policy is not in the valid JSON format."),
        ({"Policy": "[]"}, "MalformedPolicyDocumentException", "The policy is not in the valid JSON format."),
        ({"Policy": '{"Version":"2012-10-17"}'}, "MalformedPolicyDocumentException", "Syntax errors in policy."),
        (
            {"Policy": POLICY.replace("2012-10-17", "2013-10-17")},
            "MalformedPolicyDocumentException",
            "Policy document must be version 2012-10-17 or greater.",
        ),
        ({"Policy": POLICY.replace("Allow", "allow")}, "MalformedPolicyDocumentException", "Syntax errors in policy."),
        ({"Policy": POLICY.replace("Resource", "Principal")}, "MalformedPolicyDocumentException", None),
        (
            {"Policy": POLICY.replace("s3:*", "s3:" + "a" * 2000)},
            "ValidationError",
            "1 validation error detected: Value at 'policy' failed to satisfy constraint: Member must have length "
            "less than or equal to 2048",
        ),
        ({"PolicyArns": [{"arn": ROLE}]}, "ValidationError", f"ARN {ROLE} is not valid."),
        (
            {"Tags": [{"Key": f"T{n}", "Value": "a" * 250} for n in range(9)]},
            "PackedPolicyTooLargeException",
            "Packed size of session tags consumes 498% of allotted space.",
        ),
    ],
)
def test_what_is_refused(sts: Any, params: dict[str, Any], code: str, message: str | None) -> None:
    error = refused(sts, "AssumeRole", RoleArn=ROLE, RoleSessionName="me", **params)
    assert error.code == code
    if message is not None:
        assert error.message == message


def test_policies_and_mfa_are_the_sessions(sts: Any) -> None:
    arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    answer = sts(
        "AssumeRole",
        RoleArn=ROLE,
        RoleSessionName="me",
        Policy=POLICY,
        PolicyArns=[{"arn": arn}],
        ExternalId="outside",
        SerialNumber="GAHT12345678",
        TokenCode="123456",
    )
    assert 0 < answer["PackedPolicySize"] < 50
    session = sts.become(answer).session
    assert (session.policy, session.policy_arns, session.mfa) == (POLICY, (arn,), True)
    assert session.context == {"role": ROLE, "sts:ExternalId": "outside"}


def test_a_policy_that_does_not_pack(sts: Any) -> None:
    statements = [
        {"Effect": "Allow", "Action": "s3:*", "Resource": sha256(bytes((n,))).hexdigest()} for n in range(1, 18)
    ]
    policy = orjson.dumps({"Version": "2012-10-17", "Statement": statements}).decode()
    error = refused(sts, "AssumeRole", RoleArn=ROLE, RoleSessionName="me", Policy=policy)
    assert error.code == "PackedPolicyTooLargeException"
    assert error.message.endswith("% of allotted space, please use smaller policy.")


def test_the_size_of_a_token_is_told_and_may_be_asked_for(sts: Any) -> None:
    answer = sts("AssumeRole", RoleArn=ROLE, RoleSessionName="me", MinimumSessionTokenSize=2048)
    size = len(answer["Credentials"]["SessionToken"])
    assert 2048 <= size < 2060
    assert (answer["SessionTokenSize"], answer["SessionTokenUtilization"]) == (size, 50)
    sts.become(answer)


TASK = "arn:aws:iam::aws:policy/root-task/SQSUnlockQueuePolicy"


@pytest.mark.parametrize("target", [TWO, f"arn:aws:iam::{TWO}:root"])
def test_assume_root(sts: Any, target: str) -> None:
    caller = sts.become(sts("AssumeRoot", TargetPrincipal=target, TaskPolicyArn={"arn": TASK}))
    assert (caller.account, caller.principal, caller.user_id) == (TWO, f"arn:aws:iam::{TWO}:root", TWO)
    assert (caller.session.policy_arns, caller.session.expires) == ((TASK,), sts.now + 900)


def test_assume_root_for_no_task(sts: Any) -> None:
    for task in ("arn:aws:iam::aws:policy/AdministratorAccess", TASK.replace("SQS", "SNS"), "task"):
        error = refused(sts, "AssumeRoot", TargetPrincipal=TWO, TaskPolicyArn={"arn": task})
        assert (error.code, error.message) == ("ValidationError", f"ARN {task} is not valid.")
    error = refused(sts, "AssumeRoot", TargetPrincipal=f"arn:aws:iam::{TWO}:user/u", TaskPolicyArn={"arn": TASK})
    assert error.code == "ValidationError"
