"""What is called and not there is named, in the caller's protocol, with what there is."""

from __future__ import annotations

import urllib.error
import urllib.request
from typing import Any

import pytest
from atoll.services import REGISTRY
from botocore.exceptions import ClientError

THERE = ", ".join(REGISTRY)
CALLS = [
    ("ssm", "DescribeParameters", {}),
    ("s3", "ListBuckets", {}),
    ("s3", "GetObject", {"Bucket": "bucket", "Key": "a/b"}),
    ("s3", "HeadObject", {"Bucket": "bucket", "Key": "a/b"}),
    ("lambda", "Invoke", {"FunctionName": "f"}),
    ("apigateway", "GetRestApis", {}),
    ("ec2", "DescribeVpcs", {}),
    ("cloudformation", "ListStacks", {}),
    ("iam", "ListUsers", {}),
    ("dynamodb", "ListTables", {}),
    ("cloudwatch", "ListMetrics", {}),
    ("route53", "ListHostedZones", {}),
]


THERE = ", ".join(sorted(REGISTRY))


@pytest.mark.parametrize(("service", "operation", "params"), CALLS)
def test_a_service_that_is_not_there(atoll: Any, service: str, operation: str, params: dict[str, Any]) -> None:
    client = atoll.client(service)
    with pytest.raises(ClientError) as caught:
        client._make_api_call(operation, params)
    answer = caught.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 501
    if operation == "HeadObject":
        assert answer["Error"]["Code"] == "501"
        return
    assert answer["Error"]["Code"] == "NotImplemented"
    assert answer["Error"]["Message"] == f"Atoll has no {service}.{operation}. The services that it has: {THERE}."
    atoll.wait_for_line(lambda line: f" {service}.{operation} 501 " in line)


def post(url: str, body: bytes, **headers: str) -> tuple[int, str, str]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body or None, named), timeout=10) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["Content-Type"], error.read().decode()


def test_an_operation_that_is_not_there(atoll: Any) -> None:
    status, kind, body = post(atoll.url, b"{}", X_Amz_Target="AmazonSQS.Fly", Content_Type="application/x-amz-json-1.0")
    assert (status, kind) == (501, "application/x-amz-json-1.0")
    assert "Atoll has no sqs.Fly. The operations of sqs that it has: AddPermission, " in body
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    status, kind, body = post(atoll.url, b"Action=Fly&Version=2011-06-15", **form)
    assert (status, kind) == (501, "text/xml")
    assert "<Code>NotImplemented</Code>" in body
    assert "Atoll has no sts.Fly. The operations of sts that it has: AssumeRole, " in body
    # What only services call of each other is not there for anybody else.
    status, _, body = post(
        atoll.url, b"{}", X_Amz_Target="AmazonSQS.Deliver", Content_Type="application/x-amz-json-1.0"
    )
    assert status == 501
    assert "Deliver," not in body.split("that it has:")[1]


def test_what_nobody_knows(atoll: Any) -> None:
    status, kind, body = post(
        atoll.url, b"{}", X_Amz_Target="Nowhere_2020.Go", Content_Type="application/x-amz-json-1.1"
    )
    assert (status, kind) == (501, "application/x-amz-json-1.0")
    assert f'"Atoll has no nowhere_2020.Go. The services that it has: {THERE}."' in body
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    status, kind, body = post(atoll.url, b"Action=Go&Version=1999-01-01", **form)
    assert (status, kind) == (501, "text/xml")
    assert "Atoll has no unknown.Go." in body
    status, kind, body = post(atoll.url, b"")
    assert (status, kind) == (400, "text/xml")
    assert "<Code>MissingAction</Code>" in body
    status, kind, body = post(f"{atoll.url}/some/thing", b"")
    assert status == 501
    assert "Atoll has no s3.GetObject." in body
