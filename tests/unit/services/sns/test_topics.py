"""Topics: names, tags, permissions, paging."""

from __future__ import annotations

import json
from typing import Any

import pytest

ARN = "arn:aws:sns:eu-central-1:111111111111:"


def test_a_topic_shows_its_attributes(sns: Any) -> None:
    shown = sns.attributes(sns.topic("orders", DisplayName="Orders"))
    policy = json.loads(shown.pop("Policy"))
    delivery = json.loads(shown.pop("EffectiveDeliveryPolicy"))
    assert shown == {
        "DisplayName": "Orders",
        "Owner": "111111111111",
        "SubscriptionsConfirmed": "0",
        "SubscriptionsDeleted": "0",
        "SubscriptionsPending": "0",
        "TopicArn": f"{ARN}orders",
    }
    [statement] = policy["Statement"]
    assert statement["Resource"] == f"{ARN}orders"
    assert statement["Condition"] == {"StringEquals": {"AWS:SourceOwner": "111111111111"}}
    assert delivery["http"]["defaultHealthyRetryPolicy"]["numRetries"] == 3
    assert delivery["http"]["defaultRequestPolicy"] == {"headerContentType": "text/plain; charset=UTF-8"}


def test_a_fifo_topic(sns: Any) -> None:
    shown = sns.attributes(sns.topic("t.fifo", SignatureVersion="2"))
    assert shown["FifoTopic"] == "true"
    assert shown["ContentBasedDeduplication"] == "false"
    assert shown["SignatureVersion"] == "2"


@pytest.mark.parametrize("name", ["", "a b", "x" * 257, "t.fifo", "a:b", "ä"])
def test_names(sns: Any, name: str) -> None:
    assert sns.fails("CreateTopic", Name=name) == ("InvalidParameter", "Invalid parameter: Topic Name")


def test_a_fifo_topic_has_to_be_called_so(sns: Any) -> None:
    assert sns.fails("CreateTopic", Name="t", Attributes={"FifoTopic": "true"})[0] == "InvalidParameter"
    assert sns.topic("x" * 256) == f"{ARN}{'x' * 256}"


def test_creating_again(sns: Any) -> None:
    tags = [{"Key": "a", "Value": "1"}]
    arn = sns.call("CreateTopic", Name="t", Attributes={"DisplayName": "x"}, Tags=tags)["TopicArn"]
    assert sns.call("CreateTopic", Name="t")["TopicArn"] == arn
    assert sns.call("CreateTopic", Name="t", Attributes={"DisplayName": "x"}, Tags=tags)["TopicArn"] == arn
    assert sns.fails("CreateTopic", Name="t", Attributes={"DisplayName": "y"}) == (
        "InvalidParameter",
        "Invalid parameter: Attributes Reason: Topic already exists with different attributes",
    )
    assert sns.fails("CreateTopic", Name="t", Tags=[{"Key": "b", "Value": "1"}]) == (
        "InvalidParameter",
        "Invalid parameter: Tags Reason: Topic already exists with different tags",
    )


SPELLED_OUT = [
    {"SignatureVersion": "1", "TracingConfig": "PassThrough", "MaximumMessageSize": "262144", "FifoTopic": "false"},
    {"DisplayName": "", "KmsMasterKeyId": "", "DeliveryPolicy": ""},
]


@pytest.mark.parametrize("attributes", SPELLED_OUT)
def test_creating_again_with_what_is_the_default(sns: Any, attributes: dict[str, str]) -> None:
    arn = sns.topic()
    policy = json.dumps(json.loads(sns.attributes(arn)["Policy"]), indent=2)
    assert sns.topic(**attributes, Policy=policy) == arn
    for name, other in (("SignatureVersion", "2"), ("TracingConfig", "Active"), ("MaximumMessageSize", "1024")):
        refused = sns.fails("CreateTopic", Name="t", Attributes={**attributes, name: other})
        assert refused[1].endswith("Attributes Reason: Topic already exists with different attributes")
    # What was set is not the default, whether that is spelled out or empty.
    sns.call("SetTopicAttributes", TopicArn=arn, AttributeName="DisplayName", AttributeValue="d")
    assert sns.topic() == arn
    assert sns.fails("CreateTopic", Name="t", Attributes={"DisplayName": ""})[0] == "InvalidParameter"


def test_creating_a_fifo_topic_again(sns: Any) -> None:
    arn = sns.topic("t.fifo")
    assert sns.topic("t.fifo", ContentBasedDeduplication="False", FifoThroughputScope="Topic") == arn
    for other in ({"ContentBasedDeduplication": "true"}, {"FifoThroughputScope": "MessageGroup"}):
        refused = sns.fails("CreateTopic", Name="t.fifo", Attributes={"FifoTopic": "true", **other})
        assert refused[1].endswith("Topic already exists with different attributes")


