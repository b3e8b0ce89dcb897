"""Replicas: mirrors of a secret in other regions of its account, or in another account, kept by effects.

The primary is the authority. Values are sealed anew under each replica's own KMS key before the transaction that sends
them, so that no effect and no replica ever holds what it cannot keep. Each answer of a replica is an effect too.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/replicate-secrets.html
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

from atoll.core.arn import parse_arn, partition_of
from atoll.core.call import Params
from atoll.core.caller import Caller
from atoll.core.errors import AwsError
from atoll.core.tenant_id import TenantId
from atoll.services.secretsmanager.arns import DEFAULT_KEY, SERVICE, normal_key, render, secret_arn
from atoll.services.secretsmanager.encryption import Seal
from atoll.services.secretsmanager.errors import invalid_parameter
from atoll.services.secretsmanager.rotations import rotation_for_elsewhere
from atoll.services.secretsmanager.secrets import Secret
from atoll.services.secretsmanager.times import day
from atoll.services.secretsmanager.versions import find_version
from atoll.tenants import Tenant
from atoll.wire.models import region_names

IN_SYNC, IN_PROGRESS, FAILED, PENDING, DETACHED = "InSync", "InProgress", "Failed", "Pending", "Detached"
SUCCEEDED = "Replication succeeded"

Copies = dict[str, dict[str, Seal | None] | AwsError]
"""By a replica's place: what was sealed for it, by the version's id (None of one that does not open), or why nothing
could be."""


class Replica(NamedTuple):
    """A row of `replica`. `kms_key` is a template of the replica's tenant."""

    place: str
    kms_key: str | None
    status: str
    message: str | None
    accessed: int | None
    role: str | None

    @property
    def in_another_account(self) -> bool:
        return self.place.startswith("arn:")

    @property
    def alive(self) -> bool:
        """Whether it has all that there was until now."""
        return self.status in (IN_SYNC, IN_PROGRESS)

    def tenant(self, here: TenantId) -> TenantId:
        """Where it is."""
        if not self.in_another_account:
            return here._replace(region=self.place)
        arn = parse_arn(render(self.place, here))
        assert arn is not None
        return TenantId(here.realm, arn.account, arn.region)

    def target(self, here: TenantId) -> Params:
        """The parameters by which an effect finds it."""
        if self.in_another_account:
            return {"ReplicaArn": render(self.place, here)}
        return {"Account": here.account, "Region": self.place}


def replicas_of(tenant: Tenant, secret: Secret) -> list[Replica]:
    return [
        Replica(*row)
        for row in tenant.rows(
            "SELECT place, kms_key, status, message, accessed, role FROM replica WHERE secret = ? ORDER BY place",
            (secret.id,),
        )
    ]


def shown_regions(replicas: Iterable[Replica], here: TenantId) -> list[Params]:
    return [
        {
            "Region": replica.place,
            "KmsKeyId": DEFAULT_KEY if replica.kms_key is None else render(replica.kms_key, replica.tenant(here)),
            "Status": replica.status,
            "StatusMessage": replica.message,
            "LastAccessedDate": day(replica.accessed),
        }
        for replica in replicas
        if not replica.in_another_account
    ]


def shown_accounts(replicas: Iterable[Replica], here: TenantId) -> list[Params]:
    return [
        {
            "ReplicaSecretARN": render(replica.place, here),
            "ReplicationRoleARN": None if replica.role is None else render(replica.role, here),
            "ReplicationStatus": replica.status,
            "StatusMessage": replica.message,
        }
        for replica in replicas
        if replica.in_another_account
    ]


def wanted_regions(here: TenantId, given: Sequence[Params]) -> list[Replica]:
    """Raises InvalidParameterException."""
    wanted: dict[str, Replica] = {}
    for each in given:
        region = each.get("Region")
        if region not in _regions() or region == here.region or region in wanted:
            raise invalid_parameter("Invalid replica region.")
        if partition_of(region) != partition_of(here.region):
            raise invalid_parameter("Invalid replica region.")
        kms_key = normal_key(each.get("KmsKeyId"), here._replace(region=region))
        wanted[region] = Replica(region, kms_key, IN_PROGRESS, None, None, None)
    return list(wanted.values())


