"""Cut, mangled and random bytes get an AWS error from every codec: never another exception, never a hang."""

from __future__ import annotations

import json
from typing import Any

import pytest
from atoll.core.errors import AwsError
from atoll.wire.codec import codec
from atoll.wire.http import Request
from atoll.wire.model import Service, load
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

EXAMPLES = settings(
    max_examples=150, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)

WELL_FORMED: dict[tuple[str, str, str], bytes] = {
    ("query", "sqs", "SendMessageBatch"): (
        b"Action=SendMessageBatch&Version=2012-11-05&QueueUrl=http%3A%2F%2Flocalhost%2Fq"
        b"&SendMessageBatchRequestEntry.1.Id=a&SendMessageBatchRequestEntry.1.MessageBody=%E2%82%AC+b"
        b"&SendMessageBatchRequestEntry.1.DelaySeconds=5"
        b"&SendMessageBatchRequestEntry.1.MessageAttribute.1.Name=n"
        b"&SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.DataType=Binary"
        b"&SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.BinaryValue=YWI%3D"
    ),
    ("query", "iam", "CreateRole"): b"Action=CreateRole&RoleName=r&Tags.member.1.Key=k&MaxSessionDuration=3600",
    ("ec2", "ec2", "RunInstances"): (
        b"Action=RunInstances&ImageId=ami-1&MaxCount=1&MinCount=1&BlockDeviceMapping.1.Ebs.VolumeSize=8"
        b"&TagSpecification.1.Tag.1.Key=k&InstanceMarketOptions.SpotOptions.ValidUntil=2026-01-02T03%3A04%3A05Z"
    ),
    ("json", "sqs", "SendMessageBatch"): (
        b'{"QueueUrl":"q","Entries":[{"Id":"a","MessageBody":"\xe2\x82\xac","DelaySeconds":5,'
        b'"MessageAttributes":{"n":{"DataType":"Binary","BinaryValue":"YWI="}}}]}'
    ),
    ("json", "dynamodb", "PutItem"): b'{"TableName":"t","Item":{"k":{"M":{"l":{"L":[{"N":"1"},{"B":"YQ=="}]}}}}}',
    ("json", "kms", "ImportKeyMaterial"): (
        b'{"KeyId":"k","ImportToken":"YQ==","EncryptedKeyMaterial":"YQ==","ValidTo":1767323045.5}'
    ),
    ("rest-json", "lambda", "CreateFunction"): (
        b'{"FunctionName":"f","Role":"r","Code":{"ZipFile":"UEs="},"Timeout":3,"Environment":{"Variables":{"a":"b"}}}'
    ),
    ("rest-xml", "s3", "PutBucketLifecycleConfiguration"): (
        b'<?xml version="1.0"?><LifecycleConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Rule>'
        b"<ID>a</ID><Status>Enabled</Status><Filter><And><Tag><Key>k</Key><Value>v</Value></Tag></And></Filter>"
        b"<Expiration><Date>2026-01-02T00:00:00Z</Date></Expiration></Rule></LifecycleConfiguration>"
    ),
    ("rest-xml", "s3", "CompleteMultipartUpload"): (
        b"<CompleteMultipartUpload><Part><ETag>&quot;a&quot;</ETag><PartNumber>1</PartNumber></Part>"
        b"</CompleteMultipartUpload>"
    ),
}
PATHS = {"CreateFunction": "/2015-03-31/functions", "CompleteMultipartUpload": "/bucket/key"}
QUERIES = {"CompleteMultipartUpload": "uploadId=1", "PutBucketLifecycleConfiguration": "lifecycle"}
BODIES = [pytest.param(*target, id="-".join(target)) for target in WELL_FORMED]
NESTED = 200_000


def parse(protocol: str, service: str, name: str, body: bytes, **changes: Any) -> Any:
    operation = load(service).operations[name]
    path, query = changes.get("path", PATHS.get(name, "/bucket")), changes.get("query", QUERIES.get(name, ""))
    request = Request(operation.method, path, query, changes.get("headers", {}), body)
    return codec(protocol).parse(request, operation)


@pytest.mark.parametrize(("protocol", "service", "name"), BODIES)
def test_well_formed_bodies_are_parsed(protocol: str, service: str, name: str) -> None:
    assert parse(protocol, service, name, WELL_FORMED[protocol, service, name])


