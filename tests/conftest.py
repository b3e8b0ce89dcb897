"""A running Atoll, and clients of it in the four positions: owner, other region, other account, both."""

from __future__ import annotations

import os
import re
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

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


class Atoll:
    """A process of its own, started as a user would."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        """What it has printed so far."""
        self.url = ""
        self._more = threading.Condition()
        self._ended = False
        self._clients: dict[Any, Any] = {}
        # Somebody has to read on, since a full pipe would stop it.
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._more:
                self.lines.append(line.rstrip("\n"))
                self._more.notify_all()
        with self._more:
            self._ended = True
            self._more.notify_all()

    def wait_for_line(self, wanted: Callable[[str], object], seconds: float = 20) -> str:
        """The first line of which `wanted` says yes, printed already or soon."""
        with self._more:
            self._more.wait_for(lambda: self._ended or any(map(wanted, self.lines)), seconds)
            for line in self.lines:
                if wanted(line):
                    return line
        raise AssertionError("\n".join(["No such line was printed:", *self.lines]))

    def client(self, service: str, account: str = OWNER[0], region: str = OWNER[1], **options: Any) -> Any:
        """A client of boto3, the same for the same caller."""
        key = (service, account, region, repr(options))
        if key not in self._clients:
            keys = {"aws_access_key_id": account, "aws_secret_access_key": "test"}
            arguments = {"endpoint_url": self.url, "region_name": region, "config": CONFIG, **keys, **options}
            self._clients[key] = boto3.client(service, **arguments)
        return self._clients[key]

    def printed_keys(self) -> dict[str, str]:
        """The keys that a first start in a closed realm shows, as a client takes them; empty where it shows none."""
        found = re.search(r"AWS_ACCESS_KEY_ID=(LKIA\w+) AWS_SECRET_ACCESS_KEY=([\w+/]+)", "\n".join(self.lines))
        return {"aws_access_key_id": found[1], "aws_secret_access_key": found[2]} if found else {}

    def keys_of(self, account: str, realm: str, token: str) -> dict[str, str]:
        """The keys that `atoll env` gives for an account by its name, as a client takes them."""
        printed = self.command("env", account, "--realm", realm, ATOLL_TOKEN=token)
        found = dict(line.removeprefix("export ").split("=", 1) for line in printed.splitlines() if "=" in line)
        names = {"aws_access_key_id": "AWS_ACCESS_KEY_ID", "aws_secret_access_key": "AWS_SECRET_ACCESS_KEY"}
        return {name: found[variable].strip("'\"") for name, variable in names.items()}

    def command(self, *arguments: str, text: str = "", code: int = 0, **environment: str) -> str:
        """What `atoll ARGUMENTS` prints that is asked about this one, with `text` as its input; its words to standard
        error where it fails."""
        ended = self.run(*arguments, text=text, **environment)
        assert ended.returncode == code, ended.stderr
        return ended.stdout if code == 0 else ended.stderr

    def run(
        self, *arguments: str, text: str = "", stdout: int | IO[str] = subprocess.PIPE, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """`atoll ARGUMENTS`, come to its end."""
        return subprocess.run(
            [sys.executable, "-m", "atoll", *arguments],
            input=text,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            env={**os.environ, "ATOLL_ENDPOINT": self.url, **environment},
            check=False,
        )

    def stop(self) -> int:
        """Ends it as a user would, and returns its exit code."""
        self._close_clients()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self._wait()

    def kill(self) -> None:
        self.process.kill()
        self._wait()
        self._close_clients()

    def _wait(self) -> int:
        code = self.process.wait(20)
        self._reader.join(20)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code

    def _close_clients(self) -> None:
        while self._clients:
            self._clients.popitem()[1].close()


def launch(*options: str, environment: dict[str, str] | None = None, program: str = "atoll") -> Atoll:
    """`atoll up`, which may come up or say why it does not. `program` is the module that stands for it."""
    process = subprocess.Popen(
        [sys.executable, "-m", program, "up", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env={**os.environ, "ATOLL_PACK_CALLS": "1", **(environment or {})},
    )
    return Atoll(process)


def start(*options: str, **how: Any) -> Atoll:
    """Starts `atoll up` on a port that it picks, and waits until it says that it is ready."""
    atoll = launch("--port", "0", *options, **how)
    try:
        atoll.wait_for_line(lambda line: line == "Ready.")
    except AssertionError:
        atoll.kill()
        raise
    atoll.url = next(url for line in atoll.lines for url in re.findall(r"https?://[^\s\"]+", line))
    return atoll


@contextmanager
def running(*options: str, **how: Any) -> Iterator[Atoll]:
    """`how` is as `launch` has it."""
    atoll = start(*options, **how)
    try:
        yield atoll
    finally:
        atoll.stop()


@pytest.fixture(scope="session")
def atoll() -> Iterator[Atoll]:
    """The one that most tests share: they use names of their own."""
    with running("--temporary") as atoll:
        yield atoll


@pytest.fixture(scope="session")
def atoll_with() -> Callable[..., Any]:
    """`with atoll_with("--closed", "--data", str(folder)) as atoll`: one with options of the test's own."""
    return running


@pytest.fixture(scope="session")
def atoll_launched() -> Callable[..., Atoll]:
    """`atoll_launched("--temporary")`: one that was told to start, for a test that stops it itself."""
    return launch


@pytest.fixture
def atoll_refusing() -> Callable[..., tuple[int, str]]:
    """The exit code and the output of an `atoll up` that does not come up."""

    def refused(*options: str) -> tuple[int, str]:
        atoll = launch(*options)
        atoll.process.wait(20)
        return atoll.stop(), "\n".join(atoll.lines)

    return refused


@pytest.fixture
def limited() -> Callable[..., Any]:
    """`with limited(resource.RLIMIT_FSIZE, 1000):` what is started there may have no more."""

    @contextmanager
    def limit(what: int, soft: int) -> Iterator[None]:
        before = resource.getrlimit(what)
        resource.setrlimit(what, (soft, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(what, before)

    return limit


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

    def owner(self, service: str) -> Any:
        return self.atoll.client(service, *OWNER)

    def caller(self, service: str) -> Any:
        return self.atoll.client(service, self.caller_account, self.caller_region)


@pytest.fixture(params=list(POSITIONS))
def positions(request: pytest.FixtureRequest, atoll: Atoll) -> Positions:
    """Runs the test four times: the owner, the owner from another region, another account, both."""
    return Positions(atoll, request.param)
