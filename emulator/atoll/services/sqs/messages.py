"""Sending: checking messages and storing them, all plain ones of a call by one INSERT; this is SQS's hottest path.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from hashlib import md5
from typing import Any

from atoll.core.call import Params
from atoll.core.caller import Caller
from atoll.core.errors import AwsError
from atoll.core.ids import uuid4
from atoll.services.sqs import fifo
from atoll.services.sqs.attributes import RANGES
from atoll.services.sqs.characters import check_body
from atoll.services.sqs.errors import (
    NOT_FOR_THIS_TYPE,
    invalid_parameter,
    invalid_value,
    missing_parameter,
    queue_does_not_exist,
)
from atoll.services.sqs.message_attributes import read_attributes, read_system_attributes
from atoll.services.sqs.queues import Queue, queue_named
from atoll.services.sqs.retention import keep_until_expired
from atoll.tenants import Tenant

MAX_DELAY = RANGES["DelaySeconds"].greatest

_PLAIN = "INSERT INTO message (id, backlog, visible, sent, message_id, sender, body) VALUES "
_COLUMNS = 7
_MOST_COLUMNS = 100 * _COLUMNS
"""Of how many messages one statement stores: SQLite binds no more than 32,766 values."""
_FULL = (
    "INSERT INTO message (id, backlog, visible, sent, message_id, sender, group_id, deduplication_id, sequence, trace,"
    " attributes, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


@cache
def _plain(count: int) -> str:
    return _PLAIN + ", ".join(["(?, ?, ?, ?, ?, ?, ?)"] * count)


def send(tenant: Tenant, queue: Queue, entry: Params, caller: Caller) -> dict[str, Any]:
    """Stores the message that `entry` describes, which names its queue or itself beside that; SendMessage's answer."""
    plain: list[Any] = []
    answer = prepare(tenant, queue, entry, caller, plain)
    if plain:
        store(tenant, queue, plain)
    return answer


def prepare(tenant: Tenant, queue: Queue, entry: Params, caller: Caller, plain: list[Any]) -> dict[str, Any]:
    """As `send`, but that a plain message's columns are added to `plain`, all in a row, to be given to `store`."""
    body = entry.get("MessageBody")
    if not body:
        raise missing_parameter("MessageBody")
    if not (body.isascii() and (body.isprintable() or body.replace("\n", "").isprintable())):
        check_body(body)
    if len(entry) > 2 or queue.fifo:
        return _send_with_more(tenant, queue, entry, body, caller)
    encoded = body.encode()
    if len(encoded) > queue.maximum:
        raise _too_long(queue)
    now = int(tenant.now() * 1000)
    message_id = uuid4()
    id = queue.next_id
    user = caller.user_id
    sender = None if user == tenant.id.account else user
    plain += (id, queue.backlog, now + queue.delay, now, message_id, sender, body)
    queue.next_id = id + 1
    return {"MessageId": message_id, "MD5OfMessageBody": md5(encoded, usedforsecurity=False).hexdigest()}


def store(tenant: Tenant, queue: Queue, plain: list[Any]) -> None:
    """Stores the messages that `prepare` has added."""
    count = len(plain) // _COLUMNS
    tenant.execute(_plain(count), plain)
    if queue.total is not None:
        queue.total += count
    if not queue.expires:
        keep_until_expired(tenant, queue, plain[3])
    tenant.wake(queue.wake_key, count)


