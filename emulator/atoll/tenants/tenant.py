"""An open tenant, as an operation sees it inside its transaction."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

from atoll.core.call import Params
from atoll.core.caller import Caller
from atoll.core.errors import service_unavailable
from atoll.core.lagoon import Claim, Lagoon
from atoll.core.service import Service
from atoll.core.tenant_id import TenantId
from atoll.index import Realm
from atoll.tenants.catalogue import Catalogue
from atoll.tenants.database import Database, Row, tables_of
from atoll.tenants.outbox import Inbox, Outbox, Refused
from atoll.tenants.timers import Timers

InPlace = Callable[["Tenant", Caller, str, str, Params], Params | None]


class Tenant:
    """`memory` caches committed rows; its keys are the services' own. It is emptied when a transaction that wrote is
    undone, and goes with the tenant when that is closed, so it may be empty between any two transactions.

    `row`, `rows`, `execute` run SQL in the tenant's database; what raises undoes all that the operation wrote.
    """

    __slots__ = (
        "awaited",
        "catalogue",
        "db",
        "effects",
        "execute",
        "executemany",
        "id",
        "in_place",
        "inbox",
        "lagoon",
        "memory",
        "now",
        "outbox",
        "realm",
        "rows",
        "timers",
        "wakes",
    )

    def __init__(self, id: TenantId, realm: Realm, db: Database, now: Callable[[], float], lagoon: Lagoon) -> None:
        self.id = id
        self.realm = realm
        self.db = db
        self.now = now
        """Seconds since the epoch."""
        self.lagoon = lagoon
        self.in_place: InPlace | None = None
        """How the cell runs an effect on this tenant itself, within the transaction that is open."""
        self.memory: dict[str, Any] = {}
        self.rows = db.rows
        self.execute = db.execute
        self.executemany = db.executemany
        self.catalogue = Catalogue(db, now)
        self.timers = Timers(db)
        self.outbox = Outbox(db, id)
        self.inbox = Inbox(db)
        self.wakes: list[Hashable] = []
        self.effects: list[tuple[str, int]] = []
        """Lane and row of the effects caused since the last commit."""
        self.awaited: list[int] = []
        """Rows of those that are to arrive before the answer goes out."""

    def row(self, sql: str, args: Sequence[Any] = ()) -> Row | None:
        """The first row, or None."""
        found = self.rows(sql, args)
        return found[0] if found else None

    @property
    def last_row_id(self) -> int:
        return self.db.last_row_id

    def wake(self, key: Hashable, count: int = 1) -> None:
        """After the commit, as many waiting calls of this tenant that wait for `key` come round again."""
        if count == 1:
            self.wakes.append(key)
        else:
            self.wakes += [key] * count

    def effect(
        self,
        caller: Caller,
        service: str,
        operation: str,
        params: Params,
        *,
        lane: str = "",
        payload: int = 0,
        awaited: bool = False,
        refused: Refused | None = None,
        delay: float = 0.0,
        patience: float | None = None,
    ) -> None:
        """Causes a call on another tenant (the target operation's access table says which), on behalf of `caller`:
        delivered after the commit, retried until it is answered, applied once. Effects of one lane arrive in order.

        `payload` names parameters that several effects share. `awaited` ones arrive before the answer to this call, or
        after a second. What the target refuses goes to `refused`, or nowhere. `delay` is in seconds; so is `patience`,
        after which what the target does not answer counts as refused.
        """
        now = self.now()
        row = self.outbox.add(
            caller,
            service,
            operation,
            params,
            lane=lane,
            payload=payload,
            refused=refused,
            due=now + delay,
            now=now,
            gives_up=None if patience is None else now + patience,
        )
        self.effects.append((lane, row))
        if awaited:
            self.awaited.append(row)

    def effect_here(
        self, caller: Caller, service: str, operation: str, params: Params, *, lane: str = ""
    ) -> Params | None:
        """Runs what would be an effect on this tenant itself at once, in the transaction that is open: then there is no
        row, nothing to be delivered, and its answer is there. None where it has to be an effect: it means another
        tenant, the service has no tables here yet, or others wait before it in its lane.

        What it raises must end the call that is under way, with which it is undone. So an operation that others run
        like this says in its answer what it refuses.
        """
        if self.in_place is None or (lane and self.outbox.next_in_lane(lane) is not None):
            return None
        return self.in_place(self, caller, service, operation, params)

    def payload(self, params: Params) -> int:
        """Stores parameters that several effects share, once."""
        return self.outbox.add_payload(params)

    def set_timer(self, service: str, name: str, key: str, due: float | None) -> None:
        """At `due` (seconds since the epoch) the service's timer `name` runs with `key`; None takes it away."""
        self.timers.set(service, name, key, due)

    def timer_due(self, service: str, name: str, key: str) -> float | None:
        return self.timers.due(service, name, key)

    def record(self, service: str, kind: str, id: str, arn: str, tags: dict[str, str]) -> None:
        """The resource is there, with these tags. `arn` has placeholders where the tenant's names would stand:
        `arn:{partition}:sqs:{region}:{account}:NAME`."""
        self.catalogue.record(service, kind, id, arn, tags)

    def unrecord(self, service: str, kind: str, id: str) -> None:
        """The resource is gone."""
        self.catalogue.unrecord(service, kind, id)

    def hold(self, claim: Claim) -> None:
        """Confirms a claimed name. Raises AwsError where that took so long that the name may be another's."""
        if self.now() >= claim.expires:
            raise service_unavailable()
        self.catalogue.hold(claim)

    def let_go(self, kind: str, name: str) -> None:
        """Gives back a name that this tenant holds."""
        self.catalogue.let_go(kind, name)

    # ---- what the cell does with it

    def forget(self) -> None:
        """Drops what was not committed: cached rows, wakes, effects."""
        self.memory.clear()
        self.wakes.clear()
        self.effects.clear()
        self.awaited.clear()

    def empty(self, service: Service) -> None:
        """Deletes all that the service has here, in a transaction. Numbers that its tables gave do not come again."""
        for table in tables_of(service):
            self.execute(f'DELETE FROM "{table}"')
        self.catalogue.unrecord_all(service.name)
        self.timers.clear(service.name)
        self.memory.clear()

    def next_due(self) -> float | None:
        """The moment of the next timer or attempt to deliver."""
        moments = [due for due in (self.timers.next_due(), self.outbox.next_due()) if due is not None]
        return min(moments, default=None)
