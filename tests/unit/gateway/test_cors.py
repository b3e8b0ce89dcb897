"""Which pages may call, and what their browsers are told."""

from __future__ import annotations

from typing import Any

import pytest
from atoll.gateway.cors import judge, policy

RULES = policy([4566, 443])


class Counting(dict[str, str]):
    """Headers that count how often they are asked."""

    asked = 0

    def get(self, *args: Any) -> Any:
        self.asked += 1
        return super().get(*args)

    def __contains__(self, name: object) -> bool:
        self.asked += 1
        return super().__contains__(name)


def test_a_call_without_origin_pays_next_to_nothing() -> None:
    headers = Counting({"host": "localhost:4566"})
    assert judge("POST", headers, RULES) is None
    assert headers.asked <= 2


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://app.localstack.cloud", True),
        ("http://app.localstack.cloud", True),
        ("https://localhost", True),
        ("https://localhost.localstack.cloud", True),
        ("file://", True),
        ("http://localhost:4566", True),
        ("https://localhost:443", True),
        ("http://localhost.localstack.cloud:4566", True),
        ("http://localhost:3000", False),
        ("http://localhost", False),
        ("https://evil.example", False),
        ("https://localhost.evil.example", False),
        ("https://evil-localhost", False),
        ("null", False),
        ("http://site.s3-website.localhost:4566", True),
        ("http://site.s3-website.localhost.localstack.cloud:4566", True),
        ("https://d1.cloudfront.localhost.localstack.cloud", True),
        ("http://a.b.s3-website.localhost:4566", True),
        ("http://site.s3-website.localhost:3000", False),
        ("http://site.s3-website.evil.example:4566", False),
        ("http://site.s3-website.localhost.evil.example", False),
        ("http://s3-website.localhost:4566", False),
        ("ftp://site.s3-website.localhost:4566", False),
        ("http://site.s3-website.localhost:x", False),
        ("http://[", False),
    ],
)
@pytest.mark.parametrize("method", ["POST", "OPTIONS"])
def test_origins(origin: str, allowed: bool, method: str) -> None:
    verdict = judge(method, {"origin": origin}, RULES)
    assert verdict is not None
    if allowed:
        assert dict(verdict.headers)["Access-Control-Allow-Origin"] == origin
        assert (verdict.response is None) == (method == "POST")
        if verdict.response is not None:
            assert verdict.response.status == 204
            assert verdict.response.headers == verdict.headers
    else:
        assert verdict.response is not None
        assert verdict.response.status == 403
        assert not [name for name, _ in verdict.response.headers if name.startswith("Access-Control")]


def test_what_a_browser_is_told() -> None:
    verdict = judge("OPTIONS", {"origin": "https://app.localstack.cloud"}, RULES)
    assert verdict is not None
    assert verdict.response is not None
    told = dict(verdict.response.headers)
    assert told["Access-Control-Allow-Methods"] == "HEAD,GET,PUT,POST,DELETE,OPTIONS,PATCH"
    assert told["Access-Control-Allow-Credentials"] == "true"
    assert {"authorization", "content-type", "x-amz-target", "amz-sdk-request"} <= set(
        told["Access-Control-Allow-Headers"].split(",")
    )
    assert {"etag", "x-amz-version-id"} <= set(told["Access-Control-Expose-Headers"].split(","))
    assert told["Vary"] == "Origin"
    assert "Access-Control-Allow-Private-Network" not in told


def test_private_network() -> None:
    headers = {"origin": "https://app.localstack.cloud", "access-control-request-private-network": "true"}
    verdict = judge("OPTIONS", headers, RULES)
    assert verdict is not None
    assert ("Access-Control-Allow-Private-Network", "true") in verdict.headers


@pytest.mark.parametrize(
    ("referer", "allowed"),
    [
        ("https://app.localstack.cloud/inst/default", True),
        ("http://localhost:4566/bucket/index.html", True),
        ("https://evil.example/page", False),
        ("http://[/", False),
        ("", True),
    ],
)
def test_a_page_that_only_links_here(referer: str, allowed: bool) -> None:
    verdict = judge("GET", {"referer": referer}, RULES)
    assert verdict is not None
    assert (verdict.response is None) == allowed
    assert verdict.headers == []


def test_options_without_origin() -> None:
    verdict = judge("OPTIONS", {}, RULES)
    assert verdict is not None
    assert verdict.response is not None
    assert (verdict.response.status, verdict.response.headers) == (204, [])


def test_extras() -> None:
    rules = policy(
        [4566],
        host="atoll.test",
        extra_origins=[" http://localhost:3000 ", ""],
        extra_allowed_headers=["x-mine"],
        extra_exposed_headers=["x-yours"],
    )
    for origin in ("http://localhost:3000", "https://atoll.test:4566", "http://a.s3-website.atoll.test:4566"):
        verdict = judge("POST", {"origin": origin}, rules)
        assert verdict is not None
        told = dict(verdict.headers)
        assert told["Access-Control-Allow-Origin"] == origin
        assert told["Access-Control-Allow-Headers"].endswith(",x-mine")
        assert told["Access-Control-Expose-Headers"].endswith(",x-yours")


def test_everybody_may_call() -> None:
    for rules in (policy([4566], extra_origins=["*"]), policy([4566], disable_checks=True)):
        verdict = judge("POST", {"origin": "https://any.example"}, rules)
        assert verdict is not None
        assert verdict.response is None
    told = dict(verdict.headers)
    # A browser refuses credentials beside `*`, so they are not offered.
    assert told["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in told


def test_no_headers_at_all() -> None:
    rules = policy([4566], disable_headers=True)
    verdict = judge("POST", {"origin": "http://localhost:4566"}, rules)
    assert verdict is not None
    assert (verdict.response, verdict.headers) == (None, [])
    refused = judge("POST", {"origin": "http://evil.example"}, rules)
    assert refused is not None
    assert refused.response is not None
