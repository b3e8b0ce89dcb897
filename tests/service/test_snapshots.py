"""Snapshots and resetting by the command line, around a running Atoll."""

from __future__ import annotations

import json
import os
import pty
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

PAYMENTS, OTHER, REGION = "111111111111", "333333333333", "eu-central-1"
MANIFEST = """
apiVersion: atoll.dev/v1alpha1
kind: Account
metadata: {name: %s}
spec: {%s}
"""


@pytest.fixture
def started(atoll_with: Callable[..., Any], tmp_path: Path) -> Any:
    with atoll_with("--data", str(tmp_path / "data")) as atoll:
        atoll.command("apply", "-f", "-", text=MANIFEST % ("payments", f'accountId: "{PAYMENTS}"'))
        yield atoll


def seed(sqs: Any) -> str:
    """The URL of a queue with a dead-letter queue and a message."""
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3})
    queue: str = sqs.create_queue(QueueName="orders", Attributes={"RedrivePolicy": redrive})["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="seeded")
    return queue


def names(sqs: Any) -> list[str]:
    return [url.rpartition("/")[2] for url in sqs.list_queues().get("QueueUrls", [])]


def test_saved_changed_and_loaded_back(started: Any, tmp_path: Path) -> None:
    sqs = started.client("sqs", PAYMENTS, REGION)
    queue = seed(sqs)
    file = tmp_path / "seeded.atoll"
    said = started.command("snapshot", "save", "payments", str(file))
    assert said.startswith(f"account default/payments saved to {file} (")
    sqs.purge_queue(QueueUrl=queue)
    sqs.create_queue(QueueName="later")
    started.client("sqs", PAYMENTS, "us-east-1").create_queue(QueueName="later")
    assert started.command("snapshot", "load", str(file)) == f"account default/{PAYMENTS} loaded: {REGION}\n"
    assert names(sqs) == ["dead", "orders"]
    assert names(started.client("sqs", PAYMENTS, "us-east-1")) == []
    [message] = sqs.receive_message(QueueUrl=queue)["Messages"]
    assert message["Body"] == "seeded"
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])


def test_loaded_into_another_account(started: Any, tmp_path: Path) -> None:
    sqs, other = (started.client("sqs", account, REGION) for account in (PAYMENTS, OTHER))
    queue = seed(sqs)
    file = tmp_path / "seeded.atoll"
    started.command("snapshot", "save", PAYMENTS, str(file))
    said = started.command("snapshot", "load", str(file), "--account", OTHER)
    assert said == f"account default/{OTHER} loaded: {REGION}\n"
    own = other.get_queue_url(QueueName="orders")["QueueUrl"]
    attributes = other.get_queue_attributes(QueueUrl=own, AttributeNames=["All"])["Attributes"]
    assert attributes["QueueArn"] == f"arn:aws:sqs:{REGION}:{OTHER}:orders"
    assert json.loads(attributes["RedrivePolicy"])["deadLetterTargetArn"] == f"arn:aws:sqs:{REGION}:{OTHER}:dead"
    assert [message["Body"] for message in other.receive_message(QueueUrl=own)["Messages"]] == ["seeded"]
    # Its own messages, too: those of the original are still there.
    assert [message["Body"] for message in sqs.receive_message(QueueUrl=queue)["Messages"]] == ["seeded"]
    found = started.command("get", "resources", "--account", OTHER, "-o", "name").splitlines()
    assert found == [f"arn:aws:sqs:{REGION}:{OTHER}:{name}" for name in ("dead", "orders")]
    started.command("snapshot", "load", str(file), "--name", "more", "--account", "444444444444")
    assert names(started.client("sqs", "444444444444", REGION)) == ["dead", "orders"]
    assert started.command("get", "accounts", "-o", "name") == "more\npayments\n"


def test_a_large_one_travels_in_pieces(started: Any, tmp_path: Path) -> None:
    sqs = started.client("sqs", PAYMENTS, REGION)
    queue = seed(sqs)
    for _ in range(12):
        sqs.send_message(QueueUrl=queue, MessageBody="x" * 1_000_000)
    file = tmp_path / "large.atoll"
    started.command("snapshot", "save", "payments", str(file))
    assert file.stat().st_size > 12_000_000
    started.command("snapshot", "load", str(file), "--account", OTHER)
    other = started.client("sqs", OTHER, REGION)
    own = other.get_queue_url(QueueName="orders")["QueueUrl"]
    counted = other.get_queue_attributes(QueueUrl=own, AttributeNames=["All"])["Attributes"]
    assert counted["ApproximateNumberOfMessages"] == "13"


def test_accounts_that_start_from_others(started: Any) -> None:
    seed(started.client("sqs", PAYMENTS, REGION))
    assert started.command("snapshot", "keep", "payments", "seeded") == "account default/payments kept as seeded\n"
    for number, source in enumerate(("snapshot: seeded", "account: payments")):
        spec = f'accountId: "{OTHER[:-1]}{number}", from: {{{source}}}'
        started.command("apply", "-f", "-", text=MANIFEST % (f"copy-{number}", spec))
        assert names(started.client("sqs", f"{OTHER[:-1]}{number}", REGION)) == ["dead", "orders"]
    told = started.command("apply", "-f", "-", text=MANIFEST % ("bad", "from: {snapshot: none}"), code=1)
    assert "There is no snapshot none" in told
    assert started.command("get", "accounts", "-o", "name") == "copy-0\ncopy-1\npayments\n"


