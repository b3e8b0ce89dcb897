"""Atoll in one process: index, one cell, the gateway and its server, on one loop."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import signal
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import uvloop

from atoll.cell import Cell
from atoll.core.clock import Clock, SystemClock
from atoll.core.tenant_id import DEFAULT_REALM
from atoll.gateway import cors
from atoll.gateway.access_log import AccessLog, Writer
from atoll.gateway.app import Gateway
from atoll.gateway.call_log import CallLog
from atoll.gateway.dispatch import CellPort, Dispatcher, Packed
from atoll.gateway.identify import Identifier
from atoll.gateway.init_scripts import InitScripts, Stage, client_environment, init_folders, usable_key
from atoll.gateway.inner import Inner
from atoll.gateway.localstack import LocalStack
from atoll.gateway.locate import Locator
from atoll.gateway.logs import Announcer, LogWriter, attach
from atoll.gateway.metrics import LoopLag, Metrics
from atoll.gateway.peek import Peek
from atoll.gateway.server import DEFAULT_LIMITS, Limits, Server
from atoll.gateway.settings import Settings
from atoll.gateway.sns_peek import SnsPeek
from atoll.gateway.welcome import announce_start
from atoll.index import AccessKey, Index
from atoll.index.directory import Directory
from atoll.index.sqlite import SqliteIndex
from atoll.services import REGISTRY
from atoll.services.sns.settings import SnsSettings
from atoll.services.sns.settings import configure as configure_sns
from atoll.services.sqs.settings import SqsSettings, configure
from atoll.tenants.folder import DataFolder
from atoll.wire.model import load

logger = logging.getLogger(__name__)

CELL = "embedded"
GRACE = 10.0
"""Seconds that calls in flight have to be answered in when the process is told to end."""
OPEN_FILES = 10_240 if sys.platform == "darwin" else 65_536
"""What the process asks for: connections and open tenants need more than the 1,024 (macOS: 256) that shells leave a
program. More than this macOS refuses."""
OWN_FILES = 1_000
"""Of them, for 200 open tenants and the index, with their logs."""
PACK = "ATOLL_PACK_CALLS"
"""An environment variable that tests set: every call, effect and answer then travels as MessagePack, as it does between
processes."""


@dataclass
class Embedded:
    """The parts of an Atoll in one process."""

    settings: Settings
    folder: DataFolder
    clock: Clock
    index: Index
    cell: Cell
    gateway: Gateway
    inner: Inner
    server: Server
    access_log: AccessLog
    calls: CallLog
    metrics: Metrics
    scripts: InitScripts
    localstack: LocalStack
    tls: ssl.SSLContext | None
    at_end: AsyncExitStack
    """What is to be done at the end, before the cell stops."""
    control_port: int | None = None
    """That of the control API, where it has one of its own."""


Prepare = Callable[[Embedded], Awaitable[None]]


def serve(settings: Settings, prepare: Prepare) -> bool:
    """Serves until SIGTERM or SIGINT, from when `prepare` has come to its end on. Returns whether somebody wants it to
    be started anew.

    Raises DataFolderError, IndexUnavailable, NewerSchema, BadSetting where a certificate or its key does not serve, and
    OSError where the port is taken.
    """
    _open_more_files()
    writer = LogWriter(sys.stdout.fileno(), settings.log_format, SystemClock())
    handler = attach(writer, settings.log_format, settings.log_level)
    try:
        with DataFolder.open(settings.folder) as folder:
            return uvloop.run(_serve(settings, folder, writer, prepare))
    finally:
        logging.getLogger().removeHandler(handler)
        writer.close()


def _open_more_files() -> None:
    """Where the machine lets this user have them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _most_connections() -> int:
    """Clients must not use up the files that tenants need to be opened."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = DEFAULT_LIMITS.connections
    return most if soft == resource.RLIM_INFINITY else min(most, max(soft - OWN_FILES, soft // 2))


class _Life:
    """Of the process: until a signal comes."""

    def __init__(self) -> None:
        self.ended = asyncio.Event()
        self.again = False
        """Whether it is to start anew then."""
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self.ended.set)

    def end(self, again: bool) -> None:
        self.again = again
        os.kill(os.getpid(), signal.SIGTERM)


async def _serve(settings: Settings, folder: DataFolder, writer: LogWriter, prepare: Prepare) -> bool:
    life = _Life()
    ended = life.ended
    clock = SystemClock()
    announcer = Announcer(writer, settings.log_format, clock)
    scripts = InitScripts(init_folders(os.environ), _environment(settings, settings.addresses[0].port))
    await _run_scripts(scripts, Stage.BOOT, ended)
    if ended.is_set():
        return False

    async def start(atoll: Embedded) -> None:
        await prepare(atoll)
        await _run_scripts(scripts, Stage.START, ended)

    async with running(settings, folder, clock, writer, announcer, start, scripts, life.end) as atoll:
        if not ended.is_set():
            announce_start(announcer, settings, atoll.server.ports, atoll.control_port)
            # As LocalStack does: what is to be done when Atoll is ready begins once it has said so.
            await _equip(scripts, atoll, Stage.READY)
            await _run_scripts(scripts, Stage.READY, ended)
        await ended.wait()
        await _equip(scripts, atoll, Stage.SHUTDOWN)
        await scripts.run(Stage.SHUTDOWN, GRACE)
        atoll.cell.waiters.end()
        atoll.access_log.flush()
        atoll.calls.end()
        await atoll.server.stop(GRACE)
    return life.again


async def _run_scripts(scripts: InitScripts, stage: Stage, ended: asyncio.Event) -> None:
    """Until the process is told to end: no script may hold that up."""
    running, ending = asyncio.create_task(scripts.run(stage)), asyncio.create_task(ended.wait())
    await asyncio.wait([running, ending], return_when=asyncio.FIRST_COMPLETED)
    running.cancel()
    ending.cancel()
    await asyncio.wait([running, ending])


async def _equip(scripts: InitScripts, atoll: Embedded, stage: Stage) -> None:
    """Gives a stage's scripts what they need to call Atoll; keys may have been replaced since the stage before."""
    settings, key = atoll.settings, None
    if settings.closed and scripts.any(stage):
        key = await usable_key(atoll.index, os.environ, DEFAULT_REALM, settings.default_account)
        if key is None:
            logger.warning(
                "account %s has no active key, so its %s scripts get none that works: issue one with the control API",
                settings.default_account,
                stage,
            )
    scripts.environment = _environment(settings, atoll.server.port, key)


