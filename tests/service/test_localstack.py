"""LocalStack's paths of a running Atoll, over HTTP as its clients call them, and init scripts around its life."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from botocore.exceptions import ClientError


def ask(url: str, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> tuple[int, str, str]:
    """Status, content type, body."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url + path, body, named, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.headers.get("Content-Type", ""), answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers.get("Content-Type", ""), error.read().decode()


def document(url: str, path: str) -> Any:
    status, kind, body = ask(url, path)
    assert (status, kind) == (200, "application/json")
    return json.loads(body)


def test_health_and_info(atoll: Any) -> None:
    atoll.client("sqs").list_queues()
    health = document(atoll.url, "/_localstack/health")
    assert health["services"]["sqs"] == "running"
    assert health["services"]["dynamodb"] == "disabled"
    assert ask(atoll.url, "/_localstack/health", "HEAD")[0::2] == (200, "")
    info = document(atoll.url, "/_localstack/info")
    assert info["version"] == health["version"]
    assert ask(atoll.url, "/_localstack/none")[0] == 404


def test_a_service_is_available_until_it_is_called(atoll_with: Any) -> None:
    with atoll_with("--temporary") as atoll:
        assert document(atoll.url, "/_localstack/health")["services"]["sts"] == "available"
        atoll.client("sts").get_caller_identity()
        assert document(atoll.url, "/_localstack/health")["services"]["sts"] == "running"


def test_a_reset_leaves_nothing_and_atoll_goes_on(atoll_with: Any) -> None:
    with atoll_with("--temporary") as atoll:
        for account, region in (("111111111111", "ap-south-1"), ("222222222222", "eu-central-1")):
            client = atoll.client("sqs", account, region)
            client.send_message(QueueUrl=client.create_queue(QueueName="q")["QueueUrl"], MessageBody="gone")
        assert ask(atoll.url, "/_localstack/state/reset", "POST")[0] == 200
        for account, region in (("111111111111", "ap-south-1"), ("222222222222", "eu-central-1")):
            client = atoll.client("sqs", account, region)
            assert "QueueUrls" not in client.list_queues()
            url = client.create_queue(QueueName="q")["QueueUrl"]
            assert "Messages" not in client.receive_message(QueueUrl=url)


def test_a_closed_realm_is_neither_reset_nor_looked_into(atoll_with: Any) -> None:
    with atoll_with("--temporary", "--closed") as atoll:
        assert ask(atoll.url, "/_localstack/state/reset", "POST")[0] == 403
        client = atoll.client("sqs", **atoll.printed_keys())
        url = client.create_queue(QueueName="q")["QueueUrl"]
        status, _, body = ask(atoll.url, f"/_aws/sqs/messages?QueueUrl={quote(url)}")
        assert (status, "AccessDenied" in body or "MissingAuthenticationToken" in body) == (403, True)
        with pytest.raises(ClientError, match="is not open"):
            peeking(atoll, **atoll.printed_keys()).receive_message(QueueUrl=url)


# ---- a queue's messages


def peeking(atoll: Any, **options: Any) -> Any:
    """A client whose endpoint is LocalStack's developer endpoint."""
    return atoll.client("sqs", endpoint_url=f"{atoll.url}/_aws/sqs/messages", **options)


def query(url: str, **params: str) -> str:
    return f"/_aws/sqs/messages?{urlencode({'QueueUrl': url, **params})}"


def peek_json(atoll: Any, path: str) -> Any:
    status, kind, body = ask(atoll.url, path, Accept="application/json")
    assert kind == "application/json"
    return status, json.loads(body)


@pytest.fixture
def queue(positions: Any, request: pytest.FixtureRequest) -> str:
    name = f"peek-{positions.position}-{len(request.node.name)}-{request.node.originalname[-20:]}"
    url: str = positions.owner("sqs").create_queue(QueueName=name)["QueueUrl"]
    return url


def test_an_sdk_whose_endpoint_it_is_sees_messages(positions: Any, queue: str) -> None:
    attributes = {"a": {"DataType": "Binary", "BinaryValue": b"\x00"}}
    owner = positions.owner("sqs")
    sent = owner.send_message(QueueUrl=queue, MessageBody="hello", MessageAttributes=attributes)
    account, region = positions.caller_account, positions.caller_region
    for _ in range(2):
        [message] = peeking(positions.atoll, account=account, region=region).receive_message(QueueUrl=queue)["Messages"]
        assert (message["MessageId"], message["Body"]) == (sent["MessageId"], "hello")
        assert message["ReceiptHandle"] == "SQS/BACKDOOR/ACCESS"
        assert message["Attributes"]["ApproximateReceiveCount"] == "0"
        assert message["MessageAttributes"] == attributes
    [received] = owner.receive_message(QueueUrl=queue, AttributeNames=["All"])["Messages"]
    assert received["Attributes"]["ApproximateReceiveCount"] == "1"


