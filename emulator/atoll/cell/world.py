"""What a cell needs of the world around it."""

from __future__ import annotations

from typing import Protocol

from atoll.core.call import Call, Params
from atoll.core.caller import Caller
from atoll.core.effect import Effect
from atoll.core.tenant_id import TenantId


class World(Protocol):
    """The gateway, to a cell: finds out whose resource is meant and hands on."""

    async def call(self, cause: Call, service: str, operation: str, params: Params) -> Params:
        """An operation that `cause` leads to, as its caller. Raises AwsError."""

    def owner_now(self, service: str, operation: str, params: Params, caller: Caller) -> TenantId | None:
        """The tenant that a call means; None where there is no such operation, or the index has to be asked. Raises
        AwsError where it may not cross."""

    def at_once(self, cause: Call, service: str, operation: str, params: Params) -> Params | None:
        """The same, where it takes no waiting; None where it does."""

    async def owner_of(self, effect: Effect) -> TenantId:
        """The tenant that an effect means. Raises AwsError."""

    async def apply(self, effect: Effect) -> None:
        """Applies an effect on the tenant that it means; returns when that has committed.

        Raises AwsError: of the sender's fault when the target refuses, of the receiver's when it is to be tried again.
        """
