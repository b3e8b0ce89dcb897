"""Temporary credentials as STS answers with them, their session sealed in the token."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from atoll.core.call import Call, Params
from atoll.core.caller import Session
from atoll.core.sealing import Sealer, sealer_of
from atoll.core.session_tokens import issue_session
from atoll.services.sts.errors import access_denied
from atoll.tenants import Tenant

_LARGEST_TOKEN = 4096
"""Characters. STS's answers count a token's size as a share of it."""


class Issued(NamedTuple):
    """`size` are the members that say how large the token is."""

    credentials: Params
    size: Params


def issue(call: Call, tenant: Tenant, account: str, principal: str, user_id: str, session: Session) -> Issued:
    """Credentials of the principal, good until the session expires."""
    minimum = call.get("MinimumSessionTokenSize", 0)
    key, token = issue_session(realm_sealer(tenant), account, principal, user_id, session, minimum_size=minimum)
    credentials = {
        "AccessKeyId": key.key_id,
        "SecretAccessKey": key.secret,
        "SessionToken": token,
        "Expiration": as_date(session.expires),
    }
    utilization = min(100, -(-100 * len(token) // _LARGEST_TOKEN))
    return Issued(credentials, {"SessionTokenUtilization": utilization, "SessionTokenSize": len(token)})


def realm_sealer(tenant: Tenant) -> Sealer:
    return sealer_of(tenant.realm.name, tenant.realm.sealing_key)


def as_date(seconds: float) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)


def has_mfa(call: Call) -> bool:
    """Whether the call proves a second factor: any device's serial number with any six digits, since nobody keeps
    devices. Raises AccessDenied where one comes without the other."""
    serial, code = call.get("SerialNumber"), call.get("TokenCode")
    if (serial is None) != (code is None):
        raise access_denied(
            "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code."
        )
    return serial is not None
