"""Encrypt, Decrypt and ReEncrypt: what every other use of a symmetric key comes down to."""

from __future__ import annotations

from atoll.core.call import Call, Params
from atoll.core.lagoon import Lagoon
from atoll.services.kms.ciphertexts import Parts, take_apart
from atoll.services.kms.elsewhere import NotHere, answer_or_pass, or_elsewhere
from atoll.services.kms.errors import (
    incorrect_key,
    invalid_ciphertext,
    unknown_ciphertext,
    validation,
)
from atoll.services.kms.keys import ENABLED, Key, check_use, find_key, key_with_id, unusable
from atoll.services.kms.materials import has_material, private_key, seal, unseal
from atoll.services.kms.recipients import give, recipient_of
from atoll.services.kms.service import kms
from atoll.services.kms.specs import ENCRYPT, SYMMETRIC
from atoll.services.kms.usage import Result, check_call, check_tokens, finish, finish_later, makes_managed_keys
from atoll.tenants import Tenant


@kms.operation("Encrypt", readonly=True)
@makes_managed_keys
def encrypt(call: Call, tenant: Tenant) -> Result:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html"""
    params = call.params
    key = find_key(tenant, params["KeyId"])
    algorithm = params.get("EncryptionAlgorithm") or SYMMETRIC
    blob = _encrypt(call, tenant, key, "Encrypt", algorithm, params["Plaintext"], params.get("EncryptionContext"))
    return finish(
        call,
        tenant,
        key,
        "Encrypt",
        {"CiphertextBlob": blob, "KeyId": key.arn, "EncryptionAlgorithm": algorithm},
    )


def _encrypt(
    call: Call,
    tenant: Tenant,
    key: Key,
    operation: str,
    algorithm: str,
    plaintext: bytes,
    context: dict[str, str] | None,
) -> bytes:
    check_use(key, ENCRYPT, operation, algorithm)
    if algorithm == SYMMETRIC:
        check_call(call)
        return seal(tenant, key, plaintext, context)
    from atoll.services.kms import private_keys

    _check_no_context(context)
    private_keys.check_length(key.spec, algorithm, plaintext)
    check_call(call)
    return private_keys.encrypt(private_key(tenant, key), algorithm, plaintext)


def _check_no_context(context: dict[str, str] | None) -> None:
    if context:
        raise validation("EncryptionContext is not supported with asymmetric encryption algorithms.")


@kms.operation("Decrypt", readonly=True)
@makes_managed_keys
@or_elsewhere("DecryptElsewhere")
def decrypt(call: Call, tenant: Tenant) -> Result:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html"""
    return _decrypt_here(call, tenant)


@kms.operation("DecryptElsewhere", readonly=True, internal=True)
def decrypt_elsewhere(call: Call, tenant: Tenant) -> Result:
    """Decrypt, asked of the next that has the key's id."""
    return answer_or_pass(_decrypt_here, call, tenant)


def _decrypt_here(call: Call, tenant: Tenant) -> Result:
    params = call.params
    recipient = recipient_of(call) if "Recipient" in params else None
    algorithm = params.get("EncryptionAlgorithm") or SYMMETRIC
    key, plaintext, material = _decrypt(
        call, tenant, "Decrypt", params.get("KeyId"), algorithm, params.get("EncryptionContext")
    )
    check_call(call)
    result: Params = {"KeyId": key.arn, "EncryptionAlgorithm": algorithm}
    give(result, "Plaintext", plaintext, recipient)
    if material is not None:
        result["KeyMaterialId"] = material
    return finish(call, tenant, key, "Decrypt", result)


def _decrypt(
    call: Call,
    tenant: Tenant,
    operation: str,
    key_id: str | None,
    algorithm: str,
    context: dict[str, str] | None,
) -> tuple[Key, bytes, str | None]:
    """Whose it was, what it says, and the id of the material that it was encrypted by."""
    params = call.params
    blob: bytes | None = params.get("CiphertextBlob")
    if params.get("DryRunModifiers"):
        if not params.get("DryRun"):
            raise validation("DryRunModifiers can be specified only when DryRun is true.")
        if key_id is None:
            raise validation("You must specify a KMS key when the DryRun modifier IGNORE_CIPHERTEXT is used.")
        key = find_key(tenant, key_id)
        check_use(key, ENCRYPT, operation, algorithm)
        return key, b"", None
    if blob is None:
        raise validation(
            "1 validation error detected: Value null at 'ciphertextBlob' failed to satisfy constraint: "
            "Member must not be null"
        )
    if algorithm != SYMMETRIC:
        return _decrypt_asymmetric(call, tenant, operation, key_id, algorithm, context, blob)
    parts = take_apart(blob)
    if parts is None:
        if key_id is not None:
            find_key(tenant, key_id)
        raise invalid_ciphertext()
    if key_id is None:
        key = _key_behind(call, tenant, parts)
    else:
        key = find_key(tenant, key_id)
        if key.id != parts.key_id:
            raise incorrect_key()
    check_use(key, ENCRYPT, operation, algorithm)
    plaintext, material = unseal(tenant, key, blob, parts, context)
    return key, plaintext, material


