"""What time causes."""

from __future__ import annotations

from atoll.services.secretsmanager.secrets import remove, with_id
from atoll.services.secretsmanager.service import secretsmanager
from atoll.tenants import Tenant


@secretsmanager.timer("purge")
def purge(tenant: Tenant, key: str) -> None:
    """The recovery window has ended."""
    secret = with_id(tenant, int(key))
    if secret is not None and secret.deleted is not None:
        remove(tenant, secret)
