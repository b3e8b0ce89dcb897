"""Which operation of a rest service a request means: one matcher a service, compiled from the model's URIs.

The paths are a tree of segments. The most specific one wins: at each segment a literal before a label, a label before
a greedy one. Operations of one method and path are told apart by what the model fixes in the query (`?acl`,
`list-type=2`), and where that is not enough (S3) by the members that they require in query and headers.

https://smithy.io/2.0/spec/http-bindings.html#http-uri
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from urllib.parse import unquote, unquote_plus

from atoll.wire.model import Operation, Service

_LABEL = re.compile(r"\{([^}+]+)(\+?)\}")
_NAMED = "x-id"
"""Newer SDKs send the operation's name by it; others leave it out."""

Match = tuple[Operation, dict[str, str]]


class _Route:
    """An operation, by what it asks of the query and the headers besides its path."""

    __slots__ = ("labels", "operation", "query", "required_headers", "required_query")

    def __init__(self, operation: Operation) -> None:
        self.operation = operation
        self.labels = tuple(label[1] for label in _LABEL.finditer(operation.uri))
        self.query = tuple((key, value) for key, value in operation.uri_query if key != _NAMED)
        self.required_query = _required(operation, "querystring")
        self.required_headers = frozenset(name.lower() for name in _required(operation, "header"))

    def is_fixed_by(self, query: Mapping[str, str]) -> bool:
        """Whether the query has what the model fixes."""
        return all(key in query and value in (None, query[key]) for key, value in self.query)

    def is_satisfied(self, query: Container[str], headers: Container[str]) -> bool:
        for name in self.required_query:
            if name not in query:
                return False
        return not self.required_headers or all(name in headers for name in self.required_headers)

    def specificity(self) -> tuple[int, int, bool]:
        required = len(self.required_query) + len(self.required_headers)
        # S3 has two operations each for a bucket's lifecycle and notifications, the older ones deprecated.
        return len(self.query), required, not self.operation.deprecated


class _End:
    """The routes of one method and path, those that ask for the most first: `plain` ones, and by the first field that
    the model fixes in their query."""

    __slots__ = ("by_field", "plain")

    def __init__(self) -> None:
        self.plain: list[_Route] = []
        self.by_field: dict[str, list[_Route]] = {}

    def add(self, route: _Route) -> None:
        routes = self.by_field.setdefault(route.query[0][0], []) if route.query else self.plain
        routes.append(route)
        routes.sort(key=_Route.specificity, reverse=True)

    def choose(self, query: Mapping[str, str], headers: Container[str]) -> _Route | None:
        """The route that is meant."""
        routes = self.plain
        if query and self.by_field:
            fixed = [route for field in query for route in self.by_field.get(field, ()) if route.is_fixed_by(query)]
            routes = fixed or routes
        if len(routes) <= 1:
            # What it lacks of what is required, its validation says.
            return routes[0] if routes else None
        name = query.get(_NAMED)
        if name is not None:
            for route in routes:
                if route.operation.name == name:
                    return route
        for route in routes:
            if route.is_satisfied(query, headers):
                return route
        return routes[-1]


class _Node:
    """A segment of the paths. `label` and `greedy` lead on where a label stands here; `ends` are, by method, those of
    the paths that end here."""

    __slots__ = ("ends", "greedy", "label", "literals", "tails")

    def __init__(self) -> None:
        self.literals: dict[str, _Node] = {}
        self.label: _Node | None = None
        self.greedy: _Node | None = None
        self.ends: dict[str, _End] = {}
        self.tails: list[tuple[list[str], _Node]] | None = None


