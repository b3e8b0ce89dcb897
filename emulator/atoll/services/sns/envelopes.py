"""The JSON documents that messages are delivered as, written as AWS writes them.

https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson

from atoll.core.call import Origin
from atoll.core.links import link_start
from atoll.index import Realm
from atoll.services.sns.characters import escaped
from atoll.services.sns.messages import Message
from atoll.services.sns.settings import configured
from atoll.services.sns.signing import certificate_url, sign

NOTIFICATION = "Notification"
CONFIRMATION = "SubscriptionConfirmation"
CANCELLATION = "UnsubscribeConfirmation"

_dumps = orjson.dumps


def base_of(origin: Origin) -> str:
    """The endpoint that the caller used, as it stands in URLs of messages."""
    host = configured().public_host or origin.host
    if host.endswith(":0"):
        port = origin.host.partition(":")[2]
        host = host.removesuffix(":0") + (f":{port}" if port else "")
    return f"{origin.scheme}://{host}"


def timestamp(milliseconds: int) -> str:
    moment = datetime.fromtimestamp(milliseconds // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"


class Envelope:
    """A notification's document but for the subscription's ARN, which stands in its UnsubscribeURL only: `head`, then
    the ARN, then `tail`. Made once for all subscriptions that get the same text."""

    __slots__ = ("head", "tail")

    def __init__(self, message: Message, text: str, topic_arn: str, fifo: bool, version: str, realm: Realm) -> None:
        when = timestamp(message.published)
        lines = [f'"Type" : "{NOTIFICATION}"', f'"MessageId" : "{message.id}"']
        if message.sequence is not None:
            lines.append(f'"SequenceNumber" : "{message.sequence}"')
        lines.append(f'"TopicArn" : {_quoted(topic_arn)}')
        if message.subject:
            lines.append(f'"Subject" : {_quoted(message.subject)}')
        lines += [f'"Message" : {_quoted(text)}', f'"Timestamp" : "{when}"']
        if not fifo:
            # Messages of FIFO topics are not signed.
            signed = f"Message\n{text}\nMessageId\n{message.id}\n"
            if message.subject:
                signed += f"Subject\n{message.subject}\n"
            signed += f"Timestamp\n{when}\nTopicArn\n{topic_arn}\nType\n{NOTIFICATION}\n"
            lines += _signature(signed, version, message.base, realm)
        lines.append(f'"UnsubscribeURL" : "{link_start(message.base, realm.name, "Unsubscribe")}SubscriptionArn=')
        self.head = "{\n  " + ",\n  ".join(lines)
        self.tail = '"'
        if message.replayed:
            self.tail += ',\n  "Replayed" : true'
        if message.attributes:
            shown = ",\n".join(f"    {_quoted(name)} : {_shown(each)}" for name, each in message.attributes.items())
            self.tail += f',\n  "MessageAttributes" : {{\n{shown}\n  }}'
        self.tail += "\n}"

    def text(self, subscription_arn: str) -> str:
        return self.head + subscription_arn + self.tail


def _quoted(value: Any) -> str:
    return escaped(_dumps(value).decode())


def _shown(attribute: dict[str, Any]) -> str:
    binary = attribute.get("BinaryValue")
    value = attribute.get("StringValue") if binary is None else b64encode(binary).decode()
    return _quoted({"Type": attribute["DataType"], "Value": value})


def _signature(signed: str, version: str, base: str, realm: Realm) -> list[str]:
    return [
        f'"SignatureVersion" : "{version}"',
        f'"Signature" : "{sign(realm, signed, version)}"',
        f'"SigningCertURL" : {_quoted(certificate_url(base, realm))}',
    ]


def confirmation_url(base: str, realm: Realm, topic_arn: str, token: str) -> str:
    """Whoever follows it confirms."""
    return f"{link_start(base, realm.name, 'ConfirmSubscription')}TopicArn={topic_arn}&Token={token}"


def confirmation(
    kind: str,
    message: Message,
    *,
    token: str,
    topic_arn: str,
    subscription_arn: str,
    version: str,
    realm: Realm,
) -> str:
    """The document that asks for a confirmation of a subscription (`kind` CONFIRMATION), or tells that one was ended
    and how that is taken back (CANCELLATION). The message's own text does not count."""
    text = _TEXTS[kind](topic_arn, subscription_arn)
    url = confirmation_url(message.base, realm, topic_arn, token)
    when = timestamp(message.published)
    signed = (
        f"Message\n{text}\nMessageId\n{message.id}\nSubscribeURL\n{url}\nTimestamp\n{when}\nToken\n{token}\n"
        f"TopicArn\n{topic_arn}\nType\n{kind}\n"
    )
    lines = [
        f'"Type" : "{kind}"',
        f'"MessageId" : "{message.id}"',
        f'"Token" : "{token}"',
        f'"TopicArn" : {_quoted(topic_arn)}',
        f'"Message" : {_quoted(text)}',
        f'"SubscribeURL" : {_quoted(url)}',
        f'"Timestamp" : "{when}"',
        *_signature(signed, version, message.base, realm),
    ]
    return "{\n  " + ",\n  ".join(lines) + "\n}"


_TEXTS: dict[str, Callable[[str, str], str]] = {
    CONFIRMATION: lambda topic, _: (
        f"You have chosen to subscribe to the topic {topic}.\n"
        "To confirm the subscription, visit the SubscribeURL included in this message."
    ),
    CANCELLATION: lambda _, subscription: (
        f"You have chosen to deactivate subscription {subscription}.\n"
        "To cancel this operation and restore the subscription, visit the SubscribeURL included in this message."
    ),
}
