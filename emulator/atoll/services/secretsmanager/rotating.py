"""The way of a rotation: a pending version, and four steps that its function takes with it.

The function is called by Lambda's Invoke. Where that cannot be, also because there is no Lambda yet, the rotation says
so as AWS does of a function that it may not invoke.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html
"""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson

from atoll.core.call import Call
from atoll.core.caller import Caller, root_caller
from atoll.core.errors import AwsError
from atoll.core.ids import uuid4
from atoll.core.lagoon import Lagoon
from atoll.services.secretsmanager.arns import SERVICE, render
from atoll.services.secretsmanager.errors import function_not_invokable
from atoll.services.secretsmanager.replicas import replicate
from atoll.services.secretsmanager.rotations import in_progress, rotated, running_until, runs
from atoll.services.secretsmanager.secrets import CURRENT, PENDING, Secret, with_id
from atoll.services.secretsmanager.versions import add_version, find_version, remove_version, write_stages
from atoll.tenants import Tenant

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
TEST = "testSecret"
LONGEST = len(STEPS) * 15 * 60
"""Seconds that a rotation takes at most: Lambda lets a function run for a quarter of an hour."""


class Turn(NamedTuple):
    """One rotation of one secret. `token` becomes the new version's id."""

    id: int
    arn: str
    function: str
    token: str


async def check_function(call: Call, lagoon: Lagoon, function: str) -> None:
    """Raises AccessDeniedException where it cannot be invoked."""
    try:
        await lagoon.call(call, "lambda", "Invoke", {"FunctionName": function, "InvocationType": "DryRun"})
    except AwsError:
        raise function_not_invokable() from None


def begin(tenant: Tenant, secret: Secret, token: str) -> Secret:
    """The version that is to become the current one: pending, and without a value until the function gives it one."""
    secret = runs(tenant, secret, tenant.now() + LONGEST)
    if in_progress(secret) == token:
        return secret
    return add_version(tenant, secret, token, (PENDING,), None, None)


async def take_steps(call: Call, lagoon: Lagoon, turn: Turn) -> None:
    """Where one goes wrong, what is pending stays so, and the next rotation goes on with it."""
    well = True
    for step in STEPS:
        well = well and await lagoon.transaction(_goes_on, turn) and await _take(call, lagoon, turn, step)
    await lagoon.transaction(_finish if well else _end, call.caller, turn)


def _goes_on(tenant: Tenant, turn: Turn) -> bool:
    """Whether nobody has cancelled the rotation, or deleted the secret."""
    secret = with_id(tenant, turn.id)
    return secret is not None and secret.deleted is None and bool((secret.rotation or {}).get("enabled"))


async def test_only(call: Call, lagoon: Lagoon, turn: Turn) -> None:
    """What RotateSecret does that is not to rotate at once: the pending version is taken away again."""
    await _take(call, lagoon, turn, TEST)
    await lagoon.transaction(_take_back, call.caller, turn)


async def _take(call: Call, lagoon: Lagoon, turn: Turn, step: str) -> bool:
    event = {
        "Step": step,
        "SecretId": turn.arn,
        "ClientRequestToken": turn.token,
        "RotationToken": uuid4(),
    }
    try:
        answer = await lagoon.call(
            call,
            "lambda",
            "Invoke",
            {"FunctionName": turn.function, "InvocationType": "RequestResponse", "Payload": orjson.dumps(event)},
        )
    except AwsError:
        return False
    return not answer.get("FunctionError")


def _end(tenant: Tenant, caller: Caller, turn: Turn) -> Secret | None:
    """No step is being taken any more. The secret, where it still is there."""
    tenant.wake(waiting_key(turn.id))
    secret = with_id(tenant, turn.id)
    return None if secret is None else runs(tenant, secret, None)


def _finish(tenant: Tenant, caller: Caller, turn: Turn) -> None:
    secret = _end(tenant, caller, turn)
    if secret is not None and in_progress(secret) is None and secret.stages.get(CURRENT) == turn.token:
        replicate(tenant, caller, rotated(tenant, secret))


def _take_back(tenant: Tenant, caller: Caller, turn: Turn) -> None:
    secret = _end(tenant, caller, turn)
    version = None if secret is None else find_version(tenant, secret, turn.token)
    if secret is not None and version is not None and secret.stages_of(turn.token) == [PENDING]:
        secret = write_stages(tenant, secret, {stage: id for stage, id in secret.stages.items() if stage != PENDING})
        remove_version(tenant, secret, version.id)
        replicate(tenant, caller, secret)


def waiting_key(id: int) -> tuple[str, int]:
    """What who waits for the end of a secret's rotation is woken by."""
    return ("secretsmanager.rotation", id)


def is_running(tenant: Tenant, id: int) -> bool:
    """Asked by those who wait. One is woken at a time, and has the next woken."""
    secret = with_id(tenant, id)
    running = secret is not None and running_until(secret) > tenant.now()
    if not running:
        tenant.wake(waiting_key(id))
    return running


async def rotate_by_time(lagoon: Lagoon, cause: Call, turn: Turn) -> None:
    """What a secret's timer goes on with. Nothing happens where the function cannot be invoked: the window passes, and
    NextRotationDate with it."""
    try:
        await check_function(cause, lagoon, turn.function)
    except AwsError:
        return

    def start(tenant: Tenant) -> str | None:
        secret = with_id(tenant, turn.id)
        if secret is None or secret.deleted is not None:
            return None
        if running_until(secret) > tenant.now():
            return None
        # What an earlier rotation has left is taken up again.
        token = in_progress(secret) or turn.token
        replicate(tenant, cause.caller, begin(tenant, secret, token))
        return token

    token = await lagoon.transaction(start)
    if token is not None:
        await take_steps(cause, lagoon, turn._replace(token=token))


def cause_of(tenant: Tenant, secret: Secret) -> Call:
    """A call that nobody made: the service rotates for the account."""
    caller = root_caller(tenant.id, via="secretsmanager.amazonaws.com")
    return Call(SERVICE, "RotateSecret", {"SecretId": secret.arn}, caller, tenant.id, uuid4())


def turn_of(tenant: Tenant, secret: Secret, token: str) -> Turn | None:
    """None where no function rotates the secret."""
    rotation: dict[str, Any] = secret.rotation or {}
    function = rotation.get("function")
    return None if not function else Turn(secret.id, secret.arn, render(function, tenant.id), token)
