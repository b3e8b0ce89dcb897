"""Reads an operation's input from a form: what the query and ec2 protocols share. Compiled once per structure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from atoll.core.call import Params
from atoll.core.ids import uuid4
from atoll.wire import form, text
from atoll.wire.model import Member, Shape

Read = Callable[[Any], Any]
"""Reads what hangs on one name of a form: text, or a tree."""
ReadStructure = Callable[[form.Tree], Params]


class Dialect(Protocol):
    """How a protocol names things in a form."""

    name: str

    def names(self, member: Member) -> tuple[str, ...]:
        """The names by which a structure's member is known, the usual one first."""

    def item_name(self, member: Member) -> str | None:
        """The name between a list and its numbers (`member`), or None where there is none."""

    def entry_name(self, member: Member) -> str | None:
        """The name between a map and its numbers (`entry`), or None where there is none."""


def structure(shape: Shape, dialect: Dialect) -> ReadStructure:
    """What reads `shape` from a tree."""
    compiled: ReadStructure | None = shape.compiled.get(dialect.name)
    if compiled is not None:
        return compiled
    slots: dict[str, tuple[str, Read | None]] = {}
    tokens = tuple(name for name, member in shape.members.items() if member.idempotency_token)

    def read(node: form.Tree) -> Params:
        params: Params = {}
        for key, child in node.items():
            slot = slots.get(key)
            if slot is not None:
                name, read_child = slot
                if read_child is not None:
                    params[name] = read_child(child)
                else:
                    params[name] = child if isinstance(child, str) else _leaf(child)
        return params

    def read_with_tokens(node: form.Tree) -> Params:
        params = read(node)
        for name in tokens:
            if name not in params:
                params[name] = uuid4()
        return params

    compiled = shape.compiled[dialect.name] = read_with_tokens if tokens else read
    readers = {
        name: None if member.shape.type == "string" else _value(member, dialect)
        for name, member in shape.members.items()
    }
    for name, member in shape.members.items():
        slots[dialect.names(member)[0]] = name, readers[name]
    for name, member in shape.members.items():
        for alias in dialect.names(member)[1:]:
            slots.setdefault(alias, (name, readers[name]))
    return compiled


def _value(member: Member, dialect: Dialect) -> Read:
    shape = member.shape
    if shape.type == "structure":
        return _branch(structure(shape, dialect))
    if shape.type == "list":
        return _list(member, dialect)
    if shape.type == "map":
        return _map(member, dialect)
    read_text = text.reader(member)
    return lambda node: read_text(node if isinstance(node, str) else _leaf(node))


def _leaf(node: form.Tree) -> str:
    """The text of a name that was also used as a branch."""
    leaf = node.get("")
    # What comes after two dots hangs on the empty name too.
    if not isinstance(leaf, str):
        raise text.Malformed("Start of structure or map found where not expected.")
    return leaf


def _branch(read: ReadStructure) -> Read:
    def read_branch(node: str | form.Tree) -> Params:
        if isinstance(node, str):
            if node:
                raise text.Malformed("Expected null")
            node = {}
        return read(node)

    return read_branch


def _list(member: Member, dialect: Dialect) -> Read:
    item = member.shape.member
    assert item is not None
    read_item = _value(item, dialect)
    item_name = dialect.item_name(member)

    def read_list(node: str | form.Tree) -> list[Any]:
        if item_name is not None and not isinstance(node, str):
            node = node.get(item_name, "")
        if isinstance(node, str):
            # An empty list is sent as its bare name; old clients send a list of one without a number.
            return [read_item(node)] if node else []
        return [read_item(child) for child in form.items(node)]

    return read_list


def _map(member: Member, dialect: Dialect) -> Read:
    key, value = member.shape.key, member.shape.value
    assert key is not None
    assert value is not None
    key_name, value_name = key.location_name or "key", value.location_name or "value"
    read_value = _value(value, dialect)
    structured = value.shape.type == "structure"
    entry_name = dialect.entry_name(member)

    def read_map(node: str | form.Tree) -> dict[str, Any]:
        if entry_name is not None and not isinstance(node, str):
            node = node.get(entry_name, "")
        if isinstance(node, str):
            if node:
                raise text.Malformed("Expected null")
            return {}
        entries = {}
        # Old clients, and some pages of AWS's, send a map of one entry without a number.
        for entry in [node] if key_name in node else form.items(node):
            if isinstance(entry, str) or key_name not in entry:
                raise text.Malformed("Expected null")
            name = entry[key_name]
            # A structure of which nothing is sent is an empty one, whose required members are missed.
            value_sent = entry.get(value_name, {} if structured else None)
            if value_sent is not None:
                entries[name if isinstance(name, str) else _leaf(name)] = read_value(value_sent)
        return entries

    return read_map
