"""ARNs in rows: templates in which the tenant's own account and region have placeholders, so that no row names them."""

from __future__ import annotations

import re
from functools import lru_cache

from atoll.core.access_keys import is_account_id
from atoll.core.arn import Arn, parse_arn, partition_of, render_arn
from atoll.core.tenant_id import TenantId
from atoll.services.secretsmanager.errors import invalid_parameter

SERVICE = "secretsmanager"
DEFAULT_KEY = "alias/aws/secretsmanager"
_SECRET = re.compile(r"secret:[A-Za-z0-9/_+=.@!-]+-[A-Za-z0-9]{6}")
_OWN = ("{partition}", "{region}", "{account}")


def template(text: str, tenant: TenantId) -> str:
    """What is stored of an ARN; of anything else the text itself."""
    arn = parse_arn(text)
    if arn is None:
        return text
    own_region = arn.region == tenant.region
    return str(
        arn._replace(
            partition=_OWN[0] if own_region and arn.partition == partition_of(tenant.region) else arn.partition,
            region=_OWN[1] if own_region else arn.region,
            account=_OWN[2] if arn.account == tenant.account else arn.account,
        )
    )


@lru_cache(maxsize=1024)
def render(text: str, tenant: TenantId) -> str:
    """The ARN that a template stands for; any other text is itself."""
    if not text.startswith("arn:"):
        return text
    for placeholder, own in zip(_OWN, (partition_of(tenant.region), tenant.region, tenant.account), strict=True):
        text = text.replace(placeholder, own)
    return text


def key_arn(given: str | None, place: TenantId) -> str:
    """The ARN of the KMS key that a secret at `place` means by an id, an alias, an ARN or nothing."""
    if given is None:
        given = DEFAULT_KEY
    if given.startswith("arn:"):
        return given
    return render_arn("kms", place, given if given.startswith("alias/") else f"key/{given}")


def secret_arn(tenant: TenantId, name: str, suffix: str) -> str:
    return render_arn(SERVICE, tenant, f"secret:{name}-{suffix}")


def check_elsewhere(text: str, here: TenantId, which: str, other: str) -> None:
    """That the ARN may be a secret's in another account, of the same region; it is the `which` of an `other` here.
    Raises InvalidParameterException."""
    arn = parse_arn(text)
    if arn is None or not _is_secret(arn) or arn.account == here.account:
        raise invalid_parameter(
            f"CrossAccount{which.capitalize()}ARN must be the ARN of a secret in a different AWS account."
        )
    if (arn.region, arn.partition) != (here.region, partition_of(here.region)):
        raise invalid_parameter(f"The {which} secret must be in the same AWS Region and partition as the {other}.")


def _is_secret(arn: Arn) -> bool:
    return arn.service == SERVICE and is_account_id(arn.account) and _SECRET.fullmatch(arn.resource) is not None


def normal_key(given: str | None, tenant: TenantId) -> str | None:
    """A KmsKeyId as it is stored: None for what means aws/secretsmanager."""
    if not given or given == DEFAULT_KEY or given == render_arn("kms", tenant, DEFAULT_KEY):
        return None
    return template(given, tenant)
