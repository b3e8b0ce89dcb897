"""Platform applications, their endpoints, and what is published to them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from atoll.core.errors import AwsError

APP = "arn:aws:sns:eu-central-1:111111111111:app/APNS/a"


def application(sns: Any, name: str = "a", **attributes: str) -> str:
    given = {"PlatformCredential": "secret", "PlatformPrincipal": "known", **attributes}
    return str(
        sns.call("CreatePlatformApplication", Name=name, Platform="APNS", Attributes=given)["PlatformApplicationArn"]
    )


def endpoint(sns: Any, app: str, token: str = "t", **params: Any) -> str:
    return str(sns.call("CreatePlatformEndpoint", PlatformApplicationArn=app, Token=token, **params)["EndpointArn"])


def test_an_application(sns: Any) -> None:
    app = application(sns, SuccessFeedbackSampleRate="50")
    assert app == APP == application(sns, SuccessFeedbackSampleRate="50")
    other = {"PlatformCredential": "other", "PlatformPrincipal": "known"}
    assert sns.fails("CreatePlatformApplication", Name="a", Platform="APNS", Attributes=other) == (
        "InvalidParameter",
        "Invalid parameter: Name Reason: An application with the same name but different properties already exists",
    )
    shown = {"Enabled": "true", "SuccessFeedbackSampleRate": "50"}
    assert sns.call("GetPlatformApplicationAttributes", PlatformApplicationArn=app) == {"Attributes": shown}
    change = {"Enabled": "false", "SuccessFeedbackSampleRate": ""}
    sns.call("SetPlatformApplicationAttributes", PlatformApplicationArn=app, Attributes=change)
    assert sns.call("ListPlatformApplications")["PlatformApplications"] == [
        {"PlatformApplicationArn": app, "Attributes": {"Enabled": "false"}}
    ]
    endpoint(sns, app)
    for _ in range(2):
        sns.call("DeletePlatformApplication", PlatformApplicationArn=app)
    assert sns.fails("GetPlatformApplicationAttributes", PlatformApplicationArn=app) == (
        "NotFound",
        "PlatformApplication does not exist",
    )
    assert sns.tenant.rows("SELECT count(*) FROM catalogue WHERE NOT gone") == [(0,)]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"Name": ""}, " Reason: cannot be empty"),
        ({"Name": "x" * 257}, f"{'x' * 257} Reason: must be at most 256 characters long"),
        (
            {"Name": "a b"},
            "a b Reason: must contain only characters 'a'-'z', 'A'-'Z', '0'-'9', '_', '-', and '.'",
        ),
        ({"Platform": "X"}, "Platform Reason: X is not supported"),
        (
            {"Attributes": {"PlatformCredential": "x"}},
            "Attributes Reason: PlatformCredential attribute provided without PlatformPrincipal",
        ),
        (
            {"Attributes": {"PlatformPrincipal": "x"}},
            "Attributes Reason: PlatformPrincipal attribute provided without PlatformCredential",
        ),
        ({"Attributes": {"X": "x"}}, "Attributes Reason: Invalid attribute name: X"),
        (
            {"Attributes": {"SuccessFeedbackSampleRate": "101"}},
            "Attributes Reason: Invalid value for attribute: SuccessFeedbackSampleRate: 101 value provided is not an "
            "integer between 0-100",
        ),
    ],
)
def test_applications_that_may_not_be(sns: Any, changes: dict[str, Any], message: str) -> None:
    given = {"Name": "a", "Platform": "APNS", "Attributes": {"PlatformCredential": "x", "PlatformPrincipal": "y"}}
    failed = sns.fails("CreatePlatformApplication", **{**given, **changes})
    assert failed == ("InvalidParameter", f"Invalid parameter: {message}")


def test_google_has_no_principal(sns: Any) -> None:
    given = {"Name": "a", "Platform": "GCM", "Attributes": {"PlatformCredential": "x"}}
    assert sns.call("CreatePlatformApplication", **given)["PlatformApplicationArn"].endswith("app/GCM/a")
    failed = sns.fails("CreatePlatformApplication", **{**given, "Attributes": {"PlatformPrincipal": "x"}})
    assert failed[0] == "InvalidParameter"


def test_an_application_that_is_there_with_other_attributes(sns: Any) -> None:
    application(sns)
    given = {"PlatformCredential": "other", "PlatformPrincipal": "known"}
    failed = sns.fails("CreatePlatformApplication", Name="a", Platform="APNS", Attributes=given)
    assert failed[0] == "InvalidParameter"
    empty = sns.fails("SetPlatformApplicationAttributes", PlatformApplicationArn=APP, Attributes={})
    assert empty[0] == "ValidationError"


def test_an_endpoint(sns: Any) -> None:
    app = application(sns)
    arn = endpoint(sns, app, CustomUserData="mine")
    assert arn.startswith("arn:aws:sns:eu-central-1:111111111111:endpoint/APNS/a/")
    assert endpoint(sns, app, CustomUserData="other", Attributes={"CustomUserData": "mine"}) == arn
    failed = sns.fails("CreatePlatformEndpoint", PlatformApplicationArn=app, Token="t")
    assert failed[1] == (
        f"Invalid parameter: Token Reason: Endpoint {arn} already exists with the same Token, but different attributes."
    )
    shown = {"Enabled": "true", "Token": "t", "CustomUserData": "mine"}
    assert sns.call("GetEndpointAttributes", EndpointArn=arn) == {"Attributes": shown}
    sns.call("SetEndpointAttributes", EndpointArn=arn, Attributes={"Token": "u", "Enabled": "false"})
    shown |= {"Token": "u", "Enabled": "false"}
    listed = sns.call("ListEndpointsByPlatformApplication", PlatformApplicationArn=app)["Endpoints"]
    assert listed == [{"EndpointArn": arn, "Attributes": shown}]
    endpoint(sns, app)
    assert sns.fails("SetEndpointAttributes", EndpointArn=arn, Attributes={"Token": "t"})[0] == "InvalidParameter"
    assert sns.fails("SetEndpointAttributes", EndpointArn=arn, Attributes={"Token": ""}) == (
        "InvalidParameter",
        "Invalid parameter: Attributes Reason: Invalid value for attribute: Token: cannot be empty",
    )
    for _ in range(2):
        sns.call("DeleteEndpoint", EndpointArn=arn)
    assert sns.fails("GetEndpointAttributes", EndpointArn=arn) == ("NotFound", "Endpoint does not exist")


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"X": "x"}, "Invalid attribute name: X"),
        ({"Enabled": "x"}, "Invalid value for attribute: Enabled: must be true or false"),
        (
            {"CustomUserData": "x" * 2049},
            "Invalid value for attribute: CustomUserData: must be at most 2048 bytes long in UTF-8 encoding",
        ),
    ],
)
def test_endpoints_that_may_not_be(sns: Any, attributes: dict[str, str], message: str) -> None:
    app = application(sns)
    failed = sns.fails("CreatePlatformEndpoint", PlatformApplicationArn=app, Token="t", Attributes=attributes)
    assert failed == ("InvalidParameter", f"Invalid parameter: Attributes Reason: {message}")
    failed = sns.fails("SetEndpointAttributes", EndpointArn=endpoint(sns, app), Attributes=attributes)
    assert failed == ("InvalidParameter", f"Invalid parameter: Attributes Reason: {message}")


def test_arns_that_are_none(sns: Any) -> None:
    assert sns.fails("GetEndpointAttributes", EndpointArn="x")[1] == (
        "Invalid parameter: EndpointArn Reason: An ARN must have at least 6 elements, not 1"
    )
    topic = sns.topic()
    assert sns.fails("GetPlatformApplicationAttributes", PlatformApplicationArn=topic)[0] == "InvalidParameter"
    assert sns.fails("CreatePlatformEndpoint", PlatformApplicationArn=APP, Token="t")[0] == "NotFound"


def test_publishing_to_an_endpoint(sns: Any) -> None:
    app = application(sns)
    arn = endpoint(sns, app)
    texts = json.dumps({"APNS": "for Apple", "default": "for all"})
    sns.call("Publish", TargetArn=arn, Message=texts, MessageStructure="json")
    sns.call("Publish", TargetArn=arn, Message="plain")
    [kept] = sns.call("PeekKept", Kind="push")["Messages"].values()
    assert [each["Message"] for each in kept] == ["for Apple", "plain"]
    sns.call("SetEndpointAttributes", EndpointArn=arn, Attributes={"Enabled": "false"})
    assert sns.fails("Publish", TargetArn=arn, Message="m") == ("EndpointDisabled", "Endpoint is disabled")
    sns.call("SetPlatformApplicationAttributes", PlatformApplicationArn=app, Attributes={"Enabled": "false"})
    assert sns.fails("Publish", TargetArn=arn, Message="m")[0] == "PlatformApplicationDisabled"
    assert sns.fails("Publish", TargetArn=f"{arn}x", Message="m") == (
        "InvalidParameter",
        "Invalid parameter: TargetArn Reason: No endpoint found for the target arn specified",
    )


def test_an_endpoint_is_subscribed(sns: Any) -> None:
    arn = endpoint(sns, application(sns))
    topic = sns.topic()
    sns.subscribe(topic, "application", arn)
    sns.publish(topic, "to all")
    [[kept]] = sns.call("PeekKept", Kind="push")["Messages"].values()
    assert (kept["Message"], kept["TopicArn"]) == ("to all", topic)
    sns.refusal = AwsError("NotFoundException", "Endpoint does not exist")
    for other in (f"{arn}x", arn.replace("eu-central-1", "us-east-1"), arn.replace("/a/", "/b/")):
        assert sns.fails("Subscribe", TopicArn=topic, Protocol="application", Endpoint=other) == (
            "InvalidParameter",
            f"Invalid parameter: Endpoint Reason: Endpoint does not exist for endpoint {other}",
        )
    dead = json.dumps({"deadLetterTargetArn": sns.queue_arn("dead")})
    [subscription] = sns.call("ListSubscriptions")["Subscriptions"]
    named = {"SubscriptionArn": subscription["SubscriptionArn"], "AttributeName": "RedrivePolicy"}
    sns.call("SetSubscriptionAttributes", **named, AttributeValue=dead)
    sns.call("SetEndpointAttributes", EndpointArn=arn, Attributes={"Enabled": "false"})
    sns.publish(topic, "to nobody")
    [params] = sns.delivered()
    assert params["QueueArn"] == sns.queue_arn("dead")
    assert json.loads(params["MessageBody"])["Message"] == "to nobody"
    assert len(next(iter(sns.call("PeekKept", Kind="push")["Messages"].values()))) == 1


ELSEWHERE = "arn:aws:sns:us-east-1:222222222222:endpoint/APNS/a/1"


def test_an_endpoint_of_another_tenant_is_subscribed(sns: Any) -> None:
    topic = sns.topic()
    arns = [sns.subscribe(topic, "application", ELSEWHERE) for _ in range(2)]
    assert sns.called == [("111111111111", "sns", "GetEndpointAttributes", {"EndpointArn": ELSEWHERE})] * 2
    assert arns[0] == arns[1]
    # What is wrong with the rest is said first.
    refused = sns.fails("Subscribe", TopicArn=f"{topic}x", Protocol="application", Endpoint=ELSEWHERE)
    assert (refused[0], len(sns.called)) == ("NotFound", 2)


def test_a_message_goes_to_an_endpoint_of_another_tenant(sns: Any) -> None:
    topic = sns.topic()
    arn = sns.subscribe(topic, "application", ELSEWHERE)
    dead = sns.queue_arn("dead")
    redrive = json.dumps({"deadLetterTargetArn": dead})
    with_dead_letters = sns.subscribe(topic, "application", f"{ELSEWHERE}2", RedrivePolicy=redrive)
    sns.publish(topic, json.dumps({"default": "for all", "APNS": "for Apple"}), MessageStructure="json")
    first, second = sns.effects()
    assert (first.service, first.operation, first.refused) == ("sns", "DeliverToEndpoint", None)
    assert (first.params["EndpointArn"], first.params["SubscriptionArn"]) == (ELSEWHERE, arn)
    assert second.refused.params["QueueArn"] == dead
    document = json.loads(second.refused.params["MessageBody"])
    assert document["Message"] == "for all"
    assert document["UnsubscribeURL"].endswith(with_dead_letters)
    # There, it is kept as messages of topics here are.
    own = endpoint(sns, application(sns))
    other = "arn:aws:sns:us-east-1:222222222222:t:1"
    params = {**first.params, "EndpointArn": own, "SubscriptionArn": other}
    sns.call("DeliverToEndpoint", **params)
    [[kept]] = sns.call("PeekKept", Kind="push")["Messages"].values()
    assert (kept["Message"], kept["TopicArn"]) == ("for Apple", "arn:aws:sns:us-east-1:222222222222:t")
    assert kept["SubscriptionArn"] == other
    sns.call("SetEndpointAttributes", EndpointArn=own, Attributes={"Enabled": "false"})
    assert sns.fails("DeliverToEndpoint", **params)[0] == "EndpointDisabled"


def test_an_arn_is_an_application_s_or_an_endpoint_s_only_as_a_whole(sns: Any) -> None:
    app = application(sns)
    arn = endpoint(sns, app)
    for other in (arn.replace("/a/", "/b/"), arn.replace("arn:aws:", "arn:aws-cn:")):
        assert sns.fails("GetEndpointAttributes", EndpointArn=other) == ("NotFound", "Endpoint does not exist")
        assert sns.fails("Publish", TargetArn=other, Message="m")[0] == "InvalidParameter"
        sns.call("DeleteEndpoint", EndpointArn=other)
    other = app.replace("arn:aws:", "arn:aws-cn:")
    assert sns.fails("GetPlatformApplicationAttributes", PlatformApplicationArn=other)[0] == "NotFound"
    sns.call("DeletePlatformApplication", PlatformApplicationArn=other)
    assert sns.call("GetEndpointAttributes", EndpointArn=arn)["Attributes"]["Token"] == "t"


def test_lists_come_in_pages(sns: Any) -> None:
    for number in range(101):
        application(sns, f"a{number}")
        endpoint(sns, f"{APP}0", f"t{number}")
    pages: list[tuple[str, str, dict[str, str]]] = [
        ("ListPlatformApplications", "PlatformApplications", {}),
        ("ListEndpointsByPlatformApplication", "Endpoints", {"PlatformApplicationArn": f"{APP}0"}),
    ]
    for operation, name, params in pages:
        first = sns.call(operation, **params)
        second = sns.call(operation, NextToken=first["NextToken"], **params)
        assert (len(first[name]), len(second[name]), second["NextToken"]) == (100, 1, None)
