"""The servers that are measured: started as a user would, ended by their pid."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from time import monotonic, perf_counter

from tests.bench.messages import identity

START_TIME = 30.0
PAUSE = 0.002


@dataclass
class Server:
    process: subprocess.Popen[bytes]
    port: int
    log: Path

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def cpu(self) -> float:
        """CPU seconds of the process so far, of all its threads."""
        spent = 0
        for task in Path(f"/proc/{self.process.pid}/task").iterdir():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                spent += int((task / "schedstat").read_text().split()[0])
        return spent / 1e9

    def memory(self) -> float:
        """MB that the process holds."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE)
        assert found is not None
        return int(found[1]) / 1024

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


@contextlib.contextmanager
def launch(*options: str) -> Iterator[tuple[Server, float]]:
    """An Atoll with a durable data folder of its own, its log line on and going to a file; and when it was started, as
    `perf_counter` tells it."""
    with tempfile.TemporaryDirectory(prefix="atoll-bench-") as folder:
        log = Path(folder) / "log"
        port = free_port()
        command = [sys.executable, "-m", "atoll", "up", "--port", str(port), "--data", str(Path(folder) / "data")]
        with log.open("wb") as output:
            since = perf_counter()
            process = subprocess.Popen([*command, *options], stdout=output, stderr=subprocess.STDOUT)
        server = Server(process, port, log)
        try:
            yield server, since
        finally:
            server.end()


@contextlib.contextmanager
def atoll(*options: str) -> Iterator[Server]:
    """One that answers."""
    with launch(*options) as (server, _):
        wait_until_ready(server)
        yield server


@contextlib.contextmanager
def hello() -> Iterator[Server]:
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "tests.bench.hello", str(port)])
    server = Server(process, port, Path(os.devnull))
    try:
        first_answer(server)
        yield server
    finally:
        server.end()


def wait_until_ready(server: Server) -> None:
    _until(server, lambda: b"Ready.\n" in server.log.read_bytes())


def first_answer(server: Server) -> float:
    """Asks until there is an answer; returns the moment, as `perf_counter` tells it."""
    _until(server, lambda: _asked(server))
    return perf_counter()


def _asked(server: Server) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
            connection.sendall(identity(server.host))
            return connection.recv(65536).startswith(b"HTTP/1.1 200")
    except ConnectionRefusedError:
        return False


def _until(server: Server, happened: Callable[[], bool]) -> None:
    deadline = monotonic() + START_TIME
    waiter = Event()
    while not happened():
        if server.process.poll() is not None:
            raise RuntimeError(f"the server ended: {server.log.read_text() if server.log.is_file() else ''}")
        if monotonic() > deadline:
            raise RuntimeError("the server did not start in time")
        waiter.wait(PAUSE)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