def _key_behind(call: Call, tenant: Tenant, parts: Parts) -> Key:
    """The key that a ciphertext names. Raises NotHere where another key of that id may decrypt it."""
    key = key_with_id(tenant, parts.key_id)
    if key is None:
        raise NotHere(unknown_ciphertext())
    if key.state != ENABLED:
        # The caller's own is meant, as on AWS, and no relative of it.
        own = (call.caller.account, call.caller.region) == tenant.id[1:]
        raise unusable(key) if own else NotHere(unusable(key))
    if key.spec.name == SYMMETRIC and not has_material(tenant, key, parts):
        raise NotHere(invalid_ciphertext())
    return key


def _decrypt_asymmetric(
    call: Call,
    tenant: Tenant,
    operation: str,
    key_id: str | None,
    algorithm: str,
    context: dict[str, str] | None,
    blob: bytes,
) -> tuple[Key, bytes, None]:
    if key_id is None:
        raise validation("KeyId is required when the ciphertext was encrypted under an asymmetric KMS key.")
    key = find_key(tenant, key_id)
    check_use(key, ENCRYPT, operation, algorithm)
    _check_no_context(context)
    from atoll.services.kms import private_keys

    return key, private_keys.decrypt(private_key(tenant, key), algorithm, blob), None


@kms.operation("ReEncrypt", readonly=True)
@makes_managed_keys
@or_elsewhere("ReEncryptElsewhere")
def re_encrypt(call: Call, tenant: Tenant) -> Result:
    """Decrypts where the source's key is, and encrypts where the destination's is.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_ReEncrypt.html
    """
    return _re_encrypt_here(call, tenant)


@kms.operation("ReEncryptElsewhere", readonly=True, internal=True)
def re_encrypt_elsewhere(call: Call, tenant: Tenant) -> Result:
    """ReEncrypt, asked of the next that has the key's id."""
    return answer_or_pass(_re_encrypt_here, call, tenant)


def _re_encrypt_here(call: Call, tenant: Tenant) -> Result:
    params = call.params
    algorithm = params.get("SourceEncryptionAlgorithm") or SYMMETRIC
    source, plaintext, material = _decrypt(
        call, tenant, "ReEncrypt", params.get("SourceKeyId"), algorithm, params.get("SourceEncryptionContext")
    )
    check_tokens(call)
    to: Params = {
        "KeyId": params["DestinationKeyId"],
        "Plaintext": plaintext,
        "EncryptionContext": params.get("DestinationEncryptionContext"),
        "EncryptionAlgorithm": params.get("DestinationEncryptionAlgorithm") or SYMMETRIC,
        # It would have succeeded only where it would have there.
        "DryRun": params.get("DryRun"),
    }
    result: Params = {
        "SourceKeyId": source.arn,
        "SourceEncryptionAlgorithm": algorithm,
        "SourceKeyMaterialId": material,
    }
    return _go_on(call, tenant.lagoon, source, to, result)


async def _go_on(call: Call, lagoon: Lagoon, source: Key, to: Params, result: Params) -> Params:
    made = await lagoon.call(call, "kms", "ReEncryptTo", to)
    return await finish_later(call, lagoon, source, "ReEncrypt", {**result, **made})


@kms.operation("ReEncryptTo", readonly=True, internal=True)
@makes_managed_keys
def re_encrypt_to(call: Call, tenant: Tenant) -> Result:
    """The second half of ReEncrypt, where the destination's key is."""
    params = call.params
    key = find_key(tenant, params["KeyId"])
    algorithm = params["EncryptionAlgorithm"]
    blob = _encrypt(call, tenant, key, "ReEncrypt", algorithm, params["Plaintext"], params["EncryptionContext"])
    result: Params = {
        "CiphertextBlob": blob,
        "KeyId": key.arn,
        "DestinationEncryptionAlgorithm": algorithm,
    }
    if algorithm == SYMMETRIC:
        result["DestinationKeyMaterialId"] = key.current_id
    return finish(call, tenant, key, "ReEncrypt", result)
