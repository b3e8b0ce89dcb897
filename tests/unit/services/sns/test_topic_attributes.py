"""Attributes of topics: what they may be set to, and what is shown."""

from __future__ import annotations

import json
from typing import Any

import pytest

GOOD = [
    ("DisplayName", "x"),
    ("TracingConfig", "Active"),
    ("SignatureVersion", "2"),
    ("KmsMasterKeyId", "alias/aws/sns"),
    ("MaximumMessageSize", "1048576"),
    ("SQSFailureFeedbackRoleArn", "arn:aws:iam::111111111111:role/r"),
    ("DeliveryPolicy", '{"http":{"defaultHealthyRetryPolicy":{"numRetries":1},"disableSubscriptionOverrides":false}}'),
]


@pytest.mark.parametrize(("name", "value"), GOOD)
def test_attributes_may_be_set_and_unset(sns: Any, name: str, value: str) -> None:
    arn = sns.topic()
    sns.call("SetTopicAttributes", TopicArn=arn, AttributeName=name, AttributeValue=value)
    assert sns.attributes(arn)[name] == value
    sns.call("SetTopicAttributes", TopicArn=arn, AttributeName=name)
    assert not sns.attributes(arn).get(name)


BAD = [
    ("FifoTopic", "true", "AttributeName"),
    ("Nonsense", "x", "AttributeName"),
    ("DisplayName", "x" * 101, "DisplayName"),
    ("SignatureVersion", "3", "SignatureVersion: Invalid value [3]. Must be 1 or 2."),
    ("TracingConfig", "x", "TracingConfig: Invalid value [x]. Must be PassThrough or Active."),
    ("ContentBasedDeduplication", "true", "Content-based deduplication can only be set for FIFO topics"),
    ("MaximumMessageSize", "5", "MaximumMessageSize: Invalid value [5]. Must be from 1024 to 1048576."),
    (
        "SQSSuccessFeedbackSampleRate",
        "101",
        "SQSSuccessFeedbackSampleRate: 101 value provided is not an integer between 0-100",
    ),
    (
        "HTTPSuccessFeedbackSampleRate",
        "",
        "HTTPSuccessFeedbackSampleRate:  value provided is not an integer between 0-100",
    ),
    ("Policy", "no policy", "Policy Error: null"),
    ("Policy", "", "Policy Error: null"),
    ("ArchivePolicy", "{}", "ArchivePolicy: can only be set for FIFO topics"),
]


@pytest.mark.parametrize(("name", "value", "message"), BAD)
def test_attributes_that_may_not_be(sns: Any, name: str, value: str, message: str) -> None:
    arn = sns.topic()
    fails = sns.fails("SetTopicAttributes", TopicArn=arn, AttributeName=name, AttributeValue=value)
    assert fails == ("InvalidParameter", f"Invalid parameter: {message}")


def test_a_share_of_deliveries_to_tell_of(sns: Any) -> None:
    arn = sns.topic()
    name = "HTTPSuccessFeedbackSampleRate"
    for value in ("0", "100"):
        sns.call("SetTopicAttributes", TopicArn=arn, AttributeName=name, AttributeValue=value)
        assert sns.attributes(arn)[name] == value


def test_attributes_that_do_not_exist_cannot_be_created(sns: Any) -> None:
    assert sns.fails("CreateTopic", Name="t", Attributes={"Nonsense": "x"}) == (
        "InvalidParameter",
        "Invalid parameter: Attributes Reason: Unknown attribute Nonsense",
    )


def test_the_effective_delivery_policy_follows(sns: Any) -> None:
    arn = sns.topic()
    policy = {"http": {"defaultHealthyRetryPolicy": {"minDelayTarget": 5, "maxDelayTarget": 6, "numRetries": 1}}}
    sns.call("SetTopicAttributes", TopicArn=arn, AttributeName="DeliveryPolicy", AttributeValue=json.dumps(policy))
    effective = json.loads(sns.attributes(arn)["EffectiveDeliveryPolicy"])["http"]
    assert effective["defaultHealthyRetryPolicy"] == {
        "minDelayTarget": 5,
        "maxDelayTarget": 6,
        "numRetries": 1,
        "numMaxDelayRetries": 0,
        "numNoDelayRetries": 0,
        "numMinDelayRetries": 0,
        "backoffFunction": "linear",
    }


