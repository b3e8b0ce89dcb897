"""Queue URLs: forms that are understood, forms that are issued."""

from __future__ import annotations

import pytest
from atoll.core.call import Origin
from atoll.core.errors import AwsError
from atoll.core.tenant_id import TenantId
from atoll.services.sqs.urls import parse_queue_url, place_of_url, render_queue_url, style_for
from atoll.wire.http import Request
from hypothesis import given, settings
from hypothesis import strategies as st

TAIL = "111111111111/q"
CLOUD = "localhost.localstack.cloud"


@pytest.mark.parametrize(
    ("url", "region"),
    [
        (f"https://sqs.ap-south-1.amazonaws.com/{TAIL}", "ap-south-1"),
        (f"https://sqs-fips.us-gov-west-1.amazonaws.com/{TAIL}", "us-gov-west-1"),
        (f"https://sqs.cn-north-1.amazonaws.com.cn/{TAIL}", "cn-north-1"),
        (f"https://sqs.us-west-2.api.aws/{TAIL}", "us-west-2"),
        (f"https://vpce-1.sqs.eu-west-1.vpce.amazonaws.com/{TAIL}", "eu-west-1"),
        (f"http://sqs.eu-central-1.localhost.localstack.cloud:4566/{TAIL}", "eu-central-1"),
        (f"http://SQS.EU-CENTRAL-1.Example:4566/{TAIL}", "eu-central-1"),
        (f"https://ap-south-1.queue.amazonaws.com/{TAIL}", "ap-south-1"),
        (f"https://queue.amazonaws.com/{TAIL}", "us-east-1"),
        (f"http://queue.localhost:4566/{TAIL}", "us-east-1"),
        (f"http://localhost:4566/queue/eu-north-1/{TAIL}", "eu-north-1"),
        (f"http://sqs.us-east-1.x:4566/queue/eu-north-1/{TAIL}", "eu-north-1"),
        (f"http://localhost:4566/{TAIL}", ""),
        (f"http://sqs.amazonaws.com/{TAIL}", ""),
        (f"http://localhost:4566/{TAIL}/", ""),
        (f"http://localhost:4566/{TAIL}?Action=SendMessage", ""),
        (f"http://10.0.0.1/{TAIL}", ""),
    ],
)
def test_forms_that_are_understood(url: str, region: str) -> None:
    assert parse_queue_url(url) == (region, "111111111111", "q")
    assert place_of_url(url) == ("111111111111", region)


@pytest.mark.parametrize(
    "url", ["", "q", "http://x", "http://x/q", "http://x/1/q", "http://x/111111111111/q/r", "http:///111111111111/q"]
)
def test_what_is_none(url: str) -> None:
    assert parse_queue_url(url) is None
    assert place_of_url(url) is None


@pytest.mark.parametrize(
    ("style", "host", "public", "url"),
    [
        ("dynamic", "localhost:4566", "", "http://localhost:4566/queue/ap-south-1/111111111111/q"),
        ("dynamic", "sqs.us-east-1.x.y:1", "", "http://sqs.ap-south-1.x.y:1/111111111111/q"),
        ("dynamic", "a.sqs.us-east-1.x", "", "http://a.sqs.us-east-1.x/queue/ap-south-1/111111111111/q"),
        ("dynamic", "localhost:4566", "aws.example", "http://aws.example/queue/ap-south-1/111111111111/q"),
        ("path", "sqs.us-east-1.x", "", "http://sqs.us-east-1.x/queue/ap-south-1/111111111111/q"),
        ("off", "localhost:4566", "", "http://localhost:4566/111111111111/q"),
        ("standard", "localhost:4566", "", "http://sqs.ap-south-1.localhost:4566/111111111111/q"),
        ("standard", "us-east-1.queue.x", "", "http://sqs.ap-south-1.x/111111111111/q"),
        ("domain", "sqs.us-east-1.x:4566", "", "http://ap-south-1.queue.x:4566/111111111111/q"),
        ("dynamic", "eu-west-1.queue.x:1", "", "http://ap-south-1.queue.x:1/111111111111/q"),
        ("dynamic", "queue.localhost.localstack.cloud", "", f"http://ap-south-1.queue.{CLOUD}/111111111111/q"),
        ("dynamic", "queue.example.com:1", "", "http://queue.example.com:1/queue/ap-south-1/111111111111/q"),
        ("dynamic", "queue:1", "", "http://queue:1/queue/ap-south-1/111111111111/q"),
        ("standard", "[::1]:4566", "", "http://[::1]:4566/queue/ap-south-1/111111111111/q"),
        ("path", "localhost:32768", "h:0", "http://h:32768/queue/ap-south-1/111111111111/q"),
        ("standard", "[::1]:4566", "h:0", "http://sqs.ap-south-1.h:4566/111111111111/q"),
        ("off", "localhost", "h:0", "http://h/111111111111/q"),
        ("domain", "localhost", "h:2", "http://ap-south-1.queue.h:2/111111111111/q"),
    ],
)
def test_forms_that_are_issued(style: str, host: str, public: str, url: str) -> None:
    tenant = TenantId("default", "111111111111", "ap-south-1")
    assert render_queue_url(style, public, Origin("http", host), tenant, "q") == url


