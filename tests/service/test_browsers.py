"""Pages of the endpoint's own may call it from a browser; others are refused before anything is done."""

from __future__ import annotations

import http.client
from typing import Any

import pytest

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def ask(atoll: Any, method: str, headers: dict[str, str], body: str = "") -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", int(atoll.url.rpartition(":")[2]), timeout=20)
    try:
        connection.request(method, "/", body or None, headers)
        response = connection.getresponse()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
    finally:
        connection.close()


def test_a_preflight(atoll: Any) -> None:
    origin = f"http://localhost:{atoll.url.rpartition(':')[2]}"
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "x-amz-target",
    }
    status, headers, body = ask(atoll, "OPTIONS", asked)
    assert (status, body) == (204, b"")
    assert headers["access-control-allow-origin"] == origin
    assert "POST" in headers["access-control-allow-methods"]
    assert "x-amz-target" in headers["access-control-allow-headers"]
    status, headers, _ = ask(atoll, "OPTIONS", {})
    assert status == 204
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize("body", ["Action=ListQueues&Version=2012-11-05", "Action=Nothing&Version=2012-11-05"])
def test_answers_to_a_page(atoll: Any, body: str) -> None:
    origin = "https://app.localstack.cloud"
    status, headers, _ = ask(atoll, "POST", {**FORM, "Origin": origin}, body)
    assert status == (200 if "ListQueues" in body else 501)
    assert headers["access-control-allow-origin"] == origin
    assert headers["vary"] == "Origin"
    # An answer that has to be waited for gets them too.
    waited = "Action=CreateQueue&Version=2012-11-05&QueueName=of-a-page"
    status, headers, _ = ask(atoll, "POST", {**FORM, "Origin": origin}, waited)
    assert status == 200
    assert headers["access-control-allow-origin"] == origin


@pytest.mark.parametrize("named", ["Origin", "Referer"])
def test_another_page(atoll: Any, named: str) -> None:
    name = f"never-{named}"
    body = f"Action=CreateQueue&Version=2012-11-05&QueueName={name}"
    status, headers, _ = ask(atoll, "POST", {**FORM, named: "https://evil.example"}, body)
    assert status == 403
    assert "access-control-allow-origin" not in headers
    queues = atoll.client("sqs", "000000000000", "us-east-1").list_queues(QueueNamePrefix=name)
    assert "QueueUrls" not in queues


def test_no_page(atoll: Any) -> None:
    status, headers, _ = ask(atoll, "POST", FORM, "Action=ListQueues&Version=2012-11-05")
    assert status == 200
    assert not [name for name in headers if name.startswith("access-control-")]