@pytest.mark.parametrize(("protocol", "service", "name"), BODIES)
def test_mangled_bodies(protocol: str, service: str, name: str) -> None:
    body = WELL_FORMED[protocol, service, name]

    @EXAMPLES
    @given(st.integers(0, len(body)), st.integers(0, 12), st.binary(max_size=12))
    def check(at: int, less: int, more: bytes) -> None:
        for mangled in (body[:at], body[:at] + more + body[at + less :], more):
            parses_or_refuses(protocol, service, name, mangled)

    check()


def parses_or_refuses(protocol: str, service: str, name: str, body: bytes, **changes: Any) -> None:
    try:
        outcome = parse(protocol, service, name, body, **changes)
    except AwsError as error:
        outcome = error
    if isinstance(outcome, AwsError):
        assert 400 <= codec(protocol).render_error(load(service), None, outcome, "request-id").status < 500
    else:
        assert isinstance(outcome, dict)


TYPES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=4,
)


@pytest.mark.parametrize(
    ("protocol", "service", "name"),
    [
        ("json", "sqs", "SendMessageBatch"),
        ("json", "kms", "ImportKeyMaterial"),
        ("rest-json", "lambda", "CreateFunction"),
    ],
)
def test_values_of_the_wrong_type(protocol: str, service: str, name: str) -> None:
    shape = load(service).operations[name].input
    assert shape is not None

    @EXAMPLES
    @given(st.dictionaries(st.sampled_from(sorted(shape.members)), TYPES) | TYPES)
    def check(value: Any) -> None:
        parses_or_refuses(protocol, service, name, json.dumps(value).encode())

    check()


FORMS = [("query", "sqs", "SendMessageBatch"), ("query", "sts", "AssumeRole"), ("ec2", "ec2", "RunInstances")]


@pytest.mark.parametrize(("protocol", "service", "name"), FORMS)
def test_names_of_forms(protocol: str, service: str, name: str) -> None:
    """Members used as leaves and as branches, dots where they do not belong, numbers that are none."""
    shape = load(service).operations[name].input
    assert shape is not None
    parts = st.sampled_from(
        [*sorted(shape.members), "member", "entry", "key", "Name", "Value", "1", "2", "", "\xb2", "x"]
    )
    names = st.lists(parts, min_size=1, max_size=5).map(".".join)

    @EXAMPLES
    @given(st.lists(st.tuples(names, st.sampled_from(["", "a", "1", "true", "%00", "1e9"])), max_size=6))
    @example([("DurationSeconds..1", "1"), ("MinCount..1", "1"), ("QueueUrl..1", "1"), ("RoleArn..1", "1")])
    def check(pairs: list[tuple[str, str]]) -> None:
        body = "&".join(f"{key}={value}" for key, value in pairs)
        parses_or_refuses(protocol, service, name, body.encode())

    check()


@EXAMPLES
@given(st.text(max_size=20), st.text(max_size=30), st.text(max_size=20))
@example("/bucket/%", "max-parts=%zz&part-number-marker=a", "x")
@example("/bucket/%ff", "uploadId=%ff", "")
@example("//", "&&==&", '"')
def test_paths_queries_and_headers(path: str, query: str, header: str) -> None:
    headers = {"range": header, "x-amz-meta-a": header, "if-modified-since": header, "x-amz-object-attributes": header}
    for name in ("GetObject", "ListParts", "PutObject", "GetObjectAttributes", "ListObjectsV2"):
        parses_or_refuses("rest-xml", "s3", name, b"", path="/" + path, query=query, headers=headers)
        parses_or_refuses("rest-xml", "s3", name, b"", path="/bucket/" + path, query=query, headers=headers)


DEEP = {
    ("json", "dynamodb", "PutItem"): b'{"TableName":"t","Item":{"k":' + b'{"L":[' * 500 + b"]}" * 500 + b"}}",
    ("json", "sqs", "SendMessage"): b"[" * NESTED,
    ("rest-json", "lambda", "CreateFunction"): b'{"Code":' * NESTED,
    ("query", "iam", "CreateRole"): b"Tags" + b".member" * NESTED + b"=1",
    ("ec2", "ec2", "RunInstances"): b"TagSpecification" + b".1" * NESTED + b"=1",
    ("rest-xml", "s3", "CompleteMultipartUpload"): b"<a>" * NESTED + b"</a>" * NESTED,
}


