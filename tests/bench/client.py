"""A load generator on raw sockets: it costs less than what it measures, on whose machine it runs.

A script is a generator for one connection: it yields requests, is sent (status, body), and says with `run.done` when an
operation is over, which may be several requests.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import cast

import uvloop

Script = Generator[bytes, tuple[int, bytes], None]
PATIENCE = 20.0
"""Seconds after which an answer that is still missing ends the run."""


@dataclass
class Figures:
    """Of one run: operations and their seconds each, the window's length, server CPU seconds spent in it."""

    seconds: list[float] = field(default_factory=list)
    window: float = 0.0
    cpu: float = 0.0
    errors: int = 0
    sample: str = ""
    """What the first error looked like."""

    @property
    def rate(self) -> float:
        return len(self.seconds) / self.window if self.window else 0.0

    @property
    def cpu_us(self) -> float:
        return 1e6 * self.cpu / len(self.seconds) if self.seconds else 0.0

    def quantile(self, part: float) -> float:
        """Seconds."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else 0.0


class Run:
    """Several connections, each with a script of its own, until the time or the operations are over."""

    def __init__(
        self,
        port: int,
        script: Callable[[Run], Script],
        *,
        connections: int,
        seconds: float,
        warm_up: float = 0.3,
        operations: int | None = None,
        cpu: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._port = port
        self._script = script
        self._connections = connections
        self._seconds = seconds
        self._warm_up = warm_up
        self._left = operations
        self._cpu = cpu
        self._counting = False
        self._over = False
        self.figures = Figures()

    def done(self, since: float, ok: bool, answer: bytes = b"") -> bool:
        """Notes an operation that began at `since`; False when it was the last."""
        figures = self.figures
        if not ok:
            figures.errors += 1
            figures.sample = figures.sample or answer[:300].decode("latin-1")
        if self._counting:
            figures.seconds.append(perf_counter() - since)
        if self._left is not None:
            self._left -= 1
            return self._left > 0 and not self._over
        return not self._over

    def start(self) -> Figures:
        return uvloop.run(self._run())

    async def _run(self) -> Figures:
        loop = asyncio.get_running_loop()
        ended = [loop.create_future() for _ in range(self._connections)]
        for future in ended:
            await loop.create_connection(partial(_Connection, self._script(self), future), "127.0.0.1", self._port)
        try:
            await asyncio.wait_for(self._measure(asyncio.gather(*ended)), self._seconds + self._warm_up + PATIENCE)
        except (TimeoutError, ConnectionError) as error:
            self.figures.errors += 1
            self.figures.sample = self.figures.sample or repr(error)
        return self.figures

    async def _measure(self, ended: asyncio.Future[list[None]]) -> None:
        if self._left is None:
            await asyncio.wait([ended], timeout=self._warm_up)
        cpu, since = self._cpu(), perf_counter()
        self._counting = True
        await asyncio.wait([ended], timeout=self._seconds)
        self._counting = False
        self.figures.cpu, self.figures.window = self._cpu() - cpu, perf_counter() - since
        self._over = True
        await ended


class _Connection(asyncio.Protocol):
    """Reads answers that have a Content-Length, which all here do."""

    def __init__(self, script: Script, ended: asyncio.Future[None]) -> None:
        self._script = script
        self._ended = ended
        self._buffer = b""
        self._need = 0
        self._body_at = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are asyncio's by their methods only.
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(next(self._script))

    def data_received(self, data: bytes) -> None:
        self._buffer = buffer = self._buffer + data if self._buffer else data
        if not self._body_at:
            end = buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            self._body_at = end + 4
            self._need = end + 4 + _content_length(buffer[:end])
        if len(buffer) < self._need:
            return
        status, body = int(buffer[9:12]), buffer[self._body_at : self._need]
        self._buffer, self._body_at = b"", 0
        try:
            self._transport.write(self._script.send((status, body)))
        except StopIteration:
            self._ended.set_result(None)
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        if not self._ended.done():
            self._ended.set_exception(ConnectionError("the server closed a connection"))


def _content_length(head: bytes) -> int:
    lowered = head.lower()
    at = lowered.find(b"\r\ncontent-length:")
    if at < 0:
        raise ValueError("an answer without Content-Length")
    at += 17
    end = lowered.find(b"\r", at)
    return int(lowered[at : end if end > 0 else len(lowered)])
