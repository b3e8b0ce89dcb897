"""What is to be known of a running Atoll: what is wrong with it, and what to do about that."""

from __future__ import annotations

import resource
import shutil
from collections.abc import AsyncIterator

from atoll.control.models import Finding
from atoll.control.parts import Parts
from atoll.core.threads import in_thread
from atoll.gateway.init_scripts import State

LEAST_DISK = 1024**3
"""Bytes that are to be free in the data folder."""
LEAST_FILES = 4096
"""Files that the process is to be allowed to open: connections and tenants need them."""
PATIENCE = 60.0
"""Seconds that an effect may wait before it is worth a word."""


async def findings(parts: Parts) -> list[Finding]:
    """The worst first."""
    found = [each async for each in _look(parts)]
    return sorted(found, key=lambda each: _LEVELS.index(each.level))


_LEVELS = ("problem", "warning", "note", "ok")


async def _look(parts: Parts) -> AsyncIterator[Finding]:
    yield _disk(parts)
    yield _files()
    yield await _index(parts)
    yield await _effects(parts)
    for finding in (_folder(parts), _missing(parts), *_scripts(parts)):
        if finding is not None:
            yield finding


def _disk(parts: Parts) -> Finding:
    free = shutil.disk_usage(parts.folder.path).free
    if free >= LEAST_DISK:
        return Finding(level="ok", subject="disk", message=f"{free / 1024**3:.1f} GiB are free")
    return Finding(
        level="warning",
        subject="disk",
        message=f"only {free / 1024**2:.0f} MiB are free in {parts.folder.path}",
        advice="make room, or start with another folder: atoll up --data DIR",
    )


def _files() -> Finding:
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY or limit >= LEAST_FILES:
        return Finding(level="ok", subject="open files", message="as many as are needed may be open")
    return Finding(
        level="warning",
        subject="open files",
        message=f"the process may have {limit} open; each connection and each open tenant takes some",
        advice=f"start it from a shell that allows more: ulimit -n {LEAST_FILES}",
    )


async def _index(parts: Parts) -> Finding:
    there = set(await in_thread(lambda: list(parts.folder.tenants())))
    placed = {placement.tenant for placement in await parts.index.placements(parts.cell.name)}
    unknown = len(there - placed)
    if not unknown:
        return Finding(level="ok", subject="resource index", message=f"it knows all {len(there)} tenants")
    return Finding(
        level="problem",
        subject="resource index",
        message=f"it does not know {unknown} of {len(there)} tenants, so what is in them is not found by name or id",
        advice="tell it anew: atoll reindex",
    )


async def _effects(parts: Parts) -> Finding:
    now = parts.clock.now()
    waiting = parts.cell.timekeeper.waiting().values()
    count = sum(each.count for each in waiting)
    oldest = now - min((each.oldest for each in waiting), default=now)
    if oldest < PATIENCE:
        return Finding(level="ok", subject="effects", message=f"{count} on their way")
    return Finding(
        level="warning",
        subject="effects",
        message=f"{count} wait to be delivered, the oldest for {oldest:.0f} s",
        advice="see whose they are and why: atoll get effects -o wide",
    )


def _folder(parts: Parts) -> Finding | None:
    if parts.settings.folder is not None:
        return None
    return Finding(
        level="note",
        subject="data",
        message="everything ends with the process, as --temporary says",
        advice="to keep it, start without that",
    )


def _missing(parts: Parts) -> Finding | None:
    missing = parts.gateway.missing
    if not missing:
        return None
    names = sorted(missing, key=lambda name: (-missing[name], name))
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return Finding(
        level="warning",
        subject="missing",
        message=f"called, and not there: {', '.join(names[:5])}{more}",
        advice="each such call was answered 501 NotImplemented; /_atoll/v1/missing lists all",
    )


def _scripts(parts: Parts) -> list[Finding]:
    return [
        Finding(
            level="problem",
            subject="init scripts",
            message=f"{script['name']} failed ({script['stage']})",
            advice="the log has what it printed: see there, mend it, start again",
        )
        for script in parts.scripts.states()
        if script["state"] == State.ERROR
    ]
