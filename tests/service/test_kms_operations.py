"""Every operation of KMS's model over the wire, from every position, by ARN where it takes a key."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.serialization import load_der_public_key

POLICY = json.dumps({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}]})
STORE: dict[str, Any] = {
    "CustomKeyStoreType": "EXTERNAL_KEY_STORE",
    "XksProxyUriEndpoint": "https://proxy.example.com",
    "XksProxyUriPath": "/kms/xks/v1",
    "XksProxyConnectivity": "PUBLIC_ENDPOINT",
    "XksProxyAuthenticationCredential": {"AccessKeyId": "A" * 20, "RawSecretAccessKey": "s" * 43},
}


class Caller:
    """Calls, and remembers which operations."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.called: set[str] = set()

    def __call__(self, operation: str, **params: Any) -> Any:
        self.called.add(operation)
        return self.client._make_api_call(operation, params)


def make(owner: Any, **params: Any) -> str:
    arn: str = owner.create_key(**params)["KeyMetadata"]["Arn"]
    return arn


def test_every_operation_from_every_position(positions: Any) -> None:
    owner, do = positions.owner("kms"), Caller(positions.caller("kms"))
    symmetric(owner, do)
    asymmetric(owner, do)
    root = f"arn:aws:iam::{positions.caller_account}:root"
    near = Caller(positions.atoll.client("kms", positions.caller_account, positions.owner_region))
    grants(owner, do, near, root)
    relatives(owner, do)
    imports(owner, do)
    stores(do, positions.position)
    assert do.called | near.called == set(do.client.meta.service_model.operation_names)


def symmetric(owner: Any, do: Caller) -> None:
    key = make(owner)
    for operation, params in {
        "DescribeKey": {},
        "EnableKeyRotation": {},
        "GetKeyRotationStatus": {},
        "RotateKeyOnDemand": {},
        "ListKeyRotations": {},
        "DisableKeyRotation": {},
        "DisableKey": {},
        "EnableKey": {},
        "UpdateKeyDescription": {"Description": "new"},
        "TagResource": {"Tags": [{"TagKey": "a", "TagValue": "1"}]},
        "UntagResource": {"TagKeys": ["a"]},
        "ListResourceTags": {},
        "PutKeyPolicy": {"Policy": POLICY},
        "GetKeyPolicy": {},
        "ListKeyPolicies": {},
        "ListAliases": {},
        "GenerateDataKey": {"KeySpec": "AES_256"},
        "GenerateDataKeyWithoutPlaintext": {"NumberOfBytes": 5},
        "GenerateDataKeyPair": {"KeyPairSpec": "ECC_NIST_P521"},
        "GenerateDataKeyPairWithoutPlaintext": {"KeyPairSpec": "ML_KEM_768"},
        "GetKeyLastUsage": {},
    }.items():
        do(operation, KeyId=key, **params)
    blob = do("Encrypt", KeyId=key, Plaintext=b"secret")["CiphertextBlob"]
    assert do("Decrypt", CiphertextBlob=blob)["Plaintext"] == b"secret"
    mine = do("CreateKey")["KeyMetadata"]["KeyId"]
    moved = do("ReEncrypt", CiphertextBlob=blob, DestinationKeyId=mine)["CiphertextBlob"]
    assert owner.decrypt(CiphertextBlob=moved)["Plaintext"] == b"secret"
    for operation in ("CreateAlias", "UpdateAlias"):
        do(operation, AliasName="alias/every-operation", TargetKeyId=mine)
    do("DeleteAlias", AliasName="alias/every-operation")
    assert mine in [each["KeyId"] for each in do("ListKeys", Limit=1000)["Keys"]]
    assert len(do("GenerateRandom", NumberOfBytes=5)["Plaintext"]) == 5
    do("ScheduleKeyDeletion", KeyId=key)
    do("CancelKeyDeletion", KeyId=key)
    assert owner.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Disabled"


