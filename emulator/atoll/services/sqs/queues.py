"""Queues: their rows, cached in the tenant's memory, and what of them can be counted.

Reading a queue costs nothing while the tenant is open: `find_queue` is on every call's path.
"""

from __future__ import annotations

import re
from typing import Any

import orjson

from atoll.core.arn import render_arn
from atoll.core.bounded import keep
from atoll.core.call import Params
from atoll.services.sqs.attributes import RANGES, Attributes
from atoll.services.sqs.errors import invalid_address, invalid_parameter, missing_parameter, queue_does_not_exist
from atoll.services.sqs.redrive import parse_redrive_policy
from atoll.services.sqs.urls import parse_queue_url
from atoll.tenants import Tenant

POSITION_BITS = 40
"""A message's id is its backlog and below that, in so many bits, its position."""

MAX_IN_FLIGHT = 120_000
"""https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html"""

MEMORY = "sqs.queues"
MAX_CACHED_URLS = 10_000

_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")
_FIFO_NAME = re.compile(r"[A-Za-z0-9_-]{1,75}\.fifo")

_QUEUE = "SELECT id, name, backlog, created, modified, purged, attributes, tags, sequence FROM queue"
_LAST = "SELECT id FROM message WHERE id >= ? AND id < ? ORDER BY id DESC LIMIT 1"
_HIDDEN = "SELECT count(*) FROM (SELECT 1 FROM message WHERE backlog = ? AND visible > ? LIMIT ?)"
_IN_FLIGHT = "SELECT count(*) FROM (SELECT 1 FROM message WHERE backlog = ? AND visible > ? AND receives > 0 LIMIT ?)"


class Queue:
    """A queue's row, its attributes ready for use (times in milliseconds), and running counts of its messages."""

    __slots__ = (
        "attributes",
        "backlog",
        "content_deduplication",
        "created",
        "dead_letter",
        "delay",
        "expires",
        "fifo",
        "grouped",
        "id",
        "in_flight",
        "key",
        "key_reuse",
        "key_until",
        "max_receives",
        "maximum",
        "modified",
        "name",
        "next_id",
        "noisy",
        "per_group",
        "purged",
        "retention",
        "sequence",
        "tags",
        "total",
        "visibility",
        "wait",
        "wake_key",
    )

    def __init__(self, row: tuple[Any, ...], next_id: int, *, grouped: bool) -> None:
        self.id: int
        self.name: str
        self.backlog: int
        self.id, self.name, self.backlog, self.created, self.modified, self.purged, attributes, tags, sequence = row
        self.attributes: Attributes = orjson.loads(attributes)
        self.tags: dict[str, str] = orjson.loads(tags)
        self.sequence: int = sequence
        self.next_id = next_id
        self.wake_key = ("sqs", self.id)
        self.fifo = self.name.endswith(".fifo")
        self.visibility = self._number("VisibilityTimeout") * 1000
        self.delay = self._number("DelaySeconds") * 1000
        self.wait = self._number("ReceiveMessageWaitTimeSeconds")
        self.maximum = self._number("MaximumMessageSize")
        self.retention = self._number("MessageRetentionPeriod") * 1000
        self.key = self.attributes.get("KmsMasterKeyId", "")
        self.key_reuse = self._number("KmsDataKeyReusePeriodSeconds")
        self.key_until = 0.0
        """Until when KMS need not be asked for it, in seconds since the epoch."""
        self.content_deduplication = self.attributes.get("ContentBasedDeduplication") == "true"
        self.per_group = self.attributes.get("DeduplicationScope") == "messageGroup"
        self.dead_letter = ""
        self.max_receives = 0
        if policy := self.attributes.get("RedrivePolicy"):
            redrive = parse_redrive_policy(policy)
            self.dead_letter = redrive.target.resource
            self.max_receives = redrive.max_receives
        self.grouped = grouped
        """Whether it is a standard queue whose messages may have message groups."""
        self.noisy: tuple[int, frozenset[str]] = (0, frozenset())
        """The groups that had more than their share in flight, and when they were counted."""
        self.total: int | None = None
        """How many messages there are, once they were counted."""
        self.in_flight: int | None = None
        """At least as many as are in flight: what expired meanwhile is not subtracted before the next count."""
        self.expires = False
        """Whether a timer is known to be set for the retention period."""

    def _number(self, name: str) -> int:
        value = self.attributes.get(name)
        return RANGES[name].default if value is None else int(value)


