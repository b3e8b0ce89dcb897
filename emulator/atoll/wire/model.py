"""A service's model: its operations and shapes, read from botocore's data files without importing botocore.

Everything the codecs, the validator and the router know of a service they learn here. A shape is a type; a member is
the use of a shape in a structure, list or map, with the traits that the use adds. Shapes are built when they are first
asked for, since few callers need more than a fraction of a model.

https://smithy.io/2.0/spec/index.html explains the traits under their newer names.
"""

from __future__ import annotations

import gzip
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

import orjson

from atoll.core.errors import Fault
from atoll.wire.models import model_file

Description = dict[str, Any]
"""A model as botocore's service-2.json writes it."""

_SERVICES = Path(__file__).parent.parent / "services"


class XmlNamespace(NamedTuple):
    uri: str
    prefix: str = ""


class Member:
    """The use of a shape. Its own traits count before the shape's.

    `location` says where in HTTP a rest protocol puts it: header, headers (a map, by prefix), querystring, uri,
    statusCode; empty is the body. `location_name` is its name on the wire where the model gives one.
    """

    __slots__ = (
        "_service",
        "_shape",
        "_shape_name",
        "enum",
        "event_payload",
        "flattened",
        "host_label",
        "idempotency_token",
        "jsonvalue",
        "location",
        "location_name",
        "name",
        "query_name",
        "streaming",
        "timestamp_format",
        "xml_attribute",
        "xml_namespace",
    )

    def __init__(self, service: Service, name: str, reference: Description) -> None:
        target = service.describe_shape(reference["shape"])
        traits = {**target, **reference}
        self._service = service
        self._shape: Shape | None = None
        self._shape_name: str = reference["shape"]
        self.name = name
        self.location: str = traits.get("location", "")
        # A structure's own name is its name as a root only.
        self.location_name: str | None = (reference if target["type"] == "structure" else traits).get("locationName")
        self.query_name: str | None = traits.get("queryName")
        self.flattened: bool = traits.get("flattened", False)
        self.xml_attribute: bool = traits.get("xmlAttribute", False)
        self.xml_namespace = _xml_namespace(traits)
        self.timestamp_format: str | None = traits.get("timestampFormat")
        self.idempotency_token: bool = traits.get("idempotencyToken", False)
        self.jsonvalue: bool = traits.get("jsonvalue", False)
        self.host_label: bool = traits.get("hostLabel", False)
        self.streaming: bool = traits.get("streaming", False)
        self.event_payload: bool = traits.get("eventpayload", False)
        self.enum: tuple[str, ...] = tuple(traits.get("enum", ()))

    @property
    def shape(self) -> Shape:
        if self._shape is None:
            self._shape = self._service.shape(self._shape_name)
        return self._shape

    @property
    def wire_name(self) -> str:
        return self.location_name or self.name

    @property
    def in_response_body(self) -> bool:
        """Whether a response has it in its body: there, what names a label or the query does not count."""
        return self.location not in ("header", "headers", "statusCode")


class Shape:
    """A type of a model.

    `type` is structure, list, map, string, blob, timestamp, boolean, integer, long, float or double. A list has
    `member`, a map `key` and `value`, a structure `members` and `required`, in the model's order. `min` and `max` bound
    a number's value, a string's, blob's, list's or map's length. `error_message` is what an exception always says,
    where an overlay knows it of a protocol of old. `compiled` is where what was compiled for this shape is kept, by
    whoever compiled it.
    """

    __slots__ = (
        "compiled",
        "document",
        "enum",
        "error_code",
        "error_message",
        "error_status",
        "event",
        "eventstream",
        "exception",
        "fault",
        "flattened",
        "key",
        "location_name",
        "max",
        "member",
        "members",
        "min",
        "name",
        "pattern",
        "payload",
        "required",
        "sensitive",
        "sparse",
        "type",
        "union",
        "value",
        "xml_namespace",
    )

    def __init__(self, service: Service, name: str, description: Description) -> None:
        self.name = name
        self.type: str = description["type"]
        self.members = {
            member: Member(service, member, reference) for member, reference in description.get("members", {}).items()
        }
        self.required: tuple[str, ...] = tuple(description.get("required", ()))
        self.member = self._reference(service, "member", description)
        self.key = self._reference(service, "key", description)
        self.value = self._reference(service, "value", description)
        self.min: float | None = description.get("min")
        self.max: float | None = description.get("max")
        self.pattern: str | None = description.get("pattern")
        self.enum: tuple[str, ...] = tuple(description.get("enum", ()))
        self.union: bool = description.get("union", False)
        self.document: bool = description.get("document", False)
        self.sensitive: bool = description.get("sensitive", False)
        self.sparse: bool = description.get("sparse", False)
        self.flattened: bool = description.get("flattened", False)
        self.eventstream: bool = description.get("eventstream", False)
        self.event: bool = description.get("event", False)
        self.payload: str | None = description.get("payload")
        self.location_name: str | None = description.get("locationName")
        self.xml_namespace = _xml_namespace(description)
        error = description.get("error", {})
        self.exception: bool = description.get("exception", False) or bool(error)
        ours = description.get("fault") or error.get("fault") or False
        self.error_code: str = error.get("code", name)
        self.error_message: str = error.get("message", "")
        self.error_status: int = error.get("httpStatusCode", 500 if ours else 400)
        self.fault: Fault = "Receiver" if ours or self.error_status >= 500 else "Sender"
        self.compiled: dict[str, Any] = {}

    @staticmethod
    def _reference(service: Service, name: str, description: Description) -> Member | None:
        reference = description.get(name)
        return Member(service, name, reference) if reference else None