def test_reset(started: Any) -> None:
    here, there = (started.client("sqs", PAYMENTS, region) for region in (REGION, "us-east-1"))
    for sqs in (here, there):
        sqs.create_queue(QueueName="q")
    said = started.command("reset", "--account", "payments", "--region", REGION, "--service", "sqs")
    assert said == f"default/{PAYMENTS}/{REGION}: sqs erased\n"
    assert (names(here), names(there)) == ([], ["q"])
    with pytest.raises(ClientError, match="does not exist"):
        here.get_queue_url(QueueName="q")
    assert started.command("reset", "--all").splitlines() == [
        f"default/{PAYMENTS}/{region}: all erased" for region in (REGION, "us-east-1")
    ]
    assert (names(here), names(there)) == ([], [])
    assert started.command("reset", "--all") == "There was nothing.\n"
    assert "say what is to be erased" in started.command("reset", code=2)
    assert started.command("get", "accounts", "-o", "name") == "payments\n"


def test_mistakes_are_told(started: Any, tmp_path: Path) -> None:
    file = tmp_path / "x.atoll"
    told = started.command("snapshot", "save", "nobody", str(file), code=1)
    assert told == "atoll: There is no such thing: No account nobody was declared in the realm default\n"
    assert list(tmp_path.glob("x*")) == []
    assert "cannot be read: No such file" in started.command("snapshot", "load", str(file), code=1)
    file.write_bytes(b"x" * 100)
    assert "This is no snapshot of Atoll's, or a damaged one" in started.command("snapshot", "load", str(file), code=1)
    assert "cannot be written" in started.command("snapshot", "save", "payments", "/no/such/x", code=1)


def test_where_a_snapshot_is_saved_to(started: Any, tmp_path: Path) -> None:
    """A file is replaced with all of it or not at all; what is no file of its own is written through."""
    sqs = started.client("sqs", PAYMENTS, REGION)
    seed(sqs)
    target, link = tmp_path / "target.atoll", tmp_path / "link.atoll"
    target.write_text("before")
    target.chmod(0o640)
    link.symlink_to("target.atoll")
    (tmp_path / "link.atoll.partial").write_text("mine")
    assert "There is no such thing" in started.command("snapshot", "save", "nobody", str(link), code=1)
    assert target.read_text() == "before"
    started.command("snapshot", "save", "payments", str(link))
    assert link.is_symlink()
    assert zipfile.is_zipfile(target)
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert (tmp_path / "link.atoll.partial").read_text() == "mine"
    there = sorted(path.name for path in tmp_path.iterdir())
    assert there == ["data", "link.atoll", "link.atoll.partial", "target.atoll"]
    missing = tmp_path / "missing" / "x"
    told = started.command("snapshot", "save", "payments", str(missing), code=1)
    assert told == f"atoll: {missing} cannot be written: No such file or directory\n"


def test_a_snapshot_through_pipes(started: Any, tmp_path: Path) -> None:
    sqs = started.client("sqs", PAYMENTS, REGION)
    queue = seed(sqs)
    os.mkfifo(tmp_path / "pipe")
    environment = {**os.environ, "ATOLL_ENDPOINT": started.url}
    atoll = f"{sys.executable} -m atoll"
    lines = f"""
        set -e
        {atoll} snapshot save payments - >whole.atoll
        cat pipe >through.atoll & {atoll} snapshot save payments pipe
        wait
        {atoll} snapshot save payments /dev/stdout | {atoll} snapshot load - --name b
        {atoll} snapshot load <(cat whole.atoll) --name c
        {atoll} snapshot save payments /dev/full && exit 1
        test -c /dev/full
    """
    ended = subprocess.run(
        ["bash", "-c", lines], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 0, ended.stderr
    # What is told there goes where no snapshot does.
    assert ended.stderr.splitlines() == [
        "account default/payments saved to pipe",
        "account default/payments saved to /dev/stdout",
        "atoll: /dev/full cannot be written: No space left on device",
    ]
    assert ended.stdout.splitlines() == [
        f"account default/b loaded: {REGION}",
        f"account default/c loaded: {REGION}",
    ]
    assert zipfile.is_zipfile(tmp_path / "whole.atoll")
    assert zipfile.is_zipfile(tmp_path / "through.atoll")
    sqs.delete_queue(QueueUrl=queue)


def test_long_work_shows_progress_to_who_looks_on(started: Any, tmp_path: Path) -> None:
    seed(started.client("sqs", PAYMENTS, REGION))
    file = str(tmp_path / "seeded.atoll")
    for words, shown in (
        (["snapshot", "save", "payments", file], "saved"),
        (["snapshot", "load", file], "loaded"),
        (["snapshot", "keep", "payments", "kept"], "is kept"),
        (["reindex"], "tenants"),
        (["reset", "--account", "payments", "--realm", "default"], "erased"),
    ):
        ours, theirs = pty.openpty()
        environment = {**os.environ, "ATOLL_ENDPOINT": started.url, "TERM": "xterm"}
        command = [sys.executable, "-m", "atoll", *words]
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=theirs, env=environment, timeout=60, check=True)
        os.close(theirs)
        with os.fdopen(ours, "rb", buffering=0) as terminal:
            assert shown in terminal.read(65536).decode()
