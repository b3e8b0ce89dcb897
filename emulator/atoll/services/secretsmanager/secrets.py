"""Secrets: their rows, and how an id, a name, a whole or a partial ARN finds one.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html#ARN_secretnamehyphen
"""

from __future__ import annotations

import re
from secrets import choice
from string import ascii_letters, digits
from typing import Any

import orjson

from atoll.core.arn import parse_arn
from atoll.core.bounded import keep
from atoll.services.secretsmanager.arns import SERVICE, secret_arn
from atoll.services.secretsmanager.errors import (
    invalid_name,
    marked_for_deletion,
    not_on_a_replica,
    secret_not_found,
)
from atoll.tenants import Tenant

MEMORY = "secretsmanager"
MAX_CACHED = 512
MAX_ANSWERS = 256
DAY = 86_400
SUFFIX = 6
CURRENT, PREVIOUS, PENDING = "AWSCURRENT", "AWSPREVIOUS", "AWSPENDING"

_NAME = re.compile(r"[A-Za-z0-9/_+=.@!-]+")
_CHARACTERS = ascii_letters + digits
_COLUMNS = (
    "id, name, suffix, description, kms_key, type, tags, policy, created, changed, accessed, deleted, rotation, "
    "primary_region, primary_arn, primary_status, primary_message, owning_service"
)
_BY_NAME = f"SELECT {_COLUMNS} FROM secret WHERE name = ?"
_BY_ID = f"SELECT {_COLUMNS} FROM secret WHERE id = ?"
_ALL = f"SELECT {_COLUMNS} FROM secret ORDER BY id"
_STAGES = "SELECT s.stage, v.version_id FROM stage s JOIN version v ON v.id = s.version WHERE s.secret = ? ORDER BY 1"
_ALL_STAGES = "SELECT s.secret, s.stage, v.version_id FROM stage s JOIN version v ON v.id = s.version ORDER BY 1, 2"


class Secret:
    """A row of `secret`, and which version has which staging label. Not to be changed: `update` writes a new row."""

    __slots__ = (
        "accessed",
        "arn",
        "changed",
        "created",
        "deleted",
        "description",
        "id",
        "kms_key",
        "name",
        "owning_service",
        "policy",
        "primary_arn",
        "primary_message",
        "primary_region",
        "primary_status",
        "rotation",
        "stages",
        "suffix",
        "tags",
        "type",
    )

    def __init__(self, tenant: Tenant, row: tuple[Any, ...], stages: dict[str, str] | None = None) -> None:
        (
            self.id,
            self.name,
            self.suffix,
            self.description,
            self.kms_key,
            self.type,
            tags,
            self.policy,
            self.created,
            self.changed,
            self.accessed,
            self.deleted,
            rotation,
            self.primary_region,
            self.primary_arn,
            self.primary_status,
            self.primary_message,
            self.owning_service,
        ) = row
        self.tags: dict[str, str] = orjson.loads(tags)
        self.rotation: dict[str, Any] | None = None if rotation is None else orjson.loads(rotation)
        self.arn = secret_arn(tenant.id, self.name, self.suffix)
        self.stages: dict[str, str] = dict(tenant.rows(_STAGES, (self.id,))) if stages is None else stages

    @property
    def is_replica(self) -> bool:
        return self.primary_region is not None or self.primary_arn is not None

    def stages_of(self, version_id: str) -> list[str]:
        return [stage for stage, holder in self.stages.items() if holder == version_id]

    def by_version(self) -> dict[str, list[str]]:
        """The labels of each version that has any."""
        labels: dict[str, list[str]] = {}
        for stage, version_id in self.stages.items():
            labels.setdefault(version_id, []).append(stage)
        return labels


class Memory:
    """What is cached of a tenant's secrets: by the SecretId that named it; and answers of GetSecretValue."""

    __slots__ = ("_answered", "answers", "by_text")

    def __init__(self) -> None:
        self.by_text: dict[str, Secret] = {}
        self.answers: dict[tuple[Any, ...], Any] = {}
        self._answered: dict[int, list[tuple[Any, ...]]] = {}

    def keep_answer(self, secret: Secret, key: tuple[Any, ...], answer: Any) -> None:
        if len(self.answers) >= MAX_ANSWERS:
            self.answers.clear()
            self._answered.clear()
        self.answers[key] = answer
        self._answered.setdefault(secret.id, []).append(key)

    def forget(self, id: int) -> None:
        self.by_text.clear()
        for key in self._answered.pop(id, ()):
            self.answers.pop(key, None)


