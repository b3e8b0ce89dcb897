"""Receipt handles: opaque to callers, they say which message was received, and which time it was.

Rows' ids come again after a message was deleted, so a handle carries the message's id too. Where a message was
received again since, or its queue is another, the handle is no longer good.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-message-identifiers.html
"""

from __future__ import annotations

import struct
from binascii import Error, a2b_base64, b2a_base64
from typing import NamedTuple

from atoll.services.sqs.errors import missing_parameter, receipt_handle_is_invalid
from atoll.services.sqs.queues import Queue

PREFIX = b"\x01\x01\x01"
"""AWS's handles begin with AQEB too."""

_HANDLE = struct.Struct(">3sIqIq36s")
_pack = _HANDLE.pack


class Receipt(NamedTuple):
    """`row` is the message's, `receives` counts how often it had been received, `received` is when, in ms."""

    row: int
    receives: int
    received: int
    message_id: str


def make_handle(queue: int, row: int, receives: int, received: int, message_id: str) -> str:
    packed = _pack(PREFIX, queue, row, receives, received, message_id.encode())
    return b2a_base64(packed, newline=False).decode()


def read_handle(handle: str | None, queue: Queue) -> Receipt:
    """Raises MissingParameter, or ReceiptHandleIsInvalid where it was not given by this queue."""
    if not handle:
        raise missing_parameter("ReceiptHandle")
    try:
        prefix, of_queue, row, receives, received, message_id = _HANDLE.unpack(a2b_base64(handle, strict_mode=True))
        if prefix == PREFIX and of_queue == queue.id:
            return Receipt(row, receives, received, message_id.decode("ascii"))
    except (Error, struct.error, ValueError):
        raise receipt_handle_is_invalid(handle) from None
    raise receipt_handle_is_invalid(handle)
