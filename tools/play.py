"""Plays pages of the documentation, each in an empty folder against an Atoll of its own: every command is printed with
its answer, and the first one that is not what the page says ends it. `make demo` plays the README, `make test` all.

    python tools/play.py README.md docs/faults.md
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pages import BadPage, Command, Run, Shown, Start, Step, Write, read

ROOT = Path(__file__).resolve().parent.parent
LONGEST = 90.0
"""Seconds that a command may take, and Atoll to start."""
PORT = 4566
"""That of the pages; each is played on one that is free."""
SECOND = 4567
"""The same of a second port, where a page has one."""

Say = Callable[[str], None]


def main() -> int:
    try:
        for name in sys.argv[1:]:
            play(Path(name), lambda text: print(text, flush=True))
    except BadPage as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    print("\nAll answers are as the page says.")
    return 0


def play(path: Path, say: Say) -> None:
    """Raises BadPage where the page is not to be understood, or does not hold."""
    page = str(path.resolve().relative_to(ROOT)) if path.resolve().is_relative_to(ROOT) else path.name
    steps = read(path, page)
    with ExitStack() as stack:
        player = stack.enter_context(_Player.ready(page, say))
        for step in steps:
            player.take(step)


class _Player:
    """`folder` is where the page's commands run, `scripts` where what is run of them is kept."""

    def __init__(self, page: str, say: Say, folder: Path, scripts: Path) -> None:
        self._page = page
        self._say = say
        self._folder = folder
        self._script = scripts / page
        self._script.parent.mkdir(parents=True, exist_ok=True)
        self._environment = _environment(folder)
        self._shell = _Shell(folder, self._environment, scripts / "printed")
        self._atoll: _Atoll | None = None
        self._port = 0
        self._second = _free_port()

    @classmethod
    @contextmanager
    def ready(cls, page: str, say: Say) -> Iterator[_Player]:
        with tempfile.TemporaryDirectory(prefix="atoll-page-") as folder, tempfile.TemporaryDirectory() as scripts:
            shutil.copytree(ROOT / "examples", Path(folder, "examples"))
            # As in a checkout, whichever environment this is.
            Path(folder, ".venv").symlink_to(sys.prefix)
            player = cls(page, say, Path(folder), Path(scripts))
            try:
                yield player
            finally:
                player.end()

    def end(self) -> None:
        self._shell.end()
        if self._atoll is not None:
            self._atoll.end()

    def take(self, step: Step) -> None:
        match step:
            case Start():
                self._start(step)
            case Run():
                for command in step.commands:
                    is_last = command is step.commands[-1]
                    self._run(command, step.shown if is_last else None, fails=step.fails and is_last)
            case Write():
                target = self._folder / step.name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(self._on_port(step.text, step.line))
                self._say(f"({step.name} is written)")

    # ---- Atoll

    def _start(self, step: Start) -> None:
        self._say(f"$ {step.command}")
        if self._atoll is not None:
            self._atoll.end()
        # `make up` is this, less the installing. Later ones listen where the first one did, as they would on 4566.
        command = re.sub(r"make up|atoll up", f"atoll up --port {self._port}", step.command, count=1)
        command = re.sub(rf"\b{SECOND}\b", str(self._second), command)
        self._atoll = _Atoll(command, self._folder, self._environment)
        if not self._atoll.ready:
            raise BadPage(self._page, step.line, f"Atoll did not start:\n{self._atoll.printed}")
        endpoint = self._atoll.endpoint
        self._port = int(endpoint.rpartition(":")[2])
        self._shell.tell(f"export ATOLL_ENDPOINT={endpoint} LOCALSTACK_HOST=localhost:{self._port}")
        self._judge(step.shown, self._atoll.printed)

    def _on_port(self, text: str, line: int) -> str:
        text = re.sub(rf":{SECOND}\b", f":{self._second}", text)
        if f":{PORT}" not in text:
            return text
        if not self._port:
            raise BadPage(self._page, line, "no Atoll is there yet: `atoll up` in a block before starts one")
        return re.sub(rf":{PORT}\b", f":{self._port}", text)

    # ---- commands

    def _run(self, command: Command, shown: Shown | None, *, fails: bool) -> None:
        self._say(f"$ {command.text}" if not command.python else f"$ python\n{command.text}")
        # So many lines in front that bash and Python name those of the page.
        self._script.write_text("\n" * (command.line - 1) + self._on_port(command.text, command.line) + "\n")
        script = shlex.quote(str(self._script))
        code, printed = self._shell.run(f"python {script}" if command.python else f"source {script}", fails=fails)
        printed = self._as_on_page(printed)
        self._judge_code(command, code, printed, fails=fails)
        if command.prints_nothing and printed:
            raise BadPage(self._page, command.line, f"this should have printed nothing, and printed\n{printed}")
        self._judge(shown, printed)

    def _judge_code(self, command: Command, code: int | None, printed: str, *, fails: bool) -> None:
        if code is None:
            words = f"this did not end within {LONGEST:g} s"
        elif fails and not code:
            words = "this should have failed"
        elif code and not fails:
            words = f"this ended with {code}"
        else:
            return
        raise BadPage(self._page, command.line, f"{words}: {command.text}\n{printed}")

    def _judge(self, shown: Shown | None, printed: str) -> None:
        printed = self._as_on_page(printed)
        if printed:
            self._say(printed)
        if shown is not None and not holds(shown.text, printed):
            raise BadPage(self._page, shown.line, f"it says\n{shown.text}\n\nand there came\n{printed}")

    def _as_on_page(self, text: str) -> str:
        text = re.sub(rf":{self._second}\b", f":{SECOND}", text)
        return re.sub(rf":{self._port}\b", f":{PORT}", text) if self._port else text


