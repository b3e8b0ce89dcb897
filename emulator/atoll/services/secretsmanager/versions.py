"""Versions of a secret, their values, and the staging labels that move between them.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html#term_version
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from atoll.core.call import Params
from atoll.services.secretsmanager.encryption import Seal
from atoll.services.secretsmanager.errors import (
    invalid_parameter,
    invalid_request,
    limit_exceeded,
    no_value,
    stage_not_of_version,
    validation,
)
from atoll.services.secretsmanager.secrets import CURRENT, DAY, PENDING, PREVIOUS, Secret, forget, with_id
from atoll.tenants import Tenant

MAX_VERSIONS = 100
MAX_STAGES = 20
"""Of all versions of a secret together."""
MAX_BYTES = 65_536
DEFAULT_KEY_NAME = "DefaultEncryptionKey"
"""What ListSecretVersionIds calls aws/secretsmanager."""

_VERSION = "SELECT id, version_id, created, accessed, is_binary FROM version WHERE secret = ? AND version_id = ?"
_VERSIONS = "SELECT id, version_id, created, accessed, is_binary FROM version WHERE secret = ? ORDER BY created, id"
_SEALS = "SELECT given, key, data_key, value FROM seal WHERE version = ? ORDER BY id"


class Version:
    """A row of `version` with its seals."""

    __slots__ = ("accessed", "created", "id", "is_binary", "seals", "version_id")

    def __init__(self, tenant: Tenant, row: tuple[Any, ...]) -> None:
        self.id, self.version_id, self.created, self.accessed, self.is_binary = row
        self.seals = [Seal(*seal) for seal in tenant.rows(_SEALS, (self.id,))]


class Value:
    """What a caller gives as a secret's value."""

    __slots__ = ("data", "is_binary")

    def __init__(self, data: bytes, *, is_binary: bool) -> None:
        self.data = data
        self.is_binary = is_binary


def given_value(params: Params) -> Value | None:
    """The value in SecretString or SecretBinary. Raises InvalidParameterException, ValidationException."""
    text, binary = params.get("SecretString"), params.get("SecretBinary")
    if text is not None and binary is not None:
        raise invalid_parameter(
            "You can't specify both a binary secret value and a string secret value in the same secret."
        )
    if binary is not None:
        return Value(bytes(binary), is_binary=True)
    if text is None:
        return None
    data = text.encode("utf-8", "surrogatepass")
    if len(data) > MAX_BYTES:
        # The model counts characters, AWS bytes.
        raise validation(
            "1 validation error detected: Value at 'secretString' failed to satisfy constraint: "
            f"Member must have length less than or equal to {MAX_BYTES}"
        )
    return Value(data, is_binary=False)


def shown_value(data: bytes, *, is_binary: bool) -> Params:
    if is_binary:
        return {"SecretBinary": data}
    return {"SecretString": data.decode("utf-8", "surrogatepass")}


def check_token(params: Params, *, parameter: bool = False) -> str:
    """The ClientRequestToken, which SDKs give by themselves. Raises InvalidRequestException where there is none;
    InvalidParameterException of RotateSecret."""
    token: str | None = params.get("ClientRequestToken")
    if not token:
        error = invalid_parameter if parameter else invalid_request
        raise error("You must provide a ClientRequestToken value. We recommend a UUID-type value.")
    return token


# ---- reading


def find_version(tenant: Tenant, secret: Secret, version_id: str) -> Version | None:
    row = tenant.row(_VERSION, (secret.id, version_id))
    return None if row is None else Version(tenant, row)


def all_versions(tenant: Tenant, secret: Secret) -> list[Version]:
    """The oldest first."""
    return [Version(tenant, row) for row in tenant.rows(_VERSIONS, (secret.id,))]


def wanted_version(tenant: Tenant, secret: Secret, params: Params) -> Version:
    """The version that VersionId and VersionStage name, AWSCURRENT without either, where it has a value.

    Raises ResourceNotFoundException, InvalidRequestException.
    """
    version_id, stage = params.get("VersionId"), params.get("VersionStage")
    if version_id is None:
        stage = stage or CURRENT
        missing = no_value("staging label", stage)
        version_id = secret.stages.get(stage)
        if version_id is None:
            raise missing
    else:
        missing = no_value("VersionId", version_id)
    version = find_version(tenant, secret, version_id)
    if version is None:
        raise missing
    if stage is not None and secret.stages.get(stage) != version_id:
        raise stage_not_of_version()
    if not version.seals:
        raise missing
    return version


