"""One running Atoll, with accounts that were declared, for the clients that people have."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples" / "accounts.yaml"

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def declared(atoll_with: Callable[..., Any]) -> Iterator[Any]:
    """With the accounts `payments` (111111111111, in eu-central-1) and `orders` (elsewhere), which have keys."""
    with atoll_with("--temporary", "-f", str(EXAMPLES)) as atoll:
        yield atoll


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of what the user has set for AWS, and the programs that are installed beside this Python."""
    for name in os.environ:
        if name.startswith(("AWS_", "LOCALSTACK_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def run() -> Run:
    """Runs a program, with further variables, and gives what it printed and its exit code."""

    def run(*command: str, folder: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=60,
            cwd=folder,
            env={**os.environ, **environment},
            check=False,
        )

    return run
