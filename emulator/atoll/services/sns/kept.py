"""Messages that leave Atoll nowhere (SMS, push notifications, emails, records for Firehose), kept to be looked at.

Rows name topic and subscription without the tenant; ARNs are put together when they are shown. Only a topic of another
tenant, whose messages go to a platform endpoint here, is named by its ARN.
"""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import orjson

from atoll.services.sns.messages import Message
from atoll.services.sns.topics import arn_of, dump
from atoll.tenants import Tenant

MOST = 1000
"""Of a kind, the newest."""
SMS, PUSH, EMAIL, FIREHOSE = "sms", "push", "email", "firehose"


def keep_message(
    tenant: Tenant,
    kind: str,
    target: str,
    message: Message,
    text: str,
    *,
    topic: str = "",
    subscription: str = "",
) -> None:
    """`target` is a phone number, an address, or the end of an ARN of this tenant; `topic` a name, or another tenant's
    ARN; `subscription` an id."""
    shown = {
        "topic": topic,
        "subscription": subscription,
        "MessageId": message.id,
        "Message": text,
        "MessageAttributes": _plain(message.attributes),
        "MessageStructure": "json" if message.texts is not None else None,
        "Subject": message.subject or None,
    }
    tenant.execute("INSERT INTO kept_message (kind, target, message) VALUES (?, ?, ?)", (kind, target, dump(shown)))
    if not tenant.last_row_id % 64:
        tenant.execute(
            "DELETE FROM kept_message WHERE kind = ? AND id <= "
            "(SELECT id FROM kept_message WHERE kind = ? ORDER BY id DESC LIMIT 1 OFFSET ?)",
            (kind, kind, MOST),
        )


def _plain(attributes: dict[str, dict[str, Any]] | None) -> dict[str, dict[str, Any]] | None:
    if attributes is None:
        return None
    return {
        name: {
            field: b64encode(value).decode() if isinstance(value, bytes) else value
            for field, value in attribute.items()
        }
        for name, attribute in attributes.items()
    }


def kept_messages(tenant: Tenant, kind: str, target: str = "") -> list[tuple[str, dict[str, Any]]]:
    """The newest of a kind, with their targets, the oldest of them first; only those for `target` where one is
    given."""
    where = " AND target = ?" if target else ""
    rows = tenant.rows(
        f"SELECT target, message FROM kept_message WHERE kind = ?{where} ORDER BY id DESC LIMIT ?",
        (kind, target, MOST) if target else (kind, MOST),
    )
    found: list[tuple[str, dict[str, Any]]] = []
    for whom, text in reversed(rows):
        message = orjson.loads(text)
        topic, subscription = message.pop("topic"), message.pop("subscription")
        topic_arn = arn_of(tenant, topic) if topic and ":" not in topic else topic or None
        message["TopicArn"] = topic_arn
        message["SubscriptionArn"] = f"{topic_arn}:{subscription}" if subscription else None
        found.append((whom, message))
    return found


def drop_kept(tenant: Tenant, kind: str, target: str = "") -> None:
    if target:
        tenant.execute("DELETE FROM kept_message WHERE kind = ? AND target = ?", (kind, target))
    else:
        tenant.execute("DELETE FROM kept_message WHERE kind = ?", (kind,))
