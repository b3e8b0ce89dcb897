"""Which Python the environment is made of, of those that a machine may have."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "tools" / "find-python"


def install(path: Path, minor: int, *, venv: bool = True) -> None:
    """A Python at `path` that says of itself that it is 3.`minor`."""
    lacking = "" if venv else "sys.modules['venv'] = None; "
    claim = f"import sys; sys.version_info = (3, {minor}, 0); {lacking}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{claim}$2"\n')
    path.chmod(0o755)


def found(home: Path) -> str:
    """Relative to `home`, where it is not on the path."""
    (home / "bin").mkdir(exist_ok=True)
    environment = {"HOME": str(home), "PATH": str(home / "bin")}
    ended = subprocess.run(["/bin/sh", SCRIPT], capture_output=True, text=True, env=environment, check=False)
    assert ended.returncode == (0 if ended.stdout else 1)
    return ended.stdout.strip().removeprefix(f"{home}/")


@pytest.mark.parametrize(
    ("minors", "expected"),
    [
        ({"python3": 13, "python3.11": 11, "python3.13": 13}, "python3.11"),
        ({"python3": 11, "python3.11": 11}, "python3"),
        ({"python3": 14, "python3.13": 13, "python3.12": 12}, "python3.12"),
        ({"python3": 10, "python3.10": 10, "python3.13": 13}, "python3.13"),
        ({"python3": 13}, "python3"),
        ({"python3": 10}, ""),
        ({}, ""),
    ],
)
def test_the_oldest_that_is_supported(minors: dict[str, int], expected: str, tmp_path: Path) -> None:
    for name, minor in minors.items():
        install(tmp_path / "bin" / name, minor)
    assert found(tmp_path) == expected


def test_those_that_pyenv_and_uv_have_brought(tmp_path: Path) -> None:
    install(tmp_path / "bin" / "python3", 13)
    uv = tmp_path / ".local/share/uv/python/cpython-3.12.7-linux-x86_64-gnu/bin/python3"
    install(uv, 12)
    assert found(tmp_path) == str(uv.relative_to(tmp_path))
    pyenv = tmp_path / ".pyenv/versions/3.11.9/bin/python3"
    install(pyenv, 11)
    assert found(tmp_path) == str(pyenv.relative_to(tmp_path))


def test_one_without_venv_comes_last(tmp_path: Path) -> None:
    install(tmp_path / "bin" / "python3.11", 11, venv=False)
    assert found(tmp_path) == "python3.11"
    install(tmp_path / "bin" / "python3", 12)
    assert found(tmp_path) == "python3"
