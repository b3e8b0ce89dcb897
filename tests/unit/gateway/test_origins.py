"""How a request reached the endpoint."""

from __future__ import annotations

import pytest
from atoll.core.call import Origin
from atoll.gateway.origins import Origins
from atoll.wire.http import Request

TERRAFORM = (
    "APN/1.0 HashiCorp/1.0 Terraform/1.9.8 (+https://www.terraform.io) terraform-provider-aws/6.20.0 "
    "(+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go-v2/1.39.6 api/sqs#1.42.13"
)
PULUMI = "APN/1.0 Pulumi/1.0 Pulumi-Aws/7.0.0 (+https://www.pulumi.com) aws-sdk-go-v2/1.39.6 api/sqs#1.42.13"
BOTO3 = "Boto3/1.40.0 md/Botocore#1.40.0 ua/2.1 os/linux#6.1 lang/python#3.11.7"


@pytest.mark.parametrize(("agent", "terraform"), [(TERRAFORM, True), (PULUMI, True), (BOTO3, False), ("", False)])
def test_who_calls_by_terraforms_provider(agent: str, terraform: bool) -> None:
    origins = Origins()
    request = Request("POST", "/", "", {"host": "x:1", "user-agent": agent}, scheme="https")
    assert origins.of(request) == Origin("https", "x:1", terraform)
    assert origins.of(request) is origins.of(request)


def test_a_request_that_says_nothing() -> None:
    assert Origins().of(Request("POST", "/", "", {})) == Origin("http", "localhost")
