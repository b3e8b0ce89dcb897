"""No row names its tenant: a copy of the files is a copy of the tenant, also under another account."""

from __future__ import annotations

from typing import Any

OTHER = "arn:aws:iam::222222222222:role/r"


def test_rows_name_neither_account_nor_region(kms: Any) -> None:
    key = kms.key(MultiRegion=True, tags={"a": "1"})
    kms.call("ReplicateKey", KeyId=key, ReplicaRegion="us-east-1")
    kms.call("EnableKeyRotation", KeyId=key)
    kms.call("RotateKeyOnDemand", KeyId=key)
    kms.call("UpdatePrimaryRegion", KeyId=key, PrimaryRegion="us-east-1")
    kms.call("CreateAlias", AliasName="alias/a", TargetKeyId=key)
    kms.encrypt("alias/aws/s3")
    grant = {"GranteePrincipal": OTHER, "RetiringPrincipal": OTHER, "Operations": ["Decrypt"]}
    kms.call("CreateGrant", KeyId=key, **grant)
    kms.call("CreateGrant", ("222222222222", "eu-central-1"), KeyId=kms.arn(key), **grant)
    external = kms.key(Origin="EXTERNAL")
    wrapping = {"WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"}
    kms.call("GetParametersForImport", KeyId=external, **wrapping)
    kms.call("ScheduleKeyDeletion", KeyId=external)
    pair = kms.key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    kms.call("Sign", KeyId=pair, Message=b"m", SigningAlgorithm="ECDSA_SHA_256")
    assert len(kms.tenants) == 3
    for id, tenant in kms.tenants.items():
        # A mirror says where another account's key is, and which principal may retire the grant: users' ARNs, rewritten
        # where the account is copied.
        tables = tenant.rows("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'retirable'")
        for (table,) in tables:
            for row in tenant.rows(f'SELECT * FROM "{table}"'):
                for value in row:
                    text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
                    assert id.account not in text, (table, row)
                    assert id.region not in text, (table, row)
