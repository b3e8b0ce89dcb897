"""Fair queues: on a standard queue whose messages have groups, the quiet groups go before the noisy ones.

A group is noisy while it has more than its even share of what is in flight. Its messages are received when no quiet
group has any.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues.html
"""

from __future__ import annotations

from typing import Any

from atoll.services.sqs.queues import Queue
from atoll.tenants import Tenant

Row = tuple[Any, ...]

MAX_GROUPS = 100
"""How many quiet groups are looked at for one receive."""

LEAST_NOISE = 10
"""A group with fewer messages in flight is never noisy."""

COUNT_ALWAYS = 500
RECOUNT = 250
"""With more than so many messages in flight, groups are counted again after so many milliseconds only."""

_IN_FLIGHT = (
    "SELECT group_id, count(*) FROM message"
    " WHERE backlog = ? AND visible > ? AND receives > 0 AND group_id IS NOT NULL GROUP BY group_id"
)
_NEXT_GROUP = "SELECT group_id FROM message WHERE backlog = ? AND group_id > ? ORDER BY group_id LIMIT 1"
_OF_GROUP = " FROM message WHERE backlog = ? AND group_id = ? AND visible <= ? ORDER BY id LIMIT ?"


def prefer_quiet(tenant: Tenant, queue: Queue, rows: list[Row], columns: str, now: int) -> list[Row]:
    """`rows` with messages of noisy groups replaced, as far as quiet groups have any. `columns` begins a SELECT."""
    noisy = _noisy_groups(tenant, queue, now)
    loud = [row for row in rows if row[4] in noisy]
    if not loud:
        return rows
    chosen = [row for row in rows if row[4] not in noisy]
    ids = {row[0] for row in chosen}
    group = ""
    for _ in range(MAX_GROUPS):
        if len(chosen) == len(rows):
            return chosen
        found = tenant.row(_NEXT_GROUP, (queue.backlog, group))
        if found is None:
            break
        [group] = found
        if group not in noisy:
            more = tenant.rows(columns + _OF_GROUP, (queue.backlog, group, now, len(rows)))
            fresh = [row for row in more if row[0] not in ids and _is_fit(queue, row, now)]
            chosen += fresh[: len(rows) - len(chosen)]
    return chosen + loud[: len(rows) - len(chosen)]


def _is_fit(queue: Queue, row: Row, now: int) -> bool:
    exhausted = queue.max_receives and row[2] >= queue.max_receives
    return row[3] > now - queue.retention and not exhausted


def _noisy_groups(tenant: Tenant, queue: Queue, now: int) -> frozenset[str]:
    if (queue.in_flight or 0) > COUNT_ALWAYS and now - queue.noisy[0] < RECOUNT:
        return queue.noisy[1]
    in_flight: dict[str, int] = dict(tenant.rows(_IN_FLIGHT, (queue.backlog, now)))
    share = max(sum(in_flight.values()) / max(len(in_flight), 2), LEAST_NOISE - 1)
    noisy = frozenset(group for group, count in in_flight.items() if count > share)
    queue.noisy = (now, noisy)
    return noisy
