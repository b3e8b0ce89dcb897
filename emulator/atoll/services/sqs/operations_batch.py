"""Batch operations: up to ten entries, each of which succeeds or fails for itself.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-batch-api-actions.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from typing import Any

from atoll.core.call import Call, Params
from atoll.core.errors import AwsError
from atoll.core.lagoon import Lagoon
from atoll.services.sqs.attributes import MAXIMUM_MESSAGE_SIZE
from atoll.services.sqs.encryption import is_to_be_asked, use_key
from atoll.services.sqs.errors import invalid_parameter, missing_parameter
from atoll.services.sqs.in_flight import change_visibility, delete
from atoll.services.sqs.messages import prepare, size_of, store
from atoll.services.sqs.queues import find_queue
from atoll.services.sqs.service import sqs
from atoll.tenants import Tenant

MAX_ENTRIES = 10

_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")


def _entries(call: Call, shape: str) -> list[Params]:
    """The batch's entries. Raises what makes the whole batch fail."""
    entries: list[Params] | None = call.params.get("Entries")
    if entries is None:
        raise missing_parameter("Entries")
    if not entries:
        raise AwsError("EmptyBatchRequest", f"There should be at least one {shape} in the request.")
    if len(entries) > MAX_ENTRIES:
        raise AwsError(
            "TooManyEntriesInBatchRequest",
            f"Maximum number of entries per request are {MAX_ENTRIES}. You have sent {len(entries)}.",
        )
    seen: set[str] = set()
    for number, entry in enumerate(entries, 1):
        id = entry.get("Id")
        if id is None:
            raise missing_parameter(f"{shape}.{number}.Id")
        if not _ID.fullmatch(id):
            raise AwsError(
                "InvalidBatchEntryId",
                "A batch entry id can only contain alphanumeric characters, hyphens and underscores. "
                "It can be at most 80 letters long.",
            )
        if id in seen:
            raise AwsError("BatchEntryIdsNotDistinct", f"Id {id} repeated.")
        seen.add(id)
    return entries


def _each(entries: list[Params], run: Callable[[Params], dict[str, Any] | None]) -> Params:
    successful: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    for entry in entries:
        try:
            result = run(entry)
        except AwsError as error:
            failed.append(_failure(entry, error))
        else:
            successful.append({"Id": entry["Id"], **result} if result else {"Id": entry["Id"]})
    return {"Successful": successful, "Failed": failed}


def _failure(entry: Params, error: AwsError) -> dict[str, Any]:
    return {
        "Id": entry["Id"],
        "SenderFault": error.fault == "Sender",
        "Code": error.code,
        "Message": error.message,
    }


@sqs.operation("SendMessageBatch")
def send_message_batch(call: Call, tenant: Tenant) -> Params | Coroutine[Any, Any, Params]:
    queue = find_queue(tenant, call.params)
    if queue.key and is_to_be_asked(tenant, queue):
        return _send_with_key(call, tenant.lagoon)
    return _send_all(tenant, call)


async def _send_with_key(call: Call, lagoon: Lagoon) -> Params:
    await use_key(call, lagoon)
    return await lagoon.transaction(_send_all, call)


def _send_all(tenant: Tenant, call: Call) -> Params:
    queue = find_queue(tenant, call.params)
    entries = _entries(call, "SendMessageBatchRequestEntry")
    size = sum(map(size_of, entries))
    if size > MAXIMUM_MESSAGE_SIZE:
        raise AwsError(
            "BatchRequestTooLong",
            f"Batch requests cannot be longer than {MAXIMUM_MESSAGE_SIZE} bytes. You have sent {size} bytes.",
        )
    plain: list[Any] = []

    def send_entry(entry: Params) -> dict[str, Any]:
        if not entry.get("MessageBody"):
            raise missing_parameter(f"SendMessageBatchRequestEntry.{entries.index(entry) + 1}.MessageBody")
        return prepare(tenant, queue, entry, call.caller, plain)

    if not queue.fifo:
        answer = _each(entries, send_entry)
        if plain:
            store(tenant, queue, plain)
        return answer
    # A FIFO queue takes all of a batch or nothing, since the order would be broken by what is missing.
    try:
        return {"Successful": [{"Id": entry["Id"], **send_entry(entry)} for entry in entries], "Failed": []}
    except AwsError as error:
        raise invalid_parameter(error.message) if error.code == "MissingParameter" else error from None


@sqs.operation("DeleteMessageBatch")
def delete_message_batch(call: Call, tenant: Tenant) -> Params:
    queue = find_queue(tenant, call.params)
    entries = _entries(call, "DeleteMessageBatchRequestEntry")
    return _each(entries, lambda entry: delete(tenant, queue, entry.get("ReceiptHandle")))


@sqs.operation("ChangeMessageVisibilityBatch")
def change_message_visibility_batch(call: Call, tenant: Tenant) -> Params:
    queue = find_queue(tenant, call.params)
    entries = _entries(call, "ChangeMessageVisibilityBatchRequestEntry")
    return _each(entries, lambda entry: change_visibility(tenant, queue, entry, batch=True))
