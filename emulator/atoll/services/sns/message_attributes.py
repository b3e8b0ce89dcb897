"""Message attributes of what is published: what they may be, and how much they count in a message's length.

https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from atoll.core.xml_text import not_in_xml, refusal
from atoll.services.sns.errors import invalid_value

MAX_NAME = 256
_NAME = re.compile(r"(?!\.)(?!.*\.\.)[A-Za-z0-9_.-]*[A-Za-z0-9_-]")
_TYPE = re.compile(r"(?:String|Number|Binary)(?:\..+)?", re.DOTALL)
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")

Attributes = Mapping[str, Mapping[str, Any]]


def check_message_attributes(attributes: Attributes) -> int:
    """How many bytes they count. Raises InvalidParameterValueException."""
    size = 0
    for name, attribute in attributes.items():
        if not _NAME.fullmatch(name) or len(name) > MAX_NAME:
            _refuse_name(name)
        data_type = attribute["DataType"]
        if not _TYPE.fullmatch(data_type):
            raise invalid_value(
                f"The message attribute '{name}' has an invalid message attribute type, the set of supported type "
                "prefixes is Binary, Number, and String."
            )
        size += len(name.encode()) + len(data_type.encode()) + _value_size(name, data_type, attribute)
    return size


def _value_size(name: str, data_type: str, attribute: Mapping[str, Any]) -> int:
    text, binary = attribute.get("StringValue"), attribute.get("BinaryValue")
    field = "Binary" if data_type.startswith("Binary") else "String"
    value, other = (binary, text) if field == "Binary" else (text, binary)
    if value is None and other is not None:
        raise invalid_value(f"The message attribute '{name}' with type '{data_type}' must use field '{field}'.")
    if not value:
        raise invalid_value(
            f"The message attribute '{name}' must contain non-empty message attribute value for message attribute type "
            f"'{data_type}'."
        )
    if field == "String" and (character := not_in_xml(value)) is not None:
        raise invalid_value(refusal(character, f"message attribute '{name}'"))
    if data_type.startswith("Number") and not _NUMBER.fullmatch(value):
        raise invalid_value(f"Could not cast message attribute '{name}' value to number.")
    return len(value) if isinstance(value, bytes) else len(value.encode())


def _refuse_name(name: str) -> None:
    if len(name) > MAX_NAME:
        raise invalid_value("Length of message attribute name must be less than 256 bytes.")
    if not name:
        raise invalid_value("The message contains a message attribute with an empty name.")
    if name.startswith("."):
        raise invalid_value("Invalid message attribute name starting with character '.' was found.")
    if name.endswith("."):
        raise invalid_value("Invalid message attribute name ending with character '.' was found.")
    for at, character in enumerate(name):
        if not (character.isascii() and (character.isalnum() or character in "_.-")):
            raise invalid_value(
                f"Invalid non-alphanumeric character '#x{ord(character):X}' was found in the message attribute name. "
                "Can only include alphanumeric characters, hyphens, underscores, or dots."
            )
        if name[at : at + 2] == "..":
            raise invalid_value("Message attribute name can not have successive '.' character.")
