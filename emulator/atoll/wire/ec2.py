"""EC2's protocol: the query protocol with names, lists and errors of its own.

https://smithy.io/2.0/aws/protocols/aws-ec2-query-protocol.html
"""

from __future__ import annotations

from atoll.wire import fault, form_input, xml_output
from atoll.wire.model import Member, Operation, Service
from atoll.wire.query import QueryCodec, Render
from atoll.wire.xml_output import escape


class _Dialect:
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


class Ec2Codec(QueryCodec):
    dialect: form_input.Dialect = _Dialect()
    malformed = "InvalidParameterValue"
    content_type = "text/xml;charset=UTF-8"

    def _compile_renderer(self, operation: Operation) -> Render:
        name, output = operation.name, operation.output
        # The model's namespace lacks the slash that EC2 writes.
        namespace = escape(operation.service.xml_namespace.rstrip("/")) + "/"
        opening = f'{xml_output.DECLARATION}<{name}Response xmlns="{namespace}"><requestId>'
        closing = f"</{name}Response>"
        if output is None:
            return lambda result, request_id: (
                f"{opening}{request_id}</requestId><return>true</return>{closing}".encode()
            )
        write = xml_output.content(output)
        return lambda result, request_id: f"{opening}{request_id}</requestId>{write(result)}{closing}".encode()

    def _error(self, service: Service, wire: fault.WireError, members: str, request_id: str) -> str:
        return (
            f"{xml_output.DECLARATION}<Response><Errors><Error><Code>{escape(wire.code)}</Code>"
            f"<Message>{escape(wire.message)}</Message>{members}</Error></Errors>"
            f"<RequestID>{request_id}</RequestID></Response>"
        )
