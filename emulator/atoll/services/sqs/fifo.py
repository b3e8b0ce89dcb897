"""FIFO queues: message groups, deduplication, sequence numbers.

A message group is delivered from its front: as many of its first messages as are visible. What is behind an invisible
one has to wait. `fifo_group` holds, for every group that has messages, when its first is visible, so that a receive
finds the groups that have something without looking at messages.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-understanding-logic.html
"""

from __future__ import annotations

import re
from hashlib import sha256

from atoll.services.sqs.errors import invalid_parameter, invalid_value, missing_parameter
from atoll.services.sqs.queues import Queue
from atoll.tenants import Tenant

DEDUPLICATION_INTERVAL = 300_000
"""Milliseconds."""

FIRST_SEQUENCE = 18_870_000_000_000_000_000
"""Sequence numbers have 20 digits."""

FORGETTING = "sqs.forgetting"
"""In a tenant's memory: the timer is known to be set."""

_IDENTIFIER = re.compile(r"[A-Za-z0-9!-/:-@\[-`{-~]{1,128}")

_DUPLICATE = (
    "SELECT message_id, sequence FROM deduplication"
    " WHERE queue = ? AND scope = ? AND deduplication_id = ? AND expires > ?"
)
_REMEMBER = "INSERT OR REPLACE INTO deduplication VALUES (?, ?, ?, ?, ?, ?)"
_ADD_GROUP = "INSERT OR IGNORE INTO fifo_group VALUES (?, ?, ?, ?)"
_SET_GROUP = "INSERT OR REPLACE INTO fifo_group VALUES (?, ?, ?, ?)"
_FRONT = "SELECT visible, id FROM message WHERE backlog = ? AND group_id = ? ORDER BY id LIMIT 1"


def check_identifier(value: str, name: str) -> None:
    """Checks a MessageGroupId, a MessageDeduplicationId or a ReceiveRequestAttemptId."""
    if not _IDENTIFIER.fullmatch(value):
        raise invalid_value(
            value, name, f"{name} can only include alphanumeric and punctuation characters. 1 to 128 in length."
        )


def identify(queue: Queue, group: str | None, deduplication: str | None, body: bytes) -> tuple[str, str]:
    """The message's group and deduplication id, taken from its body where the queue does so."""
    if group is None:
        raise missing_parameter("MessageGroupId")
    if deduplication is None:
        if not queue.content_deduplication:
            raise invalid_parameter(
                "The queue should either have ContentBasedDeduplication enabled or "
                "MessageDeduplicationId provided explicitly"
            )
        deduplication = sha256(body, usedforsecurity=False).hexdigest()
    return group, deduplication


def find_duplicate(tenant: Tenant, queue: Queue, group: str, deduplication: str, now: int) -> tuple[str, int] | None:
    """The id and sequence number of the message of which this would be a duplicate."""
    row = tenant.row(_DUPLICATE, (queue.id, group if queue.per_group else "", deduplication, now))
    return None if row is None else (row[0], row[1])


def remember(
    tenant: Tenant, queue: Queue, group: str, deduplication: str, now: int, message_id: str, sequence: int
) -> None:
    expires = now + DEDUPLICATION_INTERVAL
    scope = group if queue.per_group else ""
    tenant.execute(_REMEMBER, (queue.id, scope, deduplication, expires, message_id, sequence))
    forget_at(tenant, expires)


def forget_at(tenant: Tenant, expires: int) -> None:
    """Sees to it that what expires then is forgotten."""
    if FORGETTING not in tenant.memory:
        if tenant.timer_due("sqs", "forget", "") is None:
            tenant.set_timer("sqs", "forget", "", expires / 1000)
        tenant.memory[FORGETTING] = True


def next_sequence(tenant: Tenant, queue: Queue) -> int:
    sequence = queue.sequence + 1
    tenant.execute("UPDATE queue SET sequence = ? WHERE id = ?", (sequence, queue.id))
    queue.sequence = sequence
    return sequence


def render_sequence(sequence: int) -> str:
    return str(FIRST_SEQUENCE + sequence)


def message_added(tenant: Tenant, queue: Queue, group: str, visible: int, id: int) -> None:
    """A message was put at the end of its group."""
    tenant.execute(_ADD_GROUP, (queue.backlog, group, visible, id))


def refresh(tenant: Tenant, queue: Queue, group: str) -> int | None:
    """To be called when messages of the group left or their visibility changed; says when its first is visible."""
    row = tenant.row(_FRONT, (queue.backlog, group))
    if row is None:
        tenant.execute("DELETE FROM fifo_group WHERE backlog = ? AND group_id = ?", (queue.backlog, group))
        return None
    visible: int
    visible, front = row
    tenant.execute(_SET_GROUP, (queue.backlog, group, visible, front))
    return visible