def asymmetric(owner: Any, do: Caller) -> None:
    signing = {
        "KeyId": make(owner, KeySpec="ML_DSA_44", KeyUsage="SIGN_VERIFY"),
        "Message": b"message",
        "SigningAlgorithm": "ML_DSA_SHAKE_256",
    }
    assert do("Verify", Signature=do("Sign", **signing)["Signature"], **signing)["SignatureValid"]
    mac = {
        "KeyId": make(owner, KeySpec="HMAC_512", KeyUsage="GENERATE_VERIFY_MAC"),
        "Message": b"message",
        "MacAlgorithm": "HMAC_SHA_512",
    }
    assert do("VerifyMac", Mac=do("GenerateMac", **mac)["Mac"], **mac)["MacValid"]
    agreeing = make(owner, KeySpec="ECC_NIST_P384", KeyUsage="KEY_AGREEMENT")
    public = do("GetPublicKey", KeyId=agreeing)["PublicKey"]
    assert do("DeriveSharedSecret", KeyId=agreeing, KeyAgreementAlgorithm="ECDH", PublicKey=public)["SharedSecret"]
    kem = {
        "KeyId": make(owner, KeySpec="ML_KEM_1024", KeyUsage="ENCAPSULATE_DECAPSULATE"),
        "EncapsulationAlgorithm": "ML_KEM",
    }
    made = do("Encapsulate", **kem)
    blob = made["SharedSecretCiphertextBlob"]
    assert do("Decapsulate", SharedSecretCiphertextBlob=blob, **kem)["SharedSecret"] == made["SharedSecret"]


def grants(owner: Any, do: Caller, near: Caller, root: str) -> None:
    key = make(owner)
    made = do("CreateGrant", KeyId=key, GranteePrincipal=root, RetiringPrincipal=root, Operations=["Decrypt"])
    assert near("ListRetirableGrants", RetiringPrincipal=root)["Grants"]
    do("RetireGrant", GrantToken=made["GrantToken"])
    made = do("CreateGrant", KeyId=key, GranteePrincipal=root, Operations=["Decrypt"])
    do("RevokeGrant", KeyId=key, GrantId=made["GrantId"])
    assert do("ListGrants", KeyId=key)["Grants"] == []


def relatives(owner: Any, do: Caller) -> None:
    key = make(owner, MultiRegion=True)
    do("ReplicateKey", KeyId=key, ReplicaRegion="us-east-1")
    do("UpdatePrimaryRegion", KeyId=key, PrimaryRegion="us-east-1")
    config = owner.describe_key(KeyId=key)["KeyMetadata"]["MultiRegionConfiguration"]
    assert (config["MultiRegionKeyType"], config["PrimaryKey"]["Region"]) == ("REPLICA", "us-east-1")


def imports(owner: Any, do: Caller) -> None:
    key = make(owner, Origin="EXTERNAL")
    given = do("GetParametersForImport", KeyId=key, WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_2048")
    public: Any = load_der_public_key(given["PublicKey"])
    wrapped = public.encrypt(b"m" * 32, OAEP(MGF1(hashes.SHA256()), hashes.SHA256(), None))
    until = datetime.now(UTC) + timedelta(days=3)
    do("ImportKeyMaterial", KeyId=key, ImportToken=given["ImportToken"], EncryptedKeyMaterial=wrapped, ValidTo=until)
    assert owner.describe_key(KeyId=key)["KeyMetadata"]["ExpirationModel"] == "KEY_MATERIAL_EXPIRES"
    do("DeleteImportedKeyMaterial", KeyId=key)
    assert owner.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingImport"


def stores(do: Caller, name: str) -> None:
    store = do("CreateCustomKeyStore", CustomKeyStoreName=name, **STORE)["CustomKeyStoreId"]
    for operation in (
        "ConnectCustomKeyStore",
        "DisconnectCustomKeyStore",
        "DescribeCustomKeyStores",
        "UpdateCustomKeyStore",
        "DeleteCustomKeyStore",
    ):
        do(operation, CustomKeyStoreId=store)
