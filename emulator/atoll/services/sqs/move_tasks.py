"""Message move tasks: redriving a dead-letter queue's messages, a chunk at a time, at the rate that was asked for.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html
"""

from __future__ import annotations

from binascii import Error, a2b_base64, b2a_base64
from typing import Any, NamedTuple

import orjson

from atoll.core.access import Place
from atoll.core.arn import Arn, parse_arn
from atoll.services.sqs.dead_letters import move_back
from atoll.services.sqs.errors import invalid_parameter, missing_parameter, resource_not_found
from atoll.services.sqs.queues import Queue, arn_of, now_ms, queue_named, queue_with_id
from atoll.tenants import Tenant

CHUNK = 250
"""How many messages are moved in one transaction at most."""

SHORTEST_STEP = 100
"""Milliseconds between two steps of a task with a rate."""

MAX_RATE = 500
KEPT = 10
"""How many tasks of a queue are remembered."""

RUNNING, COMPLETED, CANCELLED, FAILED = "RUNNING", "COMPLETED", "CANCELLED", "FAILED"

_COLUMNS = "id, source, destination, rate, status, started, to_move, moved, failure"
_MESSAGES = "SELECT id, group_id, source FROM message WHERE backlog = ? AND visible <= ? ORDER BY visible LIMIT ?"


class MoveTask(NamedTuple):
    """`source` is a queue's id, `destination` a queue's name or None, `rate` in messages a second, `started` in ms."""

    id: str
    source: int
    destination: str | None
    rate: int | None
    status: str
    started: int
    to_move: int
    moved: int
    failure: str | None


def make_task_handle(task_id: str, source_arn: str) -> str:
    return b2a_base64(orjson.dumps({"taskId": task_id, "sourceArn": source_arn}), newline=False).decode()


def read_task_handle(handle: str) -> tuple[str, Arn] | None:
    """The task's id and its source queue's ARN, or None when `handle` is none."""
    try:
        content = orjson.loads(a2b_base64(handle, strict_mode=True))
    except (Error, ValueError):
        return None
    if not isinstance(content, dict):
        return None
    task_id, source = content.get("taskId"), content.get("sourceArn")
    arn = parse_arn(source) if isinstance(source, str) else None
    return None if arn is None or not isinstance(task_id, str) else (task_id, arn)


def place_of_task(handle: str) -> Place | None:
    """Whose queue a task handle is about."""
    content = read_task_handle(handle)
    return None if content is None else (content[1].account, content[1].region)


def check_arn(value: str | None, name: str) -> Arn:
    if value is None:
        raise missing_parameter(name)
    arn = parse_arn(value)
    if arn is None:
        raise invalid_parameter(
            f"You must use this format to specify the {name}: "
            "arn:<partition>:<service>:<region>:<account-id>:<resource-id>"
        )
    return arn


def queue_of(tenant: Tenant, arn: Arn, name: str) -> Queue:
    """The tenant's queue with that ARN. Raises ResourceNotFoundException."""
    here = arn.service == "sqs" and arn.account == tenant.id.account and arn.region == tenant.id.region
    queue = queue_named(tenant, arn.resource) if here else None
    if queue is None:
        raise resource_not_found(f"The resource that you specified for the {name} parameter doesn't exist.")
    return queue


def is_dead_letter_queue(tenant: Tenant, queue: Queue) -> bool:
    return tenant.row("SELECT 1 FROM queue WHERE dead_letter = ? LIMIT 1", (queue.name,)) is not None


def start(tenant: Tenant, task: MoveTask) -> None:
    tenant.execute(
        f"INSERT INTO move_task ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        task,
    )
    tenant.execute(
        "DELETE FROM move_task WHERE source = ? AND number NOT IN"
        " (SELECT number FROM move_task WHERE source = ? ORDER BY number DESC LIMIT ?)",
        (task.source, task.source, KEPT),
    )
    _continue(tenant, task)


def find_task(tenant: Tenant, task_id: str) -> MoveTask | None:
    row = tenant.row(f"SELECT {_COLUMNS} FROM move_task WHERE id = ?", (task_id,))
    return None if row is None else MoveTask._make(row)


def tasks_of(tenant: Tenant, queue: Queue, limit: int) -> list[MoveTask]:
    """The latest tasks, the last one first."""
    rows = tenant.rows(
        f"SELECT {_COLUMNS} FROM move_task WHERE source = ? ORDER BY number DESC LIMIT ?", (queue.id, limit)
    )
    return [MoveTask._make(row) for row in rows]


def render(tenant: Tenant, queue: Queue, task: MoveTask) -> dict[str, Any]:
    """A task as ListMessageMoveTasks shows it."""
    source_arn = arn_of(tenant, queue.name)
    return {
        "TaskHandle": make_task_handle(task.id, source_arn) if task.status == RUNNING else None,
        "Status": task.status,
        "SourceArn": source_arn,
        "DestinationArn": None if task.destination is None else arn_of(tenant, task.destination),
        "MaxNumberOfMessagesPerSecond": task.rate,
        "ApproximateNumberOfMessagesMoved": task.moved,
        "ApproximateNumberOfMessagesToMove": task.to_move,
        "FailureReason": task.failure,
        "StartedTimestamp": task.started,
    }


def finish(tenant: Tenant, task: MoveTask, status: str, moved: int, failure: str | None = None) -> None:
    tenant.execute(
        "UPDATE move_task SET status = ?, moved = ?, failure = ? WHERE id = ?", (status, moved, failure, task.id)
    )
    tenant.set_timer("sqs", "move", task.id, None)


def _continue(tenant: Tenant, task: MoveTask) -> None:
    due = tenant.now()
    if task.rate is not None:
        due += max(SHORTEST_STEP, 1000 / task.rate) / 1000
    tenant.set_timer("sqs", "move", task.id, due)


def move(tenant: Tenant, task_id: str) -> None:
    """The timer of a task: one step of it."""
    task = find_task(tenant, task_id)
    if task is None or task.status != RUNNING:
        return
    queue = queue_with_id(tenant, task.source)
    if queue is None:
        return
    now = now_ms(tenant)
    step = min(CHUNK, task.to_move - task.moved)
    if task.rate is not None:
        step = min(step, (now - task.started) * task.rate // 1000 - task.moved)
    moved = task.moved
    rows = tenant.rows(_MESSAGES, (queue.backlog, now, max(step, 0)))
    for row, group, source in rows:
        name = source if task.destination is None else task.destination
        target = None if name is None else queue_named(tenant, name)
        if target is None:
            reason = "CouldNotDetermineMessageSource" if name is None else "AWS.SimpleQueueService.NonExistentQueue"
            finish(tenant, task, FAILED, moved, reason)
            return
        move_back(tenant, queue, target, row, group)
        moved += 1
    if moved >= task.to_move or len(rows) < step:
        finish(tenant, task, COMPLETED, moved)
    else:
        tenant.execute("UPDATE move_task SET moved = ? WHERE id = ?", (moved, task.id))
        _continue(tenant, task)
