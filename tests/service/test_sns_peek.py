"""What SNS sends nowhere, as LocalStack's paths and the control API show it."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from tests.service.web import fetch


def unique() -> str:
    return f"t-{uuid.uuid4().hex[:12]}"


def shown(atoll: Any, path: str) -> Any:
    status, body = fetch(f"{atoll.url}/_aws/sns/{path}")
    assert status == 200, body
    return json.loads(body)


def test_sms_messages(atoll: Any) -> None:
    sns = atoll.client("sns", "333333333333", "eu-west-1")
    sent = sns.publish(PhoneNumber="+491701234567", Message="hello")["MessageId"]
    topic = sns.create_topic(Name=unique())["TopicArn"]
    subscription = sns.subscribe(TopicArn=topic, Protocol="sms", Endpoint="+491707654321")["SubscriptionArn"]
    sns.publish(TopicArn=topic, Message="to all", Subject="s")
    query = "accountId=333333333333&region=eu-west-1"
    answer = shown(atoll, f"sms-messages?{query}")
    assert answer["region"] == "eu-west-1"
    assert answer["sms_messages"]["+491701234567"] == [
        {
            "PhoneNumber": "+491701234567",
            "TopicArn": None,
            "SubscriptionArn": None,
            "MessageId": sent,
            "Message": "hello",
            "MessageAttributes": None,
            "MessageStructure": None,
            "Subject": None,
        }
    ]
    [message] = answer["sms_messages"]["+491707654321"]
    assert (message["TopicArn"], message["SubscriptionArn"], message["Subject"]) == (topic, subscription, "s")
    one = "phoneNumber=%2B491701234567"
    assert list(shown(atoll, f"sms-messages?{query}&{one}")["sms_messages"]) == ["+491701234567"]
    assert fetch(f"{atoll.url}/_aws/sns/sms-messages?{query}&{one}", "DELETE")[0] == 204
    assert list(shown(atoll, f"sms-messages?{query}")["sms_messages"]) == ["+491707654321"]
    assert fetch(f"{atoll.url}/_aws/sns/sms-messages?{query}", "DELETE")[0] == 204
    assert shown(atoll, f"sms-messages?{query}")["sms_messages"] == {}


def test_platform_endpoint_messages(atoll: Any) -> None:
    sns = atoll.client("sns", "444444444444", "eu-west-1")
    given = {"PlatformPrincipal": "p", "PlatformCredential": "c"}
    app = sns.create_platform_application(Name=unique(), Platform="APNS", Attributes=given)["PlatformApplicationArn"]
    endpoint = sns.create_platform_endpoint(PlatformApplicationArn=app, Token="t")["EndpointArn"]
    texts = json.dumps({"APNS": '{"aps":{}}'})
    sent = sns.publish(TargetArn=endpoint, Message=texts, MessageStructure="json")["MessageId"]
    expected = {
        "TargetArn": endpoint,
        "TopicArn": "",
        "Message": '{"aps":{}}',
        "MessageAttributes": None,
        "MessageStructure": "json",
        "Subject": None,
        "MessageId": sent,
    }
    for query in (f"endpointArn={endpoint}", "accountId=444444444444&region=eu-west-1"):
        answer = shown(atoll, f"platform-endpoint-messages?{query}")
        assert answer == {"platform_endpoint_messages": {endpoint: [expected]}, "region": "eu-west-1"}
    assert fetch(f"{atoll.url}/_aws/sns/platform-endpoint-messages?endpointArn={endpoint}", "DELETE")[0] == 204
    answer = shown(atoll, f"platform-endpoint-messages?endpointArn={endpoint}")
    assert answer["platform_endpoint_messages"] == {endpoint: []}


def test_subscription_tokens(atoll: Any) -> None:
    sns = atoll.client("sns")
    topic = sns.create_topic(Name=unique())["TopicArn"]
    given = {"TopicArn": topic, "Protocol": "email", "Endpoint": "a@example.com"}
    arn = sns.subscribe(**given, ReturnSubscriptionArn=True)["SubscriptionArn"]
    answer = shown(atoll, f"subscription-tokens/{arn}")
    assert answer["subscription_arn"] == arn
    assert sns.confirm_subscription(TopicArn=topic, Token=answer["subscription_token"])["SubscriptionArn"] == arn
    assert fetch(f"{atoll.url}/_aws/sns/subscription-tokens/{arn}x")[0] == 404
    assert fetch(f"{atoll.url}/_aws/sns/subscription-tokens/nonsense")[0] == 400


def test_phone_opt_outs(atoll: Any) -> None:
    body = json.dumps({"phoneNumber": "+491701111111", "accountId": "555555555555"}).encode()
    assert fetch(f"{atoll.url}/_aws/sns/phone-opt-outs", "POST", body)[0] == 200
    sns = atoll.client("sns", "555555555555", "us-east-1")
    assert sns.check_if_phone_number_is_opted_out(phoneNumber="+491701111111")["isOptedOut"]
    assert sns.list_phone_numbers_opted_out()["phoneNumbers"] == ["+491701111111"]
    sns.opt_in_phone_number(phoneNumber="+491701111111")
    assert sns.list_phone_numbers_opted_out()["phoneNumbers"] == []
    for wrong in (b"", b"{", b"[]"):
        assert fetch(f"{atoll.url}/_aws/sns/phone-opt-outs", "POST", wrong)[0] == 400
    assert fetch(f"{atoll.url}/_aws/sns/phone-opt-outs")[0] == 405
    assert fetch(f"{atoll.url}/_aws/sns/nonsense")[0] == 404


@pytest.mark.parametrize(
    "path",
    [
        "sms-messages?accountId=..%2F..%2Fx",
        "sms-messages?region=..",
        "platform-endpoint-messages?endpointArn=arn:aws:sns:..:..:endpoint/a/b/c",
        "platform-endpoint-messages?endpointArn=x",
        "subscription-tokens/arn:aws:sns:..:..:t:1",
    ],
)
def test_tenants_that_there_cannot_be(atoll: Any, path: str) -> None:
    assert fetch(f"{atoll.url}/_aws/sns/{path}")[0] == 400
    body = json.dumps({"phoneNumber": "+491701111111", "accountId": "../x"}).encode()
    assert fetch(f"{atoll.url}/_aws/sns/phone-opt-outs", "POST", body)[0] == 400


def test_the_control_api_shows_what_went_nowhere(atoll: Any) -> None:
    sns = atoll.client("sns", "666666666666", "eu-west-1")
    topic = sns.create_topic(Name=unique())["TopicArn"]
    given = {"TopicArn": topic, "Protocol": "email", "Endpoint": "a@example.com"}
    arn = sns.subscribe(**given, ReturnSubscriptionArn=True)["SubscriptionArn"]
    where = f"{atoll.url}/_atoll/v1/messages?account=666666666666&region=eu-west-1"
    status, body = fetch(f"{where}&kind=email")
    assert status == 200
    [message] = json.loads(body)["items"]
    assert (message["target"], message["topic"], message["subscription"]) == ("a@example.com", topic, arn)
    assert message["message"].startswith(f"You have chosen to subscribe to the topic {topic}.\n")
    assert json.loads(fetch(f"{where}&kind=email&target=b")[1])["items"] == []
    assert json.loads(fetch(f"{where}&kind=sms")[1])["items"] == []
    assert fetch(f"{where}&kind=letter")[0] == 400
    assert fetch(f"{atoll.url}/_atoll/v1/messages?account=666666666666")[0] == 400
    assert fetch(f"{where}&kind=sms&realm=none")[0] == 401
