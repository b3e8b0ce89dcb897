"""Deliveries to HTTP(S) endpoints: when they are tried again, given up, or held back."""

from __future__ import annotations

import asyncio
import json
from itertools import pairwise
from typing import Any

import pytest
from atoll.services.sns import http_client, postings
from atoll.services.sns.settings import SnsSettings, configure

URL = "http://example.com/hook"


class Endpoint:
    """What was posted, and what it answers: a status or an exception each, then 200."""

    def __init__(self, sns: Any) -> None:
        self.sns = sns
        self.posted: list[tuple[float, str, dict[str, str], str]] = []
        self.answers: list[int | Exception] = []

    async def post(self, url: str, headers: dict[str, str], body: bytes, *, deny_private: bool = False) -> int:
        self.posted.append((self.sns.clock.now(), url, headers, body.decode()))
        if deny_private:
            raise http_client.PrivateNetwork("no")
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, Exception):
            raise answer
        return answer

    def taken(self) -> list[tuple[float, str, dict[str, str], str]]:
        taken, self.posted = self.posted, []
        return taken


@pytest.fixture
def endpoint(sns: Any, monkeypatch: pytest.MonkeyPatch) -> Endpoint:
    endpoint = Endpoint(sns)
    monkeypatch.setattr(http_client, "post", endpoint.post)
    return endpoint


def confirmed(sns: Any, endpoint: Endpoint, topic: str, url: str = URL, **attributes: str) -> str:
    arn = sns.subscribe(topic, url.partition(":")[0], url, **attributes)
    sns.advance(0)
    [(_, _, headers, body)] = endpoint.taken()
    assert headers["x-amz-sns-message-type"] == "SubscriptionConfirmation"
    sns.call("ConfirmSubscription", TopicArn=topic, Token=json.loads(body)["Token"])
    return str(arn)


def left(sns: Any) -> list[tuple[int]]:
    return list(sns.tenant.rows("SELECT (SELECT count(*) FROM posting) + (SELECT count(*) FROM posted)"))


def test_a_message_is_posted_once(sns: Any, endpoint: Endpoint) -> None:
    topic = sns.topic()
    confirmed(sns, endpoint, topic)
    confirmed(sns, endpoint, topic, "https://example.com/other")
    sns.publish(topic)
    assert sns.tenant.rows("SELECT count(*) FROM posted") == [(1,)]
    sns.advance(1000)
    assert sorted(url for _, url, _, _ in endpoint.taken()) == [URL, "https://example.com/other"]
    assert left(sns) == [(0,)]


@pytest.mark.parametrize("failure", [500, 429, 302, OSError("no"), TimeoutError(), http_client.BadAnswer("no")])
def test_what_fails_is_tried_again(sns: Any, endpoint: Endpoint, failure: int | Exception) -> None:
    topic = sns.topic()
    confirmed(sns, endpoint, topic)
    endpoint.answers = [failure, failure]
    began = sns.clock.now()
    sns.publish(topic)
    sns.advance(1000)
    # AWS's default: three times, 20 seconds apart.
    assert [round(at - began) for at, *_ in endpoint.taken()] == [0, 20, 40]
    assert left(sns) == [(0,)]


def test_all_phases_of_a_delivery_policy(sns: Any, endpoint: Endpoint) -> None:
    topic = sns.topic()
    retry = {
        "numRetries": 8,
        "numNoDelayRetries": 2,
        "numMinDelayRetries": 1,
        "numMaxDelayRetries": 2,
        "minDelayTarget": 2,
        "maxDelayTarget": 10,
    }
    dead = json.dumps({"deadLetterTargetArn": sns.queue_arn("dead")})
    policy = json.dumps({"healthyRetryPolicy": retry})
    confirmed(sns, endpoint, topic, DeliveryPolicy=policy, RedrivePolicy=dead)
    endpoint.answers = [500] * 9
    began = sns.clock.now()
    sns.publish(topic)
    sns.advance(3000)
    times = [round(at - began) for at, *_ in endpoint.taken()]
    delays = [later - earlier for earlier, later in pairwise(times)]
    assert delays == [0, 0, 2, 2, 6, 10, 10, 10]
    [params] = sns.delivered()
    assert params["QueueArn"] == sns.queue_arn("dead")
    assert json.loads(params["MessageBody"])["Message"] == "hello"
    assert left(sns) == [(0,)]


