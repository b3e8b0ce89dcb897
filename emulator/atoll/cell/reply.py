"""Where the answer to a call goes."""

from __future__ import annotations

import asyncio
from typing import Any

from atoll.core.call import Params
from atoll.core.tenant_id import TenantId


class NotMine(Exception):
    """The tenant belongs to another cell: who asked is to look up again."""

    def __init__(self, tenant: TenantId, owner: str) -> None:
        super().__init__(tenant, owner)
        self.tenant = tenant
        self.owner = owner


class Reply:
    """Awaits the answer to one call. `done` is called once: at once, or after the commit that the answer rests on.

    What goes wrong here is logged under `request_id`; it is empty for what no request asked for.
    """

    __slots__ = ("_task", "gone", "request_id")

    def __init__(self, request_id: str = "") -> None:
        self.request_id = request_id
        self._task: asyncio.Task[Any] | None = None
        self.gone = False

    def done(self, result: Params | None, error: Exception | None) -> None:
        """Either the result, or an AwsError or NotMine."""
        raise NotImplementedError

    def goes_on(self, task: asyncio.Task[Any]) -> None:
        """The call goes on as a task, which ends with the one who asked."""
        self._task = task
        if self.gone:
            task.cancel()

    def cancel(self) -> None:
        """Nobody waits for the answer any more. What is plain is done all the same; what waits is given up."""
        self.gone = True
        if self._task is not None:
            self._task.cancel()


class FutureReply(Reply):
    """A reply as a future, for callers inside."""

    __slots__ = ("future",)

    def __init__(self, loop: asyncio.AbstractEventLoop, request_id: str = "") -> None:
        super().__init__(request_id)
        self.future: asyncio.Future[Any] = loop.create_future()

    def done(self, result: Params | None, error: Exception | None) -> None:
        if self.future.done():
            return
        if error is None:
            self.future.set_result(result)
        else:
            self.future.set_exception(error)

    async def wait(self) -> Any:
        try:
            return await self.future
        except asyncio.CancelledError:
            self.cancel()
            raise
