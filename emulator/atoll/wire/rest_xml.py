"""The rest-xml protocol: resources, with XML bodies (S3).

https://smithy.io/2.0/aws/protocols/aws-restxml-protocol.html
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable

from atoll.core.call import Params
from atoll.core.errors import AwsError
from atoll.wire import fault, rest_input, rest_output, xml_input, xml_output
from atoll.wire.http import Request, Response
from atoll.wire.model import Member, Operation, Service, Shape, XmlNamespace
from atoll.wire.text import Malformed
from atoll.wire.xml_output import DECLARATION, escape

_CONTENT_TYPE = "application/xml"
_MALFORMED = "The XML you provided was not well-formed or did not validate against our published schema"


def _read_members(shape: Shape) -> rest_input.ReadBody:
    read = xml_input.document(shape)
    return lambda body: read(xml_input.parse(body)) if body else {}


def _read_payload(member: Member) -> rest_input.ReadBody:
    read = xml_input.document(member.shape)
    return lambda body: read(xml_input.parse(body))


def _compile_steps(operation: Operation) -> list[rest_input.Step]:
    shape = operation.view("rest-xml").input
    if shape is None:
        return []
    steps = rest_input.compile_steps(operation, shape)
    body = rest_input.compile_body(shape, _read_members(shape), _read_payload)
    return [*steps, body] if body else steps


def _compile_renderer(operation: Operation) -> rest_output.Render:
    operation = operation.view("rest-xml")
    service = operation.service.xml_namespace
    namespace = XmlNamespace(service) if service else None

    def write_members(shape: Shape) -> rest_output.WriteBody:
        name = shape.location_name or shape.name
        write = xml_output.structure(shape, name, shape.xml_namespace or namespace)
        return lambda value: f"{DECLARATION}{write(value)}".encode()

    def write_payload(member: Member) -> rest_output.WriteBody:
        write = xml_output.element(
            member, member.location_name or member.shape.location_name or member.shape.name, namespace
        )
        return lambda value: f"{DECLARATION}{write(value)}".encode()

    return rest_output.compile_render(operation, _CONTENT_TYPE, write_members, write_payload)


class RestXmlCodec:
    def parse(self, request: Request, operation: Operation) -> Params:
        steps: list[Callable[[Request, Params], None]] | None = operation.compiled.get("rest-xml.parse")
        if steps is None:
            steps = operation.compiled["rest-xml.parse"] = _compile_steps(operation)
        params: Params = {}
        try:
            for step in steps:
                step(request, params)
        except xml_input.BadXml as error:
            raise AwsError("MalformedXML", _MALFORMED) from error
        except Malformed as error:
            raise AwsError("InvalidArgument", str(error)) from error
        return params

    def render(self, operation: Operation, result: Params, request_id: str) -> Response:
        render: rest_output.Render | None = operation.compiled.get("rest-xml.render")
        if render is None:
            render = operation.compiled["rest-xml.render"] = _compile_renderer(operation)
        return render(result, _request_headers(operation.service, request_id))

    def render_error(self, service: Service, operation: Operation | None, error: AwsError, request_id: str) -> Response:
        service = service.view("rest-xml")
        wire = fault.of(service, error)
        headers = _request_headers(service, request_id)
        members = _error_members(wire, headers)
        if service.bare_errors:
            body = (
                f"<Error><Code>{escape(wire.code)}</Code><Message>{escape(wire.message)}</Message>{members}"
                f"<RequestId>{request_id}</RequestId><HostId>{host_id(request_id)}</HostId></Error>"
            )
        else:
            namespace = f' xmlns="{escape(service.xml_namespace)}"' if service.xml_namespace else ""
            body = (
                f"<ErrorResponse{namespace}><Error><Type>{wire.fault}</Type><Code>{escape(wire.code)}</Code>"
                f"<Message>{escape(wire.message)}</Message>{members}</Error>"
                f"<RequestId>{request_id}</RequestId></ErrorResponse>"
            )
        headers.append(("Content-Type", _CONTENT_TYPE))
        return Response(wire.status, headers, (DECLARATION + body).encode())


def _error_members(wire: fault.WireError, headers: rest_output.Headers) -> str:
    """The further members of an error: S3 has some that its model does not name (`BucketName`, `Resource`)."""
    known = wire.shape.members if wire.shape else {}
    written = xml_output.content(wire.shape)(wire.members) if wire.shape else ""
    for name, value in wire.members.items():
        if name not in known:
            written += f"<{name}>{escape(str(value))}</{name}>"
    if wire.shape is not None:
        for name, write in rest_output.compile_headers(wire.shape).items():
            if name in wire.members:
                write(wire.members[name], headers)
    return written


def _request_headers(service: Service, request_id: str) -> rest_output.Headers:
    if service.signing_name == "s3":
        return [("x-amz-request-id", request_id), ("x-amz-id-2", host_id(request_id))]
    return [("x-amzn-RequestId", request_id)]


def host_id(request_id: str) -> str:
    """What S3 calls the host that answered: opaque, here derived from the request's id."""
    return b64encode(hashlib.sha384(request_id.encode()).digest()).decode()
