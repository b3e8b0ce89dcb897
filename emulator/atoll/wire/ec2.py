"""EC2's protocol: the query protocol with names, lists and errors of its own.

https://smithy.io/2.0/aws/protocols/aws-ec2-query-protocol.html
"""

from __future__ import annotations

from atoll.core.call import Params
from atoll.core.errors import AwsError
from atoll.wire import fault, form, xml_output
from atoll.wire.http import Request, Response
from atoll.wire.model import Member, Operation, Service
from atoll.wire.query import Parse, Render, compile_parser
from atoll.wire.text import Malformed
from atoll.wire.xml_output import escape


class _Ec2:
    name = "ec2"

    def names(self, member: Member) -> tuple[str, ...]:
        if member.query_name is not None:
            return (member.query_name,)
        # The first letter of a name in XML is a capital in a form. Where the model names none, botocore keeps the
        # member's name as it is, against the protocol.
        name = member.wire_name
        capital = name[0].upper() + name[1:]
        return (capital,) if member.location_name or capital == name else (capital, name)

    def item_name(self, member: Member) -> str | None:
        return None

    def entry_name(self, member: Member) -> str | None:
        return None


_DIALECT = _Ec2()


def _compile_renderer(operation: Operation) -> Render:
    name, output = operation.name, operation.output
    # The model's namespace lacks the slash that EC2 writes.
    namespace = escape(operation.service.xml_namespace.rstrip("/")) + "/"
    opening = f'{xml_output.DECLARATION}<{name}Response xmlns="{namespace}"><requestId>'
    closing = f"</{name}Response>"
    if output is None:
        return lambda result, request_id: f"{opening}{request_id}</requestId><return>true</return>{closing}".encode()
    write = xml_output.content(output)
    return lambda result, request_id: f"{opening}{request_id}</requestId>{write(result)}{closing}".encode()


class Ec2Codec:
    def parse(self, request: Request, operation: Operation) -> Params:
        parse: Parse | None = operation.compiled.get("ec2.parse")
        if parse is None:
            parse = operation.compiled["ec2.parse"] = compile_parser(operation, _DIALECT)
        try:
            return parse(request)
        except form.BadSyntax as error:
            raise AwsError("MalformedQueryString", str(error), status=404) from error
        except Malformed as error:
            raise AwsError("InvalidParameterValue", str(error)) from error

    def render(self, operation: Operation, result: Params, request_id: str) -> Response:
        render: Render | None = operation.compiled.get("ec2.render")
        if render is None:
            render = operation.compiled["ec2.render"] = _compile_renderer(operation)
        headers = [("Content-Type", "text/xml;charset=UTF-8"), ("x-amzn-RequestId", request_id)]
        return Response(operation.status, headers, render(result, request_id))

    def render_error(self, service: Service, operation: Operation | None, error: AwsError, request_id: str) -> Response:
        wire = fault.of(service, error)
        members = xml_output.content(wire.shape)(wire.members) if wire.shape and wire.members else ""
        body = (
            f"{xml_output.DECLARATION}<Response><Errors><Error><Code>{escape(wire.code)}</Code>"
            f"<Message>{escape(wire.message)}</Message>{members}</Error></Errors>"
            f"<RequestID>{request_id}</RequestID></Response>"
        )
        headers = [("Content-Type", "text/xml;charset=UTF-8"), ("x-amzn-RequestId", request_id)]
        return Response(wire.status, headers, body.encode())
