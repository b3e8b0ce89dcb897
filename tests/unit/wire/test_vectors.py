"""The protocol vectors that botocore ships: requests that its serializers must make, responses that its parsers read.

Of an input vector the request is what we get and the parameters what we must find. Of an output vector the result is
what we render and botocore's parser must find it again.
"""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

import pytest
from atoll.core.errors import AwsError
from atoll.wire.codec import codec
from atoll.wire.http import Request, Response
from atoll.wire.model import Operation, Service, Shape
from botocore import parsers
from botocore.awsrequest import HeadersDict
from botocore.model import ServiceModel
from botocore.utils import parse_timestamp

VECTORS = Path(__file__).parent / "vectors"
SPECIAL = {"Infinity": math.inf, "-Infinity": -math.inf, "NaN": math.nan}

COMPRESSED = "The vector leaves out the compressed body; no service here takes one yet."
EMPTY = "An empty list or map is not sent, so that nobody can tell it from an absent one."
TOKEN = "The client fills the token in on the wire; the vector's parameters are those before that."
OWN_NAME = "botocore reads a flattened list by its items' name although the list has its own; see XML_OF."
NOT_READ = "botocore does not read an error's further members where this protocol has them; see XML_OF."
ABSENT = "botocore makes an empty value of an absent payload."
NO_TRAIT = "The vector leaves out that the member is the payload."
NO_TYPE = "No service's model has the type character any more."
EVENT_STREAM = "Event streams come when a service needs them."
UNPARSED = "botocore gives a list in a header as it splits it at its commas, without heed to dates and quotes."

DO_NOT_APPLY = {
    **{
        f"input/{name}": COMPRESSED
        for name in (
            "ec2/SDKAppliedContentEncoding_ec2Query",
            "ec2/SDKAppendsGzipAndIgnoresHttpProvidedEncoding_ec2Query",
            "json/SDKAppliedContentEncoding_awsJson1_1",
            "json/SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsJson1_1",
            "json_1_0/SDKAppliedContentEncoding_awsJson1_0",
            "json_1_0/SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsJson1_0",
            "query/SDKAppliedContentEncoding_awsQuery",
            "query/SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsQuery",
            "rest-json/SDKAppliedContentEncoding_restJson1",
            "rest-json/SDKAppendedGzipAfterProvidedEncoding_restJson1",
            "rest-xml/SDKAppliedContentEncoding_restXml",
            "rest-xml/SDKAppendedGzipAfterProvidedEncoding_restXml",
        )
    },
    "input/ec2/Ec2EmptyQueryLists": EMPTY,
    "input/query/QueryEmptyQueryMaps": EMPTY,
    "input/rest-json/RestJsonHttpPrefixHeadersAreNotPresent": EMPTY,
    "input/rest-json/RestJsonOmitsEmptyListQueryValues": EMPTY,
    "input/rest-xml/HttpPrefixHeadersAreNotPresent": EMPTY,
    "input/ec2/Ec2ProtocolIdempotencyTokenAutoFill": TOKEN,
    "input/query/QueryProtocolIdempotencyTokenAutoFill": TOKEN,
    "input/rest-json/RestJsonQueryIdempotencyTokenAutoFill": TOKEN,
    "input/rest-xml/QueryIdempotencyTokenAutoFill": TOKEN,
    "input/rest-json/MediaTypeHeaderInputBase64": "The vector gives JSON as text, botocore and we as its value.",
    "input/rest-json/RestJsonQueryPrecedence": "The map's entry that a member overrides is not sent.",
    "input/rest-xml/RestXmlQueryPrecedence": "The map's entry that a member overrides is not sent.",
    "input/rest-json/RestJsonHttpWithEmptyStructurePayload": "{} is sent for an absent payload as for an empty one.",
    "input/rest-json/RestJsonHttpWithHeadersButNoPayload": "{} is sent for an absent payload as for an empty one.",
    "output/ec2/Ec2ComplexError": NOT_READ,
    "output/query/QueryComplexError": NOT_READ,
    "output/rest-xml/ComplexError": NOT_READ,
    "output/ec2/Ec2XmlLists": OWN_NAME,
    "output/query/QueryXmlLists": OWN_NAME,
    "output/rest-xml/XmlLists": OWN_NAME,
    "output/rest-xml/BodyWithXmlName": "botocore takes a structure's name as a root for its name; see XML_OF.",
    "output/rest-json/RestJsonHttpPayloadTraitsWithNoBlobBody": ABSENT,
    "output/rest-xml/HttpPayloadTraitsWithNoBlobBody": ABSENT,
    "output/rest-json/RestJsonHttpPayloadWithUnsetUnion": ABSENT,
    "output/rest-xml/RestXmlHttpPayloadWithUnsetUnion": ABSENT,
    "output/rest-json/HttpPrefixHeadersResponse": "Its map takes every header, also those that all responses have.",
    "output/rest-json/RestJsonInputAndOutputWithQuotedStringHeaders": UNPARSED,
    "output/rest-json/RestJsonInputAndOutputWithTimestampHeaders": UNPARSED,
    "output/rest-xml/InputAndOutputWithTimestampHeaders": UNPARSED,
    **{
        f"legacy/input/{protocol}/Idempotency token auto fill:1": TOKEN
        for protocol in ("ec2", "json", "query", "rest-json", "rest-xml")
    },
    "legacy/input/rest-json/Blob payload:0": NO_TRAIT,
    "legacy/input/rest-json/Structure payload:0": NO_TRAIT,
    "legacy/input/rest-json/String payload:0": NO_TRAIT,
    "legacy/input/rest-json/Content-Type and JSON body:2": "{} is sent for an absent payload as for an empty one.",
    "legacy/input/rest-json/Content-Type and JSON body:4": "{} is sent for an absent payload as for an empty one.",
    "legacy/input/rest-json/Content-Type and JSON body:7": "The client adds a Content-Type, which is a member here.",
    "legacy/input/rest-json/List in header:1": EMPTY,
    "legacy/input/rest-xml/List in header:1": EMPTY,
    "legacy/output/ec2/Scalar members:0": NO_TYPE,
    "legacy/output/query/Scalar members:0": NO_TYPE,
    "legacy/output/rest-xml/Scalar members:0": NO_TYPE,
    "legacy/output/rest-xml/Scalar members:1": NO_TYPE,
    "legacy/output/rest-xml/Scalar members in headers:0": NO_TYPE,
    "legacy/output/json/Lists:1": "We write no nulls into a list that is not sparse.",
    "legacy/output/rest-json/Supports header maps:0": "Its map takes every header, also those that all responses have.",
    "legacy/output/rest-json/Tagged Unions:2": "A client's vector: the union has a member that it does not know.",
    "legacy/output/rest-xml/Unions:2": "A client's vector: the union has a member that it does not know.",
    "legacy/output/rest-xml/Modeled exceptions:2": "The error is not modelled and has no message; ours has one.",
    "legacy/output/json/RPC JSON Event Stream:0": EVENT_STREAM,
    "legacy/output/rest-xml/REST XML Event Stream:0": EVENT_STREAM,
    "legacy/output/rest-xml/REST XML Event Stream:1": EVENT_STREAM,
    "legacy/output/rest-xml/REST XML Event Stream:2": EVENT_STREAM,
}

