"""Makes the virtual environments that the Makefile uses, where they are missing or out of date.

    main      .venv: everything, by requirements.lock, and Atoll itself as an editable install
    newest    .venv-newest: the same on the newest Python that the machine has, where that is not .venv's
    botocore  .venv-botocore-1.31: the last botocore that spoke SQS's query protocol, as a client in tests

It needs nothing but Python 3.11 with its `venv`. Whatever is installed is checked against the hashes in a lock file.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from newest_python import pythons, version_of

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
BOTOCORE_LOCK = ROOT / "tests" / "clients" / "botocore-1.31.lock"
STAMP = "made-from"
WITHOUT_WHEEL = "localstack-client"
"""Of all that is locked. It needs none, since there is nothing in it to compile."""
PYTHON = getattr(sys, "_base_executable", sys.executable)
"""Not the one of an environment that happens to be active: that one may be removed here."""


class CannotInstall(Exception):
    """The packages cannot be had for that Python."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("environments", nargs="+", choices=["main", "newest", "botocore"])
    for name in parser.parse_args().environments:
        with one_at_a_time():
            {"main": main_environment, "newest": newest_environment, "botocore": botocore_environment}[name]()


def main_environment() -> None:
    prepare(ROOT / ".venv", PYTHON, LOCK, install_all)


def newest_environment() -> None:
    """Where the newest Python has no wheels of something yet, the next newest is taken, and that is said."""
    folder = ROOT / ".venv-newest"
    have = version_of(ROOT / ".venv" / "bin" / "python")
    for python, version in pythons():
        if have is None or version[:2] <= have[:2]:
            break
        try:
            prepare(folder, python, LOCK, install_binaries)
        except CannotInstall as error:
            say(f"Left out: Python {'.'.join(map(str, version))} ({error})")
        else:
            return
    shutil.rmtree(folder, ignore_errors=True)
    say("Left out: a newer Python than .venv's, since this machine has none that serves")


def botocore_environment() -> None:
    prepare(ROOT / ".venv-botocore-1.31", PYTHON, BOTOCORE_LOCK, install_locked)


def prepare(folder: Path, python: str, lock: Path, install: Callable[[Path, Path], None]) -> None:
    """Makes `folder` anew when it was made from something else than what there is now."""
    wanted = fingerprint(folder, python, lock)
    stamp = folder / STAMP
    if stamp.is_file() and stamp.read_text() == wanted and (folder / "bin" / "python").exists():
        return
    say(f"Making {folder.name} with {python} ...")
    shutil.rmtree(folder, ignore_errors=True)
    make_empty(folder, python)
    install(folder, lock)
    stamp.write_text(wanted)


def fingerprint(folder: Path, python: str, lock: Path) -> str:
    """Of all that an environment is made from. Of pyproject.toml only what an installation depends on."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)
    parts = [str(folder), python, lock.read_text(), repr(project["build-system"]), repr(project["project"])]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def make_empty(folder: Path, python: str) -> None:
    if not has_venv(python):
        install_debian_venv(python)
    run([python, "-m", "venv", str(folder)])


def has_venv(python: str) -> bool:
    return subprocess.run([python, "-c", "import ensurepip, venv"], capture_output=True, check=False).returncode == 0


def install_debian_venv(python: str) -> None:
    """Debian packs `venv` apart from Python."""
    version = version_of(Path(python)) or sys.version_info
    package = f"python{version[0]}.{version[1]}-venv"
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        sys.exit(f"{python} lacks its module venv. Install it first (Debian: sudo apt-get install {package}).")
    say(f"{python} lacks its module venv: installing {package} ...")
    run([apt, "update", "-qq"])
    run([apt, "install", "-y", "-qq", package])


def install_all(folder: Path, lock: Path) -> None:
    install_locked(folder, lock)
    install_atoll(folder)


def install_binaries(folder: Path, lock: Path) -> None:
    """Without compiling anything: raises CannotInstall where a package has no wheel for that Python."""
    try:
        pip(folder, "--require-hashes", "--only-binary", ":all:", "--no-binary", WITHOUT_WHEEL, "-r", str(lock))
    except subprocess.CalledProcessError:
        raise CannotInstall("a package has no wheel for it") from None
    install_atoll(folder)


def install_locked(folder: Path, lock: Path) -> None:
    pip(folder, "--require-hashes", "-r", str(lock))


def install_atoll(folder: Path) -> None:
    """With the build backend that the lock file named, not one that pip would fetch."""
    pip(folder, "--no-deps", "--no-build-isolation", "--editable", str(ROOT))


def pip(folder: Path, *arguments: str) -> None:
    python = folder / "bin" / "python"
    run([str(python), "-m", "pip", "--disable-pip-version-check", "--quiet", "install", *arguments])


def run(command: list[str]) -> None:
    subprocess.run(command, check=True, cwd=ROOT)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Two runs of make must not fill one environment at once."""
    descriptor = os.open(ROOT / "tools", os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(f"It failed: {' '.join(error.cmd)}")
