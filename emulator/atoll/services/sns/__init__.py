"""Amazon SNS: all operations, free of the protocol that they came by.

https://docs.aws.amazon.com/sns/latest/api/welcome.html
"""

from __future__ import annotations

from atoll.core.service import Service


def load() -> Service:
    """The service with its operations registered."""
    from atoll.services.sns import (
        operations_peek,
        operations_platforms,
        operations_publish,
        operations_sms,
        operations_subscriptions,
        operations_topics,
        timers,
    )
    from atoll.services.sns.service import sns

    for module in (
        operations_topics,
        operations_subscriptions,
        operations_publish,
        operations_platforms,
        operations_sms,
        operations_peek,
        timers,
    ):
        assert module.sns is sns
    return sns
