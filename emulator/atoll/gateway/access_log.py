"""One line a call, kept in memory and written a few times a second: `logging` would cost most of a call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Protocol

import orjson

from atoll.core.access import Crossing
from atoll.core.caller import Caller
from atoll.core.tenant_id import TenantId
from atoll.gateway.locate import crossing
from atoll.gateway.timestamps import stamp

INTERVAL = 0.25
"""Seconds that a line waits at most."""
MOST_LINES = 256
"""Lines that wait at most, few enough that rendering them holds up nobody."""
LONGEST_NAME = 200
"""Characters of what a caller may choose, of an operation's name for one."""

INNER = "atoll"
"""Stands in a line in place of a service where the path was one of Atoll's own."""

Line = tuple[float, str, Caller | None, str, str, TenantId | None, int, float, str]
"""When (seconds since the epoch), request id, caller, service, operation, owner, HTTP status, seconds, error code."""
Sink = Callable[[Sequence[Line]], None]


class Writer(Protocol):
    """Takes whole lines."""

    def write(self, text: str, /) -> object: ...


class AccessLog:
    """`line` is on every call's path, so it only notes what is rendered when the buffer is written."""

    def __init__(self, writer: Writer, *, json: bool, quiet: bool = False, sinks: Sequence[Sink] = ()) -> None:
        """`quiet` writes failures of ours only. `sinks` are given all lines, many at a time."""
        self._writer = writer
        self._render: Callable[[Line], str] = _as_json if json else _as_text
        self._quiet = quiet
        self._sinks = sinks
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
        code: str = "",
    ) -> None:
        """`when` is seconds since the epoch, when the request had arrived. To be called on a running loop."""
        self._lines.append((when, request_id, caller, service, operation, owner, status, seconds, code))
        if len(self._lines) >= MOST_LINES or status >= 500:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(INTERVAL, self.flush)

    def flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        lines, self._lines = self._lines, []
        for sink in self._sinks:
            sink(lines)
        if self._quiet:
            lines = [line for line in lines if line[6] >= 500]
        if lines:
            self._writer.write("".join(map(self._render, lines)))


def _as_text(line: Line) -> str:
    when, request_id, caller, service, operation, owner, status, seconds, _ = line
    if caller is None:
        return f"{stamp(when)} {request_id} - - {_call(service, operation)} {status} {seconds * 1e3:.1f} ms\n"
    target = _target(caller, owner)
    return (
        f"{stamp(when)} {request_id} {caller.realm} {_who(caller.account, caller.region, caller.principal)} "
        f"{_call(service, operation)}{target and f' -> {target}'} {status} {seconds * 1e3:.1f} ms\n"
    )


def _as_json(line: Line) -> str:
    when, request_id, caller, service, operation, owner, status, seconds, _ = line
    entry = {"time": stamp(when), "requestId": request_id}
    if caller is not None:
        entry["realm"] = caller.realm
        entry["caller"] = f"{caller.account}/{caller.region}"
        entry["principal"] = _principal(caller.principal)
    entry["call"] = _call(service, operation)
    if caller is not None and (target := _target(caller, owner)):
        entry["target"] = target
    return orjson.dumps({**entry, "status": status, "ms": round(seconds * 1e3, 1)}).decode() + "\n"


def _target(caller: Caller, owner: TenantId | None) -> str:
    """Whose resource was meant, where the call crosses."""
    if owner is None or crossing(owner, caller) is Crossing.NONE:
        return ""
    return f"{owner.account}/{owner.region}"


@lru_cache(maxsize=1024)
def _who(account: str, region: str, principal: str) -> str:
    """The account and region, and which of the account's principals, where that is not its root."""
    resource = principal.partition(f"::{account}:")[2]
    name = "" if resource in ("", "root") else f"/{printable(resource)}"
    return f"{account}/{region}{name}"


@lru_cache(maxsize=1024)
def _principal(arn: str) -> str:
    return printable(arn)


@lru_cache(maxsize=1024)
def _call(service: str, operation: str) -> str:
    return f"{printable(service) or '-'}.{printable(operation) or '-'}"


def printable(text: str) -> str:
    """So that nothing a caller sends makes a line of its own, or an endless one."""
    text = text[:LONGEST_NAME]
    return text if text.isprintable() and " " not in text else ascii(text)[1:-1].replace(" ", "\\x20")
