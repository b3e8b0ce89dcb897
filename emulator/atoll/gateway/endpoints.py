"""Which service, and which bucket, a Host header names.

    sqs.eu-central-1.DOMAIN            api.ecr.eu-central-1.DOMAIN        sts.amazonaws.com
    eu-central-1.queue.DOMAIN          queue.DOMAIN
    BUCKET.s3.eu-central-1.DOMAIN      BUCKET.s3-eu-central-1.DOMAIN      BUCKET.s3.DOMAIN

DOMAIN is anything where a region or `s3` comes before it; without them it must be known to be a domain, since `events`
in `events.example.com` is more likely somebody's machine.

https://docs.aws.amazon.com/general/latest/gr/rande.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_REGION = re.compile(r"[a-z]{2,4}(?:-[a-z]+){1,3}-\d{1,2}")
_S3 = re.compile(rf"s3(?:-accelerate|-external-1|-fips|-{_REGION.pattern})?")
_DOMAINS = (
    ("amazonaws", "com"),
    ("amazonaws", "com", "cn"),
    ("localhost", "localstack", "cloud"),
    ("localhost",),
)
_BETWEEN = ("dualstack", "fips")
"""May stand between the service and the region."""
_LONGEST = 255
_NO_HOST: tuple[str, ...] = ()


class Endpoint(NamedTuple):
    """Empty where the Host says nothing. `service` is the service's part of the host name, of one label or more."""

    service: str = ""
    bucket: str = ""


@lru_cache(maxsize=1024)
def read_endpoint(host: str) -> Endpoint:
    labels = _labels(host)
    if len(labels) < 2:
        return Endpoint()
    for at in range(len(labels) - 2, -1, -1):
        # From the right, since a bucket's name may hold anything.
        if _S3.fullmatch(labels[at]) and labels[at + 1] != "queue":
            return Endpoint("s3", ".".join(labels[:at]))
    if labels[0] == "queue" or (labels[1] == "queue" and _REGION.fullmatch(labels[0])):
        return Endpoint("sqs")
    end = _end_of_service(labels)
    while end and labels[end - 1] in _BETWEEN:
        end -= 1
    return Endpoint(".".join(labels[:end]))


def _labels(host: str) -> tuple[str, ...]:
    if len(host) > _LONGEST or host.startswith("["):
        return _NO_HOST
    name = host.lower().partition(":")[0].rstrip(".")
    labels = tuple(name.split("."))
    return _NO_HOST if labels[-1].isdecimal() or "" in labels else labels


def _end_of_service(labels: tuple[str, ...]) -> int:
    """How many labels are the service's: those before the region, or before a domain that is known."""
    for at in range(len(labels) - 1, 0, -1):
        if _REGION.fullmatch(labels[at]):
            return at
    for at in range(1, len(labels)):
        # A realm's own domain.
        if labels[at] == "aws" and at + 1 < len(labels):
            return at
    for domain in _DOMAINS:
        if len(labels) > len(domain) and labels[-len(domain) :] == domain:
            return len(labels) - len(domain)
    return 0