def memory_of(tenant: Tenant) -> Memory:
    memory: Memory | None = tenant.memory.get(MEMORY)
    if memory is None:
        memory = tenant.memory[MEMORY] = Memory()
    return memory


def forget(tenant: Tenant, id: int) -> None:
    """To be called after rows of a secret were changed: they are read again."""
    memory: Memory | None = tenant.memory.get(MEMORY)
    if memory is not None:
        memory.forget(id)


def forget_all(tenant: Tenant) -> None:
    """To be called when a secret comes or goes: an ARN may mean another one then."""
    tenant.memory.pop(MEMORY, None)


def find_secret(tenant: Tenant, text: str) -> Secret:
    """The secret that a SecretId names. Raises ResourceNotFoundException; ValidationException where it names none."""
    memory = memory_of(tenant)
    secret = memory.by_text.get(text)
    if secret is None:
        secret = _by_arn(tenant, text) if text.startswith("arn:") else _by_name(tenant, check_name(text))
        if secret is None:
            raise secret_not_found()
        keep(memory.by_text, text, secret, MAX_CACHED)
    return secret


def usable(tenant: Tenant, text: str) -> Secret:
    """The same, where it is not scheduled for deletion. Raises InvalidRequestException where it is."""
    secret = find_secret(tenant, text)
    if secret.deleted is not None:
        raise marked_for_deletion()
    return secret


def own(tenant: Tenant, text: str) -> Secret:
    """The same, where it is no replica, so that it may be changed. Raises InvalidParameterException where it is one."""
    secret = find_secret(tenant, text)
    if secret.is_replica:
        raise not_on_a_replica()
    if secret.deleted is not None:
        raise marked_for_deletion()
    return secret


def own_in_account(tenant: Tenant, text: str) -> Secret:
    """The same for what a replica in another account has of its own: only one in another region is refused."""
    secret = usable(tenant, text)
    if secret.primary_region is not None:
        raise not_on_a_replica()
    return secret


def named(tenant: Tenant, name: str) -> Secret | None:
    return _by_name(tenant, name)


def with_id(tenant: Tenant, id: int) -> Secret | None:
    row = tenant.row(_BY_ID, (id,))
    return None if row is None else Secret(tenant, row)


def with_arn(tenant: Tenant, arn: str) -> Secret | None:
    """The secret with exactly that ARN."""
    resource = _resource(arn)
    return None if resource is None else _whole(tenant, resource)


def sorted_secrets(
    tenant: Tenant, column: str, *, most: int, after: list[Any] | None, descending: bool, with_deleted: bool
) -> list[tuple[Secret, list[Any]]]:
    """So many secrets by a column of theirs, from behind a place on, each with its place. `column` is SQL."""
    sign, direction = ("<", "DESC") if descending else (">", "ASC")
    tests = [] if with_deleted else ["deleted IS NULL"]
    if after is not None:
        tests.append(f"({column}, id) {sign} (?, ?)")
    where = f"WHERE {' AND '.join(tests)}" if tests else ""
    rows = tenant.rows(
        f"SELECT {column}, {_COLUMNS} FROM secret {where} ORDER BY {column} {direction}, id {direction} LIMIT ?",
        (*(after or ()), most),
    )
    return [(Secret(tenant, row[1:]), [row[0], row[1]]) for row in rows]


def all_secrets(tenant: Tenant) -> list[Secret]:
    """By two queries, however many there are."""
    stages: dict[int, dict[str, str]] = {}
    for id, stage, version_id in tenant.rows(_ALL_STAGES):
        stages.setdefault(id, {})[stage] = version_id
    return [Secret(tenant, row, stages.get(row[0], {})) for row in tenant.rows(_ALL)]


def check_name(name: str) -> str:
    """Raises ValidationException."""
    if not _NAME.fullmatch(name):
        raise invalid_name()
    return name


