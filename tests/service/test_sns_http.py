"""SNS's HTTP deliveries to a server on loopback, signatures as a client verifies them, links into realms."""

from __future__ import annotations

import base64
import json
import queue
import threading
import uuid
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from tests.service.web import fetch

SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
SIGNED["UnsubscribeConfirmation"] = SIGNED["SubscriptionConfirmation"]


def unique(suffix: str = "") -> str:
    return f"t-{uuid.uuid4().hex[:12]}{suffix}"


class Endpoint:
    """A server that keeps what it is posted, and answers with the statuses that it was given, then 200."""

    def __init__(self) -> None:
        self.posted: queue.Queue[tuple[dict[str, str], str]] = queue.Queue()
        self.statuses: list[int] = []
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                status = endpoint.statuses.pop(0) if endpoint.statuses else 200
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()
                endpoint.posted.put(({name.lower(): value for name, value in self.headers.items()}, body))

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook?a=b"

    def next(self) -> tuple[dict[str, str], dict[str, Any]]:
        headers, body = self.posted.get(timeout=20)
        return headers, json.loads(body)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    endpoint = Endpoint()
    yield endpoint
    endpoint.close()


def verify(document: dict[str, Any]) -> None:
    """As SDKs do. Raises InvalidSignature."""
    status, pem = fetch(document["SigningCertURL"])
    assert status == 200
    key = x509.load_pem_x509_certificate(pem).public_key()
    assert isinstance(key, RSAPublicKey)
    text = "".join(f"{name}\n{document[name]}\n" for name in SIGNED[document["Type"]] if name in document)
    digest = hashes.SHA256() if document["SignatureVersion"] == "2" else hashes.SHA1()
    key.verify(base64.b64decode(document["Signature"]), text.encode(), padding.PKCS1v15(), digest)


@pytest.mark.parametrize("version", ["1", "2"])
def test_an_endpoint_from_its_confirmation_to_its_end(atoll: Any, endpoint: Endpoint, version: str) -> None:
    sns = atoll.client("sns")
    topic = sns.create_topic(Name=unique(), Attributes={"SignatureVersion": version})["TopicArn"]
    given = {"TopicArn": topic, "Protocol": "http", "Endpoint": endpoint.url}
    assert sns.subscribe(**given)["SubscriptionArn"] == "pending confirmation"
    headers, asked = endpoint.next()
    assert headers["x-amz-sns-message-type"] == asked["Type"] == "SubscriptionConfirmation"
    assert headers["x-amz-sns-message-id"] == asked["MessageId"]
    assert headers["x-amz-sns-topic-arn"] == topic
    assert headers["content-type"] == "text/plain; charset=UTF-8"
    assert headers["user-agent"] == "Amazon Simple Notification Service Agent"
    assert "x-amz-sns-subscription-arn" not in headers
    verify(asked)
    status, answer = fetch(asked["SubscribeURL"])
    assert status == 200
    assert b"<ConfirmSubscriptionResult><SubscriptionArn>" in answer
    [listed] = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    subscription = listed["SubscriptionArn"]
    assert subscription.startswith(f"{topic}:")
    sns.publish(TopicArn=topic, Message="hällo\nworld", Subject="words")
    headers, told = endpoint.next()
    assert headers["x-amz-sns-subscription-arn"] == subscription
    assert (told["Type"], told["Message"], told["Subject"]) == ("Notification", "hällo\nworld", "words")
    assert told["SignatureVersion"] == version
    verify(told)
    with pytest.raises(InvalidSignature):
        verify({**told, "Message": "other"})
    # Whoever follows the link is nobody; the owner may take it back.
    assert fetch(told["UnsubscribeURL"])[0] == 200
    headers, ended = endpoint.next()
    assert headers["x-amz-sns-message-type"] == ended["Type"] == "UnsubscribeConfirmation"
    verify(ended)
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []
    assert fetch(ended["SubscribeURL"])[0] == 200
    [listed] = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert listed["SubscriptionArn"] == subscription


def confirmed(sns: Any, topic: str, endpoint: Endpoint, **attributes: str) -> str:
    given = {"TopicArn": topic, "Protocol": "http", "Endpoint": endpoint.url, "Attributes": attributes}
    arn = sns.subscribe(**given, ReturnSubscriptionArn=True)["SubscriptionArn"]
    token = endpoint.next()[1]["Token"]
    sns.confirm_subscription(TopicArn=topic, Token=token)
    return str(arn)


