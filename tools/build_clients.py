"""Builds the clients of tests/clients that are not written in Python, each into a folder of build/clients.

A client is built anew when its sources or the programs that build it have changed. It is left out, and that is said,
where a program that it needs is missing or too old.
"""

from __future__ import annotations

import filecmp
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from environment import ROOT, one_at_a_time, say

SOURCES = ROOT / "tests" / "clients"
BUILDS = ROOT / "build" / "clients"
STAMP = "made-with"


@dataclass(frozen=True)
class Program:
    """One that a client is built or run with, and from which version on (what its SDK asks for)."""

    name: str
    version: tuple[str, ...]
    """Makes it say its version."""
    least: int = 0
    """The first number of the version, or for Go, whose first is 1, the second."""


@dataclass(frozen=True)
class Client:
    name: str
    registry: str
    """Where its packages come from."""
    programs: tuple[Program, ...]
    build: tuple[str, ...]
    run: tuple[str, ...]
    """In its folder, before its arguments; {folder} stands for that folder."""

    @property
    def sources(self) -> Path:
        return SOURCES / self.name

    @property
    def folder(self) -> Path:
        return BUILDS / self.name

    @property
    def command(self) -> list[str]:
        return [word.format(folder=self.folder) for word in self.run]


CLIENTS = {
    client.name: client
    for client in (
        Client(
            "javascript",
            "npm's registry",
            (Program("node", ("--version",), 20), Program("npm", ("--version",))),
            ("npm", "ci", "--no-audit", "--no-fund"),
            ("node", "{folder}/client.js"),
        ),
        Client(
            "go",
            "Go's module proxy",
            (Program("go", ("version",), 24),),
            ("go", "build", "-buildvcs=false", "-o", "client", "."),
            ("{folder}/client",),
        ),
        Client(
            "java",
            "Maven Central",
            (Program("javac", ("-version",), 17), Program("java", ("-version",), 17), Program("mvn", ("--version",))),
            ("mvn", "--batch-mode", "--no-transfer-progress", "-Dstyle.color=never", "process-classes"),
            ("java", "-XX:TieredStopAtLevel=1", "-cp", "{folder}/target/classes:{folder}/target/lib/*", "Client"),
        ),
    )
}


class Lacking(Exception):
    """A program that a client needs is not there, or is too old."""


class CannotBuild(Exception):
    """The message says what to look at."""


def main() -> None:
    with one_at_a_time():
        for client in CLIENTS.values():
            try:
                build(client, versions(client))
            except Lacking as error:
                shutil.rmtree(client.folder, ignore_errors=True)
                say(f"Left out: the client in {client.sources.relative_to(ROOT)}, since {error}")


def versions(client: Client) -> str:
    """Of its programs, in their own words. Raises Lacking."""
    said = ""
    for program in client.programs:
        if shutil.which(program.name) is None:
            raise Lacking(f"there is no {program.name}")
        asked = [program.name, *program.version]
        ended = subprocess.run(asked, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        number = re.search(r"\b(?:go1\.|v)?(\d+)", ended.stdout)
        # A stub may stand for what is not installed, as on macOS.
        if ended.returncode != 0 or number is None:
            raise Lacking(f"{' '.join(asked)} does not say which version it is")
        if int(number[1]) < program.least:
            raise Lacking(f"{ended.stdout.splitlines()[0]} is older than {program.name} {program.least}")
        said += ended.stdout
    return said


def build(client: Client, made_with: str) -> None:
    """Where that is not done already. Raises CannotBuild."""
    if is_built(client) and (client.folder / STAMP).read_text() == made_with:
        return
    say(f"Building {client.folder.relative_to(ROOT)}: {' '.join(client.build)} ...")
    shutil.rmtree(client.folder, ignore_errors=True)
    shutil.copytree(client.sources, client.folder)
    if subprocess.run(client.build, cwd=client.folder, check=False).returncode != 0:
        raise CannotBuild(
            f"The client in {client.sources.relative_to(ROOT)} could not be built: {client.build[0]} says above why. "
            f"It needs {client.registry} where this machine does not have the packages yet."
        )
    (client.folder / STAMP).write_text(made_with)


def is_built(client: Client) -> bool:
    """Whether it is there, and was built from the sources that there are now."""
    if not (client.folder / STAMP).is_file():
        return False
    names = [str(path.relative_to(client.sources)) for path in client.sources.rglob("*") if path.is_file()]
    _, changed, missing = filecmp.cmpfiles(client.sources, client.folder, names, shallow=False)
    return not changed and not missing


if __name__ == "__main__":
    try:
        main()
    except CannotBuild as error:
        sys.exit(str(error))
