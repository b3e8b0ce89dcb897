"""Characters that queues or answers in XML could not carry: escaped, or refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

ODD = "\x01\x0b\x1f\x7f\x9f\u2028\ufffe\uffff\U0001ffff \U0001f600"
NOT_IN_XML = ["\x00", "\x01", "\x0b", "\x1f", "\ufffe", "\uffff"]


def test_any_message_reaches_a_queue(sns: Any) -> None:
    topic = sns.topic()
    sns.subscribe(topic)
    attributes = {"a": {"DataType": "String", "StringValue": "tab\t and \U0001f600"}}
    sns.publish(topic, ODD, Subject="\uffff", MessageAttributes=attributes)
    [params] = sns.delivered()
    text = params["MessageBody"]
    assert not {character for character in text if character < " " and character != "\n"}
    assert not {"\ufffe", "\uffff"} & set(text)
    body = json.loads(text)
    assert (body["Message"], body["Subject"]) == (ODD, "\uffff")
    assert body["MessageAttributes"]["a"]["Value"] == "tab\t and \U0001f600"


@pytest.mark.parametrize("subject", ["a\nb", "a\rb", "\x00", "\x7f", "\x85", "\u2028", "\u2029"])
def test_a_subject_is_one_line(sns: Any, subject: str) -> None:
    refused = sns.fails("Publish", TopicArn=sns.topic(), Message="m", Subject=subject)
    assert refused == ("InvalidParameter", "Invalid parameter: Subject")


@pytest.mark.parametrize("character", NOT_IN_XML)
def test_attributes_of_messages_have_characters_that_a_queue_takes(sns: Any, character: str) -> None:
    attribute = {"DataType": "String", "StringValue": f"a{character}"}
    assert sns.fails("Publish", TopicArn=sns.topic(), Message="m", MessageAttributes={"n": attribute}) == (
        "InvalidParameterValue",
        f"Invalid binary character '#x{ord(character):X}' was found in the message attribute 'n', the set of allowed "
        "characters is #x9 | #xA | #xD | [#x20-#xD7FF] | [#xE000-#xFFFD] | [#x10000-#x10FFFF].",
    )


@pytest.mark.parametrize("character", NOT_IN_XML)
def test_what_is_shown_has_characters_that_can_be(sns: Any, character: str) -> None:
    topic = sns.topic()
    queue = {"TopicArn": topic, "Protocol": "sqs"}
    app = {"Name": "a", "Platform": "GCM", "Attributes": {"PlatformCredential": "c"}}
    application = sns.call("CreatePlatformApplication", **app)["PlatformApplicationArn"]
    odd = f"a{character}"
    calls: list[tuple[str, dict[str, Any]]] = [
        ("CreateTopic", {"Name": "u", "Attributes": {"DisplayName": odd}}),
        ("CreateTopic", {"Name": "u", "Tags": [{"Key": "k", "Value": odd}]}),
        ("SetTopicAttributes", {"TopicArn": topic, "AttributeName": "KmsMasterKeyId", "AttributeValue": odd}),
        ("AddPermission", {"TopicArn": topic, "Label": odd, "AWSAccountId": ["1" * 12], "ActionName": ["Publish"]}),
        ("Subscribe", {**queue, "Endpoint": f"{sns.queue_arn()}{character}"}),
        ("Subscribe", {**queue, "Endpoint": sns.queue_arn(), "Attributes": {"SubscriptionRoleArn": odd}}),
        ("CreatePlatformEndpoint", {"PlatformApplicationArn": application, "Token": odd}),
        ("CreatePlatformEndpoint", {"PlatformApplicationArn": application, "Token": "t", "CustomUserData": odd}),
        ("SetPlatformApplicationAttributes", {"PlatformApplicationArn": application, "Attributes": {"Enabled": odd}}),
        ("SetSMSAttributes", {"attributes": {"UsageReportS3Bucket": odd}}),
        ("PutDataProtectionPolicy", {"ResourceArn": topic, "DataProtectionPolicy": f'{{"Name":"{odd}"}}'}),
    ]
    for operation, params in calls:
        assert sns.fails(operation, **params)[0] == "InvalidParameter", operation


def test_what_is_dropped_is_logged(sns: Any, caplog: pytest.LogCaptureFixture) -> None:
    topic = sns.topic()
    arn = sns.subscribe(topic, RawMessageDelivery="true")
    sns.tenant.in_place = lambda *_: {"Refused": [0]}
    sns.publish(topic, "\x01")
    assert f"{arn}: a message was refused and is dropped" in caplog.text
