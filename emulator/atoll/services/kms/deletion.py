"""The end of keys: after a waiting period, which for a multi-Region primary begins when its last replica is gone.

https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html
"""

from __future__ import annotations

from atoll.services.kms.aliases import drop_alias
from atoll.services.kms.grants import COLUMNS, drop_grant
from atoll.services.kms.keys import PENDING_DELETION, USES, forget_keys, key_with_id
from atoll.services.kms.later import ROTATE, own_caller
from atoll.services.kms.multi_region import pass_on
from atoll.tenants import Tenant


def delete_when_due(tenant: Tenant, key_id: str) -> None:
    """The timer: the key goes with its material, its aliases and its grants."""
    key = key_with_id(tenant, key_id)
    if key is None or key.state != PENDING_DELETION or key.deletion is None or key.deletion > tenant.now():
        return
    for (name,) in tenant.rows("SELECT name FROM alias WHERE key = ?", (key_id,)):
        drop_alias(tenant, name)
    for row in tenant.rows(f"SELECT {COLUMNS} FROM key_grant WHERE key = ?", (key_id,)):
        drop_grant(tenant, own_caller(tenant), row)
    for table in ("material", "wrapping"):
        tenant.execute(f"DELETE FROM {table} WHERE key = ?", (key_id,))
    tenant.execute("DELETE FROM key WHERE id = ?", (key_id,))
    tenant.set_timer("kms", ROTATE, key_id, None)
    tenant.unrecord("kms", "key", key_id)
    forget_keys(tenant)
    tenant.memory.get(USES, {}).pop(key_id, None)
    if key.is_replica:
        pass_on(tenant, key, "ReplicaDeleted", {"KeyId": key_id, "From": tenant.id.region})
