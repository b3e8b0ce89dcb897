"""Paths of Atoll's own on the data path's port: health, figures, a realm as OpenID Connect issuer, the control API."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any

import orjson

from atoll.core.call import Origin
from atoll.core.sealing import sealer_of
from atoll.core.tenant_id import DEFAULT_REALM
from atoll.gateway.metrics import Metrics
from atoll.index import IndexUnavailable, Realm
from atoll.index.directory import Directory
from atoll.wire.http import Request, Response

_WELL_KNOWN = re.compile(r"/_atoll/realms/([a-z0-9-]{1,63})/\.well-known/(openid-configuration|jwks\.json)")

CONTROL = ("/_atoll/v1/", "/_atoll/docs", "/_atoll/openapi.json")
_LOCALSTACK = ("/_localstack", "/_aws")


class Inner:
    """`control` answers the paths of the control API, `localstack` those of LocalStack's, where there is one.
    `aws_port` is the port of AWS's services, where it is not that of the control API."""

    def __init__(self, directory: Directory, metrics: Metrics) -> None:
        self._directory = directory
        self._metrics = metrics
        self.control: Callable[[Request], Awaitable[Response]] | None = None
        self.localstack: Callable[[Request], Response | Awaitable[Response]] | None = None
        self.aws_port: Callable[[], int] | None = None

    def __call__(self, request: Request) -> Response | Awaitable[Response] | None:
        """The answer, or None where the path is none of Atoll's own."""
        path = request.path
        if self.control is not None and path.startswith(CONTROL):
            return self.control(request)
        if self.localstack is not None and path.startswith(_LOCALSTACK):
            return self.localstack(request)
        if request.method not in ("GET", "HEAD"):
            return None
        if path == "/_atoll/health":
            return self._health()
        if path == "/_atoll/metrics":
            text, kind = self._metrics.render()
            return Response(200, [("Content-Type", kind)], text)
        match = _WELL_KNOWN.fullmatch(path)
        return None if match is None else self._well_known(match[1], match[2], request)

    async def _health(self) -> Response:
        """Live is who answers at all; ready, who can serve calls."""
        lacks: list[str] = []
        try:
            await self._directory.get_realm(DEFAULT_REALM)
        except IndexUnavailable as error:
            lacks.append(str(error))
        health: dict[str, Any] = {"live": True, "ready": not lacks, "lacks": lacks}
        if self.aws_port is not None:
            health["awsPort"] = self.aws_port()
        return _json(503 if lacks else 200, health)

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
