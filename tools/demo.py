"""`make demo`: plays the page that Atoll exists for, by the AWS CLI, against an Atoll of its own.

Each command is printed with its answer; the first answer that is not the expected one ends it.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

BIN = Path(sys.executable).parent
FIRST = ("111111111111", "ap-south-1")
SECOND = ("222222222222", "eu-central-1")


class Unexpected(Exception):
    """An answer is not the one that it should be."""


def main() -> int:
    try:
        with atoll() as endpoint:
            play(endpoint)
    except Unexpected as error:
        print(f"\nNot as expected: {error}", file=sys.stderr)
        return 1
    print("\nAll answers are as expected.")
    return 0


def play(endpoint: str) -> None:
    print(f"Here `aws` means `aws --endpoint-url {endpoint}`, with AWS_SECRET_ACCESS_KEY=test.\n")

    def aws(who: tuple[str, str], *words: str) -> Any:
        return call(endpoint, who, *words)

    made = aws(FIRST, "sqs", "create-queue", "--queue-name", "my-queue")
    url = made.get("QueueUrl", "")
    expect(made, lambda answer: url.endswith("/my-queue"), "the URL of my-queue")

    of_queue = ("--queue-url", url)
    aws(FIRST, "sqs", "set-queue-attributes", "--attributes", "VisibilityTimeout=60", *of_queue)
    attributes = aws(SECOND, "sqs", "get-queue-attributes", "--attribute-names", "VisibilityTimeout", *of_queue)
    expect(attributes, lambda answer: answer == {"Attributes": {"VisibilityTimeout": "60"}}, "60 seconds")

    aws(SECOND, "sqs", "send-message", "--message-body", "across account and region", *of_queue)
    received = aws(FIRST, "sqs", "receive-message", *of_queue)
    expect(received, lambda answer: answer["Messages"][0]["Body"] == "across account and region", "the message")

    for account, region in (SECOND, (FIRST[0], SECOND[1]), (SECOND[0], FIRST[1])):
        listed = aws((account, region), "sqs", "list-queues")
        expect(listed, lambda answer: not answer.get("QueueUrls"), "no queues")
    listed = aws(FIRST, "sqs", "list-queues")
    expect(listed, lambda answer: answer == {"QueueUrls": [url]}, "one queue")

    identity = aws(SECOND, "sts", "get-caller-identity")
    expect(identity, lambda answer: answer["Account"] == SECOND[0], f"account {SECOND[0]}")


def call(endpoint: str, who: tuple[str, str], *words: str) -> Any:
    account, region = who
    shown = ("aws", *words, "--region", region)
    print(f"$ AWS_ACCESS_KEY_ID={account} {shlex.join(shown)}", flush=True)
    command = [str(BIN / "aws"), "--endpoint-url", endpoint, "--output", "json", *words, "--region", region]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {"AWS_ACCESS_KEY_ID": account, "AWS_SECRET_ACCESS_KEY": "test", "AWS_CONFIG_FILE": os.devnull}
    environment["NO_PROXY"] = "127.0.0.1"
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    print(ended.stdout + ended.stderr, end="", flush=True)
    if ended.returncode:
        raise Unexpected(f"the command ended with {ended.returncode}")
    return json.loads(ended.stdout or "{}")


def expect(answer: Any, holds: Callable[[Any], bool], what: str) -> None:
    try:
        right = holds(answer)
    except (KeyError, IndexError):
        right = False
    if not right:
        raise Unexpected(f"{what} should have been answered")


@contextmanager
def atoll() -> Iterator[str]:
    """One on a free port, whose data go with it; yields its URL."""
    command = [str(BIN / "atoll"), "up", "--port", "0", "--temporary", "--log-level", "warning"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield wait_until_ready(process)
    finally:
        process.terminate()
        process.communicate(timeout=20)


def wait_until_ready(process: subprocess.Popen[str]) -> str:
    """Returns the URL, which is in one of the lines before."""
    assert process.stdout is not None
    url = ""
    for line in process.stdout:
        if line == "Ready.\n":
            return url
        url = url or next((word for word in line.split() if word.startswith("http://")), "")
    raise Unexpected("Atoll did not start")


if __name__ == "__main__":
    sys.exit(main())
