"""The paths of LocalStack's own, `/_localstack/…`, for clients and scripts that know them: health, info, the state of
init scripts, reset; and `/_aws/sqs/messages` (peek.py), `/_aws/sns/…` (sns_peek.py).

The answers have LocalStack's form. What says which version answers says Atoll's.

https://docs.localstack.cloud/aws/configuration/networking/internal-endpoints/
https://docs.localstack.cloud/references/init-hooks/
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import platform
from collections.abc import Awaitable, Callable, Container, Iterable
from datetime import UTC, datetime
from hmac import compare_digest
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import orjson

from atoll import __version__
from atoll.core.clock import Clock
from atoll.core.ids import uuid4
from atoll.core.service import Registry
from atoll.core.tenant_id import DEFAULT_REALM, TenantId
from atoll.gateway.init_scripts import InitScripts, Stage
from atoll.gateway.peek import PATH as PEEK
from atoll.gateway.sns_peek import PATH as SNS_PEEK
from atoll.index.directory import Directory
from atoll.wire.http import Request, Response

logger = logging.getLogger(__name__)

EDITION = "community"
_NAMES = (
    "acm apigateway cloudformation cloudwatch config dynamodb dynamodbstreams ec2 es events firehose iam kinesis kms "
    "lambda logs opensearch redshift resource-groups resourcegroupstaggingapi route53 route53resolver s3 s3control "
    "scheduler secretsmanager ses sns sqs ssm stepfunctions sts support swf transcribe"
)
SERVICES = frozenset(_NAMES.split())
"""What LocalStack's health lists."""
_INIT = "/_localstack/init"
_DOCKER = Path("/.dockerenv")

Answer = Response | Awaitable[Response]
Erase = Callable[[TenantId], Awaitable[None]]


