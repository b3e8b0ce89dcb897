"""Amazon SQS: all operations, free of the protocol that they came by.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/Welcome.html
"""

from __future__ import annotations

from atoll.core.service import Service


def load() -> Service:
    """The service with its operations registered."""
    from atoll.services.sqs import (
        operations_batch,
        operations_messages,
        operations_move_tasks,
        operations_peek,
        operations_permissions,
        operations_queues,
        operations_tags,
        timers,
    )
    from atoll.services.sqs.service import sqs

    for module in (
        operations_queues,
        operations_messages,
        operations_batch,
        operations_permissions,
        operations_tags,
        operations_move_tasks,
        operations_peek,
        timers,
    ):
        assert module.sqs is sqs
    return sqs
