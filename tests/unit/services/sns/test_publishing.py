"""Publish: refusals, envelopes, filters, dead letters, keys."""

from __future__ import annotations

import json
from typing import Any

import pytest
from atoll.core.errors import AwsError

ARN = "arn:aws:sns:eu-central-1:111111111111:"


def test_a_message_reaches_a_queue_in_an_envelope(sns: Any) -> None:
    topic = sns.topic()
    arn = sns.subscribe(topic)
    attributes = {
        "n": {"DataType": "Number", "StringValue": "99.12"},
        "b": {"DataType": "Binary", "BinaryValue": b"\x02\x03\x04"},
    }
    sent = sns.publish(topic, 'say "hello"', Subject="Words", MessageAttributes=attributes)
    [params] = sns.delivered()
    assert params["QueueArn"] == sns.queue_arn()
    assert params.keys() == {"QueueArn", "MessageBody"}
    text = params["MessageBody"]
    assert text.startswith('{\n  "Type" : "Notification",\n  "MessageId" : "')
    body = json.loads(text)
    assert body.pop("Signature")
    assert body == {
        "Type": "Notification",
        "MessageId": sent["MessageId"],
        "TopicArn": topic,
        "Subject": "Words",
        "Message": 'say "hello"',
        "Timestamp": "2023-11-14T22:13:20.000Z",
        "SignatureVersion": "1",
        "SigningCertURL": "http://localhost:4566/_aws/sns/SimpleNotificationService-64656661756c74.pem",
        "UnsubscribeURL": f"http://localhost:4566/?Action=Unsubscribe&SubscriptionArn={arn}",
        "MessageAttributes": {
            "n": {"Type": "Number", "Value": "99.12"},
            "b": {"Type": "Binary", "Value": "AgME"},
        },
    }


def test_raw_delivery(sns: Any) -> None:
    topic = sns.topic()
    sns.subscribe(topic, RawMessageDelivery="true")
    attributes = {"n": {"DataType": "Number", "StringValue": "1"}}
    sns.publish(topic, "hello", MessageAttributes=attributes, MessageGroupId="g")
    assert sns.delivered() == [
        {
            "QueueArn": sns.queue_arn(),
            "MessageBody": "hello",
            "MessageAttributes": attributes,
            "MessageGroupId": "g",
        }
    ]


def test_a_payload_is_stored_once_for_many(sns: Any) -> None:
    topic = sns.topic()
    arns = [sns.subscribe(topic, endpoint=sns.queue_arn(f"q{number}", "222222222222")) for number in range(20)]
    sns.publish(topic, "x" * 100_000)
    assert sns.tenant.rows("SELECT count(*), sum(length(body)) < 110000 FROM payload") == [(1, 1)]
    bodies = [json.loads(params["MessageBody"])["UnsubscribeURL"] for params in sns.delivered()]
    assert [body.rpartition("=")[2] for body in bodies] == arns


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"Message": ""}, "InvalidParameter", "Invalid parameter: Empty message"),
    ({"Subject": ""}, "InvalidParameter", "Invalid parameter: Subject"),
    ({"Subject": "x" * 101}, "InvalidParameter", "Invalid parameter: Subject"),
    ({"Subject": "a\nb"}, "InvalidParameter", "Invalid parameter: Subject"),
    ({"Message": "x" * 262_145}, "InvalidParameter", "Invalid parameter: Message too long"),
    (
        {"Message": "x" * 262_140, "MessageAttributes": {"a": {"DataType": "String", "StringValue": "b"}}},
        "InvalidParameter",
        "Invalid parameter: Message too long",
    ),
    ({"MessageStructure": "xml"}, "InvalidParameter", "Invalid parameter: MessageStructure"),
    (
        {"MessageStructure": "json"},
        "InvalidParameter",
        "Invalid parameter: Message Structure - JSON message body failed to parse",
    ),
    (
        {"MessageStructure": "json", "Message": '{"default": 1, "sqs": "x"}'},
        "InvalidParameter",
        "Invalid parameter: Message Structure - No default entry in JSON message body",
    ),
    (
        {"MessageDeduplicationId": "d", "MessageGroupId": "g"},
        "InvalidParameter",
        "Invalid parameter: MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that "
        "is not valid for this topic type",
    ),
    ({"MessageGroupId": "g g"}, "InvalidParameter", ""),
    ({"TopicArn": f"{ARN}none"}, "NotFound", "Topic does not exist"),
    (
        {"TopicArn": "x:y"},
        "InvalidParameter",
        "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 2",
    ),
]


