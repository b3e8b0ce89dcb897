"""Erases what is in tenants, and leaves what was declared."""

from __future__ import annotations

from typing import NamedTuple

from atoll.cell import Cell
from atoll.control.errors import NotThere
from atoll.core.tenant_id import TenantId
from atoll.tenants.folder import DataFolder


class Extent(NamedTuple):
    """What is to be erased: all that fits. An empty one is any."""

    realm: str = ""
    account: str = ""
    region: str = ""
    service: str = ""

    def holds(self, id: TenantId) -> bool:
        return all(wanted in ("", found) for wanted, found in zip(self[:3], id, strict=True))


async def reset(cell: Cell, folder: DataFolder, extent: Extent) -> list[TenantId]:
    """Erases the tenants of the extent, or what its service has in them. Returns which they were. Raises NotThere for a
    service that there is none of."""
    service = cell.registry.get(extent.service)
    if extent.service and service is None:
        raise NotThere(f"There is no service {extent.service}: there are {', '.join(sorted(cell.registry))}")
    found = sorted(id for id in folder.tenants() if extent.holds(id))
    for id in found:
        if service is None:
            await cell.moves.erase(id)
        else:
            await cell.moves.empty(id, service)
    return found
