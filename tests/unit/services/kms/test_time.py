"""What time does: rotation, deletion."""

from __future__ import annotations

from typing import Any

import pytest


def test_scheduled_cancelled_and_deleted(kms: Any) -> None:
    key = kms.key()
    blob = kms.encrypt(key)
    kms.call("CreateAlias", AliasName="alias/a", TargetKeyId=key)
    due = kms.clock.now() + 7 * 86_400
    scheduled = kms.call("ScheduleKeyDeletion", KeyId=key, PendingWindowInDays=7)
    assert scheduled.pop("DeletionDate").timestamp() == due
    assert scheduled == {"KeyId": kms.arn(key), "KeyState": "PendingDeletion", "PendingWindowInDays": 7}
    shown = kms.described(key)
    assert (shown["KeyState"], shown["Enabled"], shown["DeletionDate"].timestamp()) == ("PendingDeletion", False, due)
    said = ("KMSInvalidStateException", f"{kms.arn(key)} is pending deletion.")
    for operation, params in [
        ("Encrypt", {"Plaintext": b"x"}),
        ("Decrypt", {"CiphertextBlob": blob}),
        ("ScheduleKeyDeletion", {}),
        ("EnableKey", {}),
        ("DisableKey", {}),
        ("TagResource", {"Tags": []}),
        ("UntagResource", {"TagKeys": []}),
        ("UpdateKeyDescription", {"Description": ""}),
        ("EnableKeyRotation", {}),
        ("RotateKeyOnDemand", {}),
    ]:
        assert kms.fails(operation, KeyId=key, **params) == said
    assert kms.fails("CreateAlias", AliasName="alias/b", TargetKeyId=key) == said
    assert kms.call("CancelKeyDeletion", KeyId=key) == {"KeyId": kms.arn(key)}
    assert kms.state(key) == "Disabled"
    said = ("KMSInvalidStateException", f"{kms.arn(key)} is not pending deletion.")
    assert kms.fails("CancelKeyDeletion", KeyId=key) == said
    kms.days(10)
    kms.call("EnableKey", KeyId=key)
    assert kms.decrypt(blob) == b"secret"
    kms.call("ScheduleKeyDeletion", KeyId=key)
    kms.days(29.9)
    assert kms.state(key) == "PendingDeletion"
    kms.days(0.2)
    assert kms.fails("DescribeKey", KeyId=key)[0] == "NotFoundException"
    assert kms.fails("DescribeKey", KeyId="alias/a")[0] == "NotFoundException"
    assert kms.fails("Decrypt", CiphertextBlob=blob)[0] == "AccessDeniedException"
    tenant = kms.tenant()
    for table in ("key", "alias", "material"):
        assert tenant.rows(f"SELECT 1 FROM {table}") == []
    assert tenant.rows("SELECT 1 FROM catalogue WHERE NOT gone") == []
    assert tenant.timers.next_due() is None


@pytest.mark.parametrize("days", [1, 6, 31, 365])
def test_a_window_is_7_to_30_days(kms: Any, days: int) -> None:
    refused = kms.fails("ScheduleKeyDeletion", KeyId=kms.key(), PendingWindowInDays=days)
    assert refused[0] == "ValidationException"


def test_rotated_each_year_and_old_ciphertexts_are_still_read(kms: Any) -> None:
    key = kms.key()
    assert kms.call("GetKeyRotationStatus", KeyId=key) == {"KeyId": key, "KeyRotationEnabled": False}
    kms.call("EnableKeyRotation", KeyId=key)
    shown = kms.call("GetKeyRotationStatus", KeyId=key)
    assert shown["NextRotationDate"].timestamp() == kms.clock.now() + 365 * 86_400
    assert (shown["KeyRotationEnabled"], shown["RotationPeriodInDays"]) == (True, 365)
    blobs, materials = [], []
    for _ in range(3):
        blobs.append(kms.encrypt(key))
        materials.append(kms.described(key)["CurrentKeyMaterialId"])
        kms.days(365)
    assert len(set(materials)) == 3
    assert [kms.decrypt(blob) for blob in blobs] == [b"secret"] * 3
    assert [kms.call("Decrypt", CiphertextBlob=blob)["KeyMaterialId"] for blob in blobs] == materials
    rotations = kms.call("ListKeyRotations", KeyId=key)["Rotations"]
    assert [each["RotationType"] for each in rotations] == ["AUTOMATIC"] * 3
    every = kms.call("ListKeyRotations", KeyId=key, IncludeKeyMaterial="ALL_KEY_MATERIAL")["Rotations"]
    assert [each["KeyMaterialState"] for each in every] == ["NON_CURRENT"] * 3 + ["CURRENT"]
    assert every[0] == {"KeyId": key, "KeyMaterialId": materials[0], "KeyMaterialState": "NON_CURRENT"}
    page = kms.call("ListKeyRotations", KeyId=key, Limit=2)
    rest = kms.call("ListKeyRotations", KeyId=key, Marker=page["NextMarker"])
    assert page["Rotations"] + rest["Rotations"] == rotations
    kms.call("DisableKeyRotation", KeyId=key)
    kms.days(400)
    assert len(kms.call("ListKeyRotations", KeyId=key)["Rotations"]) == 3


