"""Replicas in other regions: made, removed, promoted; and what primary and replica say to each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from atoll.core.call import Call, Params
from atoll.core.errors import AwsError
from atoll.core.lagoon import Lagoon
from atoll.services.secretsmanager.copies import labelled, opened, seal_copies, settled
from atoll.services.secretsmanager.encryption import Seal, unseal
from atoll.services.secretsmanager.errors import invalid_request
from atoll.services.secretsmanager.replicas import (
    DETACHED,
    FAILED,
    IN_SYNC,
    SUCCEEDED,
    Replica,
    drop_replica,
    primary_of,
    replicas_of,
    replicate,
    report,
    shown_regions,
    wanted_regions,
    write_replica,
)
from atoll.services.secretsmanager.rotations import rotation_from_elsewhere
from atoll.services.secretsmanager.secrets import (
    CURRENT,
    Secret,
    insert,
    named,
    own,
    remove,
    update,
    usable,
    with_arn,
    with_id,
)
from atoll.services.secretsmanager.service import secretsmanager
from atoll.services.secretsmanager.values import Again
from atoll.services.secretsmanager.versions import (
    Version,
    add_seal,
    all_versions,
    remove_version,
    write_stages,
)
from atoll.tenants import Tenant

# ---- what callers ask


@secretsmanager.operation("ReplicateSecretToRegions")
async def replicate_secret_to_regions(call: Call, lagoon: Lagoon) -> Params:
    """https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ReplicateSecretToRegions.html"""
    wanted = await settled(call, lagoon, wanted_regions(lagoon.here, call["AddReplicaRegions"]))
    force = bool(call.get("ForceOverwriteReplicaSecret"))
    secret = await send_all(call, lagoon, wanted, force=force)
    return await lagoon.transaction(_status, secret.id)


async def send_all(
    call: Call,
    lagoon: Lagoon,
    wanted: list[Replica],
    *,
    force: bool = False,
    whole: bool = False,
    check: Callable[[Tenant, Call], object] | None = None,
) -> Secret:
    """Makes these replicas with all versions that have a label: all of them or none, where it is to be `whole`. What
    `check` refuses is not done, even if it has come to be so meanwhile.

    Raises as `unseal` does of the current version, or of any; where it is to be whole, as `seal` does.
    """
    while True:
        secret, versions = await lagoon.transaction(_labelled, call["SecretId"])
        values: dict[str, bytes | None] = {}
        for id, version in versions.items():
            if whole or id == secret.stages.get(CURRENT):
                values[id] = (await unseal(call, lagoon, version.seals, id))[0]
            else:
                values[id] = await opened(call, lagoon, version)
        copies = await seal_copies(call, lagoon, wanted, values)
        for found in copies.values():
            if whole and isinstance(found, AwsError):
                raise found

        def send(tenant: Tenant, planned: Secret, copies: Any = copies, sent: Any = values) -> Secret:
            secret, versions = _labelled(tenant, call["SecretId"])
            if secret.id != planned.id or versions.keys() - sent.keys():
                raise Again
            if check is not None:
                check(tenant, call)
            for replica in wanted:
                write_replica(tenant, secret, replica)
            secret = update(tenant, secret, changed=secret.changed)
            replicate(tenant, call.caller, secret, copies, first=wanted, force=force)
            return secret

        try:
            return await lagoon.transaction(send, secret)
        except Again:
            continue


def _labelled(tenant: Tenant, text: str) -> tuple[Secret, dict[str, Version]]:
    secret = own(tenant, text)
    return secret, labelled(tenant, secret)


def _status(tenant: Tenant, id: int) -> Params:
    secret = with_id(tenant, id)
    assert secret is not None
    return {"ARN": secret.arn, "ReplicationStatus": shown_regions(replicas_of(tenant, secret), tenant.id)}


@secretsmanager.operation("RemoveRegionsFromReplication")
def remove_regions_from_replication(call: Call, tenant: Tenant) -> Params:
    """https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RemoveRegionsFromReplication.html"""
    secret = own(tenant, call["SecretId"])
    replicas = {replica.place: replica for replica in replicas_of(tenant, secret)}
    for region in dict.fromkeys(call["RemoveReplicaRegions"]):
        # One that is gone already is no mistake.
        if (replica := replicas.get(region)) is not None:
            drop_replica(tenant, secret, region)
            tell_gone(tenant, call, secret, replica)
    secret = update(tenant, secret)
    return {"ARN": secret.arn, "ReplicationStatus": shown_regions(replicas_of(tenant, secret), tenant.id)}


def tell_gone(tenant: Tenant, call: Call, secret: Secret, replica: Replica) -> None:
    """Tells a replica that its primary has done with it."""
    tenant.effect(
        call.caller,
        "secretsmanager",
        "ForgetPrimary",
        {**replica.target(tenant.id), "PrimaryArn": secret.arn, "PrimaryRegion": tenant.id.region, "Name": secret.name},
        lane=f"secretsmanager/{secret.id}/{replica.place}",
        awaited=True,
    )


@secretsmanager.operation("StopReplicationToReplica")
def stop_replication_to_replica(call: Call, tenant: Tenant) -> Params:
    """https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_StopReplicationToReplica.html"""
    secret = usable(tenant, call["SecretId"])
    if not secret.is_replica:
        raise invalid_request("You can only stop replication to a replica secret.")
    primary, place = primary_of(tenant, secret)
    report(tenant, call.caller, primary, place, Left=True)
    alone: dict[str, Any] = dict.fromkeys(("primary_region", "primary_arn", "primary_status", "primary_message"))
    if secret.primary_region is not None:
        # How its primary is rotated says nothing of it any more.
        alone["rotation"] = None
    update(tenant, secret, **alone)
    return {"ARN": secret.arn}


# ---- what they say to each other


@secretsmanager.operation("ReplicateSecret", internal=True)
def replicate_secret(call: Call, tenant: Tenant) -> Params:
    """A primary's state arrives at a replica: `First` where the replica is to be made."""
    told: Params = call["Secret"]
    secret = _replica(tenant, call)
    if secret is None:
        # Where it was is another secret, or none: the region was reset, or the primary is a copy.
        refused = _refused_anew(tenant, call)
        if refused is not None:
            _report_failure(tenant, call, refused, keep=not call["First"])
            return {}
        if (secret := named(tenant, told["Name"])) is not None:
            remove(tenant, secret)
        secret = insert(
            tenant, told["Name"], told["Suffix"], primary_region=call["PrimaryRegion"], kms_key=call["KmsKey"]
        )
    columns: dict[str, Any] = {
        "description": told["Description"],
        "type": told["Type"],
        "changed": told["Changed"],
        "owning_service": told["OwningService"],
    }
    if secret.primary_arn is not None:
        columns |= {"primary_status": IN_SYNC, "primary_message": SUCCEEDED}
    else:
        columns |= {
            "created": told["Created"],
            "tags": told["Tags"],
            "policy": told["Policy"],
            "rotation": rotation_from_elsewhere(tenant, told["Rotation"]),
        }
        if call["First"]:
            columns["kms_key"] = call["KmsKey"]
    failed_before = secret.primary_status == FAILED
    message_before = secret.primary_message
    secret = update(tenant, secret, **columns)
    if any(each["Seal"] is not None and Seal(*each["Seal"]).given != secret.kms_key for each in call["Versions"]):
        # Its key was changed while the values were on their way.
        tenant.set_timer("secretsmanager", "reseal", str(secret.id), tenant.now())
    if _mirror_versions(tenant, secret, call):
        report(tenant, call.caller, call["PrimaryArn"], call["Place"], Status=IN_SYNC, Message=SUCCEEDED)
    else:
        message = "Replication failed: A version of the secret is missing in the replica."
        if secret.primary_arn is not None:
            why = message_before if failed_before else message
            update(tenant, secret, changed=secret.changed, primary_status=FAILED, primary_message=why)
        _report_failure(tenant, call, message, keep=True)
    return {}


