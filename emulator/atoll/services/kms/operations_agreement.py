"""Secrets that two sides share: by key agreement (ECDH) and by key encapsulation (ML-KEM)."""

from __future__ import annotations

from atoll.core.call import Call, Params
from atoll.services.kms.keys import check_use, find_key
from atoll.services.kms.materials import private_key
from atoll.services.kms.private_keys import agree
from atoll.services.kms.private_keys import decapsulate as decapsulate_secret
from atoll.services.kms.private_keys import encapsulate as encapsulate_secret
from atoll.services.kms.recipients import give, recipient_of
from atoll.services.kms.service import kms
from atoll.services.kms.specs import AGREE, ENCAPSULATE
from atoll.services.kms.usage import Result, check_call, finish, makes_managed_keys
from atoll.tenants import Tenant


@kms.operation("DeriveSharedSecret", readonly=True)
@makes_managed_keys
def derive_shared_secret(call: Call, tenant: Tenant) -> Result:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_DeriveSharedSecret.html"""
    recipient = recipient_of(call)
    key = find_key(tenant, call["KeyId"])
    algorithm: str = call["KeyAgreementAlgorithm"]
    check_use(key, AGREE, "DeriveSharedSecret", algorithm)
    secret = agree(private_key(tenant, key), call["PublicKey"])
    check_call(call)
    result: Params = {"KeyId": key.arn, "KeyAgreementAlgorithm": algorithm, "KeyOrigin": key.origin}
    give(result, "SharedSecret", secret, recipient)
    return finish(call, tenant, key, "DeriveSharedSecret", result)


@kms.operation("Encapsulate", readonly=True)
@makes_managed_keys
def encapsulate(call: Call, tenant: Tenant) -> Result:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_Encapsulate.html"""
    key = find_key(tenant, call["KeyId"])
    algorithm: str = call["EncapsulationAlgorithm"]
    check_use(key, ENCAPSULATE, "Encapsulate", algorithm)
    check_call(call)
    secret, ciphertext = encapsulate_secret(private_key(tenant, key))
    result = {
        "KeyId": key.arn,
        "SharedSecret": secret,
        "SharedSecretCiphertextBlob": ciphertext,
        "EncapsulationAlgorithm": algorithm,
    }
    return finish(call, tenant, key, "Encapsulate", result)


@kms.operation("Decapsulate", readonly=True)
@makes_managed_keys
def decapsulate(call: Call, tenant: Tenant) -> Result:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_Decapsulate.html"""
    key = find_key(tenant, call["KeyId"])
    algorithm: str = call["EncapsulationAlgorithm"]
    check_use(key, ENCAPSULATE, "Decapsulate", algorithm)
    secret = decapsulate_secret(private_key(tenant, key), call["SharedSecretCiphertextBlob"])
    check_call(call)
    result = {"KeyId": key.arn, "SharedSecret": secret, "EncapsulationAlgorithm": algorithm}
    return finish(call, tenant, key, "Decapsulate", result)
