"""Push notifications: to whom they go, in this tenant or another. They leave Atoll nowhere, and are kept.

https://docs.aws.amazon.com/sns/latest/dg/sns-mobile-application-as-subscriber.html
"""

from __future__ import annotations

from atoll.core.arn import parse_arn
from atoll.services.sns import kept
from atoll.services.sns.messages import Message
from atoll.services.sns.platforms import endpoint_to_publish_to
from atoll.tenants import Tenant


def is_elsewhere(tenant: Tenant, endpoint_arn: str) -> bool:
    """Whether the platform endpoint is another tenant's. ARNs that leave out account or region mean this one's."""
    arn = parse_arn(endpoint_arn)
    _, account, region = tenant.id
    return arn is not None and ((arn.account or account), (arn.region or region)) != (account, region)


def push(tenant: Tenant, endpoint_arn: str, message: Message, *, topic: str = "", subscription: str = "") -> None:
    """Raises InvalidParameterException, EndpointDisabledException, PlatformApplicationDisabledException."""
    resource = endpoint_to_publish_to(tenant, endpoint_arn)
    text = message.text_for(resource.split("/")[1])
    kept.keep_message(tenant, kept.PUSH, resource, message, text, topic=topic, subscription=subscription)
