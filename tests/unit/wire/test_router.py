"""The router, with botocore's own serializer as the oracle: what it sends for an operation leads back to it."""

from typing import Any

import pytest
from atoll.wire.model import Service, load
from atoll.wire.router import Router
from botocore.model import OperationModel, Shape
from botocore.serialize import create_serializer
from botocore.session import Session
from hypothesis import given, settings
from hypothesis import strategies as st

SERVICES = [
    "apigateway",
    "apigatewayv2",
    "chime-sdk-messaging",
    "cloudfront",
    "eks",
    "glacier",
    "lambda",
    "route53",
    "s3",
    "s3control",
    "scheduler",
    "sesv2",
    "sso-oidc",
    "workspaces-web",
]
TOLD_APART_BY_HOST = {("s3", "ListDirectoryBuckets"): "ListBuckets"}
REPLACED = {
    ("s3", "GetBucketLifecycle"): "GetBucketLifecycleConfiguration",
    ("s3", "PutBucketLifecycle"): "PutBucketLifecycleConfiguration",
    ("s3", "GetBucketNotification"): "GetBucketNotificationConfiguration",
    ("s3", "PutBucketNotification"): "PutBucketNotificationConfiguration",
}


@pytest.fixture(scope="module")
def session() -> Session:
    return Session()


def value_of(shape: Shape, *, greedy: bool = False) -> Any:
    match shape.type_name:
        case "string":
            return shape.enum[0] if shape.enum else "a/b:c d" if greedy else "123456789012"
        case "integer" | "long" | "timestamp":
            return max(1, shape.metadata.get("min", 1))
        case "boolean":
            return True
        case "float" | "double":
            return 1.5
        case "blob":
            return b"x"
        case "list":
            return [value_of(shape.member)]
        case "map":
            return {"key": value_of(shape.value)}
    return {name: value_of(shape.members[name]) for name in shape.required_members}


def sent(session: Session, service: str, operation: OperationModel) -> tuple[str, str, str, dict[str, str]]:
    """Method, path, query and headers that botocore makes of the operation's required parameters."""
    params = {}
    for name in operation.input_shape.required_members if operation.input_shape else ():
        shape = operation.input_shape.members[name]
        greedy = f"{{{shape.serialization.get('name', name)}+}}" in operation.http["requestUri"]
        params[name] = value_of(shape, greedy=greedy)
    serializer = create_serializer(session.get_service_model(service).protocol, include_validation=False)
    request = serializer.serialize_to_request(params, operation)
    path, _, query = request["url_path"].partition("?")
    fields = request.get("query_string") or {}
    query = "&".join([query, *(f"{key}={value}" for key, value in fields.items())]).strip("&")
    return request["method"], path, query, {name.lower(): value for name, value in request["headers"].items()}


@pytest.mark.parametrize("service", SERVICES)
def test_what_botocore_sends_leads_back_to_the_operation(session: Session, service: str) -> None:
    router = Router(load(service))
    model = session.get_service_model(service)
    wrong = {}
    for name in model.operation_names:
        if (service, name) == ("s3", "WriteGetObjectResponse"):
            continue  # Its Host carries a label that only a validated parameter fills.
        found = router.match(*sent(session, service, model.operation_model(name)))
        expected = TOLD_APART_BY_HOST.get((service, name)) or REPLACED.get((service, name)) or name
        if found is None or found[0].name != expected:
            wrong[name] = found
    assert wrong == {}


def s3(method: str, target: str, *headers: str) -> tuple[str, dict[str, str]] | None:
    path, _, query = target.partition("?")
    found = _s3.match(method, path, query, dict.fromkeys(headers, ""))
    return None if found is None else (found[0].name, found[1])


_s3 = Router(load("s3"))


@pytest.mark.parametrize(
    ("method", "target", "operation"),
    [
        ("GET", "/", "ListBuckets"),
        ("GET", "/bucket", "ListObjects"),
        ("GET", "/bucket/", "ListObjects"),
        ("GET", "/bucket?prefix=a", "ListObjects"),
        ("GET", "/bucket?list-type=2", "ListObjectsV2"),
        ("GET", "/bucket?list-type=1", "ListObjects"),
        ("GET", "/bucket?versions", "ListObjectVersions"),
        ("GET", "/bucket?versions=", "ListObjectVersions"),
        ("GET", "/bucket?inventory", "ListBucketInventoryConfigurations"),
        ("GET", "/bucket?inventory&id=1", "GetBucketInventoryConfiguration"),
        ("HEAD", "/bucket", "HeadBucket"),
        ("HEAD", "/bucket/key", "HeadObject"),
        ("PUT", "/bucket/key", "PutObject"),
        ("PUT", "/bucket/key?x-id=PutObject", "PutObject"),
        ("PUT", "/bucket/key?partNumber=1&uploadId=a", "UploadPart"),
        ("POST", "/bucket/key?uploads", "CreateMultipartUpload"),
        ("POST", "/bucket/key?uploadId=a", "CompleteMultipartUpload"),
        ("POST", "/bucket/key?select&select-type=2", "SelectObjectContent"),
        ("DELETE", "/bucket/key?uploadId=a", "AbortMultipartUpload"),
        ("DELETE", "/bucket/key", "DeleteObject"),
        ("GET", "/bucket/key?uploadId=a&X-Amz-Signature=b", "ListParts"),
        ("POST", "/bucket?delete", "DeleteObjects"),
    ],
)
def test_s3_tells_operations_apart_by_the_query(method: str, target: str, operation: str) -> None:
    found = s3(method, target)
    assert found is not None
    assert found[0] == operation


