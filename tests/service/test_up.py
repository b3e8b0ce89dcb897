"""`atoll up` as a user starts it: what it prints, what it refuses and with which words, what a restart keeps."""

from __future__ import annotations

import json
import re
import resource
import socket
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil
import pytest
from botocore.exceptions import ClientError


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_ready_stands_alone_and_nothing_before_says_it(atoll_with: Any, log_format: str) -> None:
    with atoll_with("--temporary", "--closed", "--log-format", log_format) as atoll:
        atoll.client("sts", **atoll.printed_keys()).get_caller_identity()
        before, after = atoll.lines[: atoll.lines.index("Ready.")], atoll.lines[atoll.lines.index("Ready.") + 1 :]
        assert not [line for line in before if "ready" in line.lower()]
        assert any(f"127.0.0.1:{atoll.url.rpartition(':')[2]}" in line for line in before)
        assert "Ready." not in after
        if log_format == "json":
            assert all(isinstance(json.loads(line), dict) for line in before)


def test_nothing_before_says_it_whatever_the_folder_is_called(atoll_with: Any, tmp_path: Path) -> None:
    with atoll_with("--data", str(tmp_path / "Ready-data")) as atoll:
        assert (tmp_path / "Ready-data" / "VERSION").exists()
        assert not [line for line in atoll.lines[: atoll.lines.index("Ready.")] if "Ready" in line]


def test_the_port_that_was_picked_answers(atoll_with: Any) -> None:
    with atoll_with("--temporary") as atoll:
        port = int(atoll.url.rpartition(":")[2])
        assert port not in (0, 4566)
        socket.create_connection(("127.0.0.1", port), 5).close()


def test_a_port_that_is_taken(atoll_refusing: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, output = atoll_refusing("--temporary", "--port", str(port))
    assert code == 1
    assert f"Port {port} of 127.0.0.1 is taken" in output
    assert "--port" in output
    assert "Traceback" not in output
    assert "Ready." not in output


def test_a_folder_in_use(atoll_with: Any, atoll_refusing: Any, folder: Path) -> None:
    with atoll_with("--data", str(folder)) as atoll:
        code, output = atoll_refusing("--port", "0", "--data", str(folder))
        assert code == 1
        assert f"{folder} is in use by process {atoll.process.pid}" in output
        assert "--data" in output
        assert "Traceback" not in output
        assert atoll.client("sts").get_caller_identity()["Account"] == "111111111111"


def test_a_folder_that_cannot_be_one(atoll_refusing: Any, folder: Path) -> None:
    folder.write_text("a file")
    code, output = atoll_refusing("--port", "0", "--data", str(folder))
    assert code == 1
    assert f"The data folder {folder} is not a folder" in output
    assert "Traceback" not in output


@pytest.mark.skipif(not Path("/sys/kernel").is_dir(), reason="there is no folder here that even root cannot write to")
def test_a_folder_that_cannot_be_written(atoll_refusing: Any) -> None:
    code, output = atoll_refusing("--port", "0", "--data", "/sys/atoll-data")
    assert code == 1
    assert "/sys/atoll-data cannot be written" in output
    assert "--data" in output
    assert "Traceback" not in output


def test_a_folder_of_a_newer_version(atoll_refusing: Any, folder: Path) -> None:
    folder.mkdir()
    (folder / "VERSION").write_text("99\n")
    code, output = atoll_refusing("--port", "0", "--data", str(folder))
    assert code == 1
    assert "was made by a newer Atoll" in output
    assert "--data" in output
    assert "Traceback" not in output


@pytest.mark.parametrize(
    "options",
    [
        ("--port", "65536"),
        ("--temporary", "--data", "x"),
        ("--durability", "some"),
        ("--no-such-option",),
    ],
)
def test_options_that_mean_nothing(atoll_refusing: Any, options: tuple[str, ...]) -> None:
    code, output = atoll_refusing(*options)
    assert code == 2
    assert "Usage" in output
    assert options[0] in output
    assert "Traceback" not in output


def test_version() -> None:
    printed = subprocess.run([sys.executable, "-m", "atoll", "version"], capture_output=True, text=True, check=True)
    assert printed.stdout == f"{version('atoll')}\n"


def test_a_temporary_folder_goes_with_the_process(atoll_with: Any, tmp_path: Path) -> None:
    with atoll_with("--temporary", environment={"TMPDIR": str(tmp_path)}) as atoll:
        atoll.client("sqs").create_queue(QueueName="gone")
        assert list(tmp_path.rglob("tenant.sqlite"))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("durability", ["normal", "full"])
def test_a_restart_keeps_queues_and_messages(atoll_with: Any, folder: Path, durability: str) -> None:
    options = ("--data", str(folder), "--durability", durability)
    with atoll_with(*options) as atoll:
        sqs = atoll.client("sqs")
        sqs.create_queue(QueueName="kept", Attributes={"VisibilityTimeout": "77"}, tags={"a": "b"})
        for name in ("deleted", "emptied"):
            sqs.create_queue(QueueName=name)
        kept, deleted = (sqs.get_queue_url(QueueName=name)["QueueUrl"] for name in ("kept", "deleted"))
        sent = [sqs.send_message(QueueUrl=kept, MessageBody=str(number))["MessageId"] for number in range(5)]
        sqs.delete_queue(QueueUrl=deleted)
        assert atoll.stop() == 0
    with atoll_with(*options) as atoll:
        sqs = atoll.client("sqs")
        names = sorted(url.rpartition("/")[2] for url in sqs.list_queues()["QueueUrls"])
        assert names == ["emptied", "kept"]
        url = sqs.get_queue_url(QueueName="kept")["QueueUrl"]
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        assert attributes["VisibilityTimeout"] == "77"
        assert attributes["ApproximateNumberOfMessages"] == "5"
        assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"a": "b"}
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
        assert sorted(message["MessageId"] for message in found) == sorted(sent)


