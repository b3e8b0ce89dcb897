"""Operations on messages: sending, receiving, deleting, changing visibility."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from atoll.core.arn import parse_arn
from atoll.core.call import Call, Params
from atoll.core.lagoon import Lagoon
from atoll.services.sqs.attempts import take_once
from atoll.services.sqs.encryption import is_to_be_asked, use_key
from atoll.services.sqs.errors import queue_does_not_exist
from atoll.services.sqs.in_flight import change_visibility, delete
from atoll.services.sqs.messages import send, send_each
from atoll.services.sqs.queues import find_queue, queue_named
from atoll.services.sqs.receiving import Wanted, next_visible, take
from atoll.services.sqs.service import sqs
from atoll.tenants import Tenant


@sqs.operation("SendMessage")
def send_message(call: Call, tenant: Tenant) -> Params | Coroutine[Any, Any, Params]:
    params = call.params
    queue = find_queue(tenant, params)
    if queue.key and is_to_be_asked(tenant, queue):
        return _send_with_key(call, tenant.lagoon)
    return send(tenant, queue, params, call.caller)


async def _send_with_key(call: Call, lagoon: Lagoon) -> Params:
    await use_key(call, lagoon)
    return await lagoon.transaction(_send, call)


def _send(tenant: Tenant, call: Call) -> Params:
    return send(tenant, find_queue(tenant, call.params), call.params, call.caller)


@sqs.operation("Deliver", internal=True)
def deliver(call: Call, tenant: Tenant) -> Params:
    """What another service sends: SendMessage to the queue with the ARN `QueueArn`. A body of which only the middle is
    this queue's own may come in three parts, so that the others are stored once for many."""
    params = call.params
    if "BodyStart" in params:
        params["MessageBody"] = params.pop("BodyStart") + params.pop("BodyMiddle", "") + params.pop("BodyEnd")
    arn = parse_arn(params["QueueArn"])
    queue = None if arn is None else queue_named(tenant, arn.resource)
    if queue is None:
        raise queue_does_not_exist()
    return send(tenant, queue, params, call.caller)


@sqs.operation("DeliverEach", internal=True)
def deliver_each(call: Call, tenant: Tenant) -> Params:
    """As many times Deliver, to queues of this tenant. What queues refuse is named by its place among `Entries`, and
    undoes nothing of the others."""
    return {"Refused": send_each(tenant, call.params["Entries"], call.caller)}


class _Look:
    """When a waiting call looks again, in seconds since the epoch."""

    __slots__ = ("next",)

    def __init__(self) -> None:
        self.next: float | None = None


@sqs.operation("ReceiveMessage")
def receive_message(call: Call, tenant: Tenant) -> Params | Coroutine[Any, Any, Params]:
    params = call.params
    queue = find_queue(tenant, params)
    wanted = Wanted(params, queue)
    if queue.key and is_to_be_asked(tenant, queue):
        return _receive_with_key(call, tenant.lagoon, queue.wake_key, wanted.wait)
    messages = take(tenant, queue, wanted) if wanted.attempt is None else take_once(tenant, queue, wanted)
    if messages:
        return {"Messages": messages}
    if not wanted.wait:
        return {}
    return _wait_for_messages(call, tenant.lagoon, queue.wake_key, tenant.now() + wanted.wait)


async def _receive_with_key(call: Call, lagoon: Lagoon, key: tuple[str, int], wait: int) -> Params:
    await use_key(call, lagoon)
    look = _Look()
    messages = await lagoon.transaction(_take_or_look, call, look)
    if messages:
        return {"Messages": messages}
    return await _wait_for_messages(call, lagoon, key, lagoon.now() + wait) if wait else {}


async def _wait_for_messages(call: Call, lagoon: Lagoon, key: tuple[str, int], deadline: float) -> Params:
    look = _Look()
    messages: list[dict[str, Any]] = []
    try:
        async for _ in lagoon.until(deadline, key, next_look=lambda: look.next):
            messages = await lagoon.transaction(_take_or_look, call, look)
            if messages:
                return {"Messages": messages}
    finally:
        if not messages and look.next is not None:
            # Perhaps only this call knows when the next message becomes visible.
            await lagoon.transaction(_wake_next, key)
    return {}


def _take_or_look(tenant: Tenant, call: Call, look: _Look) -> list[dict[str, Any]]:
    queue = find_queue(tenant, call.params)
    wanted = Wanted(call.params, queue)
    messages = take_once(tenant, queue, wanted)
    if not messages:
        look.next = next_visible(tenant, queue)
    else:
        # Another that waits has to look: there may be more, and what was taken comes back when it is visible again.
        tenant.wake(queue.wake_key)
    return messages


def _wake_next(tenant: Tenant, key: tuple[str, int]) -> None:
    tenant.wake(key)


@sqs.operation("DeleteMessage")
def delete_message(call: Call, tenant: Tenant) -> Params:
    params = call.params
    delete(tenant, find_queue(tenant, params), params.get("ReceiptHandle"))
    return {}


@sqs.operation("ChangeMessageVisibility")
def change_message_visibility(call: Call, tenant: Tenant) -> Params:
    change_visibility(tenant, find_queue(tenant, call.params), call.params)
    return {}
