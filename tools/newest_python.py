"""Finds the Pythons that the machine has; as a script, prints the newest that Atoll runs on.

Looked for on the path and where pyenv and uv keep theirs. What is not a final release of CPython, or lacks `venv`, does
not count.
"""

from __future__ import annotations

import os
import subprocess
from functools import cache
from pathlib import Path

OLDEST = (3, 11)
KEPT = (".pyenv/versions/*/bin", ".local/share/uv/python/cpython-*/bin")

_ASK = """
import sys, sysconfig
fits = sys.implementation.name == "cpython" and sys.version_info.releaselevel == "final"
import ensurepip, venv
print(*sys.version_info[:3]) if fits and not sysconfig.get_config_var("Py_GIL_DISABLED") else sys.exit(1)
"""


@cache
def version_of(python: Path) -> tuple[int, ...] | None:
    """Major, minor, micro; None where there is no Python, or one that does not count."""
    try:
        asked = subprocess.run([python, "-c", _ASK], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return tuple(map(int, asked.stdout.split())) if asked.returncode == 0 else None


def pythons() -> list[tuple[str, tuple[int, ...]]]:
    """Those of at least `OLDEST`, the newest first, one for each version."""
    folders = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    for pattern in KEPT:
        folders.extend(Path.home().glob(pattern))
    found: dict[tuple[int, ...], str] = {}
    for folder in folders:
        for python in sorted(folder.glob("python3.[0-9]*")):
            if python.suffix[1:].isdigit() and (version := version_of(python)) is not None and version >= OLDEST:
                found.setdefault(version, str(python))
    return [(found[version], version) for version in sorted(found, reverse=True)]


if __name__ == "__main__":
    for name, _ in pythons()[:1]:
        print(name)