@pytest.mark.parametrize(("changes", "code", "message"), REFUSED)
def test_refusals(sns: Any, changes: dict[str, Any], code: str, message: str) -> None:
    failed = sns.fails("Publish", **{"TopicArn": sns.topic(), "Message": "m", **changes})
    assert failed[0] == code
    assert failed[1] == message or not message


ATTRIBUTES: list[tuple[str, dict[str, Any], str]] = [
    (
        "a",
        {"DataType": "String", "StringValue": ""},
        "The message attribute 'a' must contain non-empty message attribute value for message attribute type 'String'.",
    ),
    (
        "a",
        {"DataType": "Text", "StringValue": "x"},
        "The message attribute 'a' has an invalid message attribute type, the set of supported type prefixes is "
        "Binary, Number, and String.",
    ),
    (
        "a",
        {"DataType": "Binary", "StringValue": "x"},
        "The message attribute 'a' with type 'Binary' must use field 'Binary'.",
    ),
    (
        "a",
        {"DataType": "String", "BinaryValue": b"x"},
        "The message attribute 'a' with type 'String' must use field 'String'.",
    ),
    (
        "a",
        {"DataType": "Number", "StringValue": "x"},
        "Could not cast message attribute 'a' value to number.",
    ),
    (".a", {}, "Invalid message attribute name starting with character '.' was found."),
    ("a.", {}, "Invalid message attribute name ending with character '.' was found."),
    ("a..b", {}, "Message attribute name can not have successive '.' character."),
    (
        "a!b",
        {},
        "Invalid non-alphanumeric character '#x21' was found in the message attribute name. Can only include "
        "alphanumeric characters, hyphens, underscores, or dots.",
    ),
    ("a" * 257, {}, "Length of message attribute name must be less than 256 bytes."),
]


@pytest.mark.parametrize(("name", "attribute", "message"), ATTRIBUTES)
def test_attributes_that_may_not_be(sns: Any, name: str, attribute: dict[str, Any], message: str) -> None:
    given = attribute or {"DataType": "String", "StringValue": "x"}
    failed = sns.fails("Publish", TopicArn=sns.topic(), Message="m", MessageAttributes={name: given})
    assert failed == ("InvalidParameterValue", message)


def test_a_structured_message_has_a_text_for_each_protocol(sns: Any) -> None:
    topic = sns.topic()
    sns.subscribe(topic)
    sns.subscribe(topic, "sms", "+491701234567")
    texts = json.dumps({"default": "for all", "sqs": "for queues", "http": 7})
    sns.publish(topic, texts, MessageStructure="json")
    [params] = sns.delivered()
    assert json.loads(params["MessageBody"])["Message"] == "for queues"
    [kept] = sns.call("PeekKept", Kind="sms")["Messages"]["+491701234567"]
    assert (kept["Message"], kept["TopicArn"], kept["MessageStructure"]) == ("for all", topic, "json")


def test_filters(sns: Any) -> None:
    topic = sns.topic()
    sns.subscribe(topic, endpoint=sns.queue_arn("attributes"), FilterPolicy='{"kind":["a"]}')
    body = {"FilterPolicy": '{"kind":{"of":["a"]}}', "FilterPolicyScope": "MessageBody"}
    sns.subscribe(topic, endpoint=sns.queue_arn("body"), **body)

    def reached(message: str, **attributes: str) -> list[str]:
        given = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
        sns.publish(topic, message, MessageAttributes=given)
        return [params["QueueArn"].rpartition(":")[2] for params in sns.delivered()]

    assert reached("m") == []
    assert reached("m", kind="b") == []
    assert reached("m", kind="a") == ["attributes"]
    assert reached('{"kind":{"of":"a"}}') == ["body"]
    assert reached('{"kind":{"of":"a"}}', kind="a") == ["attributes", "body"]


def test_by_target_arn(sns: Any) -> None:
    topic = sns.topic()
    sns.subscribe(topic)
    sns.call("Publish", TargetArn=topic, Message="m")
    assert len(sns.delivered()) == 1


@pytest.mark.parametrize(
    "targets",
    [
        {"TargetArn": f"{ARN}t"},
        {"PhoneNumber": "+491701234567"},
        {"TopicArn": None, "TargetArn": f"{ARN}endpoint/APNS/a/1", "PhoneNumber": "+491701234567"},
    ],
)
def test_one_target_at_a_time(sns: Any, targets: dict[str, Any]) -> None:
    assert sns.fails("Publish", **{"TopicArn": sns.topic(), "Message": "m", **targets}) == (
        "InvalidParameter",
        "Invalid parameter: TopicArn or TargetArn or PhoneNumber Reason: only one of them can be specified",
    )


