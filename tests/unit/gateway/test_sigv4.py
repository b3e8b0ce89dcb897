"""Signatures are verified as botocore makes them, and refused in AWS's words."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from hashlib import sha256
from typing import Any
from unittest import mock
from urllib.parse import quote, urlsplit

import pytest
from atoll.gateway.claims import read_claim
from atoll.gateway.refusals import NotAuthenticated, Reason, in_words
from atoll.gateway.sigv4 import canonical_path, canonical_request, is_region, payload_hash, string_to_sign, verify
from atoll.wire.http import Request
from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

KEY = "LKIAQAAAAAAAAAAAAAAA"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
NOW = datetime.datetime(2026, 7, 1, 12, 0, 0, tzinfo=datetime.UTC)
HOST = "localhost:4566"


def at(seconds: float) -> float:
    return NOW.timestamp() + seconds


def received(aws: AWSRequest) -> Request:
    """The request as a server has it that read it from the wire."""
    prepared = aws.prepare()
    url = urlsplit(prepared.url)
    headers = {
        name.lower(): (value.decode() if isinstance(value, bytes) else str(value)).encode().decode("latin-1").strip()
        for name, value in prepared.headers.items()
    }
    headers.setdefault("host", url.netloc)
    body = prepared.body or b""
    return Request(prepared.method, url.path, url.query, headers, body.encode() if isinstance(body, str) else body)


def signed(
    signer: type[auth.SigV4Auth] = auth.SigV4Auth,
    service: str = "sqs",
    *,
    method: str = "POST",
    url: str = f"http://{HOST}/",
    headers: dict[str, str] | None = None,
    body: bytes = b"",
    secret: str = SECRET,
    token: str | None = None,
    region: str = "eu-west-1",
    **options: Any,
) -> Request:
    aws = AWSRequest(method=method, url=url, headers=headers or {}, data=body)
    with mock.patch.object(auth, "get_current_datetime", return_value=NOW.replace(tzinfo=None)):
        signer(Credentials(KEY, secret, token), service, region, **options).add_auth(aws)
    return received(aws)


def judge(request: Request, seconds: float = 0, secret: str = SECRET) -> None:
    claim = read_claim(request)
    assert claim is not None
    verify(request, claim, secret, at(seconds))


def refusal(request: Request, service: str = "sqs", protocol: str = "query", seconds: float = 0, **more: Any) -> Any:
    with pytest.raises(NotAuthenticated) as raised:
        judge(request, seconds, **more)
    return in_words(raised.value, service, protocol)


SEGMENTS = st.text(st.characters(blacklist_categories=["Cs", "Cc"], max_codepoint=0x2FFF), min_size=0, max_size=8)
PATHS = st.lists(st.one_of(SEGMENTS, st.sampled_from([".", "..", "a b", "%2F", "~x", "a+b"])), max_size=5)
QUERIES = st.lists(st.tuples(SEGMENTS, SEGMENTS), max_size=4)
HEADERS = st.dictionaries(
    st.from_regex(r"x-(amz-)?[a-z]{1,6}", fullmatch=True).filter(lambda name: name not in ("x-amz-date",)),
    st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=20),
    max_size=4,
)


def _url(path: list[str], query: list[tuple[str, str]]) -> str:
    text = f"http://{HOST}/" + "/".join(quote(part, safe="~") for part in path)
    pairs = [f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in query if name]
    return text + ("?" + "&".join(pairs) if pairs else "")


@given(PATHS, QUERIES, HEADERS, st.binary(max_size=40), st.sampled_from(["GET", "POST", "PUT"]))
@settings(max_examples=120, deadline=None)
def test_what_botocore_signs_is_verified(
    path: list[str], query: list[tuple[str, str]], headers: dict[str, str], body: bytes, method: str
) -> None:
    url = _url(path, query)
    judge(signed(method=method, url=url, headers=headers, body=body))
    judge(signed(auth.S3SigV4Auth, "s3", method=method, url=url, headers=headers, body=body))


@given(PATHS, QUERIES, st.integers(1, 604800))
@settings(max_examples=80, deadline=None)
def test_what_botocore_presigns_is_verified(path: list[str], query: list[tuple[str, str]], expires: int) -> None:
    url = _url(path, query)
    judge(signed(auth.SigV4QueryAuth, method="GET", url=url, expires=expires), expires)
    judge(signed(auth.S3SigV4QueryAuth, "s3", method="GET", url=url, expires=expires), expires)


@given(PATHS, QUERIES, st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_what_was_changed_on_the_way_is_not(path: list[str], query: list[tuple[str, str]], what: int) -> None:
    request = signed(auth.S3SigV4Auth, "s3", method="PUT", url=_url(path, query), body=b"body")
    match what:
        case 0:
            request.method = "POST"
        case 1:
            request.path += "x"
        case 2:
            request.query += "&x=y"
        case 3:
            request.headers["host"] = "elsewhere"
        case 4:
            request.headers["x-amz-date"] = "20260701T120001Z"
        case _:
            request.body = b"Body"
    with pytest.raises(NotAuthenticated):
        judge(request)


@given(st.text(max_size=60), st.text(max_size=60))
@settings(max_examples=120, deadline=None)
def test_any_authorization_is_answered(authorization: str, query: str) -> None:
    headers = {"host": HOST, "authorization": "AWS4-HMAC-SHA256 " + authorization, "x-amz-date": "20260701T120000Z"}
    for request in (
        Request("GET", "/", "", headers),
        Request("GET", "/", "X-Amz-Algorithm=" + query, {"host": HOST}),
        Request("GET", "/", "X-Amz-Credential=" + query, {"host": HOST}),
    ):
        claim = read_claim(request)
        assert claim is not None
        with pytest.raises(NotAuthenticated) as raised:
            verify(request, claim, SECRET, at(0))
        for service, protocol in (("s3", "rest-xml"), ("ec2", "ec2"), ("iam", "query"), ("kms", "json")):
            assert in_words(raised.value, service, protocol).message


# AWS's own examples: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html,
# https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html and, for IAM,
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-examples.html
EXAMPLE_TIME = datetime.datetime(2013, 5, 24, tzinfo=datetime.UTC).timestamp()
EXAMPLE_SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
EMPTY = sha256(b"").hexdigest()
S3_EXAMPLES = {
    "get object": (
        "GET",
        "/test.txt",
        "",
        {"range": "bytes=0-9", "x-amz-content-sha256": EMPTY},
        b"",
        "host;range;x-amz-content-sha256;x-amz-date",
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    ),
    "put object": (
        "PUT",
        "/test$file.text",
        "",
        {
            "date": "Fri, 24 May 2013 00:00:00 GMT",
            "x-amz-storage-class": "REDUCED_REDUNDANCY",
            "x-amz-content-sha256": "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
        },
        b"Welcome to Amazon S3.",
        "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
    ),
    "get lifecycle": (
        "GET",
        "/",
        "lifecycle",
        {"x-amz-content-sha256": EMPTY},
        b"",
        "host;x-amz-content-sha256;x-amz-date",
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
    ),
    "list objects": (
        "GET",
        "/",
        "max-keys=2&prefix=J",
        {"x-amz-content-sha256": EMPTY},
        b"",
        "host;x-amz-content-sha256;x-amz-date",
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    ),
}


@pytest.mark.parametrize("name", S3_EXAMPLES)
def test_aws_examples_of_s3(name: str) -> None:
    method, path, query, headers, body, signed_headers, signature = S3_EXAMPLES[name]
    headers = headers | {
        "host": "examplebucket.s3.amazonaws.com",
        "x-amz-date": "20130524T000000Z",
        "authorization": "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
        f"SignedHeaders={signed_headers},Signature={signature}",
    }
    request = Request(method, path, query, headers, body)
    claim = read_claim(request)
    assert claim is not None
    verify(request, claim, EXAMPLE_SECRET, EXAMPLE_TIME)


def test_aws_example_of_a_presigned_url() -> None:
    query = (
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2F"
        "aws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature="
        "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    )
    request = Request("GET", "/test.txt", query, {"host": "examplebucket.s3.amazonaws.com"})
    claim = read_claim(request)
    assert claim is not None
    verify(request, claim, EXAMPLE_SECRET, EXAMPLE_TIME + 86400)
    with pytest.raises(NotAuthenticated):
        verify(request, claim, EXAMPLE_SECRET, EXAMPLE_TIME + 86401)


def test_aws_example_of_iam() -> None:
    request = Request(
        "GET",
        "/",
        "Action=ListUsers&Version=2010-05-08",
        {
            "content-type": "application/x-www-form-urlencoded; charset=utf-8",
            "host": "iam.amazonaws.com",
            "x-amz-date": "20150830T123600Z",
            "authorization": "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
            "SignedHeaders=content-type;host;x-amz-date, "
            "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
        },
    )
    claim = read_claim(request)
    assert claim is not None
    now = datetime.datetime(2015, 8, 30, 12, 36, tzinfo=datetime.UTC).timestamp()
    verify(request, claim, "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", now)


def test_a_repeated_header_is_signed_without_the_space_that_the_server_joins_with() -> None:
    request = signed(headers={"x-amz-thing": "1,2"})
    request.headers["x-amz-thing"] = "1, 2"
    judge(request)


def test_a_date_header_will_do() -> None:
    request = signed(headers={"Date": "now"})
    assert "x-amz-date" not in request.headers
    judge(request)


@pytest.mark.parametrize(
    "declared", ["UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"]
)
def test_a_body_may_be_left_out(declared: str) -> None:
    request = signed(service="lambda", headers={"X-Amz-Content-SHA256": declared}, body=b"one")
    request.body = b"another"
    judge(request)


JSON = ("kms", "json")
REST_JSON = ("lambda", "rest-json")
QUERY = ("iam", "query")
EC2 = ("ec2", "ec2")
S3 = ("s3", "rest-xml")


def _resigned(**changed: str) -> Callable[[Request], None]:
    def change(request: Request) -> None:
        request.headers.update({name.replace("_", "-"): value for name, value in changed.items()})

    return change


AUTHORIZATION = (
    f"AWS4-HMAC-SHA256 Credential={KEY}/20260701/eu-west-1/sqs/aws4_request, "
    "SignedHeaders=host;x-amz-date, Signature=" + "0" * 64
)
NOT_MATCHING = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)


@pytest.mark.parametrize(
    ("authorization", "headers", "messages"),
    [
        (AUTHORIZATION, {}, {QUERY: ("SignatureDoesNotMatch", 403, NOT_MATCHING), EC2: ("AuthFailure", 401, None)}),
        (
            "AWS4-HMAC-SHA256",
            {"x-amz-date": ""},
            {
                QUERY: (
                    "IncompleteSignature",
                    400,
                    "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' "
                    "parameter. Authorization header requires 'SignedHeaders' parameter. Authorization header requires "
                    "existence of either a 'X-Amz-Date' or a 'Date' header. Authorization=AWS4-HMAC-SHA256",
                ),
                JSON: ("IncompleteSignatureException", 400, None),
                REST_JSON: ("IncompleteSignatureException", 403, None),
                S3: ("AuthorizationHeaderMalformed", 400, None),
            },
        ),
        (
            "AWS4-HMAC-SHA256 FooBar",
            {},
            {
                QUERY: (
                    "IncompleteSignature",
                    400,
                    "'FooBar' not a valid key=value pair (missing equal-sign) in Authorization header: "
                    "'AWS4-HMAC-SHA256 FooBar'.",
                )
            },
        ),
        (
            "AWS4-HMAC-SHA1 a",
            {},
            {QUERY: ("IncompleteSignature", 400, "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA1'.")},
        ),
        (
            "AWS4-ECDSA-P256-SHA256 Credential=a/20260701/s3/aws4_request, SignedHeaders=host, Signature=00",
            {},
            {
                QUERY: ("IncompleteSignature", 400, "Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256-SHA256'."),
                S3: ("InvalidArgument", 400, "Unsupported Authorization Type"),
            },
        ),
        (
            "AWS AKIAIOSFODNN7EXAMPLE:frJIUN8DYpKDtOLCwo//yllqDzg=",
            {},
            {
                S3: (
                    "InvalidRequest",
                    400,
                    "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
                )
            },
        ),
        (
            AUTHORIZATION.replace("/eu-west-1", ""),
            {},
            {
                QUERY: (
                    "IncompleteSignature",
                    400,
                    "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got "
                    f"'{KEY}/20260701/sqs/aws4_request'",
                ),
                S3: (
                    "AuthorizationHeaderMalformed",
                    400,
                    "The authorization header is malformed; the Credential is mal-formed; expecting "
                    '"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".',
                ),
            },
        ),
        (
            AUTHORIZATION.replace("20260701/eu-west-1/sqs/aws4_request", "b/EU/sqs/e"),
            {},
            {
                JSON: (
                    "InvalidSignatureException",
                    400,
                    "Credential should be scoped to a valid region, not 'EU'. Credential should be scoped with a valid "
                    "terminator: 'aws4_request', not 'e'. Date in Credential scope does not match YYYYMMDD from "
                    "ISO-8601 version of date from HTTP: 'b' != '20260701', from '20260701T120000Z'.",
                ),
                S3: (
                    "AuthorizationHeaderMalformed",
                    400,
                    'The authorization header is malformed; the region "EU" is wrong; expecting "us-east-1"',
                ),
            },
        ),
        (
            AUTHORIZATION.replace("host;", ""),
            {},
            {
                QUERY: (
                    "SignatureDoesNotMatch",
                    403,
                    "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
                )
            },
        ),
        (
            AUTHORIZATION,
            {"x-amz-target": "a", "x-amz-other": "b"},
            {
                QUERY: ("SignatureDoesNotMatch", 403, None),
                S3: ("AccessDenied", 403, "There were headers present in the request which were not signed"),
            },
        ),
        (
            AUTHORIZATION,
            {"x-amz-date": "20260701"},
            {
                QUERY: (
                    "IncompleteSignature",
                    400,
                    "Date must be in ISO-8601 'basic format'. Got '20260701'. See http://en.wikipedia.org/wiki/ISO_8601",
                ),
                S3: ("AccessDenied", 403, "AWS authentication requires a valid Date or x-amz-date header"),
            },
        ),
        (AUTHORIZATION, {"x-amz-date": "20269901T120000Z"}, {QUERY: ("IncompleteSignature", 400, None)}),
    ],
)
def test_what_is_wrong_is_said_in_aws_words(
    authorization: str, headers: dict[str, str], messages: dict[tuple[str, str], tuple[str, int, str | None]]
) -> None:
    headers = {"host": HOST, "x-amz-date": "20260701T120000Z", "authorization": authorization} | headers
    request = Request("POST", "/", "", {name: value for name, value in headers.items() if value}, b"body")
    for (service, protocol), (code, status, message) in messages.items():
        error = refusal(request, service, protocol)
        assert (error.code, error.status) == (code, status)
        if message is not None:
            assert error.message == message


def test_json_services_say_what_should_have_been_signed() -> None:
    request = signed(secret="another")
    claim = read_claim(request)
    assert claim is not None
    canonical = canonical_request(request, claim, payload_hash(request, claim))
    error = refusal(request, *JSON)
    assert error.message == (
        f"{NOT_MATCHING}\n\nThe Canonical String for this request should have been\n'{canonical}'\n\n"
        f"The String-to-Sign should have been\n'{string_to_sign(claim, canonical)}'\n"
    )
    members = refusal(request, *S3).members
    assert members["CanonicalRequest"] == canonical
    assert members["StringToSignBytes"].startswith("41 57 53 34")


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (
            901,
            {
                QUERY: (
                    "SignatureDoesNotMatch",
                    "Signature expired: 20260701T120000Z is now earlier than 20260701T120001Z (20260701T121501Z - 15 "
                    "min.)",
                ),
                JSON: ("InvalidSignatureException", None),
                EC2: ("RequestExpired", "Request has expired."),
                S3: (
                    "RequestTimeTooSkewed",
                    "The difference between the request time and the current time is too large.",
                ),
            },
        ),
        (
            -901,
            {
                QUERY: (
                    "SignatureDoesNotMatch",
                    "Signature not yet current: 20260701T120000Z is still later than 20260701T115959Z "
                    "(20260701T114459Z + 15 min.)",
                ),
                S3: ("RequestTimeTooSkewed", None),
            },
        ),
    ],
)
def test_a_clock_that_is_off(seconds: int, expected: dict[tuple[str, str], tuple[str, str | None]]) -> None:
    request = signed()
    judge(request, 900)
    judge(request, -900)
    for (service, protocol), (code, message) in expected.items():
        error = refusal(request, service, protocol, seconds)
        assert error.code == code
        assert message is None or error.message == message
        if service == "s3":
            assert error.members["RequestTime"] == "20260701T120000Z"


def test_a_presigned_url_expires() -> None:
    request = signed(auth.S3SigV4QueryAuth, "s3", method="GET", url=f"http://{HOST}/b/k", expires=60)
    judge(request, 60)
    error = refusal(request, *S3, 61)
    assert (error.code, error.status, error.message) == ("AccessDenied", 403, "Request has expired")
    assert error.members == {
        "X-Amz-Expires": "60",
        "Expires": "2026-07-01T12:01:00Z",
        "ServerTime": "2026-07-01T12:01:01Z",
    }
    assert refusal(request, *S3, -901).message == "Request is not valid yet"


def test_sts_takes_a_presigned_url_for_fifteen_minutes() -> None:
    request = signed(
        auth.SigV4QueryAuth, "sts", method="GET", url=f"http://{HOST}/?Action=GetCallerIdentity", expires=60
    )
    judge(request, 900)
    assert "(20260701T121501Z - 15 min.)" in refusal(request, "sts", "query", 901).message


@pytest.mark.parametrize(
    ("expires", "message"),
    [
        ("x", "X-Amz-Expires should be a number"),
        ("-1", "X-Amz-Expires must be non-negative"),
        (
            "604801",
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than "
            "604800 seconds",
        ),
        ("", "X-Amz-Expires should be a number"),
        ("9" * 5000, "X-Amz-Expires should be a number"),
    ],
)
def test_how_long_a_presigned_url_may_last(expires: str, message: str) -> None:
    request = signed(auth.S3SigV4QueryAuth, "s3", method="GET", url=f"http://{HOST}/b/k", expires=60)
    request.query = request.query.replace("X-Amz-Expires=60", f"X-Amz-Expires={expires}")
    error = refusal(request, *S3)
    assert (error.code, error.message) == ("AuthorizationQueryParametersError", message)


def test_a_presigned_url_that_lacks_parts() -> None:
    request = Request("GET", "/", "X-Amz-Algorithm=AWS4-HMAC-SHA256", {"host": HOST})
    error = refusal(request, *JSON)
    assert error.message == (
        "AWS query-string parameters must include 'X-Amz-Credential'. AWS query-string parameters must include "
        "'X-Amz-Signature'. AWS query-string parameters must include 'X-Amz-SignedHeaders'. AWS query-string "
        "parameters must include 'X-Amz-Date'. Re-examine the query-string parameters."
    )
    assert refusal(request, *S3).code == "AuthorizationQueryParametersError"


def test_s3_checks_the_body_against_its_hash() -> None:
    request = signed(auth.S3SigV4Auth, "s3", body=b"one")
    request.body = b"two"
    error = refusal(request, *S3)
    assert (error.code, error.status) == ("XAmzContentSHA256Mismatch", 400)
    assert error.members == {
        "ClientComputedContentSHA256": sha256(b"one").hexdigest(),
        "S3ComputedContentSHA256": sha256(b"two").hexdigest(),
    }
    del request.headers["x-amz-content-sha256"]
    request.headers["authorization"] = request.headers["authorization"].replace("x-amz-content-sha256;", "")
    assert refusal(request, *S3).message == "Missing required header for this request: x-amz-content-sha256"


def test_signed_twice() -> None:
    request = signed(auth.SigV4QueryAuth, method="GET", url=f"http://{HOST}/", expires=60)
    request.headers |= {"authorization": AUTHORIZATION, "x-amz-date": "20260701T120000Z"}
    assert refusal(request, *QUERY).message == (
        "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."
    )


def test_a_service_that_kept_the_query_codes_says_them_in_json() -> None:
    refused = NotAuthenticated(Reason.UNKNOWN_KEY, key_id="a")
    assert in_words(refused, "sqs", "json", query_compatible=True).code == "InvalidClientTokenId"
    assert in_words(refused, "kms", "json").code == "UnrecognizedClientException"
    assert in_words(refused, "ec2", "ec2").code == "AuthFailure"


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_words_everywhere(reason: Reason) -> None:
    names = (
        "algorithm part authorization missing date credential message detail names signed limit now expires key_id "
        "token declared computed canonical_request string_to_sign signature request_time server_time expired_at"
    )
    facts = dict.fromkeys(names.split(), "fact")
    for presigned in (False, True):
        for service, protocol in (JSON, REST_JSON, QUERY, EC2, S3):
            error = in_words(NotAuthenticated(reason, presigned=presigned, **facts), service, protocol)
            assert error.code
            assert error.message
            assert "{" not in error.message
            assert error.status in (400, 401, 403)


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1", "us-gov-west-1", "local", "cn-north-1", "r2"])
def test_regions(region: str) -> None:
    assert is_region(region)


@pytest.mark.parametrize(
    "region",
    [
        "",
        "US-EAST-1",
        "a" * 100_000,
        "us_east_1",
        "-a",
        "a-",
        "a--b",
        "../x",
        "a" * 33,
        "aws-global",
        "us-east-1\n",
        "1a",
        "ü",
    ],
)
def test_what_is_no_region(region: str) -> None:
    assert not is_region(region)


@pytest.mark.parametrize(
    ("path", "plain", "canonical"),
    [
        ("", False, "/"),
        ("/", False, "/"),
        ("/a//b/../c/./d/", False, "/a/c/d/"),
        ("/a%20b", False, "/a%2520b"),
        ("/a//b/../c", True, "/a//b/../c"),
        ("/a%20b%2f~", True, "/a%20b%2F~"),
        ("/a+b", True, "/a%2Bb"),
        ("/../..", False, "/"),
    ],
)
def test_paths(path: str, plain: bool, canonical: str) -> None:
    assert canonical_path(path, plain) == canonical
