"""Init scripts: what users put into `boot.d`, `start.d`, `ready.d` and `shutdown.d` of LocalStack's init folder, or of
Atoll's, is run at that stage of the process.

A script that fails stops neither the others nor Atoll; its state says so. https://docs.localstack.cloud/references/init-hooks/
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from enum import StrEnum
from pathlib import Path

from atoll.index import AccessKey, Index

logger = logging.getLogger(__name__)

FOLDERS = (Path("/etc/localstack/init"), Path("/etc/atoll/init"))
FOLDER = "ATOLL_INIT_FOLDER"
"""An environment variable: a folder that is looked into in place of `FOLDERS`."""
LONGEST_LINE = 64 * 1024
"""Bytes of a script's output that are one line of the log at most."""
LAST_WORDS = 0.2
"""Seconds for a script's output to come to its end after the script has."""
_READING: set[asyncio.Task[None]] = set()
"""The loop itself keeps no task alive."""
_KINDS = (".sh", ".py")
_FORGET = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")
"""What AWS clients would heed before the keys."""


class Stage(StrEnum):
    BOOT = "BOOT"
    """Nothing is there yet."""
    START = "START"
    """What was kept is taken up; no call is answered yet."""
    READY = "READY"
    """Calls are answered, and the log has said so."""
    SHUTDOWN = "SHUTDOWN"
    """Calls are answered still."""


class State(StrEnum):
    UNKNOWN = "UNKNOWN"
    """Not run yet."""
    RUNNING = "RUNNING"
    SUCCESSFUL = "SUCCESSFUL"
    ERROR = "ERROR"


class Script:
    """`name` is its path below its stage's folder."""

    __slots__ = ("name", "path", "stage", "state")

    def __init__(self, stage: Stage, folder: Path, path: Path) -> None:
        self.stage = stage
        self.path = path
        self.name = str(path.relative_to(folder))
        self.state = State.UNKNOWN

    @property
    def command(self) -> list[str]:
        if self.path.suffix == ".py":
            return [sys.executable, str(self.path)]
        # One that was mounted without its executable bit is meant to be run all the same.
        return [str(self.path)] if os.access(self.path, os.X_OK) else ["sh", str(self.path)]


class InitScripts:
    """The scripts that there are when the process starts. `environment` is what they run with."""

    def __init__(self, folders: Sequence[Path], environment: Mapping[str, str]) -> None:
        self.completed: set[Stage] = set()
        self.environment = dict(environment)
        self._scripts = {stage: _found(folders, stage) for stage in Stage}

    def states(self, stage: Stage | None = None) -> list[dict[str, str]]:
        """Stage, file name and state of each script, in the order in which they run."""
        stages = Stage if stage is None else (stage,)
        return [
            {"stage": each.stage, "name": each.path.name, "state": each.state}
            for one in stages
            for each in self._scripts[one]
        ]

    def any(self, *stages: Stage) -> bool:
        """Whether there are scripts of these stages."""
        return any(self._scripts[stage] for stage in stages)

    async def run(self, stage: Stage, seconds: float | None = None) -> None:
        """Runs the stage's scripts one after the other, all of them in `seconds` where that is given; what is not done
        by then is ended."""
        try:
            async with asyncio.timeout(seconds):
                for script in self._scripts[stage]:
                    await self._run(script)
        except TimeoutError:
            logger.warning("the %s scripts took longer than %g s and were ended", stage, seconds)
        self.completed.add(stage)

    async def _run(self, script: Script) -> None:
        logger.info("running %s script %s", script.stage, script.path)
        script.state = State.RUNNING
        try:
            code = await _execute(script, self.environment)
        except OSError as error:
            script.state = State.ERROR
            logger.error("%s cannot be run (%s): is its first line #!/bin/sh or the like?", script.path, error.strerror)
            return
        except asyncio.CancelledError:
            script.state = State.ERROR
            raise
        script.state = State.ERROR if code else State.SUCCESSFUL
        if code:
            logger.error("%s ended with exit code %d", script.path, code)