def test_what_aws_says_of_delivery_policies_and_policies(sns: Any) -> None:
    delivery = json.dumps({"http": {"defaultHealthyRetryPolicy": {"numRetries": 101}}})
    arn = sns.topic()
    given = {"TopicArn": arn, "AttributeName": "DeliveryPolicy", "AttributeValue": delivery}
    assert sns.fails("SetTopicAttributes", **given) == (
        "InvalidParameter",
        "Invalid parameter: DeliveryPolicy: "
        "http.defaultHealthyRetryPolicy.numRetries must be less than or equal to 100",
    )
    policy = json.dumps({"Statement": statement(Action="sqs:SendMessage")})
    assert sns.fails("CreateTopic", Name="u", Attributes={"Policy": policy}) == (
        "InvalidParameter",
        "Invalid parameter: Attributes Reason: Policy statement action out of service scope!",
    )


def test_a_delivery_policy_is_shown_without_what_is_null(sns: Any) -> None:
    arn = sns.topic(DeliveryPolicy='{"http": {"defaultRequestPolicy": {"headerContentType": "application/json"}}}')
    request = {"defaultRequestPolicy": {"headerContentType": "application/json"}}
    assert json.loads(sns.attributes(arn)["DeliveryPolicy"]) == {
        "http": {"disableSubscriptionOverrides": False, **request}
    }
    given = {"TopicArn": arn, "AttributeName": "DeliveryPolicy"}
    sns.call("SetTopicAttributes", **given, AttributeValue='{"http": {"defaultHealthyRetryPolicy": null}}')
    assert sns.attributes(arn)["DeliveryPolicy"] == '{"http":{"disableSubscriptionOverrides":false}}'


def statement(**changes: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": "*", "Action": "sns:Publish", "Resource": "*", **changes}


@pytest.mark.parametrize(
    ("policy", "fine"),
    [
        ({"Version": "2012-10-17", "Statement": statement()}, True),
        ({"Statement": [statement(Action=["SNS:Publish", "SNS:Get*"])]}, True),
        ({"Statement": []}, False),
        ({"Version": "2013", "Statement": statement()}, False),
        ({"Statement": statement(Effect="Perhaps")}, False),
        ({"Statement": statement(Action="sqs:SendMessage")}, False),
        ({"Statement": statement(Action=["sns:Publish", "sns:CreateTopic"])}, False),
        ({"Statement": statement(Action="sns:Nonsense*")}, False),
        ({"Statement": statement(Action=["SNS:*", "*", "sns:ListTagsFor?esource"])}, True),
        ({"Statement": statement(NotPrincipal="*")}, False),
        ({"Statement": statement(Resource=7)}, False),
        ({"Statement": statement(), "More": 1}, False),
        (["x"], False),
        ({"Statement": statement(Resource="arn:aws:sns:eu-central-1:111111111111:t")}, True),
        ({"Statement": statement(Resource=["arn:aws:sns:*:t"])}, True),
        ({"Statement": statement(Resource="arn:aws:sns:eu-central-1:111111111111:u")}, False),
        ({"Statement": statement(Resource="arn:aws:sns:eu-central-1:111111111111:[t]")}, False),
        ({"Statement": statement(Resource=["*", "arn:aws:sns:eu-central-1:111111111111:t"])}, False),
        ({"Statement": statement(Resource=[])}, False),
        ({"Statement": {"Effect": "Deny", "Principal": "*", "Action": "sns:Publish", "NotResource": "x"}}, False),
        ({"Statement": [statement(Sid=str(number)) for number in range(100)]}, True),
        ({"Statement": [statement(Sid=str(number)) for number in range(101)]}, False),
        ({"Statement": [statement(Sid="a"), statement(Sid="a")]}, False),
        ({"Statement": [statement(), statement()]}, True),
        ({"Statement": [statement(Sid=""), statement(Sid="")]}, True),
        ({"Statement": statement(Sid=["a"])}, False),
        ({"Statement": statement(Principal={"AWS": ["1" * 12] * 199, "Service": "s3.amazonaws.com"})}, True),
        ({"Statement": statement(Principal={"AWS": ["1" * 12] * 200, "Service": "s3.amazonaws.com"})}, False),
        ({"Statement": statement(Principal={"AWS": []})}, False),
        ({"Statement": statement(Principal={})}, False),
    ],
)
def test_policies(sns: Any, policy: Any, fine: bool) -> None:
    arn = sns.topic()
    given = {"TopicArn": arn, "AttributeName": "Policy", "AttributeValue": json.dumps(policy)}
    if fine:
        sns.call("SetTopicAttributes", **given)
        assert sns.attributes(arn)["Policy"] == json.dumps(policy)
    else:
        assert sns.fails("SetTopicAttributes", **given)[0] == "InvalidParameter"
