"""Operations on queues: creating, finding, listing, configuring, purging, deleting them."""

from __future__ import annotations

from typing import Any

import orjson

from atoll.core.call import Call, Params
from atoll.core.errors import AwsError
from atoll.core.page_tokens import Listing
from atoll.services.sqs.attributes import (
    COUNTS,
    POLICIES,
    READABLE,
    Attributes,
    check_attributes,
    effective,
    merged,
)
from atoll.services.sqs.counts import count_messages
from atoll.services.sqs.errors import (
    invalid_attribute_value,
    invalid_parameter,
    missing_parameter,
    queue_does_not_exist,
    unknown_attribute,
)
from atoll.services.sqs.queues import (
    Queue,
    arn_of,
    check_name,
    find_queue,
    forget_queue,
    now_ms,
    queue_named,
)
from atoll.services.sqs.redrive import check_target, parse_redrive_policy
from atoll.services.sqs.retention import leave_behind, look_again
from atoll.services.sqs.service import sqs
from atoll.services.sqs.settings import configured
from atoll.services.sqs.tags import check_tags
from atoll.services.sqs.urls import render_queue_url, style_for
from atoll.tenants import Tenant

RECENTLY = 60_000
"""Milliseconds in which a name or a purge is not taken again, where that is configured."""

MAX_LISTED = 1000

_INSERT = (
    "INSERT INTO queue (name, backlog, created, modified, attributes, tags, dead_letter) VALUES (?, ?, ?, ?, ?, ?, ?)"
)


def url_of(call: Call, tenant: Tenant, name: str) -> str:
    settings = configured()
    style = style_for(settings.queue_url_style, settings.public_host, call.origin)
    return render_queue_url(style, settings.public_host, call.origin, tenant.id, name)


@sqs.operation("CreateQueue")
def create_queue(call: Call, tenant: Tenant) -> Params:
    name: str | None = call.get("QueueName")
    if not name:
        raise missing_parameter("QueueName")
    given: Attributes = call.get("Attributes") or {}
    tags: dict[str, str] = call.get("tags") or {}
    fifo = given.get("FifoQueue") == "true"
    check_name(name, fifo=fifo)
    check_attributes(given, fifo=fifo)
    check_tags(name, {}, tags)
    queue = queue_named(tenant, name)
    if queue is not None:
        _check_same(queue, given, tags if "tags" in call.params else None)
        return {"QueueUrl": url_of(call, tenant, name)}
    _check_not_recently_deleted(tenant, name)
    attributes = merged({}, given)
    dead_letter = _dead_letter(tenant, name, attributes)
    tenant.execute("INSERT INTO backlog DEFAULT VALUES")
    backlog = tenant.last_row_id
    now = int(tenant.now())
    tenant.execute(_INSERT, (name, backlog, now, now, _dump(attributes), _dump(tags), dead_letter))
    tenant.execute("UPDATE backlog SET queue = ? WHERE id = ?", (tenant.last_row_id, backlog))
    record(tenant, name, tags)
    return {"QueueUrl": url_of(call, tenant, name)}


def _check_same(queue: Queue, given: Attributes, tags: dict[str, str] | None) -> None:
    """A queue that is there is as good as a new one when it is what was asked for."""
    shown = effective(queue.attributes, fifo=queue.fifo)
    wanted = merged({}, given)
    for name in given:
        value = wanted.get(name, "")
        if not _same(name, shown.get(name, ""), value):
            raise AwsError(
                "QueueNameExists",
                f"A queue already exists with the same name and a different value for attribute {name}",
            )
    if tags is not None and tags != queue.tags:
        raise AwsError("QueueNameExists", "A queue already exists with the same name and different tags")


def _same(name: str, old: str, new: str) -> bool:
    """Policies that say the same may be spelled differently."""
    if name in POLICIES and old and new:
        return bool(orjson.loads(old) == orjson.loads(new))
    return old == new


