"""What goes wrong with calls because somebody wants it to: latency, errors, whole regions that do not answer.

A fault is of the region in which the called resource lives, of a realm or an account in it, or of all of these.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import NamedTuple

from atoll.core.errors import AwsError, internal_failure, service_unavailable
from atoll.core.tenant_id import TenantId
from atoll.manifests.fault import Fault


class Scope(NamedTuple):
    """Whose calls a fault is for. What is empty is any."""

    realm: str = ""
    account: str = ""
    region: str = ""

    def covers(self, owner: TenantId) -> bool:
        return all(wanted in ("", given) for wanted, given in zip(self, owner, strict=True))


class Outcome(NamedTuple):
    """What is to become of a call: it takes `delay` seconds longer, and fails with `error` where that is not None."""

    delay: float
    error: AwsError | None


class Faults:
    def __init__(self, random: Random | None = None) -> None:
        self.active = False
        """Whether there is any fault."""
        self._random = random or Random()
        self._by_scope: dict[Scope, tuple[Fault, ...]] = {}

    def put(self, scope: Scope, faults: Sequence[Fault]) -> None:
        """These are the scope's faults from the next call on, in place of those that it had; none ends them."""
        if faults:
            self._by_scope[scope] = tuple(faults)
        else:
            self._by_scope.pop(scope, None)
        self.active = bool(self._by_scope)

    def all(self) -> dict[Scope, tuple[Fault, ...]]:
        return dict(self._by_scope)

    def draw(self, owner: TenantId, service: str) -> Outcome | None:
        """What becomes of one call on a tenant; None where nothing does."""
        faults = [
            fault
            for scope, listed in self._by_scope.items()
            if scope.covers(owner)
            for fault in listed
            if not fault.services or service in fault.services
        ]
        if not faults:
            return None
        delay = sum(max(fault.latency + self._random.uniform(-fault.spread, fault.spread), 0.0) for fault in faults)
        return Outcome(delay, next(filter(None, map(self._error, faults)), None))

    def _error(self, fault: Fault) -> AwsError | None:
        if fault.unavailable:
            return service_unavailable()
        if not fault.error_rate or self._random.random() >= fault.error_rate:
            return None
        if not fault.code:
            return internal_failure()
        receiver = fault.status >= 500
        return AwsError(fault.code, fault.message, status=fault.status, fault="Receiver" if receiver else "Sender")
