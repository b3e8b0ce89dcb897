"""Operations on a queue's tags."""

from __future__ import annotations

import orjson

from atoll.core.call import Call, Params
from atoll.services.sqs.errors import invalid_parameter, missing_parameter
from atoll.services.sqs.operations_queues import record
from atoll.services.sqs.queues import Queue, find_queue, forget_queue
from atoll.services.sqs.service import sqs
from atoll.services.sqs.tags import check_tags
from atoll.tenants import Tenant


@sqs.operation("TagQueue")
def tag_queue(call: Call, tenant: Tenant) -> Params:
    queue = find_queue(tenant, call.params)
    tags: dict[str, str] = call.get("Tags") or {}
    if not tags:
        raise missing_parameter("Tags")
    check_tags(queue.name, queue.tags, tags)
    _store(tenant, queue, {**queue.tags, **tags})
    return {}


@sqs.operation("UntagQueue")
def untag_queue(call: Call, tenant: Tenant) -> Params:
    queue = find_queue(tenant, call.params)
    keys: list[str] = call.get("TagKeys") or []
    if not keys:
        raise invalid_parameter("Tag keys must be between 1 and 128 characters in length.")
    _store(tenant, queue, {key: value for key, value in queue.tags.items() if key not in keys})
    return {}


@sqs.operation("ListQueueTags", readonly=True)
def list_queue_tags(call: Call, tenant: Tenant) -> Params:
    queue = find_queue(tenant, call.params)
    return {"Tags": queue.tags} if queue.tags else {}


def _store(tenant: Tenant, queue: Queue, tags: dict[str, str]) -> None:
    tenant.execute("UPDATE queue SET tags = ? WHERE id = ?", (orjson.dumps(tags).decode(), queue.id))
    record(tenant, queue.name, tags)
    forget_queue(tenant, queue.name)
