"""Effects that are not delivered yet: whose they are, whom they mean, and why the last attempt failed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from atoll.cell import Cell
from atoll.cell.deliveries import as_effect
from atoll.core.errors import AwsError
from atoll.core.tenant_id import TenantId
from atoll.tenants import Tenant
from atoll.tenants.outbox import Pending


class Undelivered(NamedTuple):
    """`target` is None where nobody has what it means."""

    source: TenantId
    pending: Pending
    target: TenantId | None


class Place(NamedTuple):
    """Where in the list one stands: the tenant, and the effect's row there."""

    tenant: TenantId
    row: int


async def undelivered(
    cell: Cell, realms: Iterable[str], account: str, region: str, after: Place | None, limit: int
) -> list[Undelivered]:
    """By tenant, the oldest first; at most `limit`, from behind the place `after`."""
    wanted = set(realms)
    found: list[Undelivered] = []
    for id in sorted(cell.timekeeper.waiting()):
        fits = id.realm in wanted and account in ("", id.account) and region in ("", id.region)
        if not fits or len(found) == limit or (after is not None and id < after.tenant):
            continue
        row = after.row if after is not None and id == after.tenant else 0
        # None where it was erased meanwhile.
        if (hosted := await cell.tenants.open(id)) is not None:
            waiting = await cell.transact_engine(hosted, _waiting, row, limit - len(found))
            found += [Undelivered(id, pending, await _target(cell, id, pending)) for pending in waiting]
    return found


def _waiting(tenant: Tenant, row: int, limit: int) -> list[Pending]:
    rows = tenant.outbox.after(row, limit)
    return [pending for pending in map(tenant.outbox.get, rows) if pending is not None]


async def _target(cell: Cell, source: TenantId, pending: Pending) -> TenantId | None:
    try:
        return await cell.world.owner_of(as_effect(pending, 0, source))
    except AwsError:
        return None
