"""The catalogue's copy of the tenants: the statements.

What the index has of a tenant is always what the tenant was at one version of its own, `published`: changes are taken
in whole steps that follow on each other, so deletions leave nothing behind and what comes late or twice is known by
its version alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from atoll.core.tenant_id import TenantId
from atoll.index import names
from atoll.index.driver import Run
from atoll.index.errors import NotOwner, PublishGap
from atoll.index.interface import ChangeKind
from atoll.index.rows import CatalogueRow, Holding

Changes = list[tuple[ChangeKind, object]]

_TENANT = "realm = ? AND account = ? AND region = ?"
_RESOURCE = f"{_TENANT} AND service = ? AND kind = ? AND id = ?"


async def publish(
    run: Run,
    tenant: TenantId,
    epoch: int,
    rows: Sequence[CatalogueRow],
    holdings: Sequence[Holding],
    after: int,
    changes: Changes,
) -> list[Holding]:
    """Returns the holdings whose names others hold."""
    published = await _lock(run, tenant, epoch)
    if after > published:
        raise PublishGap(tenant, published)
    for row in rows:
        if row.version > published:
            await _put(run, tenant, row)
            changes.append(("id", (tenant.realm, row.kind, row.id)))
    refused = []
    for holding in holdings:
        if holding.version > published:
            if holding.gone:
                changed = await names.let_go(run, tenant, holding)
            else:
                changed = await names.hold(run, tenant, holding)
                if not changed:
                    refused.append(holding)
            if changed:
                changes.append(("name", (tenant.realm, holding.kind, holding.name)))
    newest = max((*(row.version for row in rows), *(holding.version for holding in holdings)), default=published)
    if newest > published:
        await run(f"UPDATE tenant SET published = ? WHERE {_TENANT}", (newest, *tenant))
    return refused


async def _lock(run: Run, tenant: TenantId, epoch: int) -> int:
    """What is published of the tenant, which until the end of the transaction nobody else changes. Raises NotOwner."""
    found = await run(
        f"UPDATE tenant SET published = published WHERE {_TENANT} AND epoch = ? AND cell IS NOT NULL "
        "RETURNING published",
        (*tenant, epoch),
    )
    if not found:
        raise NotOwner(tenant, epoch)
    return int(found[0][0])


async def _put(run: Run, tenant: TenantId, row: CatalogueRow) -> None:
    key = (*tenant, row.service, row.kind, row.id)
    if row.gone:
        await run(f"DELETE FROM resource WHERE {_RESOURCE}", key)
        return
    await run(
        "INSERT INTO resource (realm, account, region, service, kind, id, arn, tags, created, version) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (realm, account, region, service, kind, id) DO UPDATE "
        "SET arn = excluded.arn, tags = excluded.tags, created = excluded.created, version = excluded.version",
        (*key, row.arn, msgspec.json.encode(row.tags).decode(), row.created, row.version),
    )
    await run(f"DELETE FROM resource_tag WHERE {_RESOURCE}", key)
    for tag_key, value in row.tags.items():
        await run(
            "INSERT INTO resource_tag (realm, account, region, service, kind, id, tag_key, value, arn) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*key, tag_key, value, row.arn),
        )


async def republish(
    run: Run,
    tenant: TenantId,
    epoch: int,
    rows: Sequence[CatalogueRow],
    holdings: Sequence[Holding],
    changes: Changes,
) -> list[Holding]:
    await _lock(run, tenant, epoch)
    await forget(run, tenant, changes)
    return await publish(run, tenant, epoch, rows, holdings, 0, changes)


async def forget(run: Run, tenant: TenantId, changes: Changes) -> None:
    await run(f"UPDATE tenant SET published = 0 WHERE {_TENANT}", tenant)
    for kind, id in await run(f"DELETE FROM resource WHERE {_TENANT} RETURNING kind, id", tenant):
        changes.append(("id", (tenant.realm, kind, id)))
    for kind, name in await names.free_all(run, tenant):
        changes.append(("name", (tenant.realm, kind, name)))


async def published(run: Run, tenant: TenantId) -> int:
    found = await run(f"SELECT published FROM tenant WHERE {_TENANT}", tenant)
    return int(found[0][0]) if found else 0


async def find_id(run: Run, realm: str, kind: str, id: str) -> list[TenantId]:
    found = await run("SELECT account, region FROM resource WHERE realm = ? AND kind = ? AND id = ?", (realm, kind, id))
    return sorted({TenantId(realm, account, region) for account, region in found})
