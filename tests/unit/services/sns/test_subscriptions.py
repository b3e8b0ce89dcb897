"""Subscriptions: endpoints, confirmation, ending, lists, copies for their owners."""

from __future__ import annotations

import json
from typing import Any

import pytest

OTHER = "222222222222"


def token_of(sns: Any, arn: str) -> str:
    token = sns.call("PeekSubscriptionToken", SubscriptionArn=arn)["Token"]
    assert isinstance(token, str)
    return token


def test_a_queue_is_subscribed_at_once(sns: Any) -> None:
    topic = sns.topic()
    arn = sns.subscribe(topic)
    assert sns.attributes(arn) == {
        "ConfirmationWasAuthenticated": "true",
        "Endpoint": sns.queue_arn(),
        "Owner": "111111111111",
        "PendingConfirmation": "false",
        "Protocol": "sqs",
        "RawMessageDelivery": "false",
        "SubscriptionArn": arn,
        "SubscriptionPrincipal": "arn:aws:iam::111111111111:root",
        "TopicArn": topic,
    }
    listed = [{"SubscriptionArn": arn, "Owner": "111111111111", "Protocol": "sqs"}]
    listed[0] |= {"Endpoint": sns.queue_arn(), "TopicArn": topic}
    assert sns.call("ListSubscriptionsByTopic", TopicArn=topic)["Subscriptions"] == listed
    assert sns.call("ListSubscriptions")["Subscriptions"] == listed
    assert sns.attributes(topic)["SubscriptionsConfirmed"] == "1"


REFUSED = [
    ("nonsense", "x", "Amazon SNS does not support this protocol string: nonsense"),
    ("sqs", "http://localhost/queue", "SQS endpoint ARN"),
    ("sqs", "", "Endpoint"),
    (
        "sqs",
        "arn:aws:sqs:eu-central-1:111111111111:q.fifo",
        "Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics",
    ),
    ("http", "https://example.com", "Endpoint must match the specified protocol"),
    ("http", "http://", "Endpoint"),
    ("https", "https://example.com:0x", "Endpoint"),
    ("email", "nobody", "Email address"),
    *(("email", address, "Email address") for address in ("a@b", "a@.b", "a@b.", "@b.c", "a@b@c.d", "a b@c.d")),
    ("email", "a@" + "." * 200_000 + "@", "Email address"),
    ("lambda", "arn:aws:sqs:eu-central-1:111111111111:q", "Lambda endpoint ARN"),
    ("firehose", "x", "Firehose endpoint ARN"),
    ("application", "x", "Application endpoint arn invalid:x"),
]


@pytest.mark.parametrize(("protocol", "endpoint", "message"), REFUSED)
def test_endpoints_that_may_not_be(sns: Any, protocol: str, endpoint: str, message: str) -> None:
    topic = sns.topic()
    failed = sns.fails("Subscribe", TopicArn=topic, Protocol=protocol, Endpoint=endpoint)
    assert failed == ("InvalidParameter", f"Invalid parameter: {message}")


@pytest.mark.parametrize(
    "number", ["hello", "+15--551234567", "NAA+15551234567", "+15551234567.", "/+15551234567", "+1 555 1234567"]
)
def test_numbers_that_are_none(sns: Any, number: str) -> None:
    failed = sns.fails("Subscribe", TopicArn=sns.topic(), Protocol="sms", Endpoint=number)
    assert failed == ("InvalidParameter", f"Invalid SMS endpoint: {number}")


@pytest.mark.parametrize(
    ("protocol", "endpoint", "attributes"),
    [
        ("lambda", "arn:aws:lambda:eu-central-1:111111111111:function:f", {}),
        ("sms", "+49/170.123-4567", {}),
        ("firehose", "arn:aws:firehose:eu-central-1:111111111111:deliverystream/d", {"SubscriptionRoleArn": "arn:x"}),
        ("sqs", "arn:aws:sqs:us-east-1:222222222222:q", {"RawMessageDelivery": "TRUE"}),
    ],
)
def test_other_endpoints_are_subscribed_at_once(
    sns: Any, protocol: str, endpoint: str, attributes: dict[str, str]
) -> None:
    shown = sns.attributes(sns.subscribe(sns.topic(), protocol, endpoint, **attributes))
    assert shown["PendingConfirmation"] == "false"
    assert {name: shown[name].lower() for name in attributes} == {
        name: value.lower() for name, value in attributes.items()
    }


