"""The wheel holds all that it needs: it is installed into an empty environment and called there."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
import venv
import zipfile
from pathlib import Path

import atoll
import pytest

ROOT = Path(__file__).resolve().parents[2]
DATA = (
    "py.typed",
    "tenants/schema.sql",
    "index/schema.sql",
    "services/sqs/schema.sql",
    "services/sqs/overlay.json",
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [
        Path(sys.executable).parent / "uv",
        "build",
        "--wheel",
        "--no-build-isolation",
        "--python",
        sys.executable,
    ]
    subprocess.run([*map(str, command), "--out-dir", str(folder), str(ROOT)], check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel and the locked versions of what it asks for, and nothing else."""
    folder = tmp_path_factory.mktemp("empty") / "venv"
    venv.create(folder, symlinks=True)
    uv = Path(sys.executable).parent / "uv"
    command = [
        uv,
        "pip",
        "install",
        "--quiet",
        "--python",
        folder / "bin" / "python",
        "--constraint",
        _versions(folder),
    ]
    subprocess.run([*map(str, command), str(wheel)], check=True, capture_output=True)
    return folder


def _versions(folder: Path) -> Path:
    """The lock file without its hashes, which do not go together with a wheel that has none."""
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    path = folder.parent / "versions.txt"
    path.write_text("\n".join(line.removesuffix(" \\") for line in lines if line[:1].isalnum()))
    return path


def test_holds_its_data(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert not [name for name in DATA if f"atoll/{name}" not in names]
    assert all(name.startswith(("atoll/", f"atoll-{atoll.__version__}.dist-info/")) for name in names)


def test_holds_every_file_of_the_source(wheel: Path) -> None:
    source = ROOT / "emulator"
    files = {str(path.relative_to(source)) for path in source.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    assert files <= set(zipfile.ZipFile(wheel).namelist())


def test_runs_in_an_empty_environment(environment: Path, tmp_path: Path) -> None:
    command = environment / "bin" / "atoll"
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    told = subprocess.run([command, "version"], env=clean, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert told.stdout == f"{atoll.__version__}\n"

    process = subprocess.Popen(
        [command, "up", "--port", "0", "--temporary"], env=clean, cwd=tmp_path, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        try:
            url = ""
            for line in process.stdout:
                if line == "Ready.\n":
                    break
                url = url or next((word for word in line.split() if word.startswith("http://")), "")
            answer = _post(url, "Action=CreateQueue&QueueName=q&Version=2012-11-05")
            assert "/us-east-1/000000000000/q</QueueUrl>" in answer
            assert "<Account>000000000000</Account>" in _post(url, "Action=GetCallerIdentity&Version=2011-06-15")
        finally:
            process.terminate()
    assert process.returncode == 0
    assert list(tmp_path.iterdir()) == []


def _post(url: str, form: str) -> str:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(url, form.encode(), timeout=20) as answer:
        text: str = answer.read().decode()
        return text
