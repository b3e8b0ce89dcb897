"""One operation to be run: what is left of a request once the wire is gone.

A call is plain data and travels as MessagePack between processes.
"""

from __future__ import annotations

from typing import Any

import msgspec

from atoll.core.caller import Caller
from atoll.core.tenant_id import TenantId

Params = dict[str, Any]

MAX_HOPS = 10
"""How often a call may lead to a further one before it is taken for a loop."""


class Origin(msgspec.Struct, frozen=True):
    """How the caller reached this endpoint, for what is rendered in its terms (queue URLs)."""

    scheme: str = "http"
    host: str = "localhost:4566"
    """The Host header, port included."""
    terraform: bool = False
    """Terraform's AWS provider calls, or who builds on it: it takes not every form of URL."""


NOWHERE = Origin()


class Call(msgspec.Struct):
    """`owner` is the tenant whose resource is meant, in whose database the operation runs. `deadline` is the moment,
    in seconds since the epoch, after which nobody waits for the answer; 0 is none."""

    service: str
    operation: str
    params: Params
    caller: Caller
    owner: TenantId
    request_id: str
    origin: Origin = NOWHERE
    deadline: float = 0.0
    hops: int = 0

    def __getitem__(self, name: str) -> Any:
        return self.params[name]

    def get(self, name: str, default: Any = None) -> Any:
        return self.params.get(name, default)
