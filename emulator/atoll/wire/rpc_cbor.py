"""As much of smithy-rpc-v2-cbor as it takes to refuse a call in it: some of today's clients speak it first.

https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html
"""

from __future__ import annotations

from atoll.core.call import Params
from atoll.core.errors import AwsError
from atoll.wire import fault
from atoll.wire.http import Request, Response
from atoll.wire.model import Operation, Service

_TEXT, _MAP = 3, 5


class RpcCborCodec:
    def parse(self, request: Request, operation: Operation) -> Params:
        raise self._unsupported(operation)

    def render(self, operation: Operation, result: Params, request_id: str) -> Response:
        raise self._unsupported(operation)

    def render_error(self, service: Service, operation: Operation | None, error: AwsError, request_id: str) -> Response:
        wire = fault.of(service, error)
        kind = wire.code if wire.shape is None else wire.shape.name
        body = _head(_MAP, 2) + _text("__type") + _text(kind) + _text("message") + _text(wire.message)
        headers = [
            ("Content-Type", "application/cbor"),
            ("smithy-protocol", "rpc-v2-cbor"),
            ("x-amzn-RequestId", request_id),
        ]
        if service.query_compatible:
            headers.append(("x-amzn-query-error", f"{wire.code};{wire.fault}"))
        return Response(wire.status, headers, body)

    @staticmethod
    def _unsupported(operation: Operation) -> AwsError:
        others = ", ".join(protocol for protocol in operation.service.protocols if protocol != "smithy-rpc-v2-cbor")
        return AwsError(
            "UnsupportedProtocol",
            f"Atoll does not speak smithy-rpc-v2-cbor. {operation.service.name} can be called in: {others or 'none'}.",
            status=501,
            fault="Receiver",
        )


def _text(text: str) -> bytes:
    encoded = text.encode(errors="replace")
    return _head(_TEXT, len(encoded)) + encoded


def _head(major: int, length: int) -> bytes:
    """A data item's first bytes: its major type and its length.

    https://www.rfc-editor.org/rfc/rfc8949.html#section-3
    """
    if length < 24:
        return bytes([major << 5 | length])
    return bytes([major << 5 | 26]) + length.to_bytes(4, "big")