XML_OF = [name for name, reason in DO_NOT_APPLY.items() if reason.endswith("see XML_OF.")]
"""Vectors whose XML is compared with ours instead."""

REPEATED = {
    f"input/rest-json/{name}": "queryParamsMapOfStringList"
    for name in (
        "RestJsonAllQueryStringTypes",
        "RestJsonQueryStringEscaping",
        "RestJsonSupportsNaNFloatQueryValues",
        "RestJsonSupportsInfinityFloatQueryValues",
        "RestJsonSupportsNegativeInfinityFloatQueryValues",
        "RestJsonZeroAndFalseQueryValues",
    )
}
"""The map of all of the query repeats here what has members of its own. As rest-xml's vectors of the same names have
it, we give the map only what no member takes."""


class Case(NamedTuple):
    name: str
    suite: dict[str, Any]
    case: dict[str, Any]


def name_of(file: Path, suite: dict[str, Any], index: int) -> str:
    case = suite["cases"][index]
    case_id = case.get("id") or f"{suite['description']}:{index}"
    return f"{file.relative_to(VECTORS).with_suffix('')}/{case_id}"


def vectors(kind: str) -> Iterator[Case]:
    for file in sorted(VECTORS.glob(f"**/{kind}/*.json")):
        for suite in json.loads(file.read_text()):
            for index, case in enumerate(suite["cases"]):
                yield Case(name_of(file, suite, index), suite, case)


def applying(kind: str) -> list[Any]:
    return [pytest.param(case, id=case.name) for case in vectors(kind) if case.name not in DO_NOT_APPLY]