def name_in(text: str) -> str:
    """What a SecretId that finds nothing is taken to name."""
    resource = _resource(text) if text.startswith("arn:") else None
    if resource is None:
        return check_name(text)
    return resource[: -SUFFIX - 1] if resource[-SUFFIX - 1 : -SUFFIX] == "-" else resource


def _by_name(tenant: Tenant, name: str) -> Secret | None:
    row = tenant.row(_BY_NAME, (name,))
    return None if row is None else Secret(tenant, row)


def _by_arn(tenant: Tenant, text: str) -> Secret | None:
    """A whole ARN comes first, then the exact name, then what lacks only characters at its end."""
    resource = _resource(text)
    if resource is None:
        raise invalid_name()
    return _whole(tenant, resource) or _by_name(tenant, resource) or _cut(tenant, resource)


def _resource(text: str) -> str | None:
    """What follows `secret:` in an ARN."""
    arn = parse_arn(text)
    if arn is None or arn.service != SERVICE or not arn.resource.startswith("secret:"):
        return None
    return arn.resource[7:]


def _whole(tenant: Tenant, resource: str) -> Secret | None:
    if resource[-SUFFIX - 1 : -SUFFIX] != "-":
        return None
    secret = _by_name(tenant, resource[: -SUFFIX - 1])
    return secret if secret is not None and secret.suffix == resource[-SUFFIX:] else None


def _cut(tenant: Tenant, resource: str) -> Secret | None:
    """The suffix has no hyphen, so that there is one name at most from which a cut ARN can come."""
    name, hyphen, begun = resource.rpartition("-")
    if not hyphen or len(begun) >= SUFFIX:
        return None
    secret = _by_name(tenant, name)
    return secret if secret is not None and secret.suffix.startswith(begun) else None


# ---- writing


def draw_suffix() -> str:
    return "".join(choice(_CHARACTERS) for _ in range(SUFFIX))


def insert(tenant: Tenant, name: str, suffix: str, **columns: Any) -> Secret:
    """A new secret, that the index is told of."""
    now = tenant.now()
    values = {"name": name, "suffix": suffix, "description": "", "tags": {}, "created": now, "changed": now, **columns}
    values["tags"] = orjson.dumps(values["tags"]).decode()
    names = ", ".join(values)
    marks = ", ".join("?" * len(values))
    tenant.execute(f"INSERT INTO secret ({names}) VALUES ({marks})", tuple(values.values()))
    secret = with_id(tenant, tenant.last_row_id)
    assert secret is not None
    record(tenant, secret)
    forget_all(tenant)
    return secret


def update(tenant: Tenant, secret: Secret, **columns: Any) -> Secret:
    """Writes these columns, and that the secret was changed now."""
    columns.setdefault("changed", tenant.now())
    for name in ("tags", "rotation"):
        if columns.get(name) is not None:
            columns[name] = orjson.dumps(columns[name]).decode()
    sets = ", ".join(f"{name} = ?" for name in columns)
    tenant.execute(f"UPDATE secret SET {sets} WHERE id = ?", (*columns.values(), secret.id))
    forget(tenant, secret.id)
    written = with_id(tenant, secret.id)
    assert written is not None
    if "tags" in columns:
        record(tenant, written)
    return written


def remove(tenant: Tenant, secret: Secret) -> None:
    """The secret and all that belongs to it is gone."""
    tenant.execute("DELETE FROM seal WHERE version IN (SELECT id FROM version WHERE secret = ?)", (secret.id,))
    for table in ("version", "stage", "replica"):
        tenant.execute(f"DELETE FROM {table} WHERE secret = ?", (secret.id,))
    tenant.execute("DELETE FROM secret WHERE id = ?", (secret.id,))
    for timer in ("purge", "rotate", "steps"):
        tenant.set_timer(SERVICE, timer, str(secret.id), None)
    tenant.unrecord(SERVICE, "secret", secret.name)
    forget_all(tenant)


def record(tenant: Tenant, secret: Secret) -> None:
    resource = f"secret:{secret.name}-{secret.suffix}"
    arn = "arn:{partition}:secretsmanager:{region}:{account}:" + resource
    tenant.record(SERVICE, "secret", secret.name, arn, secret.tags)
