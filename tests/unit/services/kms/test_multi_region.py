"""Multi-Region keys: what they share, who is the primary, what becomes of them."""

from __future__ import annotations

from typing import Any

from atoll.core.caller import Caller
from atoll.services.kms.keys import find_key
from atoll.services.kms.multi_region import relate, shared


def relatives(kms: Any, key: str, by: Any) -> tuple[str, str, list[str]]:
    config = kms.described(key, by)["MultiRegionConfiguration"]
    replicas = [each["Region"] for each in config["ReplicaKeys"]]
    return config["MultiRegionKeyType"], config["PrimaryKey"]["Region"], replicas


HERE = ("111111111111", "eu-central-1")
FAR = ("111111111111", "us-east-1")
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
        ({"KeyId": key, "ReplicaRegion": "xx-east-1"}, "UnsupportedOperationException"),
    ]:
        assert kms.fails("ReplicateKey", **params)[0] == code
    refused = kms.fails("ReplicateKey", FAR, KeyId=key, ReplicaRegion="ap-south-1")
    assert refused == ("UnsupportedOperationException", f"{kms.arn(key, FAR)} is not a multi-Region primary key.")


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


def reset(kms: Any, region: tuple[str, str]) -> None:
    """As `atoll reset --region`: the other regions are told nothing."""
    tenant = kms.tenant(*region)
    tenant.db.begin()
    tenant.empty(kms.service)
    tenant.db.commit()


def test_a_replica_that_is_gone_cannot_become_the_primary(kms: Any) -> None:
    key = replicated(kms)
    reset(kms, FAR)
    code, message = kms.fails("UpdatePrimaryRegion", KeyId=key, PrimaryRegion="us-east-1")
    assert (code, message) == ("NotFoundException", f"Key '{kms.arn(key, FAR)}' does not exist")
    assert relatives(kms, key, HERE) == ("PRIMARY", "eu-central-1", ["us-west-2"])
    assert relatives(kms, key, WEST) == ("REPLICA", "eu-central-1", ["us-west-2"])


def test_a_replica_that_is_gone_is_made_again(kms: Any) -> None:
    key = replicated(kms)
    blob = kms.encrypt(key, by=FAR)
    reset(kms, FAR)
    kms.call("ReplicateKey", KeyId=key, ReplicaRegion="us-east-1")
    assert kms.call("Decrypt", FAR, CiphertextBlob=blob)["Plaintext"] == b"secret"
    assert kms.fails("ReplicateKey", KeyId=key, ReplicaRegion="us-west-2")[0] == "AlreadyExistsException"


def test_nobody_waits_for_the_deletion_of_replicas_that_are_gone(kms: Any) -> None:
    key = replicated(kms)
    reset(kms, FAR)
    assert kms.call("ScheduleKeyDeletion", KeyId=key)["KeyState"] == "PendingReplicaDeletion"
    kms.call("CancelKeyDeletion", KeyId=key)
    reset(kms, WEST)
    assert kms.call("ScheduleKeyDeletion", KeyId=key)["KeyState"] == "PendingDeletion"


def test_a_replica_takes_the_place_of_a_primary_that_is_gone(kms: Any) -> None:
    key = replicated(kms)
    kms.call("EnableKeyRotation", KeyId=key)
    named = {"KeyId": key, "PrimaryRegion": "us-east-1"}
    assert kms.fails("UpdatePrimaryRegion", FAR, **named)[0] == "UnsupportedOperationException"
    reset(kms, HERE)
    kms.call("UpdatePrimaryRegion", FAR, **named)
    for place in (FAR, WEST):
        assert relatives(kms, key, place)[1:] == ("us-east-1", ["us-west-2"])
    kms.call("ReplicateKey", FAR, KeyId=key, ReplicaRegion="eu-central-1")
    assert relatives(kms, key, HERE) == ("REPLICA", "us-east-1", ["us-west-2", "eu-central-1"])
    assert kms.tenant(*FAR).timer_due("kms", "rotate", key) is not None


