"""FIFO topics: what was published in the last five minutes is not published again; sequence numbers.

https://docs.aws.amazon.com/sns/latest/dg/fifo-message-dedup.html
"""

from __future__ import annotations

from atoll.services.sns.tokens import forget_at
from atoll.services.sns.topics import Topic
from atoll.tenants import Tenant

INTERVAL = 300_000
"""Milliseconds."""
FIRST_SEQUENCE = 10_000_000_000_000_000_000
"""Sequence numbers have 20 digits."""

_DUPLICATE = (
    "SELECT message_id, sequence FROM topic_deduplication"
    " WHERE topic = ? AND scope = ? AND deduplication_id = ? AND expires > ?"
)


def find_duplicate(tenant: Tenant, topic: Topic, group: str, deduplication: str, now: int) -> tuple[str, int] | None:
    """Id and sequence number of the message of which this would be a duplicate."""
    row = tenant.row(_DUPLICATE, (topic.id, group if topic.per_group else "", deduplication, now))
    return None if row is None else (row[0], row[1])


def remember(tenant: Tenant, topic: Topic, group: str, deduplication: str, now: int, message_id: str) -> int:
    """Returns the sequence number that the message gets."""
    sequence = topic.sequence + 1
    tenant.execute("UPDATE topic SET sequence = ? WHERE id = ?", (sequence, topic.id))
    topic.sequence = sequence
    expires = now + INTERVAL
    tenant.execute(
        "INSERT OR REPLACE INTO topic_deduplication VALUES (?, ?, ?, ?, ?, ?)",
        (topic.id, group if topic.per_group else "", deduplication, expires, message_id, sequence),
    )
    forget_at(tenant, expires)
    return sequence


def render_sequence(sequence: int) -> str:
    return str(FIRST_SEQUENCE + sequence)
