"""Reads YAML as Kubernetes takes it, and not more of it than JSON can say, from whoever wrote it.

What is read is bounded while it is read, since a few lines may stand for billions of values, and a few bytes may nest
deeper than the machine's stack: libyaml says what stands in the text, and what it means is put together here.

https://yaml.org/spec/1.1/ https://pkg.go.dev/sigs.k8s.io/yaml
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import yaml
from yaml.composer import Composer
from yaml.constructor import ConstructorError, SafeConstructor
from yaml.resolver import Resolver

from atoll.manifests.problems import shown

DEEPEST: Final = 64
"""Values within values."""
MOST_VALUES: Final = 1_000_000
"""In one document, those behind aliases and merges counted each time."""
_LONGEST_NUMBER: Final = 64
"""Characters. Sixty-four bits take no more in any of YAML's ways to write them, and longer ones cost much to read."""

_MERGE: Final = "tag:yaml.org,2002:merge"
_INT: Final = "tag:yaml.org,2002:int"
_FLOAT: Final = "tag:yaml.org,2002:float"
_TIMESTAMP: Final = "tag:yaml.org,2002:timestamp"
_PLAIN: Final = {
    _INT: re.compile(r"[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0[0-7_]*|[1-9][0-9_]*)$"),
    _FLOAT: re.compile(
        r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[0-9][0-9_]*[eE][-+]?[0-9]+"
        r"|\.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?|\.(?:inf|Inf|INF))$|\.(?:nan|NaN|NAN)$"
    ),
}
"""Numbers as they are, and not in sixties as YAML 1.1 has `1:20` too, which Kubernetes takes for a text."""

if hasattr(yaml, "CSafeLoader"):
    from yaml.cyaml import CParser as _Events  # type: ignore[attr-defined]
else:
    from yaml.parser import Parser
    from yaml.reader import Reader
    from yaml.scanner import Scanner

    class _Events(Reader, Scanner, Parser):  # type: ignore[no-redef]
        """The same without libyaml."""

        def __init__(self, stream: Any) -> None:
            Reader.__init__(self, stream)
            Scanner.__init__(self)
            Parser.__init__(self)


def load_documents(text: str) -> Iterator[Any]:
    """Raises YAMLError, RecursionError."""
    loader: Any = Loader
    yield from yaml.load_all(text, Loader=loader)


class Loader(Composer, _Events, SafeConstructor, Resolver):
    def __init__(self, text: str) -> None:
        _Events.__init__(self, text)
        Composer.__init__(self)
        SafeConstructor.__init__(self)
        Resolver.__init__(self)
        self._depth = 0
        self._values = 0
        self._flat: dict[int, yaml.Node | None] = {}
        """The mappings whose merges are in them; None while that is being done."""

    # ---- nodes

    def compose_document(self) -> Any:
        self._values = 0
        self._flat.clear()
        return super().compose_document()

    def compose_node(self, parent: Any, index: Any) -> Any:
        event: Any = self.peek_event()
        self._count(1, event)
        if self._depth > DEEPEST:
            raise ConstructorError(None, None, "it nests too deep", event.start_mark)
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def _count(self, more: int, where: Any) -> None:
        self._values += more
        if self._values > MOST_VALUES:
            raise ConstructorError(None, None, "it stands for too much", where.start_mark)

    # ---- values

    def flatten_mapping(self, node: Any) -> None:
        """Puts in what the mapping merges, once. A field that the mapping itself has twice is a mistake."""
        if id(node) in self._flat:
            if self._flat[id(node)] is None:
                raise ConstructorError(None, None, "it merges itself", node.start_mark)
            return
        self._flat[id(node)] = None
        seen: set[str] = set()
        for key, value in node.value:
            if not isinstance(key.value, str):
                raise ConstructorError(None, None, "a field's name is no text", key.start_mark)
            if key.value in seen:
                raise ConstructorError(None, None, f"{key.value} is there twice", key.start_mark)
            seen.add(key.value)
            if key.tag == _MERGE:
                for merged in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                    if isinstance(merged, yaml.MappingNode):
                        self.flatten_mapping(merged)
                        self._count(len(merged.value), key)
        # Kept, so that its place in memory stays its own.
        self._flat[id(node)] = node
        super().flatten_mapping(node)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        if not isinstance(node, yaml.MappingNode):
            raise ConstructorError(None, None, "it is no mapping", node.start_mark)
        self.flatten_mapping(node)
        return {key.value: self.construct_object(value, deep=deep) for key, value in node.value}


def _number(read: Callable[[Any, Any], Any], kind: str) -> Callable[[Any, Any], Any]:
    def construct(loader: Any, node: Any) -> Any:
        text = loader.construct_scalar(node)
        try:
            if len(text) > _LONGEST_NUMBER:
                raise ValueError
            value = read(loader, node)
            # JSON has no infinities, and what is no number is not even itself.
            if value != value or abs(value) >= (2**64 if kind == "integer" else float("inf")):
                raise ValueError
        except (ValueError, IndexError, OverflowError):
            raise ConstructorError(None, None, f"{shown(text)} is no {kind} of 64 bits", node.start_mark) from None
        return value

    return construct


def _truth(loader: Any, node: Any) -> bool:
    text = loader.construct_scalar(node)
    if text.lower() not in SafeConstructor.bool_values:
        raise ConstructorError(None, None, f"{shown(text)} is no truth value", node.start_mark)
    return SafeConstructor.bool_values[text.lower()]


_KNOWN: Final = SafeConstructor.yaml_constructors
_JSON: Final = ("null", "str", "seq", "map")
Loader.yaml_constructors = {
    **{tag: _KNOWN[tag] for tag in (None, *(f"tag:yaml.org,2002:{name}" for name in _JSON))},
    "tag:yaml.org,2002:bool": _truth,
    _INT: _number(SafeConstructor.construct_yaml_int, "integer"),
    _FLOAT: _number(SafeConstructor.construct_yaml_float, "number"),
}
Loader.yaml_implicit_resolvers = {
    first: [(tag, _PLAIN.get(tag, pattern)) for tag, pattern in resolvers if tag != _TIMESTAMP]
    for first, resolvers in Resolver.yaml_implicit_resolvers.items()
}


def check_size(body: Any) -> None:
    """Of what JSON can say. Raises ValueError where it nests too deep or stands for too much, aliases followed."""
    level, count = [body], 0
    for _ in range(DEEPEST):
        below: list[Any] = []
        for node in level:
            children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
            count += len(children)
            if count > MOST_VALUES:
                raise ValueError("it stands for too much")
            below.extend(children)
        if not below:
            return
        level = below
    raise ValueError("it nests too deep")
