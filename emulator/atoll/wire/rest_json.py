"""The rest-json protocol: resources, with JSON bodies (Lambda).

https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from atoll.core.call import Params
from atoll.core.errors import AwsError
from atoll.wire import fault, json_input, json_output, rest_input, rest_output
from atoll.wire.http import Request, Response
from atoll.wire.model import Member, Operation, Service, Shape
from atoll.wire.text import Malformed

_CONTENT_TYPE = "application/json"


def _read_members(shape: Shape) -> rest_input.ReadBody:
    read = json_input.reader(shape)
    return lambda body: read(body or b"{}")


def _read_payload(member: Member) -> rest_input.ReadBody:
    read = json_input.value_of(member)

    def read_body(body: bytes) -> Any:
        value = json_input.loads(body)
        json_input.check_depth(value)
        return read(value)

    return read_body


def _write_payload(member: Member) -> rest_output.WriteBody:
    convert = json_output.value_of(member)
    return orjson.dumps if convert is None else lambda value: orjson.dumps(convert(value))


def _compile_steps(operation: Operation) -> list[rest_input.Step]:
    shape = operation.view("rest-json").input
    if shape is None:
        return []
    steps = rest_input.compile_steps(operation, shape)
    body = rest_input.compile_body(shape, _read_members(shape), _read_payload)
    return [*steps, body] if body else steps


class RestJsonCodec:
    def parse(self, request: Request, operation: Operation) -> Params:
        steps: list[Callable[[Request, Params], None]] | None = operation.compiled.get("rest-json.parse")
        if steps is None:
            steps = operation.compiled["rest-json.parse"] = _compile_steps(operation)
        params: Params = {}
        try:
            for step in steps:
                step(request, params)
        except Malformed as error:
            raise AwsError("SerializationException", str(error)) from error
        return params

    def render(self, operation: Operation, result: Params, request_id: str) -> Response:
        render: rest_output.Render | None = operation.compiled.get("rest-json.render")
        if render is None:
            render = operation.compiled["rest-json.render"] = rest_output.compile_render(
                operation.view("rest-json"), _CONTENT_TYPE, json_output.writer, _write_payload
            )
        return render(result, [("x-amzn-RequestId", request_id)])

    def render_error(self, service: Service, operation: Operation | None, error: AwsError, request_id: str) -> Response:
        wire = fault.of(service.view("rest-json"), error)
        headers = [
            ("Content-Type", _CONTENT_TYPE),
            ("x-amzn-RequestId", request_id),
            ("x-amzn-ErrorType", wire.shape.name if wire.shape else wire.code),
        ]
        body: dict[str, Any] = {}
        if wire.message:
            body[fault.message_name(wire.shape)] = wire.message
        if wire.shape is not None:
            body.update(json_output.structure(wire.shape)(wire.members))
            for name, write in rest_output.compile_headers(wire.shape).items():
                if name in wire.members:
                    write(wire.members[name], headers)
        return Response(wire.status, headers, orjson.dumps(body))
