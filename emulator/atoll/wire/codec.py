"""The codecs by protocol: the one way into this package for whoever has a request and wants to answer it.

    request -> codec(protocol).parse      -> parameters
    result  -> codec(protocol).render     -> response
    error   -> codec(protocol).render_error

Two of AWS's ways are not here until a service needs them: smithy-rpc-v2-cbor, in which calls are only refused, and
event streams, whose payload is passed through as bytes meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from atoll.core.call import Params
from atoll.core.errors import AwsError
from atoll.wire.http import Request, Response
from atoll.wire.json_rpc import JsonCodec
from atoll.wire.model import Operation, Service
from atoll.wire.query import QueryCodec


class Codec(Protocol):
    """One of AWS's protocols. Values are str, int, float, bool, bytes, datetime in UTC, list and dict."""

    def parse(self, request: Request, operation: Operation) -> Params:
        """The operation's parameters. What was not sent is absent, what the model does not know is left out.

        Raises AwsError, in the protocol's words, for bytes that do not fit the operation's input.
        """

    def render(self, operation: Operation, result: Params, request_id: str) -> Response:
        """The response of success. Members of `result` that are None are left out."""

    def render_error(self, service: Service, operation: Operation | None, error: AwsError, request_id: str) -> Response:
        """The response of failure, with code, status and fault from the model where it knows the error."""


def _ec2() -> Codec:
    from atoll.wire.ec2 import Ec2Codec

    return Ec2Codec()


def _rest_json() -> Codec:
    from atoll.wire.rest_json import RestJsonCodec

    return RestJsonCodec()


def _rest_xml() -> Codec:
    from atoll.wire.rest_xml import RestXmlCodec

    return RestXmlCodec()


def _rpc_cbor() -> Codec:
    from atoll.wire.rpc_cbor import RpcCborCodec

    return RpcCborCodec()


_LATER: dict[str, Callable[[], Codec]] = {
    "ec2": _ec2,
    "rest-json": _rest_json,
    "rest-xml": _rest_xml,
    "smithy-rpc-v2-cbor": _rpc_cbor,
}
"""Codecs that are imported when they are first asked for, since a start has no time for them."""

_CODECS: dict[str, Codec] = {"query": QueryCodec(), "json": JsonCodec()}

PROTOCOLS = (*_CODECS, *_LATER)


def codec(protocol: str) -> Codec:
    """The codec of a protocol of PROTOCOLS. KeyError for any other."""
    found = _CODECS.get(protocol)
    if found is None:
        found = _CODECS[protocol] = _LATER[protocol]()
    return found
