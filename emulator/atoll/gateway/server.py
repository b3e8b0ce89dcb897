"""The data path's server: HTTP/1.1 and 1.0 on an `asyncio.Protocol`, small because every call pays for it.

It listens, keeps the time limits of its connections, and stops without losing what is in flight. Time limits cost a
request nothing but the noting of a moment: one sweep over all connections keeps them, and the time of the last sweep
is everyone's clock.
"""

from __future__ import annotations

import asyncio
import socket
import ssl as tls
import time
from collections.abc import Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final

from atoll.core.clock import Clock, SystemClock
from atoll.gateway.connection import Connection
from atoll.wire.http import App


@dataclass(frozen=True, slots=True)
class Limits:
    """What a client may take. Sizes are bytes; times seconds, kept to within two sweeps."""

    request_line: int = 16 * 1024
    head: int = 32 * 1024
    headers: int = 100
    small_body: int = 1024 * 1024
    """A body with a Content-Length up to this is taken whole without asking the app."""
    connections: int = 10_000
    """Beyond these the one that has been idle longest makes room; where none is idle, new ones are refused."""
    head_time: float = 10.0
    """From a head's first byte to its last."""
    idle_time: float = 75.0
    body_time: float = 60.0
    """For a body to arrive, and a second more for every `body_rate` bytes of it that have."""
    body_rate: int = 16 * 1024
    write_time: float = 60.0
    """How long a client may leave an answer unread."""
    linger_time: float = 2.0
    """How long a refused client's further bytes are thrown away before it is cut."""

    def sweep_interval(self) -> float:
        """Seconds between two sweeps: short beside the shortest limit."""
        return min(1.0, min(self.head_time, self.idle_time, self.body_time, self.write_time, self.linger_time) / 4)


DEFAULT_LIMITS: Final = Limits()

_BACKLOG: Final = 1024
_CANCELLED_WITHIN: Final = 1.0
"""Seconds that cancelled calls get for their own clearing up."""
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def http_date(now: float) -> str:
    """A moment, in seconds since the epoch, as headers write it. https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7"""
    t = time.gmtime(now)
    return (
        f"{_DAYS[t.tm_wday]}, {t.tm_mday:02} {_MONTHS[t.tm_mon - 1]} {t.tm_year:04} "
        f"{t.tm_hour:02}:{t.tm_min:02}:{t.tm_sec:02} GMT"
    )


class CannotListen(OSError):
    """On `host` and `port`: the port is taken, or the host is not this machine's."""

    def __init__(self, host: str, port: int, cause: OSError) -> None:
        super().__init__(cause.errno, cause.strerror)
        self.host = host
        self.port = port
        self.no_such_host = isinstance(cause, socket.gaierror)


class Server:
    """Serves an app, over TLS where it is given a context."""

    def __init__(
        self,
        app: App,
        *,
        limits: Limits = DEFAULT_LIMITS,
        ssl: tls.SSLContext | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.app = app
        self.limits = limits
        self.scheme = "http" if ssl is None else "https"
        self.connections: set[Connection] = set()
        self.stopping = False
        self.now = 0.0
        """The loop's time at the last sweep."""
        self.date_line = ""
        self._ssl = ssl
        self._clock: Clock = clock or SystemClock()
        self._interval = limits.sweep_interval()
        self._listeners: list[asyncio.Server] = []
        self._spare: Iterator[Connection] = iter(())
        """Those that were idle when somebody asked for room, the longest idle first."""
        self._none_idle = False
        """Whether there were none, which is looked at anew after the next sweep only."""
        self.ports: list[int] = []
        """Those that are listened on, in the order of `start`, also where 0 was asked for."""
        self._sweeper: asyncio.TimerHandle | None = None
        self._empty = asyncio.Event()

    @property
    def port(self) -> int:
        """The first port that is listened on. Raises RuntimeError before `start`."""
        if not self.ports:
            raise RuntimeError("the server has not started")
        return self.ports[0]

    async def start(self, host: str, port: int) -> None:
        """Listens, on one more address where it listens already. Raises CannotListen."""
        if self._sweeper is None:
            self._sweep()
        handshake = shutdown = None
        if self._ssl is not None:
            # A client that is idle does not read the end of its session: that alone would hold up a stop.
            handshake, shutdown = self.limits.head_time, self.limits.linger_time
        try:
            listener = await asyncio.get_running_loop().create_server(
                lambda: Connection(self),
                **_where(host, port),
                ssl=self._ssl,
                ssl_handshake_timeout=handshake,
                ssl_shutdown_timeout=shutdown,
                backlog=_BACKLOG,
            )
        except OSError as error:
            if not self._listeners:
                self._stop_sweeping()
            raise CannotListen(host, port, error) from error
        self._listeners.append(listener)
        self.ports.append(listener.sockets[0].getsockname()[1])

    async def stop(self, grace: float) -> None:
        """Takes no more connections, and answers what is in flight, each with `Connection: close`. What remains after
        `grace` seconds is cancelled and cut."""
        if not self._listeners:
            return
        self.stopping = True
        for listener in self._listeners:
            listener.close()
        # Requests that have reached this machine are in flight too: one turn of the loop takes them in.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        for connection in tuple(self.connections):
            connection.close_if_idle()
        await self._emptied(grace)
        running = {call for connection in self.connections if (call := connection.running()) is not None}
        for connection in tuple(self.connections):
            connection.abort()
        if running:
            await asyncio.wait(running, timeout=_CANCELLED_WITHIN)
        await self._emptied(_CANCELLED_WITHIN)
        self._stop_sweeping()

    def forget(self, connection: Connection) -> None:
        """A connection is no more."""
        self.connections.discard(connection)
        if not self.connections:
            self._empty.set()

    def make_room(self) -> bool:
        """Closes the connection that has been idle longest, so that those who hold many keep nobody out. Whether there
        was one."""
        while True:
            for connection in self._spare:
                if connection.close_if_idle():
                    self.connections.discard(connection)
                    return True
            if self._none_idle:
                return False
            idle = [(since, each) for each in self.connections if (since := each.idle_since()) is not None]
            self._spare = iter([connection for _, connection in sorted(idle, key=itemgetter(0))])
            self._none_idle = not idle

    async def _emptied(self, seconds: float) -> None:
        """Waits for the last connection to end, but not longer than that."""
        if not self.connections:
            return
        self._empty.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._empty.wait()
        except TimeoutError:
            return

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        self.now = loop.time()
        self.date_line = f"date: {http_date(self._clock.now())}\r\n"
        self._none_idle = False
        for connection in tuple(self.connections):
            connection.sweep(self.now, self._interval)
        self._sweeper = loop.call_later(self._interval, self._sweep)

    def _stop_sweeping(self) -> None:
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None


def _where(host: str, port: int) -> dict[str, Any]:
    """What a loop is told to listen on. `::` is all of the machine's addresses, those of IPv4 too, where the loop by
    itself would leave these out. Raises OSError."""
    if host != "::" or not socket.has_dualstack_ipv6():
        return {"host": host, "port": port}
    return {"sock": socket.create_server((host, port), family=socket.AF_INET6, dualstack_ipv6=True)}
