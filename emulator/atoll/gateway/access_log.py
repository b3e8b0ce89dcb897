"""One line a call, kept in memory and written a few times a second: `logging` would cost most of a call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import lru_cache
from time import gmtime, strftime
from typing import TextIO

import orjson

from atoll.core.caller import Caller
from atoll.core.tenant_id import TenantId

INTERVAL = 0.25
"""Seconds that a line waits at most."""
MOST_LINES = 1000
"""Lines that wait at most."""

Line = tuple[float, str, Caller | None, str, str, TenantId | None, int, float]


class AccessLog:
    """`line` is on every call's path, so it only notes what is rendered when the buffer is written."""

    def __init__(self, stream: TextIO, *, json: bool, quiet: bool = False) -> None:
        """`quiet` logs failures of ours only."""
        self._stream = stream
        self._render: Callable[[Line], str] = _as_json if json else _as_text
        self._quiet = quiet
        self._lines: list[Line] = []
        self._timer: asyncio.TimerHandle | None = None

    def line(
        self,
        when: float,
        request_id: str,
        caller: Caller | None,
        service: str,
        operation: str,
        owner: TenantId | None,
        status: int,
        seconds: float,
    ) -> None:
        """`when` is seconds since the epoch, when the request had arrived."""
        if self._quiet and status < 500:
            return
        self._lines.append((when, request_id, caller, service, operation, owner, status, seconds))
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(INTERVAL, self.flush)
        elif len(self._lines) >= MOST_LINES or status >= 500:
            self.flush()

    def flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        lines, self._lines = self._lines, []
        if lines:
            self._stream.write("".join(map(self._render, lines)))
            self._stream.flush()


@lru_cache(maxsize=8)
def _second(when: int) -> str:
    return strftime("%Y-%m-%dT%H:%M:%S", gmtime(when))


def _time(when: float) -> str:
    second = int(when)
    return f"{_second(second)}.{int((when - second) * 1000):03d}Z"


def _target(caller: Caller | None, owner: TenantId | None) -> str:
    """Whose resource it was, where that is not the caller's own tenant."""
    if caller is None or owner is None or owner[1:] == (caller.account, caller.region):
        return ""
    return f"{owner.account}/{owner.region}"


def _as_text(line: Line) -> str:
    when, request_id, caller, service, operation, owner, status, seconds = line
    who = f"{caller.realm} {caller.account}/{caller.region}" if caller else "- -"
    target = _target(caller, owner)
    arrow = f" -> {target}" if target else ""
    return f"{_time(when)} {request_id} {who} {service}.{operation}{arrow} {status} {seconds * 1000:.1f} ms\n"


def _as_json(line: Line) -> str:
    when, request_id, caller, service, operation, owner, status, seconds = line
    entry = {
        "time": _time(when),
        "requestId": request_id,
        "realm": caller.realm if caller else "",
        "caller": f"{caller.account}/{caller.region}" if caller else "",
        "principal": caller.principal if caller else "",
        "call": f"{service}.{operation}",
        "status": status,
        "ms": round(seconds * 1000, 1),
    }
    if target := _target(caller, owner):
        entry["target"] = target
    return orjson.dumps(entry).decode() + "\n"
