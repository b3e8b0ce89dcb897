"""What a function is called with.

https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html
"""

from __future__ import annotations

import orjson


def event_for(document: str, subscription_arn: str) -> str:
    """The event with a notification's document in it, whose URLs are spelled otherwise there."""
    notification = orjson.loads(document)
    for name, here in (("SigningCertURL", "SigningCertUrl"), ("UnsubscribeURL", "UnsubscribeUrl")):
        if name in notification:
            notification[here] = notification.pop(name)
    notification.setdefault("Subject", None)
    notification.setdefault("MessageAttributes", {})
    record = {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription_arn,
        "Sns": notification,
    }
    return orjson.dumps({"Records": [record]}).decode()
