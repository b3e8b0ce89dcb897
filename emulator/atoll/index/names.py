"""Names that are unique in a realm: the statements.

    free ── claim(generation) ──> pending ── confirm(generation) ──> confirmed
      ^                              │                                   │
      └──────────────── release(generation) ────────────────────────────┘

A claim is known by its generation, so what comes late from an old claim (a release, a confirmation) never touches a
newer one. A pending claim outlives its expiry until its holder was asked.
"""

from __future__ import annotations

from atoll.core.lagoon import NameTaken
from atoll.core.tenant_id import TenantId
from atoll.index.driver import Row, Run
from atoll.index.identities import require_realm
from atoll.index.rows import Holding, Name

_NAME = "SELECT realm, kind, name, account, region, generation, expires FROM name"
_KEY = "realm = ? AND kind = ? AND name = ?"


def _name(row: Row) -> Name:
    realm, kind, name, account, region, generation, expires = row
    return Name(realm, kind, name, TenantId(realm, account, region), generation, expires)


async def name(run: Run, realm: str, kind: str, name: str) -> Name | None:
    found = await run(f"{_NAME} WHERE {_KEY}", (realm, kind, name))
    return _name(found[0]) if found else None


async def pending(run: Run, before: float) -> list[Name]:
    found = await run(
        f"{_NAME} WHERE expires IS NOT NULL AND expires < ? ORDER BY expires, realm, kind, name", (before,)
    )
    return [_name(row) for row in found]


async def claim(run: Run, claimed: Name) -> bool:
    """Whether it is new. Raises NameTaken, NoSuchRealm."""
    await require_realm(run, claimed.realm)
    if await _insert(run, claimed):
        return True
    held = await name(run, claimed.realm, claimed.kind, claimed.name)
    if held is None:
        # It was freed since (where transactions run side by side).
        return await claim(run, claimed)
    if held.generation == claimed.generation and held.holder == claimed.holder:
        return False
    raise NameTaken(held.holder)


async def _insert(run: Run, name: Name) -> bool:
    return bool(
        await run(
            "INSERT INTO name (realm, kind, name, account, region, generation, expires) VALUES (?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (realm, kind, name) DO NOTHING RETURNING generation",
            (name.realm, name.kind, name.name, name.holder.account, name.holder.region, name.generation, name.expires),
        )
    )


async def confirm(run: Run, realm: str, kind: str, name: str, generation: str) -> bool:
    return bool(
        await run(
            f"UPDATE name SET expires = NULL WHERE {_KEY} AND generation = ? RETURNING generation",
            (realm, kind, name, generation),
        )
    )


async def release(run: Run, realm: str, kind: str, name: str, generation: str) -> bool:
    return bool(
        await run(
            f"DELETE FROM name WHERE {_KEY} AND generation = ? RETURNING generation", (realm, kind, name, generation)
        )
    )


async def let_go(run: Run, tenant: TenantId, holding: Holding) -> bool:
    """Frees what the tenant's rows hold no more, unless it is another's."""
    held = await name(run, tenant.realm, holding.kind, holding.name)
    return (
        held is not None
        and held.holder == tenant
        and await release(run, tenant.realm, holding.kind, holding.name, holding.generation)
    )


async def hold(run: Run, tenant: TenantId, holding: Holding) -> bool:
    """Confirms what the tenant's rows hold, also where its claim is not known here (the index is being built anew).

    False where the name is another's.
    """
    holds = Name(tenant.realm, holding.kind, holding.name, tenant, holding.generation)
    if await _insert(run, holds):
        return True
    held = await name(run, tenant.realm, holding.kind, holding.name)
    if held is not None and held.generation == holding.generation:
        # A copy of the holder under another account says the same generation, and does not hold the name.
        return held.holder == tenant and await confirm(
            run, tenant.realm, holding.kind, holding.name, holding.generation
        )
    # The tenant holds the name anew and the end of its older holding was never seen here. Its pending claims stay:
    # they are newer than whatever it publishes.
    return bool(
        await run(
            f"UPDATE name SET generation = ? WHERE {_KEY} AND account = ? AND region = ? AND expires IS NULL "
            "RETURNING generation",
            (holding.generation, tenant.realm, holding.kind, holding.name, tenant.account, tenant.region),
        )
    )


async def free_all(run: Run, tenant: TenantId) -> list[tuple[str, str]]:
    """Frees the tenant's confirmed names; returns their kinds and names."""
    freed = await run(
        "DELETE FROM name WHERE realm = ? AND account = ? AND region = ? AND expires IS NULL RETURNING kind, name",
        tenant,
    )
    return [(kind, name) for kind, name in freed]
