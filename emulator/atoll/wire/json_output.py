"""Writes an operation's output as JSON.

What the model names as it is on the wire is given to a library as it is: to msgspec, which writes blobs itself, or to
orjson, which asks back for blobs and timestamps. For the rest a function is compiled, once per structure, that makes
what orjson takes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
import orjson

from atoll.wire import text, timestamps
from atoll.wire.model import Member, Shape

Convert = Callable[[Any], Any]
WriteBytes = Callable[[dict[str, Any]], bytes]

_FLAT = frozenset(("string", "blob", "boolean", "integer", "long"))


def writer(shape: Shape) -> WriteBytes:
    """What writes a structure's members that belong in a body. Members that are None are left out."""
    convert = structure(shape)
    if not _plain(shape):
        return lambda value: orjson.dumps(convert(value))
    if all(member.shape.type in _FLAT for member in shape.members.values()):
        encode = msgspec.json.Encoder().encode
        return lambda value: encode(convert(value) if None in value.values() else value)

    def write(value: dict[str, Any]) -> bytes:
        written = orjson.dumps(value, _scalar, orjson.OPT_PASSTHROUGH_DATETIME)
        # None, or a fraction that JSON has no number for.
        if b"null" in written:
            written = orjson.dumps(convert(value))
        return written

    return write


def _scalar(value: Any) -> Any:
    if isinstance(value, bytes):
        return text.write_blob(value)
    if isinstance(value, datetime):
        return timestamps.write_seconds(value)
    raise TypeError(type(value).__name__)


def _plain(shape: Shape) -> bool:
    """Whether `shape` is on the wire what it is here, but for blobs and timestamps in the usual format."""
    seen: set[str] = set()

    def visit(current: Shape) -> bool:
        if current.name in seen or current.document:
            return True
        seen.add(current.name)
        parts = [*filter(None, (current.member, current.value))]
        for name, member in current.members.items():
            if not member.in_response_body or member.wire_name != name:
                return False
            parts.append(member)
        return all(part.timestamp_format in (None, "unixTimestamp") and visit(part.shape) for part in parts)

    return visit(shape)


def structure(shape: Shape) -> Convert:
    """What turns a structure's value into JSON's types."""
    compiled: Convert | None = shape.compiled.get("json.write")
    if compiled is not None:
        return compiled
    slots: list[tuple[str, str, Convert | None]] = []

    def convert(value: dict[str, Any]) -> dict[str, Any]:
        converted = {}
        for name, wire_name, convert_member in slots:
            member = value.get(name)
            if member is not None:
                converted[wire_name] = member if convert_member is None else convert_member(member)
        return converted

    shape.compiled["json.write"] = convert
    for name, member in shape.members.items():
        if member.in_response_body:
            slots.append((name, member.wire_name, value_of(member)))
    return convert


def value_of(member: Member) -> Convert | None:
    """What turns a member's value into JSON's types; None where it has them."""
    shape = member.shape
    if shape.document:
        return None
    if shape.type == "structure":
        return structure(shape)
    if shape.type == "list":
        return _list(shape)
    if shape.type == "map":
        return _map(shape)
    if shape.type == "blob":
        return text.write_blob
    if shape.type == "timestamp":
        return _timestamp(member)
    if shape.type in ("float", "double"):
        return _finite
    return None


def _timestamp(member: Member) -> Convert:
    if member.timestamp_format in (None, "unixTimestamp"):
        return timestamps.write_seconds
    return timestamps.text_writer(member.timestamp_format)


def _finite(value: float) -> float | str:
    return value if math.isfinite(value) else text.write_double(value)


def _list(shape: Shape) -> Convert | None:
    item = shape.member
    assert item is not None
    convert_item = value_of(item)
    sparse = shape.sparse
    if convert_item is None:
        return None if sparse else _without_nulls
    convert = convert_item
    return lambda value: [None if entry is None else convert(entry) for entry in value if sparse or entry is not None]


def _without_nulls(value: list[Any]) -> list[Any]:
    return [entry for entry in value if entry is not None]


def _map(shape: Shape) -> Convert | None:
    item = shape.value
    assert item is not None
    convert_item = value_of(item)
    sparse = shape.sparse
    if convert_item is None:
        return None if sparse else (lambda value: {key: entry for key, entry in value.items() if entry is not None})
    convert = convert_item
    return lambda value: {
        key: None if entry is None else convert(entry) for key, entry in value.items() if sparse or entry is not None
    }
