"""ReceiveRequestAttemptId: a call of ReceiveMessage that is made again gets the messages that it got.

It does so for five minutes, unless one of them was deleted or its visibility changed meanwhile, and as long as they
have not become visible again.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/using-receiverequestattemptid-request-parameter.html
"""

from __future__ import annotations

from typing import Any

import orjson

from atoll.services.sqs import fifo
from atoll.services.sqs.errors import invalid_value
from atoll.services.sqs.queues import Queue
from atoll.services.sqs.receipt_handles import read_handle
from atoll.services.sqs.receiving import ALL_COLUMNS, Wanted, render, take
from atoll.tenants import Tenant

_FIND = "SELECT at, received FROM attempt WHERE queue = ? AND id = ? AND expires > ?"
_KEEP = "INSERT OR REPLACE INTO attempt VALUES (?, ?, ?, ?, ?)"
_MESSAGE = f"SELECT {ALL_COLUMNS} FROM message WHERE id = ? AND backlog = ?"


def take_once(tenant: Tenant, queue: Queue, wanted: Wanted) -> list[dict[str, Any]]:
    """As `take`; an attempt that was made before is answered as it was then. Raises InvalidParameterValue."""
    attempt = wanted.attempt
    if attempt is None:
        return take(tenant, queue, wanted)
    now = int(tenant.now() * 1000)
    row = tenant.row(_FIND, (queue.id, attempt, now))
    if row is not None:
        at, received = row[0], orjson.loads(row[1])
        if received[0][2] > now:
            return _again(tenant, queue, wanted, at, received, now)
    messages = take(tenant, queue, wanted)
    if messages:
        _keep(tenant, queue, wanted, now, messages)
    return messages


def _keep(tenant: Tenant, queue: Queue, wanted: Wanted, now: int, messages: list[dict[str, Any]]) -> None:
    visible = now + wanted.visibility
    receipts = [read_handle(message["ReceiptHandle"], queue) for message in messages]
    _store(tenant, queue, wanted, now, now, [(receipt.row, receipt.receives, visible) for receipt in receipts])


def _store(
    tenant: Tenant, queue: Queue, wanted: Wanted, now: int, at: int, received: list[tuple[int, int, int]]
) -> None:
    expires = now + fifo.DEDUPLICATION_INTERVAL
    tenant.execute(_KEEP, (queue.id, wanted.attempt, expires, at, orjson.dumps(received).decode()))
    fifo.forget_at(tenant, expires)


def _again(
    tenant: Tenant, queue: Queue, wanted: Wanted, at: int, received: list[tuple[int, int, int]], now: int
) -> list[dict[str, Any]]:
    rows = []
    for id, receives, visible in received:
        row = tenant.row(_MESSAGE, (id, queue.backlog))
        if row is None or (row[2], row[5]) != (receives, visible):
            raise invalid_value(
                wanted.attempt,
                "ReceiveRequestAttemptId",
                "The receiveRequestAttemptId is not valid anymore since the receive call is not retryable.",
            )
        rows.append(row)
    until = now + wanted.visibility
    tenant.executemany("UPDATE message SET visible = ? WHERE id = ?", [(until, row[0]) for row in rows])
    for group in {row[4] for row in rows}:
        fifo.refresh(tenant, queue, group)
    _store(tenant, queue, wanted, now, at, [(id, receives, until) for id, receives, _ in received])
    return [render(tenant, queue, wanted, row, row[2], at) for row in rows]
