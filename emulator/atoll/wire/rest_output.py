"""Writes what the rest protocols put outside of a body, and the body that is one payload. Compiled once per operation.

https://smithy.io/2.0/spec/http-bindings.html
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

from atoll.core.call import Params
from atoll.wire import header
from atoll.wire.http import Response
from atoll.wire.model import Member, Operation, Shape

Headers = list[tuple[str, str]]
Body = bytes | AsyncIterator[bytes]
WriteBody = Callable[[Any], bytes]
Render = Callable[[Params, Headers], Response]
"""Makes the response to a result; the headers given are those that every response has."""


def compile_headers(shape: Shape) -> dict[str, header.Write]:
    """What writes the members that are headers, by their names."""
    writers = {}
    for name, member in shape.members.items():
        if member.location == "header":
            writers[name] = header.header(member)
        elif member.location == "headers":
            writers[name] = header.prefixed(member)
    return writers


def compile_render(
    operation: Operation,
    content_type: str,
    write_members: Callable[[Shape], WriteBody],
    write_payload: Callable[[Member], WriteBody],
) -> Render:
    """What makes an operation's response. `write_members` and `write_payload` write bodies in the protocol's format."""
    shape = operation.output
    if shape is None:
        return lambda result, headers: Response(operation.status, headers)
    headers_of = compile_headers(shape)
    status_name = next((name for name, member in shape.members.items() if member.location == "statusCode"), None)
    body_of = _compile_body(shape, content_type, write_members, write_payload)

    def render(result: Params, headers: Headers) -> Response:
        for name, value in result.items():
            if value is not None and name in headers_of:
                headers_of[name](value, headers)
        status = operation.status
        if status_name is not None:
            status = result.get(status_name) or status
        return Response(status, headers, body_of(result, headers))

    return render


def _compile_body(
    shape: Shape,
    content_type: str,
    write_members: Callable[[Shape], WriteBody],
    write_payload: Callable[[Member], WriteBody],
) -> Callable[[Params, Headers], Body]:
    if shape.payload is not None:
        return _payload(shape, shape.members[shape.payload], content_type, write_payload)
    if shape.members and not any(member.in_response_body for member in shape.members.values()):
        return lambda result, headers: b""
    write = write_members(shape)

    def write_body(result: Params, headers: Headers) -> bytes:
        headers.append(("Content-Type", content_type))
        return write(result)

    return write_body


def _payload(
    shape: Shape, member: Member, content_type: str, write_payload: Callable[[Member], WriteBody]
) -> Callable[[Params, Headers], Body]:
    name, kind = member.name, member.shape.type
    raw = kind == "blob" or member.shape.eventstream
    write: Callable[[Any], Body]
    if raw:
        content_type, write = "application/octet-stream", _as_it_is
    elif kind == "string":
        content_type, write = "text/plain", str.encode
    else:
        write = write_payload(member)
    # Where the result itself may say what the payload is (S3's objects), silence is kept too.
    said = any(
        other.location == "header" and other.wire_name.lower() == "content-type" for other in shape.members.values()
    )

    def write_body(result: Params, headers: Headers) -> Body:
        value = result.get(name)
        if value is None:
            return b""
        if not said:
            headers.append(("Content-Type", content_type))
        return write(value)

    return write_body


def _as_it_is(value: Body) -> Body:
    return value