def _check_not_recently_deleted(tenant: Tenant, name: str) -> None:
    if not configured().delay_recently_deleted:
        return
    row = tenant.row("SELECT at FROM deleted_queue WHERE name = ?", (name,))
    if row is not None and now_ms(tenant) < row[0] + RECENTLY:
        raise AwsError(
            "QueueDeletedRecently",
            "You must wait 60 seconds after deleting a queue before you can create another with the same name.",
        )


def _dead_letter(tenant: Tenant, name: str, attributes: Attributes) -> str | None:
    """The name of the dead-letter queue, which has to be there and to allow it."""
    text = attributes.get("RedrivePolicy")
    if not text:
        return None
    policy = parse_redrive_policy(text)
    target = queue_named(tenant, policy.target.resource)
    check_target(text, policy, tenant.id, name, None if target is None else target.attributes)
    return policy.target.resource


def record(tenant: Tenant, name: str, tags: dict[str, str]) -> None:
    tenant.record("sqs", "queue", name, f"arn:{{partition}}:sqs:{{region}}:{{account}}:{name}", tags)


def _dump(value: dict[str, str]) -> str:
    return orjson.dumps(value).decode()


@sqs.operation("DeleteQueue")
def delete_queue(call: Call, tenant: Tenant) -> Params:
    queue = find_queue(tenant, call.params)
    now = now_ms(tenant)
    tenant.execute("DELETE FROM queue WHERE id = ?", (queue.id,))
    tenant.execute("DELETE FROM move_task WHERE source = ?", (queue.id,))
    tenant.set_timer("sqs", "expire", str(queue.id), None)
    leave_behind(tenant, queue.backlog)
    tenant.execute("DELETE FROM deleted_queue WHERE at <= ?", (now - RECENTLY,))
    tenant.execute("INSERT OR REPLACE INTO deleted_queue VALUES (?, ?)", (queue.name, now))
    tenant.unrecord("sqs", "queue", queue.name)
    forget_queue(tenant, queue.name)
    tenant.wake(queue.wake_key)
    return {}


@sqs.operation("PurgeQueue")
def purge_queue(call: Call, tenant: Tenant) -> Params:
    queue = find_queue(tenant, call.params)
    now = int(tenant.now())
    if configured().delay_purge_retry and queue.purged is not None and now < queue.purged + RECENTLY // 1000:
        raise AwsError(
            "PurgeQueueInProgress",
            f"Only one PurgeQueue operation on {queue.name} is allowed every 60 seconds.",
        )
    leave_behind(tenant, queue.backlog)
    tenant.execute("INSERT INTO backlog (queue) VALUES (?)", (queue.id,))
    tenant.execute("UPDATE queue SET backlog = ?, purged = ? WHERE id = ?", (tenant.last_row_id, now, queue.id))
    forget_queue(tenant, queue.name)
    return {}


@sqs.operation("GetQueueUrl", readonly=True)
def get_queue_url(call: Call, tenant: Tenant) -> Params:
    name: str | None = call.get("QueueName")
    if name is None:
        raise missing_parameter("QueueName")
    if not name:
        raise invalid_parameter("Value for parameter QueueName is invalid. Reason: Must specify a queue name.")
    owner = call.get("QueueOwnerAWSAccountId")
    if owner not in (None, tenant.id.account) or queue_named(tenant, name) is None:
        raise queue_does_not_exist()
    return {"QueueUrl": url_of(call, tenant, name)}


@sqs.operation("GetQueueAttributes", readonly=True)
def get_queue_attributes(call: Call, tenant: Tenant) -> Params:
    queue = find_queue(tenant, call.params)
    names: list[str] = call.get("AttributeNames") or []
    for name in names:
        if name not in READABLE:
            raise unknown_attribute(name)
    if not names:
        return {}
    every = "All" in names
    shown = effective(queue.attributes, fifo=queue.fifo)
    shown["QueueArn"] = arn_of(tenant, queue.name)
    shown["CreatedTimestamp"] = str(queue.created)
    shown["LastModifiedTimestamp"] = str(queue.modified)
    if every or not set(COUNTS).isdisjoint(names):
        shown.update(zip(COUNTS, map(str, count_messages(tenant, queue)), strict=True))
    chosen = {name: value for name, value in shown.items() if value and (every or name in names)}
    return {"Attributes": chosen} if chosen else {}


