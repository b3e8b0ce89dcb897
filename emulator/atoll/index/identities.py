"""Realms, accounts and access keys: the statements."""

from __future__ import annotations

import os

from atoll.core import access_keys
from atoll.index.driver import Row, Run
from atoll.index.errors import NoSuchRealm
from atoll.index.rows import AccessKey, Account, KeyStatus, Realm

_REALM = "SELECT name, is_open, sealing_key FROM realm"
_ACCOUNT = "SELECT realm, account, alias, allow_account_id_keys, created FROM account"
_KEY = "SELECT key_id, secret, realm, account, principal, user_id, status, created, expires FROM access_key"
_SEALING_KEY_BYTES = 32


def _realm(row: Row) -> Realm:
    name, is_open, sealing_key = row
    return Realm(name, bool(is_open), bytes.fromhex(sealing_key))


def _account(row: Row) -> Account:
    realm, account, alias, allow_account_id_keys, created = row
    return Account(realm, account, alias, bool(allow_account_id_keys), created)


async def realm(run: Run, name: str) -> Realm | None:
    found = await run(f"{_REALM} WHERE name = ?", (name,))
    return _realm(found[0]) if found else None


async def realms(run: Run) -> list[Realm]:
    return [_realm(row) for row in await run(f"{_REALM} ORDER BY name")]


async def make_realm(run: Run, name: str, open: bool) -> Realm:
    [row] = await run(
        "INSERT INTO realm (name, is_open, sealing_key) VALUES (?, ?, ?) "
        "ON CONFLICT (name) DO UPDATE SET is_open = excluded.is_open RETURNING name, is_open, sealing_key",
        (name, int(open), os.urandom(_SEALING_KEY_BYTES).hex()),
    )
    return _realm(row)


async def drop_realm(run: Run, name: str) -> bool:
    highest = "(SELECT max(epoch) FROM tenant WHERE realm = ?)"
    await run(f"UPDATE epoch_floor SET epoch = {highest} WHERE epoch < {highest}", (name, name))
    await run("INSERT INTO gone_key (key_id) SELECT key_id FROM access_key WHERE realm = ?", (name,))
    return bool(await run("DELETE FROM realm WHERE name = ? RETURNING name", (name,)))


async def require_realm(run: Run, name: str) -> None:
    """Raises NoSuchRealm."""
    if not await run("SELECT 1 FROM realm WHERE name = ?", (name,)):
        raise NoSuchRealm(name)


async def account(run: Run, realm: str, account: str) -> Account | None:
    found = await run(f"{_ACCOUNT} WHERE realm = ? AND account = ?", (realm, account))
    return _account(found[0]) if found else None


async def accounts(run: Run, realm: str) -> list[Account]:
    return [_account(row) for row in await run(f"{_ACCOUNT} WHERE realm = ? ORDER BY account", (realm,))]


async def make_account(run: Run, account: Account) -> Account:
    await require_realm(run, account.realm)
    [row] = await run(
        "INSERT INTO account (realm, account, alias, allow_account_id_keys, created) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (realm, account) DO UPDATE SET alias = excluded.alias, "
        "allow_account_id_keys = excluded.allow_account_id_keys "
        "RETURNING realm, account, alias, allow_account_id_keys, created",
        (account.realm, account.account, account.alias, int(account.allow_account_id_keys), account.created),
    )
    return _account(row)


async def ended(run: Run, realm: str, account: str) -> float:
    found = await run("SELECT ended FROM ended_account WHERE realm = ? AND account = ?", (realm, account))
    return float(found[0][0]) if found else 0.0


async def drop_account(run: Run, realm: str, account: str, now: float) -> bool:
    where = "realm = ? AND account = ? RETURNING account"
    gone = []
    for table in ("account", "name", "resource"):
        gone += await run(f"DELETE FROM {table} WHERE {where}", (realm, account))
    if await run("SELECT 1 FROM realm WHERE name = ?", (realm,)):
        await run(
            "INSERT INTO ended_account (realm, account, ended) VALUES (?, ?, ?) "
            "ON CONFLICT (realm, account) DO UPDATE SET ended = excluded.ended",
            (realm, account, now),
        )
    # A key that nobody knew would be taken at its word in an open realm.
    await run(
        "UPDATE access_key SET status = ? WHERE realm = ? AND account = ?",
        ("Revoked", realm, account),
    )
    # The rows of its tenants stay, since their epochs must not come again.
    left = f"(cell IS NOT NULL OR published > 0) AND {where}"
    gone += await run(f"UPDATE tenant SET cell = NULL, published = 0 WHERE {left}", (realm, account))
    return bool(gone)


async def access_key(run: Run, key_id: str) -> AccessKey | None:
    if found := await run(f"{_KEY} WHERE key_id = ?", (key_id,)):
        return AccessKey(*found[0])
    gone = await run("SELECT key_id FROM gone_key WHERE key_id = ?", (key_id,))
    return AccessKey(key_id, "", "", "", "", "", "Revoked", 0.0) if gone else None


async def keys_of(run: Run, realm: str, account: str) -> list[AccessKey]:
    found = await run(f"{_KEY} WHERE realm = ? AND account = ? ORDER BY created, key_id", (realm, account))
    return [AccessKey(*row) for row in found]


async def issue_access_key(
    run: Run, realm: str, account: str, principal: str, user_id: str, created: float
) -> AccessKey:
    await require_realm(run, realm)
    key = AccessKey(
        access_keys.make_key_id(access_keys.LONG_TERM, account),
        access_keys.make_secret(),
        realm,
        account,
        principal,
        user_id,
        "Active",
        created,
    )
    await run(
        "INSERT INTO access_key (key_id, secret, realm, account, principal, user_id, status, created) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (key.key_id, key.secret, realm, account, principal, user_id, key.status, created),
    )
    return key


async def expiring_access_keys(run: Run) -> list[AccessKey]:
    found = await run(f"{_KEY} WHERE expires IS NOT NULL AND status <> ? ORDER BY expires, key_id", ("Revoked",))
    return [AccessKey(*row) for row in found]


async def expire_access_key(run: Run, key_id: str, expires: float) -> AccessKey | None:
    await run(
        "UPDATE access_key SET expires = ? WHERE key_id = ? AND (expires IS NULL OR expires > ?)",
        (expires, key_id, expires),
    )
    return await access_key(run, key_id)


async def set_access_key_status(run: Run, key_id: str, status: KeyStatus) -> AccessKey | None:
    await run(
        "UPDATE access_key SET status = ? WHERE key_id = ? AND status <> ?",
        (status, key_id, "Revoked"),
    )
    return await access_key(run, key_id)
