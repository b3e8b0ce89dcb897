"""Secrets: made, shown, changed, deleted and restored.

Where a value is given, the operation is long: it is sealed under its KMS key between two transactions, the second of
which looks again at what the first has seen.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from atoll.core.call import Call, Params
from atoll.core.errors import AwsError
from atoll.core.lagoon import Lagoon
from atoll.services.secretsmanager import tags
from atoll.services.secretsmanager.arns import SERVICE, check_elsewhere, secret_arn, template
from atoll.services.secretsmanager.copies import (
    Lack,
    lacking,
    seal_anew,
    seal_copies,
    seal_lacking,
    settled,
    to_seal_anew,
)
from atoll.services.secretsmanager.encryption import Seal, seal, settled_key
from atoll.services.secretsmanager.errors import (
    invalid_parameter,
    invalid_request,
    marked_for_deletion,
    name_scheduled_for_deletion,
    not_on_a_replica,
    secret_exists,
    secret_not_found,
    still_replicated,
    token_in_use,
)
from atoll.services.secretsmanager.replicas import (
    PENDING,
    Copies,
    Replica,
    primary_of,
    replicas_of,
    replicate,
    report,
    shown_regions,
    wanted_regions,
    write_replica,
)
from atoll.services.secretsmanager.rotations import rotated_by_hand
from atoll.services.secretsmanager.secrets import (
    CURRENT,
    DAY,
    Secret,
    check_name,
    draw_suffix,
    find_secret,
    insert,
    name_in,
    named,
    remove,
    update,
    usable,
)
from atoll.services.secretsmanager.service import secretsmanager
from atoll.services.secretsmanager.showing import described
from atoll.services.secretsmanager.times import moment
from atoll.services.secretsmanager.values import Again, check_caller, same_value
from atoll.services.secretsmanager.versions import (
    Value,
    Version,
    add_seal,
    add_version,
    check_token,
    find_version,
    given_value,
)
from atoll.tenants import Tenant

SHORTEST_WINDOW, LONGEST_WINDOW = 7, 30
"""Days between DeleteSecret and the end of the secret."""


# ---- CreateSecret


@secretsmanager.operation("CreateSecret")
async def create_secret(call: Call, lagoon: Lagoon) -> Params:
    """https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html"""
    token = check_token(call.params)
    name = check_name(call["Name"])
    value = given_value(call.params)
    replicas = wanted_regions(lagoon.here, call.get("AddReplicaRegions") or [])
    kms_key = await settled_key(call, lagoon, call.get("KmsKeyId"), lagoon.here)
    if call.get("CrossAccountPrimaryARN") is not None:
        _check_replica_of_another_account(call, lagoon, kms_key)
    while True:
        before = await lagoon.transaction(_existing, name, token)
        if before is not None:
            secret, version = before
            if value is None or not await same_value(call, lagoon, version, value):
                raise token_in_use(token, secret.arn)
            return {"ARN": secret.arn, "Name": name, "VersionId": token}
        replicas = await settled(call, lagoon, replicas)
        sealed, copies = None, Copies()
        if value is not None:
            sealed = await seal(call, lagoon, lagoon.here, kms_key, token, value.data)
            copies = await seal_copies(call, lagoon, replicas, {token: value.data})
        try:
            answer = await lagoon.transaction(_create, call, kms_key, value, sealed, replicas, copies)
            break
        except Again:
            continue
    if replicas:
        # What they have become since.
        answer["ReplicationStatus"] = await lagoon.transaction(_replication_status, name)
    return answer


def _existing(tenant: Tenant, name: str, token: str) -> tuple[Secret, Version] | None:
    """The secret that was made by a call with the same token. Raises where the name is taken otherwise."""
    secret = named(tenant, name)
    if secret is None:
        return None
    if secret.deleted is not None:
        raise name_scheduled_for_deletion()
    version = find_version(tenant, secret, token)
    if version is None:
        raise secret_exists(name)
    return secret, version


def _check_replica_of_another_account(call: Call, lagoon: Lagoon, kms_key: str | None) -> None:
    for parameter in ("SecretString", "SecretBinary", "Description", "AddReplicaRegions", "Type"):
        if call.get(parameter):
            raise invalid_parameter(f"You can't specify {parameter} when you specify CrossAccountPrimaryARN.")
    if kms_key is None:
        raise invalid_parameter("You must specify a customer managed KMS key when you specify CrossAccountPrimaryARN.")
    check_elsewhere(call["CrossAccountPrimaryARN"], lagoon.here, "primary", "replica")


def _create(
    tenant: Tenant,
    call: Call,
    kms_key: str | None,
    value: Value | None,
    sealed: Seal | None,
    replicas: list[Replica],
    copies: Copies,
) -> Params:
    name, token = call["Name"], call["ClientRequestToken"]
    if _existing(tenant, name, token) is not None:
        # Another call with the same token was faster: perhaps the same one, again.
        raise Again
    columns: dict[str, Any] = {}
    if (primary := call.get("CrossAccountPrimaryARN")) is not None:
        columns = {"primary_arn": template(primary, tenant.id), "primary_status": PENDING}
    secret = insert(
        tenant,
        name,
        draw_suffix(),
        description=call.get("Description") or "",
        kms_key=kms_key,
        type=call.get("Type") or None,
        tags=tags.merged({}, call.get("Tags") or []),
        **columns,
    )
    if sealed is not None:
        secret = add_version(tenant, secret, token, (CURRENT,), value, sealed)
    for replica in replicas:
        write_replica(tenant, secret, replica)
    force = bool(call.get("ForceOverwriteReplicaSecret"))
    replicate(tenant, call.caller, secret, copies, first=replicas, force=force)
    return {
        "ARN": secret.arn,
        "Name": name,
        "VersionId": None if sealed is None else token,
    }


def _replication_status(tenant: Tenant, name: str) -> list[Params]:
    secret = named(tenant, name)
    return [] if secret is None else shown_regions(replicas_of(tenant, secret), tenant.id)


# ---- DescribeSecret


@secretsmanager.operation("DescribeSecret", readonly=True)
def describe_secret(call: Call, tenant: Tenant) -> Params:
    """https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DescribeSecret.html"""
    return described(tenant, find_secret(tenant, call["SecretId"]))


# ---- UpdateSecret


class _Plan(NamedTuple):
    """What UpdateSecret has found: the secret, the version that has the token already, what its replicas lack, the key
    that it is to have, and the versions that are to be sealed under that key too."""

    secret: Secret
    before: Version | None
    lack: Lack
    kms_key: str | None
    sealed_anew: list[Version]


@secretsmanager.operation("UpdateSecret")
async def update_secret(call: Call, lagoon: Lagoon) -> Params:
    """https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecret.html"""
    token = check_token(call.params)
    value = given_value(call.params)
    given: str | None = call.get("KmsKeyId")
    kms_key = await settled_key(call, lagoon, given, lagoon.here)
    while True:
        plan = await lagoon.transaction(_plan_update, call, kms_key)
        if value is not None and plan.before is not None:
            if not await same_value(call, lagoon, plan.before, value):
                raise token_in_use(token, plan.secret.arn)
            return {"ARN": plan.secret.arn, "Name": plan.secret.name, "VersionId": token}
        seals = await seal_anew(call, lagoon, plan.kms_key, plan.sealed_anew)
        sealed = None
        if value is not None:
            sealed = await seal(call, lagoon, lagoon.here, plan.kms_key, token, value.data)
        copies = await seal_lacking(call, lagoon, plan.lack, {} if value is None else {token: value.data})
        try:
            return await lagoon.transaction(_update, call, plan, value, sealed, seals, copies)
        except Again:
            continue


def _plan_update(tenant: Tenant, call: Call, settled: str | None) -> _Plan:
    """`settled` is the KmsKeyId that was given, as it is stored."""
    secret = usable(tenant, call["SecretId"])
    changes_more = any(
        call.get(parameter) is not None for parameter in ("Description", "SecretString", "SecretBinary", "Type")
    )
    if secret.is_replica and (changes_more or call.get("KmsKeyId") is None):
        raise not_on_a_replica()
    given: str | None = call.get("KmsKeyId")
    kms_key = secret.kms_key if given is None else settled
    if secret.primary_arn is not None and kms_key is None:
        raise invalid_parameter("You must specify a customer managed KMS key for a cross-account replica secret.")
    puts = call.get("SecretString") is not None or call.get("SecretBinary") is not None
    if given is not None or puts:
        check_caller(tenant, call, kms_key)
    token: str = call["ClientRequestToken"]
    sealed_anew: list[Version] = []
    if kms_key != secret.kms_key:
        sealed_anew = to_seal_anew(tenant, secret)
    lack = lacking(tenant, secret, (token,) if puts else ())
    return _Plan(secret, find_version(tenant, secret, token), lack, kms_key, sealed_anew)


def _update(
    tenant: Tenant,
    call: Call,
    plan: _Plan,
    value: Value | None,
    sealed: Seal | None,
    seals: dict[str, Seal],
    copies: Copies,
) -> Params:
    found = _plan_update(tenant, call, plan.kms_key)
    anew = {version.version_id for version in found.sealed_anew}
    if (
        found.secret.id != plan.secret.id
        or found.kms_key != plan.kms_key
        or anew - {version.version_id for version in plan.sealed_anew}
        or (value is not None and found.before is not None)
        or not found.lack.filled_by(copies)
    ):
        raise Again
    columns: dict[str, Any] = {"kms_key": found.kms_key}
    if call.get("Description") is not None:
        columns["description"] = call["Description"]
    if call.get("Type") is not None:
        columns["type"] = call["Type"] or None
    secret = update(tenant, found.secret, **columns)
    for version_id in anew & seals.keys():
        add_seal(tenant, secret, version_id, seals[version_id])
    token = None
    if sealed is not None:
        token = call["ClientRequestToken"]
        secret = add_version(tenant, secret, token, (CURRENT,), value, sealed)
        secret = rotated_by_hand(tenant, secret)
    if secret.is_replica:
        primary, place = primary_of(tenant, secret)
        report(tenant, call.caller, primary, place, KmsKey=secret.kms_key)
    else:
        replicate(tenant, call.caller, secret, copies)
    return {"ARN": secret.arn, "Name": secret.name, "VersionId": token}


# ---- DeleteSecret, RestoreSecret


@secretsmanager.operation("DeleteSecret")
def delete_secret(call: Call, tenant: Tenant) -> Params:
    """https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html"""
    days: int | None = call.get("RecoveryWindowInDays")
    force = bool(call.get("ForceDeleteWithoutRecovery"))
    if days is not None and force:
        raise invalid_parameter("You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.")
    if days is not None and not SHORTEST_WINDOW <= days <= LONGEST_WINDOW:
        raise invalid_parameter(
            f"The RecoveryWindowInDays value must be between {SHORTEST_WINDOW} and {LONGEST_WINDOW} days (inclusive)."
        )
    now = tenant.now()
    text: str = call["SecretId"]
    try:
        secret = find_secret(tenant, text)
    except AwsError as error:
        if not force or error.code != secret_not_found().code:
            raise
        name = name_in(text)
        arn = text if text.startswith("arn:") else secret_arn(tenant.id, name, draw_suffix())
        return {"ARN": arn, "Name": name, "DeletionDate": moment(now)}
    _check_deletable(tenant, secret, text, force=force)
    if force:
        remove(tenant, secret)
        return {"ARN": secret.arn, "Name": secret.name, "DeletionDate": moment(now)}
    end = now + (LONGEST_WINDOW if days is None else days) * DAY
    update(tenant, secret, deleted=end)
    tenant.set_timer(SERVICE, "purge", str(secret.id), end)
    return {"ARN": secret.arn, "Name": secret.name, "DeletionDate": moment(end)}


def _check_deletable(tenant: Tenant, secret: Secret, text: str, *, force: bool) -> None:
    if secret.primary_region is not None:
        raise not_on_a_replica()
    if secret.primary_arn is not None:
        raise invalid_request("You can't delete a cross-account replica secret. Call StopReplicationToReplica first.")
    replicas = replicas_of(tenant, secret)
    if regions := [replica.place for replica in replicas if not replica.in_another_account]:
        raise still_replicated(text, regions)
    # One that has parted by itself too: either side stops replication for itself.
    if any(replica.in_another_account for replica in replicas):
        raise invalid_request(
            "You can't delete a secret that is associated with a cross-account replica secret. "
            "Call DisassociateCrossAccountReplica first."
        )
    if secret.deleted is not None and not force:
        raise marked_for_deletion()


@secretsmanager.operation("RestoreSecret")
def restore_secret(call: Call, tenant: Tenant) -> Params:
    """https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RestoreSecret.html"""
    secret = find_secret(tenant, call["SecretId"])
    if secret.is_replica:
        raise not_on_a_replica()
    if secret.deleted is not None:
        tenant.set_timer(SERVICE, "purge", str(secret.id), None)
        update(tenant, secret, deleted=None)
    return {"ARN": secret.arn, "Name": secret.name}
