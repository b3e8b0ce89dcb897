"""What time causes in a tenant: named moments, kept as rows, run by the cell's scheduler."""

from __future__ import annotations

from atoll.tenants.database import Database


class Timers:
    """Rows of `timer`. Methods that write belong into a transaction."""

    __slots__ = ("_db", "changed")

    def __init__(self, db: Database) -> None:
        self._db = db
        self.changed = False
        """Whether the next moment may be another than the scheduler knows."""

    def set(self, service: str, name: str, key: str, due: float | None) -> None:
        if due is None:
            self._db.execute("DELETE FROM timer WHERE service = ? AND name = ? AND key = ?", (service, name, key))
        else:
            self._db.execute("INSERT OR REPLACE INTO timer VALUES (?, ?, ?, ?)", (service, name, key, due))
        self.changed = True

    def clear(self, service: str) -> None:
        """None of the service's is to come."""
        self._db.execute("DELETE FROM timer WHERE service = ?", (service,))
        self.changed = True

    def due(self, service: str, name: str, key: str) -> float | None:
        found = self._db.rows("SELECT due FROM timer WHERE service = ? AND name = ? AND key = ?", (service, name, key))
        return float(found[0][0]) if found else None

    def next_due(self) -> float | None:
        due: float | None = self._db.rows("SELECT min(due) FROM timer")[0][0]
        return due

    def due_by(self, now: float) -> list[tuple[str, str, str]]:
        """(service, name, key) of what is due, the earliest first."""
        return [
            (service, name, key)
            for service, name, key in self._db.rows(
                "SELECT service, name, key FROM timer WHERE due <= ? ORDER BY due LIMIT 100", (now,)
            )
        ]