def test_a_period_of_one_s_own(kms: Any) -> None:
    key = kms.key()
    kms.call("EnableKeyRotation", KeyId=key, RotationPeriodInDays=90)
    kms.days(91)
    assert len(kms.call("ListKeyRotations", KeyId=key)["Rotations"]) == 1
    kms.call("EnableKeyRotation", KeyId=key, RotationPeriodInDays=2560)
    kms.days(100)
    assert len(kms.call("ListKeyRotations", KeyId=key)["Rotations"]) == 1


def test_a_disabled_key_is_rotated_once_it_is_enabled(kms: Any) -> None:
    key = kms.key()
    kms.call("EnableKeyRotation", KeyId=key)
    kms.call("DisableKey", KeyId=key)
    assert kms.fails("EnableKeyRotation", KeyId=key)[0] == "DisabledException"
    assert kms.call("GetKeyRotationStatus", KeyId=key)["KeyRotationEnabled"]
    kms.days(1000)
    assert kms.call("ListKeyRotations", KeyId=key)["Rotations"] == []
    kms.call("EnableKey", KeyId=key)
    assert len(kms.call("ListKeyRotations", KeyId=key)["Rotations"]) == 1
    kms.days(365)
    assert len(kms.call("ListKeyRotations", KeyId=key)["Rotations"]) == 2


def test_on_demand_25_times(kms: Any) -> None:
    key = kms.key()
    blob = kms.encrypt(key)
    for _ in range(25):
        assert kms.call("RotateKeyOnDemand", KeyId=key) == {"KeyId": key}
    said = (
        "The on-demand rotations limit has been reached for the given keyId. "
        f"No more on-demand rotations can be performed for this key: {kms.arn(key)}"
    )
    assert kms.fails("RotateKeyOnDemand", KeyId=key) == ("LimitExceededException", said)
    assert kms.decrypt(blob) == b"secret"
    rotations = kms.call("ListKeyRotations", KeyId=key)["Rotations"]
    assert {each["RotationType"] for each in rotations} == {"ON_DEMAND"}
    assert len({each["KeyMaterialId"] for each in rotations}) == 25


def test_only_symmetric_keys_are_rotated(kms: Any) -> None:
    key = kms.key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
    for operation in ("EnableKeyRotation", "DisableKeyRotation", "RotateKeyOnDemand"):
        assert kms.fails(operation, KeyId=key)[0] == "UnsupportedOperationException"
    kms.call("DisableKey", KeyId=key)
    assert kms.fails("RotateKeyOnDemand", KeyId=key) == ("DisabledException", f"{kms.arn(key)} is disabled.")
    external = kms.key(Origin="EXTERNAL")
    said = f"{kms.arn(external)} origin is EXTERNAL which is not valid for this operation."
    assert kms.fails("EnableKeyRotation", KeyId=external) == ("UnsupportedOperationException", said)


@pytest.mark.parametrize(
    ("spec", "usage"),
    [
        ("HMAC_256", "GENERATE_VERIFY_MAC"),
        ("ECC_NIST_P256", "SIGN_VERIFY"),
        ("ECC_NIST_P256", "KEY_AGREEMENT"),
        ("ML_DSA_44", "SIGN_VERIFY"),
        ("ML_KEM_768", "ENCAPSULATE_DECAPSULATE"),
    ],
)
def test_the_status_of_what_is_never_rotated_can_be_asked(kms: Any, spec: str, usage: str) -> None:
    key = kms.key(KeySpec=spec, KeyUsage=usage)
    assert kms.call("GetKeyRotationStatus", KeyId=key) == {"KeyId": key, "KeyRotationEnabled": False}


def test_without_a_period_it_is_a_year_again(kms: Any) -> None:
    key = kms.key()
    kms.call("EnableKeyRotation", KeyId=key, RotationPeriodInDays=90)
    kms.call("EnableKeyRotation", KeyId=key)
    assert kms.call("GetKeyRotationStatus", KeyId=key)["RotationPeriodInDays"] == 365
