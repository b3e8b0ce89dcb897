"""KMS's access table: an ARN of a key or an alias says whose it is, a bare id or alias is always the caller's own.
Without one, a ciphertext or a grant token says which key it is of.

What AWS lets cross accounts: https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html
Nothing of KMS crosses regions on AWS.
"""

from __future__ import annotations

from dataclasses import replace

from atoll.core.access import Access, ByAccount, ByArn, ById, Crossing, Decides, First, Here
from atoll.services.kms.ciphertexts import key_of_ciphertext
from atoll.services.kms.grant_tokens import key_of_token

BY_KEY = ByArn("KeyId")
BY_CIPHERTEXT = ById("key", "CiphertextBlob", read=key_of_ciphertext)
SHARED = Access(BY_KEY, aws=Crossing.ACCOUNT)
OWN = Access(BY_KEY)
CALLERS = Access(Here())
INTERNAL = Access(ByAccount("Account", region="Region"), aws=Crossing.REGION)
"""Between keys of one multi-Region key, and to where a grant's retiring principal is."""

ACCESS = {
    "CancelKeyDeletion": OWN,
    "ConnectCustomKeyStore": CALLERS,
    "CreateAlias": CALLERS,
    "CreateCustomKeyStore": CALLERS,
    "CreateGrant": SHARED,
    "CreateKey": CALLERS,
    "Decapsulate": SHARED,
    "Decrypt": Access(First(Decides(BY_KEY), BY_CIPHERTEXT), aws=Crossing.ACCOUNT),
    "DeleteAlias": CALLERS,
    "DeleteCustomKeyStore": CALLERS,
    "DeleteImportedKeyMaterial": OWN,
    "DeriveSharedSecret": SHARED,
    "DescribeCustomKeyStores": CALLERS,
    "DescribeKey": SHARED,
    "DisableKey": OWN,
    "DisableKeyRotation": OWN,
    "DisconnectCustomKeyStore": CALLERS,
    "EnableKey": OWN,
    "EnableKeyRotation": OWN,
    "Encapsulate": SHARED,
    "Encrypt": SHARED,
    "GenerateDataKey": SHARED,
    "GenerateDataKeyPair": SHARED,
    "GenerateDataKeyPairWithoutPlaintext": SHARED,
    "GenerateDataKeyWithoutPlaintext": SHARED,
    "GenerateMac": SHARED,
    "GenerateRandom": CALLERS,
    "GetKeyLastUsage": OWN,
    "GetKeyPolicy": OWN,
    "GetKeyRotationStatus": SHARED,
    "GetParametersForImport": OWN,
    "GetPublicKey": SHARED,
    "ImportKeyMaterial": OWN,
    "ListAliases": OWN,
    "ListGrants": SHARED,
    "ListKeyPolicies": OWN,
    "ListKeyRotations": OWN,
    "ListKeys": CALLERS,
    "ListResourceTags": OWN,
    "ListRetirableGrants": CALLERS,
    "PutKeyPolicy": OWN,
    # The destination's key is reached by a call of its own.
    "ReEncrypt": Access(
        First(Decides(ByArn("SourceKeyId")), BY_CIPHERTEXT),
        also=(ByArn("DestinationKeyId"),),
        aws=Crossing.ACCOUNT,
    ),
    "ReplicateKey": OWN,
    "RetireGrant": Access(First(BY_KEY, Decides(ById("key", "GrantToken", read=key_of_token))), aws=Crossing.ACCOUNT),
    "RevokeGrant": SHARED,
    "RotateKeyOnDemand": OWN,
    "ScheduleKeyDeletion": OWN,
    "Sign": SHARED,
    "TagResource": OWN,
    "UntagResource": OWN,
    "UpdateAlias": CALLERS,
    "UpdateCustomKeyStore": CALLERS,
    "UpdateKeyDescription": OWN,
    "UpdatePrimaryRegion": OWN,
    "Verify": SHARED,
    "VerifyMac": SHARED,
    # Asked of the next that has the key's id, where the one before has not what is meant.
    "DecryptElsewhere": Access(replace(BY_CIPHERTEXT, passed="Passed"), aws=Crossing.ACCOUNT),
    "ReEncryptElsewhere": Access(
        replace(BY_CIPHERTEXT, passed="Passed"), also=(ByArn("DestinationKeyId"),), aws=Crossing.ACCOUNT
    ),
    "RetireGrantElsewhere": Access(ById("key", "GrantToken", read=key_of_token, passed="Passed"), aws=Crossing.ACCOUNT),
    "ConfirmGrants": Access(BY_KEY, aws=Crossing.ACCOUNT),
    # Between keys.
    "ReEncryptTo": SHARED,
    "FindRelative": INTERNAL,
    "MakeReplica": INTERNAL,
    "SyncReplica": INTERNAL,
    "ReplicaDeleted": INTERNAL,
    "ReplicaImported": INTERNAL,
    "MirrorGrant": INTERNAL,
    "UnmirrorGrant": INTERNAL,
}
