"""A running Atoll, and clients of it in the four positions: owner, other region, other account, both."""

from __future__ import annotations

import os
import signal
import threading
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

OWNER = ("111111111111", "ap-south-1")
OTHER = ("222222222222", "eu-central-1")
POSITIONS = {
    "owner": OWNER,
    "region": (OWNER[0], OTHER[1]),
    "account": (OTHER[0], OWNER[1]),
    "both": OTHER,
}
CONFIG = Config(retries={"max_attempts": 0}, connect_timeout=5, read_timeout=30, inject_host_prefix=False)


@dataclass
class Atoll:
    """A process of its own, started as a user would."""

    process: subprocess.Popen[str]
    url: str
    lines: list[str]
    """What it had printed when it was ready."""

    def client(self, service: str, account: str = OWNER[0], region: str = OWNER[1], **options: Any) -> Any:
        keys = {"aws_access_key_id": account, "aws_secret_access_key": "test", **options}
        return boto3.client(service, endpoint_url=self.url, region_name=region, config=CONFIG, **keys)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(20)


def start(*options: str, environment: dict[str, str] | None = None) -> Atoll:
    """Starts `atoll up` on a port that it picks, and waits until it says that it is ready."""
    process = subprocess.Popen(
        [sys.executable, "-m", "atoll", "up", "--port", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "ATOLL_PACK_CALLS": "1", **(environment or {})},
    )
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
        if line == "Ready.\n":
            break
    else:
        raise AssertionError(f"atoll up ended with {process.wait()}: {lines}")
    # Nobody reads on, and a full pipe would stop it.
    _drain(process)
    url = next(word for line in lines for word in line.split() if word.startswith(("http://", "https://")))
    return Atoll(process, url, lines)


def _drain(process: subprocess.Popen[str]) -> None:
    threading.Thread(target=lambda: process.stdout and process.stdout.read(), daemon=True).start()


@contextmanager
def running(*options: str, environment: dict[str, str] | None = None) -> Iterator[Atoll]:
    atoll = start(*options, environment=environment)
    try:
        yield atoll
    finally:
        if atoll.process.poll() is None:
            atoll.stop()
        if atoll.process.stdout is not None:
            atoll.process.stdout.close()


@pytest.fixture(scope="session")
def atoll() -> Iterator[Atoll]:
    """The one that most tests share: they use names of their own."""
    with running("--temporary") as atoll:
        yield atoll


@pytest.fixture
def atoll_with() -> Callable[..., Any]:
    """`with atoll_with("--closed", "--data", str(folder)) as atoll`: one with options of the test's own."""
    return running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


class Positions:
    """Owner and caller, for one of the four positions."""

    def __init__(self, atoll: Atoll, position: str) -> None:
        self.atoll = atoll
        self.position = position
        self.caller_account, self.caller_region = POSITIONS[position]
        self.owner_account, self.owner_region = OWNER
        self._clients: dict[tuple[str, str, str], Any] = {}

    def owner(self, service: str) -> Any:
        return self._client(service, *OWNER)

    def caller(self, service: str) -> Any:
        return self._client(service, self.caller_account, self.caller_region)

    def _client(self, service: str, account: str, region: str) -> Any:
        key = (service, account, region)
        if key not in self._clients:
            self._clients[key] = self.atoll.client(service, account, region)
        return self._clients[key]


@pytest.fixture(params=list(POSITIONS))
def positions(request: pytest.FixtureRequest, atoll: Atoll) -> Positions:
    """Runs the test four times: the owner, the owner from another region, another account, both."""
    return Positions(atoll, request.param)