def test_a_phone_is_subscribed_once_however_it_is_spelled(sns: Any) -> None:
    topic = sns.topic()
    arn = sns.subscribe(topic, "sms", "+49-170-1234567")
    assert sns.subscribe(topic, "sms", "+491701234567") == arn
    assert sns.attributes(arn)["Endpoint"] == "+491701234567"


def test_firehose_takes_a_role(sns: Any) -> None:
    endpoint = "arn:aws:firehose:eu-central-1:111111111111:deliverystream/d"
    assert sns.fails("Subscribe", TopicArn=sns.topic(), Protocol="firehose", Endpoint=endpoint)[0] == "InvalidParameter"


def test_subscribing_again(sns: Any) -> None:
    topic = sns.topic()
    arn = sns.subscribe(topic, RawMessageDelivery="true")
    assert sns.subscribe(topic) == arn
    assert sns.subscribe(topic, RawMessageDelivery="true") == arn
    failed = sns.fails(
        "Subscribe",
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=sns.queue_arn(),
        Attributes={"RawMessageDelivery": "false"},
    )
    assert failed == (
        "InvalidParameter",
        "Invalid parameter: Attributes Reason: Subscription already exists with different attributes",
    )


def test_limits(sns: Any) -> None:
    topic = sns.topic()
    for number in range(200):
        sns.subscribe(topic, endpoint=sns.queue_arn(f"q{number}"), FilterPolicy='{"a":["b"]}')
    more = {"TopicArn": topic, "Protocol": "sqs", "Endpoint": sns.queue_arn("more")}
    refused = sns.fails("Subscribe", **more, Attributes={"FilterPolicy": '{"a":["b"]}'})
    assert refused[0] == "FilterPolicyLimitExceeded"
    sns.call("Subscribe", **more)
    fifo = sns.topic("t.fifo")
    for number in range(100):
        sns.subscribe(fifo, endpoint=sns.queue_arn(f"q{number}"))
    assert sns.fails("Subscribe", **{**more, "TopicArn": fifo})[0] == "SubscriptionLimitExceeded"


# ---- confirmation


def test_email_json_is_a_document(sns: Any) -> None:
    topic = sns.topic()
    sns.subscribe(topic, "email-json", "a@example.com")
    [asked] = sns.call("PeekKept", Kind="email")["Messages"]["a@example.com"]
    document = json.loads(asked["Message"])
    assert (document["Type"], document["TopicArn"]) == ("SubscriptionConfirmation", topic)
    sns.call("ConfirmSubscription", TopicArn=topic, Token=document["Token"])
    sns.publish(topic, "hello")
    document = json.loads(sns.call("PeekKept", Kind="email")["Messages"]["a@example.com"][-1]["Message"])
    assert (document["Type"], document["Message"]) == ("Notification", "hello")


def test_an_email_has_to_be_confirmed(sns: Any) -> None:
    topic = sns.topic()
    given = {"TopicArn": topic, "Protocol": "email", "Endpoint": "a@example.com"}
    assert sns.call("Subscribe", **given) == {"SubscriptionArn": "pending confirmation"}
    arn = sns.call("Subscribe", **given, ReturnSubscriptionArn=True)["SubscriptionArn"]
    [listed] = sns.call("ListSubscriptionsByTopic", TopicArn=topic)["Subscriptions"]
    assert listed["SubscriptionArn"] == "PendingConfirmation"
    assert sns.attributes(topic)["SubscriptionsPending"] == "1"
    assert sns.attributes(arn)["ConfirmationWasAuthenticated"] == "false"
    sns.publish(topic)
    assert len(sns.call("PeekKept", Kind="email")["Messages"]["a@example.com"]) == 2, "both ask to confirm"
    token = token_of(sns, arn)
    assert len(token) == 288
    for _ in range(2):
        assert sns.call("ConfirmSubscription", TopicArn=topic, Token=token) == {"SubscriptionArn": arn}
    assert sns.attributes(arn)["ConfirmationWasAuthenticated"] == "true"
    sns.publish(topic, "to all")
    assert sns.call("PeekKept", Kind="email")["Messages"]["a@example.com"][-1]["Message"] == "to all"


