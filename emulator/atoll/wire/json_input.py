"""Reads an operation's input from JSON, with the type checks and the words of AWS's own deserializer.

Compiled once per structure. Unknown members are ignored, nulls are absent members, as with AWS. Of a whole body msgspec
makes most by itself (json_types.py); what it does not take is read member by member.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from msgspec.json import Decoder

from atoll.core.ids import uuid4
from atoll.wire import text, timestamps
from atoll.wire.json_types import type_of
from atoll.wire.model import Member, Shape
from atoll.wire.text import LONG, Malformed

Read = Callable[[Any], Any]

MAX_DEPTH = 128
"""How deep JSON may nest where a model sets no end to it; what is echoed must stay within orjson's 254."""
_TRUE = frozenset(("true", "yes", "y", "t", "1"))
_FALSE = frozenset(("false", "no", "n", "f", "0"))


def loads(body: bytes) -> Any:
    """`body` as JSON. AWS has no words for what is none."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Malformed from None


def reader(shape: Shape) -> Callable[[bytes], dict[str, Any]]:
    """What reads a body as a structure. It raises Malformed."""
    read = structure(shape)
    deep = unbounded(shape)

    def read_by_members(body: bytes) -> dict[str, Any]:
        value = loads(body)
        if deep:
            check_depth(value)
        params: dict[str, Any] = read(value)
        return params

    exact = type_of(shape)
    if exact is None:
        return read_by_members
    decode = Decoder(exact).decode

    def read_at_once(body: bytes) -> dict[str, Any]:
        try:
            params: dict[str, Any] = decode(body)
        except (ValueError, RecursionError):
            return read_by_members(body)
        return params

    return _with_tokens(shape, read_at_once)


def _with_tokens(shape: Shape, read: Read) -> Read:
    """The same, which draws those of the structure's idempotency tokens that were not sent."""
    tokens = [name for name, member in shape.members.items() if member.idempotency_token and not member.location]
    if not tokens:
        return read

    def read_with_tokens(value: Any) -> dict[str, Any]:
        params: dict[str, Any] = read(value)
        for name in tokens:
            if name not in params:
                params[name] = uuid4()
        return params

    return read_with_tokens


def structure(shape: Shape) -> Read:
    """What reads a JSON object as `shape`."""
    compiled: Read | None = shape.compiled.get("json.read")
    if compiled is not None:
        return compiled
    slots: dict[str, tuple[str, Read | None]] = {}

    def read(value: Any) -> dict[str, Any]:
        if type(value) is not dict:
            raise _unexpected(value, "structure")
        params = {}
        for key, item in value.items():
            slot = slots.get(key)
            if slot is not None and item is not None:
                name, read_item = slot
                if read_item is not None:
                    params[name] = read_item(item)
                elif type(item) is str:
                    params[name] = item
                else:
                    raise _unexpected(item, "string")
        return params

    compiled = shape.compiled["json.read"] = _with_tokens(shape, read)
    for name, member in shape.members.items():
        if not member.location:
            slots[member.wire_name] = name, None if member.shape.type == "string" else value_of(member)
    return compiled


def value_of(member: Member) -> Read:
    """What reads a JSON value as the member's shape."""
    shape = member.shape
    if shape.document:
        return _read_document
    if shape.type == "structure":
        return structure(shape)
    if shape.type == "list":
        return _list(shape)
    if shape.type == "map":
        return _map(shape)
    return _SCALARS[shape.type]


def unbounded(shape: Shape) -> bool:
    """Whether JSON for `shape` may nest without end: it contains itself, or a document."""
    path: set[str] = set()
    done: set[str] = set()

    def visit(current: Shape) -> bool:
        if current.document or current.name in path:
            return True
        if current.name in done:
            return False
        path.add(current.name)
        parts = [*current.members.values(), *filter(None, (current.member, current.value))]
        found = any(visit(part.shape) for part in parts)
        path.discard(current.name)
        done.add(current.name)
        return found

    return visit(shape)


def check_depth(value: Any) -> None:
    """Malformed where `value` nests deeper than MAX_DEPTH. It takes no stack of its own."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for node in level
            for child in (node.values() if type(node) is dict else node if type(node) is list else ())
            if type(child) in (dict, list)
        ]
        if not level:
            return
    raise Malformed


def _unexpected(value: Any, expected: str) -> Malformed:
    if type(value) is list:
        return Malformed("Start of list found where not expected")
    if type(value) is dict:
        return Malformed("Start of structure or map found where not expected.")
    if expected == "list":
        return Malformed("Expected list or null")
    if expected == "structure":
        return Malformed("Expected null")
    if type(value) is bool:
        return text.mismatch("TRUE_VALUE" if value else "FALSE_VALUE", expected)
    return text.mismatch("STRING_VALUE" if type(value) is str else "NUMBER_VALUE", expected)


def _list(shape: Shape) -> Read:
    item = shape.member
    assert item is not None
    read_item = value_of(item)
    sparse = shape.sparse

    def read(value: Any) -> list[Any]:
        if type(value) is not list:
            raise _unexpected(value, "list")
        if None not in value:
            return [read_item(entry) for entry in value]
        if sparse:
            return [None if entry is None else read_item(entry) for entry in value]
        return [read_item(entry) for entry in value if entry is not None]

    return read


def _map(shape: Shape) -> Read:
    item = shape.value
    assert item is not None
    read_item = value_of(item)
    sparse = shape.sparse

    def read(value: Any) -> dict[str, Any]:
        if type(value) is not dict:
            raise _unexpected(value, "structure")
        return {
            key: None if entry is None else read_item(entry)
            for key, entry in value.items()
            if sparse or entry is not None
        }

    return read


def _read_document(value: Any) -> Any:
    return value


def _read_string(value: Any) -> str:
    if type(value) is not str:
        raise _unexpected(value, "string")
    return value


def _read_boolean(value: Any) -> bool:
    if type(value) is bool:
        return value
    if type(value) is str:
        word = value.lower()
        if word in _TRUE:
            return True
        if word in _FALSE:
            return False
        # The article is AWS's own.
        raise Malformed("STRING_VALUE can not be converted to an Boolean")
    raise _unexpected(value, "boolean")


def _integer(expected: str) -> Read:
    def read(value: Any) -> int:
        if type(value) is int:
            if value < LONG:
                return value
        elif type(value) is not float:
            raise _unexpected(value, expected)
        # A fraction is cut off. What no 64 bits hold is an error that AWS has no words for.
        if -LONG <= value < LONG:
            return int(value)
        raise Malformed

    return read


def _read_double(value: Any) -> float:
    if type(value) is float or type(value) is int:
        return value
    if type(value) is str:
        return text.read_double(value)
    raise _unexpected(value, "double")


def _read_timestamp(value: Any) -> Any:
    if type(value) is str:
        return text.read_timestamp(value)
    if type(value) is float or type(value) is int:
        try:
            return timestamps.read_seconds(value)
        except ValueError:
            raise Malformed(f"Unable to parse date: {value}") from None
    raise _unexpected(value, "timestamp")


def _read_blob(value: Any) -> bytes:
    if type(value) is str:
        return text.read_blob(value)
    if type(value) in (list, dict):
        raise _unexpected(value, "blob")
    raise Malformed("only base-64-encoded strings are convertible to bytes")


_SCALARS: dict[str, Read] = {
    "string": _read_string,
    "boolean": _read_boolean,
    "integer": _integer("integer"),
    "long": _integer("long"),
    "float": _read_double,
    "double": _read_double,
    "timestamp": _read_timestamp,
    "blob": _read_blob,
}
