"""The rest protocols: what lies in paths, queries, headers and Hosts, bodies that stream, errors."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from atoll.core.errors import AwsError
from atoll.wire.codec import codec
from atoll.wire.http import Request
from atoll.wire.model import Service, load

S3 = load("s3")
LAMBDA = load("lambda")


def parse(name: str, path: str, query: str = "", body: Any = b"", **headers: str) -> dict[str, Any]:
    request = Request("GET", path, query, {key.replace("_", "-"): value for key, value in headers.items()}, body)
    return codec("rest-xml").parse(request, S3.operations[name])


async def chunks() -> AsyncIterator[bytes]:
    yield b"a"


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/bucket/a/b", "a/b"),
        ("/bucket//a", "/a"),
        ("/bucket/a/", "a/"),
        ("/bucket/a%2Fb%20c+d%E2%82%AC", "a/b c+d€"),
        ("/bucket/..", ".."),
        ("/bucket/%0A", "\n"),
    ],
)
def test_greedy_labels(path: str, key: str) -> None:
    assert parse("GetObject", path) == {"Bucket": "bucket", "Key": key}


def test_a_path_of_another_pattern() -> None:
    for path in ("/", "/bucket", "/bucket/"):
        with pytest.raises(AwsError, match="UnknownOperationException"):
            parse("GetObject", path)
    assert parse("ListObjectsV2", "/bucket/") == parse("ListObjectsV2", "/bucket") == {"Bucket": "bucket"}


def test_query() -> None:
    params = parse("ListObjectsV2", "/b", "list-type=2&prefix=a%2Bb+c&max-keys=7&fetch-owner=true&prefix=later&other=1")
    assert params == {"Bucket": "b", "Prefix": "a+b c", "MaxKeys": 7, "FetchOwner": True}
    with pytest.raises(AwsError, match="InvalidArgument"):
        parse("ListObjectsV2", "/b", "max-keys=many")


def test_headers() -> None:
    params = parse(
        "GetObjectAttributes",
        "/b/k",
        x_amz_object_attributes='ETag, "ObjectSize",Checksum',
        x_amz_max_parts="5",
        x_amz_expected_bucket_owner="111111111111",
    )
    assert params == {
        "Bucket": "b",
        "Key": "k",
        "ObjectAttributes": ["ETag", "ObjectSize", "Checksum"],
        "MaxParts": 5,
        "ExpectedBucketOwner": "111111111111",
    }


def test_header_maps_and_streams() -> None:
    stream = chunks()
    params = parse("PutObject", "/b/k", body=stream, x_amz_meta_colour="red", x_amz_meta_="x", content_length="1")
    assert params.pop("Body") is stream
    assert params == {"Bucket": "b", "Key": "k", "Metadata": {"colour": "red", "": "x"}, "ContentLength": 1}


def test_an_answer_that_streams() -> None:
    stream = chunks()
    result = {
        "Body": stream,
        "ETag": '"e"',
        "ContentLength": 1,
        "LastModified": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        "Metadata": {"colour": "red"},
        "VersionId": None,
    }
    response = codec("rest-xml").render(S3.operations["GetObject"], result, "id")
    assert response.body is stream
    headers = dict(response.headers)
    assert len(headers.pop("x-amz-id-2")) == 64
    assert headers == {
        "x-amz-request-id": "id",
        "ETag": '"e"',
        "Content-Length": "1",
        "Last-Modified": "Fri, 02 Jan 2026 03:04:05 GMT",
        "x-amz-meta-colour": "red",
    }


def test_a_stored_value_cannot_end_a_header() -> None:
    result = {"ContentDisposition": "a\r\nSet-Cookie: b", "Metadata": {"x\ny": "c\0\u2028d"}}
    response = codec("rest-xml").render(S3.operations["HeadObject"], result, "id")
    assert ("Content-Disposition", "a Set-Cookie: b") in response.headers
    assert ("x-amz-meta-x y", "c  d") in response.headers


def test_xml_in_and_out() -> None:
    body = (
        b'<Tagging xmlns="http://s3.amazonaws.com/doc/2006-03-01/">\n <TagSet>\n  <Tag><Key>k</Key>'
        b"<Value>a&amp;b</Value></Tag>\n </TagSet>\n</Tagging>"
    )
    params = parse("PutBucketTagging", "/b", "tagging", body)
    assert params == {"Bucket": "b", "Tagging": {"TagSet": [{"Key": "k", "Value": "a&b"}]}}
    listed = {"Name": "b", "Contents": [{"Key": "a\x01"}, {"Key": "<"}], "IsTruncated": False, "KeyCount": 2}
    response = codec("rest-xml").render(S3.operations["ListObjectsV2"], listed, "id")
    assert response.body == (
        b'<?xml version="1.0" encoding="UTF-8"?>\n<ListObjectsV2Output><IsTruncated>false</IsTruncated>'
        b"<Contents><Key>a&#x1;</Key></Contents><Contents><Key>&lt;</Key></Contents><Name>b</Name>"
        b"<KeyCount>2</KeyCount></ListObjectsV2Output>"
    )
    granted = {"Grants": [{"Grantee": {"Type": "Group", "URI": "u"}, "Permission": "READ"}]}
    response = codec("rest-xml").render(S3.operations["GetBucketAcl"], granted, "id")
    assert (
        b'<Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Group"><URI>u</URI></Grantee>'
    ) in bytes(response.body)


def test_an_empty_answer_says_nothing_of_a_type() -> None:
    response = codec("rest-xml").render(S3.operations["DeleteObject"], {"DeleteMarker": True}, "id")
    assert (response.status, response.body) == (204, b"")
    assert ("x-amz-delete-marker", "true") in response.headers
    assert "Content-Type" not in dict(response.headers)


S3_AS_IT_WRITES = {
    "model": {"metadata": {"xmlNamespace": "http://s3.amazonaws.com/doc/2006-03-01/", "bareErrors": True}},
}
SMALL_S3 = {
    "metadata": {"protocol": "rest-xml", "serviceId": "S3", "endpointPrefix": "s3"},
    "operations": {
        "List": {"http": {"method": "GET", "requestUri": "/"}, "output": {"shape": "ListOutput"}},
    },
    "shapes": {
        "ListOutput": {"type": "structure", "members": {"Name": {"shape": "Text"}}, "locationName": "ListResult"},
        "Text": {"type": "string"},
        "NoSuchKey": {"type": "structure", "members": {}, "error": {"httpStatusCode": 404}, "exception": True},
    },
}


def test_an_overlay_for_errors_and_namespace() -> None:
    service = Service.from_description(SMALL_S3, "s3", S3_AS_IT_WRITES)
    response = codec("rest-xml").render(service.operations["List"], {"Name": "n"}, "id")
    assert response.body == (
        b'<?xml version="1.0" encoding="UTF-8"?>\n'
        b'<ListResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>n</Name></ListResult>'
    )
    error = AwsError("NoSuchKey", "The specified key does not exist.", members={"Key": "a<b"})
    response = codec("rest-xml").render_error(service, None, error, "id")
    assert response.status == 404
    assert bytes(response.body).startswith(
        b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code>'
        b"<Message>The specified key does not exist.</Message><Key>a&lt;b</Key><RequestId>id</RequestId><HostId>"
    )
    assert ("x-amz-request-id", "id") in response.headers


def test_other_errors_in_xml_are_wrapped() -> None:
    route53 = load("route53")
    response = codec("rest-xml").render_error(route53, None, AwsError("NoSuchHostedZone", "words"), "id")
    assert response.status == 404
    assert b"<Error><Type>Sender</Type><Code>NoSuchHostedZone</Code><Message>words</Message></Error>" in bytes(
        response.body
    )
    assert ("x-amzn-RequestId", "id") in response.headers


def test_json_in_paths_queries_headers_and_body() -> None:
    request = Request(
        "POST",
        "/2015-03-31/functions/arn%3Aaws%3Alambda%3A%3A%3Afunction%3Af/invocations",
        "Qualifier=1",
        {"x-amz-invocation-type": "Event", "content-type": "application/json"},
        b'{"any": "bytes"}',
    )
    assert codec("rest-json").parse(request, LAMBDA.operations["Invoke"]) == {
        "FunctionName": "arn:aws:lambda:::function:f",
        "Qualifier": "1",
        "InvocationType": "Event",
        "Payload": b'{"any": "bytes"}',
    }
    result = {"StatusCode": 202, "FunctionError": "Unhandled", "Payload": b"{}"}
    response = codec("rest-json").render(LAMBDA.operations["Invoke"], result, "id")
    assert (response.status, response.body) == (202, b"{}")
    assert ("X-Amz-Function-Error", "Unhandled") in response.headers
    tagged = Request("POST", "/2017-03-31/tags/arn%3Aa", "", {}, b'{"Tags":{"k":"v"}}')
    params = codec("rest-json").parse(tagged, LAMBDA.operations["TagResource"])
    assert params == {"Resource": "arn:a", "Tags": {"k": "v"}}


def test_errors_in_json() -> None:
    error = AwsError("TooManyRequestsException", "Rate Exceeded.", members={"Type": "User", "retryAfterSeconds": "3"})
    response = codec("rest-json").render_error(LAMBDA, None, error, "id")
    assert isinstance(response.body, bytes)
    assert (response.status, orjson.loads(response.body)) == (429, {"message": "Rate Exceeded.", "Type": "User"})
    assert dict(response.headers) == {
        "Content-Type": "application/json",
        "x-amzn-RequestId": "id",
        "x-amzn-ErrorType": "TooManyRequestsException",
        "Retry-After": "3",
    }


def test_labels_of_the_host() -> None:
    """An account that only the Host names is taken from there; one that a header names counts before it."""
    operation = load("s3control").operations["GetAccessPoint"]
    path = "/v20180820/accesspoint/a"
    named = Request("GET", path, "", {"host": "111111111111.s3-control.localhost:4566"})
    assert codec("rest-xml").parse(named, operation) == {"Name": "a", "AccountId": "111111111111"}
    both = Request("GET", path, "", {"host": "1.s3-control.localhost", "x-amz-account-id": "2"})
    assert codec("rest-xml").parse(both, operation) == {"Name": "a", "AccountId": "2"}
    neither = Request("GET", path, "", {"host": "localhost:4566"})
    assert codec("rest-xml").parse(neither, operation) == {"Name": "a"}


def test_tokens_in_headers_and_queries_are_filled_in() -> None:
    token = {"shape": "Text", "idempotencyToken": True, "location": "querystring", "locationName": "token"}
    description = {
        "metadata": {"protocol": "rest-json", "serviceId": "Small"},
        "operations": {"Put": {"http": {"method": "PUT", "requestUri": "/"}, "input": {"shape": "In"}}},
        "shapes": {"In": {"type": "structure", "members": {"Token": token}}, "Text": {"type": "string"}},
    }
    operation = Service.from_description(description, "small").operations["Put"]
    assert len(codec("rest-json").parse(Request("PUT", "/", "", {}), operation)["Token"]) == 36
    assert codec("rest-json").parse(Request("PUT", "/", "token=t", {}), operation) == {"Token": "t"}