def test_tokens_that_are_none(sns: Any) -> None:
    topic = sns.topic()
    for odd in ("x", "abc"):
        assert sns.fails("ConfirmSubscription", TopicArn=topic, Token=odd) == ("InvalidParameter", "Invalid token")
    unknown = ("InvalidParameter", "Invalid parameter: Token")
    assert sns.fails("ConfirmSubscription", TopicArn=topic, Token="a" * 288) == unknown
    arn = sns.subscribe(topic, "email", "a@example.com")
    token = token_of(sns, arn)
    assert sns.fails("ConfirmSubscription", TopicArn=topic, Token="abc123") == unknown
    for none in ("not-an-arn", topic.replace("eu-central-1", "us-east-1")):
        refused = sns.fails("ConfirmSubscription", TopicArn=none, Token=token)
        assert refused == ("InvalidParameter", "Invalid parameter: Topic")
    sns.advance(2 * 86_400)
    assert sns.fails("ConfirmSubscription", TopicArn=topic, Token=token) == unknown
    assert sns.tenant.rows("SELECT count(*) FROM subscription_token") == [(0,)]
    # Nor is there anything left to be confirmed.
    assert sns.fails("GetSubscriptionAttributes", SubscriptionArn=arn)[0] == "NotFound"


def test_of_the_topic_only_the_region_is_looked_at(sns: Any) -> None:
    topic = sns.topic()
    arn = sns.subscribe(topic, "email", "a@example.com")
    confirmed = sns.call("ConfirmSubscription", TopicArn=f"{topic}i", Token=token_of(sns, arn))
    assert confirmed == {"SubscriptionArn": arn}
    assert sns.attributes(arn)["PendingConfirmation"] == "false"


def test_who_is_asked_again_has_two_more_days(sns: Any) -> None:
    topic = sns.topic()
    arn = sns.subscribe(topic, "email", "a@example.com")
    sns.advance(86_400)
    sns.subscribe(topic, "email", "a@example.com")
    sns.advance(86_400)
    sns.call("ConfirmSubscription", TopicArn=topic, Token=token_of(sns, arn))
    sns.advance(3 * 86_400)
    assert sns.attributes(arn)["PendingConfirmation"] == "false"


def test_what_is_not_confirmed_cannot_be_ended(sns: Any) -> None:
    arn = sns.subscribe(sns.topic(), "email", "a@example.com")
    assert sns.fails("Unsubscribe", SubscriptionArn=arn) == (
        "InvalidParameter",
        "Invalid parameter: SubscriptionArn Reason: Cannot unsubscribe a subscription that is pending confirmation",
    )


def test_who_may_end_it_is_said_by_who_confirms(sns: Any) -> None:
    topic = sns.topic()
    arn = sns.subscribe(topic, "email", "a@example.com")
    given = {"TopicArn": topic, "Token": token_of(sns, arn), "AuthenticateOnUnsubscribe": "true"}
    assert sns.fails("ConfirmSubscription", sns.of("111111111111", key=""), **given)[0] == "AuthorizationError"
    sns.call("ConfirmSubscription", **given)
    for stranger in (sns.of(OTHER), sns.of("111111111111", key="")):
        assert sns.fails("Unsubscribe", stranger, SubscriptionArn=arn)[0] == "AuthorizationError"
    sns.call("Unsubscribe", SubscriptionArn=arn)
    assert sns.fails("GetSubscriptionAttributes", SubscriptionArn=arn) == (
        "NotFound",
        "Subscription does not exist",
    )


# ---- ending


def test_ending_one_that_is_not_there(sns: Any) -> None:
    arn = sns.subscribe(sns.topic())
    for _ in range(2):
        assert sns.call("Unsubscribe", SubscriptionArn=arn) == {}
    assert sns.fails("Unsubscribe", SubscriptionArn="x") == (
        "InvalidParameter",
        "Invalid parameter: SubscriptionArn Reason: An ARN must have at least 6 elements, not 1",
    )
    assert sns.fails("Unsubscribe", SubscriptionArn=arn.rpartition(":")[0]) == (
        "InvalidParameter",
        "Invalid parameter: SubscriptionId",
    )
    assert sns.fails("SetSubscriptionAttributes", SubscriptionArn=arn, AttributeName="x")[0] == "NotFound"


def test_what_is_deleted_is_counted(sns: Any) -> None:
    topic = sns.topic()
    sns.call("Unsubscribe", SubscriptionArn=sns.subscribe(topic))
    shown = sns.attributes(topic)
    assert (shown["SubscriptionsConfirmed"], shown["SubscriptionsDeleted"]) == ("0", "1")


# ---- lists, and what owners elsewhere see


