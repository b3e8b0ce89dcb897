"""Forms: `application/x-www-form-urlencoded` text as a tree, by the dots in its names.

`Entries.1.Id=a` becomes `{"Entries": {"1": {"Id": "a"}}}`, so that reading a form takes time for what was sent and not
for what a model allows. A name that is both a leaf and a branch keeps its leaf under the empty name.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from urllib.parse import unquote_to_bytes

from atoll.wire.http import Request
from atoll.wire.text import Malformed

Tree = dict[str, Any]
"""Names to text or to a further tree."""

MAX_FIELDS = 25_000
"""More than a request of 1 MiB with indexed names has."""
MAX_DEPTH = 64
_LONGEST_KNOWN = 128
"""Characters of a field that is remembered."""


class BadSyntax(Malformed):
    """What was sent is not a form, or too much of one."""

    def __init__(self) -> None:
        super().__init__("The query string contains a syntax error.")


def decode(text: str) -> str:
    """`text` without its percent-encoding and with its blanks."""
    if "+" in text:
        text = text.replace("+", " ")
    if "%" in text:
        try:
            return unquote_to_bytes(text).decode()
        except UnicodeDecodeError:
            raise BadSyntax from None
    return text


def fields(text: str) -> list[tuple[str, str]]:
    """A form's names and values, in the order sent."""
    if text.count("&") >= MAX_FIELDS:
        raise BadSyntax
    return [_read_known(field) if len(field) <= _LONGEST_KNOWN else _read(field) for field in text.split("&") if field]


def _read(field: str) -> tuple[str, str]:
    name, _, value = field.partition("=")
    if "%" in field or "+" in field:
        return decode(name), decode(value)
    return name, value


_read_known = lru_cache(maxsize=4096)(_read)
"""Callers name the same actions, versions and ARNs again and again."""


def whole_body(request: Request) -> bytes:
    """The body of a request that is not streamed."""
    body = request.body
    if isinstance(body, bytes):
        return body
    raise TypeError(f"{request.method} {request.path}: its body was to be read whole")


def text_of(request: Request) -> str:
    """The form that a request carries: in its body, in its query (a GET, a presigned URL), or in both."""
    try:
        body = whole_body(request).decode()
    except UnicodeDecodeError:
        raise BadSyntax from None
    query = request.query
    return f"{body}&{query}" if body and query else body or query


def tree(text: str) -> Tree:
    """A form as a tree. Of fields with one name the first counts."""
    root: Tree = {}
    for name, value in fields(text):
        if "." not in name:
            if root.setdefault(name, value) is not value:
                _put(root, name, value)
            continue
        *path, leaf = name.split(".", MAX_DEPTH)
        if "." in leaf:
            raise BadSyntax
        node = root
        for part in path:
            child = node.get(part)
            if child is None:
                child = node[part] = {}
            elif isinstance(child, str):
                child = node[part] = {"": child}
            node = child
        _put(node, leaf, value)
    return root


def _put(node: Tree, name: str, value: str) -> None:
    there = node.setdefault(name, value)
    if isinstance(there, dict):
        there.setdefault("", value)


def items(node: Tree) -> list[Any]:
    """What hangs on a list's numbered branches, in the order of the numbers, whatever gaps there are."""
    if len(node) == 1:
        return [item for index, item in node.items() if index.isdecimal()]
    numbered = [(int(index), item) for index, item in node.items() if index.isdecimal() and len(index) < 10]
    numbered.sort(key=_index)
    return [item for _, item in numbered]


def _index(pair: tuple[int, Any]) -> int:
    return pair[0]