def test_creating_again_with_some_of_the_tags(sns: Any) -> None:
    tags = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
    arn = sns.call("CreateTopic", Name="t", Tags=tags)["TopicArn"]
    for some in (tags[1:], []):
        assert sns.call("CreateTopic", Name="t", Tags=some)["TopicArn"] == arn
    assert sns.call("ListTagsForResource", ResourceArn=arn)["Tags"] == tags
    for other in ([{"Key": "a", "Value": "2"}], [*tags, {"Key": "c", "Value": ""}]):
        refused = sns.fails("CreateTopic", Name="t", Tags=other)
        assert refused[1].endswith("Tags Reason: Topic already exists with different tags")


def test_topics_that_are_not_there(sns: Any) -> None:
    assert sns.fails("GetTopicAttributes", TopicArn=f"{ARN}t") == ("NotFound", "Topic does not exist")
    assert sns.fails("GetTopicAttributes", TopicArn="t") == (
        "InvalidParameter",
        "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1",
    )
    assert sns.fails("GetTopicAttributes", TopicArn=f"{ARN}t:u")[0] == "InvalidParameter"
    assert sns.call("DeleteTopic", TopicArn=f"{ARN}t") == {}


def test_deleting(sns: Any) -> None:
    arn = sns.topic()
    sns.subscribe(arn)
    sns.call("DeleteTopic", TopicArn=arn)
    assert sns.call("ListTopics") == {"Topics": [], "NextToken": None}
    assert sns.call("ListSubscriptions")["Subscriptions"] == []
    assert sns.tenant.rows("SELECT count(*) FROM catalogue WHERE NOT gone") == [(0,)]
    assert sns.attributes(sns.topic())["SubscriptionsDeleted"] == "0"


def test_large_messages_have_their_conditions(sns: Any) -> None:
    arn = sns.topic()
    sns.subscribe(arn, "email", "a@example.com")
    large = {"TopicArn": arn, "AttributeName": "MaximumMessageSize", "AttributeValue": "1048576"}
    assert sns.fails("SetTopicAttributes", **large)[0] == "InvalidParameter"
    other = sns.topic("u", MaximumMessageSize="1048576")
    sns.subscribe(other)
    refused = sns.fails("Subscribe", TopicArn=other, Protocol="email", Endpoint="a@example.com")
    assert refused[0] == "InvalidParameter"
    assert "MessageId" in sns.publish(other, "x" * 1_048_576)
    assert sns.fails("Publish", TopicArn=other, Message="x" * 1_048_577) == (
        "InvalidParameter",
        "Invalid parameter: Message too long",
    )


def test_there_may_be_a_thousand_fifo_topics(sns: Any) -> None:
    rows = [(f"t{number}.fifo",) for number in range(1000)]
    sns.tenant.executemany("INSERT INTO topic (name, created, attributes, tags) VALUES (?, 0, '{}', '{}')", rows)
    assert sns.fails("CreateTopic", Name="t.fifo", Attributes={"FifoTopic": "true"})[0] == "TopicLimitExceeded"
    sns.topic("t0.fifo")
    sns.topic("t")


def test_lists_come_in_pages(sns: Any) -> None:
    for number in range(101):
        sns.topic(f"t{number:03}")
    first = sns.call("ListTopics")
    assert len(first["Topics"]) == 100
    second = sns.call("ListTopics", NextToken=first["NextToken"])
    assert second == {"Topics": [{"TopicArn": f"{ARN}t100"}], "NextToken": None}
    assert sns.fails("ListTopics", NextToken="!")[0] == "InvalidParameter"


# ---- tags


def test_tags(sns: Any) -> None:
    arn = sns.topic()
    tags = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}]
    sns.call("TagResource", ResourceArn=arn, Tags=tags)
    sns.call("TagResource", ResourceArn=arn, Tags=[{"Key": "a", "Value": "2"}])
    assert sns.call("ListTagsForResource", ResourceArn=arn)["Tags"] == [
        {"Key": "a", "Value": "2"},
        {"Key": "b", "Value": ""},
    ]
    sns.call("UntagResource", ResourceArn=arn, TagKeys=["a", "z"])
    assert sns.call("ListTagsForResource", ResourceArn=arn)["Tags"] == [{"Key": "b", "Value": ""}]
    [(kept,)] = sns.tenant.rows("SELECT tags FROM catalogue WHERE kind = 'topic'")
    assert kept == '{"b":""}'


def test_tags_that_may_not_be(sns: Any) -> None:
    arn = sns.topic()
    twice = [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]
    assert sns.fails("TagResource", ResourceArn=arn, Tags=twice) == (
        "InvalidParameter",
        "Invalid parameter: Duplicated keys are not allowed.",
    )
    many = [{"Key": str(number), "Value": ""} for number in range(51)]
    assert sns.fails("TagResource", ResourceArn=arn, Tags=many) == (
        "TagLimitExceeded",
        "Could not complete request: tag quota of per resource exceeded",
    )
    for key in ("aws:x", "a!"):
        assert sns.fails("TagResource", ResourceArn=arn, Tags=[{"Key": key, "Value": ""}])[0] == "InvalidParameter"
    for operation, params in (
        ("TagResource", {"Tags": []}),
        ("ListTagsForResource", {}),
        ("UntagResource", {"TagKeys": []}),
    ):
        assert sns.fails(operation, ResourceArn=f"{arn}x", **params) == ("ResourceNotFound", "Resource does not exist")


