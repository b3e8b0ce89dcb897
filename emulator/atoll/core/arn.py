"""Amazon Resource Names.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from atoll.core.tenant_id import TenantId


class Arn(NamedTuple):
    """An ARN's parts. `account` and `region` are empty where the ARN leaves them out."""

    partition: str
    service: str
    region: str
    account: str
    resource: str

    def __str__(self) -> str:
        return f"arn:{self.partition}:{self.service}:{self.region}:{self.account}:{self.resource}"


def parse_arn(text: str) -> Arn | None:
    """The parts of an ARN, or None when `text` is not one."""
    return _remembered(text) if len(text) <= LONGEST_REMEMBERED else _parse(text)


def _parse(text: str) -> Arn | None:
    parts = text.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn" or not parts[1] or not parts[2] or not parts[5]:
        return None
    return Arn(*parts[1:])


_remembered = lru_cache(maxsize=4096)(_parse)
LONGEST_REMEMBERED = 2048
"""Characters, as many as the longest ARN has: thousands of longer texts would fill the memory."""


def render_arn(service: str, tenant: TenantId, resource: str) -> str:
    """The ARN of a tenant's resource, in the partition that its region lies in."""
    return f"arn:{partition_of(tenant.region)}:{service}:{tenant.region}:{tenant.account}:{resource}"


def kms_key_arn(key: str, tenant: TenantId) -> str:
    """The ARN of a KMS key, or of its alias, as a service's resource of `tenant` names it: an id or an alias is one of
    the tenant's own. Empty where none is named."""
    if not key or parse_arn(key) is not None:
        return key
    return render_arn("kms", tenant, key if key.startswith("alias/") else f"key/{key}")


def partition_of(region: str) -> str:
    """The partition that a region lies in.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
    """
    if region.startswith("cn-"):
        return "aws-cn"
    if region.startswith("us-gov-"):
        return "aws-us-gov"
    return "aws"
