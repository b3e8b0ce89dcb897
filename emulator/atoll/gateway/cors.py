"""Cross-origin calls of browsers: which pages may call, and the headers that let them. A pure function of a request.

As LocalStack allows it: its web application and the endpoint's own origins may call, others are refused before anything
is done, whether or not the browser would have shown them the answer. Calls of SDKs and the CLI name no origin and pass.

https://docs.localstack.cloud/aws/customization/configuration-options/#security
https://fetch.spec.whatwg.org/#http-cors-protocol
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from atoll.wire.http import Response

Headers = list[tuple[str, str]]

_HOSTS: Final = ("localhost", "localhost.localstack.cloud")
_ORIGINS: Final = (
    "https://app.localstack.cloud",
    "http://app.localstack.cloud",
    "https://localhost",
    "https://localhost.localstack.cloud",
    # Electron's applications, as NoSQL Workbench is.
    "file://",
)
_SITES: Final = ("s3-website", "cloudfront")
"""What serves pages under subdomains of the endpoint (`bucket.s3-website.HOST`): these may call it."""
_METHODS: Final = "HEAD,GET,PUT,POST,DELETE,OPTIONS,PATCH"
_ALLOWED: Final = (
    "authorization",
    "cache-control",
    "content-length",
    "content-md5",
    "content-type",
    "etag",
    "location",
    "x-amz-acl",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-request-id",
    "x-amz-security-token",
    "x-amz-tagging",
    "x-amz-target",
    "x-amz-user-agent",
    "x-amz-version-id",
    "x-amzn-requestid",
    "x-localstack-target",
    "amz-sdk-invocation-id",
    "amz-sdk-request",
    "x-amz-log-type",
    # Sent by today's SDKs for SQS over JSON; LocalStack's list does not have it.
    "x-amzn-query-mode",
)
_EXPOSED: Final = (
    "etag",
    "x-amz-version-id",
    "x-amz-log-result",
    "x-amz-executed-version",
    "x-amz-function-error",
)


class Policy(NamedTuple):
    """Who may call across origins. Made by `policy`."""

    origins: frozenset[str]
    """Allowed origins; `*` is all of them."""
    hosts: frozenset[str]
    ports: frozenset[int]
    """Where the endpoint's own pages come from: the subdomains of these hosts, at these ports."""
    allowed_headers: str
    exposed_headers: str
    checks: bool
    answers: bool
    """Whether answers get CORS headers at all."""


class Verdict(NamedTuple):
    """What becomes of a browser's call."""

    response: Response | None
    """The answer where the call ends here: refused, or a preflight. None: the call is made."""
    headers: Headers
    """To be added to the call's answer."""


def policy(
    ports: Collection[int],
    *,
    host: str = "",
    extra_origins: Sequence[str] = (),
    extra_allowed_headers: Sequence[str] = (),
    extra_exposed_headers: Sequence[str] = (),
    disable_checks: bool = False,
    disable_headers: bool = False,
) -> Policy:
    """The policy of an endpoint that listens on `ports`, under `host` besides localhost.

    The options are LocalStack's EXTRA_CORS_ALLOWED_ORIGINS, EXTRA_CORS_ALLOWED_HEADERS, EXTRA_CORS_EXPOSE_HEADERS,
    DISABLE_CORS_CHECKS and DISABLE_CORS_HEADERS.
    """
    hosts = frozenset((*_HOSTS, host)) if host else frozenset(_HOSTS)
    own = (f"{scheme}://{name}:{port}" for scheme in ("http", "https") for name in hosts for port in ports)
    extra = (origin.strip() for origin in extra_origins)
    return Policy(
        origins=frozenset((*_ORIGINS, *own, *filter(None, extra))),
        hosts=hosts,
        ports=frozenset(ports),
        allowed_headers=",".join((*_ALLOWED, *extra_allowed_headers)),
        exposed_headers=",".join((*_EXPOSED, *extra_exposed_headers)),
        checks=not disable_checks,
        answers=not disable_headers,
    )


def judge(method: str, headers: Mapping[str, str], rules: Policy) -> Verdict | None:
    """What becomes of a call with these headers; None for one that no browser made, which is most.

    A page of another origin that only links to the endpoint sends no Origin but a Referer: it is refused like one that
    calls, since a query in a link can delete a queue.
    """
    origin = headers.get("origin")
    if origin is None and "referer" not in headers and method != "OPTIONS":
        return None
    page = origin if origin is not None else _origin_of(headers.get("referer", ""))
    if rules.checks and page and not _allowed(page, rules):
        return Verdict(Response(403, []), [])
    added = _answer_headers(origin, headers, rules) if origin and rules.answers else []
    return Verdict(Response(204, added) if method == "OPTIONS" else None, added)


def _origin_of(referer: str) -> str:
    try:
        parts = urlsplit(referer)
    except ValueError:
        return referer
    return f"{parts.scheme}://{parts.netloc}" if referer else ""


def _allowed(origin: str, rules: Policy) -> bool:
    if origin in rules.origins or "*" in rules.origins:
        return True
    try:
        parts = urlsplit(origin)
        port = parts.port
    except ValueError:
        return False
    labels = (parts.hostname or "").split(".")
    if parts.scheme not in ("http", "https") or (port is not None and port not in rules.ports):
        return False
    return any(
        label in _SITES and at > 0 and ".".join(labels[at + 1 :]) in rules.hosts for at, label in enumerate(labels)
    )


def _answer_headers(origin: str, headers: Mapping[str, str], rules: Policy) -> Headers:
    answer: Headers
    if rules.checks:
        answer = [("Access-Control-Allow-Origin", origin), ("Access-Control-Allow-Credentials", "true")]
    else:
        answer = [("Access-Control-Allow-Origin", "*")]
    answer += [
        ("Access-Control-Allow-Methods", _METHODS),
        ("Access-Control-Allow-Headers", rules.allowed_headers),
        ("Access-Control-Expose-Headers", rules.exposed_headers),
    ]
    if headers.get("access-control-request-private-network") == "true":
        answer.append(("Access-Control-Allow-Private-Network", "true"))
    answer.append(("Vary", "Origin"))
    return answer
