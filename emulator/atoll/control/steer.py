"""Steers an Atoll in one process: takes up what was declared, applies manifests, and offers the control API."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from atoll.control.accounts import Accounts
from atoll.control.asgi import AsgiAdapter, AsgiApp
from atoll.control.errors import Refused
from atoll.control.parts import Parts
from atoll.control.regions import Regions
from atoll.core.threads import in_thread
from atoll.gateway.embedded import Embedded, pages
from atoll.manifests.account import Account
from atoll.wire.http import Request, Response

if TYPE_CHECKING:
    # Loaded where manifests are read: it brings YAML and JSON Schema along.
    from atoll.manifests.check import Read

logger = logging.getLogger(__name__)

TOKEN_FILE = "control-token"
"""In the data folder, for this user's eyes: what who is elsewhere shows, and who means a closed realm."""


async def steer(atoll: Embedded, manifests: Sequence[Read]) -> None:
    """Raises Refused where a manifest does not go together with what is there."""
    accounts = Accounts(atoll.index, atoll.cell, atoll.folder, atoll.gateway.gate, atoll.clock)
    regions = Regions(atoll.index, atoll.gateway.faults, atoll.clock)
    await accounts.start()
    await regions.start()
    for where, manifest in manifests:
        try:
            if isinstance(manifest, Account):
                await accounts.put(manifest)
            else:
                await regions.put(manifest)
        except Refused as refused:
            raise type(refused)(f"{where}: {refused.detail}", refused.problems) from refused
    if atoll.settings.temporary and atoll.settings.closed:
        # Else nobody would find it.
        logger.info("who steers this Atoll shows the token in %s", atoll.folder.path / TOKEN_FILE)
    token = atoll.localstack.token = read_token(atoll.folder.path)
    parts = Parts(
        atoll.settings,
        token,
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
        lambda: atoll.server.port,
    )
    api = _AtFirstCall(parts)
    if atoll.settings.control_port is None:
        atoll.inner.control = api
    else:
        atoll.control_port = await _start_own_port(atoll, api)


class _AtFirstCall:
    """The control API, which is loaded when it is first called: it takes longer to import than Atoll to start."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._turn = asyncio.Lock()
        self._app: AsgiApp | None = None

    async def __call__(self, request: Request) -> Response:
        return await AsgiAdapter(self._app or await self.load())(request)

    async def load(self) -> AsgiApp:
        async with self._turn:
            if self._app is None:
                # On a thread, since calls go on meanwhile.
                self._app = await in_thread(_make_api, self._parts)
            return self._app


def _make_api(parts: Parts) -> AsgiApp:
    from atoll.control.api import make_api

    api: AsgiApp = make_api(parts)
    return api


async def _start_own_port(atoll: Embedded, api: _AtFirstCall) -> int:
    """The port. Raises CannotListen."""
    # Imported here, since it brings uvicorn along.
    from atoll.control.own_port import OwnPort, elsewhere

    settings = atoll.settings
    server = OwnPort(api.load, atoll.inner, lambda port: pages(settings, (port,)), atoll.tls)
    port = await server.start(settings.addresses[0].host, settings.control_port or 0)
    atoll.at_end.push_async_callback(server.stop)
    atoll.inner.control = elsewhere(port)
    atoll.inner.aws_port = lambda: atoll.server.port
    return port


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
