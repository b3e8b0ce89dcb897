"""Operations on message move tasks."""

from __future__ import annotations

from atoll.core.call import Call, Params
from atoll.core.errors import AwsError
from atoll.core.ids import uuid4
from atoll.services.sqs.counts import count_messages
from atoll.services.sqs.errors import invalid_parameter, missing_parameter, resource_not_found
from atoll.services.sqs.move_tasks import (
    CANCELLED,
    KEPT,
    MAX_RATE,
    RUNNING,
    MoveTask,
    check_arn,
    find_task,
    finish,
    is_dead_letter_queue,
    make_task_handle,
    queue_of,
    read_task_handle,
    render,
    start,
    tasks_of,
)
from atoll.services.sqs.queues import arn_of, now_ms
from atoll.services.sqs.service import sqs
from atoll.tenants import Tenant


@sqs.operation("StartMessageMoveTask")
def start_message_move_task(call: Call, tenant: Tenant) -> Params:
    source_arn = check_arn(call.get("SourceArn"), "SourceArn")
    given = call.get("DestinationArn")
    destination_arn = None if given is None else check_arn(given, "DestinationArn")
    rate: int | None = call.get("MaxNumberOfMessagesPerSecond")
    if rate is not None and not 1 <= rate <= MAX_RATE:
        raise invalid_parameter(
            "Value for parameter MaxNumberOfMessagesPerSecond is invalid. "
            f"Reason: You must enter a number that's between 1 and {MAX_RATE}."
        )
    if destination_arn == source_arn:
        raise invalid_parameter("Source queue arn and destination queue arn cannot be the same.")
    source = queue_of(tenant, source_arn, "SourceArn")
    destination = None if destination_arn is None else queue_of(tenant, destination_arn, "DestinationArn")
    if not is_dead_letter_queue(tenant, source):
        raise invalid_parameter("Source queue must be configured as a Dead Letter Queue.")
    if destination is not None and destination.fifo != source.fifo:
        raise invalid_parameter("The source queue and destination queue must be of the same queue type.")
    if any(task.status == RUNNING for task in tasks_of(tenant, source, 1)):
        raise invalid_parameter(
            "There is already a task running. Only one active task is allowed for a source queue arn at a given time."
        )
    visible = count_messages(tenant, source).visible
    name = None if destination is None else destination.name
    task = MoveTask(uuid4(), source.id, name, rate, RUNNING, now_ms(tenant), visible, 0, None)
    start(tenant, task)
    return {"TaskHandle": make_task_handle(task.id, arn_of(tenant, source.name))}


@sqs.operation("CancelMessageMoveTask")
def cancel_message_move_task(call: Call, tenant: Tenant) -> Params:
    handle: str | None = call.get("TaskHandle")
    if not handle:
        raise missing_parameter("TaskHandle")
    content = read_task_handle(handle)
    if content is None:
        raise invalid_parameter("Value for parameter TaskHandle is invalid.")
    task_id, source_arn = content
    source = queue_of(tenant, source_arn, "SourceArn")
    task = find_task(tenant, task_id)
    if task is None or task.source != source.id:
        raise resource_not_found("Task does not exist.")
    if task.status != RUNNING:
        raise AwsError("UnsupportedOperation", "Only active tasks can be cancelled.")
    finish(tenant, task, CANCELLED, task.moved)
    return {"ApproximateNumberOfMessagesMoved": task.moved}


@sqs.operation("ListMessageMoveTasks", readonly=True)
def list_message_move_tasks(call: Call, tenant: Tenant) -> Params:
    source_arn = check_arn(call.get("SourceArn"), "SourceArn")
    limit: int | None = call.get("MaxResults")
    if limit is not None and not 1 <= limit <= KEPT:
        raise invalid_parameter(
            f"Value for parameter MaxResults is invalid. Reason: MaxResults must be an integer between 1 and {KEPT}."
        )
    source = queue_of(tenant, source_arn, "SourceArn")
    tasks = tasks_of(tenant, source, limit or 1)
    return {"Results": [render(tenant, source, task) for task in tasks]} if tasks else {}