def _refused_anew(tenant: Tenant, call: Call) -> str | None:
    """Why the replica, which is not here, cannot be made."""
    if call.get("ReplicaArn") is not None:
        return "Replication failed: Secrets Manager can't find the replica secret."
    name, region = call["Secret"]["Name"], tenant.id.region
    taken = named(tenant, name)
    if taken is not None and taken.is_replica:
        return f"Replication failed: Secret name {name} is currently replicated to {region} with a different arn."
    if taken is not None and not call["Force"]:
        return f"Replication failed: Secret name {name} already exists in region {region}."
    if taken is not None and any(replica.status != DETACHED for replica in replicas_of(tenant, taken)):
        return f"Replication failed: Secret name {name} in region {region} has replicas of its own."
    if not call["First"]:
        return f"Replication failed: Secrets Manager can't find the replica secret in region {region}."
    return None


def _report_failure(tenant: Tenant, call: Call, message: str, *, keep: bool = False) -> None:
    """`keep` says that an earlier failure tells more."""
    report(tenant, call.caller, call["PrimaryArn"], call["Place"], Status=FAILED, Message=message, Keep=keep)


@secretsmanager.operation("FailReplica", internal=True)
def fail_replica(call: Call, tenant: Tenant) -> Params:
    """A primary could not seal a value for its replica in another account, which says so too."""
    secret = _replica(tenant, call)
    if secret is not None:
        update(tenant, secret, changed=secret.changed, primary_status=FAILED, primary_message=call["Message"])
    return {}


