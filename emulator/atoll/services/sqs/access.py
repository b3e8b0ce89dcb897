"""SQS's access table: the queue's URL, or its ARN, says whose queue is meant.

What AWS lets cross accounts:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-limitations-of-custom-policies.html
Nothing of SQS crosses regions on AWS.
"""

from __future__ import annotations

from atoll.core.access import Access, ByAccount, ByArn, ById, ByUrl, Crossing, First, Here
from atoll.services.sqs.move_tasks import place_of_task
from atoll.services.sqs.urls import place_of_url

BY_URL = ByUrl("QueueUrl", place_of_url)
SHARED = Access(BY_URL, aws=Crossing.ACCOUNT)
OWN = Access(BY_URL)

ACCESS = {
    "AddPermission": OWN,
    "CancelMessageMoveTask": Access(ByUrl("TaskHandle", place_of_task)),
    "ChangeMessageVisibility": SHARED,
    "ChangeMessageVisibilityBatch": SHARED,
    "CreateQueue": Access(Here()),
    "DeleteMessage": SHARED,
    "DeleteMessageBatch": SHARED,
    "DeleteQueue": OWN,
    "GetQueueAttributes": SHARED,
    # Who names the owner means its queue, in whichever region that is; who does not means one of its own tenant.
    "GetQueueUrl": Access(
        First(ById("queue", "QueueName", account="QueueOwnerAWSAccountId"), ByAccount("QueueOwnerAWSAccountId")),
        aws=Crossing.ACCOUNT,
    ),
    "ListDeadLetterSourceQueues": SHARED,
    "ListMessageMoveTasks": Access(ByArn("SourceArn")),
    "ListQueues": Access(Here()),
    "ListQueueTags": OWN,
    "PurgeQueue": SHARED,
    "ReceiveMessage": SHARED,
    "RemovePermission": OWN,
    "SendMessage": SHARED,
    "SendMessageBatch": SHARED,
    "SetQueueAttributes": OWN,
    "StartMessageMoveTask": Access(ByArn("SourceArn")),
    "TagQueue": OWN,
    "UntagQueue": OWN,
    # Of other services, by ARN: what they deliver into a queue.
    "Deliver": Access(ByArn("QueueArn"), aws=Crossing.BOTH),
    "DeliverEach": Access(Here(), aws=Crossing.BOTH),
    # Of LocalStack's developer endpoint.
    "PeekMessages": Access(BY_URL, aws=Crossing.BOTH),
}