# ---- permissions, data protection


def test_permissions(sns: Any) -> None:
    arn = sns.topic()
    given = {"TopicArn": arn, "Label": "L", "AWSAccountId": ["222222222222"], "ActionName": ["Publish", "Subscribe"]}
    sns.call("AddPermission", **given)
    statement = json.loads(sns.attributes(arn)["Policy"])["Statement"][1]
    assert statement == {
        "Sid": "L",
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::222222222222:root"},
        "Action": ["SNS:Publish", "SNS:Subscribe"],
        "Resource": arn,
    }
    assert sns.fails("AddPermission", **given) == (
        "InvalidParameter",
        "Invalid parameter: Statement already exists",
    )
    assert sns.fails("AddPermission", **{**given, "Label": "M", "ActionName": ["Nonsense"]}) == (
        "InvalidParameter",
        "Invalid parameter: Policy statement action out of service scope!",
    )
    assert sns.fails("AddPermission", **{**given, "Label": "M", "AWSAccountId": ["x"]}) == (
        "InvalidParameter",
        "Invalid parameter: A provided account ID is not valid",
    )
    for wrong in ({"Label": ""}, {"AWSAccountId": []}, {"ActionName": []}):
        assert sns.fails("AddPermission", **{**given, "Label": "M", **wrong})[0] == "InvalidParameter"
    sns.call("RemovePermission", TopicArn=arn, Label="L")
    assert len(json.loads(sns.attributes(arn)["Policy"])["Statement"]) == 1
    assert sns.call("RemovePermission", TopicArn=arn, Label="none") == {}
    other = sns.topic("other")
    sns.call("RemovePermission", TopicArn=other, Label="__default_statement_ID")
    assert json.loads(sns.attributes(other)["Policy"])["Statement"] == []


PROTECTION = {
    "Name": "p",
    "Version": "2021-06-01",
    "Statement": [
        {
            "DataDirection": "Inbound",
            "Principal": ["*"],
            "DataIdentifier": ["arn:aws:dataprotection::aws:data-identifier/Name"],
            "Operation": {"Deny": {}},
        }
    ],
}


def test_data_protection_policies(sns: Any) -> None:
    arn = sns.topic()
    assert sns.call("GetDataProtectionPolicy", ResourceArn=arn) == {"DataProtectionPolicy": None}
    text = json.dumps(PROTECTION)
    sns.call("PutDataProtectionPolicy", ResourceArn=arn, DataProtectionPolicy=text)
    assert sns.call("GetDataProtectionPolicy", ResourceArn=arn) == {"DataProtectionPolicy": text}
    direction = json.dumps({**PROTECTION, "Statement": [{"DataDirection": "Sideways"}]})
    assert sns.fails("CreateTopic", Name="v", DataProtectionPolicy=direction) == (
        "InvalidParameter",
        "Invalid parameter: DataProtectionPolicy Reason: Statement DataDirection must be either Inbound or Outbound",
    )
    for wrong in ("{", "{}", json.dumps({**PROTECTION, "Statement": [{"DataDirection": "Inbound"}]})):
        failed = sns.fails("PutDataProtectionPolicy", ResourceArn=arn, DataProtectionPolicy=wrong)
        assert failed[0] == "InvalidParameter"
    created = sns.call("CreateTopic", Name="u", DataProtectionPolicy=text)["TopicArn"]
    assert sns.call("GetDataProtectionPolicy", ResourceArn=created)["DataProtectionPolicy"] == text
    sns.call("PutDataProtectionPolicy", ResourceArn=arn, DataProtectionPolicy="")
    assert sns.call("GetDataProtectionPolicy", ResourceArn=arn) == {"DataProtectionPolicy": None}


@pytest.mark.parametrize(
    "other",
    [
        "arn:aws-cn:sns:eu-central-1:111111111111:orders",
        "arn:aws:sns:eu-central-1::orders",
        "arn:aws:sns::111111111111:orders",
    ],
)
def test_an_arn_is_the_topic_s_only_as_a_whole(sns: Any, other: str) -> None:
    arn = sns.topic("orders")
    assert sns.fails("GetTopicAttributes", TopicArn=other) == ("NotFound", "Topic does not exist")
    assert sns.fails("Publish", TopicArn=other, Message="m") == ("NotFound", "Topic does not exist")
    assert sns.fails("ListTagsForResource", ResourceArn=other) == ("ResourceNotFound", "Resource does not exist")
    sns.call("DeleteTopic", TopicArn=other)
    assert sns.attributes(arn)["TopicArn"] == arn


def test_tags_are_a_topic_s(sns: Any) -> None:
    arn = sns.topic("orders")
    queue = arn.replace(":sns:", ":sqs:")
    assert sns.fails("ListTagsForResource", ResourceArn=queue) == ("ResourceNotFound", "Resource does not exist")
