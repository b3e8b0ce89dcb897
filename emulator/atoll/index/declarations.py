"""What was declared (Accounts, Regions, faults), as manifests say it: the statements."""

from __future__ import annotations

import orjson

from atoll.index.driver import Row, Run
from atoll.index.rows import Declaration

_COLUMNS = "kind, realm, name, account, generation, spec, created, expires, declared, turned"
_SELECT = f"SELECT {_COLUMNS} FROM declaration"


def _declaration(row: Row) -> Declaration:
    kind, realm, name, account, generation, spec, *times = row
    return Declaration(kind, realm, name, account, generation, orjson.loads(spec), *times)


async def declare(run: Run, declaration: Declaration) -> None:
    """One that is there under the name keeps when it was created."""
    await run(
        f"INSERT INTO declaration ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (kind, realm, name) "
        "DO UPDATE SET account = excluded.account, generation = excluded.generation, spec = excluded.spec, "
        "expires = excluded.expires, declared = excluded.declared, turned = excluded.turned",
        (
            declaration.kind,
            declaration.realm,
            declaration.name,
            declaration.account,
            declaration.generation,
            orjson.dumps(declaration.spec).decode(),
            declaration.created,
            declaration.expires,
            declaration.declared,
            declaration.turned,
        ),
    )


async def undeclare(run: Run, kind: str, realm: str, name: str) -> bool:
    where = "DELETE FROM declaration WHERE kind = ? AND realm = ? AND name = ? RETURNING name"
    return bool(await run(where, (kind, realm, name)))


async def declaration(run: Run, kind: str, realm: str, name: str) -> Declaration | None:
    found = await run(f"{_SELECT} WHERE kind = ? AND realm = ? AND name = ?", (kind, realm, name))
    return _declaration(found[0]) if found else None


async def of_account(run: Run, realm: str, account: str) -> Declaration | None:
    found = await run(f"{_SELECT} WHERE kind = 'Account' AND realm = ? AND account = ?", (realm, account))
    return _declaration(found[0]) if found else None


async def declarations(run: Run, kind: str, realm: str | None) -> list[Declaration]:
    if realm is None:
        found = await run(f"{_SELECT} WHERE kind = ? ORDER BY realm, name", (kind,))
    else:
        found = await run(f"{_SELECT} WHERE kind = ? AND realm = ? ORDER BY name", (kind, realm))
    return [_declaration(row) for row in found]


async def drop_realm(run: Run, realm: str) -> None:
    await run("DELETE FROM declaration WHERE realm = ?", (realm,))
