"""The lagoon: what an operation sees of the world outside its transaction, bound to its tenant and its realm."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable, Hashable
from typing import Any, Protocol, TypeVar

import msgspec

from atoll.core.call import Call, Params
from atoll.core.tenant_id import TenantId

T = TypeVar("T")

Stamp = tuple[int, int]


class Claim(msgspec.Struct, frozen=True):
    """A name that is claimed in the realm, pending until a transaction of the holder confirms it (`Tenant.hold`).

    From `expires` on (seconds since the epoch) it can be confirmed no more: the name may be given to others.
    """

    kind: str
    name: str
    generation: str
    expires: float = math.inf


class NameTaken(Exception):
    """The name is held, or is being claimed, by another tenant, or by this one already."""

    def __init__(self, holder: TenantId) -> None:
        super().__init__(holder)
        self.holder = holder


class Lagoon(Protocol):
    """Raises `AwsError` where the other side refuses; what is ours to answer for comes as InternalFailure."""

    @property
    def here(self) -> TenantId:
        """The tenant that it is bound to."""

    def now(self) -> float:
        """Seconds since the epoch."""

    async def transaction(self, function: Callable[..., T], *args: Any) -> T:
        """Runs `function(tenant, *args)` as one transaction of this tenant; returns when it has committed.

        Raises TypeError, and rolls back, where the function is a coroutine function or returns an awaitable.
        """

    async def call(self, cause: Call, service: str, operation: str, params: Params) -> Params:
        """Calls an operation as the caller of `cause`, by way of this tenant's service; the access table says where.

        Raises AwsError when it is refused, or when calls have led to each other too often (`MAX_HOPS`).
        """

    def at_once(self, cause: Call, service: str, operation: str, params: Params) -> Params | None:
        """What `call` would give, where that can be had here and now: from a readonly operation on a tenant that is
        open in this process, with nothing of it uncommitted. None where it has to be waited for. May be used within a
        transaction. Raises AwsError as `call` does."""

    def stamp(self, place: TenantId) -> Stamp | None:
        """What is another once anything was written in a tenant of this realm, this one or another: what was read of it
        (`at_once`) is still so while its stamp is the same, time aside. None where it is not open in this process."""

    def until(
        self, deadline: float, woken_by: Hashable, *, next_look: Callable[[], float | None] | None = None
    ) -> AsyncIterator[None]:
        """Comes round once at once, then each time that a committed transaction of this tenant wakes `woken_by` or
        the moment that `next_look()` names has come, and a last time at the deadline (seconds since the epoch).

        The tenant may be closed meanwhile. Cancelled when the client goes away.
        """

    async def claim(self, kind: str, name: str) -> Claim:
        """Claims a name that is unique in the realm. Raises NameTaken."""

    async def release(self, claim: Claim) -> None:
        """Gives back a claim that was not confirmed."""

    async def in_thread(self, function: Callable[..., T], *args: Any) -> T:
        """Runs what takes long (making a key) off the loop. The function must touch no tenant."""
