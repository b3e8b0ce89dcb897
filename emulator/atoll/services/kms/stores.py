"""Custom key stores: they are described, and never connected, since what they would connect to is not there.

https://docs.aws.amazon.com/kms/latest/developerguide/key-store-overview.html
"""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson

from atoll.core.call import Call
from atoll.core.errors import AwsError
from atoll.services.kms.errors import unsupported, validation
from atoll.services.kms.specs import SYMMETRIC
from atoll.tenants import Tenant

CLOUDHSM, EXTERNAL_STORE = "AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"
DISCONNECTED, FAILED = "DISCONNECTED", "FAILED"
_COLUMNS = "id, name, kind, created, state, problem, settings"


class Store(NamedTuple):
    """`settings` are the members of DescribeCustomKeyStores' answer that were given."""

    id: str
    name: str
    kind: str
    created: float
    state: str
    problem: str | None
    settings: dict[str, Any]


def stores(tenant: Tenant, where: str = "1", args: tuple[Any, ...] = ()) -> list[Store]:
    rows = tenant.rows(f"SELECT {_COLUMNS} FROM store WHERE {where}", args)
    return [Store._make((*row[:-1], orjson.loads(row[-1]))) for row in rows]


def find_store(tenant: Tenant, store_id: str) -> Store:
    """Raises CustomKeyStoreNotFoundException."""
    found = stores(tenant, "id = ?", (store_id,))
    if not found:
        raise store_not_found(store_id)
    return found[0]


def put_store(tenant: Tenant, store: Store) -> None:
    tenant.execute(
        f"INSERT OR REPLACE INTO store ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (*store[:-1], orjson.dumps(store.settings).decode()),
    )
    tenant.record(
        "kms", "custom-key-store", store.id, "arn:{partition}:kms:{region}:{account}:custom-key-store/" + store.id, {}
    )


def store_not_found(name: str) -> AwsError:
    return AwsError("CustomKeyStoreNotFoundException", f"Custom key store {name} does not exist.")


def wrong_state(message: str) -> AwsError:
    return AwsError("CustomKeyStoreInvalidStateException", message)


def check_key_store(call: Call, tenant: Tenant, origin: str, spec: str, *, multi_region: bool) -> None:
    """What CreateKey says of where the material comes from. No store is connected, so none takes a key.

    Raises ValidationException, UnsupportedOperationException, CustomKeyStoreNotFoundException,
    CustomKeyStoreInvalidStateException.
    """
    store_id, external_id = call.get("CustomKeyStoreId"), call.get("XksKeyId")
    if store_id is None:
        if origin in (CLOUDHSM, EXTERNAL_STORE):
            raise validation(f"You must specify a CustomKeyStoreId when the Origin is {origin}.")
        if external_id is not None:
            raise validation("XksKeyId is valid only when the Origin is EXTERNAL_KEY_STORE.")
        return
    if origin not in (CLOUDHSM, EXTERNAL_STORE):
        raise validation(f"CustomKeyStoreId is not valid when the Origin is {origin}.")
    if spec != SYMMETRIC or multi_region:
        raise unsupported("Custom key stores support symmetric encryption KMS keys in a single Region only.")
    store = find_store(tenant, store_id)
    if store.kind != origin:
        raise validation(f"The Origin {origin} is not valid for a custom key store of type {store.kind}.")
    if (external_id is not None) != (origin == EXTERNAL_STORE):
        raise validation("XksKeyId is required when the Origin is EXTERNAL_KEY_STORE, and valid only then.")
    raise wrong_state(f"Custom key store {store.id} is not connected.")


def check_store_for_random(call: Call, tenant: Tenant) -> None:
    """Raises as CreateKey does."""
    if (store_id := call.get("CustomKeyStoreId")) is None:
        return
    store = find_store(tenant, store_id)
    if store.kind == EXTERNAL_STORE:
        raise unsupported("GenerateRandom is not supported for an external key store.")
    raise wrong_state(f"Custom key store {store.id} is not connected.")
