"""Sessions of the caller's own account: GetSessionToken, GetFederationToken, GetDelegatedAccessToken."""

from __future__ import annotations

from atoll.core.arn import parse_arn, partition_of
from atoll.core.call import Call, Params
from atoll.core.caller import Session
from atoll.services.sts.callers import demand_long_term, demand_role_or_long_term
from atoll.services.sts.credentials import has_mfa, issue
from atoll.services.sts.errors import expired_trade_in_token
from atoll.services.sts.jwt import NotJwt, read_jwt
from atoll.services.sts.policies import read_policies
from atoll.services.sts.service import sts
from atoll.services.sts.tags import read_tags
from atoll.tenants import Tenant

_DEFAULT_DURATION = 43200
_DELEGATED_DURATION = 3600


@sts.operation("GetSessionToken", readonly=True)
def get_session_token(call: Call, tenant: Tenant) -> Params:
    """https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html"""
    caller = call.caller
    demand_long_term(caller, "GetSessionToken")
    now = int(tenant.now())
    session = Session(issued=now, expires=now + call.get("DurationSeconds", _DEFAULT_DURATION), mfa=has_mfa(call))
    issued = issue(call, tenant, caller.account, caller.principal, caller.user_id, session)
    return {"Credentials": issued.credentials, **issued.size}


@sts.operation("GetFederationToken", readonly=True)
def get_federation_token(call: Call, tenant: Tenant) -> Params:
    """https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html"""
    caller = call.caller
    demand_long_term(caller, "GetFederationToken")
    tags = read_tags(call.get("Tags", ()))
    policies = read_policies(call.get("Policy"), call.get("PolicyArns"), tags)
    name = call["Name"]
    now = int(tenant.now())
    session = Session(
        name=name,
        issued=now,
        expires=now + call.get("DurationSeconds", _DEFAULT_DURATION),
        tags=tags,
        policy=policies.policy,
        policy_arns=policies.arns,
        chain=(caller.principal,),
    )
    principal = f"arn:{partition_of(caller.region)}:sts::{caller.account}:federated-user/{name}"
    user_id = f"{caller.account}:{name}"
    issued = issue(call, tenant, caller.account, principal, user_id, session)
    return {
        "Credentials": issued.credentials,
        "FederatedUser": {"FederatedUserId": user_id, "Arn": principal},
        "PackedPolicySize": policies.packed or 0,
        **issued.size,
    }


@sts.operation("GetDelegatedAccessToken", readonly=True)
def get_delegated_access_token(call: Call, tenant: Tenant) -> Params:
    """https://docs.aws.amazon.com/STS/latest/APIReference/API_GetDelegatedAccessToken.html

    Trade-in tokens come of IAM's delegation requests. While there is no IAM a token is read, not verified: one that is
    a JWT names the principal of this account in `sub` and its end in `exp`; any other is the caller's own.
    """
    caller = call.caller
    demand_role_or_long_term(caller, "GetDelegatedAccessToken")
    now = int(tenant.now())
    principal, user_id = caller.principal, caller.user_id
    try:
        claims = read_jwt(call["TradeInToken"])
    except NotJwt:
        claims = {}
    if isinstance(ends := claims.get("exp"), int | float) and ends <= now:
        raise expired_trade_in_token()
    if isinstance(subject := claims.get("sub"), str) and subject != principal:
        named = parse_arn(subject)
        if named is not None and named.account == caller.account:
            principal, user_id = subject, subject.rpartition("/")[2]
    session = Session(issued=now, expires=now + _DELEGATED_DURATION, chain=(caller.principal,))
    issued = issue(call, tenant, caller.account, principal, user_id, session)
    return {"Credentials": issued.credentials, "PackedPolicySize": 0, "AssumedPrincipal": principal}
