"""Queue URLs: every form that is understood, and the forms that are issued.

    https://sqs.REGION.HOST/ACCOUNT/NAME        standard, AWS's own
    https://REGION.queue.HOST/ACCOUNT/NAME      domain; without REGION it is us-east-1
    https://HOST/queue/REGION/ACCOUNT/NAME      path
    https://HOST/ACCOUNT/NAME                   off: the region is the caller's

Dynamic is what the caller's host has the form of, else path.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-message-identifiers.html
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from atoll.core.access import Place
from atoll.core.call import Origin
from atoll.core.tenant_id import TenantId

LEGACY_REGION = "us-east-1"
LONGEST = 2048
"""Characters, more than any host, account and name have: thousands of longer texts would fill the memory."""

_URL = re.compile(
    r"https?://(?P<host>[^/?#]+)/(?:queue/(?P<region>[a-z0-9-]+)/)?(?P<account>\d{12})/(?P<name>[^/?#]+)/?(?:[?#].*)?"
)
_REGION = r"[a-z]{2,4}(?:-[a-z]+)+-\d+"
_SQS_HOST = re.compile(rf"(?:^|\.)sqs(?:-fips)?\.(?P<region>{_REGION})(?:\.(?P<rest>.+))?$")
_PORT = re.compile(r":\d+$")
_DOMAINS = ("amazonaws.com", "localhost", "localhost.localstack.cloud")
_QUEUE_HOST = re.compile(rf"^(?:(?P<region>{_REGION})\.)?queue(?:\.(?P<rest>.+))?$")


class QueueUrl(NamedTuple):
    """What a queue URL says. An empty region is the caller's."""

    region: str
    account: str
    name: str


def parse_queue_url(url: str) -> QueueUrl | None:
    """The parts of a queue URL, or None when `url` is none."""
    return _parse(url) if len(url) <= LONGEST else None


@lru_cache(maxsize=8192)
def _parse(url: str) -> QueueUrl | None:
    match = _URL.fullmatch(url)
    if match is None:
        return None
    region = match["region"] or _region_of_host(match["host"].lower())
    return QueueUrl(region, match["account"], match["name"])


def place_of_url(url: str) -> Place | None:
    """Whose queue a URL means."""
    parsed = parse_queue_url(url)
    return None if parsed is None else (parsed.account, parsed.region)


def _region_of_host(host: str) -> str:
    name = host.partition(":")[0]
    if (match := _SQS_HOST.search(name)) is not None:
        return match["region"]
    if (match := _QUEUE_HOST.match(name)) is not None:
        return match["region"] or LEGACY_REGION
    return ""


def style_for(style: str, public_host: str, origin: Origin) -> str:
    """`style`, but off in place of dynamic where that gave path to Terraform's AWS provider, which refuses a URL whose
    path has more than two parts. It calls each queue in the region that it was made in, so it misses nothing.

    https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/sqs/queue.go
    """
    if style != "dynamic" or not origin.terraform:
        return style
    host = (public_host or origin.host).partition(":")[0]
    return "off" if _style_of_host(host) == "path" else style


def render_queue_url(style: str, public_host: str, origin: Origin, tenant: TenantId, name: str) -> str:
    """The URL of a tenant's queue, for who reached the endpoint as `origin` says."""
    host = _with_port_of(origin.host, public_host) if public_host else origin.host
    tail = f"{tenant.account}/{name}"
    if style == "off":
        return f"{origin.scheme}://{host}/{tail}"
    plain, _, port = host.partition(":")
    if style == "dynamic":
        style = _style_of_host(plain)
    if style == "path" or host.startswith("["):
        # An IPv6 address has no subdomains.
        return f"{origin.scheme}://{host}/queue/{tenant.region}/{tail}"
    rest = _without_prefix(plain)
    if style == "standard":
        prefix = f"sqs.{tenant.region}"
    else:
        prefix = "queue" if tenant.region == LEGACY_REGION else f"{tenant.region}.queue"
    named = f"{prefix}.{rest}" if rest else prefix
    return f"{origin.scheme}://{named}{f':{port}' if port else ''}/{tail}"


def _with_port_of(caller: str, host: str) -> str:
    if not host.endswith(":0"):
        return host
    match = _PORT.search(caller)
    return host.removesuffix(":0") + (match[0] if match is not None else "")


def _style_of_host(host: str) -> str:
    """The form whose hosts are like this one. `queue` in somebody's own domain is likely a machine's name."""
    sqs, queue = _SQS_HOST.match(host), _QUEUE_HOST.match(host)
    if sqs is not None:
        return "standard"
    return "domain" if queue is not None and (queue["region"] or queue["rest"] in _DOMAINS) else "path"


def _without_prefix(host: str) -> str:
    """The domain below which the endpoint's hosts lie, given one of them."""
    for pattern in (_SQS_HOST, _QUEUE_HOST):
        if (match := pattern.match(host)) is not None:
            return match["rest"] or ""
    return host
