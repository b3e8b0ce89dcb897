"""Stand-ins for tenants, for operations that neither read nor write any rows: no database is opened for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atoll.cell.lagoon import CellLagoon
from atoll.core.tenant_id import TenantId
from atoll.tenants import Database, Tenant

if TYPE_CHECKING:
    from atoll.cell.cell import Cell

MOST = 10_000
"""All are forgotten when there are as many."""


class Stateless:
    def __init__(self, cell: Cell) -> None:
        self._cell = cell
        self._tables = Database(None)
        self._tenants: dict[TenantId, Tenant] = {}
        self.get = self._tenants.get
        cell.index.on_change(self._changed)

    async def make(self, id: TenantId, service: str) -> Tenant:
        """Raises AwsError where the realm is gone."""
        realm = await self._cell.tenants.realm(id.realm)
        if len(self._tenants) >= MOST:
            self._tenants.clear()
        lagoon = CellLagoon(self._cell, id, service)
        tenant = self._tenants[id] = Tenant(id, realm, self._tables, self._cell.clock.now, lagoon)
        return tenant

    def _changed(self, kind: str, _key: object) -> None:
        if kind == "realm":
            self._tenants.clear()

    def close(self) -> None:
        self._tables.close()
