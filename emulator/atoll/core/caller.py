"""Who makes a call."""

from __future__ import annotations

from typing import Any

import msgspec

from atoll.core.arn import partition_of
from atoll.core.tenant_id import TenantId


class Session(msgspec.Struct, frozen=True, omit_defaults=True):
    """What temporary credentials carry, sealed in their token. Times are seconds since the epoch.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
    """

    name: str = ""
    issued: float = 0.0
    expires: float = 0.0
    tags: dict[str, str] = {}
    transitive_tags: tuple[str, ...] = ()
    policy: str = ""
    policy_arns: tuple[str, ...] = ()
    source_identity: str = ""
    mfa: bool = False
    chain: tuple[str, ...] = ()
    """ARNs of the principals that led here, the first caller first."""
    context: dict[str, Any] = {}
    """Further facts that the token's kind knows (a federated user's provider, a SAML subject)."""


class Caller(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """Who makes a call: the account and principal of its credentials, and the region they were signed for.

    `principal` is the ARN of the user, role session, federated user or root; `user_id` the unique id that AWS gives
    with it (`AROA…:session`). `via` names the service that makes the call on the principal's behalf.
    """

    realm: str
    account: str
    region: str
    principal: str
    user_id: str
    access_key: str = ""
    session: Session | None = None
    via: str = ""


def root_caller(place: TenantId, *, via: str = "") -> Caller:
    """The account's root user, or the service `via` on its behalf."""
    principal = f"arn:{partition_of(place.region)}:iam::{place.account}:root"
    return Caller(*place, principal, place.account, via=via)
