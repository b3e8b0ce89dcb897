"""What time takes out of queues: messages past their retention period, and backlogs that no queue has any more.

A receive passes over what has expired; a timer deletes it, a chunk at a time, so that the loop never stands still.
"""

from __future__ import annotations

from typing import NamedTuple

from atoll.services.sqs import fifo
from atoll.services.sqs.queues import POSITION_BITS, Queue, now_ms, queue_with_id
from atoll.tenants import Tenant

CHUNK = 500
"""How many messages a timer deletes in one transaction (about a millisecond)."""

PAUSE = 1000
"""Milliseconds at least between two looks at one queue."""

_OLDEST = (
    "SELECT id, sent, visible, receives, group_id, source IS NOT NULL FROM message"
    " WHERE id >= ? AND id < ? ORDER BY id LIMIT ?"
)
_OLDEST_MOVED = (
    "SELECT id, sent, visible, receives, group_id, 1 FROM message"
    " WHERE backlog = ? AND source IS NOT NULL ORDER BY sent LIMIT ?"
)


class _Aged(NamedTuple):
    id: int
    sent: int
    visible: int
    receives: int
    group_id: str | None
    moved: int


def keep_until_expired(tenant: Tenant, queue: Queue, sent: int) -> None:
    """Sees to it that a timer runs when a message that was sent then has expired, unless an earlier one will."""
    key = str(queue.id)
    due = (sent + queue.retention) / 1000
    known = tenant.timer_due("sqs", "expire", key)
    if known is None or known > due:
        tenant.set_timer("sqs", "expire", key, due)
    queue.expires = True


def look_again(tenant: Tenant, queue: Queue) -> None:
    """The retention period was changed: the timer looks at once."""
    tenant.set_timer("sqs", "expire", str(queue.id), tenant.now())


def find_expired(tenant: Tenant, queue: Queue, now: int, limit: int = CHUNK) -> list[_Aged]:
    """Expired messages, at most about `limit`.

    A backlog's messages lie in the order in which they were sent, but for those that came from another queue and kept
    their time; these have an index of their own.
    """
    cutoff = now - queue.retention
    first = queue.backlog << POSITION_BITS
    expired = []
    for aged in map(_Aged._make, tenant.rows(_OLDEST, (first, first + (1 << POSITION_BITS), limit))):
        if aged.moved:
            continue
        if aged.sent > cutoff:
            break
        expired.append(aged)
    for aged in map(_Aged._make, tenant.rows(_OLDEST_MOVED, (queue.backlog, limit))):
        if aged.sent > cutoff:
            break
        expired.append(aged)
    return expired


def expire(tenant: Tenant, key: str) -> None:
    """The timer of a queue's retention period."""
    queue = queue_with_id(tenant, int(key))
    if queue is None:
        return
    now = now_ms(tenant)
    expired = find_expired(tenant, queue, now)
    remove(tenant, queue, [aged.id for aged in expired])
    if queue.fifo:
        for group in {aged.group_id for aged in expired if aged.group_id is not None}:
            fifo.refresh(tenant, queue, group)
    queue.expires = False
    if len(expired) >= CHUNK:
        tenant.set_timer("sqs", "expire", key, tenant.now())
    elif (oldest := _oldest(tenant, queue)) is not None:
        tenant.set_timer("sqs", "expire", key, max(oldest + queue.retention, now + PAUSE) / 1000)


def _oldest(tenant: Tenant, queue: Queue) -> int | None:
    first = queue.backlog << POSITION_BITS
    rows = tenant.rows(_OLDEST, (first, first + (1 << POSITION_BITS), 1))
    rows += tenant.rows(_OLDEST_MOVED, (queue.backlog, 1))
    return min((row[1] for row in rows), default=None)


def remove(tenant: Tenant, queue: Queue, ids: list[int]) -> None:
    """Deletes messages of the queue."""
    tenant.executemany("DELETE FROM message WHERE id = ?", [(id,) for id in ids])
    if queue.total is not None:
        queue.total -= len(ids)


def leave_behind(tenant: Tenant, backlog: int) -> None:
    """The queue is gone or purged: the backlog is swept out by and by."""
    tenant.execute("UPDATE backlog SET queue = NULL WHERE id = ?", (backlog,))
    tenant.set_timer("sqs", "sweep", "", tenant.now())


def sweep(tenant: Tenant, _key: str) -> None:
    """The timer that empties backlogs that were left behind."""
    row = tenant.row("SELECT id FROM backlog WHERE queue IS NULL ORDER BY id LIMIT 1")
    if row is None:
        return
    [backlog] = row
    first = backlog << POSITION_BITS
    rows = tenant.rows(
        "SELECT id FROM message WHERE id >= ? AND id < ? ORDER BY id LIMIT ?",
        (first, first + (1 << POSITION_BITS), CHUNK),
    )
    tenant.executemany("DELETE FROM message WHERE id = ?", rows)
    groups = tenant.rows("SELECT group_id FROM fifo_group WHERE backlog = ? LIMIT ?", (backlog, CHUNK))
    tenant.executemany(
        "DELETE FROM fifo_group WHERE backlog = ? AND group_id = ?", [(backlog, group) for (group,) in groups]
    )
    if len(rows) < CHUNK and len(groups) < CHUNK:
        tenant.execute("DELETE FROM backlog WHERE id = ?", (backlog,))
    tenant.set_timer("sqs", "sweep", "", tenant.now())


def forget_old(tenant: Tenant, _key: str) -> None:
    """The timer that forgets deduplication ids and receive attempts after their five minutes."""
    now = now_ms(tenant)
    tenant.memory.pop(fifo.FORGETTING, None)
    full = False
    for table in ("deduplication", "attempt"):
        columns = "queue, scope, deduplication_id" if table == "deduplication" else "queue, id"
        old = tenant.rows(f"SELECT {columns} FROM {table} WHERE expires <= ? ORDER BY expires LIMIT ?", (now, CHUNK))
        condition = " AND ".join(f"{column} = ?" for column in columns.split(", "))
        tenant.executemany(f"DELETE FROM {table} WHERE {condition}", old)
        full = full or len(old) == CHUNK
    next_due = tenant.rows(
        "SELECT min(expires) FROM (SELECT min(expires) AS expires FROM deduplication"
        " UNION ALL SELECT min(expires) FROM attempt)"
    )[0][0]
    if full:
        tenant.set_timer("sqs", "forget", "", tenant.now())
    elif next_due is not None:
        tenant.set_timer("sqs", "forget", "", max(next_due, now + PAUSE) / 1000)
