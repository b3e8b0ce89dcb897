"""The json protocol, 1.0 and 1.1: an object in, an object out (SQS, KMS, Secrets Manager).

https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html
https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#aws-protocols-awsquerycompatible-trait
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from atoll.core.call import Params
from atoll.core.errors import AwsError
from atoll.wire import fault, json_input, json_output
from atoll.wire.form import whole_body
from atoll.wire.http import Request, Response
from atoll.wire.model import Operation, Service
from atoll.wire.text import Malformed

Parse = Callable[[bytes], Params]
Render = Callable[[Params], bytes]


def _compile_parser(operation: Operation) -> Parse:
    shape = operation.view("json").input
    if shape is None:
        return lambda body: {}
    return json_input.reader(shape)


def _compile_renderer(operation: Operation) -> tuple[str, Render]:
    operation = operation.view("json")
    shape = operation.output
    return content_type(operation.service), (lambda result: b"{}") if shape is None else json_output.writer(shape)


def content_type(service: Service) -> str:
    return f"application/x-amz-json-{service.json_version}"


class JsonCodec:
    def parse(self, request: Request, operation: Operation) -> Params:
        parse: Parse | None = operation.compiled.get("json.parse")
        if parse is None:
            parse = operation.compiled["json.parse"] = _compile_parser(operation)
        try:
            return parse(whole_body(request))
        except Malformed as error:
            raise AwsError("SerializationException", str(error)) from error

    def render(self, operation: Operation, result: Params, request_id: str) -> Response:
        compiled: tuple[str, Render] | None = operation.compiled.get("json.render")
        if compiled is None:
            compiled = operation.compiled["json.render"] = _compile_renderer(operation)
        kind, render = compiled
        return Response(operation.status, [("Content-Type", kind), ("x-amzn-RequestId", request_id)], render(result))

    def render_error(self, service: Service, operation: Operation | None, error: AwsError, request_id: str) -> Response:
        service = service.view("json")
        wire = fault.of(service, error)
        kind, query_code = _names(service, wire)
        body: dict[str, Any] = {"__type": kind}
        if wire.message:
            body[fault.message_name(wire.shape)] = wire.message
        if wire.shape is not None:
            body.update(json_output.structure(wire.shape)(wire.members))
        headers = [("Content-Type", content_type(service)), ("x-amzn-RequestId", request_id)]
        if service.query_compatible:
            headers.append(("x-amzn-query-error", f"{query_code};{wire.fault}"))
        return Response(wire.status, headers, orjson.dumps(body))


def _names(service: Service, wire: fault.WireError) -> tuple[str, str]:
    """An error's type in the body, and its code in the query protocol."""
    namespace = service.error_namespace
    if wire.shape is not None:
        return (f"{namespace}#{wire.shape.name}" if namespace else wire.shape.name), wire.code
    common = service.common_errors.get(wire.code, {})
    kind = common.get("type", wire.code)
    return (f"com.amazon.coral.service#{kind}" if namespace else kind), common.get("queryCode", wire.code)
