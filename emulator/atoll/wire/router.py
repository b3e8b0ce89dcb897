"""Which operation of a rest service a path means: one matcher a service, compiled from the model's URIs.

The most specific route wins: literal segments before labels, labels before greedy ones, more discriminators in the
query before fewer.
https://smithy.io/2.0/spec/http-bindings.html#http-uri
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote

from atoll.wire.model import Operation, Service

_LABEL = re.compile(r"\{([^}+]+)(\+?)\}")
_OPTIONAL_QUERY = "x-id"
"""SDKs send it to name the operation; older ones and other clients leave it out."""


class _Route(NamedTuple):
    operation: Operation
    pattern: re.Pattern[str]
    query: tuple[tuple[str, str | None], ...]
    required: frozenset[str]
    """Names of the query's required members, and of required headers' none: S3 tells operations apart by them."""
    rank: tuple[int, ...]


class Router:
    def __init__(self, service: Service) -> None:
        self._by_method: dict[str, list[_Route]] = {}
        for operation in service.operations.values():
            route = _compile(operation)
            self._by_method.setdefault(operation.method, []).append(route)
        for routes in self._by_method.values():
            routes.sort(key=lambda route: route.rank)

    def match(self, method: str, path: str, query: str) -> tuple[Operation, dict[str, str]] | None:
        """The operation and its labels, decoded; None where no route leads there. `path` and `query` are as sent."""
        given = dict(parse_qsl(query, keep_blank_values=True, max_num_fields=None)) if query else {}
        for route in self._by_method.get("GET" if method == "HEAD" and "HEAD" not in self._by_method else method, ()):
            if all(key in given and value in (None, given[key]) for key, value in route.query) and (
                route.required <= given.keys()
            ):
                found = route.pattern.fullmatch(path)
                if found is not None:
                    return route.operation, {name: unquote(value) for name, value in found.groupdict().items()}
        return None


def _compile(operation: Operation) -> _Route:
    query = tuple((key, value) for key, value in operation.uri_query if key != _OPTIONAL_QUERY)
    required = _required_query(operation)
    pattern, shape = [], []
    at = 0
    for number, label in enumerate(_LABEL.finditer(operation.uri)):
        literal = operation.uri[at : label.start()]
        pattern.append(re.escape(literal))
        pattern.append(f"(?P<l{number}>.+)" if label[2] else f"(?P<l{number}>[^/]+)")
        shape.append((literal.count("/"), 2 if label[2] else 1))
        at = label.end()
    rest = operation.uri[at:]
    pattern.append(re.escape(rest.rstrip("/")) + "/?")
    greedy = sum(1 for _, kind in shape if kind == 2)
    # Fewer greedy labels, more literal characters, fewer labels, more of the query fixed: the more specific first.
    literals = len(_LABEL.sub("", operation.uri))
    rank = (greedy, -literals, len(shape), -len(query) - len(required))
    return _Route(operation, _named(pattern, operation), query, required, rank)


def _named(pattern: list[str], operation: Operation) -> re.Pattern[str]:
    text = "".join(pattern)
    for number, label in enumerate(_LABEL.finditer(operation.uri)):
        text = text.replace(f"(?P<l{number}>", f"(?P<{_group(label[1])}>", 1)
    return re.compile(text, re.DOTALL)


def _group(name: str) -> str:
    return re.sub(r"\W", "_", name)


def _required_query(operation: Operation) -> frozenset[str]:
    shape = operation.input
    if shape is None:
        return frozenset()
    return frozenset(
        member.location_name or name
        for name, member in shape.members.items()
        if member.location == "querystring" and name in shape.required
    )
