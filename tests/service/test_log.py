"""One line a call; what went wrong here is told to the log, with its request id, and not to the caller."""

from __future__ import annotations

import http.client
import json
import re
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ReadTimeoutError

TEXT = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) (?P<id>[0-9a-f-]{36}) default (?P<caller>\d{12}/[a-z0-9-]+) "
    r"(?P<call>\S+\.\S+)(?: -> (?P<target>\d{12}/[a-z0-9-]+))? (?P<status>\d{3}) (?P<ms>\d+\.\d) ms"
)


def request_id(answer: dict[str, Any]) -> str:
    id = answer["ResponseMetadata"]["RequestId"]
    assert isinstance(id, str)
    return id


def test_a_line_of_text_for_each_call(atoll_with: Any) -> None:
    with atoll_with("--temporary") as atoll:
        made = atoll.client("sqs").create_queue(QueueName="q")
        url = made["QueueUrl"]
        crossed = atoll.client("sqs", "222222222222", "eu-central-1").send_message(QueueUrl=url, MessageBody="x")
        with pytest.raises(ClientError) as caught:
            atoll.client("sqs").get_queue_url(QueueName="none")
        for answer, caller, call, target, status in (
            (made, "111111111111/ap-south-1", "sqs.CreateQueue", None, "200"),
            (crossed, "222222222222/eu-central-1", "sqs.SendMessage", "111111111111/ap-south-1", "200"),
            (caught.value.response, "111111111111/ap-south-1", "sqs.GetQueueUrl", None, "400"),
        ):
            id = request_id(answer)
            line = TEXT.fullmatch(atoll.wait_for_line(lambda line, id=id: id in line))
            assert line is not None
            assert (line["id"], line["caller"], line["call"]) == (id, caller, call)
            assert (line["target"], line["status"]) == (target, status)
            assert 0 < float(line["ms"]) < 5000
            assert sum(id in line for line in atoll.lines) == 1


def test_a_line_of_json_for_each_call(atoll_with: Any) -> None:
    with atoll_with("--temporary", "--log-format", "json") as atoll:
        url = atoll.client("sqs").create_queue(QueueName="q")["QueueUrl"]
        crossed = atoll.client("sqs", "222222222222", "eu-central-1").send_message(QueueUrl=url, MessageBody="x")
        id = request_id(crossed)
        entry = json.loads(atoll.wait_for_line(lambda line: id in line))
        assert 0 < entry.pop("ms") < 5000
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", entry.pop("time"))
        assert entry.pop("principal") == "arn:aws:iam::222222222222:root"
        assert entry == {
            "requestId": id,
            "realm": "default",
            "caller": "222222222222/eu-central-1",
            "call": "sqs.SendMessage",
            "target": "111111111111/ap-south-1",
            "status": 200,
        }
        atoll.stop()
        others = [line for line in atoll.lines if line != "Ready."]
        assert all(isinstance(json.loads(line), dict) for line in others)


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_failure_of_ours(atoll_with: Any, folder: Path, log_format: str) -> None:
    broken = folder / "tenants/default/111111111111/ap-south-1"
    broken.mkdir(parents=True)
    (broken / "tenant.sqlite").write_bytes(b"not a database " * 1000)
    with atoll_with("--data", str(folder), "--log-format", log_format, "--log-level", "warning") as atoll:
        with pytest.raises(ClientError) as caught:
            atoll.client("sqs").create_queue(QueueName="q")
        answer = caught.value.response
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 500
        assert answer["Error"]["Code"] == "InternalFailure"
        assert answer["Error"]["Message"] == (
            "The request processing has failed because of an unknown error, exception or failure."
        )
        assert answer["Error"].get("Type", "Receiver") == "Receiver"
        for inside in ("sqlite", "apsw", "Traceback", str(folder)):
            assert inside not in json.dumps(answer)
        id = request_id(answer)
        atoll.wait_for_line(lambda line: id in line and "500" in line)
        atoll.wait_for_line(lambda line: "NotADBError" in line)
        atoll.stop()
        log = "\n".join(atoll.lines)
        assert "Traceback (most recent call last)" in log
        assert log.index(id) < log.index("Traceback")
        if log_format == "json":
            assert all(isinstance(json.loads(line), dict) for line in atoll.lines if line != "Ready.")
    # Other tenants are served all the same.
    with atoll_with("--data", str(folder)) as atoll:
        atoll.client("sqs", "222222222222").create_queue(QueueName="q")


def ask(atoll: Any, method: str, path: str, headers: dict[str, str], body: bytes | None = None) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", int(atoll.url.rpartition(":")[2]), timeout=20)
    try:
        connection.request(method, path, body, headers)
        return connection.getresponse().status
    finally:
        connection.close()


def test_a_line_for_what_is_no_call_or_is_refused_early(atoll_with: Any) -> None:
    issuer = "/_atoll/realms/default/.well-known/openid-configuration"
    long = {"X-Amz-Target": "AmazonSQS.ListQueues", "Content-Length": str(1 << 30)}
    with atoll_with("--temporary") as atoll:
        assert ask(atoll, "POST", "/", {"Origin": "https://evil.example"}) == 403
        assert ask(atoll, "GET", issuer, {}) == 200
        assert ask(atoll, "POST", "/", long) == 413
        for told in (" - - -.- 403 ", " - - atoll.- 200 ", " - - sqs.ListQueues 413 "):
            atoll.wait_for_line(lambda line, told=told: told in line)


@pytest.mark.parametrize("level", ["info", "warning"])
def test_a_client_that_goes_away_is_no_failure_of_ours(atoll_with: Any, level: str) -> None:
    with atoll_with("--temporary", "--log-level", level) as atoll:
        url = atoll.client("sqs").create_queue(QueueName="q")["QueueUrl"]
        impatient = Config(read_timeout=0.3, retries={"max_attempts": 0})
        with pytest.raises(ReadTimeoutError):
            atoll.client("sqs", config=impatient).receive_message(QueueUrl=url, WaitTimeSeconds=20)
        if level == "info":
            atoll.wait_for_line(lambda line: " sqs.ReceiveMessage 499 " in line)
        atoll.stop()
        assert level == "info" or "sqs.ReceiveMessage" not in "\n".join(atoll.lines)


def test_quiet_levels_leave_calls_out(atoll_with: Any) -> None:
    with atoll_with("--temporary", "--log-level", "warning") as atoll:
        id = request_id(atoll.client("sqs").create_queue(QueueName="q"))
        atoll.stop()
        assert id not in "\n".join(atoll.lines)
