"""Which cell owns a tenant: the statements. A placement changes by compare-and-swap on its epoch."""

from __future__ import annotations

from atoll.core.tenant_id import TenantId
from atoll.index.driver import Run
from atoll.index.identities import require_realm
from atoll.index.rows import Placement

_TENANT = "realm = ? AND account = ? AND region = ?"
_ORDER = "ORDER BY realm, account, region"


async def place(run: Run, tenant: TenantId, cell: str) -> tuple[Placement, bool]:
    """Who owns the tenant, and whether that is new."""
    if there := await placement(run, tenant):
        return there, False
    await require_realm(run, tenant.realm)
    placed = await run(
        "INSERT INTO tenant (realm, account, region, cell, epoch) "
        "VALUES (?, ?, ?, ?, (SELECT epoch + 1 FROM epoch_floor)) "
        "ON CONFLICT (realm, account, region) DO UPDATE SET cell = excluded.cell, epoch = tenant.epoch + 1 "
        "WHERE tenant.cell IS NULL RETURNING epoch",
        (*tenant, cell),
    )
    if placed:
        return Placement(tenant, cell, placed[0][0]), True
    # Another cell was given it since it was looked for (where transactions run side by side).
    return await place(run, tenant, cell)


async def placement(run: Run, tenant: TenantId) -> Placement | None:
    found = await run(f"SELECT cell, epoch FROM tenant WHERE {_TENANT} AND cell IS NOT NULL", tenant)
    return Placement(tenant, *found[0]) if found else None


async def move(run: Run, tenant: TenantId, cell: str, epoch: int, to: str | None) -> Placement | None:
    """With `to` None the tenant is given up; the placement returned then names no cell."""
    moved = await run(
        f"UPDATE tenant SET cell = ?, epoch = epoch + ? WHERE {_TENANT} AND cell = ? AND epoch = ? RETURNING epoch",
        (to, 0 if to is None else 1, *tenant, cell, epoch),
    )
    return Placement(tenant, to or "", moved[0][0]) if moved else None


async def placements(run: Run, cell: str) -> list[Placement]:
    found = await run(f"SELECT realm, account, region, cell, epoch FROM tenant WHERE cell = ? {_ORDER}", (cell,))
    return [Placement(TenantId(realm, account, region), owner, epoch) for realm, account, region, owner, epoch in found]


async def tenants(run: Run, realm: str) -> list[TenantId]:
    found = await run(
        f"SELECT realm, account, region FROM tenant WHERE realm = ? AND cell IS NOT NULL {_ORDER}", (realm,)
    )
    return [TenantId(*row) for row in found]
