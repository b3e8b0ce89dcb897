"""What a web identity token says: an OpenID Connect ID token's claims, or an OAuth provider's name.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_adding-assume-role-idp
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Any, NamedTuple

from atoll.services.sts.errors import expired_token, invalid_identity_token, rejected_claim
from atoll.services.sts.jwt import NotJwt, read_jwt
from atoll.services.sts.roles import Role
from atoll.services.sts.tags import NO_TAGS, RESERVED, SessionTags, is_reserved

_GOOGLE = "accounts.google.com"
OAUTH_PROVIDERS = ("www.amazon.com", "graph.facebook.com", _GOOGLE)
"""Whose access tokens say nothing by themselves; Google's and Amazon's answers of old."""
_TAGS = "https://aws.amazon.com/tags"
_SOURCE_IDENTITY = "https://aws.amazon.com/source_identity"
_SOURCE = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_NOT_A_JWT = "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"


class WebIdentity(NamedTuple):
    subject: str
    audience: str
    provider: str
    tags: SessionTags
    source_identity: str


def read_web_identity(token: str, provider_id: str, role: Role, now: float) -> WebIdentity:
    """Raises InvalidIdentityToken, ExpiredToken, IDPRejectedClaim."""
    if provider_id in OAUTH_PROVIDERS:
        # Only the provider could say whose access token it is.
        subject = sha256(token.encode()).hexdigest()[:28]
        return WebIdentity(subject, "", provider_id, NO_TAGS, "")
    try:
        claims = read_jwt(token)
    except NotJwt:
        raise invalid_identity_token(_NOT_A_JWT) from None
    issuer, subject = _text(claims, "iss"), _text(claims, "sub")
    ends = claims.get("exp")
    if not isinstance(ends, int | float) or isinstance(ends, bool):
        raise invalid_identity_token("Missing a required claim: exp")
    if ends <= now:
        raise expired_token(
            f"Token expired: current date/time {int(now)} must be before the expiration date/time {int(ends)}"
        )
    url = issuer.removeprefix("https://").removeprefix("http://").rstrip("/")
    # AWS names the provider by the ARN under which IAM knows it; Google needs none there.
    provider = url if url == _GOOGLE else f"arn:{role.partition}:iam::{role.account}:oidc-provider/{url}"
    return WebIdentity(subject, _audience(claims), provider, _tags(claims), _source_identity(claims))


def _text(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise invalid_identity_token(f"Missing a required claim: {name}")
    return value


def _audience(claims: dict[str, Any]) -> str:
    """The party that the token was issued for, where the token says so; else its audience."""
    for value in (claims.get("azp"), claims.get("aud")):
        if isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, str) and value:
            return value
    raise invalid_identity_token("Missing a required claim: aud")


def _tags(claims: dict[str, Any]) -> SessionTags:
    given = claims.get(_TAGS)
    if not isinstance(given, dict):
        return NO_TAGS
    tags: dict[str, str] = {}
    principal_tags = given.get("principal_tags", {})
    if not isinstance(principal_tags, dict):
        raise invalid_identity_token("The tags claim in the token is not valid")
    for key, value in principal_tags.items():
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if not isinstance(value, str) or len(key) > 128 or len(value) > 256 or len(tags) == 50:
            raise invalid_identity_token("The tags claim in the token is not valid")
        if is_reserved(key, value):
            raise invalid_identity_token(RESERVED)
        tags[key] = value
    transitive = given.get("transitive_tag_keys", [])
    if not isinstance(transitive, list):
        raise invalid_identity_token("The tags claim in the token is not valid")
    return SessionTags(tags, tuple(key for key in tags if key in transitive))


def _source_identity(claims: dict[str, Any]) -> str:
    value = claims.get(_SOURCE_IDENTITY, "")
    if value and (not isinstance(value, str) or _SOURCE.fullmatch(value) is None or value.startswith("aws:")):
        raise rejected_claim("Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with aws:")
    return value or ""
