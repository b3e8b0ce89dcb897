"""The folder that holds all data of one process: locked, and of a layout that this Atoll knows.

VERSION  lock  index.sqlite  cell.sqlite
tenants/REALM/ACCOUNT/REGION/tenant.sqlite
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from atoll.core.tenant_id import TenantId

LAYOUT = 1
"""Grows when a folder that this Atoll writes can no longer be read by older ones."""
_LOCK = "lock"
_PREFIX = "atoll-"
_TEMPORARY = "temporary"
"""A file in those folders that go with their process."""
LEAST_ROOM = 1024 * 1024
"""Bytes that must be free for a start."""


class DataFolderError(Exception):
    """The folder cannot be used. The message says why, and what to do."""


class DataFolder:
    """Use as a context manager: leaving it gives up the lock, and deletes the folder where it is a temporary one."""

    def __init__(self, path: Path, lock: int, *, temporary: bool) -> None:
        self.path = path
        self.index = path / "index.sqlite"
        self.cell = path / "cell.sqlite"
        self._lock = lock
        self._temporary = temporary

    @classmethod
    def open(cls, path: Path | None) -> DataFolder:
        """Makes the folder where it is not there; without a path, a temporary one. Raises DataFolderError."""
        temporary = path is None
        lock = -1
        try:
            if path is None:
                _sweep()
                path = Path(tempfile.mkdtemp(prefix=_PREFIX))
            path.mkdir(parents=True, exist_ok=True)
            lock = _take_lock(path)
            if temporary:
                (path / _TEMPORARY).touch()
            _check_room(path)
            _check_layout(path)
        except (OSError, DataFolderError) as error:
            if lock >= 0:
                os.close(lock)
            if temporary and path is not None:
                shutil.rmtree(path, ignore_errors=True)
            if isinstance(error, DataFolderError):
                raise
            raise DataFolderError(_words(path or Path(tempfile.gettempdir()), error)) from error
        return cls(path, lock, temporary=temporary)

    def path_of(self, tenant: TenantId) -> Path:
        """The tenant's own folder, which may not be there yet. Raises ValueError for names that are no folder's."""
        for name in tenant:
            if not name or name in (".", "..") or "/" in name or "\0" in name:
                raise ValueError(f"{name!r} cannot be part of a tenant's name")
        return self.path.joinpath("tenants", *tenant)

    def tenants(self) -> Iterator[TenantId]:
        """All tenants that have a database here."""
        for path in self.path.glob("tenants/*/*/*/tenant.sqlite"):
            yield TenantId(*path.parent.parts[-3:])

    def close(self) -> None:
        if self._temporary:
            shutil.rmtree(self.path)
        os.close(self._lock)

    def __enter__(self) -> DataFolder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _sweep() -> None:
    """Deletes temporary folders whose process was killed, so that nobody holds their lock."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        try:
            found = folder.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or not (folder / _TEMPORARY).exists():
                continue
            # It must not be made anew, in a folder that its process is about to delete.
            lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            continue
        finally:
            os.close(lock)


def _take_lock(path: Path) -> int:
    """The lock goes with the process, however that ends."""
    lock = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(lock, 0)
        os.write(lock, f"{os.getpid()}\n".encode())
    except BlockingIOError:
        holder = os.read(lock, 32).decode(errors="replace").strip()
        os.close(lock)
        raise DataFolderError(
            f"The data folder {path} is in use by {f'process {holder}' if holder else 'another process'}: "
            "stop that one, or give another folder with --data"
        ) from None
    except OSError:
        os.close(lock)
        raise
    return lock


def _check_room(path: Path) -> None:
    if shutil.disk_usage(path).free < LEAST_ROOM:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _check_layout(path: Path) -> None:
    version = path / "VERSION"
    if not version.exists():
        # A crash in between must not leave an empty file, which would be taken for another Atoll's.
        fresh = path / "VERSION.new"
        fresh.write_text(f"{LAYOUT}\n")
        fresh.rename(version)
        return
    found = version.read_text(errors="replace").strip()[:20]
    if not (found.isascii() and found.isdigit()):
        raise DataFolderError(
            f"{path} is not a data folder of Atoll's, or a damaged one (its file VERSION says {found!r}): "
            "give another folder with --data"
        )
    if int(found) > LAYOUT:
        raise DataFolderError(
            f"The data folder {path} was made by a newer Atoll (its layout is {found}, this one knows {LAYOUT}): "
            "install that version, or give another folder with --data"
        )


def _words(path: Path, error: OSError) -> str:
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return f"The disk of the data folder {path} is full: make room, or give another folder with --data"
        case errno.EROFS | errno.EACCES | errno.EPERM:
            return (
                f"The data folder {path} cannot be written ({error.strerror}): give this user the rights to it, "
                "or give another folder with --data, or use --temporary"
            )
        case errno.EEXIST | errno.ENOTDIR:
            return f"The data folder {path} is not a folder: give another one with --data"
        case _:
            return f"The data folder {path} cannot be used ({error.strerror}): give another one with --data"
