"""Replicas in other regions: made, removed, promoted; and what primary and replica say to each other."""

from __future__ import annotations

from typing import Any

from atoll.core.call import Call, Params
from atoll.core.lagoon import Lagoon
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
    seal_copies,
    shown_regions,
    wanted_regions,
    write_replica,
)
from atoll.services.secretsmanager.rotations import rotation_from_elsewhere
from atoll.services.secretsmanager.secrets import (
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
    wanted = wanted_regions(lagoon.here, call["AddReplicaRegions"])
    force = bool(call.get("ForceOverwriteReplicaSecret"))
    secret = await send_all(call, lagoon, wanted, force=force)
    return await lagoon.transaction(_status, secret.id)


async def send_all(call: Call, lagoon: Lagoon, wanted: list[Replica], *, force: bool = False) -> Secret:
    """Makes these replicas with all versions that have a label."""
    while True:
        secret, versions = await lagoon.transaction(_labelled, call["SecretId"])
        values = {
            version.version_id: (await unseal(call, lagoon, version.seals, version.version_id))[0]
            for version in versions
        }
        copies = await seal_copies(call, lagoon, wanted, values)

        def send(tenant: Tenant, planned: Secret, copies: Any = copies, sent: Any = values) -> Secret:
            secret, versions = _labelled(tenant, call["SecretId"])
            if secret.id != planned.id or {version.version_id for version in versions} - sent.keys():
                raise Again
            for replica in wanted:
                write_replica(tenant, secret, replica)
            secret = update(tenant, secret, changed=secret.changed)
            replicate(tenant, call.caller, secret, copies, first=wanted, force=force)
            return secret

        try:
            return await lagoon.transaction(send, secret)
        except Again:
            continue


def _labelled(tenant: Tenant, text: str) -> tuple[Secret, list[Version]]:
    """The secret, and those of its versions that replicas have: with a label, and a value."""
    secret = own(tenant, text)
    labels = secret.by_version()
    versions = [version for version in all_versions(tenant, secret) if version.version_id in labels and version.seals]
    return secret, versions


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
        if not call["First"] or call.get("ReplicaArn") is not None:
            return {}
        secret = named(tenant, told["Name"])
        if secret is not None and not call["Force"]:
            message = f"Replication failed: Secret name {told['Name']} already exists in region {tenant.id.region}."
            report(tenant, call.caller, call["PrimaryArn"], call["Place"], Status=FAILED, Message=message)
            return {}
        if secret is not None:
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
    secret = update(tenant, secret, **columns)
    if _mirror_versions(tenant, secret, call):
        report(tenant, call.caller, call["PrimaryArn"], call["Place"], Status=IN_SYNC, Message=SUCCEEDED)
    else:
        message = "Replication failed: A version of the secret is missing in the replica."
        report(tenant, call.caller, call["PrimaryArn"], call["Place"], Status=FAILED, Message=message)
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
    """Whether all are there that have a label."""
    told: list[Params] = call["Versions"]
    wanted = {each["VersionId"] for each in told}
    there = {version.version_id: version for version in all_versions(tenant, secret)}
    for version_id, version in there.items():
        if version_id not in wanted:
            remove_version(tenant, secret, version.id)
    complete = True
    for each in told:
        known = there.get(each["VersionId"])
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
        elif not each["Empty"] and (known is None or not known.seals):
            complete = False
    write_stages(tenant, secret, call["Secret"]["Stages"])
    return complete


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
    if "Status" in call.params:
        replica = replica._replace(status=call["Status"], message=call["Message"])
    write_replica(tenant, secret, replica)
    return {}
