"""How many messages a queue has. Approximate on AWS, exact here.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-monitoring-using-cloudwatch.html
"""

from __future__ import annotations

from typing import NamedTuple

from atoll.services.sqs.queues import Queue, now_ms
from atoll.services.sqs.retention import find_expired
from atoll.tenants import Tenant

_TOTAL = "SELECT count(*) FROM message WHERE backlog = ?"
_HIDDEN = "SELECT count(*), coalesce(sum(receives > 0), 0) FROM message WHERE backlog = ? AND visible > ?"


class Counts(NamedTuple):
    """In the order of `attributes.COUNTS`."""

    visible: int
    delayed: int
    in_flight: int


def count_messages(tenant: Tenant, queue: Queue) -> Counts:
    now = now_ms(tenant)
    if queue.total is None:
        queue.total = tenant.rows(_TOTAL, (queue.backlog,))[0][0]
    total: int = queue.total
    hidden, in_flight = tenant.rows(_HIDDEN, (queue.backlog, now))[0]
    for expired in find_expired(tenant, queue, now):
        # The timer is about to delete it.
        total -= 1
        hidden -= expired.visible > now
        in_flight -= expired.visible > now and expired.receives > 0
    return Counts(total - hidden, hidden - in_flight, in_flight)