def test_the_parameter_that_is_wrong_is_named(sns: Any) -> None:
    assert sns.fails("Publish", TargetArn="x", Message="m") == (
        "InvalidParameter",
        "Invalid parameter: TargetArn Reason: An ARN must have at least 6 elements, not 1",
    )


def test_nobody_to_publish_to(sns: Any) -> None:
    assert sns.fails("Publish", Message="m")[0] == "InvalidParameter"


# ---- deliveries in place, refusals


def test_a_queue_of_the_same_tenant_gets_it_in_the_same_transaction(sns: Any) -> None:
    topic = sns.topic()
    sns.subscribe(topic)
    got: list[Any] = []

    def in_place(tenant: Any, caller: Any, service: str, operation: str, params: Any) -> dict[str, Any]:
        arns = [entry["QueueArn"] for entry in params["Entries"]]
        got.append((caller.via, caller.user_id, service, operation, arns))
        return {"Refused": []}

    sns.tenant.in_place = in_place
    sns.publish(topic)
    assert got == [("sns.amazonaws.com", "AIDAIT2UOQQY3AUEKVGXU", "sqs", "DeliverEach", [sns.queue_arn()])]
    assert sns.effects() == []


@pytest.mark.parametrize("raw", ["true", "false"])
def test_what_a_queue_refuses_goes_to_the_dead_letter_queue(sns: Any, raw: str) -> None:
    topic = sns.topic()
    dead = sns.queue_arn("dead")
    sns.subscribe(topic, RawMessageDelivery=raw, RedrivePolicy=json.dumps({"deadLetterTargetArn": dead}))
    sns.subscribe(topic, endpoint=sns.queue_arn("no dead letters"))

    sns.tenant.in_place = lambda *_: {"Refused": [0, 1]}
    sns.publish(topic)
    [params] = sns.delivered()
    assert params["QueueArn"] == dead
    assert "hello" in params["MessageBody"]


def test_an_effect_that_is_refused_has_its_dead_letter_queue_with_it(sns: Any) -> None:
    topic = sns.topic()
    dead = sns.queue_arn("dead")
    arn = sns.subscribe(topic, RedrivePolicy=json.dumps({"deadLetterTargetArn": dead}))
    sns.publish(topic)
    [effect] = sns.effects()
    assert effect.refused.params == {"QueueArn": dead, "BodyMiddle": arn}
    assert effect.gives_up == sns.clock.now() + 23 * 86_400


# ---- what goes nowhere


def test_lambda_is_called_with_an_event(sns: Any) -> None:
    topic = sns.topic()
    function = "arn:aws:lambda:eu-central-1:111111111111:function:f"
    dead = json.dumps({"deadLetterTargetArn": sns.queue_arn("dead")})
    arn = sns.subscribe(topic, "lambda", function, RedrivePolicy=dead)
    sns.publish(topic)
    [effect] = sns.effects()
    assert (effect.service, effect.params["FunctionName"]) == ("lambda", function)
    [record] = json.loads(effect.params["Payload"])["Records"]
    assert record["EventSubscriptionArn"] == arn
    assert record["Sns"]["Message"] == "hello"
    assert record["Sns"]["Subject"] is None
    assert record["Sns"]["UnsubscribeUrl"].endswith(arn)
    assert effect.refused.params["QueueArn"] == sns.queue_arn("dead")


def test_a_phone_number(sns: Any) -> None:
    sns.call("Publish", PhoneNumber="+49/170-123.4567", Message="hello")
    [kept] = sns.call("PeekKept", Kind="sms", Target="+491701234567")["Messages"]["+491701234567"]
    assert (kept["Message"], kept["TopicArn"], kept["SubscriptionArn"]) == ("hello", None, None)
    assert sns.fails("Publish", PhoneNumber="x", Message="hello") == (
        "InvalidParameter",
        "Invalid parameter: PhoneNumber Reason: x is not valid to publish to",
    )
    assert sns.fails("Publish", PhoneNumber="+491701234567", Message="x" * 1601)[0] == "InvalidParameter"
    sns.call("OptOutPhoneNumber", PhoneNumber="+491701234567")
    sns.call("DropKept", Kind="sms")
    sns.call("Publish", PhoneNumber="+491701234567", Message="hello")
    assert sns.call("PeekKept", Kind="sms") == {"Messages": {}}


