"""AddPermission and RemovePermission: statements of the queue's policy, by label."""

from __future__ import annotations

from atoll.core.call import Call, Params
from atoll.services.sqs.operations_queues import store_attributes
from atoll.services.sqs.policies import with_permission, without_permission
from atoll.services.sqs.queues import find_queue
from atoll.services.sqs.service import sqs
from atoll.tenants import Tenant


@sqs.operation("AddPermission")
def add_permission(call: Call, tenant: Tenant) -> Params:
    queue = find_queue(tenant, call.params)
    policy = with_permission(
        queue.attributes.get("Policy", ""),
        tenant.id,
        queue.name,
        call.get("Label") or "",
        call.get("AWSAccountIds") or [],
        call.get("Actions") or [],
    )
    store_attributes(tenant, queue, {**queue.attributes, "Policy": policy})
    return {}


@sqs.operation("RemovePermission")
def remove_permission(call: Call, tenant: Tenant) -> Params:
    queue = find_queue(tenant, call.params)
    policy = without_permission(queue.attributes.get("Policy", ""), call.get("Label") or "")
    attributes = {**queue.attributes, "Policy": policy}
    if not policy:
        del attributes["Policy"]
    store_attributes(tenant, queue, attributes)
    return {}
