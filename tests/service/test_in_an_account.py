"""Shells and programs in an account, by `atoll env` and `atoll exec`: whatever way they call the AWS CLI, of version 1
too, they call Atoll."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

BIN = Path(sys.executable).parent
EXAMPLES = Path(__file__).parents[2] / "examples" / "accounts.yaml"
LIST = "aws sqs list-queues --query QueueUrls --output text"
ELSEWHERE = {
    "AWS_ENDPOINT_URL_SQS": "http://127.0.0.1:1",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    "AWS_PROFILE": "nobody",
    "AWS_SECURITY_TOKEN": "x",
    "AWS_SESSION_TOKEN": "y",
    "AWS_MAX_ATTEMPTS": "1",
    "AWS_CONFIG_FILE": "/dev/null",
}
"""What would lead calls elsewhere, or have them refused."""


@pytest.fixture(scope="module")
def started(atoll_with: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    data = tmp_path_factory.mktemp("in-an-account") / "data"
    with atoll_with("--data", str(data), "-f", str(EXAMPLES)) as atoll:
        atoll.client("sqs", "111111111111", "eu-central-1").create_queue(QueueName="mine")
        yield atoll


@pytest.fixture
def script(tmp_path: Path) -> str:
    """A program that calls the AWS CLI."""
    path = tmp_path / "a script"
    path.write_text(f"#!/bin/sh\n{LIST}\n")
    path.chmod(0o755)
    return str(path)


def environment(atoll: Any, **more: str) -> dict[str, str]:
    path = f"{BIN}:{os.environ['PATH']}"
    return {**os.environ, **ELSEWHERE, "ATOLL_ENDPOINT": atoll.url, "PATH": path, **more}


def run(atoll: Any, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=120,
        env=environment(atoll),
        check=False,
        stdin=subprocess.DEVNULL,
    )


@pytest.mark.parametrize("shell", ["bash", "dash"])
def test_a_shell(started: Any, shell: str, script: str) -> None:
    if not shutil.which(shell):
        pytest.skip(f"this machine has no {shell}")
    lines = f"""
        alias aws=false
        set -eu
        eval "$(atoll env payments)"
        {LIST}
        "$1"
        {shell} -c '{LIST}'
        eval "$(atoll env payments)"
        "$1"
        echo "$AWS_REGION${{AWS_SESSION_TOKEN-}}${{AWS_SECURITY_TOKEN-}}${{AWS_PROFILE-}}"
        eval "$(atoll env nobody)"
        echo never
    """
    # As in a shell that somebody types into, aliases count.
    aliases = ["-O", "expand_aliases"] if shell == "bash" else []
    ended = run(started, shell, *aliases, "-c", lines, shell, script)
    url = f"{started.url}/queue/eu-central-1/111111111111/mine"
    assert ended.stdout.splitlines() == [url] * 4 + ["eu-central-1"], ended.stderr
    assert ended.returncode == 1
    assert ended.stderr == "atoll: There is no such thing: No account nobody was declared in the realm default\n"


@pytest.mark.parametrize(
    "command",
    [
        LIST.split(),
        [str(BIN / "aws"), *LIST.split()[1:]],
        ["bash", "-c", LIST],
        ["sh", "-c", f"exec {LIST}"],
        ["atoll", "exec", "payments", "--", "env", *LIST.split()],
    ],
    ids=["aws", "by its path", "in bash", "in sh", "within another"],
)
def test_a_program(started: Any, command: list[str]) -> None:
    ended = run(started, "atoll", "exec", "payments", "--", *command)
    assert ended.stdout == f"{started.url}/queue/eu-central-1/111111111111/mine\n", ended.stderr


def test_a_script(started: Any, script: str) -> None:
    ended = run(started, "atoll", "exec", "payments", "--", script)
    assert ended.stdout == f"{started.url}/queue/eu-central-1/111111111111/mine\n", ended.stderr


def test_who_takes_the_endpoint_away_calls_aws_as_ever(started: Any) -> None:
    lines = f"unset AWS_ENDPOINT_URL; {LIST} --endpoint-url http://127.0.0.1:1/own"
    ended = run(started, "atoll", "exec", "payments", "--", "sh", "-c", lines)
    assert 'Could not connect to the endpoint URL: "http://127.0.0.1:1/own"' in ended.stderr


def test_where_there_is_no_aws(started: Any, tmp_path: Path) -> None:
    lines = f'PATH="${{PATH%%:*}}:{tmp_path}"; aws sqs list-queues'
    ended = run(started, "atoll", "exec", "payments", "--", "bash", "-c", lines)
    assert (ended.returncode, ended.stderr) == (127, "atoll: there is no program aws on PATH: install the AWS CLI\n")


def test_what_cannot_be_run(started: Any, tmp_path: Path) -> None:
    assert "There is no program nothing-such" in run(started, "atoll", "exec", "payments", "--", "nothing-such").stderr
    (tmp_path / "x").write_text("#!/no/such/shell\n")
    (tmp_path / "x").chmod(0o755)
    ended = run(started, "atoll", "exec", "payments", "--", str(tmp_path / "x"))
    assert (ended.returncode, "cannot be run: No such file" in ended.stderr) == (1, True)
