"""Where all output of a running Atoll goes: one stream of whole lines, as text or as JSON.

The reader of a pipe may stop reading, and a call must not wait for that. What a file or a pipe takes at once is written
at once; for the rest there is a thread, only then, since one that writes all the time takes the interpreter's lock from
the calls (a third of a call's CPU).
"""

from __future__ import annotations

import logging
import os
import select
import stat
import threading
from collections import deque
from collections.abc import Callable
from typing import Literal

import orjson

from atoll.core.clock import Clock
from atoll.gateway.timestamps import stamp

Format = Literal["text", "json"]

MOST_PENDING = 8 * 1024 * 1024
"""Bytes that wait for a reader who is slow; what comes on top is left out, and that is said."""
FAREWELL = 2.0
"""Seconds that a slow reader is given when the process ends."""
_READY = "Ready"
_UNREADY = "\\u0052eady"
"""The same in JSON; in text it shows what is meant."""


def unready(text: str) -> str:
    """`text` without the word that scripts wait for: a folder or a host may be called by it."""
    return text.replace(_READY, _UNREADY)


class LogWriter:
    """Writes to a file descriptor, in the order given, what `write` is handed. For any thread."""

    def __init__(self, descriptor: int, form: Format, clock: Clock) -> None:
        self._descriptor = descriptor
        self._form = form
        self._clock = clock
        self._ready = False
        self._takes = _takes_at_once(descriptor)
        self._pending: deque[bytes] = deque()
        self._size = 0
        self._left_out = 0
        self._closing = False
        self._broken = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def write(self, text: str) -> None:
        """`text` is whole lines. Returns at once."""
        self._hand_over(text if self._ready else unready(text))

    def ready(self) -> None:
        """Writes the one line that scripts wait for: it stands alone, whatever the format; no earlier one says it."""
        self._hand_over(f"{_READY}.\n")
        self._ready = True

    def _hand_over(self, text: str) -> None:
        data = text.encode("utf-8", "backslashreplace")
        with self._changed:
            if self._broken or self._closing:
                return
            if self._size + len(data) > MOST_PENDING:
                self._left_out += text.count("\n")
                return
            if self._left_out:
                data = self._gap().encode() + data
                self._left_out = 0
            if not self._size:
                data = self._write_at_once(data)
                if not data:
                    return
            self._pending.append(data)
            self._size += len(data)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="atoll-log", daemon=True)
                self._thread.start()
            self._changed.notify()

    @property
    def pending(self) -> int:
        """Bytes that were handed over and are not written yet."""
        return self._size

    def close(self) -> None:
        """Returns when all is written, or its reader has taken too long."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(FAREWELL)

    def _gap(self) -> str:
        words = f"{self._left_out} log lines were left out: nobody read them"
        if self._form == "json":
            return _json({"time": stamp(self._clock.now()), "level": "warning", "message": words})
        return f"({words})\n"

    def _write_at_once(self, data: bytes) -> bytes:
        """Writes what does not have to wait. Returns the rest."""
        while data and (most := self._takes()):
            if not self._put(data[:most]):
                self._broken = True
                return b""
            data = data[most:]
        return data

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._pending and not self._closing:
                    self._changed.wait()
                if not self._pending:
                    return
                data = b"".join(self._pending)
                self._pending.clear()
            # Bytes count as pending until they are written.
            written = self._put(data)
            with self._changed:
                self._size -= len(data)
                if not written:
                    self._broken = True
                    self._pending.clear()
                    return

    def _put(self, data: bytes) -> bool:
        """False when the reader is gone. Where the disk is full the lines are lost, and the calls go on."""
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self._descriptor, view) :]
            except BrokenPipeError:
                return False
            except OSError:
                break
        return True


def _takes_at_once(descriptor: int) -> Callable[[], int]:
    """What says how many bytes can be written without waiting: to a file any number, to a pipe with room so many as
    the system promises, to what else there is (a terminal that is held) none that one could be sure of.

    https://docs.python.org/3/library/select.html#select.PIPE_BUF
    """
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return lambda: MOST_PENDING
    if not stat.S_ISFIFO(mode):
        return lambda: 0
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return lambda: select.PIPE_BUF if poll.poll(0) else 0


class LogHandler(logging.Handler):
    """Python's own log records, a traceback with them, in the form of the other lines."""

    def __init__(self, writer: LogWriter, form: Format, level: int | str) -> None:
        super().__init__(level)
        self._writer = writer
        self._form = form

    def emit(self, record: logging.LogRecord) -> None:
        message = self.format(record)
        when = stamp(record.created)
        level = record.levelname.lower()
        if self._form == "json":
            entry = {"time": when, "level": level, "logger": record.name, "message": message}
            self._writer.write(_json(entry))
        else:
            self._writer.write(f"{when} {level} {record.name}: {message}\n")


class Announcer:
    """What is said once, when Atoll starts."""

    def __init__(self, writer: LogWriter, form: Format, clock: Clock) -> None:
        self._writer = writer
        self._form = form
        self._clock = clock

    def say(self, message: str) -> None:
        if self._form == "json":
            self._writer.write(_json({"time": stamp(self._clock.now()), "level": "info", "message": message}))
        else:
            self._writer.write(message + "\n")

    def ready(self) -> None:
        self._writer.ready()


def _json(entry: dict[str, str]) -> str:
    try:
        return orjson.dumps(entry).decode() + "\n"
    except orjson.JSONEncodeError:
        # Half of a surrogate pair, which no UTF-8 has.
        return _json({key: value.encode("utf-8", "backslashreplace").decode() for key, value in entry.items()})


def attach(writer: LogWriter, form: Format, level: str) -> LogHandler:
    """Sends the records of all loggers to `writer`; `logging.getLogger().removeHandler` ends that."""
    handler = LogHandler(writer, form, level.upper())
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(level.upper())
    return handler
