"""What a Host header says: realm, region, service, bucket. It is a hint: an issued key and a credential's scope decide.

    sqs.eu-central-1.DOMAIN            api.ecr.eu-central-1.DOMAIN        sts.amazonaws.com
    eu-central-1.queue.DOMAIN          queue.DOMAIN
    BUCKET.s3.eu-central-1.DOMAIN      BUCKET.s3-eu-central-1.DOMAIN      BUCKET.s3.DOMAIN
    aws.REALM.…                        sqs.eu-central-1.aws.REALM.…       BUCKET.s3.aws.REALM.…

DOMAIN is anything where a region or `s3` comes before it; without them it must be known to be a domain, since `events`
in `events.example.com` is more likely somebody's machine. `aws.REALM.…` is how a realm's Service is named in
Kubernetes.

https://docs.aws.amazon.com/general/latest/gr/rande.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_REGION = re.compile(
    r"[a-z]{2,4}(?:-[a-z]+)?-(?:north|south|east|west|central|northeast|northwest|southeast|southwest)-[0-9]{1,2}"
)
_REALM = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_S3 = re.compile(rf"s3(?:-accelerate|-external-1|-fips|-{_REGION.pattern})?")
_QUEUE = "queue"
"""Stands where a service would in `REGION.queue.…`, a form of queue URL."""
_DOMAINS = (
    ("amazonaws", "com"),
    ("amazonaws", "com", "cn"),
    ("localhost", "localstack", "cloud"),
    ("localhost",),
)
_BETWEEN = ("dualstack", "fips")
"""May stand between the service and the region."""
_LONGEST = 255

_Labels = tuple[str, ...]


class HostName(NamedTuple):
    """Empty where the Host says nothing. `service` is the service's part of the host name, of one label or more."""

    realm: str = ""
    region: str = ""
    service: str = ""
    bucket: str = ""


@lru_cache(maxsize=1024)
def read_host(host: str, services: frozenset[str]) -> HostName:
    """`services` are the names that may be the first label before a realm's `aws`."""
    labels = _labels(host)
    realm, endpoint = _realm(labels, services)
    # From the right, since a bucket's name stands on the left.
    region = next((label for label in reversed(endpoint) if _REGION.fullmatch(label)), "")
    return HostName(realm, region, *_service(labels))


def _labels(host: str) -> _Labels:
    if len(host) > _LONGEST or host.startswith("["):
        return ()
    labels = tuple(host.lower().partition(":")[0].rstrip(".").split("."))
    return () if labels[-1].isdecimal() or "" in labels else labels


def _realm(labels: _Labels, services: frozenset[str]) -> tuple[str, _Labels]:
    """The realm, and the labels that may say more: those before it."""
    for at, label in enumerate(labels[:-1]):
        if label == "aws" and _may_stand_before(labels[:at], services) and _REALM.fullmatch(labels[at + 1]):
            return labels[at + 1], labels[:at]
    return "", labels


def _may_stand_before(labels: _Labels, services: frozenset[str]) -> bool:
    """Whether they are those of an endpoint; otherwise `aws` is just a part of somebody's domain."""
    if labels and _REGION.fullmatch(labels[-1]):
        labels = labels[:-1]
        if not labels:
            return False
    if not labels:
        return True
    if labels[-1] == _QUEUE:
        return len(labels) == 1 or (len(labels) == 2 and _REGION.fullmatch(labels[0]) is not None)
    return labels[-1] == "s3" or (len(labels) == 1 and labels[0] in services)


def _service(labels: _Labels) -> tuple[str, str]:
    """Service and bucket."""
    if len(labels) < 2:
        return "", ""
    for at in range(len(labels) - 2, -1, -1):
        # From the right, since a bucket's name may hold anything.
        if _S3.fullmatch(labels[at]) and labels[at + 1] != _QUEUE:
            return "s3", ".".join(labels[:at])
    if labels[0] == _QUEUE or (labels[1] == _QUEUE and _REGION.fullmatch(labels[0])):
        return "sqs", ""
    end = _end_of_service(labels)
    while end and labels[end - 1] in _BETWEEN:
        end -= 1
    return ".".join(labels[:end]), ""


def _end_of_service(labels: _Labels) -> int:
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
