"""Versions of the index's tables."""

from __future__ import annotations

from pathlib import Path

from atoll.core.service import Schema
from atoll.index.errors import IndexUnavailable

_DECLARATIONS = """
CREATE TABLE declaration (
    kind TEXT NOT NULL, realm TEXT NOT NULL, name TEXT NOT NULL, account TEXT NOT NULL, generation BIGINT NOT NULL,
    spec TEXT NOT NULL, created DOUBLE PRECISION NOT NULL, expires DOUBLE PRECISION, PRIMARY KEY (kind, realm, name)
);
CREATE INDEX declaration_account ON declaration (realm, account)
"""
_EPOCH_FLOOR = "CREATE TABLE epoch_floor (epoch BIGINT NOT NULL); INSERT INTO epoch_floor VALUES (0)"
_EXPIRING_KEYS = """
ALTER TABLE access_key ADD COLUMN expires DOUBLE PRECISION;
CREATE INDEX access_key_expiring ON access_key (expires) WHERE expires IS NOT NULL
"""
_DECLARERS = """
ALTER TABLE declaration ADD COLUMN declared BIGINT NOT NULL DEFAULT 0;
ALTER TABLE declaration ADD COLUMN turned DOUBLE PRECISION NOT NULL DEFAULT 0;
UPDATE declaration SET turned = created;
CREATE TABLE gone_key (key_id TEXT PRIMARY KEY);
CREATE TABLE ended_account (
    realm TEXT NOT NULL REFERENCES realm (name) ON DELETE CASCADE, account TEXT NOT NULL,
    ended DOUBLE PRECISION NOT NULL, PRIMARY KEY (realm, account)
)
"""
VERSION_TABLE = "CREATE TABLE IF NOT EXISTS index_version (version BIGINT NOT NULL)"


def index_schema() -> Schema:
    """The tables as this Atoll knows them."""
    migrations = {1: _DECLARATIONS, 2: _EPOCH_FLOOR, 3: _EXPIRING_KEYS, 4: _DECLARERS}
    return Schema(version=5, sql=Path(__file__).with_name("schema.sql").read_text(), migrations=migrations)


def scripts(have: int | None, schema: Schema, where: str) -> list[str]:
    """The SQL that brings an index of version `have` (None is an empty one) to that of `schema`.

    Raises IndexUnavailable where it is newer than `schema`, or too old to be brought there.
    """
    if have is None:
        return [schema.sql]
    if have > schema.version:
        raise IndexUnavailable(
            f"The resource index {where} was written by a newer Atoll (version {have} of its tables, this one knows "
            f"{schema.version}): run that Atoll, or start with another data folder"
        )
    if missing := [version for version in range(have, schema.version) if version not in schema.migrations]:
        raise IndexUnavailable(
            f"The resource index {where} was written by an Atoll that is too old for this one (version {missing[0]} "
            "of its tables): open it with one of the Atolls between them first, or start with another data folder"
        )
    return [schema.migrations[version] for version in range(have, schema.version)]
