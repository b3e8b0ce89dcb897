"""Looking at a queue's messages without receiving them: no operation of AWS's, but of LocalStack's developer endpoint.

https://docs.localstack.cloud/aws/services/sqs/#developer-endpoints
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from atoll.core.call import Call, Params
from atoll.services.sqs.queues import POSITION_BITS, Queue, find_queue, now_ms
from atoll.services.sqs.receiving import ALL_COLUMNS, Row, Wanted, render
from atoll.services.sqs.service import sqs
from atoll.tenants import Tenant

HANDLE = "SQS/BACKDOOR/ACCESS"
"""What LocalStack shows as receipt handle, since nothing was received."""
MOST_MESSAGES = 10_000
MOST_CHARACTERS = 16 * 1024 * 1024
"""Of bodies that are shown: what comes after is left out."""

_PAGE = 64
_MESSAGES = f"SELECT {ALL_COLUMNS} FROM message WHERE id >= ? AND id < ? ORDER BY id LIMIT {_PAGE}"
_EVERYTHING: Params = {"AttributeNames": ["All"], "MessageAttributeNames": ["All"]}


@sqs.operation("PeekMessages", readonly=True, internal=True)
def peek_messages(call: Call, tenant: Tenant) -> Params:
    """The queue's messages, the first sent first, as ReceiveMessage shows them with all their attributes. Those that
    cannot be received now are among them where `ShowInvisible` or `ShowDelayed` is true; then each says what it is."""
    queue = find_queue(tenant, call.params)
    invisible, delayed = bool(call.get("ShowInvisible")), bool(call.get("ShowDelayed"))
    wanted = Wanted(_EVERYTHING, queue)
    messages: list[dict[str, Any]] = []
    characters = 0
    for row, is_visible, is_delayed in _states(tenant, queue):
        if not (is_visible or (delayed if is_delayed else invisible)):
            continue
        message = _show(tenant, queue, wanted, row)
        if invisible or delayed:
            message["Attributes"] |= {"IsVisible": _word(is_visible), "IsDelayed": _word(is_delayed)}
        messages.append(message)
        characters += len(message["Body"])
        if len(messages) == MOST_MESSAGES or characters >= MOST_CHARACTERS:
            break
    return {"Messages": messages}


def _states(tenant: Tenant, queue: Queue) -> Iterator[tuple[Row, bool, bool]]:
    """Each message that has not expired, whether it is visible, and whether it is delayed."""
    now = now_ms(tenant)
    cutoff = now - queue.retention
    blocked: set[str] = set()
    for row in _rows(tenant, queue):
        receives, sent, group, visible = row[2:6]
        if sent <= cutoff:
            continue
        hidden = visible > now
        if hidden and queue.fifo:
            blocked.add(group)
        # Of a FIFO queue's group nothing is received past its first message that is not visible.
        yield row, not (hidden or (queue.fifo and group in blocked)), hidden and not receives


def _rows(tenant: Tenant, queue: Queue) -> Iterator[Row]:
    """In pages, since messages may be long."""
    start, end = queue.backlog << POSITION_BITS, (queue.backlog + 1) << POSITION_BITS
    while rows := tenant.rows(_MESSAGES, (start, end)):
        yield from rows
        start = rows[-1][0] + 1


def _show(tenant: Tenant, queue: Queue, wanted: Wanted, row: Row) -> dict[str, Any]:
    """`ApproximateFirstReceiveTimestamp` is 0 where the message was never received."""
    message = render(tenant, queue, wanted, row, row[2], 0)
    message["ReceiptHandle"] = HANDLE
    return message


def _word(value: bool) -> str:
    return "true" if value else "false"
