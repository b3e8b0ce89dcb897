"""The outbox and the inbox of a tenant: effects on their way out, and which of the incoming ones were applied."""

from __future__ import annotations

from math import inf

import msgspec
from msgspec.structs import replace

from atoll.core.call import Params
from atoll.core.caller import Caller
from atoll.core.effect import EffectId
from atoll.core.ids import hex_id
from atoll.core.tenant_id import TenantId
from atoll.tenants.database import Database

FIRST_RETRY = 0.2
LAST_RETRY = 60.0
"""Seconds between two attempts to deliver an effect, doubled from the first to the last."""


class Refused(msgspec.Struct):
    """Where an effect goes that its target refuses: a further effect, with the same payload."""

    service: str
    operation: str
    params: Params
    lane: str = ""


class _Body(msgspec.Struct, array_like=True):
    """`caller` is stored as `_Names` leaves it."""

    service: str
    operation: str
    params: Params
    caller: Caller


class Waiting(msgspec.Struct, frozen=True):
    """How many effects of a tenant are not settled, and when the oldest was caused, in seconds since the epoch."""

    count: int = 0
    oldest: float = inf


class Pending(msgspec.Struct):
    """An effect that is not settled. `row` is its place in the order of all effects of the tenant. `problem` says why
    the last attempt failed. From `gives_up` on a further failure counts as a refusal."""

    row: int
    id: EffectId
    lane: str
    payload: int
    service: str
    operation: str
    params: Params
    caller: Caller
    refused: Refused | None
    attempts: int
    due: float
    created: float
    problem: str
    gives_up: float | None = None


_encode = msgspec.msgpack.Encoder().encode
_decode_body = msgspec.msgpack.Decoder(_Body).decode
_decode_params = msgspec.msgpack.Decoder(Params).decode
_decode_refused = msgspec.msgpack.Decoder(Refused).decode


_ACCOUNT = "{account}"
"""Stands for the tenant's account. No principal has braces in its name."""


class _Names:
    """Takes the names of its tenant out of a caller that is stored, and puts its own into one that is read."""

    __slots__ = ("_tenant",)

    def __init__(self, tenant: TenantId) -> None:
        self._tenant = tenant

    def take_out(self, caller: Caller) -> Caller:
        _, account, region = self._tenant
        return self._rewritten(
            caller,
            "",
            "" if caller.account == account else caller.account,
            "" if caller.region == region else caller.region,
            (account, _ACCOUNT),
        )

    def put_in(self, caller: Caller) -> Caller:
        realm, account, region = self._tenant
        return self._rewritten(caller, realm, caller.account or account, caller.region or region, (_ACCOUNT, account))

    @staticmethod
    def _rewritten(caller: Caller, realm: str, account: str, region: str, exchange: tuple[str, str]) -> Caller:
        session = caller.session
        if session is not None and session.chain:
            session = replace(session, chain=tuple(arn.replace(*exchange) for arn in session.chain))
        return replace(
            caller,
            realm=realm,
            account=account,
            region=region,
            principal=caller.principal.replace(*exchange),
            user_id=caller.user_id.replace(*exchange),
            session=session,
        )


