"""What exists in a tenant, with a version that grows with every change, for the resource index to copy."""

from __future__ import annotations

from collections.abc import Callable, Sequence

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

    __slots__ = ("_db", "_now", "changed")

    def __init__(self, db: Database, now: Callable[[], float]) -> None:
        self._db = db
        self._now = now
        self.changed = False
        """Whether there are rows that the index may not have."""

    def record(self, service: str, kind: str, id: str, arn: str, tags: dict[str, str]) -> None:
        self._db.execute(
            "INSERT INTO catalogue (service, kind, id, arn, tags, created, version) VALUES (?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (service, kind, id) DO UPDATE SET arn = excluded.arn, tags = excluded.tags, gone = 0, "
            "created = CASE WHEN gone THEN excluded.created ELSE created END, version = excluded.version",
            (service, kind, id, arn, orjson.dumps(tags).decode(), self._now(), self._next_version()),
        )
        self.changed = True

    def unrecord(self, service: str, kind: str, id: str) -> None:
        self._db.execute(
            "UPDATE catalogue SET gone = 1, tags = '{}', version = ? WHERE service = ? AND kind = ? AND id = ?",
            (self._next_version(), service, kind, id),
        )
        self.changed = True

    def unrecord_all(self, service: str) -> None:
        """All that the service has recorded is gone."""
        for kind, id in self._db.rows("SELECT kind, id FROM catalogue WHERE service = ? AND NOT gone", (service,)):
            self.unrecord(service, kind, id)

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

    def lose(self, holdings: Sequence[Holding]) -> None:
        """The index says that these names are others': what this tenant wrote of them comes from an old copy."""
        for holding in holdings:
            self._db.execute(
                "UPDATE holding SET gone = 1, version = ? WHERE kind = ? AND name = ? AND generation = ? AND NOT gone",
                (self._next_version(), holding.kind, holding.name, holding.generation),
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
        """Milliseconds since the epoch, or one more than the last: so of two that were written after the same copy was
        made, the later has the higher version, and the index sees when an old copy was put in place of a newer."""
        return max(self.version() + 1, int(self._now() * 1000))

    def is_copy(self) -> bool:
        """Whether the index has to be told all of it anew, whatever version it has."""
        return bool(self._db.rows("SELECT 1 FROM copied"))

    def published_anew(self) -> None:
        self._db.execute("DELETE FROM copied")

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