# ---- writing


def add_version(
    tenant: Tenant, secret: Secret, version_id: str, stages: Iterable[str], value: Value | None, seal: Seal | None
) -> Secret:
    """A new version with these labels, which other versions lose, or the value of one that rotation has prepared.
    Raises LimitExceededException."""
    now = tenant.now()
    is_binary = value is not None and value.is_binary
    tenant.execute(
        "INSERT INTO version (secret, version_id, created, is_binary) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (secret, version_id) DO UPDATE SET is_binary = excluded.is_binary",
        (secret.id, version_id, now, is_binary),
    )
    if seal is not None:
        add_seal(tenant, secret, version_id, seal)
    labels = list(stages)
    if CURRENT not in secret.stages and seal is not None:
        # The first version is the current one, whatever else it is.
        labels.append(CURRENT)
    secret = attach(tenant, secret, version_id, labels, put=True)
    prune(tenant, secret)
    return secret


def add_seal(tenant: Tenant, secret: Secret, version_id: str, seal: Seal) -> None:
    tenant.execute(
        "INSERT INTO seal (version, given, key, data_key, value) "
        "SELECT id, ?, ?, ?, ? FROM version WHERE secret = ? AND version_id = ?",
        (*seal, secret.id, version_id),
    )
    forget(tenant, secret.id)


def attach(tenant: Tenant, secret: Secret, version_id: str, labels: Sequence[str], *, put: bool = False) -> Secret:
    """Moves labels to a version. AWSPREVIOUS follows AWSCURRENT, to the version that loses it; where that is by a new
    value (`put`), the version is not pending any more either. Raises LimitExceededException."""
    stages = dict(secret.stages)
    for label in labels:
        loser = stages.get(CURRENT)
        if label == CURRENT and loser is not None and loser != version_id:
            stages[PREVIOUS] = loser
            if put and stages.get(PENDING) == loser:
                del stages[PENDING]
        stages[label] = version_id
    return write_stages(tenant, secret, stages)


def write_stages(tenant: Tenant, secret: Secret, stages: dict[str, str]) -> Secret:
    """Raises LimitExceededException."""
    if len(stages) > MAX_STAGES:
        raise limit_exceeded(f"You can't attach more than {MAX_STAGES} staging labels to the versions of a secret.")
    for label in secret.stages.keys() - stages.keys():
        tenant.execute("DELETE FROM stage WHERE secret = ? AND stage = ?", (secret.id, label))
    for label, version_id in stages.items():
        if secret.stages.get(label) != version_id:
            tenant.execute(
                "INSERT OR REPLACE INTO stage SELECT ?, ?, id FROM version WHERE secret = ? AND version_id = ?",
                (secret.id, label, secret.id, version_id),
            )
    forget(tenant, secret.id)
    written = with_id(tenant, secret.id)
    assert written is not None
    return written


def prune(tenant: Tenant, secret: Secret) -> None:
    """Of more than a hundred versions the oldest go that have no label, but none of the last day."""
    [(count,)] = tenant.rows("SELECT count(*) FROM version WHERE secret = ?", (secret.id,))
    if count > MAX_VERSIONS:
        old = tenant.rows(
            "SELECT id FROM version WHERE secret = ? AND created < ? "
            "AND id NOT IN (SELECT version FROM stage WHERE secret = ?) ORDER BY created, id LIMIT ?",
            (secret.id, tenant.now() - DAY, secret.id, count - MAX_VERSIONS),
        )
        for (id,) in old:
            remove_version(tenant, secret, id)


def remove_version(tenant: Tenant, secret: Secret, id: int) -> None:
    tenant.execute("DELETE FROM seal WHERE version = ?", (id,))
    tenant.execute("DELETE FROM version WHERE id = ?", (id,))
    forget(tenant, secret.id)
