"""Versions: listed, and their staging labels moved."""

from __future__ import annotations

from atoll.core.call import Call, Params
from atoll.core.lagoon import Lagoon
from atoll.core.page_tokens import Listing
from atoll.services.secretsmanager.arns import render
from atoll.services.secretsmanager.copies import Lack, lacking, seal_lacking
from atoll.services.secretsmanager.errors import invalid_parameter, no_value
from atoll.services.secretsmanager.pages import page
from atoll.services.secretsmanager.replicas import Copies, replicate
from atoll.services.secretsmanager.secrets import CURRENT, Secret, find_secret, own, update
from atoll.services.secretsmanager.service import secretsmanager
from atoll.services.secretsmanager.times import day, moment
from atoll.services.secretsmanager.values import Again
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
        Listing(call.operation, secret.arn, everything),
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
async def update_secret_version_stage(call: Call, lagoon: Lagoon) -> Params:
    """https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html"""
    while True:
        planned, lack = await lagoon.transaction(_plan_move, call)
        copies = await seal_lacking(call, lagoon, lack, {})
        try:
            return await lagoon.transaction(_move, call, planned, copies)
        except Again:
            continue


def _plan_move(tenant: Tenant, call: Call) -> tuple[Secret, Lack]:
    """The secret, and what its replicas lack: of a version without a label they have no value."""
    secret = own(tenant, call["SecretId"])
    target: str | None = call.get("MoveToVersionId")
    _check_move(tenant, secret, call["VersionStage"], call.get("RemoveFromVersionId"), target)
    coming = () if target is None or target in secret.by_version() else (target,)
    return secret, lacking(tenant, secret, coming)


def _move(tenant: Tenant, call: Call, planned: Secret, copies: Copies) -> Params:
    secret, lack = _plan_move(tenant, call)
    if secret.id != planned.id or not lack.filled_by(copies):
        raise Again
    stage: str = call["VersionStage"]
    target: str | None = call.get("MoveToVersionId")
    if target is None:
        secret = write_stages(tenant, secret, {label: id for label, id in secret.stages.items() if label != stage})
    else:
        secret = attach(tenant, secret, target, (stage,))
    secret = update(tenant, secret)
    prune(tenant, secret)
    replicate(tenant, call.caller, secret, copies)
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