@sqs.operation("SetQueueAttributes")
def set_queue_attributes(call: Call, tenant: Tenant) -> Params:
    queue = find_queue(tenant, call.params)
    given: Attributes = call.get("Attributes") or {}
    if not given:
        raise missing_parameter("Attribute.Name")
    check_attributes(given, fifo=queue.fifo)
    if given.get("FifoQueue", "true") != "true":
        raise invalid_attribute_value("FifoQueue", "Modifying queue type is not supported.")
    store_attributes(tenant, queue, merged(queue.attributes, given))
    if "MessageRetentionPeriod" in given:
        look_again(tenant, queue)
    return {}


def store_attributes(tenant: Tenant, queue: Queue, attributes: Attributes) -> None:
    """Writes a queue's attributes, checked one by one before."""
    changed = attributes.get("RedrivePolicy") != queue.attributes.get("RedrivePolicy")
    dead_letter = _dead_letter(tenant, queue.name, attributes) if changed else queue.dead_letter or None
    tenant.execute(
        "UPDATE queue SET attributes = ?, dead_letter = ?, modified = ? WHERE id = ?",
        (_dump(attributes), dead_letter, int(tenant.now()), queue.id),
    )
    forget_queue(tenant, queue.name)


@sqs.operation("ListQueues", readonly=True)
def list_queues(call: Call, tenant: Tenant) -> Params:
    prefix: str = call.get("QueueNamePrefix") or ""
    listing = Listing(call.operation, tenant.id, prefix)
    after, limit = _page(call, listing)
    rows = tenant.rows(
        "SELECT name FROM queue WHERE name > ? AND name >= ? AND name < ? ORDER BY name LIMIT ?",
        (after, prefix, prefix + "\U0010ffff", limit + 1),
    )
    listed = _listed(call, tenant, listing, [name for (name,) in rows], limit)
    return listed if "QueueUrls" in listed else {}


@sqs.operation("ListDeadLetterSourceQueues", readonly=True)
def list_dead_letter_source_queues(call: Call, tenant: Tenant) -> Params:
    queue = find_queue(tenant, call.params)
    listing = Listing(call.operation, tenant.id, queue.name)
    after, limit = _page(call, listing)
    rows = tenant.rows(
        "SELECT name FROM queue WHERE dead_letter = ? AND name > ? ORDER BY name LIMIT ?",
        (queue.name, after, limit + 1),
    )
    listed = _listed(call, tenant, listing, [name for (name,) in rows], limit)
    return {"queueUrls": listed.pop("QueueUrls", []), **listed}


def _page(call: Call, listing: Listing) -> tuple[str, int]:
    """After which name to go on, and how many are asked for."""
    limit: int | None = call.get("MaxResults")
    if limit is not None and not 1 <= limit <= MAX_LISTED:
        raise invalid_parameter(
            "Value for parameter MaxResults is invalid. "
            f"Reason: MaxResults must be an integer between 1 and {MAX_LISTED}."
        )
    token: str | None = call.get("NextToken")
    if not token:
        return "", limit or MAX_LISTED
    if limit is None:
        raise invalid_parameter("MaxResults is a mandatory parameter when you provide a value for NextToken.")
    name = listing.place(token)
    if name is None:
        raise invalid_parameter("Invalid or expired next token.")
    return name, limit


def _listed(call: Call, tenant: Tenant, listing: Listing, names: list[str], limit: int) -> dict[str, Any]:
    """A page of queue URLs, given one name more than it holds where there are more. AWS gives a token only to who set
    MaxResults."""
    page = names[:limit]
    result: dict[str, Any] = {}
    if page:
        result["QueueUrls"] = [url_of(call, tenant, name) for name in page]
    if len(names) > limit and call.get("MaxResults") is not None:
        result["NextToken"] = listing.token(page[-1])
    return result