def test_an_old_sdk_is_answered_in_the_query_protocol(positions: Any, queue: str) -> None:
    positions.owner("sqs").send_message(QueueUrl=queue, MessageBody="a & b")
    form = urlencode({"Action": "ReceiveMessage", "Version": "2012-11-05", "QueueUrl": queue}).encode()
    kind = "application/x-www-form-urlencoded"
    status, answered, body = ask(positions.atoll.url, "/_aws/sqs/messages", "POST", form, Content_Type=kind)
    assert (status, answered) == (200, "text/xml")
    assert "<Body>a &amp; b</Body>" in body


def test_messages_as_xml_and_json_by_url_and_by_path(positions: Any, queue: str) -> None:
    atoll, owner = positions.atoll, positions.owner("sqs")
    account, name = queue.split("/")[-2:]
    paths = (query(queue), f"/_aws/sqs/messages/{positions.owner_region}/{account}/{name}")
    for path in paths:
        assert peek_json(atoll, path)[1]["ReceiveMessageResponse"]["ReceiveMessageResult"] is None
    for body in ("one", "two"):
        owner.send_message(QueueUrl=queue, MessageBody=body)
    for path in paths:
        status, kind, text = ask(atoll.url, path)
        assert (status, kind) == (200, "text/xml")
        assert text.index("<Body>one</Body>") < text.index("<Body>two</Body>")
        messages = peek_json(atoll, path)[1]["ReceiveMessageResponse"]["ReceiveMessageResult"]["Message"]
        assert [message["Body"] for message in messages] == ["one", "two"]
        assert {"Name": "SenderId", "Value": positions.owner_account} in messages[0]["Attribute"]


def test_invisible_and_delayed_messages_when_asked_for(positions: Any, queue: str) -> None:
    owner = positions.owner("sqs")
    attributes = {"a": {"DataType": "Binary", "BinaryValue": b"\x00"}}
    owner.send_message(QueueUrl=queue, MessageBody="in flight", MessageAttributes=attributes)
    owner.receive_message(QueueUrl=queue)
    owner.send_message(QueueUrl=queue, MessageBody="delayed", DelaySeconds=900)
    assert "<Message>" not in ask(positions.atoll.url, query(queue))[2]
    shown = peek_json(positions.atoll, query(queue, ShowInvisible="True"))[1]
    message = shown["ReceiveMessageResponse"]["ReceiveMessageResult"]["Message"]
    assert message["Body"] == "in flight"
    assert {"Name": "IsVisible", "Value": "false"} in message["Attribute"]
    assert message["MessageAttribute"] == {"Name": "a", "Value": {"BinaryValue": "AA==", "DataType": "Binary"}}
    shown = peek_json(positions.atoll, query(queue, ShowDelayed="1"))[1]
    message = shown["ReceiveMessageResponse"]["ReceiveMessageResult"]["Message"]
    assert message["Body"] == "delayed"
    assert {"Name": "IsDelayed", "Value": "true"} in message["Attribute"]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/_aws/sqs/messages", "MissingParameter"),
        ("/_aws/sqs/messages?QueueUrl=x", "InvalidAddress"),
        ("/_aws/sqs/messages/us-east-1/000000000000/none", "AWS.SimpleQueueService.NonExistentQueue"),
        ("/_aws/sqs/messages/us-east-1/none", "InvalidAddress"),
        ("/_aws/sqs/messages?Action=SendMessage&QueueUrl=x", "InvalidRequest"),
        (f"/_aws/sqs/messages?{'a=b&' * 200}", "MalformedQueryString"),
    ],
)
def test_what_cannot_be_looked_at(atoll: Any, path: str, code: str) -> None:
    status, kind, text = ask(atoll.url, path)
    assert kind == "text/xml"
    assert 400 <= status < 500
    assert f"<Code>{code}</Code>" in text
    assert peek_json(atoll, path)[0] == status
    assert peek_json(atoll, path)[1]["ErrorResponse"]["Error"]["Code"] == code


def test_an_sdk_is_told_errors_in_its_protocol(atoll: Any) -> None:
    client = peeking(atoll)
    with pytest.raises(client.exceptions.QueueDoesNotExist):
        client.receive_message(QueueUrl=f"{atoll.url}/000000000000/none")
    with pytest.raises(ClientError, match="InvalidRequest"):
        client.list_queues()


def test_kill_ends_it_in_order(atoll_with: Any) -> None:
    with atoll_with("--temporary") as atoll:
        assert ask(atoll.url, "/_localstack/health", "POST", b'{"action": "kill"}')[0] == 200
        assert atoll.process.wait(20) == 0


