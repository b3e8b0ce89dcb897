"""Moving messages between queues of one tenant: into a dead-letter queue, and out of it again.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
"""

from __future__ import annotations

from atoll.core.ids import uuid4
from atoll.services.sqs import fifo
from atoll.services.sqs.queues import Queue, now_ms
from atoll.services.sqs.retention import keep_until_expired
from atoll.tenants import Tenant

_COPY = (
    "INSERT INTO message (id, backlog, visible, receives, sent, first_received, message_id, sender, group_id,"
    " deduplication_id, sequence, source, trace, attributes, body)"
    " SELECT ?, ?, ?, {receives}, ?, {first_received}, ?, sender, group_id, deduplication_id, ?, ?, trace, attributes,"
    " body FROM message WHERE id = ?"
)
_INTO = _COPY.format(receives="receives", first_received="first_received")
_OUT = _COPY.format(receives="0", first_received="NULL")


def move_to_dead_letters(
    tenant: Tenant, queue: Queue, target: Queue, row: int, message_id: str, sent: int, group: str | None
) -> None:
    """The message goes on with its id and its receive count.

    In a standard queue it keeps the time at which it was sent, in a FIFO queue it starts anew.
    """
    now = now_ms(tenant)
    sent = now if queue.fifo else sent
    _move(tenant, _INTO, queue, target, row, message_id, now, sent, group, source=queue.name)


def move_back(tenant: Tenant, queue: Queue, target: Queue, row: int, group: str | None) -> None:
    """A redriven message is a new one: it gets a new id, a new time and a new count."""
    now = now_ms(tenant)
    _move(tenant, _OUT, queue, target, row, uuid4(), now, now, group, source=None)


def _move(
    tenant: Tenant,
    copy: str,
    queue: Queue,
    target: Queue,
    row: int,
    message_id: str,
    now: int,
    sent: int,
    group: str | None,
    *,
    source: str | None,
) -> None:
    sequence = fifo.next_sequence(tenant, target) if target.fifo else None
    id = target.next_id
    tenant.execute(copy, (id, target.backlog, now, sent, message_id, sequence, source, row))
    tenant.execute("DELETE FROM message WHERE id = ?", (row,))
    target.next_id = id + 1
    if target.total is not None:
        target.total += 1
    if queue.total is not None:
        queue.total -= 1
    if group is not None:
        if target.fifo:
            fifo.message_added(tenant, target, group, now, id)
            fifo.refresh(tenant, queue, group)
        else:
            target.grouped = True
    keep_until_expired(tenant, target, sent)
    tenant.wake(target.wake_key)