class _Memory:
    """What is cached of a tenant's queues."""

    __slots__ = ("by_name", "by_url")

    def __init__(self) -> None:
        self.by_url: dict[str, Queue] = {}
        self.by_name: dict[str, Queue] = {}


def now_ms(tenant: Tenant) -> int:
    return int(tenant.now() * 1000)


def find_queue(tenant: Tenant, params: Params) -> Queue:
    """The queue that `QueueUrl` names. Raises MissingParameter, InvalidAddress, QueueDoesNotExist."""
    try:
        queue: Queue = tenant.memory[MEMORY].by_url[params["QueueUrl"]]
    except KeyError:
        return _find_by_url(tenant, params.get("QueueUrl"))
    return queue


def _find_by_url(tenant: Tenant, url: str | None) -> Queue:
    if not url:
        raise missing_parameter("QueueUrl")
    parsed = parse_queue_url(url)
    if parsed is None:
        raise invalid_address(url)
    queue = queue_named(tenant, parsed.name)
    if queue is None:
        raise queue_does_not_exist()
    keep(_memory(tenant).by_url, url, queue, MAX_CACHED_URLS)
    return queue


def queue_named(tenant: Tenant, name: str) -> Queue | None:
    memory = _memory(tenant)
    queue = memory.by_name.get(name)
    if queue is None:
        row = tenant.row(f"{_QUEUE} WHERE name = ?", (name,))
        if row is None:
            return None
        queue = memory.by_name[name] = _load(tenant, row)
    return queue


def queue_with_id(tenant: Tenant, id: int) -> Queue | None:
    row = tenant.row("SELECT name FROM queue WHERE id = ?", (id,))
    return None if row is None else queue_named(tenant, row[0])


def _memory(tenant: Tenant) -> _Memory:
    memory: _Memory | None = tenant.memory.get(MEMORY)
    if memory is None:
        memory = tenant.memory[MEMORY] = _Memory()
    return memory


def _load(tenant: Tenant, row: tuple[Any, ...]) -> Queue:
    backlog = row[2]
    first, end = backlog << POSITION_BITS, (backlog + 1) << POSITION_BITS
    last = tenant.row(_LAST, (first, end))
    grouped = tenant.row("SELECT 1 FROM message WHERE backlog = ? AND group_id IS NOT NULL LIMIT 1", (backlog,))
    return Queue(row, first if last is None else last[0] + 1, grouped=grouped is not None)


def forget_queue(tenant: Tenant, name: str) -> None:
    """To be called after a queue's row was changed: it is read again."""
    memory = _memory(tenant)
    memory.by_name.pop(name, None)
    memory.by_url.clear()


def arn_of(tenant: Tenant, name: str) -> str:
    return render_arn("sqs", tenant.id, name)


def check_name(name: str, *, fifo: bool) -> None:
    """Raises InvalidParameterValue, as CreateQueue does."""
    if fifo:
        if not _FIFO_NAME.fullmatch(name):
            raise invalid_parameter(
                "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, "
                "must end with .fifo suffix and be 1 to 80 in length."
            )
    elif not _NAME.fullmatch(name):
        raise invalid_parameter("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")


def room_in_flight(tenant: Tenant, queue: Queue, now: int) -> int:
    """How many more messages may be in flight. Messages are counted only when the limit may have been reached."""
    count = 0
    for sql in (_HIDDEN, _IN_FLIGHT):
        count = tenant.rows(sql, (queue.backlog, now, MAX_IN_FLIGHT))[0][0]
        if count < MAX_IN_FLIGHT:
            break
    queue.in_flight = count
    return MAX_IN_FLIGHT - count