def test_raw_with_a_content_type(atoll: Any, endpoint: Endpoint) -> None:
    sns = atoll.client("sns")
    topic = sns.create_topic(Name=unique())["TopicArn"]
    policy = json.dumps({"requestPolicy": {"headerContentType": "application/json"}})
    confirmed(sns, topic, endpoint, RawMessageDelivery="true", DeliveryPolicy=policy)
    sns.publish(TopicArn=topic, Message='{"a": 1}')
    headers, body = endpoint.next()
    assert body == {"a": 1}
    assert headers["content-type"] == "application/json"
    assert headers["x-amz-sns-rawdelivery"] == "true"


def test_a_failure_is_tried_again_and_then_given_up(atoll: Any, endpoint: Endpoint) -> None:
    sns, sqs = atoll.client("sns"), atoll.client("sqs")
    url = sqs.create_queue(QueueName=unique())["QueueUrl"]
    dead = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = sns.create_topic(Name=unique())["TopicArn"]
    policy = json.dumps({"healthyRetryPolicy": {"numRetries": 2, "numNoDelayRetries": 2}})
    confirmed(sns, topic, endpoint, DeliveryPolicy=policy, RedrivePolicy=json.dumps({"deadLetterTargetArn": dead}))
    endpoint.statuses = [500, 503]
    sns.publish(TopicArn=topic, Message="again")
    assert [endpoint.next()[1]["Message"] for _ in range(3)] == ["again"] * 3
    endpoint.statuses = [500, 500, 500]
    sns.publish(TopicArn=topic, Message="given up")
    [message] = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"]
    assert json.loads(message["Body"])["Message"] == "given up"
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert [endpoint.next()[1]["Message"] for _ in range(3)] == ["given up"] * 3
    # What is the endpoint's own refusal is final.
    endpoint.statuses = [404]
    sns.publish(TopicArn=topic, Message="refused")
    [message] = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"]
    assert json.loads(message["Body"])["Message"] == "refused"
    assert endpoint.next()[1]["Message"] == "refused"
    assert endpoint.posted.empty()