class Operation:
    """An operation of a service.

    `uri` is the path's pattern with labels in braces (`/{Bucket}/{Key+}`); `uri_query` what the model fixes in the
    query (`("list-type", "2")`, `("acl", None)`). `status` is the HTTP status of success. `auth` is `none` where the
    operation takes unsigned calls. `request_root` and `request_namespace` name the XML body's root element where the
    model does.
    """

    __slots__ = (
        "_input_name",
        "_output_name",
        "auth",
        "checksum_member",
        "checksum_required",
        "compiled",
        "deprecated",
        "errors",
        "host_prefix",
        "method",
        "name",
        "request_namespace",
        "request_root",
        "result_wrapper",
        "service",
        "status",
        "unsigned_payload",
        "uri",
        "uri_query",
    )

    def __init__(self, service: Service, name: str, description: Description) -> None:
        http = description.get("http", {})
        path, _, query = http.get("requestUri", "/").partition("?")
        request: Description = description.get("input") or {}
        answer: Description = description.get("output") or {}
        checksum = description.get("httpChecksum", {})
        self._input_name: str | None = request.get("shape")
        self._output_name: str | None = answer.get("shape")
        self.service = service
        self.name = name
        self.method: str = http.get("method", "POST")
        self.uri: str = path
        self.uri_query = _uri_query(query)
        self.status: int = http.get("responseCode", 200)
        self.deprecated: bool = description.get("deprecated", False)
        self.request_root: str | None = request.get("locationName")
        self.request_namespace = _xml_namespace(request)
        self.result_wrapper: str | None = answer.get("resultWrapper")
        self.errors: tuple[str, ...] = tuple(error["shape"] for error in description.get("errors", ()))
        unsigned = description.get("authtype") == "none" or description.get("auth") == ["smithy.api#noAuth"]
        self.auth: Literal["none", "v4"] = "none" if unsigned else "v4"
        self.unsigned_payload: bool = description.get("unsignedPayload", False)
        self.host_prefix: str = description.get("endpoint", {}).get("hostPrefix", "")
        self.checksum_required: bool = (
            description.get("httpChecksumRequired") or checksum.get("requestChecksumRequired") or False
        )
        self.checksum_member: str | None = checksum.get("requestAlgorithmMember")
        self.compiled: dict[str, Any] = {}

    @property
    def input(self) -> Shape | None:
        return self.service.shape(self._input_name) if self._input_name else None

    @property
    def output(self) -> Shape | None:
        return self.service.shape(self._output_name) if self._output_name else None

    @property
    def streaming_input(self) -> bool:
        return _streams(self.input)

    @property
    def streaming_output(self) -> bool:
        return _streams(self.output)

    def view(self, protocol: str) -> Operation:
        """This operation by the names that it has in `protocol`."""
        return self.service.view(protocol).operations[self.name]

    def __repr__(self) -> str:
        return f"{self.service.name}.{self.name}"


