"""When a client is built, when it is left out, and when that is a failure."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import build_clients
import pytest
from build_clients import CannotBuild, Client, Lacking, Program, build, is_built, versions

COUNTING = (sys.executable, "-c", "print('built', file=open('../count', 'a'))")
FAILING = (sys.executable, "-c", "import sys; sys.exit(3)")


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr(build_clients, "ROOT", tmp_path)
    monkeypatch.setattr(build_clients, "SOURCES", tmp_path / "sources")
    monkeypatch.setattr(build_clients, "BUILDS", tmp_path / "builds")
    (tmp_path / "sources" / "go" / "deep").mkdir(parents=True)
    (tmp_path / "sources" / "go" / "deep" / "main.go").write_text("package main")
    return Client("go", "Go's module proxy", (), COUNTING, ("{folder}/client",))


def times_built(client: Client) -> int:
    return (client.folder.parent / "count").read_text().count("built")


def test_it_is_built_where_something_has_changed(client: Client) -> None:
    assert not is_built(client)
    for _ in range(2):
        build(client, "go1.26")
        assert (is_built(client), times_built(client)) == (True, 1)
    build(client, "go1.27")
    assert times_built(client) == 2
    source = client.sources / "deep" / "main.go"
    source.write_text("package sub1")
    assert not is_built(client)
    build(client, "go1.27")
    assert (is_built(client), times_built(client)) == (True, 3)
    (client.sources / "more.go").touch()
    assert not is_built(client)
    assert client.command == [f"{client.folder}/client"]


def test_a_build_that_fails_is_no_build(client: Client) -> None:
    failing = Client("go", client.registry, (), FAILING, ())
    for _ in range(2):
        with pytest.raises(CannotBuild, match=r"sources/go could not be built: .* needs Go's module proxy"):
            build(failing, "go1.26")
        assert not is_built(failing)


@pytest.mark.parametrize(
    ("says", "least"),
    [("go version go1.26.8 linux/amd64", 24), ("v20.20.2", 20), ('openjdk version "17.0.15"', 17), ("javac 21", 17)],
)
def test_programs_that_serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str, least: int) -> None:
    assert versions(needing(tmp_path, monkeypatch, says, least)) == f"{says}\n"


@pytest.mark.parametrize(
    ("says", "least"),
    [("go version go1.19.8 linux/amd64", 24), ("v18.19.0", 20), ('java version "1.8.0_402"', 17)],
)
def test_programs_that_are_too_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str, least: int) -> None:
    with pytest.raises(Lacking) as lacking:
        versions(needing(tmp_path, monkeypatch, says, least))
    assert str(lacking.value) == f"{says} is older than program {least}"


def test_a_program_that_is_missing() -> None:
    with pytest.raises(Lacking, match="there is no atoll-none"):
        versions(Client("go", "", (Program("atoll-none", ()),), (), ()))


@pytest.mark.parametrize(("says", "code"), [("There is no Java here.", 1), ("Java 17 is not here.", 1), ("Hello.", 0)])
def test_what_only_stands_for_a_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str, code: int) -> None:
    with pytest.raises(Lacking, match="program does not say which version it is"):
        versions(needing(tmp_path, monkeypatch, says, 17, code))


def needing(folder: Path, monkeypatch: pytest.MonkeyPatch, says: str, least: int, code: int = 0) -> Client:
    """A client that needs a program which says of itself what it is."""
    program = folder / "program"
    program.write_text(f"#!/bin/sh\ncat <<END\n{says}\nEND\nexit {code}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return Client("go", "", (Program("program", (), least),), (), ())
