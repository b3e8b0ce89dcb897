"""What the log says of a call, when it is written, and that nobody can write lines of their own into it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from atoll.core.caller import Caller
from atoll.core.tenant_id import TenantId
from atoll.gateway.access_log import LONGEST_NAME, MOST_LINES, AccessLog, printable
from hypothesis import given, settings
from hypothesis import strategies as st

WHEN = 1_782_907_200.1239
ROOT = Caller("default", "111111111111", "ap-south-1", "arn:aws:iam::111111111111:root", "111111111111")
ROLE = Caller("team-a", "111111111111", "ap-south-1", "arn:aws:sts::111111111111:assumed-role/r/me", "AROA:me")
HERE = TenantId("default", "111111111111", "ap-south-1")
THERE = TenantId("default", "222222222222", "eu-central-1")


class Paper:
    def __init__(self) -> None:
        self.writes: list[str] = []
        self.written = asyncio.Event()

    def write(self, text: str) -> None:
        self.writes.append(text)
        self.written.set()

    @property
    def lines(self) -> list[str]:
        return "".join(self.writes).splitlines()


def written(*calls: tuple[Any, ...], **options: bool) -> list[str]:
    async def write() -> list[str]:
        paper = Paper()
        log = AccessLog(paper, **{"json": False, **options})
        for call in calls:
            log.line(*call)
        log.flush()
        return paper.lines

    return asyncio.run(write())


def test_a_line_of_text() -> None:
    assert written((WHEN, "id", ROOT, "sqs", "SendMessage", HERE, 200, 0.00126)) == [
        "2026-07-01T12:00:00.123Z id default 111111111111/ap-south-1 sqs.SendMessage 200 1.3 ms"
    ]
    assert written((WHEN, "id", ROLE, "sqs", "SendMessage", THERE, 400, 0.1)) == [
        "2026-07-01T12:00:00.123Z id team-a 111111111111/ap-south-1/assumed-role/r/me sqs.SendMessage"
        " -> 222222222222/eu-central-1 400 100.0 ms"
    ]
    assert written((WHEN, "id", None, "-", "-", None, 400, 0.0)) == ["2026-07-01T12:00:00.123Z id - - -.- 400 0.0 ms"]
    [line] = written((WHEN, "id", ROOT, "kms", "", None, 501, 0.0))
    assert " kms.- 501 " in line


def test_a_line_of_json() -> None:
    [line] = written((WHEN, "id", ROLE, "sqs", "SendMessage", THERE, 200, 0.00126), json=True)
    assert json.loads(line) == {
        "time": "2026-07-01T12:00:00.123Z",
        "requestId": "id",
        "realm": "team-a",
        "caller": "111111111111/ap-south-1",
        "principal": "arn:aws:sts::111111111111:assumed-role/r/me",
        "call": "sqs.SendMessage",
        "target": "222222222222/eu-central-1",
        "status": 200,
        "ms": 1.3,
    }
    [line] = written((WHEN, "id", ROOT, "sqs", "SendMessage", HERE, 200, 0.0), json=True)
    assert "target" not in json.loads(line)
    [line] = written((WHEN, "id", None, "-", "-", None, 400, 0.0), json=True)
    assert json.loads(line).keys() == {"time", "requestId", "call", "status", "ms"}


def test_quiet_ones_tell_failures_of_ours_only() -> None:
    calls = [(WHEN, f"id-{status}", ROOT, "sqs", "SendMessage", HERE, status, 0.0) for status in (200, 400, 500, 503)]
    assert [line.split()[1] for line in written(*calls, quiet=True)] == ["id-500", "id-503"]


def test_lines_are_written_together_and_soon() -> None:
    async def write() -> None:
        paper = Paper()
        log = AccessLog(paper, json=False)

        def call(status: int = 200) -> None:
            log.line(WHEN, "id", ROOT, "sqs", "SendMessage", HERE, status, 0.0)

        call()
        call()
        assert paper.writes == []
        await asyncio.wait_for(paper.written.wait(), 5)
        assert [text.count("\n") for text in paper.writes] == [2]
        for _ in range(MOST_LINES):
            call()
        assert [text.count("\n") for text in paper.writes] == [2, MOST_LINES]
        call()
        call(500)
        assert [text.count("\n") for text in paper.writes] == [2, MOST_LINES, 2]
        log.flush()
        assert len(paper.writes) == 3

    asyncio.run(write())


@pytest.mark.parametrize("form", [False, True])
@given(service=st.text(), operation=st.text(), principal=st.text())
@settings(max_examples=60, derandomize=True, deadline=None)
def test_a_call_is_always_one_line(form: bool, service: str, operation: str, principal: str) -> None:
    caller = Caller("default", "111111111111", "ap-south-1", f"arn:aws:iam::111111111111:user/{principal}", "AIDA")
    lines = written((WHEN, "id", caller, service, operation, THERE, 200, 0.001), json=form)
    assert len(lines) == 1
    assert len(lines[0]) < 20 * LONGEST_NAME
    assert lines[0].isprintable()
    if form:
        assert json.loads(lines[0])["status"] == 200
    else:
        assert len(lines[0].split(" ")) == 10


def test_printable() -> None:
    assert printable("SendMessage") == "SendMessage"
    assert printable("a b\n\x1b[31m") == "a\\x20b\\n\\x1b[31m"
    assert len(printable("x" * 10_000)) == LONGEST_NAME