class Service:
    """A service's operations and shapes. `name` is the name of botocore's folder; `protocols` has the default first.

    An overlay is data that a model lacks. Its `model` is laid over botocore's description always, its
    `protocols[NAME]` only when that protocol is spoken (the names that SQS's query protocol had). What an overlay adds
    to `protocols` the service speaks too.
    """

    def __init__(self, description: Description, name: str, overlay: Description | None = None) -> None:
        overlay = overlay or {}
        description = _lay_over(description, overlay.get("model", {}))
        metadata = description["metadata"]
        own = metadata.get("protocols") or [metadata["protocol"]]
        added: Description = overlay.get("protocols", {})
        self.name = name
        self.service_id: str = metadata.get("serviceId", name)
        self.api_version: str = metadata.get("apiVersion", "")
        self.target_prefix: str = metadata.get("targetPrefix", "")
        self.json_version: str = metadata.get("jsonVersion", "1.0")
        self.endpoint_prefix: str = metadata.get("endpointPrefix", name)
        self.signing_name: str = metadata.get("signingName", self.endpoint_prefix)
        self.xml_namespace: str = metadata.get("xmlNamespace", "")
        self.protocols: tuple[str, ...] = (*own, *(protocol for protocol in added if protocol not in own))
        self.query_compatible: bool = "awsQueryCompatible" in metadata
        self.error_namespace: str = metadata.get("errorNamespace", "")
        """What a json error's `__type` says before `#`."""
        self.common_errors: dict[str, dict[str, str]] = metadata.get("commonErrors", {})
        """Of errors without a shape, by code: their `type` in json, their `queryCode` in `x-amzn-query-error`."""
        self.bare_errors: bool = metadata.get("bareErrors", False)
        """Whether a rest-xml error's root is `Error` (S3), not `ErrorResponse`."""
        self._description = description
        self._added = added
        self._shapes: dict[str, Shape] = {}
        self._errors: dict[str, Shape] | None = None
        self._views: dict[str, Service] = {}
        self.operations: dict[str, Operation] = {
            operation: Operation(self, operation, traits) for operation, traits in description["operations"].items()
        }

    @classmethod
    def from_description(cls, description: Description, name: str, overlay: Description | None = None) -> Service:
        return cls(description, name, overlay)

    def shape(self, name: str) -> Shape:
        shape = self._shapes.get(name)
        if shape is None:
            shape = self._shapes[name] = Shape(self, name, self.describe_shape(name))
        return shape

    def describe_shape(self, name: str) -> Description:
        described: Description = self._description["shapes"][name]
        return described

    def error(self, code: str) -> Shape | None:
        """The exception named `code`, by its shape or by its code on the wire."""
        if self._errors is None:
            exceptions = [
                self.shape(name)
                for name, description in self._description["shapes"].items()
                if description.get("exception") or "error" in description
            ]
            self._errors = {shape.error_code: shape for shape in exceptions}
            self._errors.update((shape.name, shape) for shape in exceptions)
        return self._errors.get(code)

    def view(self, protocol: str) -> Service:
        """The service by the names that it has in `protocol`; itself, where an overlay says nothing of it."""
        if protocol not in self._added:
            return self
        view = self._views.get(protocol)
        if view is None:
            view = self._views[protocol] = Service(_lay_over(self._description, self._added[protocol]), self.name)
        return view


@cache
def load(name: str) -> Service:
    """The service in botocore's folder `name`, newest version, with its overlay. KeyError where there is none."""
    description = describe(name)
    _drop_documentation(description)
    overlay = _SERVICES / name / "overlay.json"
    return Service(description, name, orjson.loads(overlay.read_bytes()) if overlay.exists() else None)


def describe(name: str) -> Description:
    """The newest model in botocore's folder `name`, as it is there. KeyError where there is none."""
    path = model_file(name)
    if path is None:
        raise KeyError(name)
    with gzip.open(path) as file:
        description: Description = orjson.loads(file.read())
    return description


def _drop_documentation(description: Description) -> None:
    """Half of a model's bytes are documentation, which would stay in memory."""
    for operation in description["operations"].values():
        operation.pop("documentation", None)
    for shape in description["shapes"].values():
        shape.pop("documentation", None)
        for member in shape.get("members", {}).values():
            member.pop("documentation", None)


def _lay_over(below: Description, above: Description) -> Description:
    """`below` with what `above` says instead, key by key and nested. Neither is changed."""
    if not above:
        return below
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        merged[key] = _lay_over(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def _streams(shape: Shape | None) -> bool:
    if shape is None or shape.payload is None:
        return False
    payload = shape.members[shape.payload]
    return payload.streaming and payload.shape.type == "blob"


def _uri_query(query: str) -> tuple[tuple[str, str | None], ...]:
    parts = (part.partition("=") for part in query.split("&") if part)
    return tuple((key, value if equals else None) for key, equals, value in parts)


def _xml_namespace(traits: Description) -> XmlNamespace | None:
    namespace = traits.get("xmlNamespace")
    if namespace is None:
        return None
    if isinstance(namespace, str):
        return XmlNamespace(namespace)
    return XmlNamespace(namespace["uri"], namespace.get("prefix", ""))
