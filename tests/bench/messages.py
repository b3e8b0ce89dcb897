"""HTTP requests as bytes, in the shape that AWS's SDKs give them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

ACCOUNT = "111111111111"
REGION = "eu-central-1"
FORM = "application/x-www-form-urlencoded; charset=utf-8"
JSON = "application/x-amz-json-1.0"
HOLE = "@HOLE@"


def render(host: str, headers: dict[str, str], body: bytes) -> bytes:
    lines = [
        "POST / HTTP/1.1",
        f"Host: {host}",
        "Accept-Encoding: identity",
        "User-Agent: Boto3/1.40.0 md/Botocore#1.40.0 ua/2.1 os/linux lang/python#3.11",
        *(f"{name}: {value}" for name, value in headers.items()),
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def unsigned_headers(service: str, account: str) -> dict[str, str]:
    """What a signed call has, with a signature that an open realm does not look at."""
    return {
        "X-Amz-Date": "20260101T000000Z",
        "Authorization": f"AWS4-HMAC-SHA256 Credential={account}/20260101/{REGION}/{service}/aws4_request, "
        f"SignedHeaders=content-type;host;x-amz-date, Signature={'0' * 64}",
    }


def identity(host: str) -> bytes:
    """GetCallerIdentity."""
    return render(host, {"Content-Type": FORM, **unsigned_headers("sts", ACCOUNT)}, _IDENTITY)


_IDENTITY = b"Action=GetCallerIdentity&Version=2011-06-15"


def signed_identity(host: str, key_id: str, secret: str, number: int) -> bytes:
    """GetCallerIdentity, signed; no two of different numbers have one signature."""
    headers = {"Content-Type": FORM, "Amz-Sdk-Invocation-Id": str(number)}
    request = AWSRequest("POST", f"http://{host}/", headers=headers, data=_IDENTITY)
    SigV4Auth(Credentials(key_id, secret), "sts", REGION).add_auth(request)
    return render(host, dict(request.headers.items()), _IDENTITY)


def sqs(host: str, operation: str, params: dict[str, Any], account: str = ACCOUNT) -> bytes:
    return call(host, "sqs", f"AmazonSQS.{operation}", params, account)


def call(host: str, service: str, target: str, params: dict[str, Any], account: str = ACCOUNT) -> bytes:
    """An operation of a service that speaks JSON, by the target that the model gives it."""
    headers = {"Content-Type": JSON, "X-Amz-Target": target, **unsigned_headers(service, account)}
    return render(host, headers, json.dumps(params).encode())


def publish(host: str, topic: str, message: str) -> bytes:
    """SNS's Publish, in the query protocol."""
    body = urlencode({"Action": "Publish", "Version": "2010-03-31", "TopicArn": topic, "Message": message}).encode()
    return render(host, {"Content-Type": FORM, **unsigned_headers("sns", ACCOUNT)}, body)


def with_hole(host: str, operation: str, params: dict[str, Any]) -> Callable[[str], bytes]:
    """The same for a parameter that is known late: its value in `params` is `HOLE`. Building it costs next to nothing,
    so that what is measured is the server."""
    head, _, body = sqs(host, operation, params).decode().partition("\r\n\r\n")
    head = head[: head.rindex(":")]
    before, _, after = body.partition(HOLE)
    length = len(before) + len(after)
    return lambda value: f"{head}: {length + len(value)}\r\n\r\n{before}{value}{after}".encode()
