"""Values in headers: scalars, lists, and JSON in base64. Compiled once per member.

https://smithy.io/2.0/spec/http-bindings.html#httpheader-trait
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import Any

import orjson

from atoll.wire import text
from atoll.wire.json_input import check_depth, loads
from atoll.wire.model import Member

# A quoted string with escapes, or anything up to the next comma.
_ITEM = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"\s*|([^,]*))(?:,|$)')
# An HTTP date has a comma of its own.
_DATE = re.compile(r"\s*([A-Za-z]{3}, [^,]*|[^,]*)(?:,|$)")
_ESCAPED = re.compile(r"\\(.)")
_line_break = re.compile(r"[\r\n\0]").search


def reader(member: Member) -> text.ReadText:
    """What turns a header's text into its value. It raises Malformed."""
    if member.jsonvalue:
        return _read_json
    if member.shape.type != "list":
        return text.reader(member)
    item = member.shape.member
    assert item is not None
    read_item = text.reader(item)
    split = _split_dates if item.shape.type == "timestamp" else _split
    return lambda value: [read_item(part) for part in split(value)]


def writer(member: Member) -> text.WriteText:
    """What turns a value into a header's text."""
    if member.jsonvalue:
        return lambda value: base64.b64encode(orjson.dumps(value)).decode()
    if member.shape.type == "list":
        item = member.shape.member
        assert item is not None
        write_item = text.writer(item, "rfc822")
        if item.shape.type == "string":
            return lambda value: ", ".join([_quote(write_item(part)) for part in value if part is not None])
        return lambda value: ", ".join([write_item(part) for part in value if part is not None])
    if member.shape.type == "string":
        return safe
    return text.writer(member, "rfc822")


def safe(value: str) -> str:
    """`value` on one line, so that what a user stored cannot end a header and begin another."""
    return " ".join(value.replace("\0", " ").splitlines()) if _line_break(value) else value


def _read_json(value: str) -> Any:
    document = loads(text.read_blob(value))
    check_depth(document)
    return document


def _split(value: str) -> list[str]:
    parts = []
    for match in _ITEM.finditer(value):
        quoted, plain = match.groups()
        if quoted is not None:
            parts.append(_ESCAPED.sub(r"\1", quoted))
        elif plain := plain.strip():
            parts.append(plain)
    return parts


def _split_dates(value: str) -> list[str]:
    return [date for match in _DATE.finditer(value) if (date := match[1].strip())]


def _quote(value: str) -> str:
    value = safe(value)
    if "," in value or '"' in value:
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return value


Write = Callable[[Any, list[tuple[str, str]]], None]
"""Appends a member's header or headers."""


def header(member: Member) -> Write:
    """What writes a member that is one header."""
    name, write_text = member.wire_name, writer(member)
    is_list = member.shape.type == "list"

    def write(value: Any, headers: list[tuple[str, str]]) -> None:
        if value or not is_list:
            headers.append((name, write_text(value)))

    return write


def prefixed(member: Member) -> Write:
    """What writes a map whose entries are headers with one prefix (`x-amz-meta-`)."""
    prefix = member.location_name or ""

    def write(value: dict[str, str], headers: list[tuple[str, str]]) -> None:
        headers.extend((safe(prefix + name), safe(entry)) for name, entry in value.items() if entry is not None)

    return write