def test_a_refusal_is_final(sns: Any, endpoint: Endpoint) -> None:
    topic = sns.topic()
    dead = json.dumps({"deadLetterTargetArn": sns.queue_arn("dead")})
    confirmed(sns, endpoint, topic, RedrivePolicy=dead, RawMessageDelivery="true")
    endpoint.answers = [404]
    attributes = {"a": {"DataType": "String", "StringValue": "b"}}
    sns.publish(topic, MessageAttributes=attributes)
    sns.advance(1000)
    assert len(endpoint.taken()) == 1
    [params] = sns.delivered()
    assert (params["MessageBody"], params["MessageAttributes"]) == ("hello", attributes)


RESERVED = {"AWS.a": {"DataType": "String", "StringValue": "b"}}
MANY = {f"a{number}": {"DataType": "String", "StringValue": "b"} for number in range(11)}


@pytest.mark.parametrize(
    ("message", "params"),
    [
        ("hello", {"MessageAttributes": MANY}),
        ("hello", {"MessageAttributes": RESERVED}),
        ("hello\x01", {}),
        ('{"default": "x", "http": ""}', {"MessageStructure": "json"}),
    ],
)
def test_what_no_queue_takes_raw_is_a_dead_letter_as_a_document(
    sns: Any, endpoint: Endpoint, message: str, params: dict[str, Any]
) -> None:
    topic = sns.topic()
    dead = json.dumps({"deadLetterTargetArn": sns.queue_arn("dead")})
    confirmed(sns, endpoint, topic, RedrivePolicy=dead, RawMessageDelivery="true")
    endpoint.answers = [404]
    sns.publish(topic, message, **params)
    sns.advance(1000)
    [letter] = sns.delivered()
    document = json.loads(letter["MessageBody"])
    assert (document["Type"], document["TopicArn"]) == ("Notification", topic)
    assert document.get("MessageAttributes", {}).keys() == params.get("MessageAttributes", {}).keys()
    assert "MessageAttributes" not in letter


def test_a_confirmation_that_fails_goes_nowhere(sns: Any, endpoint: Endpoint) -> None:
    endpoint.answers = [404]
    dead = json.dumps({"deadLetterTargetArn": sns.queue_arn("dead")})
    sns.subscribe(sns.topic(), "http", URL, RedrivePolicy=dead)
    sns.advance(1000)
    assert len(endpoint.taken()) == 1
    assert sns.delivered() == []


def test_who_may_be_called_how_often(sns: Any, endpoint: Endpoint) -> None:
    topic = sns.topic()
    confirmed(sns, endpoint, topic, DeliveryPolicy='{"throttlePolicy":{"maxReceivesPerSecond":2}}')
    sns.advance(10)
    began = sns.clock.now()
    for number in range(5):
        sns.publish(topic, str(number))
    sns.advance(10)
    assert [round(at - began, 1) for at, *_ in endpoint.taken()] == [0, 0.5, 1, 1.5, 2]


def test_a_subscription_that_ends_takes_its_messages_along(sns: Any, endpoint: Endpoint) -> None:
    topic = sns.topic()
    arn = confirmed(sns, endpoint, topic)
    sns.publish(topic)
    sns.call("Unsubscribe", SubscriptionArn=arn)
    sns.advance(1000)
    assert endpoint.taken() == []
    assert left(sns) == [(0,)]


def test_who_ends_it_unsigned_is_told_how_to_take_that_back(sns: Any, endpoint: Endpoint) -> None:
    topic = sns.topic()
    arn = confirmed(sns, endpoint, topic, RawMessageDelivery="true")
    sns.call("Unsubscribe", sns.of("111111111111", key=""), SubscriptionArn=arn)
    sns.advance(0)
    [(_, url, headers, body)] = endpoint.taken()
    assert (url, headers["x-amz-sns-subscription-arn"]) == (URL, arn)
    told = json.loads(body)
    assert (told["Type"], told["TopicArn"]) == ("UnsubscribeConfirmation", topic)
    assert told["Message"].startswith(f"You have chosen to deactivate subscription {arn}.\n")
    sns.call("ConfirmSubscription", sns.of("111111111111", key=""), TopicArn=topic, Token=told["Token"])
    shown = sns.attributes(arn)
    assert (shown["PendingConfirmation"], shown["RawMessageDelivery"]) == ("false", "true")
    assert shown["ConfirmationWasAuthenticated"] == "false"