def send_each(tenant: Tenant, entries: Sequence[Params], caller: Caller) -> list[int]:
    """Stores a message in the queue with the ARN `QueueArn` of each entry, all plain ones by one INSERT. Returns the
    places of those that could not be."""
    now = int(tenant.now() * 1000)
    sender = None if caller.user_id == tenant.id.account else caller.user_id
    plain: list[Any] = []
    refused: list[int] = []
    checked, size = "", 0
    for number, entry in enumerate(entries):
        queue = queue_named(tenant, entry["QueueArn"].rpartition(":")[2])
        try:
            if queue is None:
                raise queue_does_not_exist()
            body = entry["MessageBody"]
            if body is not checked:
                # Many of them are the same.
                size = _checked_size(body)
                checked = body
            if len(entry) > 2 or queue.fifo:
                _send_with_more(tenant, queue, entry, body, caller)
                continue
            if size > queue.maximum:
                raise _too_long(queue)
        except AwsError:
            refused.append(number)
        else:
            id = queue.next_id
            plain += (id, queue.backlog, now + queue.delay, now, uuid4(), sender, body)
            queue.next_id = id + 1
            if queue.total is not None:
                queue.total += 1
            if not queue.expires:
                keep_until_expired(tenant, queue, now)
            tenant.wake(queue.wake_key)
    for at in range(0, len(plain), _MOST_COLUMNS):
        columns = plain[at : at + _MOST_COLUMNS]
        tenant.execute(_plain(len(columns) // _COLUMNS), columns)
    return refused


def _checked_size(body: str) -> int:
    """How many bytes a body has. Raises MissingParameter, InvalidMessageContents."""
    if not body:
        raise missing_parameter("MessageBody")
    if body.isascii():
        if not (body.isprintable() or body.replace("\n", "").isprintable()):
            check_body(body)
        return len(body)
    check_body(body)
    return len(body.encode())


def _send_with_more(tenant: Tenant, queue: Queue, entry: Params, body: str, caller: Caller) -> dict[str, Any]:
    encoded = body.encode()
    result: dict[str, Any] = {"MD5OfMessageBody": md5(encoded, usedforsecurity=False).hexdigest()}
    delay = _delay(queue, entry.get("DelaySeconds"))
    size = len(encoded)
    stored = trace = sequence = None
    if attributes := entry.get("MessageAttributes"):
        result["MD5OfMessageAttributes"], length, stored = read_attributes(attributes)
        size += length
    if attributes := entry.get("MessageSystemAttributes"):
        result["MD5OfMessageSystemAttributes"], trace = read_system_attributes(attributes)
    if size > queue.maximum:
        raise _too_long(queue)
    group = _identifier(entry, "MessageGroupId")
    deduplication = _identifier(entry, "MessageDeduplicationId")
    now = int(tenant.now() * 1000)
    result["MessageId"] = message_id = uuid4()
    if queue.fifo:
        group, deduplication = fifo.identify(queue, group, deduplication, encoded)
        if (first := fifo.find_duplicate(tenant, queue, group, deduplication, now)) is not None:
            result["MessageId"], sequence = first
            result["SequenceNumber"] = fifo.render_sequence(sequence)
            return result
        sequence = fifo.next_sequence(tenant, queue)
        fifo.remember(tenant, queue, group, deduplication, now, message_id, sequence)
        result["SequenceNumber"] = fifo.render_sequence(sequence)
    elif deduplication is not None:
        raise invalid_value(deduplication, "MessageDeduplicationId", NOT_FOR_THIS_TYPE)
    elif group is not None:
        queue.grouped = True
    user = caller.user_id
    sender = None if user == tenant.id.account else user
    id = queue.next_id
    tenant.execute(
        _FULL,
        (
            id,
            queue.backlog,
            now + delay,
            now,
            message_id,
            sender,
            group,
            deduplication,
            sequence,
            trace,
            stored,
            body,
        ),
    )
    queue.next_id = id + 1
    if queue.total is not None:
        queue.total += 1
    if queue.fifo and group is not None:
        fifo.message_added(tenant, queue, group, now + delay, id)
    if not queue.expires:
        keep_until_expired(tenant, queue, now)
    tenant.wake(queue.wake_key)
    return result


def _too_long(queue: Queue) -> AwsError:
    return invalid_parameter(
        f"One or more parameters are invalid. Reason: Message must be shorter than {queue.maximum} bytes."
    )


def _delay(queue: Queue, seconds: int | None) -> int:
    """In milliseconds. A FIFO queue has no delay but its own."""
    if seconds is None:
        return queue.delay
    if queue.fifo:
        if seconds:
            raise invalid_value(seconds, "DelaySeconds", NOT_FOR_THIS_TYPE)
        return queue.delay
    if not 0 <= seconds <= MAX_DELAY:
        raise invalid_value(seconds, "DelaySeconds", f"DelaySeconds must be >= 0 and <= {MAX_DELAY}.")
    return seconds * 1000


def _identifier(entry: Params, name: str) -> str | None:
    value: str | None = entry.get(name)
    if value is not None:
        fifo.check_identifier(value, name)
    return value


def size_of(entry: Params) -> int:
    """What an entry counts in the length of its batch, in bytes."""
    body = entry.get("MessageBody") or ""
    size = len(body) if body.isascii() else len(body.encode("utf-8", "replace"))
    attributes = entry.get("MessageAttributes")
    if not attributes:
        return size
    for name, attribute in attributes.items():
        size += len(name) + len(attribute.get("DataType") or "")
        size += len((attribute.get("StringValue") or "").encode("utf-8", "replace"))
        size += len(attribute.get("BinaryValue") or b"")
    return size
