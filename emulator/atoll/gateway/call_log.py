"""The last calls, in memory: for whoever asks what has been called, and for those who watch."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from atoll.gateway.access_log import INNER, Line

MOST = 1_000
"""Calls that are kept."""
MOST_UNREAD = 1_000
"""Calls that wait for one watcher who is slow; the oldest are left out then."""


class CallLog:
    """Bounded, whoever calls and whoever watches."""

    def __init__(self, most: int = MOST) -> None:
        self._lines: deque[Line] = deque(maxlen=most)
        self._watchers: set[Watcher] = set()
        self._ended = False

    def end(self) -> None:
        """Who watches has seen all that there is to see: the process is about to end."""
        self._ended = True
        for watcher in self._watchers:
            watcher.end()

    def take(self, lines: Sequence[Line]) -> None:
        """Who asks for the last calls would else find, most of all, that somebody has asked."""
        calls = [line for line in lines if line[3] != INNER]
        self._lines.extend(calls)
        for watcher in self._watchers:
            watcher.take(calls)

    def newest_first(self) -> Iterator[Line]:
        return reversed(self._lines)

    @contextmanager
    def watch(self) -> Iterator[Watcher]:
        """What comes from now on."""
        watcher = Watcher()
        if self._ended:
            watcher.end()
        self._watchers.add(watcher)
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)


class Watcher:
    def __init__(self) -> None:
        self._lines: deque[Line] = deque(maxlen=MOST_UNREAD)
        self._arrived = asyncio.Event()
        self._ended = False

    def end(self) -> None:
        self._ended = True
        self._arrived.set()

    def take(self, lines: Sequence[Line]) -> None:
        self._lines.extend(lines)
        self._arrived.set()

    async def next(self) -> Line | None:
        """None at the end."""
        while not self._lines:
            if self._ended:
                return None
            self._arrived.clear()
            await self._arrived.wait()
        return self._lines.popleft()