class Router:
    """The routes of one service."""

    def __init__(self, service: Service) -> None:
        self._root = _Node()
        for operation in service.operations.values():
            self._add(operation)

    def match(self, method: str, path: str, query: str, headers: Container[str] = ()) -> Match | None:
        """The operation and its labels, decoded; None where no route leads there.

        `path` and `query` are as they were sent; of `headers` only the names count, in lower case. A last slash is not
        heeded, except as part of a greedy label.
        """
        segments = path.split("/")[1:]
        slash = bool(segments) and not segments[-1]
        if slash:
            segments.pop()
        found = _find(self._root, segments, 0, _Asked(method, _fields(query) if query else {}, headers, slash))
        if found is None:
            return None
        route, values = found
        labels = {}
        for name, value in zip(route.labels, values, strict=True):
            labels[name] = unquote(value) if "%" in value else value
        return route.operation, labels

    def _add(self, operation: Operation) -> None:
        node = self._root
        for segment in operation.uri.strip("/").split("/"):
            label = _LABEL.fullmatch(segment)
            if label is None:
                if segment:
                    node = node.literals.setdefault(segment, _Node())
            elif label[2]:
                node.greedy = node = node.greedy or _Node()
            else:
                node.label = node = node.label or _Node()
        node.ends.setdefault(operation.method, _End()).add(_Route(operation))


def _required(operation: Operation, location: str) -> tuple[str, ...]:
    shape = operation.input
    if shape is None:
        return ()
    return tuple(
        member.wire_name
        for name, member in shape.members.items()
        if member.location == location and name in shape.required
    )


class _Asked:
    """What a request has besides its path's segments; `slash` says whether a last slash was cut off."""

    __slots__ = ("headers", "method", "query", "slash")

    def __init__(self, method: str, query: Mapping[str, str], headers: Container[str], slash: bool) -> None:
        self.method = method
        self.query = query
        self.headers = headers
        self.slash = slash


def _find(node: _Node, segments: list[str], at: int, asked: _Asked) -> tuple[_Route, tuple[str, ...]] | None:
    """The most specific route for the path from segment `at` on, and its labels as they were sent."""
    if at == len(segments):
        return _end(node, (), asked)
    segment = segments[at]
    literal = node.literals.get(segment)
    if literal is None and "%" in segment:
        literal = node.literals.get(unquote(segment))
    if literal is not None:
        found = _find(literal, segments, at + 1, asked)
        if found is not None:
            return found
    if node.label is not None and segment:
        found = _find(node.label, segments, at + 1, asked)
        if found is not None:
            return found[0], (segment, *found[1])
    return None if node.greedy is None else _find_greedy(node.greedy, segments, at, asked)


def _end(node: _Node, values: tuple[str, ...], asked: _Asked) -> tuple[_Route, tuple[str, ...]] | None:
    end = node.ends.get(asked.method)
    route = None if end is None else end.choose(asked.query, asked.headers)
    return None if route is None else (route, values)


def _find_greedy(node: _Node, segments: list[str], at: int, asked: _Asked) -> tuple[_Route, tuple[str, ...]] | None:
    """A greedy label takes all segments but those of the literals that follow it in the model."""
    for tail, below in _tails(node):
        size = len(tail)
        if size and (len(segments) - at <= size or segments[-size:] != tail):
            continue
        taken = "/".join(segments[at : len(segments) - size]) + ("/" if asked.slash and not size else "")
        found = _end(below, (taken,), asked)
        if found is not None:
            return found
    return None


def _tails(node: _Node) -> list[tuple[list[str], _Node]]:
    """The literals that may follow a greedy label, the longest first, and then nothing."""
    if node.tails is None:
        longer = [([segment, *tail], last) for segment, below in node.literals.items() for tail, last in _tails(below)]
        node.tails = sorted([*longer, ([], node)], key=lambda each: -len(each[0]))
    return node.tails


def _fields(query: str) -> dict[str, str]:
    """Of fields with one name the first counts."""
    fields: dict[str, str] = {}
    for field in query.split("&"):
        name, _, value = field.partition("=")
        fields.setdefault(unquote_plus(name), unquote_plus(value))
    return fields
