"""Hosts and queue URLs: every form that is understood, the forms that are issued, and realms by Host."""

from __future__ import annotations

import http.client
import json
import urllib.parse
import xml.etree.ElementTree as ElementTree
from typing import Any
from uuid import uuid4

import pytest

ACCOUNT, REGION = "111111111111", "ap-south-1"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/x-amz-json-1.0"}
NAMESPACE = "{http://queue.amazonaws.com/doc/2012-11-05/}"


def signed(account: str = ACCOUNT, region: str = REGION, service: str = "sqs") -> dict[str, str]:
    """An access key that nobody issued: an open realm reads its scope and nothing else."""
    scope = f"{account}/20260101/{region}/{service}/aws4_request"
    return {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"}


class Answer:
    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    def json(self) -> Any:
        assert self.status == 200, self.body
        return json.loads(self.body)

    def text_of(self, name: str) -> str:
        found = ElementTree.fromstring(self.body).find(f".//{NAMESPACE}{name}")
        assert found is not None, self.body
        return found.text or ""


def send(atoll: Any, method: str, url: str, headers: dict[str, str] | None = None, body: str = "") -> Answer:
    """A request to Atoll that is addressed to whatever host `url` names."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection("127.0.0.1", int(atoll.url.rpartition(":")[2]), timeout=20)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request(method, target or "/", body or None, {"Host": parts.netloc, **(headers or {})})
        response = connection.getresponse()
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
    finally:
        connection.close()


def call(atoll: Any, url: str, operation: str, headers: dict[str, str], **params: Any) -> Any:
    target = {"X-Amz-Target": f"AmazonSQS.{operation}"}
    return send(atoll, "POST", url, {**JSON, **target, **headers}, json.dumps(params)).json()


def port_of(atoll: Any) -> str:
    port: str = atoll.url.rpartition(":")[2]
    return port


@pytest.mark.parametrize(
    ("style", "host", "issued"),
    [
        ("standard", "localhost", "http://sqs.ap-south-1.localhost:{port}/111111111111/{name}"),
        ("domain", "localhost", "http://ap-south-1.queue.localhost:{port}/111111111111/{name}"),
        (
            "path",
            "sqs.ap-south-1.localhost",
            "http://sqs.ap-south-1.localhost:{port}/queue/ap-south-1/111111111111/{name}",
        ),
        ("off", "localhost", "http://localhost:{port}/111111111111/{name}"),
        ("dynamic", "localhost", "http://localhost:{port}/queue/ap-south-1/111111111111/{name}"),
        ("dynamic", "sqs.ap-south-1.localhost", "http://sqs.ap-south-1.localhost:{port}/111111111111/{name}"),
    ],
)
def test_styles_of_queue_urls(atoll_with: Any, style: str, host: str, issued: str) -> None:
    with atoll_with("--temporary", "--queue-url-style", style) as atoll:
        port = port_of(atoll)
        url = call(atoll, f"http://{host}:{port}/", "CreateQueue", signed(), QueueName="q")["QueueUrl"]
        assert url == issued.format(port=port, name="q")
        call(atoll, f"http://{host}:{port}/", "SendMessage", signed(), QueueUrl=url, MessageBody="x")
        # Posted to the address itself, unsigned: where it says no region, that is the default one.
        unsigned = send(atoll, "POST", url, FORM, "Action=ReceiveMessage&Version=2012-11-05")
        if style == "off":
            assert unsigned.status == 400
            assert unsigned.text_of("Code") == "AWS.SimpleQueueService.NonExistentQueue"
        else:
            assert unsigned.text_of("Body") == "x"


def test_a_public_host(atoll_with: Any) -> None:
    with atoll_with("--temporary", "--public-host", "aws.example:80") as atoll:
        sqs = atoll.client("sqs")
        url = sqs.create_queue(QueueName="q")["QueueUrl"]
        assert url == f"http://aws.example:80/queue/{REGION}/{ACCOUNT}/q"
        sqs.send_message(QueueUrl=url, MessageBody="x")


@pytest.mark.parametrize(
    "form",
    [
        "http://localhost:{port}/queue/{region}/{account}/{name}",
        "http://127.0.0.1:{port}/queue/{region}/{account}/{name}",
        "http://sqs.{region}.localhost:{port}/{account}/{name}",
        "http://sqs.{region}.localhost.localstack.cloud:{port}/{account}/{name}",
        "http://{region}.queue.localhost:{port}/{account}/{name}",
        "https://sqs.{region}.amazonaws.com/{account}/{name}",
        "https://{region}.queue.amazonaws.com/{account}/{name}",
    ],
)
def test_forms_of_one_queue(atoll: Any, form: str) -> None:
    name = f"q-{uuid4()}"
    atoll.client("sqs").create_queue(QueueName=name)
    url = form.format(port=port_of(atoll), region=REGION, account=ACCOUNT, name=name)
    other = atoll.client("sqs", "222222222222", "eu-central-1")
    other.send_message(QueueUrl=url, MessageBody="by parameter")
    posted = send(atoll, "POST", url, FORM, "Action=SendMessage&Version=2012-11-05&MessageBody=posted")
    assert posted.status == 200
    got = send(atoll, "GET", f"{url}?Action=SendMessage&Version=2012-11-05&MessageBody=got%20it&DelaySeconds=0")
    assert got.status == 200
    found = other.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert sorted(message["Body"] for message in found) == ["by parameter", "got it", "posted"]


def test_forms_without_a_region(atoll: Any) -> None:
    name = f"q-{uuid4()}"
    atoll.client("sqs").create_queue(QueueName=name)
    atoll.client("sqs", region="us-east-1").create_queue(QueueName=name)
    port = port_of(atoll)
    body = "Action=GetQueueAttributes&Version=2012-11-05&AttributeName.1=QueueArn"

    def arn(url: str, **headers: str) -> str:
        return send(atoll, "POST", url, {**FORM, **headers}, body).text_of("Value")

    plain = f"http://localhost:{port}/{ACCOUNT}/{name}"
    assert arn(plain, **signed()) == f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
    assert arn(plain) == f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"
    # That of queue.HOST is always us-east-1.
    assert (
        arn(f"http://queue.localhost:{port}/{ACCOUNT}/{name}", **signed()) == f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"
    )


def test_the_region_in_a_host(atoll: Any) -> None:
    name = f"q-{uuid4()}"
    url = f"http://sqs.eu-west-3.localhost:{port_of(atoll)}/"
    made = send(atoll, "GET", f"{url}?Action=CreateQueue&Version=2012-11-05&QueueName={name}")
    assert made.text_of("QueueUrl").startswith(f"http://sqs.eu-west-3.localhost:{port_of(atoll)}/000000000000/")
    owner = atoll.client("sqs", "000000000000", "eu-west-3")
    assert owner.get_queue_url(QueueName=name)
    # The credential's scope is what the caller signed for.
    named = call(atoll, url, "ListQueues", signed("000000000000", "eu-west-2"), QueueNamePrefix=name)
    assert named == {}


def test_realms_by_host(atoll: Any) -> None:
    for host in ("aws.nowhere.localhost", "sqs.eu-central-1.aws.nowhere.svc.cluster.local"):
        answer = send(atoll, "POST", f"http://{host}/", {**FORM, **signed()}, "Action=ListQueues&Version=2012-11-05")
        assert answer.status == 403
        assert "There is no realm 'nowhere' here." in answer.text_of("Message")
    for host in ("aws.default.localhost", "sqs.ap-south-1.aws.default.localhost", "aws.example.com.localhost"):
        wanted = 403 if "example" in host else 200
        answer = send(atoll, "POST", f"http://{host}/", {**FORM, **signed()}, "Action=ListQueues&Version=2012-11-05")
        assert answer.status == wanted


def test_an_issued_key_knows_its_realm(atoll: Any) -> None:
    credentials = atoll.client("sts").get_session_token()["Credentials"]
    named = {
        "aws_access_key_id": credentials["AccessKeyId"],
        "aws_secret_access_key": credentials["SecretAccessKey"],
        "aws_session_token": credentials["SessionToken"],
    }
    sts = atoll.client("sts", **named)

    def address(request: Any, **_: Any) -> None:
        request.headers["Host"] = "aws.other.localhost"

    sts.meta.events.register("before-sign.sts.GetCallerIdentity", address)
    with pytest.raises(sts.exceptions.ClientError, match=r"not one of the realm|There is no realm") as caught:
        sts.get_caller_identity()
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_accounts_in_access_keys(atoll: Any) -> None:
    def account(key: str) -> str:
        found: str = atoll.client("sts", key).get_caller_identity()["Account"]
        return found

    assert account("123456789012") == "123456789012"
    assert account("LKIAQAAAAAAAQAAAAAAA") == "000000000001"
    assert account("LSIAQAAAAAAAQAAAAAAA") == "000000000001"
    for key in ("test", "AKIAQAAAAAAAQAAAAAAA", "ASIAQAAAAAAAQAAAAAAA", "12345678901", "1234567890123"):
        assert account(key) == "000000000000"


def test_a_region_is_what_callers_may_sign_for(atoll: Any) -> None:
    local = {**JSON, **signed(region="local")}
    url = call(atoll, atoll.url, "CreateQueue", local, QueueName="of-local")["QueueUrl"]
    assert "/queue/local/" in url
    shown = call(atoll, atoll.url, "GetQueueAttributes", signed(), QueueUrl=url, AttributeNames=["QueueArn"])
    assert shown["Attributes"]["QueueArn"] == "arn:aws:sqs:local:111111111111:of-local"


@pytest.mark.parametrize("region", ["aws-global", "--", "0", "a" * 33])
def test_a_queue_in_a_region_that_cannot_be_is_not_there(atoll: Any, region: str) -> None:
    sqs = atoll.client("sqs")
    sqs.create_queue(QueueName="of-ones-own")
    url = f"{atoll.url}/queue/{region}/111111111111/of-ones-own"
    for operation in (sqs.get_queue_attributes, sqs.delete_queue, sqs.receive_message):
        with pytest.raises(sqs.exceptions.QueueDoesNotExist):
            operation(QueueUrl=url)
    with pytest.raises(sqs.exceptions.ResourceNotFoundException):
        sqs.start_message_move_task(SourceArn=f"arn:aws:sqs:{region}:111111111111:of-ones-own")
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.get_queue_url(QueueName="of-ones-own", QueueOwnerAWSAccountId="1")


def test_a_call_by_its_query_string(atoll: Any) -> None:
    url = f"{atoll.url}/?Action=GetCallerIdentity&Version=2011-06-15"
    answer = send(atoll, "GET", url, signed(service="sts"))
    assert answer.status == 200
    assert b"<Account>111111111111</Account>" in answer.body
    of_sqs = "?X-Amz-Credential=111111111111%2F20260101%2Fap-south-1%2Fsqs%2Faws4_request"
    for text, status, told in (("", 400, b"MissingAction"), (of_sqs, 404, b"UnknownOperationException")):
        answer = send(atoll, "GET", f"{atoll.url}/{text}")
        assert answer.status == status
        assert told in answer.body


def test_bodies_have_room_for_what_aws_takes_and_little_more(atoll: Any) -> None:
    assertion = "Action=AssumeRoleWithSAML&Version=2011-06-15&SAMLAssertion=" + "%2B" * 100_000
    answer = send(atoll, "POST", atoll.url, {**FORM, **signed(service="sts")}, assertion)
    assert answer.status == 400
    url = call(atoll, atoll.url, "CreateQueue", signed(), QueueName="of-long-bodies")["QueueUrl"]
    sent = "Action=SendMessage&Version=2012-11-05&MessageBody=" + "%2B" * (1 << 20)
    assert send(atoll, "POST", url, {**FORM, **signed()}, sent).status == 200
    policy = "Action=SetQueueAttributes&Version=2012-11-05&Attribute.1.Name=Policy&Attribute.1.Value=" + "x" * 600_000
    answer = send(atoll, "POST", url, {**FORM, **signed()}, policy)
    assert answer.status == 413
    assert b"<Code>RequestEntityTooLarge</Code>" in answer.body


def test_a_version_that_there_is_not(atoll: Any) -> None:
    answer = send(atoll, "GET", f"{atoll.url}/?Action=GetCallerIdentity&Version=1999-01-01", signed(service="sts"))
    assert answer.status == 400
    assert b"<Message>Could not find operation GetCallerIdentity for version 1999-01-01</Message>" in answer.body
    url = call(atoll, atoll.url, "CreateQueue", signed(), QueueName="of-no-version")["QueueUrl"]
    assert send(atoll, "POST", url, FORM, "Action=GetQueueAttributes").status == 200


def test_a_presigned_call(atoll: Any) -> None:
    credentials = atoll.client("sts").get_session_token()["Credentials"]
    sts = atoll.client(
        "sts",
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )
    url = sts.generate_presigned_url("get_caller_identity", HttpMethod="GET")
    answer = send(atoll, "GET", url)
    assert answer.status == 200
    assert b"<Account>111111111111</Account>" in answer.body
    answer = send(atoll, "GET", url.replace("X-Amz-Expires=3600", "X-Amz-Expires=3601"))
    assert answer.status == 403
    assert b"<Code>SignatureDoesNotMatch</Code>" in answer.body
