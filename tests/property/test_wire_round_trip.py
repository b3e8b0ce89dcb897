"""What botocore's serializers send, our codecs read; what our codecs write, botocore's parsers read back.

For every operation of the services that Atoll is for, and a sample of the operations of the two largest models.
"""

from __future__ import annotations

import io
import random
import string
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any

import botocore.loaders
import pytest
from atoll.core.errors import AwsError
from atoll.wire.codec import codec
from atoll.wire.http import Request
from atoll.wire.model import load
from botocore import parsers, serialize
from botocore.awsrequest import HeadersDict, create_request_object, prepare_request_dict
from botocore.model import OperationModel, ServiceModel, Shape
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

WHOLE = ("sqs", "sns", "sts", "kms", "secretsmanager", "s3", "iam")
SAMPLES = {"lambda": 30, "ec2": 60}
SEED = 20261
EXAMPLES = settings(
    max_examples=4,
    phases=[Phase.generate],
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
"""Few for each of a thousand operations, and none to shrink what fails: there is enough of it then."""

TWO_OF_A_NAME = "TopicConfiguration has an Event and a list of Events that are Event on the wire"
DO_NOT_APPLY = {
    "s3.PutBucketNotification": TWO_OF_A_NAME,
    "s3.GetBucketNotification": TWO_OF_A_NAME,
}

TEXT = st.text(
    st.characters(min_codepoint=32, exclude_categories=["Cs"], exclude_characters="\x7f\ufffe\uffff"), max_size=8
)
"""What XML can hold too."""
TOKEN = st.text(string.ascii_letters + string.digits + "-_", min_size=1, max_size=8)
LABEL = st.text(string.ascii_letters + string.digits, min_size=1, max_size=8)
PRINTABLE = st.text(string.ascii_letters + string.digits + string.punctuation, min_size=1, max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=3,
)
MOMENTS = st.integers(0, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "string": TEXT,
    "character": TEXT,
    "blob": st.binary(max_size=8),
    "boolean": st.booleans(),
    "integer": st.integers(-(2**31), 2**31 - 1),
    "long": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(width=32, allow_nan=False, allow_infinity=False),
    "double": st.floats(allow_nan=False, allow_infinity=False),
    "timestamp": MOMENTS,
}
IN_HTTP = ("header", "headers", "uri")


@cache
def model_of(service: str) -> ServiceModel:
    """The model as the service has it, without what botocore puts in place of some of it (S3's Expires)."""
    loader = botocore.loaders.Loader()
    version = loader.determine_latest_version(service, "service-2")
    return ServiceModel(loader.load_data(f"{service}/{version}/service-2"), service)


def operations() -> Iterator[Any]:
    for service in (*WHOLE, *SAMPLES):
        names = list(model_of(service).operation_names)
        for name in random.Random(SEED).sample(names, SAMPLES.get(service, len(names))):
            if f"{service}.{name}" not in DO_NOT_APPLY:
                yield pytest.param(service, name, id=f"{service}.{name}")


def values(shape: Shape, path: tuple[str, ...] = ()) -> st.SearchStrategy[Any]:
    """Values of `shape`; what contains itself is drawn once."""
    location = shape.serialization.get("location")
    if shape.type_name == "structure":
        return structures(shape, (*path, shape.name))
    if shape.type_name == "list":
        return st.lists(values(shape.member, path), min_size=1, max_size=2)
    if shape.type_name == "map":
        keys = TOKEN.map(str.lower) if location in IN_HTTP else TEXT
        inner = PRINTABLE if location in IN_HTTP else values(shape.value, path)
        return st.dictionaries(keys, inner, min_size=1, max_size=2)
    if location == "statusCode":
        return st.integers(200, 299)
    if shape.type_name == "string":
        if shape.serialization.get("jsonvalue"):
            return JSON
        if shape.enum:
            return st.sampled_from(shape.enum)
        if shape.serialization.get("hostLabel"):
            return LABEL
        if location in IN_HTTP:
            return PRINTABLE
    return SCALARS[shape.type_name]


def structures(shape: Shape, path: tuple[str, ...]) -> st.SearchStrategy[dict[str, Any]]:
    if shape.is_document_type:
        return JSON.filter(lambda value: value is not None)
    members = {
        name: values(member, path)
        for name, member in shape.members.items()
        if not contains(member, path) and not member.serialization.get("eventstream")
    }
    if shape.is_tagged_union and members:
        return st.one_of([st.fixed_dictionaries({name: member}) for name, member in members.items()])
    always = set(shape.required_members) | {
        name for name, member in shape.members.items() if member.metadata.get("idempotencyToken")
    }
    return st.fixed_dictionaries(
        {name: member for name, member in members.items() if name in always},
        optional={name: member for name, member in members.items() if name not in always},
    )


def contains(shape: Shape, path: tuple[str, ...]) -> bool:
    """Whether `shape` is one of `path`, or a list or map of one."""
    while shape.type_name in ("list", "map"):
        shape = shape.member if shape.type_name == "list" else shape.value
    return shape.name in path


@cache
def strategy(service: str, shape_name: str) -> st.SearchStrategy[dict[str, Any]]:
    return values(model_of(service).shape_for(shape_name))


def without_empty_payload(shape: Shape | None, params: dict[str, Any]) -> dict[str, Any]:
    """A body of no bytes may be an empty payload as well as none."""
    payload = shape.serialization.get("payload") if shape else None
    return params if params.get(payload) not in ("", b"") else {**params, payload: None}


def comparable(value: Any) -> Any:
    """`value` without what most protocols cannot tell from nothing: empty lists, maps and structures."""
    if isinstance(value, dict):
        items = ((key, comparable(item)) for key, item in value.items() if key != "ResponseMetadata")
        return {key: item for key, item in items if item not in ({}, [], None)}
    if isinstance(value, list):
        return [item for item in map(comparable, value) if item not in ({}, [], None)]
    if isinstance(value, datetime):
        return value.timestamp()
    return value


@pytest.mark.parametrize(("service", "name"), list(operations()))
def test_what_botocore_sends_is_read(service: str, name: str) -> None:
    operation = model_of(service).operation_model(name)
    if operation.input_shape is None or operation.has_event_stream_input:
        drawn: st.SearchStrategy[dict[str, Any]] = st.just({})
    else:
        drawn = strategy(service, operation.input_shape.name)

    @EXAMPLES
    @given(drawn)
    def check(params: dict[str, Any]) -> None:
        protocol = operation.service_model.resolved_protocol
        found = codec(protocol).parse(sent_by_botocore(operation, params), load(service).operations[name])
        found, params = (without_empty_payload(operation.input_shape, each) for each in (found, params))
        assert comparable(found) == comparable(params)

    check()


def sent_by_botocore(operation: OperationModel, params: dict[str, Any]) -> Request:
    serializer = serialize.create_serializer(operation.service_model.resolved_protocol, include_validation=False)
    described = serializer.serialize_to_request(params, operation)
    prepare_request_dict(described, "http://localhost:4566")
    prepared = create_request_object(described).prepare()
    path, _, query = prepared.url.removeprefix("http://localhost:4566").partition("?")
    headers = {
        key.lower(): value.decode() if isinstance(value, bytes) else str(value)
        for key, value in prepared.headers.items()
        if key.lower() != "content-length" or key in described["headers"]
    }
    body = prepared.body or b""
    return Request(prepared.method, path, query, headers, body.encode() if isinstance(body, str) else body)


@pytest.mark.parametrize(("service", "name"), list(operations()))
def test_what_is_written_botocore_reads(service: str, name: str) -> None:
    operation = model_of(service).operation_model(name)
    if operation.has_event_stream_output:
        pytest.skip("event streams come when a service needs them")
    drawn = strategy(service, operation.output_shape.name) if operation.output_shape else st.just({})

    @EXAMPLES
    @given(drawn)
    def check(result: dict[str, Any]) -> None:
        response = codec(operation.service_model.resolved_protocol).render(
            load(service).operations[name], dict(result), "request-id"
        )
        found = read_by_botocore(operation, operation.output_shape, response.status, response.headers, response.body)
        assert found["ResponseMetadata"].get("RequestId", "request-id") == "request-id"
        found, result = (without_empty_payload(operation.output_shape, each) for each in (found, result))
        assert comparable(found) == comparable(result)

    check()


def read_by_botocore(
    operation: OperationModel, shape: Shape | None, status: int, headers: list[tuple[str, str]], body: Any
) -> dict[str, Any]:
    parser = parsers.create_parser(operation.service_model.resolved_protocol)
    response = {"status_code": status, "headers": HeadersDict(headers), "body": body, "context": {}}
    if status < 300 and operation.has_streaming_output:
        response["body"] = io.BytesIO(body)
    found = dict(parser.parse(response, shape))
    return {name: value.read() if isinstance(value, io.BytesIO) else value for name, value in found.items()}


def errors() -> Iterator[Any]:
    for service in (*WHOLE, *SAMPLES):
        for shape in model_of(service).error_shapes:
            yield pytest.param(service, shape.name, id=f"{service}.{shape.name}")


@pytest.mark.parametrize(("service", "name"), list(errors()))
def test_errors_are_read(service: str, name: str) -> None:
    model = model_of(service)
    operation = model.operation_model(model.operation_names[0])
    shape = model.shape_for(name)

    @EXAMPLES
    @given(strategy(service, name), TEXT)
    def check(members: dict[str, Any], message: str) -> None:
        members = {key: value for key, value in members.items() if key.lower() != "message"}
        error = AwsError(name, message, members=members)
        response = codec(model.resolved_protocol).render_error(load(service), None, error, "request-id")
        answer = (response.status, response.headers, response.body)
        found = read_by_botocore(operation, None, *answer)
        assert found["Error"]["Code"] in (name, load(service).error(name).error_code)
        assert (found["Error"]["Message"] or "") == message
        assert response.status == load(service).error(name).error_status
        assert found["ResponseMetadata"]["RequestId"] == "request-id"
        found = read_by_botocore(operation, shape, *answer)
        assert {key: value for key, value in comparable(found).items() if key in members} == comparable(members)

    check()
