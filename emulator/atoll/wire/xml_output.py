"""Writes an operation's output as XML: what the query, ec2 and rest-xml protocols share.

Compiled once per member into functions that give text, since XML is on the path of every answer: no tree is built.

https://smithy.io/2.0/spec/protocol-traits.html#xml-bindings
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from atoll.wire import text
from atoll.wire.model import Member, Shape, XmlNamespace

Write = Callable[[Any], str]

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'

# Control characters have no place in XML 1.0; AWS writes them as references all the same (S3's keys). A carriage return
# would be read as a line feed.
_special = re.compile('[&<>"\r\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]').search
_specials = re.compile('[&<>"\r\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]').sub
_NAMED = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}


def _reference(match: re.Match[str]) -> str:
    character = match[0]
    if "\ud800" <= character <= "\udfff":
        return "\ufffd"
    return _NAMED.get(character) or f"&#x{ord(character):X};"


def escape(value: str) -> str:
    """`value` as the text of an element or an attribute."""
    return _specials(_reference, value) if _special(value) else value


def namespace(value: XmlNamespace | None) -> str:
    """The attribute that declares a namespace, with the blank before it, or nothing."""
    if value is None:
        return ""
    return f' xmlns{":" if value.prefix else ""}{value.prefix}="{escape(value.uri)}"'


def content(shape: Shape) -> Write:
    """What writes a structure's members that belong in a body, without a tag around them. None is left out."""
    compiled: Write | None = shape.compiled.get("xml")
    if compiled is not None:
        return compiled
    writers: list[tuple[str, Write]] = []

    def write(value: dict[str, Any]) -> str:
        written = ""
        for name, write_member in writers:
            member = value.get(name)
            if member is not None:
                written += write_member(member)
        return written

    shape.compiled["xml"] = write
    for name, member in shape.members.items():
        if member.in_response_body and not member.xml_attribute:
            writers.append((name, element(member, element_name(member))))
    return write


def element_name(member: Member) -> str:
    """The name of a member's element. A list whose shape is flattened goes by its items' name, if it has no own."""
    shape = member.shape
    if member.location_name is None and shape.flattened and shape.member is not None:
        return shape.member.location_name or member.name
    return member.wire_name


def element(member: Member, name: str, inherited: XmlNamespace | None = None) -> Write:
    """What writes a value with its tags; a flattened list or map as one element for each of its items.

    `inherited` is declared where the member names no namespace of its own.
    """
    shape = member.shape
    if shape.type == "list":
        return _list(member, name)
    if shape.type == "map":
        return _map(member, name)
    if shape.type == "structure":
        return structure(shape, name, member.xml_namespace or inherited)
    opening, closing = f"<{name}{namespace(member.xml_namespace or inherited)}>", f"</{name}>"
    if shape.type == "string":
        return _string(opening, closing)
    write = text.writer(member, "iso8601")
    return lambda value: f"{opening}{write(value)}{closing}"


def _string(opening: str, closing: str) -> Write:
    def write(value: str) -> str:
        if _special(value):
            value = _specials(_reference, value)
        return f"{opening}{value}{closing}"

    return write


def structure(shape: Shape, name: str, declared: XmlNamespace | None) -> Write:
    """What writes a structure as the element `name`, with its attributes."""
    opening, closing = f"<{name}{namespace(declared)}>", f"</{name}>"
    write = content(shape)
    attributes = [
        (name, f' {member.wire_name}="', text.writer(member, "iso8601"))
        for name, member in shape.members.items()
        if member.xml_attribute
    ]
    if not attributes:
        return lambda value: f"{opening}{write(value)}{closing}"

    def write_with_attributes(value: dict[str, Any]) -> str:
        start = opening[:-1]
        for name, equals, write_text in attributes:
            attribute = value.get(name)
            if attribute is not None:
                start += f'{equals}{escape(write_text(attribute))}"'
        return f"{start}>{write(value)}{closing}"

    return write_with_attributes


def _list(member: Member, name: str) -> Write:
    item = member.shape.member
    assert item is not None
    if member.flattened:
        write_item = element(item, name)
        return lambda value: "".join([write_item(entry) for entry in value if entry is not None])
    write_item = element(item, item.location_name or "member")
    opening, closing = f"<{name}{namespace(member.xml_namespace)}>", f"</{name}>"
    return lambda value: f"{opening}{''.join([write_item(entry) for entry in value if entry is not None])}{closing}"


def _map(member: Member, name: str) -> Write:
    key, value = member.shape.key, member.shape.value
    assert key is not None
    assert value is not None
    write_key = element(key, key.location_name or "key")
    write_value = element(value, value.location_name or "value")
    entry = name if member.flattened else "entry"
    start = f"<{name}{namespace(member.xml_namespace)}>"
    opening, closing = ("", "") if member.flattened else (start, f"</{name}>")
    before = start if member.flattened else "<entry>"

    def write(entries: dict[str, Any]) -> str:
        written = [
            f"{before}{write_key(key)}{write_value(value)}</{entry}>"
            for key, value in entries.items()
            if value is not None
        ]
        return f"{opening}{''.join(written)}{closing}"

    return write
