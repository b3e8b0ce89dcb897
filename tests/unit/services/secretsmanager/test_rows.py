"""What is written down: nothing that names its tenant, and no value in clear."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import apsw
from atoll.tenants import Tenant

TOKEN = "0123456789abcdef0123456789abcdef"
EAST = "us-east-1"
THEIRS = "222222222222"


def test_no_row_names_its_tenant_and_none_a_value(play_once: Any, tmp_path: Path) -> None:
    async def scenario(cloud: Any) -> None:
        key, east_key = await cloud.key(), await cloud.at(region=EAST).key()
        arn = await cloud.create("s", "the value", KmsKeyId=key)
        await cloud.call(
            "ReplicateSecretToRegions", SecretId=arn, AddReplicaRegions=[{"Region": EAST, "KmsKeyId": east_key}]
        )
        replica = await cloud.at(THEIRS).create(
            "theirs", None, CrossAccountPrimaryARN=arn, KmsKeyId=await cloud.at(THEIRS).key()
        )
        await cloud.call("AssociateCrossAccountReplica", SecretId=arn, CrossAccountReplicaARN=replica)
        await cloud.put(arn, "the value too")
        await cloud.call("UpdateSecret", SecretId=arn, KmsKeyId=key, Description="d", ClientRequestToken=TOKEN)
        for reader in (cloud, cloud.at(region=EAST), cloud.at(THEIRS)):
            await reader.value("theirs" if reader.here.account == THEIRS else "s")
        await cloud.quiet()
        for tenant in cloud.cell.tenants.all():
            _, account, region = tenant.tenant.id
            text = _everything(tenant.tenant)
            assert account not in text
            assert region not in text
            assert "the value" not in text

    play_once(scenario)


def _everything(tenant: Tenant) -> str:
    """All rows of all tables but those of effects, which name their targets while they are under way."""
    assert tenant.db.path is not None
    db = apsw.Connection(str(tenant.db.path), flags=apsw.SQLITE_OPEN_READWRITE)
    names = [name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    found: list[Any] = []
    for name in names:
        if name not in ("effect", "payload"):
            found += list(db.execute(f'SELECT * FROM "{name}"'))
    db.close()
    return repr(found)