def test_s3_tells_a_copy_by_its_header() -> None:
    assert s3("PUT", "/bucket/key", "x-amz-copy-source") == ("CopyObject", {"Bucket": "bucket", "Key": "key"})
    copied = s3("PUT", "/bucket/key?partNumber=1&uploadId=a", "x-amz-copy-source")
    assert copied is not None
    assert copied[0] == "UploadPartCopy"


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/b/a/b/c", "a/b/c"),
        ("/b/a/", "a/"),
        ("/b//a", "/a"),
        ("/b/a//", "a//"),
        ("/b/a%20b%2Fc", "a b/c"),
        ("/b/%C3%A9", "é"),
        ("/b/%zz", "%zz"),
    ],
)
def test_a_greedy_label_takes_the_rest_of_the_path(path: str, key: str) -> None:
    assert s3("GET", path) == ("GetObject", {"Bucket": "b", "Key": key})


def test_nothing_leads_where_there_is_no_route() -> None:
    assert s3("PATCH", "/bucket") is None
    assert s3("POST", "/bucket") is None
    assert s3("GET", "//") is None
    assert s3("GET", "") == ("ListBuckets", {})
    assert Router(load("lambda")).match("GET", "/2015-03-31/nothing", "") is None
    assert Router(load("sqs")).match("POST", "/a/b", "") is None


def described(*uris: str) -> Router:
    operations = {
        f"Op{number}": {"name": f"Op{number}", "http": {"method": "GET", "requestUri": uri}}
        for number, uri in enumerate(uris)
    }
    description = {"metadata": {"protocol": "rest-json"}, "operations": operations, "shapes": {}}
    return Router(Service(description, "test"))


@pytest.mark.parametrize("backwards", [False, True])
def test_the_most_specific_route_wins_whatever_their_order(backwards: bool) -> None:
    uris = ["/{Any+}", "/a/{B}", "/a/{B+}", "/a/b", "/a/{B}/c", "/{A}/b/c", "/a/{B+}/tail/end", "/a/{B+}/end"]
    router = described(*(reversed(uris) if backwards else uris))

    def leads(path: str) -> tuple[str, dict[str, str]]:
        found = router.match("GET", path, "")
        assert found is not None
        return found[0].uri, found[1]

    assert leads("/a/b") == ("/a/b", {})
    assert leads("/a/x") == ("/a/{B}", {"B": "x"})
    assert leads("/a/x/c") == ("/a/{B}/c", {"B": "x"})
    assert leads("/x/b/c") == ("/{A}/b/c", {"A": "x"})
    assert leads("/a/x/y/z") == ("/a/{B+}", {"B": "x/y/z"})
    assert leads("/a/x/y/end") == ("/a/{B+}/end", {"B": "x/y"})
    assert leads("/a/x/y/tail/end") == ("/a/{B+}/tail/end", {"B": "x/y"})
    assert leads("/x/y") == ("/{Any+}", {"Any": "x/y"})


def test_a_literal_may_come_encoded() -> None:
    found = described("/a/$next/{B}").match("GET", "/a/%24next/x%3Ay", "")
    assert found is not None
    assert found[1] == {"B": "x:y"}


def test_what_is_required_of_a_lone_route_is_left_to_validation() -> None:
    found = Router(load("lambda")).match("DELETE", "/2017-03-31/tags/arn", "")
    assert found is not None
    assert found[0].name == "UntagResource"


@settings(max_examples=200, derandomize=True, deadline=None)
@given(
    method=st.sampled_from(["GET", "PUT", "", "get", "\x00"]),
    path=st.text(alphabet="/ab%2F{}+?é\ud800.", max_size=60),
    query=st.text(alphabet="ab=&%+;?é2", max_size=60),
)
def test_mangled_paths_and_queries_are_routed_or_not(method: str, path: str, query: str) -> None:
    for router in (_s3, described("/a/{B+}/a", "/{A}/b")):
        found = router.match(method, path, query)
        assert found is None or found[0].method == method


def test_a_path_of_many_segments_takes_no_long_time() -> None:
    assert s3("GET", "/b" + "/x" * 50_000) is not None
    assert described("/a/{B}/c", "/{A}/b/{C}").match("GET", "/a" * 50_000, "") is None
