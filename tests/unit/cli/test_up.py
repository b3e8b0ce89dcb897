"""A start that cannot be says what to do."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
from pathlib import Path

import apsw
import atoll
import pytest
from atoll.cli import up
from atoll.gateway.server import CannotListen
from atoll.gateway.settings import BadSetting, Settings
from atoll.tenants.folder import DataFolderError


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "atoll", *arguments], capture_output=True, text=True, timeout=60, check=False
    )


def test_version() -> None:
    assert run("version").stdout == f"{atoll.__version__}\n"


def test_version_imports_neither_typer_nor_the_engine() -> None:
    code = "import sys; sys.argv = ['atoll', 'version']; from atoll.cli import main; main(); print(*sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True).stdout
    assert not {"typer", "rich", "asyncio", "atoll.gateway"} & set(shown.split())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["up", "--default-account", "12"], "12 digits"),
        (["up", "--temporary", "--data", "x"], "excludes --data"),
        (["up", "--tls-key", "x"], "together with --tls-certificate"),
        (["up", "--public-host", "http://x/"], "without a scheme"),
        (["up", "--port", "99999"], "65535"),
        (["up", "--host", ""], "--host: it is empty; 0.0.0.0 stands for"),
        (["up", "--host="], "--host: it is empty; 0.0.0.0 stands for"),
        (["up", "--data", ""], "'--data': it is empty"),
        (["up", "--data="], "'--data': it is empty"),
        (["up", "--tls-certificate", ""], "'--tls-certificate': it is empty"),
        (["up", "--tls-certificate", "c", "--tls-key", ""], "'--tls-key': it is empty"),
        (["nothing"], "No such command"),
    ],
)
def test_a_mistake_is_named(arguments: list[str], words: str) -> None:
    ended = run(*arguments)
    assert ended.returncode == 2
    assert words in ended.stderr


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run("up", "--temporary", "--port", str(port))
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert f"Port {port} of 127.0.0.1 is taken" in ended.stderr
    assert "--port" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_folder_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ended = run("up", "--port", "0", "--data", str(tmp_path / "file"))
    assert ended.returncode == 1
    assert "is not a folder" in ended.stderr


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (DataFolderError("in use"), "in use"),
        (apsw.CorruptError("database disk image is malformed"), "malformed"),
        (CannotListen("x", 1, socket.gaierror(socket.EAI_NONAME, "Name or service not known")), "no host x: give"),
        (CannotListen("::", 1, OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))), "Port 1 of :: is taken"),
        (CannotListen("h", 1, OSError(errno.EACCES, os.strerror(errno.EACCES))), "h:1 cannot be listened on (Perm"),
        (BadSetting("--tls-key", "k.pem has a pass phrase"), "atoll: --tls-key: k.pem has a pass phrase"),
        (FileNotFoundError(errno.ENOENT, "No such file", Path("key.pem")), "key.pem cannot be read"),
    ],
)
def test_what_fails_is_said(
    error: Exception, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(settings: Settings, prepare: object) -> bool:
        raise error

    monkeypatch.setattr(up, "serve", fail)
    assert up.run(Settings(tls_certificate=Path("c.pem"), tls_key=Path("key.pem"))) == 1
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(("port", "option"), [(1, "--control-port"), (2, "--port or --listen")])
def test_whose_port_is_taken(
    port: int, option: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(settings: Settings, prepare: object) -> bool:
        raise CannotListen("h", port, OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE)))

    monkeypatch.setattr(up, "serve", fail)
    assert up.run(Settings(control_port=1)) == 1
    assert f"or give another one with {option} (0 picks a free one)" in capsys.readouterr().err


def test_a_new_start_is_by_the_same_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(up, "serve", lambda settings, prepare: True)
    monkeypatch.setattr(os, "execv", lambda program, arguments: started.append((program, arguments)))
    up.run(Settings())
    assert started == [(sys.executable, sys.orig_argv)]


def test_no_refusal_says_ready(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(settings: Settings, prepare: object) -> bool:
        raise DataFolderError("The data folder Ready is in use")

    monkeypatch.setattr(up, "serve", fail)
    assert up.run(Settings()) == 1
    assert "Ready" not in capsys.readouterr().err


def test_what_is_not_foreseen_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(settings: Settings, prepare: object) -> bool:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(up, "serve", fail)
    with pytest.raises(OSError, match="Input/output"):
        up.run(Settings())
