"""Signing, verifying, and public keys."""

from __future__ import annotations

from atoll.core.call import Call, Params
from atoll.services.kms.errors import invalid_signature, unsupported
from atoll.services.kms.keys import DISABLED, ENABLED, check_use, find_key, unusable
from atoll.services.kms.materials import private_key, public_key
from atoll.services.kms.private_keys import check_message, verifies
from atoll.services.kms.private_keys import sign as sign_message
from atoll.services.kms.service import kms
from atoll.services.kms.specs import MEMBERS, SIGN
from atoll.services.kms.usage import Result, check_call, finish, makes_managed_keys
from atoll.tenants import Tenant


@kms.operation("Sign", readonly=True)
@makes_managed_keys
def sign(call: Call, tenant: Tenant) -> Result:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html"""
    params = call.params
    key = find_key(tenant, params["KeyId"])
    algorithm: str = params["SigningAlgorithm"]
    message_type: str = params.get("MessageType") or "RAW"
    check_use(key, SIGN, "Sign", algorithm)
    check_message(algorithm, message_type, params["Message"])
    check_call(call)
    signature = sign_message(private_key(tenant, key), algorithm, message_type, params["Message"])
    return finish(call, tenant, key, "Sign", {"KeyId": key.arn, "Signature": signature, "SigningAlgorithm": algorithm})


@kms.operation("Verify", readonly=True)
@makes_managed_keys
def verify(call: Call, tenant: Tenant) -> Result:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_Verify.html"""
    params = call.params
    key = find_key(tenant, params["KeyId"])
    algorithm: str = params["SigningAlgorithm"]
    message_type: str = params.get("MessageType") or "RAW"
    check_use(key, SIGN, "Verify", algorithm)
    check_message(algorithm, message_type, params["Message"])
    check_call(call)
    if not verifies(private_key(tenant, key), algorithm, message_type, params["Message"], params["Signature"]):
        raise invalid_signature()
    return finish(
        call, tenant, key, "Verify", {"KeyId": key.arn, "SignatureValid": True, "SigningAlgorithm": algorithm}
    )


@kms.operation("GetPublicKey", readonly=True)
@makes_managed_keys
def get_public_key(call: Call, tenant: Tenant) -> Params:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_GetPublicKey.html"""
    key = find_key(tenant, call["KeyId"])
    if key.spec.kind in ("symmetric", "hmac"):
        raise unsupported(f"{key.arn} is not an asymmetric KMS key.")
    # A disabled key's public half is given out, whatever AWS's table of key states says.
    if key.state not in (ENABLED, DISABLED):
        raise unusable(key)
    check_call(call)
    return {
        "KeyId": key.arn,
        "PublicKey": public_key(tenant, key),
        "CustomerMasterKeySpec": key.spec.name,
        "KeySpec": key.spec.name,
        "KeyUsage": key.usage,
        MEMBERS[key.usage]: list(key.algorithms),
    }