@pytest.mark.parametrize(("protocol", "service", "name"), [pytest.param(*key, id="-".join(key)) for key in DEEP])
def test_deep_nesting_is_refused(protocol: str, service: str, name: str) -> None:
    with pytest.raises(AwsError):
        parse(protocol, service, name, DEEP[protocol, service, name])


def test_deep_nesting_of_what_may_nest_is_refused() -> None:
    """A shape that contains itself is read by as many calls as the input is deep: far fewer than Python allows."""
    description = {
        "metadata": {"protocol": "rest-xml", "serviceId": "Nested"},
        "operations": {
            "Put": {"name": "Put", "http": {"method": "PUT", "requestUri": "/"}, "input": {"shape": "Node"}}
        },
        "shapes": {
            "Node": {"type": "structure", "members": {"Next": {"shape": "Node"}, "Document": {"shape": "Document"}}},
            "Document": {"type": "structure", "members": {}, "document": True},
        },
    }
    operation = Service.from_description(description, "nested").operations["Put"]
    xml = Request("PUT", "/", "", {}, b"<Node>" + b"<Next>" * 5000 + b"</Next>" * 5000 + b"</Node>")
    with pytest.raises(AwsError, match="MalformedXML"):
        codec("rest-xml").parse(xml, operation)
    shallow = Request("PUT", "/", "", {}, b"<Node>" + b"<Next>" * 100 + b"</Next>" * 100 + b"</Node>")
    assert codec("rest-xml").parse(shallow, operation)
    for body in (b'{"Next":' * 500 + b"{}" + b"}" * 500, b'{"Document":' + b"[" * 500 + b"]" * 500 + b"}"):
        for protocol in ("json", "rest-json"):
            with pytest.raises(AwsError, match="SerializationException"):
                codec(protocol).parse(Request("PUT", "/", "", {}, body), operation)


ENTITIES = (
    b'<!DOCTYPE a [<!ENTITY b "%s">]><CompleteMultipartUpload><Part><ETag>&b;</ETag></Part></CompleteMultipartUpload>'
)


@pytest.mark.parametrize(
    "body",
    [
        ENTITIES % b"x",
        b"\xef\xbb\xbf" + ENTITIES % b"x",
        (ENTITIES % b"x").decode().encode("utf-16"),
        (ENTITIES % b"x").decode().encode("utf-16-be"),
        b'<?xml version="1.0" encoding="utf-16"?>' + ENTITIES % b"x",
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><CompleteMultipartUpload/>',
        b"<CompleteMultipartUpload><Part><ETag>&unknown;</ETag></Part></CompleteMultipartUpload>",
    ],
)
def test_entities_are_refused(body: bytes) -> None:
    with pytest.raises(AwsError, match="MalformedXML"):
        parse("rest-xml", "s3", "CompleteMultipartUpload", body)


@pytest.mark.parametrize("body", [b"a=b&" * 100_000, b"&" * 1_000_000])
def test_a_form_has_an_end(body: bytes) -> None:
    with pytest.raises(AwsError, match="MalformedQueryString"):
        parse("query", "sts", "AssumeRole", body)


def test_a_list_is_as_long_as_what_was_sent() -> None:
    params = parse(
        "query", "sqs", "GetQueueAttributes", b"AttributeName.999999999=a&AttributeName.2=b&AttributeName.x=c"
    )
    assert params == {"AttributeNames": ["b", "a"]}


def test_numbers_are_of_64_bits() -> None:
    for number in (b"9" * 19, b"9" * 5000, b"-" + b"9" * 19, b"1e5", b""):
        with pytest.raises(AwsError, match="MalformedInput"):
            parse("query", "sqs", "ReceiveMessage", b"MaxNumberOfMessages=" + number)
    for number in (b"9" * 19, b"1e300", b"-1e19"):
        with pytest.raises(AwsError, match="SerializationException"):
            parse("json", "sqs", "ReceiveMessage", b'{"MaxNumberOfMessages":' + number + b"}")
