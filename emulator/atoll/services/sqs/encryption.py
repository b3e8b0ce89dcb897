"""Queues with a KMS key: who sends or receives has to be able to use it. Messages themselves are kept as they are.

What other services deliver, and what is moved between queues, asks nobody. KMS is asked again when the data key that it
gave may no longer be used, so what becomes of the key shows by then.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-server-side-encryption.html
"""

from __future__ import annotations

from atoll.core.arn import kms_key_arn, render_arn
from atoll.core.call import Call
from atoll.core.data_keys import ask_for_data_key
from atoll.core.lagoon import Lagoon
from atoll.services.sqs.queues import Queue, find_queue
from atoll.tenants import Tenant

_ERRORS = {
    "AccessDeniedException": "KmsAccessDenied",
    "DisabledException": "KmsDisabled",
    "InvalidKeyUsageException": "KmsInvalidKeyUsage",
    "KMSInvalidStateException": "KmsInvalidState",
    "NotFoundException": "KmsNotFound",
}
"""What KMS says, and what a sender or receiver is told."""


def is_to_be_asked(tenant: Tenant, queue: Queue) -> bool:
    """Whether KMS has to be asked before the queue is used."""
    return bool(queue.key) and queue.key_until <= tenant.now()


async def use_key(call: Call, lagoon: Lagoon) -> None:
    """Asks KMS for a data key, as the caller. Raises one of the model's KMS exceptions, QueueDoesNotExist."""
    key, arn = await lagoon.transaction(_key, call)
    if not key:
        return
    await ask_for_data_key(call, lagoon, key, {"aws:sqs:arn": arn}, _ERRORS)
    await lagoon.transaction(_note, call)


def _key(tenant: Tenant, call: Call) -> tuple[str, str]:
    """The ARNs of the queue's key, empty where it has none any more, and of the queue."""
    queue = find_queue(tenant, call.params)
    return kms_key_arn(queue.key, tenant.id), render_arn("sqs", tenant.id, queue.name)


def _note(tenant: Tenant, call: Call) -> None:
    queue = find_queue(tenant, call.params)
    queue.key_until = tenant.now() + queue.key_reuse