def describe(suite: dict[str, Any], case: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """A vector's model, as a service of one operation."""
    description = copy.deepcopy({key: value for key, value in suite.items() if key != "cases"})
    given = copy.deepcopy(case["given"])
    name = given.setdefault("name", "OperationName")
    metadata = description["metadata"]
    if metadata["protocol"] == "query" and "output" in given:
        given["output"].setdefault("resultWrapper", f"{name}Result")
    metadata.setdefault("endpointPrefix", "vectors")
    metadata.setdefault("xmlNamespace", "https://example.com/")
    description["operations"] = {name: given}
    return description, name


def value_of(shape: Shape | None, value: Any) -> Any:
    """A vector's JSON as the value that an operation takes or gives."""
    if value is None or shape is None or shape.document:
        return value
    if shape.type == "structure":
        return {key: value_of(shape.members[key].shape, item) for key, item in value.items()}
    if shape.type == "list":
        assert shape.member is not None
        return [value_of(shape.member.shape, item) for item in value]
    if shape.type == "map":
        assert shape.value is not None
        return {key: value_of(shape.value.shape, item) for key, item in value.items()}
    if shape.type == "timestamp":
        return datetime.fromtimestamp(value, UTC) if isinstance(value, int | float) else parse_timestamp(value)
    if shape.type == "blob":
        return value.encode()
    if shape.type in ("float", "double"):
        return SPECIAL.get(value, value) if isinstance(value, str) else float(value)
    return value


def comparable(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: comparable(item) for key, item in value.items() if item is not None and key != "ResponseMetadata"}
    if isinstance(value, list):
        return [comparable(item) for item in value]
    if isinstance(value, datetime):
        return round(value.timestamp(), 3)
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, float):
        named = (name for name, special in SPECIAL.items() if repr(special) == repr(value))
        return round(value, 6) if math.isfinite(value) else next(named)
    return value


@pytest.mark.parametrize("case", applying("input"))
def test_request_is_parsed(case: Case) -> None:
    description, name = describe(case.suite, case.case)
    service = Service.from_description(description, "vectors")
    operation = service.operations[name]
    expected = value_of(operation.input, case.case.get("params", {}))
    expected.pop(REPEATED.get(case.name), None)

    found = codec(service.protocols[0]).parse(request_of(case.case["serialized"], operation), operation)

    assert comparable(found) == comparable(expected)


def request_of(serialized: dict[str, Any], operation: Operation) -> Request:
    path, _, query = serialized.get("uri", "/").partition("?")
    headers = {key.lower(): value for key, value in serialized.get("headers", {}).items()}
    headers.setdefault("host", serialized.get("host", "example.com"))
    body = serialized.get("body") or ""
    return Request(serialized.get("method", operation.method), path, query, headers, body.encode())


@pytest.mark.parametrize("case", applying("output"))
def test_response_is_read_back(case: Case) -> None:
    description, name = describe(case.suite, case.case)
    response, expected = render(case, description, name)

    assert response.status == case.case["response"]["status_code"]
    assert isinstance(response.body, bytes)
    found = read_back(description, name, response.status, response.headers, response.body)
    if "error" in case.case:
        found["Error"] = {key: found["Error"][key] for key in ("Code", "Message")}
    assert comparable(found) == comparable(expected)


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=case.name) for case in vectors("output") if case.name in XML_OF]
)
def test_response_is_the_vectors_own(case: Case) -> None:
    response, _ = render(case, *describe(case.suite, case.case))

    assert isinstance(response.body, bytes)
    assert outline(ElementTree.fromstring(response.body)) == outline(
        ElementTree.fromstring(case.case["response"]["body"])
    )


def outline(element: ElementTree.Element) -> Any:
    """An element's name, text and children, less what the vectors leave open."""
    name = element.tag.rpartition("}")[2]
    open_names = ("requestid", "message", "responsemetadata")
    children = [outline(child) for child in element if child.tag.rpartition("}")[2].lower() not in open_names]
    return name, (element.text or "").strip(), sorted(children)


def render(case: Case, description: dict[str, Any], name: str) -> tuple[Response, Any]:
    """The response to a vector's result or error, and what botocore is to find in it."""
    service = Service.from_description(description, "vectors")
    operation = service.operations[name]
    protocol = codec(service.protocols[0])
    if "error" not in case.case:
        expected = value_of(operation.output, case.case["result"])
        return protocol.render(operation, expected, "request-id"), expected
    code, message = case.case["errorCode"], case.case.get("errorMessage", "")
    members = value_of(service.error(code), case.case["error"])
    error = AwsError(code, message, status=case.case["response"]["status_code"], members=members)
    response = protocol.render_error(service, operation, error, "request-id")
    return response, {"Error": {"Code": code, "Message": message}, **members}


def read_back(
    description: dict[str, Any], name: str, status: int, headers: list[tuple[str, str]], body: bytes
) -> dict[str, Any]:
    """What botocore makes of a response."""
    model = ServiceModel(description, "vectors")
    operation = model.operation_model(name)
    parser = parsers.PROTOCOL_PARSERS[model.metadata["protocol"]](timestamp_parser=parse_timestamp)
    response = {"status_code": status, "headers": HeadersDict(headers), "body": body, "context": {}}
    if status < 300:
        return dict(parser.parse(response, operation.output_shape))
    found = parser.parse(response, operation.output_shape)
    for shape in model.error_shapes:
        if shape.error_code == found["Error"]["Code"]:
            found.update({key: value for key, value in parser.parse(response, shape).items() if key not in ("Error",)})
    return dict(found)


def test_exceptions_are_vectors() -> None:
    known = {case.name for kind in ("input", "output") for case in vectors(kind)}
    assert {*DO_NOT_APPLY, *REPEATED} <= known