def test_no_more_is_kept_than_is_shown(sns: Any) -> None:
    for number in range(1100):
        sns.call("Publish", PhoneNumber="+491701234567", Message=str(number))
    [kept] = sns.call("PeekKept", Kind="sms")["Messages"].values()
    assert [each["Message"] for each in kept] == [str(number) for number in range(100, 1100)]
    assert sns.tenant.rows("SELECT count(*) <= 1064 FROM kept_message") == [(1,)]


def test_firehose_records_are_kept(sns: Any) -> None:
    stream = "arn:aws:firehose:eu-central-1:111111111111:deliverystream/d"
    topic = sns.topic()
    sns.subscribe(topic, "firehose", stream, SubscriptionRoleArn="arn:aws:iam::111111111111:role/r")
    sns.publish(topic)
    [kept] = sns.call("PeekKept", Kind="firehose")["Messages"][stream]
    assert json.loads(kept["Message"])["Message"] == "hello"


# ---- topics with a KMS key


@pytest.mark.parametrize(
    ("key", "arn"),
    [
        ("alias/aws/sns", "arn:aws:kms:eu-central-1:111111111111:alias/aws/sns"),
        ("1234", "arn:aws:kms:eu-central-1:111111111111:key/1234"),
        ("arn:aws:kms:us-east-1:222222222222:key/1", "arn:aws:kms:us-east-1:222222222222:key/1"),
    ],
)
def test_kms_is_asked_as_the_publisher(sns: Any, key: str, arn: str) -> None:
    topic = sns.topic(KmsMasterKeyId=key)
    sns.subscribe(topic)
    caller = sns.of("222222222222")
    sns.call("Publish", caller, TopicArn=topic, Message="m")
    sns.call("PublishBatch", caller, TopicArn=topic, PublishBatchRequestEntries=[{"Id": "a", "Message": "m"}])
    context = {"aws:sns:topicArn": topic}
    params = {"KeyId": arn, "KeySpec": "AES_256", "EncryptionContext": context}
    assert sns.called == [("222222222222", "kms", "GenerateDataKey", params)] * 2
    assert len(sns.delivered()) == 2


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("NotFoundException", "KMSNotFound"),
        ("DisabledException", "KMSDisabled"),
        ("KMSInvalidStateException", "KMSInvalidState"),
        ("AccessDenied", "KMSAccessDenied"),
        ("InternalFailure", "InternalFailure"),
    ],
)
def test_what_kms_refuses_is_not_published(sns: Any, code: str, told: str) -> None:
    topic = sns.topic(KmsMasterKeyId="1234")
    sns.subscribe(topic)
    sns.refusal = AwsError(code, "Its words")
    assert sns.fails("Publish", TopicArn=topic, Message="m") == (told, "Its words")
    assert sns.delivered() == []


@pytest.mark.parametrize(
    ("message", "attributes"),
    [
        ("hello", [f"a{number}" for number in range(11)]),
        ("hello", ["AWS.x"]),
        ("\ufffe hello", []),
        ('{"default": "hello", "sqs": ""}', None),
    ],
)
@pytest.mark.parametrize("queue", [None, "arn:aws:sqs:us-east-1:222222222222:theirs"])
def test_what_no_queue_takes_raw_goes_to_the_dead_letter_queue_as_a_document(
    sns: Any, queue: str | None, message: str, attributes: list[str] | None
) -> None:
    topic = sns.topic()
    dead = sns.queue_arn("dead")
    redrive = json.dumps({"deadLetterTargetArn": dead})
    sns.subscribe(topic, endpoint=queue or sns.queue_arn(), RawMessageDelivery="true", RedrivePolicy=redrive)
    sns.subscribe(topic, endpoint=sns.queue_arn("no dead letters"), RawMessageDelivery="true")
    if attributes is None:
        sns.publish(topic, message, MessageStructure="json")
    else:
        given = {name: {"DataType": "String", "StringValue": "v"} for name in attributes}
        sns.publish(topic, message, MessageAttributes=given)
    [params] = sns.delivered()
    document = json.loads(params["MessageBody"])
    assert (params["QueueArn"], document["TopicArn"]) == (dead, topic)
    if attributes is not None:
        assert (document["Message"], [*document.get("MessageAttributes", {})]) == (message, attributes)