def test_both_have_to_be_enabled_where_the_primary_changes(kms: Any) -> None:
    key = replicated(kms)
    to = {"KeyId": key, "PrimaryRegion": "us-east-1"}
    kms.call("ScheduleKeyDeletion", FAR, KeyId=key)
    refused = kms.fails("UpdatePrimaryRegion", **to)
    assert refused == ("KMSInvalidStateException", f"{kms.arn(key, FAR)} is pending deletion.")
    kms.call("CancelKeyDeletion", FAR, KeyId=key)
    assert kms.fails("UpdatePrimaryRegion", **to) == ("DisabledException", f"{kms.arn(key, FAR)} is disabled.")
    kms.call("EnableKey", FAR, KeyId=key)
    kms.call("DisableKey", KeyId=key)
    assert kms.fails("UpdatePrimaryRegion", **to) == ("DisabledException", f"{kms.arn(key)} is disabled.")
    kms.call("EnableKey", KeyId=key)
    kms.call("UpdatePrimaryRegion", **to)
    assert relatives(kms, key, WEST) == ("REPLICA", "us-east-1", ["eu-central-1", "us-west-2"])
    waiting = kms.key(MultiRegion=True, Origin="EXTERNAL")
    kms.call("ReplicateKey", KeyId=waiting, ReplicaRegion="us-east-1")
    refused = kms.fails("UpdatePrimaryRegion", KeyId=waiting, PrimaryRegion="us-east-1")
    assert refused == ("KMSInvalidStateException", f"{kms.arn(waiting)} is pending import.")


def told_by(kms: Any, key: str, by: Any) -> dict[str, Any]:
    found: dict[str, Any] = kms.transact(kms.tenant(*by), lambda tenant: shared(tenant, find_key(tenant, key)))
    return found


def send(kms: Any, operation: str, region: str, told: dict[str, Any]) -> None:
    """An effect that arrives now."""
    account = HERE[0]
    caller = Caller("default", account, HERE[1], f"arn:aws:iam::{account}:root", account)
    kms.run(operation, {**told, "Account": account, "Region": region}, caller)


def test_what_a_former_primary_says_late_is_not_heeded(kms: Any) -> None:
    key = replicated(kms)
    before = told_by(kms, key, HERE)
    kms.call("UpdatePrimaryRegion", KeyId=key, PrimaryRegion="us-east-1")
    handed_over = told_by(kms, key, HERE)
    kms.call("RotateKeyOnDemand", FAR, KeyId=key)
    current = kms.described(key, FAR)["CurrentKeyMaterialId"]
    for late in (before, handed_over):
        for region in ("us-west-2", "us-east-1"):
            send(kms, "SyncReplica", region, late)
    for by in (HERE, FAR, WEST):
        assert kms.described(key, by)["CurrentKeyMaterialId"] == current
        assert relatives(kms, key, by)[1] == "us-east-1"
    assert kms.call("DescribeKey", FAR, KeyId=key)["KeyMetadata"]["MultiRegionConfiguration"]["MultiRegionKeyType"] == (
        "PRIMARY"
    )


def test_a_replica_that_is_scheduled_for_deletion_just_before_it_becomes_the_primary(kms: Any) -> None:
    key = replicated(kms)
    kms.call("UpdatePrimaryRegion", KeyId=key, PrimaryRegion="us-east-1")
    told = told_by(kms, key, HERE)
    kms.call("ScheduleKeyDeletion", WEST, KeyId=key)
    send(kms, "SyncReplica", "us-west-2", {**told, "Primary": "us-west-2", "Term": told["Term"] + 5})
    assert kms.state(key, WEST) == "PendingReplicaDeletion"
    kms.days(31)
    assert kms.state(key, WEST) == "PendingReplicaDeletion"


def test_another_key_of_the_same_id_is_no_replica(kms: Any) -> None:
    for digit, multi_region in (("1", True), ("2", False)):
        id = f"mrk-{digit * 32}"
        key = kms.key(MultiRegion=True, tags={"_custom_id_": id})
        other = kms.key(FAR, MultiRegion=multi_region, tags={"_custom_id_": id})
        assert key == other == id
        material = kms.described(id, FAR)["CurrentKeyMaterialId"]
        refused = kms.fails("ReplicateKey", KeyId=id, ReplicaRegion="us-east-1")
        assert refused == ("AlreadyExistsException", f"Key {kms.arn(id)} already exists in region us-east-1.")
        # And where it came to be meanwhile.
        kms.transact(kms.tenant(*HERE), lambda tenant, id=id: relate(tenant, find_key(tenant, id), "", ["us-east-1"]))
        send(kms, "MakeReplica", "us-east-1", told_by(kms, id, HERE))
        assert relatives(kms, id, HERE) == ("PRIMARY", "eu-central-1", [])
        assert kms.described(id, FAR)["CurrentKeyMaterialId"] == material