def init_folders(environment: Mapping[str, str]) -> tuple[Path, ...]:
    own = environment.get(FOLDER)
    return (Path(own),) if own else FOLDERS


def client_environment(
    base: Mapping[str, str], endpoint: str | None, account: str, key: AccessKey | None = None
) -> dict[str, str]:
    """`base` and what an AWS client needs to call `endpoint`, where that is known: with `key` where there is one, else
    with the keys that `base` has, else as `account`. A region that `base` has stays."""
    kept = {name: value for name, value in base.items() if name not in _FORGET}
    region = kept.get("AWS_REGION") or kept.get("AWS_DEFAULT_REGION") or "us-east-1"
    if key is not None:
        kept.pop("AWS_SESSION_TOKEN", None)
        kept |= {"AWS_ACCESS_KEY_ID": key.key_id, "AWS_SECRET_ACCESS_KEY": key.secret}
    elif "AWS_ACCESS_KEY_ID" not in kept:
        kept.pop("AWS_SESSION_TOKEN", None)
        kept |= {"AWS_ACCESS_KEY_ID": account, "AWS_SECRET_ACCESS_KEY": "test"}
    kept |= {"AWS_REGION": region, "AWS_DEFAULT_REGION": region}
    if endpoint is None:
        kept.pop("AWS_ENDPOINT_URL", None)
        return kept
    return kept | {"AWS_ENDPOINT_URL": endpoint}


def _found(folders: Sequence[Path], stage: Stage) -> list[Script]:
    scripts = []
    for folder in folders:
        of_stage = folder / f"{stage.lower()}.d"
        files = sorted(path for path in of_stage.rglob("*") if path.suffix in _KINDS and path.is_file())
        scripts += [Script(stage, of_stage, path) for path in files]
    return scripts


async def usable_key(index: Index, base: Mapping[str, str], realm: str, account: str) -> AccessKey | None:
    """The key that scripts call a closed realm with: the one that `base` has where the realm issued it, else the newest
    of the account. None where none is active."""
    own = await index.access_key(base.get("AWS_ACCESS_KEY_ID", ""))
    if own is not None and own.realm == realm and own.status == "Active":
        return own
    active = [key for key in await index.access_keys(realm, account) if key.status == "Active"]
    return active[-1] if active else None


async def _execute(script: Script, environment: Mapping[str, str]) -> int:
    """The exit code. Whoever gives up waiting ends the script, with what it has started. Raises OSError."""
    # A pipe of our own, since a process's is waited for as the process is, and what it leaves running holds it open.
    reads, writes = os.pipe()
    reading = asyncio.create_task(_log_lines(script, reads))
    _READING.add(reading)
    reading.add_done_callback(_READING.discard)
    try:
        process = await asyncio.create_subprocess_exec(
            *script.command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=writes,
            stderr=writes,
            env=environment,
            start_new_session=True,
        )
    finally:
        os.close(writes)
    try:
        code = await process.wait()
        await asyncio.wait([reading], timeout=LAST_WORDS)
        return code
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


async def _log_lines(script: Script, reads: int) -> None:
    """Until nobody writes to the pipe any more."""
    output = asyncio.StreamReader(LONGEST_LINE)
    protocol = asyncio.StreamReaderProtocol(output)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, os.fdopen(reads, "rb"))
    try:
        await _log_each(script, output)
    finally:
        transport.close()


async def _log_each(script: Script, output: asyncio.StreamReader) -> None:
    rest = b""
    while piece := await output.read(LONGEST_LINE):
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            _log_line(script, line)
        if len(rest) > LONGEST_LINE:
            _log_line(script, rest)
            rest = b""
    if rest:
        _log_line(script, rest)


def _log_line(script: Script, line: bytes) -> None:
    logger.info("%s: %s", script.name, line.decode("utf-8", "replace").rstrip("\r"))