def _environment(settings: Settings, port: int, key: AccessKey | None = None) -> dict[str, str]:
    # Before the port is known that was left to be picked, there is no endpoint.
    endpoint = f"{settings.scheme}://{settings.addresses[0].near}:{port}" if port else None
    return client_environment(os.environ, endpoint, settings.default_account, key)


@asynccontextmanager
async def running(
    settings: Settings,
    folder: DataFolder,
    clock: Clock,
    writer: Writer,
    announcer: Announcer,
    prepare: Prepare,
    scripts: InitScripts,
    end: Callable[[bool], None],
) -> AsyncIterator[Embedded]:
    """An Atoll that answers. `end` ends it, and where it is told so starts it anew."""
    configure(
        SqsSettings(
            settings.queue_url_style,
            settings.public_host,
            settings.sqs_delay_recently_deleted,
            settings.sqs_delay_purge_retry,
        )
    )
    configure_sns(SnsSettings(settings.deny_private_networks, settings.public_host))
    full = settings.durability == "full"
    index = SqliteIndex(folder.index, clock, full=full)
    try:
        await _first_start(settings, index, announcer)
        directory = Directory(index)
        locator = Locator(directory)
        dispatcher = Dispatcher(REGISTRY, directory, locator)
        cell = Cell(
            CELL,
            registry=REGISTRY,
            index=index,
            world=dispatcher,
            clock=clock,
            path_of=folder.path_of,
            marks=folder.cell,
            full_durability=full,
        )
        port: CellPort = Packed(cell) if os.environ.get(PACK) else cell
        dispatcher.add_cell(CELL, port)
        identifier = Identifier(
            directory,
            clock,
            services=frozenset(REGISTRY),
            default_account=settings.default_account,
            parity_access_keys=settings.parity_access_keys,
        )
        calls, metrics = CallLog(), Metrics()
        access_log = AccessLog(
            writer,
            json=settings.log_format == "json",
            quiet=settings.log_level in ("warning", "error"),
            sinks=(calls.take, metrics.calls.take),
        )
        enabled = frozenset(settings.service or REGISTRY)
        inner = Inner(directory, metrics)
        localstack = inner.localstack = LocalStack(
            registry=REGISTRY,
            enabled=enabled,
            directory=directory,
            scripts=scripts,
            clock=clock,
            tenants=folder.tenants,
            erase=cell.moves.erase,
            end=end,
            peek=Peek(identifier, directory, dispatcher),
            sns_peek=SnsPeek(identifier, directory, dispatcher, settings.default_account),
        )
        gateway = Gateway(
            registry=REGISTRY,
            enabled=enabled if settings.service else None,
            identifier=identifier,
            locator=locator,
            dispatcher=dispatcher,
            clock=clock,
            access_log=access_log,
            inner=inner,
        )
        tls = _tls(settings, folder, clock)
        server = Server(gateway, limits=Limits(connections=_most_connections()), ssl=tls)
        _measure(metrics, cell, server, identifier, directory)
        lag = metrics.lag = LoopLag(asyncio.get_running_loop())
        at_end = AsyncExitStack()
        try:
            if settings.eager:
                _load(enabled)
            cell.start()
            atoll = Embedded(
                settings=settings,
                folder=folder,
                clock=clock,
                index=index,
                cell=cell,
                gateway=gateway,
                inner=inner,
                server=server,
                access_log=access_log,
                calls=calls,
                metrics=metrics,
                scripts=scripts,
                localstack=localstack,
                tls=tls,
                at_end=at_end,
            )
            await prepare(atoll)
            for address in settings.addresses:
                await server.start(address.host, address.port)
            gateway.pages = pages(settings, server.ports)
            yield atoll
        finally:
            lag.stop()
            await at_end.aclose()
            await server.stop(0.0)
            await cell.stop()
            access_log.flush()
    finally:
        await index.close()


