"""A first try, on empty tables in memory, of an operation of a service that has never written in the tenant.

So a call that only reads, or is refused, leaves no file and no tables behind.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from atoll.core.lagoon import Lagoon
from atoll.core.service import Service
from atoll.core.tenant_id import TenantId
from atoll.index import Realm
from atoll.tenants import Database, Tenant


class Outcome(NamedTuple):
    """`wrote` says that the try was in vain: the operation belongs into a database of the tenant's own."""

    wrote: bool
    result: Any


class Scratch:
    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._databases: dict[str, Database] = {}

    def attempt(
        self, service: Service, id: TenantId, realm: Realm, lagoon: Lagoon, function: Callable[[Tenant], Any]
    ) -> Outcome:
        """What `function` answers in a tenant without data, all that it writes undone. Raises what it raises."""
        db = self._databases.get(service.name)
        if db is None:
            db = self._databases[service.name] = Database(None)
            db.begin()
            db.add_service(service)
            db.commit()
        tenant = Tenant(id, realm, db, self._now, lagoon)
        before = db.total_changes()
        db.begin()
        try:
            result = function(tenant)
            return Outcome(db.total_changes() != before, result)
        finally:
            db.rollback()

    def close(self) -> None:
        for db in self._databases.values():
            db.close()
        self._databases.clear()
