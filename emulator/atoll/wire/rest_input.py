"""Reads what the rest protocols put outside of a body: path labels, the query, headers, labels of the Host.

Compiled once per operation into a few steps, each of which fills in what it finds.

https://smithy.io/2.0/spec/http-bindings.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_to_bytes

from atoll.core.call import Params
from atoll.core.errors import AwsError
from atoll.core.ids import uuid4
from atoll.wire import form, header, text
from atoll.wire.http import Request
from atoll.wire.model import Member, Operation, Shape
from atoll.wire.text import Malformed

Step = Callable[[Request, Params], None]

_LABEL = re.compile(r"\{([^}]+?)(\+?)\}")


def compile_steps(operation: Operation, shape: Shape) -> list[Step]:
    """The steps that read `operation`'s input, less its body."""
    located: dict[str, list[Member]] = {}
    for member in shape.members.values():
        located.setdefault(member.location, []).append(member)
    steps = []
    if "uri" in located:
        steps.append(_labels(operation.uri, located["uri"]))
    if "querystring" in located:
        steps.append(_query(operation, located["querystring"]))
    if "header" in located:
        steps.append(_headers(located["header"]))
    steps.extend(_header_map(member) for member in located.get("headers", ()))
    if "{" in operation.host_prefix:
        steps.append(_host_labels(operation.host_prefix, shape))
    tokens = [member.name for member in shape.members.values() if member.idempotency_token and member.location]
    if tokens:
        steps.append(_tokens(tokens))
    return steps


def path_pattern(uri: str) -> re.Pattern[str]:
    """What a path must look like to be of the pattern `uri`. Groups are the labels, in order.

    A label is a segment, a greedy one any number of them. A last slash is not heeded, as S3 does (`/bucket/`).
    """
    pattern, end = "", 0
    for match in _LABEL.finditer(uri):
        pattern += re.escape(uri[end : match.start()]) + ("(.+)" if match[2] else "([^/]+)")
        end = match.end()
    pattern += re.escape(uri[end:])
    return re.compile(pattern if pattern.endswith(("(.+)", "/")) else pattern + "/?", re.DOTALL)


def _labels(uri: str, members: list[Member]) -> Step:
    match_path = path_pattern(uri).fullmatch
    by_label = {member.wire_name: (member.name, text.reader(member)) for member in members}
    labels = [by_label.get(match[1]) for match in _LABEL.finditer(uri)]

    def read(request: Request, params: Params) -> None:
        match = match_path(request.path)
        if match is None:
            raise AwsError("UnknownOperationException", status=404)
        for label, value in zip(labels, match.groups(), strict=True):
            if label is not None:
                name, read_text = label
                params[name] = read_text(_unquote(value) if "%" in value else value)

    return read


def _unquote(value: str) -> str:
    try:
        return unquote_to_bytes(value).decode()
    except UnicodeDecodeError:
        raise Malformed("Couldn't parse the specified URI.") from None


def _query(operation: Operation, members: list[Member]) -> Step:
    fixed = {name for name, _ in operation.uri_query}
    scalars: dict[str, tuple[str, text.ReadText]] = {}
    lists: dict[str, tuple[str, text.ReadText]] = {}
    maps: list[tuple[str, text.ReadText | None]] = []
    for member in members:
        kind = member.shape.type
        if kind == "map":
            value = member.shape.value
            assert value is not None
            maps.append((member.name, None if value.shape.type == "list" else text.reader(value)))
        elif kind == "list":
            item = member.shape.member
            assert item is not None
            lists[member.wire_name] = member.name, text.reader(item)
        else:
            scalars[member.wire_name] = member.name, text.reader(member)

    def read(request: Request, params: Params) -> None:
        if not request.query:
            return
        rest: dict[str, list[str]] = {}
        for key, value in form.fields(request.query):
            if key in scalars:
                name, read_text = scalars[key]
                if name not in params:
                    params[name] = read_text(value)
            elif key in lists:
                name, read_text = lists[key]
                params.setdefault(name, []).append(read_text(value))
            elif maps and key not in fixed:
                rest.setdefault(key, []).append(value)
        for name, read_one in maps:
            if rest:
                params[name] = rest if read_one is None else {key: read_one(values[0]) for key, values in rest.items()}

    return read


def _headers(members: list[Member]) -> Step:
    slots = [(member.wire_name.lower(), member.name, header.reader(member)) for member in members]

    def read(request: Request, params: Params) -> None:
        headers = request.headers
        for key, name, read_text in slots:
            value = headers.get(key)
            if value is not None:
                params[name] = read_text(value)

    return read


def _header_map(member: Member) -> Step:
    name, prefix = member.name, (member.location_name or "").lower()

    def read(request: Request, params: Params) -> None:
        found = {key[len(prefix) :]: value for key, value in request.headers.items() if key.startswith(prefix)}
        if found:
            params[name] = found

    return read


def _host_labels(host_prefix: str, shape: Shape) -> Step:
    """Members that only the Host names, from clients that do not send them elsewhere too."""
    names = [match[1] for match in _LABEL.finditer(host_prefix)]
    pattern = "".join(
        "([^.:/]+)" if index % 3 == 1 else re.escape(part)
        for index, part in enumerate(_LABEL.split(host_prefix))
        if index % 3 != 2
    )
    match_host = re.compile(pattern).match

    def read(request: Request, params: Params) -> None:
        if all(name in params for name in names):
            return
        match = match_host(request.headers.get("host", ""))
        for name, value in zip(names, match.groups() if match else (), strict=False):
            if name in shape.members:
                params.setdefault(name, value)

    return read


def _tokens(names: list[str]) -> Step:
    def read(request: Request, params: Params) -> None:
        for name in names:
            params.setdefault(name, uuid4())

    return read


def body_members(shape: Shape) -> list[Member]:
    """A structure's members that lie in the body."""
    return [member for member in shape.members.values() if not member.location]


ReadBody = Callable[[bytes], Any]


def compile_body(shape: Shape, read_members: ReadBody, read_payload: Callable[[Member], ReadBody]) -> Step | None:
    """The step that reads a body: its one payload as bytes, text, or by `read_payload`; or all of its members."""
    if shape.payload is not None:
        return _payload(shape.members[shape.payload], read_payload)
    if not body_members(shape):
        return None

    def read(request: Request, params: Params) -> None:
        body = form.whole_body(request)
        params.update(read_members(body))

    return read


def _payload(member: Member, read_payload: Callable[[Member], ReadBody]) -> Step:
    name, kind = member.name, member.shape.type
    if kind == "blob" or member.shape.eventstream:
        streaming = member.streaming

        def read_raw(request: Request, params: Params) -> None:
            body: Any = request.body
            if body or streaming:
                params[name] = body

        return read_raw
    if kind == "string":

        def read_text(request: Request, params: Params) -> None:
            body = form.whole_body(request)
            if body:
                try:
                    params[name] = body.decode()
                except UnicodeDecodeError:
                    raise Malformed from None

        return read_text
    read_value = read_payload(member)

    def read_document(request: Request, params: Params) -> None:
        body = form.whole_body(request)
        if body:
            params[name] = read_value(body)

    return read_document
