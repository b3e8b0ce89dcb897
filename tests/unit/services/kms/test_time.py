"""What time does: rotation, deletion."""

from __future__ import annotations

from typing import Any

import pytest

FAR = ("111111111111", "us-east-1")


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
        assert kms.call("RotateKeyOnDemand", KeyId=key) == {"KeyId": kms.arn(key)}
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
    for operation in ("EnableKeyRotation", "DisableKeyRotation", "GetKeyRotationStatus", "RotateKeyOnDemand"):
        assert kms.fails(operation, KeyId=key)[0] == "UnsupportedOperationException"
    external = kms.key(Origin="EXTERNAL")
    said = f"{kms.arn(external)} origin is EXTERNAL which is not valid for this operation."
    assert kms.fails("EnableKeyRotation", KeyId=external) == ("UnsupportedOperationException", said)


# ---- multi-Region keys


def relatives(kms: Any, key: str, by: Any) -> tuple[str, str, list[str]]:
    config = kms.described(key, by)["MultiRegionConfiguration"]
    replicas = [each["Region"] for each in config["ReplicaKeys"]]
    return config["MultiRegionKeyType"], config["PrimaryKey"]["Region"], replicas


HERE = ("111111111111", "eu-central-1")
WEST = ("111111111111", "us-west-2")
THEIRS = ("222222222222", "ap-south-1")


def replicated(kms: Any, **params: Any) -> str:
    key: str = kms.key(MultiRegion=True, **params)
    kms.call("ReplicateKey", KeyId=key, ReplicaRegion="us-east-1")
    kms.call("ReplicateKey", KeyId=key, ReplicaRegion="us-west-2")
    return key


def test_relatives_read_each_other_s_ciphertexts(kms: Any) -> None:
    key = replicated(kms)
    assert key.startswith("mrk-")
    for writer in (HERE, FAR, WEST):
        blob = kms.encrypt(key, by=writer)
        for reader in (HERE, FAR, WEST):
            got = kms.call("Decrypt", reader, CiphertextBlob=blob)
            # Each finds its own, without naming it.
            assert (got["Plaintext"], got["KeyId"]) == (b"secret", kms.arn(key, reader))
        assert kms.decrypt(blob, THEIRS) == b"secret"


def test_a_replica_is_as_aws_answers(kms: Any) -> None:
    key = kms.key(MultiRegion=True, Description="primary", tags={"a": "1"})
    made = kms.call("ReplicateKey", KeyId=key, ReplicaRegion="us-east-1", Tags=[{"TagKey": "b", "TagValue": "2"}])
    shown = made["ReplicaKeyMetadata"]
    assert (shown["Arn"], shown["KeyState"], shown["Enabled"]) == (kms.arn(key, FAR), "Creating", False)
    assert made["ReplicaTags"] == [{"TagKey": "b", "TagValue": "2"}]
    assert '"AWS" : "arn:aws:iam::111111111111:root"' in made["ReplicaPolicy"]
    config = {
        "MultiRegionKeyType": "REPLICA",
        "PrimaryKey": {"Arn": kms.arn(key), "Region": "eu-central-1"},
        "ReplicaKeys": [{"Arn": kms.arn(key, FAR), "Region": "us-east-1"}],
    }
    assert shown["MultiRegionConfiguration"] == config
    there = kms.described(key, FAR)
    assert (there["KeyState"], there["Description"], there["MultiRegionConfiguration"]) == ("Enabled", "", config)
    assert there["CurrentKeyMaterialId"] == kms.described(key)["CurrentKeyMaterialId"]
    assert relatives(kms, key, HERE) == ("PRIMARY", "eu-central-1", ["us-east-1"])
    assert kms.call("ListResourceTags", FAR, KeyId=key)["Tags"] == made["ReplicaTags"]
    for tenant in kms.tenants.values():
        assert tenant.rows("SELECT 1 FROM key WHERE related LIKE ?", (f"%{tenant.id.region}%",)) == []


def test_who_is_replicated_and_where(kms: Any) -> None:
    key, single = replicated(kms), kms.key()
    for params, code in [
        ({"KeyId": single, "ReplicaRegion": "us-east-1"}, "UnsupportedOperationException"),
        ({"KeyId": key, "ReplicaRegion": "us-east-1"}, "AlreadyExistsException"),
        ({"KeyId": key, "ReplicaRegion": "eu-central-1"}, "AlreadyExistsException"),
        ({"KeyId": key, "ReplicaRegion": "cn-north-1"}, "UnsupportedOperationException"),
    ]:
        assert kms.fails("ReplicateKey", **params)[0] == code
    refused = kms.fails("ReplicateKey", FAR, KeyId=key, ReplicaRegion="ap-south-1")
    assert refused == ("UnsupportedOperationException", f"{kms.arn(key, FAR)} is not a multi-region primary key.")