def test_lists_come_in_pages(sns: Any) -> None:
    topic = sns.topic()
    arns = [sns.subscribe(topic, endpoint=sns.queue_arn(f"q{number}")) for number in range(101)]
    for number in range(150):
        kept = {"SubscriptionArn": f"{topic}x:{number}", "Protocol": "sqs", "Endpoint": "e", "Pending": not number}
        sns.call("KeepSubscription", Owner="111111111111", OwnerRegion="eu-central-1", **kept)
    for operation, params in (("ListSubscriptionsByTopic", {"TopicArn": topic}), ("ListSubscriptions", {})):
        found: list[str] = []
        token = None
        while True:
            page = sns.call(operation, NextToken=token, **params)
            assert len(page["Subscriptions"]) <= 100
            found += [each["SubscriptionArn"] for each in page["Subscriptions"]]
            token = page["NextToken"]
            if token is None:
                break
        expected = list(arns)
        if operation == "ListSubscriptions":
            expected += ["PendingConfirmation", *(f"{topic}x:{number}" for number in range(1, 150))]
        assert found == expected


def test_an_owner_elsewhere_is_told(sns: Any) -> None:
    topic = sns.topic()
    caller = sns.of(OTHER, "us-east-1")
    given = {"TopicArn": topic, "Protocol": "email", "Endpoint": "a@example.com", "ReturnSubscriptionArn": True}
    arn = sns.call("Subscribe", caller, **given)["SubscriptionArn"]
    [told] = sns.effects()
    assert (told.operation, told.params["Owner"], told.params["OwnerRegion"]) == (
        "KeepSubscription",
        OTHER,
        "us-east-1",
    )
    assert told.params["Pending"] is True
    assert sns.attributes(arn)["Owner"] == OTHER
    assert sns.call("ListSubscriptions")["Subscriptions"] == []
    sns.call("ConfirmSubscription", TopicArn=topic, Token=token_of(sns, arn))
    [told] = sns.effects()
    assert (told.operation, told.params["Pending"]) == ("KeepSubscription", False)
    sns.call("DeleteTopic", TopicArn=topic)
    [told] = sns.effects()
    assert (told.operation, told.params["SubscriptionArn"]) == ("ForgetSubscription", arn)


def test_copies_are_kept_and_forgotten(sns: Any) -> None:
    arn = "arn:aws:sns:us-east-1:222222222222:t:1"
    kept = {"SubscriptionArn": arn, "Protocol": "email", "Endpoint": "a@example.com"}
    for pending in (True, False):
        sns.call("KeepSubscription", Pending=pending, **kept)
    assert sns.call("ListSubscriptions")["Subscriptions"] == [
        {
            "SubscriptionArn": arn,
            "Owner": "111111111111",
            "Protocol": "email",
            "Endpoint": "a@example.com",
            "TopicArn": "arn:aws:sns:us-east-1:222222222222:t",
        }
    ]
    sns.call("ForgetSubscription", SubscriptionArn=arn)
    assert sns.call("ListSubscriptions")["Subscriptions"] == []


def test_a_fork_s_copy_is_beside_the_original_s(sns: Any) -> None:
    arns = [f"arn:aws:sns:us-east-1:{account}:t:1" for account in (OTHER, "333333333333")]
    for arn in arns:
        sns.call("KeepSubscription", SubscriptionArn=arn, Protocol="email", Endpoint="a@example.com", Pending=False)
    sns.call("ForgetSubscription", SubscriptionArn=arns[1])
    assert [each["SubscriptionArn"] for each in sns.call("ListSubscriptions")["Subscriptions"]] == arns[:1]


def test_who_subscribes_again_has_its_copy_again(sns: Any) -> None:
    topic, caller = sns.topic(), sns.of(OTHER, "us-east-1")
    given = {"TopicArn": topic, "Protocol": "sqs", "Endpoint": sns.queue_arn("q")}
    for _ in range(2):
        arn = sns.call("Subscribe", caller, **given)["SubscriptionArn"]
        [told] = sns.effects()
        assert (told.operation, told.params["SubscriptionArn"]) == ("KeepSubscription", arn)


def test_rows_do_not_name_their_tenant(sns: Any) -> None:
    topic = sns.topic()
    sns.subscribe(topic, "email", "a@example.com")
    sns.publish(topic, TargetArn=None)
    columns = "id, topic, owner, home, principal, attributes"
    for row in sns.tenant.rows(f"SELECT {columns} FROM subscription"):
        assert "111111111111" not in str(row)
    for (message,) in sns.tenant.rows("SELECT message FROM kept_message"):
        assert '"topic":"t"' in message