@pytest.mark.parametrize(
    ("style", "host", "public", "given"),
    [
        ("dynamic", "localhost:4566", "", "off"),
        ("dynamic", "sqs.us-east-1.x:1", "aws.example", "off"),
        ("dynamic", "sqs.us-east-1.x:1", "", "dynamic"),
        ("dynamic", "sqs.us-east-1:1", "", "dynamic"),
        ("dynamic", "us-east-1.queue.x:1", "", "dynamic"),
        # What was asked for is given.
        ("path", "localhost:4566", "", "path"),
        ("standard", "localhost:4566", "", "standard"),
    ],
)
def test_terraform_takes_two_parts_of_a_path_only(style: str, host: str, public: str, given: str) -> None:
    assert style_for(style, public, Origin("http", host, terraform=True)) == given
    assert style_for(style, public, Origin("http", host)) == style


def test_the_oldest_region_has_the_shortest_domain() -> None:
    tenant = TenantId("default", "111111111111", "us-east-1")
    origin = Origin("https", "localhost")
    assert render_queue_url("domain", "", origin, tenant, "q") == "https://queue.localhost/111111111111/q"


@settings(max_examples=200, derandomize=True)
@given(
    style=st.sampled_from(["standard", "domain", "path", "dynamic"]),
    host=st.sampled_from(["localhost", "localhost:4566", "sqs.eu-west-1.a.b:1", "queue.x", "eu-west-1.queue.x", "h.i"]),
    region=st.sampled_from(["us-east-1", "eu-central-1", "us-gov-west-1", "cn-north-1", "ap-southeast-10"]),
    name=st.from_regex(r"[A-Za-z0-9_-]{1,80}(\.fifo)?", fullmatch=True),
)
def test_what_is_issued_is_understood(style: str, host: str, region: str, name: str) -> None:
    tenant = TenantId("default", "111111111111", region)
    url = render_queue_url(style, "", Origin("http", host), tenant, name)
    assert parse_queue_url(url) == (region, "111111111111", name)


def test_a_call_posted_to_a_queue_names_it() -> None:
    from atoll.services.sqs.service import complete

    params: dict[str, object] = {}
    complete(Request("POST", f"/{TAIL}", "", {"host": "localhost:4566"}), "PurgeQueue", params)
    assert params == {"QueueUrl": f"http://localhost:4566/{TAIL}"}
    complete(Request("POST", "/222222222222/other", "", {"host": "x"}), "PurgeQueue", params)
    assert params == {"QueueUrl": f"http://localhost:4566/{TAIL}"}
    params = {}
    for path in ("/", "/x", "/queue/eu-west-1/x"):
        complete(Request("POST", path, "", {"host": "localhost"}), "CreateQueue", params)
    assert params == {}
    for operation in ("CreateQueue", "ListQueues"):
        with pytest.raises(AwsError) as raised:
            complete(Request("POST", f"/{TAIL}", "", {"host": "localhost:4566"}), operation, params)
        assert str(raised.value) == f"InvalidAction: The action {operation} is not valid for this endpoint."
