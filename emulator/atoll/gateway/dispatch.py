"""Hands calls to the cell of the tenant that owns what they name, and is the world that a cell sees."""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol, TypeVar

import msgspec

from atoll.cell import NotMine, Reply
from atoll.cell.reply import FutureReply
from atoll.core.call import MAX_HOPS, Call, Params
from atoll.core.caller import Caller
from atoll.core.effect import Effect
from atoll.core.errors import AwsError, internal_failure, service_unavailable
from atoll.core.ids import uuid4
from atoll.core.service import Operation, Registry
from atoll.core.tenant_id import TenantId
from atoll.gateway.locate import Locator
from atoll.index.directory import Directory

logger = logging.getLogger(__name__)

T = TypeVar("T")

PAUSES = (0.0, 0.01, 0.03, 0.1, 0.3, 1.0)
"""Seconds between two attempts to reach a tenant that is being given away."""


class CellPort(Protocol):
    """A cell, wherever it runs. What it is asked, it answers by `reply`, at once or later."""

    def run(self, call: Call, reply: Reply) -> None: ...

    def apply(self, effect: Effect, call: Call, reply: Reply) -> None: ...

    def at_once(self, call: Call) -> Params | None: ...


class Dispatcher:
    """`cells` are by name. A tenant that no cell has is asked of the first, which then takes it."""

    def __init__(self, registry: Registry, directory: Directory, locator: Locator) -> None:
        self._registry = registry
        self._directory = directory
        self._locator = locator
        self._loop = asyncio.get_running_loop()
        self.cells: dict[str, CellPort] = {}
        self._only: CellPort | None = None

    def add_cell(self, name: str, cell: CellPort) -> None:
        self.cells[name] = cell
        self._only = cell if len(self.cells) == 1 else None

    def run(self, call: Call, reply: Reply) -> None:
        if self._only is not None:
            self._only.run(call, reply)
        else:
            reply.goes_on(self._loop.create_task(self._find_and_run(call, None, reply)))

    # ---- the world of a cell

    async def call(self, cause: Call, service: str, operation: str, params: Params) -> Params:
        found = self._operation(service, operation)
        call = _led_to(cause, service, operation, params, await self._owner(found, params, cause.caller))
        reply = FutureReply(self._loop, call.request_id)
        self.run(call, reply)
        return await _answer(reply)

    def owner_now(self, service: str, operation: str, params: Params, caller: Caller) -> TenantId | None:
        found = self._registry.get(service)
        if found is None or operation not in found.operations:
            return None
        return self._locator.locate(found.operations[operation].access, params, caller)

    def at_once(self, cause: Call, service: str, operation: str, params: Params) -> Params | None:
        if self._only is None:
            return None
        owner = self._locator.locate(self._operation(service, operation).access, params, cause.caller)
        return None if owner is None else self._only.at_once(_led_to(cause, service, operation, params, owner))

    async def owner_of(self, effect: Effect) -> TenantId:
        found = self._operation(effect.service, effect.operation)
        return await self._owner(found, effect.params, effect.caller)

    async def apply(self, effect: Effect) -> None:
        owner = await self.owner_of(effect)
        call = Call(effect.service, effect.operation, effect.params, effect.caller, owner, uuid4())
        reply = FutureReply(self._loop, call.request_id)
        if self._only is not None:
            self._only.apply(effect, call, reply)
        else:
            await self._find_and_run(call, effect, reply)
        await _answer(reply)

    def _operation(self, service: str, name: str) -> Operation:
        """Raises AwsError where Atoll has no such operation (yet), so that an effect on it is tried again."""
        found = self._registry.get(service)
        operation = None if found is None else found.operations.get(name)
        if operation is None:
            raise AwsError("NotImplemented", f"Atoll has no {service}.{name}", status=501, fault="Receiver")
        return operation

    async def _owner(self, operation: Operation, params: Params, caller: Caller) -> TenantId:
        owner = self._locator.locate(operation.access, params, caller)
        return owner or await self._locator.locate_slowly(operation.access, params, caller)

    # ---- several cells

    async def _find_and_run(self, call: Call, effect: Effect | None, reply: Reply) -> None:
        """Asks the tenant's cell. One that says "not mine" has done nothing: it gave the tenant away, or is about to.
        The index is asked again then."""
        try:
            for pause in PAUSES:
                name = await self._cell_of(call.owner)
                try:
                    reply.done(await self._ask(self.cells[name], call, effect), None)
                    return
                except NotMine:
                    self._directory.forget_placement(call.owner)
                    if await self._cell_of(call.owner) == name:
                        await asyncio.sleep(pause)
            reply.done(None, service_unavailable())
        except asyncio.CancelledError:
            reply.done(None, service_unavailable())
            raise
        except AwsError as error:
            reply.done(None, error)
        except Exception:
            logger.exception("%s %s.%s in %s failed", call.request_id, call.service, call.operation, call.owner)
            reply.done(None, internal_failure())

    async def _ask(self, cell: CellPort, call: Call, effect: Effect | None) -> Params:
        reply = FutureReply(self._loop, call.request_id)
        if effect is None:
            cell.run(call, reply)
        else:
            cell.apply(effect, call, reply)
        result: Params = await reply.wait()
        return result

    async def _cell_of(self, tenant: TenantId) -> str:
        placement = self._directory.peek_placement(tenant) or await self._directory.get_placement(tenant)
        return next(iter(self.cells)) if placement is None else placement.cell


async def _answer(reply: FutureReply) -> Params:
    try:
        result: Params = await reply.wait()
        return result
    except NotMine:
        # The only cell that is known here says so of the tenant that is asked for, not of the one that asks.
        raise service_unavailable() from None


def _led_to(cause: Call, service: str, operation: str, params: Params, owner: TenantId) -> Call:
    """Raises AwsError where calls have led to each other too often."""
    if cause.hops >= MAX_HOPS:
        raise AwsError("InternalFailure", "The call was passed on too often.", status=508, fault="Receiver")
    return Call(
        service,
        operation,
        params,
        cause.caller,
        owner,
        cause.request_id,
        cause.origin,
        cause.deadline,
        cause.hops + 1,
    )


class Packed:
    """A cell whose calls, effects and answers all travel as MessagePack, as they do between processes."""

    def __init__(self, cell: CellPort) -> None:
        self._cell = cell

    def run(self, call: Call, reply: Reply) -> None:
        self._cell.run(_repack(call, Call), _PackedReply(reply))

    def apply(self, effect: Effect, call: Call, reply: Reply) -> None:
        self._cell.apply(_repack(effect, Effect), _repack(call, Call), _PackedReply(reply))

    def at_once(self, call: Call) -> Params | None:
        result = self._cell.at_once(_repack(call, Call))
        return None if result is None else msgspec.msgpack.decode(msgspec.msgpack.encode(result))


class _PackedReply(Reply):
    __slots__ = ("_reply",)

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.request_id)
        self._reply = reply

    def done(self, result: Params | None, error: Exception | None) -> None:
        if result is not None:
            result = msgspec.msgpack.decode(msgspec.msgpack.encode(result))
        if isinstance(error, AwsError):
            error = AwsError.unpack(msgspec.msgpack.decode(msgspec.msgpack.encode(error.pack())))
        self._reply.done(result, error)

    def goes_on(self, task: asyncio.Task[object]) -> None:
        self._reply.goes_on(task)


def _repack(value: T, type: type[T]) -> T:
    return msgspec.msgpack.decode(msgspec.msgpack.encode(value), type=type)
