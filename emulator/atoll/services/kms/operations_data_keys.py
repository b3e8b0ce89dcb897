"""Data keys, data key pairs and random bytes.

https://docs.aws.amazon.com/kms/latest/developerguide/data-keys.html
"""

from __future__ import annotations

import os
from collections.abc import Coroutine
from typing import Any

from atoll.core.call import Call, Params
from atoll.core.lagoon import Lagoon
from atoll.services.kms.errors import unsupported, validation
from atoll.services.kms.keys import Key, check_use, find_key
from atoll.services.kms.materials import seal
from atoll.services.kms.recipients import give, recipient_of
from atoll.services.kms.service import kms
from atoll.services.kms.specs import ENCRYPT, SYMMETRIC, Spec, spec_named
from atoll.services.kms.stores import check_store_for_random
from atoll.services.kms.usage import Result, check_call, finish, makes_managed_keys, run
from atoll.tenants import Tenant

_LENGTHS = {"AES_128": 16, "AES_256": 32}


@kms.operation("GenerateDataKey", readonly=True)
@makes_managed_keys
def generate_data_key(call: Call, tenant: Tenant) -> Result:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKey.html"""
    return _generate(call, tenant, "GenerateDataKey", shown=True)


@kms.operation("GenerateDataKeyWithoutPlaintext", readonly=True)
@makes_managed_keys
def generate_data_key_without_plaintext(call: Call, tenant: Tenant) -> Result:
    return _generate(call, tenant, "GenerateDataKeyWithoutPlaintext", shown=False)


def _generate(call: Call, tenant: Tenant, operation: str, *, shown: bool) -> Result:
    params = call.params
    length: int | None = params.get("NumberOfBytes")
    if ("KeySpec" in params) == (length is not None):
        raise validation("Please specify either number of bytes or key spec.")
    recipient = recipient_of(call) if shown else None
    key = find_key(tenant, params["KeyId"])
    check_use(key, ENCRYPT, operation, SYMMETRIC)
    check_call(call)
    plaintext = os.urandom(length or _LENGTHS[params["KeySpec"]])
    blob = seal(tenant, key, plaintext, params.get("EncryptionContext"))
    result: Params = {"CiphertextBlob": blob, "KeyId": key.arn, "KeyMaterialId": key.current_id}
    if shown:
        give(result, "Plaintext", plaintext, recipient)
    return finish(call, tenant, key, operation, result)


@kms.operation("GenerateDataKeyPair", readonly=True)
@makes_managed_keys
def generate_data_key_pair(call: Call, tenant: Tenant) -> Coroutine[Any, Any, Params]:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKeyPair.html"""
    return _generate_pair(call, tenant, "GenerateDataKeyPair", shown=True)


@kms.operation("GenerateDataKeyPairWithoutPlaintext", readonly=True)
@makes_managed_keys
def generate_data_key_pair_without_plaintext(call: Call, tenant: Tenant) -> Coroutine[Any, Any, Params]:
    return _generate_pair(call, tenant, "GenerateDataKeyPairWithoutPlaintext", shown=False)


def _generate_pair(call: Call, tenant: Tenant, operation: str, *, shown: bool) -> Coroutine[Any, Any, Params]:
    recipient = recipient_of(call) if shown else None
    spec = spec_named(call["KeyPairSpec"])
    _check_pair_key(call, tenant, operation)
    check_call(call)
    return _make_pair(call, tenant.lagoon, operation, spec, recipient, shown=shown)


def _check_pair_key(call: Call, tenant: Tenant, operation: str) -> Key:
    key = find_key(tenant, call["KeyId"])
    check_use(key, ENCRYPT, operation, SYMMETRIC)
    if key.origin in ("AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"):
        raise unsupported(f"{key.arn} origin is {key.origin} which is not valid for this operation.")
    return key


async def _make_pair(call: Call, lagoon: Lagoon, operation: str, spec: Spec, recipient: Any, *, shown: bool) -> Params:
    from atoll.services.kms.private_keys import make_secret, public_bytes, read, takes_long

    secret = await lagoon.in_thread(make_secret, spec) if takes_long(spec) else make_secret(spec)
    public = public_bytes(read(secret))

    def encrypt(call: Call, tenant: Tenant) -> Result:
        # Meanwhile the key may have become another.
        key = _check_pair_key(call, tenant, operation)
        result: Params = {
            "PrivateKeyCiphertextBlob": seal(tenant, key, secret, call.get("EncryptionContext")),
            "PublicKey": public,
            "KeyId": key.arn,
            "KeyPairSpec": spec.name,
            "KeyMaterialId": key.current_id,
        }
        if shown:
            give(result, "PrivateKeyPlaintext", secret, recipient)
        return finish(call, tenant, key, operation, result)

    return await run(encrypt, call, lagoon)


@kms.operation("GenerateRandom", readonly=True)
def generate_random(call: Call, tenant: Tenant) -> Params:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateRandom.html"""
    length = call.get("NumberOfBytes")
    if length is None:
        raise validation("NumberOfBytes is required.")
    recipient = recipient_of(call)
    check_store_for_random(call, tenant)
    result: Params = {}
    give(result, "Plaintext", os.urandom(length), recipient)
    return result