def _replica(tenant: Tenant, call: Call) -> Secret | None:
    """The replica that is meant, where it still is that primary's."""
    if (arn := call.get("ReplicaArn")) is not None:
        secret = with_arn(tenant, arn)
        return secret if secret is not None and _is_of(tenant, secret, call["PrimaryArn"]) else None
    told = call.get("Secret") or call.params
    secret = named(tenant, told["Name"])
    return secret if secret is not None and _is_of(tenant, secret, call["PrimaryArn"]) else None


def _is_of(tenant: Tenant, secret: Secret, primary: str) -> bool:
    return secret.is_replica and primary_of(tenant, secret)[0] == primary


def _mirror_versions(tenant: Tenant, secret: Secret, call: Call) -> bool:
    """Whether all are there that have a label. No label moves to one that is not, nor is a version taken away that
    keeps its label by that."""
    told: list[Params] = call["Versions"]
    there = {version.version_id: version for version in all_versions(tenant, secret)}
    missing: set[str] = set()
    for each in told:
        known = there.get(each["VersionId"])
        if each["Seal"] is None and not each["Empty"] and (known is None or not known.seals):
            missing.add(each["VersionId"])
            continue
        if known is None:
            tenant.execute(
                "INSERT INTO version (secret, version_id, created, is_binary) VALUES (?, ?, ?, ?)",
                (secret.id, each["VersionId"], each["Created"], each["IsBinary"]),
            )
        elif bool(known.is_binary) != each["IsBinary"]:
            tenant.execute("UPDATE version SET is_binary = ? WHERE id = ?", (each["IsBinary"], known.id))
        if each["Seal"] is not None:
            if known is not None:
                tenant.execute("DELETE FROM seal WHERE version = ?", (known.id,))
            add_seal(tenant, secret, each["VersionId"], Seal(*each["Seal"]))
    stages: dict[str, str] = {}
    for label, version_id in call["Secret"]["Stages"].items():
        holder = secret.stages.get(label) if version_id in missing else version_id
        if holder is not None:
            stages[label] = holder
    write_stages(tenant, secret, stages)
    kept = {*stages.values(), *(each["VersionId"] for each in told)}
    for version_id, version in there.items():
        if version_id not in kept:
            remove_version(tenant, secret, version.id)
    return not missing


@secretsmanager.operation("ForgetPrimary", internal=True)
def forget_primary(call: Call, tenant: Tenant) -> Params:
    """The primary has removed this replica: one in another region is gone, one in another account stays as it is."""
    secret = _replica(tenant, call)
    if secret is not None and secret.primary_region is not None:
        remove(tenant, secret)
    elif secret is not None:
        update(tenant, secret, primary_status=DETACHED, primary_message=None)
    return {}


@secretsmanager.operation("ReportReplica", internal=True)
def report_replica(call: Call, tenant: Tenant) -> Params:
    """What became of a replica: a new status, an access, another key, or that it stands on its own now."""
    secret = with_arn(tenant, call["PrimaryArn"])
    replica = None
    if secret is not None:
        replica = next((each for each in replicas_of(tenant, secret) if each.place == call["Place"]), None)
    if secret is None or replica is None:
        return {}
    if call.get("Left"):
        if replica.in_another_account:
            write_replica(tenant, secret, replica._replace(status=DETACHED, message=None))
        else:
            drop_replica(tenant, secret, replica.place)
        return {}
    if "KmsKey" in call.params:
        replica = replica._replace(kms_key=call["KmsKey"])
    if "Accessed" in call.params:
        replica = replica._replace(accessed=call["Accessed"])
    # What parted by itself stays parted, whatever was under way.
    if "Status" in call.params and replica.status != DETACHED:
        kept = call.get("Keep") and replica.status == FAILED
        replica = replica._replace(status=call["Status"], message=replica.message if kept else call["Message"])
    write_replica(tenant, secret, replica)
    return {}