def test_what_time_causes_goes_on_after_a_restart(atoll_with: Any, folder: Path) -> None:
    with atoll_with("--data", str(folder)) as atoll:
        sqs = atoll.client("sqs")
        dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        policy = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})}
        source = sqs.create_queue(QueueName="source", Attributes=policy)["QueueUrl"]
        for body in "abc":
            sqs.send_message(QueueUrl=source, MessageBody=body)
        for _ in range(2):
            sqs.receive_message(QueueUrl=source, MaxNumberOfMessages=10, VisibilityTimeout=0)
        sqs.start_message_move_task(SourceArn=arn, MaxNumberOfMessagesPerSecond=1)
        url = sqs.create_queue(QueueName="delayed")["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody="delayed", DelaySeconds=3)
    with atoll_with("--data", str(folder)) as atoll:
        sqs = atoll.client("sqs")
        urls = {name: sqs.get_queue_url(QueueName=name)["QueueUrl"] for name in ("source", "delayed")}
        [message] = sqs.receive_message(QueueUrl=urls["delayed"], WaitTimeSeconds=10)["Messages"]
        assert message["Body"] == "delayed"
        moved = ""
        while len(moved) < 3:
            answer = sqs.receive_message(QueueUrl=urls["source"], WaitTimeSeconds=10, MaxNumberOfMessages=10)
            moved += "".join(message["Body"] for message in answer["Messages"])
        assert sorted(moved) == ["a", "b", "c"]


def test_the_keys_of_a_closed_realm_are_shown_once(atoll_with: Any, folder: Path) -> None:
    options = ("--data", str(folder), "--closed", "--default-account", "123456789012")
    with atoll_with(*options) as atoll:
        keys = atoll.printed_keys()
        assert re.fullmatch(r"LKIA[A-Z2-7]{16}", keys["aws_access_key_id"])
        assert atoll.client("sts", **keys).get_caller_identity()["Arn"] == "arn:aws:iam::123456789012:root"
    with atoll_with(*options) as atoll:
        assert atoll.printed_keys() == {}
        assert keys["aws_secret_access_key"] not in "\n".join(atoll.lines)
        assert atoll.client("sts", **keys).get_caller_identity()["Account"] == "123456789012"


def test_the_default_account_and_parity_keys(atoll_with: Any) -> None:
    real = "AKIAQPYGFLFNVCNKD7UY"
    with atoll_with("--temporary", "--default-account", "123456789012") as atoll:
        for key in ("test", real):
            assert atoll.client("sts", key).get_caller_identity()["Account"] == "123456789012"
    with atoll_with("--temporary", "--parity-access-keys") as atoll:
        carried = atoll.client("sts", real).get_caller_identity()["Account"]
        assert carried == atoll.client("sts").get_access_key_info(AccessKeyId=real)["Account"]
        assert carried != "000000000000"
        assert atoll.client("sts", "test").get_caller_identity()["Account"] == "000000000000"


def test_delays_of_deleted_and_purged_queues(atoll_with: Any) -> None:
    with atoll_with("--temporary", "--sqs-delay-recently-deleted", "--sqs-delay-purge-retry") as atoll:
        sqs = atoll.client("sqs")
        url = sqs.create_queue(QueueName="q")["QueueUrl"]
        sqs.purge_queue(QueueUrl=url)
        with pytest.raises(sqs.exceptions.PurgeQueueInProgress):
            sqs.purge_queue(QueueUrl=url)
        sqs.delete_queue(QueueUrl=url)
        with pytest.raises(sqs.exceptions.QueueDeletedRecently, match="60 seconds"):
            sqs.create_queue(QueueName="q")


def test_it_asks_for_the_open_files_that_it_needs(atoll_with: Any, limited: Any) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    with limited(resource.RLIMIT_NOFILE, 256):
        starting = atoll_with("--temporary")
        atoll = starting.__enter__()
    try:
        assert psutil.Process(atoll.process.pid).rlimit(resource.RLIMIT_NOFILE)[0] >= min(10_240, hard)
    finally:
        starting.__exit__(None, None, None)


def test_a_disk_that_fills_loses_nothing_that_was_acknowledged(atoll_with: Any, limited: Any, folder: Path) -> None:
    # What a process may write to one file stands in for the disk: SQLite cannot tell the difference.
    with limited(resource.RLIMIT_FSIZE, 3 * 1024 * 1024):
        filling = atoll_with("--data", str(folder))
        atoll = filling.__enter__()
    sqs = atoll.client("sqs")
    url = sqs.create_queue(QueueName="full")["QueueUrl"]
    acknowledged: list[str] = []

    def fill() -> None:
        while len(acknowledged) < 100:
            acknowledged.append(sqs.send_message(QueueUrl=url, MessageBody="x" * 200_000)["MessageId"])

    with pytest.raises(ClientError) as caught:
        fill()
    response = caught.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert response["Error"]["Code"] == "InternalFailure"
    assert acknowledged
    # It goes on answering what needs no room.
    assert sqs.get_queue_url(QueueName="full")["QueueUrl"] == url
    filling.__exit__(None, None, None)
    with atoll_with("--data", str(folder)) as atoll:
        sqs = atoll.client("sqs")
        url = sqs.get_queue_url(QueueName="full")["QueueUrl"]
        found = []
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=5).get("Messages"):
            found += [message["MessageId"] for message in messages]
        assert sorted(found) == sorted(acknowledged)
