"""Well-formed calls of every protocol, to be mangled; and what an error of each looks like."""

from __future__ import annotations

import json
import re
from typing import NamedTuple
from xml.etree import ElementTree

from atoll.wire.model import load

from tests.abuse.wire import Answer, head

ACCOUNT, REGION = "333333333333", "us-east-1"
"""Who abuses, unless a test says otherwise: nobody's whose things must stay as they are."""
FORM = "application/x-www-form-urlencoded"


def signed(service: str, account: str = ACCOUNT, region: str = REGION) -> dict[str, str]:
    scope = f"{account}/20260101/{region}/{service}/aws4_request"
    return {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"}


class Sample(NamedTuple):
    """A call that AWS would take. `kind` is how its errors look, a key of SHAPES."""

    kind: str
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def request(self, body: bytes | None = None, **headers: str) -> bytes:
        return head(
            self.method, self.path, {**self.headers, **headers}, self.body if body is None else body, close=True
        )


def json_call(service: str, operation: str, body: bytes, account: str = ACCOUNT) -> Sample:
    model = load(service)
    headers = {
        "X-Amz-Target": f"{model.target_prefix}.{operation}",
        "Content-Type": f"application/x-amz-json-{model.json_version}",
        **signed(service, account),
    }
    return Sample("json", "POST", "/", headers, body)


def query_call(service: str, body: bytes, account: str = ACCOUNT) -> Sample:
    kind = "ec2" if service == "ec2" else "query"
    return Sample(kind, "POST", "/", {"Content-Type": FORM, **signed(service, account)}, body)


SAMPLES = {
    "sqs-json": json_call(
        "sqs",
        "SendMessageBatch",
        b'{"QueueUrl":"http://localhost/333333333333/abused","Entries":[{"Id":"a","MessageBody":"\xe2\x82\xac",'
        b'"DelaySeconds":5,"MessageAttributes":{"n":{"DataType":"Binary","BinaryValue":"YWI="}}}]}',
    ),
    "sqs-query": query_call(
        "sqs",
        b"Action=SendMessageBatch&Version=2012-11-05&QueueUrl=http%3A%2F%2Flocalhost%2F333333333333%2Fabused"
        b"&SendMessageBatchRequestEntry.1.Id=a&SendMessageBatchRequestEntry.1.MessageBody=%E2%82%AC+b"
        b"&SendMessageBatchRequestEntry.1.MessageAttribute.1.Name=n"
        b"&SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.DataType=Binary"
        b"&SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.BinaryValue=YWI%3D",
    ),
    "sts-query": query_call(
        "sts",
        b"Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A333333333333%3Arole%2Fr&RoleSessionName=s"
        b"&Tags.member.1.Key=k&Tags.member.1.Value=v&PolicyArns.member.1.arn=arn%3Aaws%3Aiam%3A%3Aaws%3Apolicy%2Fp",
    ),
    "dynamodb-json-1.0": json_call("dynamodb", "PutItem", b'{"TableName":"t","Item":{"k":{"L":[{"N":"1"}]}}}'),
    "kms-json-1.1": json_call("kms", "Encrypt", b'{"KeyId":"k","Plaintext":"YQ=="}'),
    "ec2": query_call(
        "ec2",
        b"Action=DescribeInstances&Version=2016-11-15&Filter.1.Name=vpc-id&Filter.1.Value.1=vpc-1&MaxResults=5",
    ),
    "lambda-rest-json": Sample(
        "rest-json",
        "POST",
        "/2015-03-31/functions",
        {"Content-Type": "application/json", **signed("lambda")},
        b'{"FunctionName":"f","Role":"r","Code":{"ZipFile":"UEs="},"Environment":{"Variables":{"a":"b"}}}',
    ),
    "s3-rest-xml": Sample(
        "rest-xml",
        "PUT",
        "/bucket?lifecycle",
        {"Content-Type": "application/xml", **signed("s3")},
        b'<?xml version="1.0"?><LifecycleConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Rule>'
        b"<ID>a</ID><Status>Enabled</Status></Rule></LifecycleConfiguration>",
    ),
    "route53-rest-xml": Sample(
        "rest-xml",
        "POST",
        "/2013-04-01/hostedzone",
        {"Content-Type": "application/xml", **signed("route53")},
        b"<CreateHostedZoneRequest><Name>a.</Name><CallerReference>r</CallerReference></CreateHostedZoneRequest>",
    ),
    "cloudwatch-cbor": Sample(
        "cbor",
        "POST",
        "/service/GraniteServiceVersion20100801/operation/ListMetrics",
        {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor", **signed("monitoring")},
        b"\xa1\x69Namespace\x61a",
    ),
}


# ---- what is answered

_IMPOSSIBLE = re.compile(rb"&#x(?:[0-8BCEF]|1[0-9A-F]|FFF[EF]);")


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _xml(answer: Answer, *path: str) -> bool:
    """Whether an element stands under the path from the root on."""
    # AWS writes references to characters that XML does not have, as those of what it was sent.
    node = ElementTree.fromstring(_IMPOSSIBLE.sub(b"?", answer.body))
    if _local(node.tag) != path[0]:
        return False
    for name in path[1:]:
        found = next((child for child in node if _local(child.tag) == name), None)
        if found is None:
            return False
        node = found
    return bool(node.text)


def _json(answer: Answer) -> bool:
    told = json.loads(answer.body)
    return isinstance(told, dict) and isinstance(told.get("__type"), str)


def _rest_json(answer: Answer) -> bool:
    return isinstance(json.loads(answer.body), dict) and bool(answer.headers.get("x-amzn-errortype"))


def _rest_xml(answer: Answer) -> bool:
    return _xml(answer, "Error", "Code") or _xml(answer, "ErrorResponse", "Error", "Code")


SHAPES = {
    "json": _json,
    "query": lambda answer: _xml(answer, "ErrorResponse", "Error", "Code"),
    "ec2": lambda answer: _xml(answer, "Response", "Errors", "Error", "Code"),
    "rest-json": _rest_json,
    "rest-xml": _rest_xml,
    "cbor": lambda answer: (
        answer.headers.get("smithy-protocol") == "rpc-v2-cbor" and answer.body[:8] == b"\xa2\x66__type"
    ),
}
"""Of an error: whether it has the form that the protocol's clients read."""


def is_error_of(kind: str, answer: Answer) -> bool:
    try:
        return SHAPES[kind](answer)
    except (ValueError, ElementTree.ParseError):
        return False


def is_error(answer: Answer) -> bool:
    """Of any protocol; or of the server, which says in plain text that something is no request; or of Atoll's own
    paths; or the refusal of a page that is none of ours, which nobody is to read."""
    kind = answer.headers.get("content-type", "")
    if answer.status == 403 and not answer.body:
        return True
    if kind.startswith("text/plain"):
        return answer.status in (400, 403, 408, 414, 417, 431, 501, 503, 505)
    if kind.startswith(("application/problem+json", "application/json")) and re.match(rb"\{", answer.body):
        return isinstance(json.loads(answer.body), dict)
    return any(is_error_of(shape, answer) for shape in SHAPES)
