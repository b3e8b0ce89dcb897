"""LocalStack's paths of a running Atoll, over HTTP as its clients call them, and init scripts around its life."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any


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


def test_kill_ends_it_in_order(atoll_with: Any) -> None:
    with atoll_with("--temporary") as atoll:
        assert ask(atoll.url, "/_localstack/health", "POST", b'{"action": "restart"}')[0] == 501
        assert ask(atoll.url, "/_localstack/health", "POST", b'{"action": "kill"}')[0] == 200
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
