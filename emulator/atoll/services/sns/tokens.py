"""The tokens by which an endpoint's owner confirms a subscription, or takes back its end. They live for two days.

https://docs.aws.amazon.com/sns/latest/dg/SendMessageToHttp.confirm.html
"""

from __future__ import annotations

import re
from typing import Any

import orjson

from atoll.core.ids import hex_id
from atoll.services.sns.subscriptions import remove, subscription_with_id
from atoll.services.sns.topics import dump
from atoll.tenants import Tenant

LENGTH = 288
LIFETIME = 2 * 86_400_000
"""Milliseconds."""
FORGETTING = "sns.forgetting"
"""In a tenant's memory: the timer is known to be set."""

_TOKEN = re.compile(r"(?:[0-9a-f]{2})+")


def is_token(text: str) -> bool:
    """Whether it could be one."""
    return _TOKEN.fullmatch(text) is not None


def issue(tenant: Tenant, subscription_id: str, cancelled: dict[str, Any] | None = None) -> str:
    """`cancelled` is the row of a subscription that is gone, to be brought back."""
    token = hex_id(LENGTH)
    expires = int(tenant.now() * 1000) + LIFETIME
    tenant.execute(
        "INSERT INTO subscription_token VALUES (?, ?, ?, ?)",
        (token, subscription_id, expires, None if cancelled is None else dump(cancelled)),
    )
    forget_at(tenant, expires)
    return token


def look_up(tenant: Tenant, token: str) -> tuple[str, dict[str, Any] | None] | None:
    """The subscription's id, and its row where it is to be brought back."""
    row = tenant.row(
        "SELECT subscription, cancelled FROM subscription_token WHERE token = ? AND expires > ?",
        (token, int(tenant.now() * 1000)),
    )
    return None if row is None else (row[0], None if row[1] is None else orjson.loads(row[1]))


def token_of(tenant: Tenant, subscription_id: str) -> str | None:
    """The one that was issued last for it."""
    row = tenant.row(
        "SELECT token FROM subscription_token WHERE subscription = ? ORDER BY expires DESC LIMIT 1", (subscription_id,)
    )
    return None if row is None else str(row[0])


def forget_at(tenant: Tenant, expires: int) -> None:
    """Sees to it that what expires then is forgotten."""
    due = tenant.memory.get(FORGETTING)
    if due is None:
        due = tenant.timer_due("sns", "forget", "")
    if due is None or due > expires / 1000:
        due = expires / 1000
        tenant.set_timer("sns", "forget", "", due)
    tenant.memory[FORGETTING] = due


def _end_unconfirmed(tenant: Tenant, now: int) -> None:
    """Subscriptions that nobody confirmed as long as they could be."""
    rows = tenant.rows(
        "SELECT s.id FROM subscription_token t JOIN subscription s ON s.id = t.subscription WHERE t.expires <= ? "
        "AND s.pending AND NOT EXISTS (SELECT 1 FROM subscription_token u WHERE u.subscription = s.id "
        "AND u.expires > ?)",
        (now, now),
    )
    for (id,) in rows:
        found = subscription_with_id(tenant, id)
        if found is not None:
            remove(tenant, *found, found[1].owner_caller(tenant))


def forget_old(tenant: Tenant, key: str) -> None:
    """The timer: tokens and deduplication ids that have expired."""
    now = int(tenant.now() * 1000)
    tenant.memory.pop(FORGETTING, None)
    _end_unconfirmed(tenant, now)
    following: list[int] = []
    for table in ("subscription_token", "topic_deduplication"):
        tenant.execute(f"DELETE FROM {table} WHERE expires <= ?", (now,))
        row = tenant.row(f"SELECT min(expires) FROM {table}")
        if row is not None and row[0] is not None:
            following.append(row[0])
    if following:
        forget_at(tenant, min(following))
