"""Topics with a KMS key: the publisher has to be able to use it. Messages themselves are kept as they are.

https://docs.aws.amazon.com/sns/latest/dg/sns-server-side-encryption.html
"""

from __future__ import annotations

from atoll.core.arn import kms_key_arn
from atoll.core.call import Call
from atoll.core.data_keys import ask_for_data_key
from atoll.core.lagoon import Lagoon
from atoll.services.sns.topics import Topic
from atoll.tenants import Tenant

ERRORS = {
    "AccessDenied": "KMSAccessDeniedException",
    "AccessDeniedException": "KMSAccessDeniedException",
    "DisabledException": "KMSDisabledException",
    "KMSInvalidStateException": "KMSInvalidStateException",
    "NotFoundException": "KMSNotFoundException",
    "ThrottlingException": "KMSThrottlingException",
}
"""What KMS says, and what a publisher is told."""


def key_of(tenant: Tenant, topic: Topic) -> str:
    """The ARN of the topic's key, or of its alias; empty where it has none. An id or alias is the topic's account's."""
    return kms_key_arn(topic.attributes.get("KmsMasterKeyId", ""), tenant.id)


async def use_key(call: Call, lagoon: Lagoon, key: str, topic_arn: str) -> None:
    """Asks KMS for a data key, as the publisher. Raises one of the model's KMS exceptions."""
    await ask_for_data_key(call, lagoon, key, {"aws:sns:topicArn": topic_arn}, ERRORS)
