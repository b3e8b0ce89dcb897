"""Steers an Atoll in one process: takes up what was declared, applies manifests, and offers the control API."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from atoll.control.accounts import Accounts
from atoll.control.parts import Parts
from atoll.control.regions import Regions
from atoll.core.threads import in_thread
from atoll.gateway.embedded import Embedded
from atoll.manifests.account import Account
from atoll.manifests.region import Region
from atoll.wire.http import Request, Response

Adapter = Callable[[Request], Awaitable[Response]]
TOKEN_FILE = "control-token"
"""In the data folder, for this user's eyes: what who is elsewhere shows, and who means a closed realm."""


async def steer(atoll: Embedded, manifests: Sequence[Account | Region]) -> None:
    """Raises Refused where a manifest does not go together with what is there."""
    accounts = Accounts(atoll.index, atoll.cell, atoll.folder, atoll.gateway.gate, atoll.clock)
    regions = Regions(atoll.index, atoll.gateway.faults, atoll.clock)
    await accounts.start()
    await regions.start()
    for manifest in manifests:
        if isinstance(manifest, Account):
            await accounts.put(manifest)
        else:
            await regions.put(manifest)
    parts = Parts(
        atoll.settings,
        read_token(atoll.folder.path),
        atoll.clock,
        atoll.index,
        atoll.cell,
        atoll.gateway,
        atoll.access_log,
        atoll.calls,
        accounts,
        regions,
        atoll.folder,
        atoll.scripts,
    )
    atoll.inner.control = _AtFirstCall(parts)


class _AtFirstCall:
    """The control API, which is loaded when it is first called: it takes longer to import than Atoll to start."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._turn = asyncio.Lock()
        self._adapter: Adapter | None = None

    async def __call__(self, request: Request) -> Response:
        adapter = self._adapter or await self._loaded()
        return await adapter(request)

    async def _loaded(self) -> Adapter:
        async with self._turn:
            if self._adapter is None:
                # On a thread, since calls go on meanwhile.
                self._adapter = await in_thread(_load, self._parts)
            return self._adapter


def _load(parts: Parts) -> Adapter:
    from atoll.control.api import make_api
    from atoll.control.asgi import AsgiAdapter

    return AsgiAdapter(make_api(parts))


def read_token(folder: Path) -> str:
    """The folder's token, made where there is none."""
    path = folder / TOKEN_FILE
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        token = secrets.token_urlsafe(32)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"{token}\n")
        return token
