"""Rotation: set up, begun, cancelled.

AWS answers RotateSecret before the function has run. Here the answer comes after it, so that what a test does next sees
the new version. The steps are taken all the same when whoever called has gone, and a repetition of the call waits for
their end too.
"""

from __future__ import annotations

import re
from collections.abc import Coroutine
from typing import Any

from atoll.core.call import Call, Params
from atoll.core.lagoon import Lagoon
from atoll.services.secretsmanager.arns import SERVICE, template
from atoll.services.secretsmanager.errors import (
    invalid_parameter,
    invalid_request,
    no_rotation_function,
    rotation_not_complete,
    token_in_use,
)
from atoll.services.secretsmanager.replicas import replicate
from atoll.services.secretsmanager.retrying import told
from atoll.services.secretsmanager.rotating import (
    Turn,
    begin,
    check_function,
    is_running,
    turn_of,
    waiting_key,
)
from atoll.services.secretsmanager.rotations import in_progress, running_until, scheduled
from atoll.services.secretsmanager.schedules import read_rules
from atoll.services.secretsmanager.secrets import Secret, own, update
from atoll.services.secretsmanager.service import secretsmanager
from atoll.services.secretsmanager.versions import check_token, find_version
from atoll.tenants import Tenant

_FUNCTION = re.compile(r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]+(?::[A-Za-z0-9$_-]+)?")


@secretsmanager.operation("RotateSecret")
async def rotate_secret(call: Call, lagoon: Lagoon) -> Params:
    """https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html"""
    token = check_token(call.params, parameter=True)
    given: str | None = call.get("RotationLambdaARN") or None
    if given is not None and not _FUNCTION.fullmatch(given):
        raise invalid_parameter("The RotationLambdaARN is not a valid Lambda function ARN.")
    read_rules(call.get("RotationRules") or {})
    secret = await lagoon.transaction(_begun, call)
    if secret is None:
        turn = await lagoon.transaction(_plan, call, given)
        if turn is not None:
            await check_function(call, lagoon, turn.function)
        secret = await lagoon.transaction(_begin, call, given)
    async for _ in lagoon.until(running_until(secret), waiting_key(secret.id)):
        if not await lagoon.transaction(is_running, secret.id):
            break
    rotates = _at_once(call) and (secret.rotation or {}).get("function") is not None
    return {"ARN": secret.arn, "Name": secret.name, "VersionId": token if rotates else None}


def _at_once(call: Call) -> bool:
    return bool(call.get("RotateImmediately", True))


def _begun(tenant: Tenant, call: Call) -> Secret | None:
    """The secret, where a call with the same token has begun its last rotation: nothing of it is done twice."""
    secret = own(tenant, call["SecretId"])
    return secret if (secret.rotation or {}).get("begun") == _beginning(call) else None


def _beginning(call: Call) -> list[Any]:
    return [call["ClientRequestToken"], _at_once(call)]


def _plan(tenant: Tenant, call: Call, given: str | None) -> Turn | None:
    """None for a managed external secret, which no function of the account rotates."""
    secret = own(tenant, call["SecretId"])
    token = call["ClientRequestToken"]
    turn = turn_of(tenant, secret, token) if given is None else Turn(secret.id, secret.arn, given, token)
    if turn is None and secret.type is None:
        raise no_rotation_function()
    pending = in_progress(secret)
    if pending is not None and pending != token:
        raise rotation_not_complete()
    version = find_version(tenant, secret, token)
    if version is not None and pending != token:
        raise token_in_use(token, secret.arn)
    return turn


def _begin(tenant: Tenant, call: Call, given: str | None) -> Secret:
    """Sets the rotation up, and has its steps taken, where no other call with the same token was faster."""
    if (secret := _begun(tenant, call)) is not None:
        return secret
    turn = _plan(tenant, call, given)
    secret = own(tenant, call["SecretId"])
    columns: dict[str, Any] = {"enabled": True, "begun": _beginning(call)}
    if given is not None:
        columns["function"] = template(given, tenant.id)
    if rules := _rules(secret, call.get("RotationRules") or {}):
        columns["days"] = None
        columns["rules"] = rules
    if (metadata := call.get("ExternalSecretRotationMetadata")) is not None:
        columns["metadata"] = metadata
    if (role := call.get("ExternalSecretRotationRoleArn")) is not None:
        columns["role"] = template(role, tenant.id)
    secret = scheduled(tenant, secret, **columns)
    if turn is not None:
        secret = begin(tenant, secret, turn.token)
        tenant.set_timer(SERVICE, "steps", str(secret.id), tenant.now())
    replicate(tenant, call.caller, secret)
    return secret


def _rules(secret: Secret, given: Params) -> Params:
    """A window's duration alone is that of the schedule which the secret has. Raises InvalidParameterException."""
    rules = {name: value for name, value in given.items() if value is not None}
    if rules.keys() == {"Duration"}:
        rules = {**((secret.rotation or {}).get("rules") or {}), **rules}
        read_rules(rules)
    return rules


@secretsmanager.operation("CancelRotateSecret")
def cancel_rotate_secret(call: Call, tenant: Tenant) -> Params | Coroutine[Any, Any, Params]:
    """https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CancelRotateSecret.html"""
    secret = own(tenant, call["SecretId"])
    if secret.rotation is None:
        raise invalid_request(
            "You tried to enable rotation on a secret that doesn't already have a Lambda function ARN configured and "
            "you didn't include such an ARN as a parameter in this call."
        )
    pending = in_progress(secret)
    secret = update(tenant, scheduled(tenant, secret, enabled=False))
    return told(call, tenant, secret, {"ARN": secret.arn, "Name": secret.name, "VersionId": pending})
