"""Messages in flight: deleting them and changing when they are visible again.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html
"""

from __future__ import annotations

from atoll.core.call import Params
from atoll.core.errors import AwsError
from atoll.services.sqs import fifo
from atoll.services.sqs.errors import invalid_value, missing_parameter, receipt_handle_expired
from atoll.services.sqs.queues import POSITION_BITS, Queue
from atoll.services.sqs.receipt_handles import read_handle
from atoll.tenants import Tenant

MAX_VISIBILITY = 43_200

_FIND = "SELECT visible, receives, group_id FROM message WHERE id = ? AND message_id = ?"
_DELETE = "DELETE FROM message WHERE id = ?"


def delete(tenant: Tenant, queue: Queue, handle: str | None) -> None:
    """Deletes the message that was received with `handle`. One that is gone already is no error."""
    receipt = read_handle(handle, queue)
    id, given, _, message_id = receipt
    row = tenant.row(_FIND, (id, message_id))
    if row is None or id >> POSITION_BITS != queue.backlog:
        return
    visible, receives, group = row
    now = int(tenant.now() * 1000)
    if queue.fifo:
        if receives != given or visible <= now:
            raise receipt_handle_expired(handle or "")
    elif receives != given:
        # AWS: the request succeeds, and the message, received again since, stays.
        return
    tenant.execute(_DELETE, (id,))
    if queue.total is not None:
        queue.total -= 1
    if visible > now and queue.in_flight:
        queue.in_flight -= 1
    if queue.fifo:
        _group_changed(tenant, queue, group, now)


def change_visibility(tenant: Tenant, queue: Queue, entry: Params, *, batch: bool = False) -> None:
    handle = entry.get("ReceiptHandle")
    if not handle:
        raise missing_parameter("ReceiptHandle")
    timeout = entry.get("VisibilityTimeout")
    if timeout is None:
        raise missing_parameter("VisibilityTimeout")
    if not 0 <= timeout <= MAX_VISIBILITY:
        reason = "VisibilityTimeout must be an integer between" if batch else "Must be between"
        raise invalid_value(timeout, "VisibilityTimeout", f"{reason} 0 and {MAX_VISIBILITY}.")
    id, given, received, message_id = read_handle(handle, queue)
    row = tenant.row(_FIND, (id, message_id))
    if row is None or id >> POSITION_BITS != queue.backlog:
        raise _not_available(handle)
    visible, receives, group = row
    now = int(tenant.now() * 1000)
    if queue.fifo:
        if receives != given or visible <= now:
            raise receipt_handle_expired(handle)
    elif visible <= now:
        # The API has an error MessageNotInflight for this; AWS answers, and changes nothing.
        return
    elif receives != given:
        raise _not_available(handle)
    if now + timeout * 1000 > received + MAX_VISIBILITY * 1000:
        raise invalid_value(
            timeout,
            "VisibilityTimeout",
            f"Total VisibilityTimeout for the message is beyond the limit [{MAX_VISIBILITY} seconds]",
        )
    until = now + timeout * 1000
    tenant.execute("UPDATE message SET visible = ? WHERE id = ?", (until, id))
    if queue.in_flight is not None and (until > now) != (visible > now):
        queue.in_flight += 1 if until > now else -1
    if queue.fifo:
        _group_changed(tenant, queue, group, now)
    if until < visible:
        # Whoever waits had looked for it later.
        tenant.wake(queue.wake_key)


def _group_changed(tenant: Tenant, queue: Queue, group: str, now: int) -> None:
    ready = fifo.refresh(tenant, queue, group)
    if ready is not None and ready <= now:
        tenant.wake(queue.wake_key)


def _not_available(handle: str) -> AwsError:
    return invalid_value(
        handle, "ReceiptHandle", "Message does not exist or is not available for visibility timeout change."
    )
