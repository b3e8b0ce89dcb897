"""Resource policies: attached, shown, listed, examined. Under relaxed rules they decide nothing."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from atoll.core.arn import parse_arn
from atoll.core.call import Call, Params
from atoll.core.page_tokens import Listing
from atoll.services.secretsmanager.arns import render
from atoll.services.secretsmanager.errors import invalid_parameter, malformed_policy, public_policy, secret_not_found
from atoll.services.secretsmanager.pages import page
from atoll.services.secretsmanager.policies import examine, is_public, replication_policy
from atoll.services.secretsmanager.retrying import told
from atoll.services.secretsmanager.secrets import Secret, own_in_account, update, usable
from atoll.services.secretsmanager.service import secretsmanager
from atoll.tenants import Tenant

DEFAULT, REPLICATION = "default", "cross-account-replication"
"""The one policy that callers give a secret, and the one that a replica in another account has from the service for as
long as it is one."""
MAX_RESULTS = 100
Written = Params | Coroutine[Any, Any, Params]


@secretsmanager.operation("PutResourcePolicy")
def put_resource_policy(call: Call, tenant: Tenant) -> Written:
    """https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutResourcePolicy.html"""
    text: str = call["ResourcePolicy"]
    _check_default(call)
    secret = own_in_account(tenant, call["SecretId"])
    for finding in examine(text):
        if finding.malformed:
            raise malformed_policy(finding.message)
    if call.get("BlockPublicPolicy") and is_public(text):
        raise public_policy()
    return _write(tenant, call, secret, text)


@secretsmanager.operation("DeleteResourcePolicy")
def delete_resource_policy(call: Call, tenant: Tenant) -> Written:
    """https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteResourcePolicy.html"""
    _check_default(call)
    return _write(tenant, call, own_in_account(tenant, call["SecretId"]), None)


@secretsmanager.operation("GetResourcePolicy", readonly=True)
def get_resource_policy(call: Call, tenant: Tenant) -> Params:
    """https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetResourcePolicy.html"""
    secret = usable(tenant, call["SecretId"])
    name = call.get("PolicyName") or DEFAULT
    policy = _policies(tenant, secret).get(name)
    shown = {"ARN": secret.arn, "Name": secret.name}
    if policy is not None:
        shown |= {"ResourcePolicy": policy, "PolicyName": name}
    elif name != DEFAULT:
        raise secret_not_found()
    return shown


def _policies(tenant: Tenant, secret: Secret) -> dict[str, str]:
    """By their names."""
    found = {} if secret.policy is None else {DEFAULT: secret.policy}
    if secret.primary_arn is not None:
        primary = render(secret.primary_arn, tenant.id)
        arn = parse_arn(primary)
        assert arn is not None
        found[REPLICATION] = replication_policy(primary, arn.partition, arn.account)
    return found


@secretsmanager.operation("ListResourcePolicies", readonly=True)
def list_resource_policies(call: Call, tenant: Tenant) -> Params:
    """https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListResourcePolicies.html"""
    secret = usable(tenant, call["SecretId"])
    names = sorted(_policies(tenant, secret))
    most, of = call.get("MaxResults") or MAX_RESULTS, Listing(call.operation, secret.arn)
    found, token = page(names, lambda name: [name], most, call.get("NextToken"), of)
    return {"ResourcePolicies": [{"PolicyName": name} for name in found], "NextToken": token}


@secretsmanager.operation("ValidateResourcePolicy", readonly=True)
def validate_resource_policy(call: Call, tenant: Tenant) -> Params:
    """https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ValidateResourcePolicy.html"""
    if call.get("SecretId") is not None:
        usable(tenant, call["SecretId"])
    findings = examine(call["ResourcePolicy"])
    for finding in findings:
        if finding.malformed:
            raise malformed_policy(finding.message)
    return {
        "PolicyValidationPassed": not findings,
        "ValidationErrors": [{"CheckName": each.check, "ErrorMessage": each.message} for each in findings],
    }


def _check_default(call: Call) -> None:
    if call.get("PolicyName", DEFAULT) != DEFAULT:
        raise invalid_parameter(f"You can only modify the {DEFAULT} policy.")


def _write(tenant: Tenant, call: Call, secret: Secret, policy: str | None) -> Written:
    answer = {"ARN": secret.arn, "Name": secret.name, "PolicyName": DEFAULT}
    return told(call, tenant, update(tenant, secret, policy=policy), answer)