class LocalStack:
    """`enabled` are the services that are served. `tenants` are those that hold something, in all realms; `erase`
    deletes one; `end` ends the process as SIGTERM does, and where it is told so starts it anew; `peek` shows a queue's
    messages, `sns_peek` what SNS keeps. `token` is what has to be shown where the default realm is closed; without one
    nobody can."""

    def __init__(
        self,
        *,
        registry: Registry,
        enabled: Container[str],
        directory: Directory,
        scripts: InitScripts,
        clock: Clock,
        tenants: Callable[[], Iterable[TenantId]],
        erase: Erase,
        end: Callable[[bool], None],
        peek: Callable[[Request], Awaitable[Response]],
        sns_peek: Callable[[Request], Awaitable[Response]],
    ) -> None:
        self._registry = registry
        self._enabled = enabled
        self._directory = directory
        self._scripts = scripts
        self._clock = clock
        self._tenants = tenants
        self._erase = erase
        self._end = end
        self._peek: dict[str, Callable[[Request], Answer]] = {"GET": peek, "POST": peek}
        self._sns_peek: dict[str, Callable[[Request], Answer]] = dict.fromkeys(("GET", "POST", "DELETE"), sns_peek)
        self.token = ""
        self._started = clock.now()
        self._session = uuid4()
        self._ways: dict[str, dict[str, Callable[[Request], Answer]]] = {
            "/_localstack/health": {"GET": self._health, "POST": self._act},
            "/_localstack/info": {"GET": self._info},
            "/_localstack/state/reset": {"POST": self._reset},
            _INIT: {"GET": self._init},
        }
        for stage in Stage:
            self._ways[f"{_INIT}/{stage.lower()}"] = {"GET": self._init_of(stage)}

    def __call__(self, request: Request) -> Answer:
        """The answer: 404 for a path that there is not, 405 for a method that it has not."""
        path = request.path.rstrip("/")
        ways = self._ways_at(path)
        if ways is None:
            return _message(404, f"Atoll has nothing at {request.path}.")
        way = ways.get("GET" if request.method == "HEAD" else request.method)
        return way(request) if way is not None else _message(405, f"{path} answers {', '.join(ways)}.")

    def _ways_at(self, path: str) -> dict[str, Callable[[Request], Answer]] | None:
        """What answers there, by method."""
        if path == PEEK or path.startswith(f"{PEEK}/"):
            return self._peek if "sqs" in self._enabled else None
        if path.startswith(SNS_PEEK):
            return self._sns_peek if "sns" in self._enabled else None
        # LocalStack takes a stage's name in capitals too.
        return self._ways.get(path.lower() if path.startswith(_INIT) else path)

    # ---- health

    def _health(self, request: Request) -> Response:
        names = sorted({*SERVICES, *self._registry})
        services = {name: self._state(name) for name in names}
        return as_json(200, {"services": services, "edition": EDITION, "version": __version__})

    def _state(self, name: str) -> str:
        if name not in self._registry or name not in self._enabled:
            return "disabled"
        return "running" if self._registry.in_use(name) else "available"

    async def _act(self, request: Request) -> Response:
        """`kill` and `restart`, from this machine."""
        if not _is_here(request.peer):
            return _message(403, "Atoll is ended from its own machine only.")
        if not (await self._is_open() or self._trusts(request)):
            return _message(403, f"The realm {DEFAULT_REALM} is not open: show Atoll's token as a bearer.")
        action = _action(request.body)
        if action not in ("kill", "restart"):
            return _message(400, 'The body has to be {"action": "kill"} or {"action": "restart"}.')
        logger.info("a call of /_localstack/health ends this process: %s", action)
        self._end(action == "restart")
        return _message(200, "Atoll ends." if action == "kill" else "Atoll starts anew.")

    async def _is_open(self) -> bool:
        realm = await self._directory.get_realm(DEFAULT_REALM)
        return realm is not None and realm.open

    def _trusts(self, request: Request) -> bool:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        return bool(self.token) and compare_digest(given.encode(), self.token.encode())

    # ---- info

    def _info(self, request: Request) -> Response:
        now = self._clock.now()
        return as_json(
            200,
            {
                "version": __version__,
                "edition": EDITION,
                "is_license_activated": False,
                "session_id": self._session,
                "machine_id": _machine_id(),
                "system": platform.platform(terse=True),
                "is_docker": _DOCKER.exists(),
                "server_time_utc": datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%S"),
                "uptime": int(now - self._started),
            },
        )

    # ---- init scripts

    def _init(self, request: Request) -> Response:
        completed = {stage.value: stage in self._scripts.completed for stage in Stage}
        return as_json(200, {"completed": completed, "scripts": self._scripts.states()})

    def _init_of(self, stage: Stage) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            done = stage in self._scripts.completed
            return as_json(200, {"completed": done, "scripts": self._scripts.states(stage)})

        return answer

    # ---- state

    async def _reset(self, request: Request) -> Response:
        """Erases everything in the default realm, where that is open. Accounts and their keys stay."""
        if not await self._is_open():
            return _message(403, f"The realm {DEFAULT_REALM} is not open: reset it by the control API.")
        for tenant in await asyncio.to_thread(self._all_tenants):
            await self._erase(tenant)
        return Response(200, [("Content-Type", "text/plain")])

    def _all_tenants(self) -> list[TenantId]:
        return [tenant for tenant in self._tenants() if tenant.realm == DEFAULT_REALM]


def _is_here(peer: str) -> bool:
    """Whether a peer's address is this machine's loopback, as IPv4 within IPv6 too."""
    try:
        address = ip_address(peer.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _action(body: Any) -> object:
    try:
        sent = orjson.loads(body) if isinstance(body, bytes) else None
    except orjson.JSONDecodeError:
        return None
    return sent.get("action") if isinstance(sent, dict) else None


def _machine_id() -> str:
    """The same for all processes of a machine, and not its name."""
    return hashlib.sha256(platform.node().encode()).hexdigest()[:8]


def _message(status: int, text: str) -> Response:
    return as_json(status, {"message": text})


def as_json(status: int, value: Any) -> Response:
    """Spaced as LocalStack's, since scripts look for `"sqs": "available"` in the text of it."""
    return Response(status, [("Content-Type", "application/json")], json.dumps(value).encode())
