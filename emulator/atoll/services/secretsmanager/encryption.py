"""All that is said to KMS: a data key for each value of each version, and whether its KMS key may still be used.

A value is sealed by AES-256-GCM under a data key that KMS has generated; what is kept is KMS's ciphertext of that key.
A value that was read once stays open in the tenant's memory, and is given out again only while its KMS key is enabled
(`KmsKey`): asking that takes no waiting where the key's tenant is open in this process.

AWS binds a data key to the secret's ARN and the version's id. Here it is the version's id only: a copy of the tenant in
another account has other ARNs, and its secrets have to open all the same.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec.structs import replace

from atoll.core.arn import parse_arn
from atoll.core.call import Call
from atoll.core.caller import root_caller
from atoll.core.errors import AwsError
from atoll.core.lagoon import Lagoon, Stamp
from atoll.core.tenant_id import TenantId
from atoll.services.secretsmanager.arns import key_arn, normal_key, render, template
from atoll.services.secretsmanager.errors import decryption_failure, encryption_failure, kms_not_allowed

_NONCE = 12
_UNUSABLE = frozenset(
    (
        "DisabledException",
        "KMSInvalidStateException",
        "KeyUnavailableException",
        "InvalidKeyUsageException",
        "IncorrectKeyException",
        "InvalidCiphertextException",
    )
)
_ABSENT = frozenset(("NotFoundException", "AccessDeniedException", "InvalidArnException"))


class Seal(NamedTuple):
    """A sealed value. `given` is the KmsKeyId that the secret had, `key` the ARN of the KMS key that it meant, both as
    templates of the tenant that keeps the seal."""

    given: str | None
    key: str
    data_key: bytes
    value: bytes


async def seal(call: Call, lagoon: Lagoon, place: TenantId, given: str | None, version_id: str, value: bytes) -> Seal:
    """Seals a value for a secret at `place` whose KmsKeyId is `given` (a template; None is aws/secretsmanager).

    Raises EncryptionFailure where KMS says that the key cannot be used, AccessDeniedException where there is none.
    """
    if given is None and call.caller.account != place.account:
        # The owner's key is used by the service alone, whoever changes the secret.
        call = for_owner(call, place)
    key = key_arn(None if given is None else render(given, place), place)
    params = {"KeyId": key, "KeySpec": "AES_256", "EncryptionContext": _context(version_id)}
    try:
        made = await lagoon.call(call, "kms", "GenerateDataKey", params)
    except AwsError as error:
        raise _told(call, error, encryption_failure) from None
    nonce = os.urandom(_NONCE)
    sealed = nonce + AESGCM(made["Plaintext"]).encrypt(nonce, value, None)
    return Seal(given, template(made["KeyId"], place), made["CiphertextBlob"], sealed)


async def settled_key(call: Call, lagoon: Lagoon, given: str | None, place: TenantId) -> str | None:
    """A KmsKeyId as a secret at `place` stores it: None for what means aws/secretsmanager, by whichever name. One that
    cannot be found is stored as it is: what is wrong with it is said where it is used.

    Raises AccessDeniedException of any other key that AWS manages, which is for another service or another account.
    """
    key = normal_key(given, place)
    if key is None:
        return None
    asked = for_owner(call, place)
    arn = key_arn(render(key, place), place)
    try:
        found = (await lagoon.call(asked, "kms", "DescribeKey", {"KeyId": arn}))["KeyMetadata"]
    except AwsError:
        return key
    if found.get("KeyManager") != "AWS":
        return key
    default = (await lagoon.call(asked, "kms", "DescribeKey", {"KeyId": key_arn(None, place)}))["KeyMetadata"]
    there = parse_arn(arn)
    if there is None or (there.account, found["KeyId"]) != (place.account, default["KeyId"]):
        raise kms_not_allowed()
    return None


def for_owner(call: Call, place: TenantId) -> Call:
    """The same call, made by the service for the account at `place`."""
    return replace(call, caller=root_caller(place, via="secretsmanager.amazonaws.com"))


async def unseal(call: Call, lagoon: Lagoon, seals: Sequence[Seal], version_id: str) -> tuple[bytes, Seal]:
    """The value, and the seal by which it opened: the newest whose KMS key can be used. What aws/secretsmanager has
    sealed is its account's only.

    Raises DecryptionFailure or AccessDeniedException, as `seal` does, where there is none.
    """
    refused: AwsError | None = None
    own = call.caller.account == lagoon.here.account
    for each in reversed(seals):
        if each.given is None and not own:
            continue
        params = {
            "CiphertextBlob": each.data_key,
            "KeyId": render(each.key, lagoon.here),
            "EncryptionContext": _context(version_id),
        }
        try:
            opened = await lagoon.call(call, "kms", "Decrypt", params)
            return _open(opened["Plaintext"], each.value), each
        except AwsError as error:
            refused = refused or _told(call, error, decryption_failure)
        except InvalidTag:
            refused = refused or _told(call, AwsError("InvalidCiphertextException"), decryption_failure)
    raise refused or kms_not_allowed()


class KmsKey:
    """The KMS key that an open value is under, by its ARN."""

    __slots__ = ("_arn", "_place", "_stamp")

    def __init__(self, key: str, here: TenantId) -> None:
        """`key` is the template in a seal of the tenant `here`."""
        self._arn = render(key, here)
        arn = parse_arn(self._arn)
        assert arn is not None
        self._place = TenantId(here.realm, arn.account, arn.region)
        self._stamp: Stamp | None = None
        """Of the key's tenant, when KMS last said that the key is enabled."""

    def may_be_used(self, call: Call, lagoon: Lagoon) -> bool:
        """Whether the key is enabled, by what KMS says here and now, or by nothing having been written in its tenant
        since KMS said so. False too where it would have to be waited for."""
        stamp = lagoon.stamp(self._place)
        if stamp is None or stamp != self._stamp:
            try:
                described = lagoon.at_once(call, "kms", "DescribeKey", {"KeyId": self._arn})
            except AwsError:
                return False
            if described is None or described["KeyMetadata"]["KeyState"] != "Enabled":
                return False
            self._stamp = stamp
        return True


def _open(data_key: bytes, sealed: bytes) -> bytes:
    return AESGCM(data_key).decrypt(sealed[:_NONCE], sealed[_NONCE:], None)


def _context(version_id: str) -> dict[str, str]:
    return {"SecretVersionId": version_id}


def _told(call: Call, error: AwsError, unusable: Callable[[str], AwsError]) -> AwsError:
    """What the caller is told of KMS's refusal: of a key that cannot be used, what the service's client of KMS says."""
    if error.code in _UNUSABLE:
        return unusable(
            f"{error.message or 'null'} (Service: AWSKMS; Status Code: 400; Error Code: {error.code}; "
            f"Request ID: {call.request_id}; Proxy: null)"
        )
    return kms_not_allowed() if error.code in _ABSENT else error
