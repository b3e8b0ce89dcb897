"""The query protocol: a form in, XML out (SNS, STS, IAM; SQS by its overlay).

https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
"""

from __future__ import annotations

from collections.abc import Callable

from atoll.core.call import Params
from atoll.core.errors import AwsError
from atoll.wire import fault, form, form_input, xml_output
from atoll.wire.http import Request, Response
from atoll.wire.model import Member, Operation, Service
from atoll.wire.text import Malformed
from atoll.wire.xml_output import escape

Parse = Callable[[Request], Params]
Render = Callable[[Params, str], bytes]


class _Dialect:
    name = "query"

    def names(self, member: Member) -> tuple[str, ...]:
        if not member.flattened:
            return (member.wire_name,)
        # Some SDKs send a flattened list or map under its own name, and a list under its items'.
        item = member.shape.member
        names = (member.wire_name, member.name, item.location_name if item is not None else None)
        return tuple(dict.fromkeys(filter(None, names)))

    def item_name(self, member: Member) -> str | None:
        item = member.shape.member
        return None if member.flattened or item is None else item.location_name or "member"

    def entry_name(self, member: Member) -> str | None:
        return None if member.flattened else "entry"


class QueryCodec:
    """`dialect` is how a form names members. EC2's codec is this one with a dialect, renderer and errors of its own."""

    dialect: form_input.Dialect = _Dialect()
    malformed = "MalformedInput"
    content_type = "text/xml"

    def __init__(self) -> None:
        self._parse_key = f"{self.dialect.name}.parse"
        self._render_key = f"{self.dialect.name}.render"

    def parse(self, request: Request, operation: Operation) -> Params:
        parse: Parse | None = operation.compiled.get(self._parse_key)
        if parse is None:
            parse = operation.compiled[self._parse_key] = self._compile_parser(operation)
        try:
            return parse(request)
        except form.BadSyntax as error:
            raise AwsError("MalformedQueryString", str(error), status=404) from error
        except Malformed as error:
            raise AwsError(self.malformed, str(error)) from error

    def render(self, operation: Operation, result: Params, request_id: str) -> Response:
        render: Render | None = operation.compiled.get(self._render_key)
        if render is None:
            render = operation.compiled[self._render_key] = self._compile_renderer(operation)
        return self._response(operation.status, render(result, request_id), request_id)

    def render_error(self, service: Service, operation: Operation | None, error: AwsError, request_id: str) -> Response:
        service = service.view(self.dialect.name)
        wire = fault.of(service, error)
        members = xml_output.content(wire.shape)(wire.members) if wire.shape and wire.members else ""
        body = self._error(service, wire, members, request_id)
        return self._response(wire.status, body.encode(), request_id)

    def _response(self, status: int, body: bytes, request_id: str) -> Response:
        return Response(status, [("Content-Type", self.content_type), ("x-amzn-RequestId", request_id)], body)

    def _compile_parser(self, operation: Operation) -> Parse:
        shape = operation.view(self.dialect.name).input
        if shape is None or not shape.members:
            return lambda request: {}
        read = form_input.structure(shape, self.dialect)

        def parse(request: Request) -> Params:
            return read(form.tree(form.text_of(request)))

        return parse

    def _compile_renderer(self, operation: Operation) -> Render:
        operation = operation.view("query")
        name, namespace, output = operation.name, escape(operation.service.xml_namespace), operation.output
        opening = f'<?xml version="1.0"?>\n<{name}Response xmlns="{namespace}">'
        closing = f"</RequestId></ResponseMetadata></{name}Response>\n"
        if output is None:
            return lambda result, request_id: f"{opening}<ResponseMetadata><RequestId>{request_id}{closing}".encode()
        wrapper = operation.result_wrapper
        if wrapper is not None:
            opening, middle = f"{opening}<{wrapper}>", f"</{wrapper}><ResponseMetadata><RequestId>"
        else:
            middle = "<ResponseMetadata><RequestId>"
        write = xml_output.content(output)
        return lambda result, request_id: f"{opening}{write(result)}{middle}{request_id}{closing}".encode()

    def _error(self, service: Service, wire: fault.WireError, members: str, request_id: str) -> str:
        namespace = f' xmlns="{escape(service.xml_namespace)}"' if service.xml_namespace else ""
        return (
            f'<?xml version="1.0"?>\n<ErrorResponse{namespace}><Error><Type>{wire.fault}</Type>'
            f"<Code>{escape(wire.code)}</Code><Message>{escape(wire.message)}</Message>{members}</Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>\n"
        )