@pytest.mark.parametrize("named", ["other", "none"])
def test_what_is_taken_back_is_of_the_topic_that_it_was_of(sns: Any, endpoint: Endpoint, named: str) -> None:
    topic, other = sns.topic(), sns.topic("other")
    arn = confirmed(sns, endpoint, topic)
    sns.call("Unsubscribe", sns.of("111111111111", key=""), SubscriptionArn=arn)
    sns.advance(0)
    token = json.loads(endpoint.taken()[0][3])["Token"]
    for _ in range(2):
        back = sns.call("ConfirmSubscription", TopicArn=other.replace(":other", f":{named}"), Token=token)
        assert back == {"SubscriptionArn": arn}
    assert sns.attributes(arn)["TopicArn"] == topic
    assert sns.call("ListSubscriptionsByTopic", TopicArn=other)["Subscriptions"] == []


def test_what_is_taken_back_when_the_topic_is_gone(sns: Any, endpoint: Endpoint) -> None:
    topic = sns.topic()
    arn = confirmed(sns, endpoint, topic)
    sns.call("Unsubscribe", sns.of("111111111111", key=""), SubscriptionArn=arn)
    sns.advance(0)
    token = json.loads(endpoint.taken()[0][3])["Token"]
    sns.call("DeleteTopic", TopicArn=topic)
    assert sns.topic() == topic
    assert sns.fails("ConfirmSubscription", TopicArn=topic, Token=token) == (
        "InvalidParameter",
        "Invalid parameter: Token",
    )


def test_a_topic_that_is_deleted_tells_nobody(sns: Any, endpoint: Endpoint) -> None:
    topic = sns.topic()
    arn = confirmed(sns, endpoint, topic)
    sns.call("Unsubscribe", sns.of("111111111111", key=""), SubscriptionArn=arn)
    sns.call("DeleteTopic", TopicArn=topic)
    sns.advance(1000)
    assert endpoint.taken() == []
    assert left(sns) == [(0,)]


def test_private_networks_are_not_tried_again(sns: Any, endpoint: Endpoint) -> None:
    topic = sns.topic()
    confirmed(sns, endpoint, topic)
    configure(SnsSettings(deny_private_networks=True))
    sns.publish(topic)
    sns.advance(1000)
    assert len(endpoint.taken()) == 1
    assert left(sns) == [(0,)]


def test_a_process_that_ends_while_it_posts_has_it_posted_again(
    sns: Any, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = sns.topic()
    confirmed(sns, endpoint, topic)

    async def ends(lagoon: Any, found: Any) -> dict[str, Any]:
        return {}

    with monkeypatch.context() as ended:
        ended.setattr(postings, "_post_all", ends)
        sns.publish(topic)
        sns.advance(1)
    assert endpoint.taken() == []
    sns.advance(60)
    assert len(endpoint.taken()) == 1


def test_more_than_are_taken_at_a_time(sns: Any, endpoint: Endpoint) -> None:
    topic = sns.topic()
    confirmed(sns, endpoint, topic)
    for number in range(250):
        sns.publish(topic, str(number))
    sns.advance(1)
    assert len(endpoint.taken()) == 250


def test_a_host_that_hangs_leaves_room_for_others(
    sns: Any, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = sns.topic()
    confirmed(sns, endpoint, topic, "http://hangs.example.com/")
    confirmed(sns, endpoint, topic)
    reached: list[str] = []
    all_reached = asyncio.Event()

    async def post(url: str, headers: Any, body: bytes, *, deny_private: bool = False) -> int:
        reached.append(url)
        if reached.count(URL) == 50:
            all_reached.set()
        if "hangs" in url:
            await all_reached.wait()
            # Those behind have waited too long by now.
            sns.clock.advance(31)
        return 200

    monkeypatch.setattr(http_client, "post", post)
    for number in range(50):
        sns.publish(topic, str(number))
    sns.run_timers()
    assert (reached.count(URL), reached.count("http://hangs.example.com/")) == (50, 10)
