"""Secrets as DescribeSecret and ListSecrets show them. What a secret does not have is left out."""

from __future__ import annotations

from atoll.core.call import Params
from atoll.services.secretsmanager import tags
from atoll.services.secretsmanager.arns import render
from atoll.services.secretsmanager.replicas import replicas_of, shown_accounts, shown_regions
from atoll.services.secretsmanager.rotations import shown_rotation
from atoll.services.secretsmanager.secrets import Secret
from atoll.services.secretsmanager.times import day, moment
from atoll.tenants import Tenant


def listed(tenant: Tenant, secret: Secret) -> Params:
    return {**_shown(tenant, secret), "SecretVersionsToStages": secret.by_version() or None}


def described(tenant: Tenant, secret: Secret) -> Params:
    replicas = replicas_of(tenant, secret)
    shown = {**_shown(tenant, secret), "VersionIdsToStages": secret.by_version() or None}
    shown["ReplicationStatus"] = shown_regions(replicas, tenant.id) or None
    shown["CrossAccountReplicas"] = shown_accounts(replicas, tenant.id) or None
    if secret.primary_arn is not None:
        shown["CrossAccountPrimary"] = {
            "PrimarySecretARN": render(secret.primary_arn, tenant.id),
            "ReplicationStatus": secret.primary_status,
            "StatusMessage": secret.primary_message,
        }
    return shown


def primary_region(tenant: Tenant, secret: Secret) -> str | None:
    """Its own, of a secret that has replicas in other regions."""
    if secret.primary_region is not None:
        return str(secret.primary_region)
    replicated = any(not replica.in_another_account for replica in replicas_of(tenant, secret))
    return tenant.id.region if replicated else None


def _shown(tenant: Tenant, secret: Secret) -> Params:
    return {
        "ARN": secret.arn,
        "Name": secret.name,
        "Type": secret.type,
        "Description": secret.description or None,
        "KmsKeyId": None if secret.kms_key is None else render(secret.kms_key, tenant.id),
        **shown_rotation(tenant, secret),
        "LastChangedDate": moment(secret.changed),
        "LastAccessedDate": day(secret.accessed),
        "DeletedDate": moment(secret.deleted),
        "Tags": tags.shown(secret.tags),
        "OwningService": secret.owning_service,
        "CreatedDate": moment(secret.created),
        "PrimaryRegion": primary_region(tenant, secret),
    }
