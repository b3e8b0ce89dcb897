"""Receiving: which messages a call gets, and how they look.

A receive is a SELECT of what is visible, the longest visible first, and an UPDATE of each by its id.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
"""

from __future__ import annotations

from hashlib import md5
from typing import Any

from atoll.core.call import Params
from atoll.core.errors import AwsError
from atoll.services.sqs import fair, fifo
from atoll.services.sqs.dead_letters import move_to_dead_letters
from atoll.services.sqs.errors import NOT_FOR_THIS_TYPE, invalid_value, over_limit
from atoll.services.sqs.message_attributes import Filter
from atoll.services.sqs.queues import MAX_IN_FLIGHT, Queue, arn_of, queue_named, room_in_flight
from atoll.services.sqs.receipt_handles import make_handle
from atoll.services.sqs.retention import remove
from atoll.tenants import Tenant

Row = tuple[Any, ...]

COLUMNS = "id, message_id, receives, sent, group_id, visible, attributes, body"
ALL_COLUMNS = f"{COLUMNS}, first_received, sender, deduplication_id, sequence, source, trace"
MAX_UNFIT = 1000
"""How many messages one receive may pass on to a dead-letter queue, or find expired, before it gives up."""

_TAKE = "SELECT {} FROM message WHERE backlog = ? AND visible <= ? ORDER BY visible LIMIT ?"
_TAKE_FEW, _TAKE_ALL = _TAKE.format(COLUMNS), _TAKE.format(ALL_COLUMNS)
_GROUPS = "SELECT group_id FROM fifo_group WHERE backlog = ? AND ready <= ? ORDER BY ready, front LIMIT ?"
_FRONT = "SELECT {} FROM message WHERE backlog = ? AND group_id = ? ORDER BY id LIMIT ?"
_FRONT_FEW, _FRONT_ALL = _FRONT.format(COLUMNS), _FRONT.format(ALL_COLUMNS)
_HIDE = (
    "UPDATE message SET visible = ?, receives = receives + 1, first_received = coalesce(first_received, ?) WHERE id = ?"
)
_NEXT_VISIBLE = "SELECT visible FROM message WHERE backlog = ? AND visible > ? ORDER BY visible LIMIT 1"
_NEXT_READY = "SELECT ready FROM fifo_group WHERE backlog = ? AND ready > ? ORDER BY ready LIMIT 1"

SYSTEM_ATTRIBUTES = frozenset(
    (
        "SenderId",
        "SentTimestamp",
        "ApproximateReceiveCount",
        "ApproximateFirstReceiveTimestamp",
        "SequenceNumber",
        "MessageDeduplicationId",
        "MessageGroupId",
        "AWSTraceHeader",
        "DeadLetterQueueSourceArn",
    )
)


class Wanted:
    """What a call of ReceiveMessage asks for. Raises InvalidParameterValue where it may not."""

    __slots__ = ("attempt", "attributes", "count", "system", "visibility", "wait")

    def __init__(self, params: Params, queue: Queue) -> None:
        count = params.get("MaxNumberOfMessages")
        if count is None:
            count = 1
        elif not 1 <= count <= 10:
            raise invalid_value(count, "MaxNumberOfMessages", "Must be between 1 and 10, if provided.")
        self.count: int = count
        visibility = params.get("VisibilityTimeout")
        if visibility is None:
            self.visibility = queue.visibility
        elif 0 <= visibility <= 43_200:
            self.visibility = visibility * 1000
        else:
            raise invalid_value(visibility, "VisibilityTimeout", "Must be >= 0 and <= 43200, if provided.")
        wait = params.get("WaitTimeSeconds")
        if wait is None:
            wait = queue.wait
        elif not 0 <= wait <= 20:
            raise invalid_value(wait, "WaitTimeSeconds", "Must be >= 0 and <= 20, if provided.")
        self.wait: int = wait
        """Seconds that the call waits for messages."""
        self.attempt: str | None = params.get("ReceiveRequestAttemptId")
        if self.attempt is not None:
            if not queue.fifo:
                raise invalid_value(self.attempt, "ReceiveRequestAttemptId", NOT_FOR_THIS_TYPE)
            fifo.check_identifier(self.attempt, "ReceiveRequestAttemptId")
        names = params.get("MessageAttributeNames")
        self.attributes = Filter(names) if names else None
        self.system: frozenset[str] | None = None
        old, new = params.get("AttributeNames"), params.get("MessageSystemAttributeNames")
        if old or new:
            asked = {*(old or ()), *(new or ())}
            self.system = SYSTEM_ATTRIBUTES if "All" in asked else SYSTEM_ATTRIBUTES & asked


def take(tenant: Tenant, queue: Queue, wanted: Wanted) -> list[dict[str, Any]]:
    """Receives messages. Raises OverLimit where too many of a standard queue's are in flight and nobody waits."""
    now = int(tenant.now() * 1000)
    room = wanted.count
    if queue.in_flight is None or queue.in_flight + room > MAX_IN_FLIGHT:
        room = min(room, room_in_flight(tenant, queue, now))
        if room <= 0:
            if queue.fifo or wanted.wait:
                # To long polls AWS does not say so: they wait for room as for messages.
                return []
            raise _too_many_in_flight()
    rows = _take_groups(tenant, queue, wanted, room, now) if queue.fifo else _take(tenant, queue, wanted, room, now)
    if not rows:
        return []
    visible = now + wanted.visibility
    if len(rows) == 1:
        tenant.execute(_HIDE, (visible, now, rows[0][0]))
    else:
        tenant.executemany(_HIDE, [(visible, now, row[0]) for row in rows])
    if visible > now:
        queue.in_flight = (queue.in_flight or 0) + len(rows)
    if queue.fifo:
        for group in {row[4] for row in rows}:
            fifo.refresh(tenant, queue, group)
    return [render(tenant, queue, wanted, row, row[2] + 1, now) for row in rows]


