"""Message attributes: what they may be, their digest as AWS computes it, and how a row keeps them.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from hashlib import md5
from struct import Struct
from typing import Any, NamedTuple

import msgspec

from atoll.core.xml_text import not_in_xml, refusal
from atoll.services.sqs.errors import invalid_parameter

Attributes = Mapping[str, Mapping[str, Any]]

MAX_ATTRIBUTES = 10
MAX_NAME = 256
TYPES = ("String", "Number", "Binary")

_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_length = Struct(">I").pack
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode


class Digested(NamedTuple):
    """`size` is what the attributes count in the message's length, in bytes."""

    md5: str
    size: int
    stored: bytes


def read_attributes(attributes: Attributes) -> Digested:
    """Checks the attributes of a message to be sent. Raises InvalidParameterValue."""
    if len(attributes) > MAX_ATTRIBUTES:
        raise invalid_parameter(
            f"Number of message attributes [{len(attributes)}] exceeds the allowed maximum [{MAX_ATTRIBUTES}]."
        )
    for name in attributes:
        _check_name(name)
    return _digest(attributes, "(user) ")


def read_system_attributes(attributes: Attributes) -> tuple[str, str]:
    """The digest, and the value of AWSTraceHeader, the only one that may be sent."""
    for name, value in attributes.items():
        if name != "AWSTraceHeader":
            raise invalid_parameter(f"Message system attribute name '{name}' is invalid.")
        if value.get("DataType") != "String":
            raise invalid_parameter("The type of message system attribute 'AWSTraceHeader' must be String.")
    digested = _digest(attributes, "system ")
    return digested.md5, attributes["AWSTraceHeader"]["StringValue"]


def _check_name(name: str) -> None:
    if not name.strip():
        raise invalid_parameter("The request must contain non-empty message (user) attribute names.")
    if len(name) > MAX_NAME:
        raise invalid_parameter("Message (user) attribute name must be shorter than 256 bytes.")
    lower = name.lower()
    if lower.startswith(("aws.", "amazon.")):
        raise invalid_parameter(
            "You can't use message attribute names beginning with 'AWS.' or 'Amazon'. "
            "These strings are reserved for internal use."
        )
    if name.startswith("."):
        raise invalid_parameter("Message (user) attribute name must not begin with character '.'.")
    if name.endswith("."):
        raise invalid_parameter("Message (user) attribute name must not end with character '.'.")
    if ".." in name:
        raise invalid_parameter("Message (user) attribute name must not have successive '.' characters.")
    if not _NAME.fullmatch(name):
        raise invalid_parameter(
            f"The message attribute name '{name}' is invalid. Attribute name can contain A-Z, a-z, 0-9, "
            "underscore (_), hyphen (-), and period (.) characters."
        )


def _digest(attributes: Attributes, kind: str) -> Digested:
    digest = md5(usedforsecurity=False)
    size = 0
    stored: dict[str, tuple[str, str | bytes]] = {}
    for name in sorted(attributes):
        data_type, value = _read_value(name, attributes[name], kind)
        stored[name] = (data_type, value)
        size += _add(digest.update, name, data_type, value)
    return Digested(digest.hexdigest(), size, _encode(stored))


def _add(update: Any, name: str, data_type: str, value: str | bytes) -> int:
    """Adds an attribute to a digest: each part with its length, and one byte for the value's kind."""
    encoded_name, encoded_type = name.encode(), data_type.encode()
    encoded = value.encode() if isinstance(value, str) else value
    kind = b"\x01" if isinstance(value, str) else b"\x02"
    for part in (encoded_name, encoded_type):
        update(_length(len(part)) + part)
    update(kind + _length(len(encoded)) + encoded)
    return len(encoded_name) + len(encoded_type) + len(encoded)


def _read_value(name: str, attribute: Mapping[str, Any], kind: str) -> tuple[str, str | bytes]:
    if attribute.get("StringListValues") or attribute.get("BinaryListValues"):
        raise invalid_parameter("Message attribute list values in SendMessage operation are not supported.")
    data_type = attribute.get("DataType")
    if not attribute:
        raise invalid_parameter(
            f"The message {kind}attribute '{name}' must contain a non-empty message attribute value."
        )
    if not data_type:
        raise invalid_parameter(
            f"The message {kind}attribute '{name}' must contain a non-empty message attribute type."
        )
    base = data_type.partition(".")[0]
    if base not in TYPES:
        raise invalid_parameter(
            f"The type of message {kind}attribute '{name}' is invalid. "
            "You must use only the following supported type prefixes: Binary, Number, String."
        )
    if len(data_type) > MAX_NAME:
        raise invalid_parameter(f"Message {kind}attribute type must be shorter than 256 bytes.")
    field, other = ("BinaryValue", "StringValue") if base == "Binary" else ("StringValue", "BinaryValue")
    value = attribute.get(field)
    if value is not None and attribute.get(other) is not None:
        raise invalid_parameter(f"Message {kind}attribute '{name}' must have a single value.")
    if value is None and attribute.get(other):
        raise invalid_parameter(
            f"The message {kind}attribute '{name}' with type '{data_type}' must use field "
            f"'{'Binary' if base == 'Binary' else 'String'}'."
        )
    if not value:
        raise invalid_parameter(
            f"Message {kind}attribute '{name}' must contain a non-empty value of type '{data_type}'."
        )
    if base == "Number" and (len(value) > 256 or not _NUMBER.fullmatch(value)):
        raise invalid_parameter(f"Can't cast the value of message {kind}attribute '{name}' to a number.")
    if base == "String" and (character := not_in_xml(value)) is not None:
        raise invalid_parameter(refusal(character, f"message {kind}attribute '{name}'"))
    return data_type, value


class Filter:
    """Which attributes a ReceiveMessage asks for: `All` or `.*`, names, and prefixes as in `bar.*`."""

    __slots__ = ("_all", "_names", "_prefixes")

    def __init__(self, names: Sequence[str]) -> None:
        self._all = "All" in names or ".*" in names
        self._names = frozenset(names)
        self._prefixes = tuple(name[:-2] for name in names if name.endswith(".*"))

    def apply(self, stored: bytes) -> tuple[dict[str, dict[str, Any]], str]:
        """Those attributes, as ReceiveMessage shows them, and their digest; both empty when there are none."""
        shown: dict[str, dict[str, Any]] = {}
        digest = md5(usedforsecurity=False)
        for name, (data_type, value) in _decode(stored).items():
            if self._all or name in self._names or name.startswith(self._prefixes):
                field = "StringValue" if isinstance(value, str) else "BinaryValue"
                shown[name] = {field: value, "DataType": data_type}
                _add(digest.update, name, data_type, value)
        return shown, digest.hexdigest() if shown else ""