def test_restart_starts_it_anew_with_what_it_kept(atoll_with: Any, tmp_path: Path) -> None:
    with atoll_with("--data", str(tmp_path / "data")) as atoll:
        atoll.client("sqs").create_queue(QueueName="kept")
        first = atoll.lines.index("Ready.")
        assert ask(atoll.url, "/_localstack/health", "POST", b'{"action": "restart"}')[0] == 200
        atoll.wait_for_line(lambda _: "Ready." in atoll.lines[first + 1 :])
        # The port was left to be picked, so there is another one now.
        again = [url for line in atoll.lines[first:] for url in re.findall(r"listens on (http://\S+)", line)]
        assert len(again) == 1
        client = atoll.client("sqs", endpoint_url=again[0])
        assert [url.rpartition("/")[2] for url in client.list_queues()["QueueUrls"]] == ["kept"]
        assert atoll.stop() == 0


def test_a_closed_one_is_restarted_and_ended_with_its_token_only(atoll_with: Any, tmp_path: Path) -> None:
    with atoll_with("--data", str(tmp_path), "--closed") as atoll:
        for action in (b'{"action": "kill"}', b'{"action": "restart"}'):
            assert ask(atoll.url, "/_localstack/health", "POST", action)[0] == 403
            assert ask(atoll.url, "/_localstack/health", "POST", action, Authorization="Bearer x")[0] == 403
        bearer = f"Bearer {(tmp_path / 'control-token').read_text().strip()}"
        assert ask(atoll.url, "/_localstack/health", "POST", b'{"action": "kill"}', Authorization=bearer)[0] == 200
        assert atoll.process.wait(20) == 0


READY = """
import boto3
print("made", boto3.client("sqs").create_queue(QueueName="seeded")["QueueUrl"], "Ready.")
"""


def test_init_scripts_run_around_its_life(atoll_with: Any, tmp_path: Path) -> None:
    for stage in ("boot", "start", "shutdown"):
        script = tmp_path / f"{stage}.d" / f"{stage}.sh"
        script.parent.mkdir()
        script.write_text(f"#!/bin/sh\necho Ready for {stage} ${{AWS_ENDPOINT_URL#*:}}\n")
        script.chmod(0o755)
    (tmp_path / "ready.d").mkdir()
    (tmp_path / "ready.d" / "seed.py").write_text(READY)
    with atoll_with("--temporary", environment={"ATOLL_INIT_FOLDER": str(tmp_path)}) as atoll:
        atoll.wait_for_line(lambda line: "seed.py: made" in line)
        before = "\n".join(atoll.lines[: atoll.lines.index("Ready.")])
        assert before.index("for boot") < before.index("for start")
        assert "Ready" not in before
        while not document(atoll.url, "/_localstack/init/ready")["completed"]:
            pass
        assert document(atoll.url, "/_localstack/init") == {
            "completed": {"BOOT": True, "START": True, "READY": True, "SHUTDOWN": False},
            "scripts": [
                {"stage": "BOOT", "name": "boot.sh", "state": "SUCCESSFUL"},
                {"stage": "START", "name": "start.sh", "state": "SUCCESSFUL"},
                {"stage": "READY", "name": "seed.py", "state": "SUCCESSFUL"},
                {"stage": "SHUTDOWN", "name": "shutdown.sh", "state": "UNKNOWN"},
            ],
        }
        [url] = atoll.client("sqs", "000000000000", "us-east-1").list_queues()["QueueUrls"]
        assert url.endswith("/seeded")
        assert atoll.stop() == 0
        port = atoll.url.rpartition(":")[2]
        assert any(f"shutdown.sh: Ready for shutdown //localhost:{port}" in line for line in atoll.lines)


def test_a_script_that_does_not_end_holds_up_no_end(atoll_with: Any, tmp_path: Path) -> None:
    (tmp_path / "ready.d").mkdir()
    (tmp_path / "ready.d" / "wait.sh").write_text("echo waiting\nsleep 1000\n")
    with atoll_with("--temporary", environment={"ATOLL_INIT_FOLDER": str(tmp_path)}) as atoll:
        atoll.wait_for_line(lambda line: "wait.sh: waiting" in line)
        assert document(atoll.url, "/_localstack/init/ready")["scripts"][0]["state"] == "RUNNING"
        assert atoll.stop() == 0


def test_who_ends_it_while_it_boots_is_not_told_that_it_is_ready(atoll_launched: Any, tmp_path: Path) -> None:
    (tmp_path / "boot.d").mkdir()
    (tmp_path / "boot.d" / "wait.sh").write_text('echo "endpoint: $AWS_ENDPOINT_URL."\nsleep 1000\n')
    atoll = atoll_launched("--port", "0", "--temporary", environment={"ATOLL_INIT_FOLDER": str(tmp_path)})
    try:
        assert "endpoint: ." in atoll.wait_for_line(lambda line: "endpoint: " in line)
    finally:
        code = atoll.stop()
    assert code == 0
    assert not [line for line in atoll.lines if "Ready" in line or "listens" in line]
