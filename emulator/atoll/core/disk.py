"""Sees to it that what was written outlives a power cut. It waits for the disk, so it belongs on a thread."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable
from pathlib import Path


def sync_file(descriptor: int) -> None:
    """Returns when what was written is on the disk itself.

    macOS: https://developer.apple.com/library/archive/documentation/System/Conceptual/ManPages_iPhoneOS/man2/fsync.2.html
    """
    full_sync: int | None = getattr(fcntl, "F_FULLFSYNC", None)
    if full_sync is None:
        os.fdatasync(descriptor)
    else:
        fcntl.fcntl(descriptor, full_sync)


def sync_folders(folders: Iterable[Path]) -> None:
    """Returns when what was made in these folders is on the disk itself."""
    for folder in folders:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