def _load(names: Collection[str]) -> None:
    """The services' code and models, which otherwise are read when one is first called."""
    for name in names:
        if REGISTRY.get(name) is not None:
            load(name)


def pages(settings: Settings, ports: Sequence[int]) -> cors.Policy:
    """Which pages of browsers may call what listens on these ports."""
    return cors.policy(
        ports,
        host=settings.public_name,
        extra_origins=settings.cors_origin,
        extra_allowed_headers=settings.cors_header,
        extra_exposed_headers=settings.cors_expose_header,
        disable_checks=settings.no_cors_checks,
        disable_headers=settings.no_cors_headers,
    )


def _measure(metrics: Metrics, cell: Cell, server: Server, identifier: Identifier, directory: Directory) -> None:
    def oldest() -> float:
        caused = min((waiting.oldest for waiting in cell.timekeeper.waiting().values()), default=None)
        return 0.0 if caused is None else max(cell.clock.now() - caused, 0.0)

    metrics.gauge("atoll_open_tenants", "Tenants that are open.", lambda: len(cell.tenants))
    metrics.gauge("atoll_waiting_calls", "Calls that wait for something, as long polls do.", cell.waiters.count)
    metrics.gauge("atoll_connections", "Connections of clients.", lambda: len(server.connections))
    metrics.gauge(
        "atoll_effects_waiting",
        "Effects that are not delivered yet.",
        lambda: sum(waiting.count for waiting in cell.timekeeper.waiting().values()),
    )
    metrics.gauge("atoll_effects_oldest_seconds", "How long the oldest of them has waited.", oldest)
    metrics.cache("callers", identifier.lookups)
    for kind, lookups in directory.lookups().items():
        metrics.cache(f"index_{kind}", lookups)


async def _first_start(settings: Settings, index: Index, announcer: Announcer) -> None:
    """The default realm, open unless told otherwise; a closed one gets its first keys, shown this once."""
    await index.make_realm(DEFAULT_REALM, not settings.closed)
    if not settings.closed or await index.access_keys(DEFAULT_REALM, settings.default_account):
        return
    await index.make_account(DEFAULT_REALM, settings.default_account)
    root = f"arn:aws:iam::{settings.default_account}:root"
    key = await index.issue_access_key(DEFAULT_REALM, settings.default_account, root, settings.default_account)
    announcer.say(
        f"Keys of account {key.account}, shown this once: AWS_ACCESS_KEY_ID={key.key_id} "
        f"AWS_SECRET_ACCESS_KEY={key.secret}"
    )


def _tls(settings: Settings, folder: DataFolder, clock: Clock) -> ssl.SSLContext | None:
    if settings.scheme == "http":
        return None
    # Imported here, since it brings cryptography along.
    from atoll.gateway.tls import server_context

    return server_context(settings, folder.path, clock)