def test_rotation_is_shared(kms: Any) -> None:
    key = replicated(kms)
    old = kms.encrypt(key)
    assert kms.fails("EnableKeyRotation", FAR, KeyId=key)[0] == "UnsupportedOperationException"
    kms.call("EnableKeyRotation", KeyId=key)
    for by in (HERE, FAR, WEST):
        assert kms.call("GetKeyRotationStatus", by, KeyId=key)["KeyRotationEnabled"]
    kms.days(366)
    kms.call("RotateKeyOnDemand", KeyId=key)
    assert len({kms.described(key, by)["CurrentKeyMaterialId"] for by in (HERE, FAR, WEST)}) == 1
    assert len(kms.call("ListKeyRotations", WEST, KeyId=key)["Rotations"]) == 2
    assert kms.decrypt(kms.encrypt(key), WEST) == b"secret"
    assert kms.decrypt(old, WEST) == b"secret"


def test_the_primary_is_changed(kms: Any) -> None:
    key = replicated(kms)
    kms.call("EnableKeyRotation", KeyId=key)
    assert kms.fails("UpdatePrimaryRegion", KeyId=key, PrimaryRegion="ap-south-1")[0] == "NotFoundException"
    assert kms.fails("UpdatePrimaryRegion", KeyId=key, PrimaryRegion="eu-central-1")[0] == (
        "UnsupportedOperationException"
    )
    kms.call("UpdatePrimaryRegion", KeyId=key, PrimaryRegion="us-west-2")
    assert relatives(kms, key, HERE) == ("REPLICA", "us-west-2", ["us-east-1", "eu-central-1"])
    assert relatives(kms, key, FAR) == ("REPLICA", "us-west-2", ["us-east-1", "eu-central-1"])
    assert relatives(kms, key, WEST) == ("PRIMARY", "us-west-2", ["us-east-1", "eu-central-1"])
    # The new primary rotates, and replicates.
    kms.days(366)
    assert [len(kms.call("ListKeyRotations", by, KeyId=key)["Rotations"]) for by in (HERE, FAR, WEST)] == [1, 1, 1]
    kms.call("ReplicateKey", WEST, KeyId=key, ReplicaRegion="ap-south-1")
    assert relatives(kms, key, HERE)[2] == ["us-east-1", "eu-central-1", "ap-south-1"]
    assert kms.fails("ReplicateKey", KeyId=key, ReplicaRegion="sa-east-1")[0] == "UnsupportedOperationException"


def test_a_primary_outlives_its_replicas(kms: Any) -> None:
    key = replicated(kms)
    scheduled = kms.call("ScheduleKeyDeletion", KeyId=key, PendingWindowInDays=10)
    assert scheduled == {
        "KeyId": kms.arn(key),
        "KeyState": "PendingReplicaDeletion",
        "PendingWindowInDays": 10,
    }
    shown = kms.described(key)
    assert (shown["KeyState"], shown["PendingDeletionWindowInDays"]) == ("PendingReplicaDeletion", 10)
    kms.days(20)
    assert kms.state(key) == "PendingReplicaDeletion"
    for by in (FAR, WEST):
        kms.call("ScheduleKeyDeletion", by, KeyId=key, PendingWindowInDays=7)
    kms.days(7.5)
    assert kms.fails("DescribeKey", FAR, KeyId=key)[0] == "NotFoundException"
    assert kms.state(key) == "PendingDeletion"
    kms.days(9)
    assert kms.state(key) == "PendingDeletion"
    kms.days(1)
    assert kms.fails("DescribeKey", KeyId=key)[0] == "NotFoundException"


def test_a_deleted_replica_is_told_to_who_is_the_primary_by_then(kms: Any) -> None:
    key = replicated(kms)
    kms.call("ScheduleKeyDeletion", FAR, KeyId=key)
    kms.call("UpdatePrimaryRegion", KeyId=key, PrimaryRegion="us-west-2")
    kms.days(31)
    assert relatives(kms, key, WEST) == ("PRIMARY", "us-west-2", ["eu-central-1"])
    assert relatives(kms, key, HERE) == ("REPLICA", "us-west-2", ["eu-central-1"])
    kms.call("ScheduleKeyDeletion", WEST, KeyId=key)
    assert kms.call("CancelKeyDeletion", WEST, KeyId=key) == {"KeyId": kms.arn(key, WEST)}
