"""Versions: listed, and their staging labels moved."""

from __future__ import annotations

from atoll.core.call import Call, Params
from atoll.services.secretsmanager.arns import render
from atoll.services.secretsmanager.errors import invalid_parameter, no_value
from atoll.services.secretsmanager.pages import page
from atoll.services.secretsmanager.replicas import replicate
from atoll.services.secretsmanager.secrets import CURRENT, Secret, find_secret, own, update
from atoll.services.secretsmanager.service import secretsmanager
from atoll.services.secretsmanager.times import day, moment
from atoll.services.secretsmanager.versions import (
    DEFAULT_KEY_NAME,
    Version,
    all_versions,
    attach,
    find_version,
    prune,
    write_stages,
)
from atoll.tenants import Tenant

MAX_RESULTS = 100


@secretsmanager.operation("ListSecretVersionIds", readonly=True)
def list_secret_version_ids(call: Call, tenant: Tenant) -> Params:
    """https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecretVersionIds.html"""
    secret = find_secret(tenant, call["SecretId"])
    labels = secret.by_version()
    everything = bool(call.get("IncludeDeprecated"))
    versions = [
        version
        for version in all_versions(tenant, secret)
        if version.seals and (everything or version.version_id in labels)
    ]
    found, token = page(
        versions,
        lambda version: [version.created, version.id],
        call.get("MaxResults") or MAX_RESULTS,
        call.get("NextToken"),
    )
    return {
        "ARN": secret.arn,
        "Name": secret.name,
        "Versions": [_shown(tenant, version, labels.get(version.version_id)) for version in found],
        "NextToken": token,
    }


def _shown(tenant: Tenant, version: Version, stages: list[str] | None) -> Params:
    keys = (DEFAULT_KEY_NAME if seal.given is None else render(seal.given, tenant.id) for seal in version.seals)
    return {
        "VersionId": version.version_id,
        "VersionStages": stages,
        "LastAccessedDate": day(version.accessed),
        "CreatedDate": moment(version.created),
        "KmsKeyIds": list(dict.fromkeys(keys)),
    }


@secretsmanager.operation("UpdateSecretVersionStage")
def update_secret_version_stage(call: Call, tenant: Tenant) -> Params:
    """https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html"""
    secret = own(tenant, call["SecretId"])
    stage: str = call["VersionStage"]
    source: str | None = call.get("RemoveFromVersionId")
    target: str | None = call.get("MoveToVersionId")
    _check_move(tenant, secret, stage, source, target)
    if target is None:
        secret = write_stages(tenant, secret, {label: id for label, id in secret.stages.items() if label != stage})
    else:
        secret = attach(tenant, secret, target, (stage,))
    secret = update(tenant, secret)
    prune(tenant, secret)
    replicate(tenant, call.caller, secret)
    return {"ARN": secret.arn, "Name": secret.name}


def _check_move(tenant: Tenant, secret: Secret, stage: str, source: str | None, target: str | None) -> None:
    """Raises InvalidParameterException, ResourceNotFoundException."""
    holder = secret.stages.get(stage)
    if source is None and target is None:
        raise invalid_parameter("You must specify at least one of RemoveFromVersionId and MoveToVersionId.")
    for version_id in (source, target):
        if version_id is not None and find_version(tenant, secret, version_id) is None:
            raise no_value("VersionId", version_id)
    if source is None and holder is not None and holder != target:
        raise invalid_parameter(
            f"The parameter RemoveFromVersionId can't be empty. Staging label {stage} is currently attached to version "
            f"{holder}, so you must explicitly reference that version in RemoveFromVersionId."
        )
    if source is not None and source != holder:
        raise invalid_parameter(
            f"When you move staging label {stage}, if you specify RemoveFromVersionId, it must be set to the version "
            f"that currently has the staging label {stage}."
        )
    if target is None and stage == CURRENT:
        raise invalid_parameter(
            f"You can only move staging label {CURRENT} to a different secret version. It can’t be completely removed."
        )
