"""Values: read, put, read in batches.

GetSecretValue is on the hot path. Its answer stays in the tenant's memory, and is given again while nothing of the
secret has changed, its KMS key is enabled, and it is still the day that is written down as the last access.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, NamedTuple

from atoll.core.call import Call, Params
from atoll.core.errors import AwsError
from atoll.core.lagoon import Lagoon
from atoll.core.page_tokens import Listing
from atoll.services.secretsmanager.copies import Lack, lacking, seal_lacking
from atoll.services.secretsmanager.encryption import KmsKey, Seal, seal, unseal
from atoll.services.secretsmanager.errors import invalid_parameter, invalid_request, token_in_use
from atoll.services.secretsmanager.filters import matching
from atoll.services.secretsmanager.pages import page
from atoll.services.secretsmanager.replicas import Copies, primary_of, replicate, report
from atoll.services.secretsmanager.rotations import rotated_by_hand
from atoll.services.secretsmanager.secrets import CURRENT, DAY, MEMORY, Secret, memory_of, own, update, usable
from atoll.services.secretsmanager.service import secretsmanager
from atoll.services.secretsmanager.times import moment
from atoll.services.secretsmanager.values import Again, check_caller, same_value
from atoll.services.secretsmanager.versions import (
    Value,
    Version,
    add_version,
    check_token,
    find_version,
    given_value,
    shown_value,
    wanted_version,
)
from atoll.tenants import Tenant

LONGEST_CACHED = 16_384
"""Bytes of a value: longer ones are opened anew each time."""
MAX_BATCH = 20


class _Ready(NamedTuple):
    """An answer, good on one day and while a KMS key is enabled."""

    answer: Params
    key: KmsKey
    day: int
    own_account_only: bool


# ---- GetSecretValue


@secretsmanager.operation("GetSecretValue", readonly=True)
def get_secret_value(call: Call, tenant: Tenant) -> Params | Coroutine[Any, Any, Params]:
    """https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html"""
    params = call.params
    memory = tenant.memory.get(MEMORY)
    if memory is not None:
        ready: _Ready | None = memory.answers.get(_key(params))
        if (
            ready is not None
            and ready.day == tenant.now() // DAY
            and not (ready.own_account_only and call.caller.account != tenant.id.account)
            and ready.key.may_be_used(call, tenant.lagoon)
        ):
            return ready.answer.copy()
    return _open_and_answer(call, tenant.lagoon, *_find(tenant, call))


def _key(params: Params) -> tuple[Any, ...]:
    return (params["SecretId"], params.get("VersionId"), params.get("VersionStage"))


def _find(tenant: Tenant, call: Call) -> tuple[Secret, Version]:
    secret = usable(tenant, call["SecretId"])
    check_caller(tenant, call, secret.kms_key)
    return secret, wanted_version(tenant, secret, call.params)


async def _open_and_answer(call: Call, lagoon: Lagoon, secret: Secret, version: Version) -> Params:
    value, by = await unseal(call, lagoon, version.seals, version.version_id)
    answer = {
        "ARN": secret.arn,
        "Name": secret.name,
        "VersionId": version.version_id,
        **shown_value(value, is_binary=bool(version.is_binary)),
        "VersionStages": secret.stages_of(version.version_id),
        "CreatedDate": moment(version.created),
    }
    return await lagoon.transaction(_accessed, call, version.id, answer, by)


def _accessed(tenant: Tenant, call: Call, opened: int, answer: Params, by: Seal) -> Params:
    """Writes down the day, once a day, and keeps the answer where it still is what a call would be given now."""
    secret, version = _find(tenant, call)
    today = int(tenant.now() // DAY)
    if secret.accessed != today or version.accessed != today:
        tenant.execute("UPDATE version SET accessed = ? WHERE id = ?", (today, version.id))
        update(tenant, secret, accessed=today, changed=secret.changed)
        if secret.is_replica:
            primary, place = primary_of(tenant, secret)
            report(tenant, call.caller, primary, place, Accessed=today)
    stages = secret.stages_of(version.version_id)
    short = len(answer.get("SecretString") or answer.get("SecretBinary") or "") <= LONGEST_CACHED
    if short and version.id == opened and stages == answer["VersionStages"] and by in version.seals:
        ready = _Ready(answer, KmsKey(by.key, tenant.id), today, secret.kms_key is None or by.given is None)
        memory_of(tenant).keep_answer(secret, _key(call.params), ready)
    return answer.copy()


# ---- PutSecretValue


@secretsmanager.operation("PutSecretValue")
async def put_secret_value(call: Call, lagoon: Lagoon) -> Params:
    """https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html"""
    token = check_token(call.params)
    value = given_value(call.params)
    if value is None:
        raise invalid_request("You must provide either SecretString or SecretBinary.")
    while True:
        secret, lack, before = await lagoon.transaction(_plan_put, call)
        if before is not None and before.seals:
            if not await same_value(call, lagoon, before, value):
                raise token_in_use(token, secret.arn)
            return _put(secret, token)
        sealed = await seal(call, lagoon, lagoon.here, secret.kms_key, token, value.data)
        copies = await seal_lacking(call, lagoon, lack, {token: value.data})
        try:
            return await lagoon.transaction(_put_value, call, value, secret, sealed, copies)
        except Again:
            continue


def _plan_put(tenant: Tenant, call: Call) -> tuple[Secret, Lack, Version | None]:
    secret = own(tenant, call["SecretId"])
    check_caller(tenant, call, secret.kms_key)
    token = call["ClientRequestToken"]
    return secret, lacking(tenant, secret, (token,)), find_version(tenant, secret, token)


def _put_value(tenant: Tenant, call: Call, value: Value, planned: Secret, sealed: Seal, copies: Copies) -> Params:
    secret, lack, before = _plan_put(tenant, call)
    if (
        (secret.id, secret.kms_key) != (planned.id, planned.kms_key)
        or (before is not None and before.seals)
        or not lack.filled_by(copies)
    ):
        raise Again
    token = call["ClientRequestToken"]
    secret = update(tenant, secret)
    secret = add_version(tenant, secret, token, call.get("VersionStages") or (CURRENT,), value, sealed)
    if secret.stages.get(CURRENT) == token:
        secret = rotated_by_hand(tenant, secret)
    replicate(tenant, call.caller, secret, copies)
    return _put(secret, token)


def _put(secret: Secret, version_id: str) -> Params:
    return {
        "ARN": secret.arn,
        "Name": secret.name,
        "VersionId": version_id,
        "VersionStages": secret.stages_of(version_id),
    }


# ---- BatchGetSecretValue


@secretsmanager.operation("BatchGetSecretValue")
async def batch_get_secret_value(call: Call, lagoon: Lagoon) -> Params:
    """https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_BatchGetSecretValue.html"""
    ids, filters = call.get("SecretIdList"), call.get("Filters")
    if ids and filters:
        raise invalid_parameter("Either 'SecretIdList' or 'Filters' must be provided, but not both.")
    if not ids and not filters:
        raise invalid_parameter("Either 'SecretIdList' or 'Filters' must be provided.")
    if call.get("MaxResults") is not None and not filters:
        raise invalid_parameter(
            "'Filters' not specified. 'Filters' must also be specified when 'MaxResults' is provided."
        )
    token = None
    if not ids:
        ids, token = await lagoon.transaction(_ids, call)
    values: list[Params] = []
    errors: list[Params] = []
    for secret_id in ids:
        try:
            values.append(await lagoon.call(call, "secretsmanager", "GetSecretValue", {"SecretId": secret_id}))
        except AwsError as error:
            if error.fault == "Receiver":
                raise
            errors.append({"SecretId": secret_id, "ErrorCode": error.code, "Message": error.message})
    return {"SecretValues": values, "NextToken": token, "Errors": errors}


def _ids(tenant: Tenant, call: Call) -> tuple[list[str], str | None]:
    """A page of the secrets that the filters let through."""
    found = [secret for secret in matching(tenant, call["Filters"]) if secret.deleted is None]
    most = call.get("MaxResults") or MAX_BATCH
    of = Listing(call.operation, tenant.id, call["Filters"])
    secrets, token = page(found, lambda secret: [secret.id], most, call.get("NextToken"), of)
    return [secret.arn for secret in secrets], token