@cache
def _regions() -> frozenset[str]:
    """Those that AWS has: a replica in any other would be a mistake that nobody notices."""
    return frozenset(region_names())


def write_replica(tenant: Tenant, secret: Secret, replica: Replica) -> None:
    tenant.execute("INSERT OR REPLACE INTO replica VALUES (?, ?, ?, ?, ?, ?, ?)", (secret.id, *replica))


def drop_replica(tenant: Tenant, secret: Secret, place: str) -> None:
    tenant.execute("DELETE FROM replica WHERE secret = ? AND place = ?", (secret.id, place))


def replicate(
    tenant: Tenant,
    caller: Caller,
    secret: Secret,
    copies: Copies | None = None,
    *,
    first: Iterable[Replica] = (),
    force: bool = False,
) -> None:
    """Tells the replicas how the secret is now. `first` are those to be made; the rest is told what changed.

    `copies` has the values that they lack. One that has failed is tried again: made anew where it has all values.
    """
    beginning = {replica.place for replica in first}
    for replica in replicas_of(tenant, secret):
        again = replica.status == FAILED and replica.place not in beginning
        if replica.place not in beginning and not replica.alive and not again:
            continue
        params = {
            **replica.target(tenant.id),
            "Place": replica.place,
            "PrimaryArn": secret.arn,
            "PrimaryRegion": tenant.id.region,
        }
        lane = f"{SERVICE}/{secret.id}/{replica.place}"
        seals = (copies or {}).get(replica.place)
        if isinstance(seals, AwsError):
            message = f"Replication failed: {seals.message}"
            write_replica(tenant, secret, replica._replace(status=FAILED, message=message))
            if replica.in_another_account:
                tenant.effect(caller, SERVICE, "FailReplica", {**params, "Message": message}, lane=lane, awaited=True)
            continue
        tenant.effect(
            caller,
            SERVICE,
            "ReplicateSecret",
            {
                **params,
                "KmsKey": replica.kms_key,
                "First": replica.place in beginning or (again and seals is not None),
                "Force": force,
                "Secret": _as_params(tenant, secret),
                "Versions": [
                    _version_as_params(tenant, secret, id, (seals or {}).get(id)) for id in secret.by_version()
                ],
            },
            lane=lane,
            awaited=True,
        )


def _as_params(tenant: Tenant, secret: Secret) -> Params:
    return {
        "Name": secret.name,
        "Suffix": secret.suffix,
        "Description": secret.description,
        "Type": secret.type,
        "Tags": secret.tags,
        "Policy": secret.policy,
        "Created": secret.created,
        "Changed": secret.changed,
        "Rotation": rotation_for_elsewhere(tenant, secret),
        "OwningService": secret.owning_service,
        "Stages": secret.stages,
    }


def _version_as_params(tenant: Tenant, secret: Secret, version_id: str, seal: Seal | None) -> Params:
    version = find_version(tenant, secret, version_id)
    assert version is not None
    return {
        "VersionId": version_id,
        "Created": version.created,
        "IsBinary": bool(version.is_binary),
        "Empty": not version.seals,
        "Seal": None if seal is None else list(seal),
    }


def report(tenant: Tenant, caller: Caller, primary_arn: str, place: str, **found: Any) -> None:
    """Tells the primary what became of its replica."""
    params = {"PrimaryArn": primary_arn, "Place": place, **found}
    lane = f"{SERVICE}/report/{primary_arn.rpartition(':')[2]}"
    tenant.effect(caller, SERVICE, "ReportReplica", params, lane=lane, awaited=True)


def primary_of(tenant: Tenant, secret: Secret) -> tuple[str, str]:
    """The ARN of a replica's primary, and the place that the replica has there, as a template of the primary's."""
    if secret.primary_arn is not None:
        arn = render(secret.primary_arn, tenant.id)
        # Both are in one region, so that from there the replica is in another account and in the same region.
        place = f"arn:{{partition}}:{SERVICE}:{{region}}:{tenant.id.account}:secret:{secret.name}-{secret.suffix}"
        return arn, place
    assert secret.primary_region is not None
    primary = tenant.id._replace(region=secret.primary_region)
    return secret_arn(primary, secret.name, secret.suffix), tenant.id.region
