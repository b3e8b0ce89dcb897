"""The log: one line a call, whole lines, never in anyone's way."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import pytest
from atoll.core.caller import Caller
from atoll.core.clock import ManualClock
from atoll.core.tenant_id import TenantId
from atoll.gateway import logs
from atoll.gateway.access_log import MOST_LINES, AccessLog
from atoll.gateway.logs import Announcer, LogWriter, attach
from atoll.gateway.settings import Settings
from atoll.gateway.welcome import announce_start

NOW = 1_700_000_000.25
REQUEST = "0f8fad5b-d9cb-469f-a165-70867728950e"
HERE = TenantId("default", "111111111111", "eu-central-1")
THERE = TenantId("default", "222222222222", "eu-central-1")


def caller(resource: str = "root") -> Caller:
    principal = f"arn:aws:iam::{HERE.account}:{resource}"
    return Caller(HERE.realm, HERE.account, HERE.region, principal, HERE.account)


class Kept:
    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> None:
        self.text += text


def logged(*, json: bool = False, quiet: bool = False, **changes: Any) -> str:
    values: dict[str, Any] = {
        "when": NOW,
        "request_id": REQUEST,
        "caller": caller(),
        "service": "sqs",
        "operation": "SendMessage",
        "owner": HERE,
        "status": 200,
        "seconds": 0.0123,
    }
    kept = Kept()

    async def log() -> None:
        log = AccessLog(kept, json=json, quiet=quiet)
        log.line(**{**values, **changes})
        log.flush()

    asyncio.run(log())
    return kept.text


def test_text() -> None:
    head = f"2023-11-14T22:13:20.250Z {REQUEST} default 111111111111/eu-central-1"
    assert logged() == f"{head} sqs.SendMessage 200 12.3 ms\n"
    assert logged(owner=THERE) == f"{head} sqs.SendMessage -> 222222222222/eu-central-1 200 12.3 ms\n"
    assert logged(caller=caller("user/ann")) == f"{head}/user/ann sqs.SendMessage 200 12.3 ms\n"
    assert logged(caller=None, owner=None, service="", operation="", status=403) == (
        f"2023-11-14T22:13:20.250Z {REQUEST} - - -.- 403 12.3 ms\n"
    )


def test_json() -> None:
    expected = {
        "time": "2023-11-14T22:13:20.250Z",
        "requestId": REQUEST,
        "realm": "default",
        "caller": "111111111111/eu-central-1",
        "principal": "arn:aws:iam::111111111111:root",
        "call": "sqs.SendMessage",
        "status": 200,
        "ms": 12.3,
    }
    assert json.loads(logged(json=True)) == expected
    assert json.loads(logged(json=True, owner=THERE)) == expected | {"target": "222222222222/eu-central-1"}


@pytest.mark.parametrize("operation", ["A\nB", "A B", "x" * 5000, "\ud800", "\x1b[31m"])
def test_no_caller_makes_lines(operation: str) -> None:
    for form in (False, True):
        text = logged(json=form, operation=operation, caller=caller(operation))
        assert text.count("\n") == 1
        assert text.replace("\n", "").isprintable()
        assert len(text) < 6000 if form else len(text) < 600


def test_quiet_tells_failures_of_ours_only() -> None:
    assert logged(quiet=True, status=200) == logged(quiet=True, status=404) == ""
    assert "500" in logged(quiet=True, status=500)


def test_lines_wait_for_a_while_or_for_more() -> None:
    kept = Kept()

    async def call() -> None:
        log = AccessLog(kept, json=False)
        for number in range(MOST_LINES - 1):
            log.line(NOW, str(number), None, "sqs", "SendMessage", None, 200, 0.0)
        assert kept.text == ""
        log.line(NOW, "last", None, "sqs", "SendMessage", None, 200, 0.0)
        assert kept.text.count("\n") == MOST_LINES
        log.line(NOW, "failed", None, "sqs", "SendMessage", None, 500, 0.0)
        assert kept.text.count("\n") == MOST_LINES + 1

    asyncio.run(call())


def test_lines_are_written_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("atoll.gateway.access_log.INTERVAL", 0.001)

    async def call() -> None:
        written = asyncio.Event()

        class Writer:
            def write(self, text: str) -> None:
                written.set()

        AccessLog(Writer(), json=False).line(NOW, REQUEST, None, "sqs", "SendMessage", None, 200, 0.0)
        await asyncio.wait_for(written.wait(), 5)

    asyncio.run(call())


# ---- the writer


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    for descriptor in (reading, writing):
        with contextlib.suppress(OSError):
            os.close(descriptor)


def read_all(pipe: tuple[int, int]) -> str:
    os.close(pipe[1])
    with os.fdopen(pipe[0], closefd=False) as file:
        return file.read()


def test_writes_all_in_order(pipe: tuple[int, int]) -> None:
    writer = LogWriter(pipe[1], "text", ManualClock())
    for number in range(1000):
        writer.write(f"{number}\n")
    writer.close()
    writer.write("too late\n")
    assert read_all(pipe) == "".join(f"{number}\n" for number in range(1000))


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_reader_who_stops_holds_up_nobody(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch, form: Literal["text", "json"]
) -> None:
    monkeypatch.setattr(logs, "MOST_PENDING", 100_000)
    writer = LogWriter(pipe[1], form, ManualClock(NOW))
    line = "x" * 999 + "\n"
    for _ in range(1000):
        writer.write(line)
    # More than the pipe and the buffer take; none of it waited.
    read = b""
    while len(read) < 100_000:
        read += os.read(pipe[0], 65536)
    with ThreadPoolExecutor(1) as pool:
        rest = pool.submit(_drain, pipe[0])
        while writer.pending:
            pass
        writer.write("and on\n")
        writer.close()
        os.close(pipe[1])
        text = (read + rest.result()).decode()
    lines = text.splitlines()
    assert lines[-1] == "and on"
    words = r"[0-9]+ log lines were left out: nobody read them"
    if form == "json":
        gap = json.loads(lines[-2])
        assert re.fullmatch(words, gap.pop("message"))
        assert gap == {"time": "2023-11-14T22:13:20.250Z", "level": "warning"}
    else:
        assert re.fullmatch(rf"\({words}\)", lines[-2])
    assert len(lines) < 500


def _drain(descriptor: int) -> bytes:
    read = b""
    while data := os.read(descriptor, 65536):
        read += data
    return read


def test_a_reader_who_is_gone_harms_nobody(pipe: tuple[int, int]) -> None:
    os.close(pipe[0])
    writer = LogWriter(pipe[1], "text", ManualClock())
    writer.write("a\n")
    writer.close()
    writer.write("b\n")


def test_a_full_disk_harms_nobody() -> None:
    with open("/dev/full", "wb") as full:
        writer = LogWriter(full.fileno(), "text", ManualClock())
        writer.write("a\n")
        writer.write("b\n")
        writer.close()


# ---- records and announcements


@pytest.fixture
def kept_records(pipe: tuple[int, int], request: pytest.FixtureRequest) -> Iterator[Callable[[], str]]:
    root = logging.getLogger()
    level = root.level
    writer = LogWriter(pipe[1], request.param, ManualClock())
    handler = attach(writer, request.param, "warning")

    def written() -> str:
        writer.close()
        return read_all(pipe)

    yield written
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.mark.parametrize("kept_records", ["text"], indirect=True)
def test_records_as_text(kept_records: Callable[[], str]) -> None:
    logging.getLogger("atoll.x").info("not this")
    logging.getLogger("atoll.x").warning("%s was called", "sns")
    assert re.fullmatch(r"[-0-9]{10}T[:.0-9]{12}Z warning atoll\.x: sns was called\n", kept_records())


@pytest.mark.parametrize("kept_records", ["json"], indirect=True)
def test_records_as_json_have_their_traceback(kept_records: Callable[[], str]) -> None:
    try:
        raise KeyError("within \ud800")
    except KeyError:
        logging.getLogger("atoll.x").exception("%s failed", REQUEST)
    entry = json.loads(kept_records())
    assert entry["level"] == "error"
    assert entry["message"].startswith(f"{REQUEST} failed\nTraceback")
    assert "KeyError" in entry["message"]


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("closed", [False, True])
def test_ready_stands_alone_and_last(pipe: tuple[int, int], form: Literal["text", "json"], closed: bool) -> None:
    writer = LogWriter(pipe[1], form, ManualClock())
    settings = Settings(log_format=form, closed=closed, temporary=True)
    announce_start(Announcer(writer, form, ManualClock()), settings, [4567])
    writer.close()
    *before, last = read_all(pipe).splitlines()
    assert last == "Ready."
    assert not any("Ready" in line for line in before)
    assert any("http://127.0.0.1:4567" in line.split() for line in before)
    if form == "json":
        assert all(json.loads(line)["message"] for line in before)


@pytest.mark.parametrize("form", ["text", "json"])
def test_nothing_before_says_ready_whatever_it_is_called(pipe: tuple[int, int], form: Literal["text", "json"]) -> None:
    writer = LogWriter(pipe[1], form, ManualClock())
    handler = attach(writer, form, "warning")
    settings = Settings(log_format=form, host="Ready.test", data=Path("/Ready.\\Ready"))
    try:
        logging.getLogger("atoll.x").warning("%s is Ready.", settings.folder)
        announce_start(Announcer(writer, form, ManualClock()), settings, [4567])
        logging.getLogger("atoll.x").warning("Ready, and said so")
    finally:
        logging.getLogger().removeHandler(handler)
    writer.close()
    *before, ready, after = read_all(pipe).splitlines()
    assert ready == "Ready."
    assert "Ready, and said so" in after
    assert not any("Ready" in line for line in before)
    if form == "json":
        assert json.loads(before[1])["message"].endswith("keeps its data in /Ready.\\Ready")
    else:
        assert before[1].endswith(r"keeps its data in /\u0052eady.\\u0052eady")