def holds(shown: str, printed: str) -> bool:
    """Whether that was printed, `...` standing for what varies."""
    pattern = ""
    for line in shown.strip().splitlines():
        if line.strip() == "...":
            pattern += r"(?:.*\n)*?"
        else:
            pattern += ".*?".join(map(re.escape, line.rstrip().split("..."))) + "\n"
    lines = [line.rstrip() for line in printed.strip().splitlines()]
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in lines)) is not None


def _environment(folder: Path) -> dict[str, str]:
    """That of a reader who has nothing set."""
    return {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "NO_PROXY": "localhost,127.0.0.1",
        "AWS_EC2_METADATA_DISABLED": "true",
        # Nobody is there; once there is an Atoll it says where.
        "ATOLL_ENDPOINT": "http://localhost:9",
    }


def _free_port() -> int:
    with socket.create_server(("localhost", 0)) as server:
        port: int = server.getsockname()[1]
        return port


class _Shell:
    """One bash, to which commands are handed one by one. It ends with the first that fails."""

    def __init__(self, folder: Path, environment: dict[str, str], printed: Path) -> None:
        self._printed = printed
        self._process = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.tell("set -euo pipefail")

    def tell(self, lines: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{lines}\n")
        self._process.stdin.flush()

    def run(self, line: str, *, fails: bool) -> tuple[int | None, str]:
        """How it ended, None if it did not, and what it printed."""
        assert self._process.stdout is not None
        with _watched(self._process) as late:
            # At once, since after a failure nobody is there to be told more.
            self.tell(
                f'set {"+e" if fails else "-e"}\n{line} </dev/null >{shlex.quote(str(self._printed))} 2>&1\necho "$?"'
            )
            ended = self._process.stdout.readline()
            code = int(ended) if ended else self._process.wait() or 1
        return (None if late.is_set() else code), self._printed.read_text().strip("\n")

    def end(self) -> None:
        _end(self._process)


class _Atoll:
    """`printed` is what it said until it was ready, or ended."""

    def __init__(self, command: str, folder: Path, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            ["bash", "-c", command],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        lines: list[str] = []
        with _watched(self._process):
            for line in self._process.stdout:
                lines.append(line)
                if line == "Ready.\n":
                    break
        self.printed = "".join(lines).strip("\n")
        self.ready = lines[-1:] == ["Ready.\n"]
        # Somebody has to read on, since a full pipe would stop it.
        self._reader = threading.Thread(target=self._process.stdout.read, daemon=True)
        self._reader.start()

    @property
    def endpoint(self) -> str:
        return re.sub(r"127\.0\.0\.1|0\.0\.0\.0", "localhost", re.findall(r"https?://[^\s\"]+", self.printed)[0])

    def end(self) -> None:
        _end(self._process, self._reader)


@contextmanager
def _watched(process: subprocess.Popen[str]) -> Iterator[threading.Event]:
    """Ends it after the longest time that something may take; the event says that this has happened."""
    late = threading.Event()

    def end() -> None:
        late.set()
        os.killpg(process.pid, signal.SIGKILL)

    timer = threading.Timer(LONGEST, end)
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()


def _end(process: subprocess.Popen[str], reader: threading.Thread | None = None) -> None:
    """It, and what it has started: each is a session of its own."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if reader is not None:
        reader.join()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


if __name__ == "__main__":
    sys.exit(main())
