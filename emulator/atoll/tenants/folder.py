"""The folder that holds all data of one process: locked, and of a version that this Atoll knows.

    index.sqlite  cell.sqlite  VERSION  lock
    tenants/REALM/ACCOUNT/REGION/tenant.sqlite
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from types import TracebackType

from atoll.core.tenant_id import TenantId

LAYOUT = 1
"""Grows when a folder that this Atoll writes can no longer be read by older ones."""


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
    def open(cls, path: Path | None, *, temporary: bool = False) -> DataFolder:
        """Raises DataFolderError."""
        if temporary or path is None:
            path = Path(tempfile.mkdtemp(prefix="atoll-"))
        try:
            path.mkdir(parents=True, exist_ok=True)
            lock = _take_lock(path)
        except OSError as error:
            raise DataFolderError(_words(path, error)) from error
        try:
            _check_layout(path)
        except OSError as error:
            os.close(lock)
            raise DataFolderError(_words(path, error)) from error
        except DataFolderError:
            os.close(lock)
            raise
        return cls(path, lock, temporary=temporary)

    def path_of(self, tenant: TenantId) -> Path:
        """The tenant's own folder, which may not be there yet."""
        return self.path.joinpath("tenants", *tenant)

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


def _take_lock(path: Path) -> int:
    """The lock goes with the process, however that ends."""
    lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(lock, 32).decode(errors="replace").strip() or "another process"
        os.close(lock)
        raise DataFolderError(
            f"The data folder {path} is in use by process {holder}: stop that one, or give another folder with --data"
        ) from None
    os.ftruncate(lock, 0)
    os.write(lock, f"{os.getpid()}\n".encode())
    return lock


def _check_layout(path: Path) -> None:
    version = path / "VERSION"
    if not version.exists():
        version.write_text(f"{LAYOUT}\n")
        return
    found = version.read_text().strip()
    if not found.isdigit() or int(found) > LAYOUT:
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
        case _:
            return f"The data folder {path} cannot be used ({error.strerror}): give another one with --data"
