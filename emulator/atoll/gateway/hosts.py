"""What a Host header says of realm and region. It is a hint: an issued key decides.

`aws.REALM.…` is how a realm's Service is named in Kubernetes; endpoints may stand before it
(`sqs.eu-central-1.aws.REALM.…`, `BUCKET.s3.aws.REALM.…`).
"""

from __future__ import annotations

import re
from collections.abc import Container
from typing import NamedTuple

_REGION = re.compile(
    r"[a-z]{2}(?:-(?:gov|iso[a-z]?))?-(?:north|south|east|west|central|northeast|northwest|southeast|southwest)-[0-9]{1,2}"
)
_REALM = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_QUEUE = "queue"
"""Stands where a service would in `REGION.queue.…`, a form of queue URL."""


class HostName(NamedTuple):
    """Empty where the Host says nothing."""

    realm: str = ""
    region: str = ""


def read_host(host: str, services: Container[str]) -> HostName:
    """`services` are the names that may be an endpoint's first label."""
    labels = host.lower().split(":", 1)[0].split(".")
    realm = ""
    for at, label in enumerate(labels[:-1]):
        if label == "aws" and _may_stand_before(labels[:at], services) and _REALM.fullmatch(labels[at + 1]):
            realm = labels[at + 1]
            labels = labels[:at]
            break
    # From the right, since a bucket's name stands on the left.
    region = next((label for label in reversed(labels) if _REGION.fullmatch(label)), "")
    return HostName(realm, region)


def _may_stand_before(labels: list[str], services: Container[str]) -> bool:
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