def test_private_networks_may_be_denied(atoll_with: Callable[..., Any], endpoint: Endpoint) -> None:
    with atoll_with("--temporary", "--deny-private-networks") as atoll:
        sns = atoll.client("sns")
        topic = sns.create_topic(Name=unique())["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint.url)
        assert "127.0.0.1 is in a private network" in atoll.wait_for_line(lambda line: "is not posted to" in line)
        assert endpoint.posted.empty()


def test_deliveries_outlive_the_process(atoll_with: Callable[..., Any], endpoint: Endpoint, folder: Any) -> None:
    """What could not be posted by then is posted by the next process."""
    policy = json.dumps({"healthyRetryPolicy": {"numRetries": 10, "minDelayTarget": 1, "maxDelayTarget": 1}})
    with atoll_with("--data", str(folder)) as atoll:
        sns = atoll.client("sns")
        topic = sns.create_topic(Name=unique())["TopicArn"]
        confirmed(sns, topic, endpoint, DeliveryPolicy=policy)
        endpoint.statuses = [500]
        sns.publish(TopicArn=topic, Message="later")
        assert endpoint.next()[1]["Message"] == "later"
    with atoll_with("--data", str(folder)):
        assert endpoint.next()[1]["Message"] == "later"


def test_a_fork_leaves_postings_to_its_original(
    atoll_with: Callable[..., Any], endpoint: Endpoint, tmp_path: Path
) -> None:
    policy = json.dumps({"healthyRetryPolicy": {"numRetries": 10, "minDelayTarget": 1, "maxDelayTarget": 1}})
    with atoll_with("--data", str(tmp_path / "data")) as atoll:
        sns = atoll.client("sns", "111111111111", "eu-central-1")
        topic = sns.create_topic(Name="t")["TopicArn"]
        confirmed(sns, topic, endpoint, DeliveryPolicy=policy)
        # It is not delivered before the fork is there.
        endpoint.statuses = [500] * 1000
        sns.publish(TopicArn=topic, Message="once")
        assert endpoint.next()[1]["Message"] == "once"
        file = str(tmp_path / "seeded.atoll")
        atoll.command("snapshot", "save", "111111111111", file)
        atoll.command("snapshot", "load", file, "--account", "333333333333")
        endpoint.statuses.clear()
        told: list[tuple[str, str]] = []
        fork = topic.replace("111111111111", "333333333333")
        atoll.client("sns", "333333333333", "eu-central-1").publish(TopicArn=fork, Message="of the fork")
        while not {(topic, "once"), (fork, "of the fork")} <= set(told):
            document = endpoint.next()[1]
            told.append((document["TopicArn"], document["Message"]))
        assert (fork, "once") not in told


# ---- signatures of what queues get


def test_a_queue_gets_a_signed_message(atoll: Any) -> None:
    sns, sqs = atoll.client("sns"), atoll.client("sqs")
    url = sqs.create_queue(QueueName=unique())["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = sns.create_topic(Name=unique())["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    sns.publish(TopicArn=topic, Message="m")
    [message] = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"]
    verify(json.loads(message["Body"]))


def test_there_is_no_other_certificate(atoll: Any) -> None:
    for name in ("00", "zz", "6e6f7768657265"):
        assert fetch(f"{atoll.url}/_aws/sns/SimpleNotificationService-{name}.pem")[0] == 404


# ---- realms


def test_a_closed_realm_shows_only_its_certificate(atoll_with: Callable[..., Any], endpoint: Endpoint) -> None:
    """Yet whoever follows a link in a message needs no key."""
    with atoll_with("--temporary", "--closed") as atoll:
        status, body = fetch(f"{atoll.url}/_aws/sns/sms-messages")
        assert (status, json.loads(body)) == (403, {"message": "Request is missing Authentication Token"})
        assert fetch(f"{atoll.url}/_aws/sns/SimpleNotificationService-64656661756c74.pem")[0] == 200
        sns = atoll.client("sns", **atoll.printed_keys())
        topic = sns.create_topic(Name=unique())["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint.url)
        asked = endpoint.next()[1]
        assert fetch(asked["SubscribeURL"])[0] == 200
        sns.publish(TopicArn=topic, Message="m")
        told = endpoint.next()[1]
        verify(told)
        assert fetch(told["UnsubscribeURL"])[0] == 200
        assert endpoint.next()[1]["Type"] == "UnsubscribeConfirmation"


@pytest.mark.parametrize("options", [(), ("--closed",)])
def test_links_lead_into_their_realm(
    atoll_with: Callable[..., Any], endpoint: Endpoint, tmp_path: Path, options: tuple[str, ...]
) -> None:
    """Whose keys say which it is, while who follows a link has none."""
    manifest = tmp_path / "a.yaml"
    manifest.write_text(
        "apiVersion: atoll.dev/v1alpha1\nkind: Account\nmetadata: {name: a}\n"
        "spec: {realm: preview-7, accountId: '111111111111', credentials: {secretName: a}}\n"
    )
    with atoll_with("--data", str(tmp_path / "data"), "-f", str(manifest), *options) as atoll:
        token = (tmp_path / "data" / "control-token").read_text().strip()
        sns = atoll.client("sns", **atoll.keys_of("a", "preview-7", token))
        topic = sns.create_topic(Name=unique())["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint.url)
        asked = endpoint.next()[1]
        verify(asked)
        assert fetch(asked["SubscribeURL"])[0] == 200
        assert fetch(asked["SubscribeURL"].replace("preview-7", "preview-8"))[0] != 200
        sns.publish(TopicArn=topic, Message="m")
        assert fetch(endpoint.next()[1]["UnsubscribeURL"])[0] == 200
        assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []
        for protocol in ("email", "email-json"):
            sns.subscribe(TopicArn=topic, Protocol=protocol, Endpoint="a@example.com")
            where = f"realm=preview-7&account=111111111111&region={sns.meta.region_name}&kind=email"
            kept = fetch(f"{atoll.url}/_atoll/v1/messages?{where}", token=token)[1]
            text = json.loads(kept)["items"][-1]["message"]
            if protocol == "email-json":
                verify(json.loads(text))
                link = json.loads(text)["SubscribeURL"]
            else:
                link = text.rpartition(" ")[2]
            assert fetch(link)[0] == 200
        assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["SubscriptionsConfirmed"] == "2"
        # Of all that there is a link leads to no more.
        listing = fetch(f"{atoll.url}/?Action=ListTopics&Version=2010-03-31&X-Atoll-Realm=preview-7")
        assert listing[0] == 403
