"""Roles assumed by identities from elsewhere, and this realm's identities told to others as web identity tokens."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, NamedTuple

from atoll.core.call import Call, Params
from atoll.core.caller import Session
from atoll.core.ids import uuid4
from atoll.core.lagoon import Lagoon
from atoll.core.sealing import Sealer
from atoll.services.sts.callers import demand_role_or_long_term
from atoll.services.sts.credentials import as_date, issue, realm_sealer
from atoll.services.sts.errors import (
    jwt_payload_size_exceeded,
    session_duration_escalation,
    validation_error,
)
from atoll.services.sts.jwt import encode_part
from atoll.services.sts.oidc import issuer, sign_jwt
from atoll.services.sts.policies import read_policies
from atoll.services.sts.roles import Role, read_role
from atoll.services.sts.saml import read_assertion
from atoll.services.sts.service import sts
from atoll.services.sts.tags import SessionTags, read_tags
from atoll.services.sts.web_identity import read_web_identity
from atoll.tenants import Tenant

_DEFAULT_DURATION = 3600
_DEFAULT_TOKEN_DURATION = 300
_LARGEST_PAYLOAD = 8192
_ALGORITHMS = ("RS256", "ES384")
_CLAIMS = "https://sts.amazonaws.com/"


class _Federated(NamedTuple):
    """What the identity from elsewhere brings into the session."""

    tags: SessionTags
    source_identity: str
    context: dict[str, str]
    ends: float | None = None


@sts.operation("AssumeRoleWithWebIdentity", readonly=True)
def assume_role_with_web_identity(call: Call, tenant: Tenant) -> Params:
    """https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html"""
    role = read_role(call["RoleArn"])
    identity = read_web_identity(call["WebIdentityToken"], call.get("ProviderId", ""), role, tenant.now())
    context = {"aws:FederatedProvider": identity.provider, "sub": identity.subject, "aud": identity.audience}
    federated = _Federated(identity.tags, identity.source_identity, context)
    return {
        **_assume(call, tenant, role, call["RoleSessionName"], federated),
        "SubjectFromWebIdentityToken": identity.subject,
        "Provider": identity.provider,
        "Audience": identity.audience or None,
    }


@sts.operation("AssumeRoleWithSAML", readonly=True)
def assume_role_with_saml(call: Call, tenant: Tenant) -> Params:
    """https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithSAML.html"""
    role = read_role(call["RoleArn"])
    provider = call["PrincipalArn"]
    if ":saml-provider/" not in provider:
        raise validation_error(f"{provider} is invalid")
    assertion = read_assertion(call["SAMLAssertion"], tenant.now())
    name_qualifier = assertion.name_qualifier(role.account, provider.rpartition("/")[2])
    context = {
        "aws:FederatedProvider": provider,
        "saml:sub": assertion.subject,
        "saml:sub_type": assertion.subject_type,
        "saml:iss": assertion.issuer,
        "saml:aud": assertion.audience,
        "saml:namequalifier": name_qualifier,
    }
    federated = _Federated(assertion.tags, assertion.source_identity, context, assertion.ends)
    return {
        **_assume(call, tenant, role, assertion.session_name, federated),
        "Subject": assertion.subject,
        "SubjectType": assertion.subject_type,
        "Issuer": assertion.issuer,
        "Audience": assertion.audience,
        "NameQualifier": name_qualifier,
    }


def _assume(call: Call, tenant: Tenant, role: Role, name: str, federated: _Federated) -> Params:
    policies = read_policies(call.get("Policy"), call.get("PolicyArns"), federated.tags.tags)
    now = int(tenant.now())
    expires = now + call.get("DurationSeconds", _DEFAULT_DURATION)
    if federated.ends is not None:
        # The identity provider's own session ends the role's, but not within the shortest that there is.
        expires = max(min(expires, int(federated.ends)), now + 900)
    session = Session(
        name=name,
        issued=now,
        expires=expires,
        tags=federated.tags.tags,
        transitive_tags=federated.tags.transitive,
        policy=policies.policy,
        policy_arns=policies.arns,
        source_identity=federated.source_identity,
        context={"role": role.arn, **federated.context},
    )
    issued = issue(call, tenant, role.account, role.session_arn(name), role.session_id(name), session)
    return {
        "Credentials": issued.credentials,
        "AssumedRoleUser": {"AssumedRoleId": role.session_id(name), "Arn": role.session_arn(name)},
        "PackedPolicySize": policies.packed,
        "SourceIdentity": federated.source_identity or None,
        **issued.size,
    }


@sts.operation("GetWebIdentityToken", readonly=True)
def get_web_identity_token(call: Call, tenant: Tenant) -> Coroutine[Any, Any, Params]:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_outbound_token_claims.html"""
    demand_role_or_long_term(call.caller, "GetWebIdentityToken")
    algorithm = call["SigningAlgorithm"]
    if algorithm not in _ALGORITHMS:
        raise validation_error(
            f"1 validation error detected: Value '{algorithm}' at 'signingAlgorithm' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{', '.join(_ALGORITHMS)}]"
        )
    now = int(tenant.now())
    expires = now + call.get("DurationSeconds", _DEFAULT_TOKEN_DURATION)
    session = call.caller.session
    if session is not None and session.expires < expires:
        raise session_duration_escalation()
    claims = _claims(call, tenant.id.realm, now, expires)
    if len(encode_part(claims)) > _LARGEST_PAYLOAD:
        raise jwt_payload_size_exceeded()
    return _signed(tenant.lagoon, realm_sealer(tenant), algorithm, claims)


def _claims(call: Call, realm: str, now: int, expires: int) -> dict[str, Any]:
    caller = call.caller
    session = caller.session
    audience = call["Audience"]
    details: dict[str, Any] = {"aws_account": caller.account, "source_region": caller.region}
    subject = caller.principal
    if session is not None:
        # A role's session speaks for its role.
        subject = session.context.get("role", subject)
        details["original_session_exp"] = as_date(session.expires).strftime("%Y-%m-%dT%H:%M:%SZ")
        if session.tags:
            details["principal_tags"] = session.tags
    details["principal_id"] = subject
    if tags := read_tags(call.get("Tags", ())):
        details["request_tags"] = tags
    return {
        "iss": issuer(realm, call.origin),
        "aud": audience[0] if len(audience) == 1 else audience,
        "sub": subject,
        "iat": now,
        "exp": expires,
        "jti": uuid4(),
        _CLAIMS: details,
    }


async def _signed(lagoon: Lagoon, sealer: Sealer, algorithm: str, claims: dict[str, Any]) -> Params:
    # The realm's RSA key takes a moment to make when it is first asked for.
    token = await lagoon.in_thread(sign_jwt, sealer, algorithm, claims)
    return {"WebIdentityToken": token, "Expiration": as_date(claims["exp"])}
