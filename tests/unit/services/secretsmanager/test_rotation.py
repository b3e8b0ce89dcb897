"""Rotation: a function that is there, one that fails, one that is not; and by time."""

from __future__ import annotations

from typing import Any

from tests.unit.services.secretsmanager.rotator import ALL_STEPS, FUNCTION, NOT_COMPLETE, TOKEN, at, rotate, steps

NOT_INVOKABLE = (
    "AccessDeniedException",
    "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access to the "
    "principal secretsmanager.amazonaws.com.",
)
NONE = ("InvalidRequestException", "No Lambda rotation function ARN is associated with this secret.")


def test_without_lambda_it_says_so_as_aws_does(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        await cloud.create()
        assert await cloud.fails("RotateSecret", **rotate()) == NOT_INVOKABLE
        shown = await cloud.describe("s")
        assert "RotationEnabled" not in shown
        assert list(shown["VersionIdsToStages"].values()) == [["AWSCURRENT"]]

    play(scenario)


def test_a_rotation(play_with_functions: Any) -> None:
    async def scenario(cloud: Any) -> None:
        arn = await cloud.create()
        rules = {"AutomaticallyAfterDays": 10}
        rotated = await cloud.call("RotateSecret", **rotate(RotationRules=rules))
        assert rotated == {"ARN": arn, "Name": "s", "VersionId": TOKEN}
        assert steps[-4:] == ALL_STEPS
        assert await cloud.value("s") == "rotated"
        assert await cloud.value("s", VersionStage="AWSPREVIOUS") == "v1"
        shown = await cloud.describe("s")
        assert shown["VersionIdsToStages"][TOKEN] == ["AWSCURRENT", "AWSPENDING"]
        assert shown["RotationEnabled"] is True
        assert shown["RotationLambdaARN"] == FUNCTION
        assert shown["RotationRules"] == rules
        assert shown["LastRotatedDate"] == at(2023, 11, 14, 22, 13, 20)
        assert shown["NextRotationDate"] == at(2023, 11, 24, 23, 59, 59)
        cancelled = await cloud.call("CancelRotateSecret", SecretId="s")
        assert cancelled == {"ARN": arn, "Name": "s"}
        shown = await cloud.describe("s")
        assert shown["RotationEnabled"] is False
        assert shown.get("NextRotationDate") is None
        assert shown["RotationLambdaARN"] == FUNCTION
        again = rotate(ClientRequestToken=TOKEN[::-1])
        del again["RotationLambdaARN"]
        await cloud.call("RotateSecret", **again)
        assert (await cloud.describe("s"))["RotationEnabled"] is True

    play_with_functions(scenario)


def test_a_function_that_fails_leaves_what_is_pending(play_with_functions: Any) -> None:
    async def scenario(cloud: Any) -> None:
        arn = await cloud.create()
        failing = FUNCTION.replace("rotator", "fails")
        await cloud.call("RotateSecret", **rotate(RotationLambdaARN=failing))
        assert await cloud.value("s") == "v1"
        assert await cloud.value("s", VersionStage="AWSPENDING") == "rotated"
        assert (await cloud.describe("s")).get("LastRotatedDate") is None
        other = TOKEN[::-1]
        assert await cloud.fails("RotateSecret", **rotate(ClientRequestToken=other)) == NOT_COMPLETE
        cancelled = await cloud.call("CancelRotateSecret", SecretId="s")
        assert cancelled == {"ARN": arn, "Name": "s", "VersionId": TOKEN}
        remove = {"VersionStage": "AWSPENDING", "RemoveFromVersionId": TOKEN}
        await cloud.call("UpdateSecretVersionStage", SecretId="s", **remove)
        await cloud.call("RotateSecret", **rotate(ClientRequestToken=other))
        assert await cloud.value("s") == "rotated"

    play_with_functions(scenario)


def test_replicas_are_rotated_too(play_with_functions: Any) -> None:
    async def scenario(cloud: Any) -> None:
        east = cloud.at(region="us-east-1")
        await cloud.create()
        await cloud.call("ReplicateSecretToRegions", SecretId="s", AddReplicaRegions=[{"Region": "us-east-1"}])
        await cloud.call("RotateSecret", **rotate(RotateImmediately=False))
        await cloud.quiet()
        shown = await east.describe("s")
        assert list(shown["VersionIdsToStages"].values()) == [["AWSCURRENT"]]
        assert shown["RotationLambdaARN"] == FUNCTION
        await cloud.call("RotateSecret", **rotate(RotationRules={"AutomaticallyAfterDays": 1}))
        assert await east.value("s") == "rotated"
        shown, primary = await east.describe("s"), await cloud.describe("s")
        for same in ("VersionIdsToStages", "LastRotatedDate", "NextRotationDate", "RotationRules"):
            assert shown[same] == primary[same]
        refused = await east.fails("RotateSecret", **rotate())
        assert refused == await east.fails("CancelRotateSecret", SecretId="s")
        assert refused[1].startswith("Operation not permitted on a replica secret.")
        await cloud.advance(2 * 86_400)
        shown, primary = await east.describe("s"), await cloud.describe("s")
        assert shown["VersionIdsToStages"] == primary["VersionIdsToStages"]
        assert len(primary["VersionIdsToStages"]) == 2
        await east.call("StopReplicationToReplica", SecretId="s")
        assert "RotationEnabled" not in await east.describe("s")

    play_with_functions(scenario)


def test_only_to_try_it(play_with_functions: Any) -> None:
    async def scenario(cloud: Any) -> None:
        arn = await cloud.create()
        rules = {"ScheduleExpression": "cron(0 8 1 * ? *)", "Duration": "2h"}
        tried = await cloud.call("RotateSecret", **rotate(RotateImmediately=False, RotationRules=rules))
        assert tried == {"ARN": arn, "Name": "s"}
        assert steps[-1:] == ["testSecret"]
        shown = await cloud.describe("s")
        assert list(shown["VersionIdsToStages"].values()) == [["AWSCURRENT"]]
        assert shown["NextRotationDate"] == at(2023, 12, 1, 9, 59, 59)
        await cloud.advance((at(2023, 12, 1, 8) - at(2023, 11, 14, 22, 13, 20)).total_seconds() - 1)
        assert await cloud.value("s") == "v1"
        await cloud.advance(1)
        assert await cloud.value("s") == "rotated"
        shown = await cloud.describe("s")
        assert shown["LastRotatedDate"] == at(2023, 12, 1, 8)
        assert shown["NextRotationDate"] == at(2024, 1, 1, 9, 59, 59)

    play_with_functions(scenario)


def test_a_value_put_by_hand_begins_a_rate_anew(play_with_functions: Any) -> None:
    async def scenario(cloud: Any) -> None:
        await cloud.create()
        await cloud.call("RotateSecret", **rotate(RotationRules={"ScheduleExpression": "rate(10 days)"}))
        await cloud.advance(5 * 86_400)
        await cloud.put("s", "by hand")
        assert (await cloud.describe("s"))["NextRotationDate"] == at(2023, 11, 29, 23, 59, 59)
        await cloud.advance(9 * 86_400)
        assert await cloud.value("s") == "by hand"
        await cloud.advance(86_400)
        assert await cloud.value("s") == "rotated"

    play_with_functions(scenario)


def test_days_are_counted_from_a_schedule(play_with_functions: Any) -> None:
    async def scenario(cloud: Any) -> None:
        await cloud.create()
        rules = {"ScheduleExpression": "rate(10 days)", "Duration": "2h"}
        await cloud.call("RotateSecret", **rotate(RotationRules=rules, RotateImmediately=False))
        assert (await cloud.describe("s"))["RotationRules"] == rules
        again = rotate(RotationRules={}, ClientRequestToken=TOKEN[::-1])
        await cloud.call("RotateSecret", **again)
        shown = await cloud.describe("s")
        assert shown["RotationRules"] == {"AutomaticallyAfterDays": 10, **rules}
        assert shown["NextRotationDate"] == at(2023, 11, 24, 1, 59, 59)
        other = {"ScheduleExpression": "cron(0 8 1 * ? *)"}
        await cloud.call(
            "RotateSecret", **rotate(RotationRules=other, ClientRequestToken=TOKEN + "x", RotateImmediately=False)
        )
        assert (await cloud.describe("s"))["RotationRules"] == other
        # A duration alone is that of the schedule there is.
        bare = rotate(RotationRules={"Duration": "3h"}, ClientRequestToken=TOKEN + "y", RotateImmediately=False)
        await cloud.call("RotateSecret", **bare)
        shown = await cloud.describe("s")
        assert shown["RotationRules"] == {**other, "Duration": "3h"}
        assert shown["NextRotationDate"] == at(2023, 12, 1, 10, 59, 59)
        too_long = rotate(RotationRules={"Duration": "24h"}, ClientRequestToken=TOKEN + "z", RotateImmediately=False)
        assert (await cloud.fails("RotateSecret", **too_long))[0] == "InvalidParameterException"

    play_with_functions(scenario)


def test_a_function_that_is_gone_when_the_time_comes(play_with_functions: Any) -> None:
    async def scenario(cloud: Any) -> None:
        await cloud.create()
        absent = FUNCTION.replace("rotator", "absent")
        assert await cloud.fails("RotateSecret", **rotate(RotationLambdaARN=absent)) == NOT_INVOKABLE
        await cloud.call("RotateSecret", **rotate(RotationRules={"AutomaticallyAfterDays": 1}))
        await cloud.call("DeleteSecret", SecretId="s")
        steps.clear()
        await cloud.advance(3 * 86_400)
        assert steps == [], "a secret that is to go is not rotated"
        await cloud.call("RestoreSecret", SecretId="s")
        await cloud.advance(2 * 86_400)
        assert steps[:1] == ["createSecret"]

    play_with_functions(scenario)


def test_what_is_refused(play_with_functions: Any) -> None:
    async def scenario(cloud: Any) -> None:
        await cloud.create()
        call = rotate()
        del call["RotationLambdaARN"]
        assert await cloud.fails("RotateSecret", **call) == NONE
        del call["ClientRequestToken"]
        assert await cloud.fails("RotateSecret", **call) == (
            "InvalidParameterException",
            "You must provide a ClientRequestToken value. We recommend a UUID-type value.",
        )
        assert (await cloud.fails("RotateSecret", **rotate(RotationLambdaARN="rotator")))[0] == (
            "InvalidParameterException"
        )
        assert (await cloud.fails("CancelRotateSecret", SecretId="s"))[0] == "InvalidRequestException"
        for rules in (
            {"AutomaticallyAfterDays": 1, "ScheduleExpression": "rate(1 day)"},
            {"ScheduleExpression": "rate(3 hours)"},
            {"ScheduleExpression": "rate(1000 days)"},
            {"ScheduleExpression": "rate(4 hours)", "Duration": "5h"},
            {"ScheduleExpression": "rate(1 day)", "Duration": "25h"},
            {"ScheduleExpression": "cron(0 22 * * ? *)", "Duration": "3h"},
            {"ScheduleExpression": "cron(0 8/4 * * ? *)", "Duration": "5h"},
            {"ScheduleExpression": "cron(0 2,12 * * ? *)", "Duration": "11h"},
            {"ScheduleExpression": "cron(0 /3 * * ? *)"},
            {"ScheduleExpression": "cron(0 / * * ? *)"},
            {"ScheduleExpression": "cron(1 0 * * ? *)"},
            {"ScheduleExpression": "cron(0 24 * * ? *)"},
            {"ScheduleExpression": "cron(0 0 * * * *)"},
            {"ScheduleExpression": "cron(0 0 ? * ? *)"},
            {"ScheduleExpression": "cron(0 0 * * ? 2030)"},
            {"ScheduleExpression": "cron(0 0 32 * ? *)"},
            {"ScheduleExpression": "cron(0 0 ? * FUN *)"},
            {"ScheduleExpression": "cron(0 0 ? * SUN#6 *)"},
            {"ScheduleExpression": "cron(0 0 31 2 ? *)"},
            {"ScheduleExpression": "every day"},
        ):
            code, _ = await cloud.fails("RotateSecret", **rotate(RotationRules=rules))
            assert code == "InvalidParameterException", rules

    play_with_functions(scenario)


def test_secrets_that_partners_hold(play: Any) -> None:
    async def scenario(cloud: Any) -> None:
        await cloud.create(Type="Partner")
        metadata = [{"Key": "k", "Value": "v"}]
        role = "arn:aws:iam::111111111111:role/rotator"
        call = {
            "SecretId": "s",
            "ClientRequestToken": TOKEN,
            "ExternalSecretRotationMetadata": metadata,
            "ExternalSecretRotationRoleArn": role,
            "RotationRules": {"AutomaticallyAfterDays": 1},
        }
        await cloud.call("RotateSecret", **call)
        [shown] = (await cloud.call("ListSecrets"))["SecretList"]
        assert shown["Type"] == "Partner"
        assert shown["RotationEnabled"] is True
        assert shown["ExternalSecretRotationMetadata"] == metadata
        assert shown["ExternalSecretRotationRoleArn"] == role
        assert shown["NextRotationDate"] == at(2023, 11, 15, 23, 59, 59)
        changed = shown["LastChangedDate"]
        await cloud.advance(3 * 86_400)
        assert await cloud.value("s") == "v1"
        shown = await cloud.describe("s")
        assert shown["NextRotationDate"] == at(2023, 11, 18, 23, 59, 59)
        assert shown["LastChangedDate"] == changed

    play(scenario)
