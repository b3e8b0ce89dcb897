"""What exists in a tenant, with a version that grows with every change, for the resource index to copy."""

from __future__ import annotations

import orjson

from atoll.core.arn import partition_of
from atoll.core.lagoon import Claim
from atoll.core.tenant_id import TenantId
from atoll.index import CatalogueRow, Holding
from atoll.tenants.database import Database


def render_template(arn: str, tenant: TenantId) -> str:
    """The ARN of a resource of `tenant`, from a template with the placeholders partition, region and account."""
    return (
        arn.replace("{partition}", partition_of(tenant.region))
        .replace("{region}", tenant.region)
        .replace("{account}", tenant.account)
    )


class Catalogue:
    """Rows of `catalogue` and `holding`. Methods that write belong into a transaction."""

    __slots__ = ("_db", "changed")

    def __init__(self, db: Database) -> None:
        self._db = db
        self.changed = False
        """Whether there are rows that the index may not have."""

    def record(self, service: str, kind: str, id: str, arn: str, tags: dict[str, str], now: float) -> None:
        self._db.execute(
            "INSERT INTO catalogue (service, kind, id, arn, tags, created, version) VALUES (?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (service, kind, id) DO UPDATE SET arn = excluded.arn, tags = excluded.tags, gone = 0, "
            "created = CASE WHEN gone THEN excluded.created ELSE created END, version = excluded.version",
            (service, kind, id, arn, orjson.dumps(tags).decode(), now, self._next_version()),
        )
        self.changed = True

    def unrecord(self, service: str, kind: str, id: str) -> None:
        self._db.execute(
            "UPDATE catalogue SET gone = 1, tags = '{}', version = ? WHERE service = ? AND kind = ? AND id = ?",
            (self._next_version(), service, kind, id),
        )
        self.changed = True

    def hold(self, claim: Claim) -> None:
        self._db.execute(
            "INSERT INTO holding VALUES (?, ?, ?, ?, 0)",
            (claim.kind, claim.name, claim.generation, self._next_version()),
        )
        self.changed = True

    def let_go(self, kind: str, name: str) -> None:
        self._db.execute(
            "UPDATE holding SET gone = 1, version = ? WHERE kind = ? AND name = ? AND NOT gone",
            (self._next_version(), kind, name),
        )
        self.changed = True

    def holds(self, kind: str, name: str, generation: str) -> bool:
        return bool(
            self._db.rows(
                "SELECT 1 FROM holding WHERE kind = ? AND name = ? AND generation = ? AND NOT gone",
                (kind, name, generation),
            )
        )

    def version(self) -> int:
        [(version,)] = self._db.rows(
            "SELECT max(coalesce((SELECT max(version) FROM catalogue), 0), "
            "coalesce((SELECT max(version) FROM holding), 0))"
        )
        return int(version)

    def _next_version(self) -> int:
        return self.version() + 1

    def newer_than(self, version: int, tenant: TenantId) -> tuple[list[CatalogueRow], list[Holding]]:
        """What the index lacks when it has all up to `version`, with ARNs as the tenant's own."""
        resources = [
            CatalogueRow(
                service, kind, id, render_template(arn, tenant), orjson.loads(tags), created, row_version, bool(gone)
            )
            for service, kind, id, arn, tags, created, row_version, gone in self._db.rows(
                "SELECT service, kind, id, arn, tags, created, version, gone FROM catalogue WHERE version > ? "
                "ORDER BY version",
                (version,),
            )
        ]
        holdings = [
            Holding(kind, name, generation, row_version, bool(gone))
            for kind, name, generation, row_version, gone in self._db.rows(
                "SELECT kind, name, generation, version, gone FROM holding WHERE version > ? ORDER BY version",
                (version,),
            )
        ]
        return resources, holdings
