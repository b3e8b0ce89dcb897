"""Effects: calls that one tenant's transaction causes on another tenant, delivered after it, applied once."""

from __future__ import annotations

import msgspec

from atoll.core.call import Params
from atoll.core.caller import Caller
from atoll.core.tenant_id import TenantId


class EffectId(msgspec.Struct, frozen=True, array_like=True):
    """Never comes again: `nonce` is drawn anew at every opening of the tenant, `sequence` counts from there."""

    nonce: str
    sequence: int


class Effect(msgspec.Struct):
    """An effect on its way. Of its nonce all below `floor` are settled, so that the target may forget them."""

    id: EffectId
    floor: int
    source: TenantId
    service: str
    operation: str
    params: Params
    caller: Caller
