"""The service object that the operations register with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from atoll.core.service import LONGEST_BODY, Schema, Service
from atoll.services.sqs.access import ACCESS
from atoll.services.sqs.errors import invalid_action, unknown_operation
from atoll.services.sqs.urls import parse_queue_url

WITHOUT_MESSAGES = 512 * 1024
"""Bytes of a body: fifty tags, of whose characters each may take twelve bytes of a form, and a policy beside them."""
NOT_OF_QUEUES = frozenset(("CreateQueue", "ListQueues"))


def complete(request: Any, operation: str, params: dict[str, Any]) -> None:
    """A call posted to a queue's own URL need not name the queue again. Raises InvalidAction where it is none that a
    queue knows."""
    if len(request.path) > 1:
        url = f"{request.scheme}://{request.headers.get('host', 'localhost')}{request.path}"
        if parse_queue_url(url) is not None:
            if operation in NOT_OF_QUEUES:
                raise invalid_action(operation)
            params.setdefault("QueueUrl", url)


sqs = Service(
    "sqs",
    access=ACCESS,
    schema=Schema(
        1,
        Path(__file__).with_name("schema.sql").read_text(),
        arns=(("queue", "attributes"),),
    ),
    model_constraints=False,
    complete=complete,
    unnamed=unknown_operation,
    longest_body=WITHOUT_MESSAGES,
    # 1 MiB of messages may take 3 MiB of a form.
    longest_bodies={"SendMessage": LONGEST_BODY, "SendMessageBatch": LONGEST_BODY},
)