def _too_many_in_flight() -> AwsError:
    return over_limit(
        "Too many messages have been received without being deleted. Please delete your received messages or let them "
        "timeout before receiving more."
    )


def _take(tenant: Tenant, queue: Queue, wanted: Wanted, count: int, now: int) -> list[Row]:
    sql = _TAKE_FEW if wanted.system is None else _TAKE_ALL
    cutoff = now - queue.retention
    limit = queue.max_receives
    rows: list[Row] = tenant.rows(sql, (queue.backlog, now, count))
    for row in rows:
        if row[3] <= cutoff or (limit and row[2] >= limit):
            rows = _take_fit(tenant, queue, sql, count, now)
            break
    if queue.grouped and rows:
        rows = fair.prefer_quiet(tenant, queue, rows, sql.partition(" FROM ")[0], now)
    return rows


def _take_fit(tenant: Tenant, queue: Queue, sql: str, count: int, now: int) -> list[Row]:
    """As `_take`, putting away what has expired or was received too often until enough is found."""
    unfit = 0
    while True:
        rows = tenant.rows(sql, (queue.backlog, now, count))
        fit = [row for row in rows if not put_away(tenant, queue, row, now)]
        unfit += len(rows) - len(fit)
        if len(fit) == len(rows) or unfit > MAX_UNFIT:
            return fit


def _take_groups(tenant: Tenant, queue: Queue, wanted: Wanted, count: int, now: int) -> list[Row]:
    sql = _FRONT_FEW if wanted.system is None else _FRONT_ALL
    taken: list[Row] = []
    for (group,) in tenant.rows(_GROUPS, (queue.backlog, now, count)):
        taken += _take_front(tenant, queue, sql, group, count - len(taken), now)
        if len(taken) == count:
            break
    return taken


def _take_front(tenant: Tenant, queue: Queue, sql: str, group: str, count: int, now: int) -> list[Row]:
    """The group's first messages, up to the first that is not visible."""
    unfit = 0
    while True:
        front: list[Row] = []
        removed = 0
        for row in tenant.rows(sql, (queue.backlog, group, count)):
            if row[5] > now:
                break
            if put_away(tenant, queue, row, now):
                removed += 1
            else:
                front.append(row)
        unfit += removed
        if front or not removed or unfit > MAX_UNFIT:
            if removed and not front:
                fifo.refresh(tenant, queue, group)
            return front


def put_away(tenant: Tenant, queue: Queue, row: Row, now: int) -> bool:
    """Whether the message is not to be received: it has expired, or goes to the dead-letter queue."""
    id, message_id, receives, sent, group = row[:5]
    if sent <= now - queue.retention:
        remove(tenant, queue, [id])
        return True
    if queue.max_receives and receives >= queue.max_receives:
        target = queue_named(tenant, queue.dead_letter)
        if target is not None and target.fifo == queue.fifo:
            move_to_dead_letters(tenant, queue, target, id, message_id, sent, group)
            return True
    return False


def next_visible(tenant: Tenant, queue: Queue) -> float | None:
    """When a message that is not visible now will be, in seconds since the epoch."""
    now = int(tenant.now() * 1000)
    row = tenant.row(_NEXT_READY if queue.fifo else _NEXT_VISIBLE, (queue.backlog, now))
    return None if row is None else (row[0] + 1) / 1000


def render(tenant: Tenant, queue: Queue, wanted: Wanted, row: Row, receives: int, received: int) -> dict[str, Any]:
    """A message as ReceiveMessage shows it, received for the `receives`th time."""
    id, message_id, _, _, _, _, attributes, body = row[:8]
    message: dict[str, Any] = {
        "MessageId": message_id,
        "ReceiptHandle": make_handle(queue.id, id, receives, received, message_id),
        "MD5OfBody": md5(body.encode(), usedforsecurity=False).hexdigest(),
        "Body": body,
    }
    if wanted.system is not None and (shown := _system_attributes(tenant, wanted.system, row, receives, received)):
        message["Attributes"] = shown
    if attributes is not None and wanted.attributes is not None:
        chosen, digest = wanted.attributes.apply(attributes)
        if chosen:
            message["MD5OfMessageAttributes"] = digest
            message["MessageAttributes"] = chosen
    return message


def _system_attributes(tenant: Tenant, names: frozenset[str], row: Row, receives: int, received: int) -> dict[str, str]:
    sent, group = row[3], row[4]
    first_received, sender, deduplication, sequence, source, trace = row[8:]
    shown: dict[str, str | None] = {
        "SenderId": tenant.id.account if sender is None else sender,
        "SentTimestamp": str(sent),
        "ApproximateReceiveCount": str(receives),
        "ApproximateFirstReceiveTimestamp": str(received if first_received is None else first_received),
        "SequenceNumber": None if sequence is None else fifo.render_sequence(sequence),
        "MessageDeduplicationId": deduplication,
        "MessageGroupId": group,
        "AWSTraceHeader": trace,
        "DeadLetterQueueSourceArn": None if source is None else arn_of(tenant, source),
    }
    return {name: value for name, value in shown.items() if value is not None and name in names}
