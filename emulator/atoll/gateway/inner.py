"""Paths of Atoll's own on the data path's port: a realm as OpenID Connect issuer."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable
from typing import Any

import orjson

from atoll.core.call import Origin
from atoll.core.sealing import sealer_of
from atoll.index import Realm
from atoll.index.directory import Directory
from atoll.wire.http import Request, Response

_WELL_KNOWN = re.compile(r"/_atoll/realms/([a-z0-9-]{1,63})/\.well-known/(openid-configuration|jwks\.json)")


class Inner:
    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def __call__(self, request: Request) -> Response | Awaitable[Response] | None:
        """The answer, or None where the path is none of Atoll's own."""
        match = _WELL_KNOWN.fullmatch(request.path)
        if match is None or request.method not in ("GET", "HEAD"):
            return None
        return self._well_known(match[1], match[2], request)

    async def _well_known(self, name: str, document: str, request: Request) -> Response:
        realm = await self._directory.get_realm(name)
        if realm is None:
            return _json(404, {"message": f"There is no realm '{name}' here."})
        # The first keys of a process take long to derive.
        return _json(200, await asyncio.to_thread(_document, realm, document, request))


def _document(realm: Realm, document: str, request: Request) -> dict[str, Any]:
    # Imported here, since few ask for it and it brings cryptography along.
    from atoll.services.sts.oidc import discovery, jwks

    if document == "jwks.json":
        return jwks(sealer_of(realm.name, realm.sealing_key))
    return discovery(realm.name, Origin(request.scheme, request.headers.get("host", "localhost")))


def _json(status: int, value: dict[str, Any]) -> Response:
    return Response(status, [("Content-Type", "application/json")], orjson.dumps(value))