class Outbox:
    """Rows of `effect` and `payload`. All methods but `floor` belong into a transaction."""

    __slots__ = ("_db", "_names", "_nonce", "_sequence")

    def __init__(self, db: Database, tenant: TenantId) -> None:
        self._db = db
        self._names = _Names(tenant)
        self._nonce = hex_id(32)
        self._sequence = 0

    def add_payload(self, params: Params) -> int:
        self._db.execute("INSERT INTO payload (body) VALUES (?)", (_encode(params),))
        return self._db.last_row_id

    def add(
        self,
        caller: Caller,
        service: str,
        operation: str,
        params: Params,
        *,
        lane: str,
        payload: int,
        refused: Refused | None,
        due: float,
        now: float,
        gives_up: float | None = None,
    ) -> int:
        """Returns the effect's row."""
        self._sequence += 1
        self._db.execute(
            "INSERT INTO effect (nonce, sequence, lane, payload, body, refused, due, created, gives_up) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                self._nonce,
                self._sequence,
                lane,
                payload or None,
                _encode(_Body(service, operation, params, self._names.take_out(caller))),
                None if refused is None else _encode(refused),
                due,
                now,
                gives_up,
            ),
        )
        return self._db.last_row_id

    def lanes(self) -> list[tuple[str, int]]:
        """Of every lane the first effect's row; each effect without a lane by itself."""
        return [
            (lane, row)
            for lane, row in self._db.rows(
                "SELECT lane, min(id) FROM effect WHERE lane <> '' GROUP BY lane "
                "UNION ALL SELECT '', id FROM effect WHERE lane = '' ORDER BY 2"
            )
        ]

    def next_in_lane(self, lane: str) -> int | None:
        found = self._db.rows("SELECT id FROM effect WHERE lane = ? ORDER BY id LIMIT 1", (lane,))
        return int(found[0][0]) if found else None

    def get(self, row: int) -> Pending | None:
        found = self._db.rows(
            "SELECT e.nonce, e.sequence, e.lane, e.payload, e.body, e.refused, e.attempts, e.due, e.created, "
            "e.problem, e.gives_up, p.body FROM effect e LEFT JOIN payload p ON p.id = e.payload WHERE e.id = ?",
            (row,),
        )
        if not found:
            return None
        nonce, sequence, lane, payload, raw, refused, attempts, due, created, problem, gives_up, shared = found[0]
        body = _decode_body(raw)
        return Pending(
            row,
            EffectId(nonce, sequence),
            lane,
            payload or 0,
            body.service,
            body.operation,
            body.params if shared is None else {**_decode_params(shared), **body.params},
            self._names.put_in(body.caller),
            None if refused is None else _decode_refused(refused),
            attempts,
            due,
            created,
            problem,
            gives_up,
        )

    def waiting(self) -> Waiting:
        oldest = self._db.rows("SELECT created FROM effect ORDER BY id LIMIT 1")
        return Waiting(self._db.rows("SELECT count(*) FROM effect")[0][0], oldest[0][0]) if oldest else Waiting()

    def after(self, row: int, limit: int) -> list[int]:
        """Rows of effects that are not settled, the oldest first, from behind the given one."""
        found = self._db.rows("SELECT id FROM effect WHERE id > ? ORDER BY id LIMIT ?", (row, limit))
        return [id for (id,) in found]

    def floor(self, nonce: str) -> int:
        """The lowest sequence of `nonce` that is not settled."""
        lowest: int | None = self._db.rows("SELECT min(sequence) FROM effect WHERE nonce = ?", (nonce,))[0][0]
        return self._sequence + 1 if lowest is None else lowest

    def put_off(self, pending: Pending, now: float, problem: str) -> float:
        """The attempt failed, for that reason. Returns the moment of the next one."""
        due = now + min(FIRST_RETRY * 2.0 ** min(pending.attempts, 16), LAST_RETRY)
        self._db.execute(
            "UPDATE effect SET attempts = attempts + 1, due = ?, problem = ? WHERE id = ?", (due, problem, pending.row)
        )
        return due

    def settle(self, pending: Pending) -> None:
        """The effect was applied, or refused: it is forgotten, and its payload with the last that names it."""
        self._db.execute("DELETE FROM effect WHERE id = ?", (pending.row,))
        if pending.payload and not self._db.rows("SELECT 1 FROM effect WHERE payload = ? LIMIT 1", (pending.payload,)):
            self._db.execute("DELETE FROM payload WHERE id = ?", (pending.payload,))

    def next_due(self) -> float | None:
        due: float | None = self._db.rows("SELECT min(due) FROM effect")[0][0]
        return due

    def clear(self) -> None:
        """Forgets all that is under way: a fork does not deliver what its original will."""
        self._db.execute("DELETE FROM effect")
        self._db.execute("DELETE FROM payload")


class Inbox:
    """Rows of `applied`: which effects of others this tenant has applied."""

    __slots__ = ("_db",)

    def __init__(self, db: Database) -> None:
        self._db = db

    def admit(self, effect: EffectId, floor: int) -> bool:
        """Whether the effect is new here; notes it, in the transaction that applies it.

        What lies below the floor is settled at its source and forgotten here one by one, but known to be old.
        """
        known = self._db.rows("SELECT floor FROM applied_floor WHERE nonce = ?", (effect.nonce,))
        if known and effect.sequence < known[0][0]:
            return False
        if self._db.rows("SELECT 1 FROM applied WHERE nonce = ? AND sequence = ?", (effect.nonce, effect.sequence)):
            return False
        if not known or known[0][0] < floor:
            self._db.execute("INSERT OR REPLACE INTO applied_floor VALUES (?, ?)", (effect.nonce, floor))
            self._db.execute("DELETE FROM applied WHERE nonce = ? AND sequence < ?", (effect.nonce, floor))
        self._db.execute("INSERT INTO applied VALUES (?, ?)", (effect.nonce, effect.sequence))
        return True
