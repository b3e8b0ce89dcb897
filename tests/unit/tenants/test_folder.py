from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

import pytest
from atoll.core.tenant_id import TenantId
from atoll.tenants.folder import LAYOUT, DataFolder, DataFolderError


def test_is_made_and_opened_again(tmp_path: Path) -> None:
    for _ in range(2):
        with DataFolder.open(tmp_path / "a" / "data") as folder:
            assert (folder.path / "VERSION").read_text() == f"{LAYOUT}\n"
            assert folder.index == folder.path / "index.sqlite"
            assert folder.cell == folder.path / "cell.sqlite"


def test_a_temporary_one_goes() -> None:
    with DataFolder.open(None) as folder:
        (folder.path / "index.sqlite").write_text("x")
        assert folder.path.is_dir()
    assert not folder.path.exists()


def test_a_temporary_one_whose_process_was_killed_goes_with_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    in_use = DataFolder.open(None)
    killed = DataFolder.open(None)
    os.close(killed._lock)
    mine = tmp_path / "atoll-mine"
    DataFolder.open(mine).close()
    (tmp_path / "atoll-link").symlink_to(killed.path)
    with DataFolder.open(None) as folder:
        assert {*tmp_path.iterdir()} == {in_use.path, mine, tmp_path / "atoll-link", folder.path}
    in_use.close()


def test_a_temporary_one_that_is_about_to_go_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    going = DataFolder.open(None)
    # As its process is deleting it: the lock's file has gone already.
    (going.path / "lock").unlink()
    with DataFolder.open(None):
        assert [path.name for path in going.path.iterdir() if path.name == "lock"] == []
    going.close()
    assert list(tmp_path.iterdir()) == []


def test_a_tenant_has_a_folder_of_its_own(tmp_path: Path) -> None:
    with DataFolder.open(tmp_path) as folder:
        tenant = TenantId("default", "111111111111", "eu-central-1")
        assert folder.path_of(tenant) == tmp_path / "tenants" / "default" / "111111111111" / "eu-central-1"


@pytest.mark.parametrize("region", ["", ".", "..", "../x", "a/b", "a\0b"])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, region: str) -> None:
    with DataFolder.open(tmp_path) as folder, pytest.raises(ValueError, match="part of a tenant's name"):
        folder.path_of(TenantId("default", "111111111111", region))


def test_one_in_use_is_refused_by_its_process(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from atoll.tenants.folder import DataFolder\n"
    code += "with DataFolder.open(Path(sys.argv[1])):\n    print('open', flush=True)\n    sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        with pytest.raises(DataFolderError, match=f"in use by process {holder.pid}: stop that one, or .* --data"):
            DataFolder.open(tmp_path)
        holder.kill()
    with DataFolder.open(tmp_path):
        pass


@pytest.mark.parametrize("version", [str(LAYOUT + 1), "12"])
def test_one_of_a_newer_atoll_is_refused(tmp_path: Path, version: str) -> None:
    (tmp_path / "VERSION").write_text(version)
    with pytest.raises(DataFolderError, match=f"newer Atoll .its layout is {version}.* install that version"):
        DataFolder.open(tmp_path)
    # The refusal let the lock go.
    (tmp_path / "VERSION").write_text(str(LAYOUT))
    DataFolder.open(tmp_path).close()


@pytest.mark.parametrize("version", ["", "newest", "\N{ARABIC-INDIC DIGIT THREE}"])
def test_one_of_something_else_is_refused(tmp_path: Path, version: str) -> None:
    (tmp_path / "VERSION").write_text(version)
    with pytest.raises(DataFolderError, match="not a data folder of Atoll's"):
        DataFolder.open(tmp_path)


def test_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(DataFolderError, match="is not a folder"):
            DataFolder.open(path)


def test_a_full_disk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=0)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(DataFolderError, match=r"disk of the data folder .* is full: make room"):
        DataFolder.open(tmp_path)


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES])
def test_a_read_only_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def fail(*args: object, **options: object) -> NoReturn:
        raise OSError(number, os.strerror(number))

    # Permissions do not stop root, who runs the tests of many a CI.
    monkeypatch.setattr(os, "open", fail)
    with pytest.raises(DataFolderError, match=r"cannot be written .* --temporary"):
        DataFolder.open(tmp_path)
