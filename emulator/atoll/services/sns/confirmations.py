"""Asking an endpoint's owner whether it wants a subscription, and telling of one that somebody else has ended.

https://docs.aws.amazon.com/sns/latest/dg/SendMessageToHttp.confirm.html
"""

from __future__ import annotations

from typing import Any

from atoll.core.call import Origin
from atoll.core.ids import uuid4
from atoll.services.sns import kept, postings, tokens
from atoll.services.sns.envelopes import CANCELLATION, CONFIRMATION, base_of, confirmation, confirmation_url
from atoll.services.sns.messages import Message
from atoll.services.sns.subscriptions import Subscription
from atoll.services.sns.topics import Topic
from atoll.tenants import Tenant


def _message(tenant: Tenant, origin: Origin, text: str = "") -> Message:
    return Message(uuid4(), int(tenant.now() * 1000), text, base_of(origin))


def ask_to_confirm(tenant: Tenant, topic: Topic, subscription: Subscription, origin: Origin) -> None:
    """Where an email is a document, which is signed, the realm's signing key is there already."""
    token = tokens.issue(tenant, subscription.id)
    if subscription.protocol in ("http", "https"):
        postings.add(tenant, subscription, CONFIRMATION, _message(tenant, origin), token=token)
        return
    message = _message(tenant, origin)
    if subscription.protocol == "email-json":
        text = confirmation(
            CONFIRMATION,
            message,
            token=token,
            topic_arn=topic.arn,
            subscription_arn=subscription.arn,
            version=topic.signature_version,
            realm=tenant.realm,
        )
    else:
        url = confirmation_url(message.base, tenant.realm, topic.arn, token)
        text = f"You have chosen to subscribe to the topic {topic.arn}.\nTo confirm the subscription, visit {url}"
    message.subject = "AWS Notification - Subscription Confirmation"
    kept.keep_message(
        tenant, kept.EMAIL, subscription.endpoint, message, text, topic=topic.name, subscription=subscription.id
    )


def tell_of_the_end(tenant: Tenant, subscription: Subscription, row: dict[str, Any], origin: Origin) -> None:
    """Of a subscription that is gone. `row` is what brings it back."""
    if subscription.protocol not in ("http", "https"):
        return
    token = tokens.issue(tenant, subscription.id, row)
    name = subscription.arn.split(":")[5]
    url = f"{name}\n{subscription.endpoint}"
    postings.add(tenant, subscription, CANCELLATION, _message(tenant, origin), token=token, url=url)
