"""What is published: checked as AWS checks it, and as rows keep it.

https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Any

import msgspec

from atoll.core.call import Params
from atoll.core.ids import uuid4
from atoll.core.json_objects import read_object
from atoll.core.xml_text import not_in_xml
from atoll.services.sns.characters import has_control
from atoll.services.sns.errors import invalid_parameter
from atoll.services.sns.message_attributes import check_message_attributes
from atoll.services.sns.topics import Topic

MAX_SUBJECT = 100
MAX_QUEUE_ATTRIBUTES = 10
_RESERVED = ("aws.", "amazon.")
_IDENTIFIER = re.compile(r"[A-Za-z0-9!-/:-@\[-`{-~]{1,128}")


class Message(msgspec.Struct, omit_defaults=True):
    """`published` is in milliseconds since the epoch. `texts` are those of a structured message, by protocol. `base` is
    the endpoint that the publisher used. `content_id` is the deduplication id as deliveries have it."""

    id: str
    published: int
    text: str
    base: str
    subject: str = ""
    texts: dict[str, str] | None = None
    attributes: dict[str, dict[str, Any]] | None = None
    group: str | None = None
    content_id: str | None = None
    sequence: str | None = None
    replayed: bool = False

    def text_for(self, protocol: str) -> str:
        if self.texts is None:
            return self.text
        text = self.texts.get(protocol)
        return self.texts.get("default", "") if text is None else text

    def fits_queue(self, text: str) -> bool:
        """Whether a queue of SQS can have the message raw, with that text.

        https://docs.aws.amazon.com/sns/latest/dg/sns-large-payload-raw-message-delivery.html
        """
        if (attributes := self.attributes) and (
            len(attributes) > MAX_QUEUE_ATTRIBUTES or any(name.lower().startswith(_RESERVED) for name in attributes)
        ):
            return False
        return bool(text) and not_in_xml(text) is None


encode_message = msgspec.msgpack.Encoder().encode
decode_message = msgspec.msgpack.Decoder(Message).decode


def size_of(entry: Params) -> int:
    """What a message counts, in bytes. Raises InvalidParameterValueException where its attributes are none."""
    text: str = entry["Message"]
    size = len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
    attributes = entry.get("MessageAttributes")
    return size + check_message_attributes(attributes) if attributes else size


def read_message(entry: Params, now: float, base: str, topic: Topic | None, *, structured_default: bool) -> Message:
    """The message that Publish or an entry of PublishBatch describes, its length already checked.

    `structured_default` says whether a structured message has to have an entry `default`. Raises
    InvalidParameterException.
    """
    text: str = entry["Message"]
    message = Message(uuid4(), int(now * 1000), text, base)
    if len(entry) == 2 and topic is not None and not topic.fifo:
        # Nothing but the message, and whom it is for or its id in a batch.
        return message
    subject = entry.get("Subject")
    if subject is not None:
        if not is_subject(subject):
            raise invalid_parameter("Subject")
        message.subject = subject
    if attributes := entry.get("MessageAttributes"):
        message.attributes = attributes
    structure = entry.get("MessageStructure")
    if structure:
        if structure != "json":
            raise invalid_parameter("MessageStructure")
        message.texts = _read_structure(text, default=structured_default)
    group, deduplication = entry.get("MessageGroupId"), entry.get("MessageDeduplicationId")
    if topic is not None and topic.fifo:
        if not group:
            raise invalid_parameter("The MessageGroupId parameter is required for FIFO topics")
        if not deduplication:
            if not topic.content_deduplication:
                raise invalid_parameter(
                    "The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId "
                    "provided explicitly"
                )
            deduplication = sha256(text.encode(), usedforsecurity=False).hexdigest()
    elif deduplication:
        raise invalid_parameter(
            "MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid "
            "for this topic type"
        )
    for name, value in (("MessageGroupId", group), ("MessageDeduplicationId", deduplication)):
        if value and not _IDENTIFIER.fullmatch(value):
            raise invalid_parameter(f"{name} Reason: {name} can only include alphanumeric and punctuation characters")
    message.group, message.content_id = group or None, deduplication or None
    return message


def is_subject(text: str) -> bool:
    return 0 < len(text) <= MAX_SUBJECT and not has_control(text)


def _read_structure(text: str, *, default: bool) -> dict[str, str]:
    structure = read_object(text)
    if structure is None:
        raise invalid_parameter("Message Structure - JSON message body failed to parse")
    texts = {protocol: each for protocol, each in structure.items() if isinstance(each, str)}
    if default and "default" not in texts:
        raise invalid_parameter("Message Structure - No default entry in JSON message body")
    return texts
