"""KMS through boto3, from every position, and from realms that have nothing to do with each other."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

OWNER, REGION, OTHER = "111111111111", "ap-south-1", "222222222222"


def code_of(caught: pytest.ExceptionInfo[ClientError]) -> str:
    return str(caught.value.response["Error"]["Code"])


def make(client: Any, **params: Any) -> str:
    arn: str = client.create_key(**params)["KeyMetadata"]["Arn"]
    return arn


def test_a_symmetric_key_from_every_position(positions: Any) -> None:
    owner, caller = positions.owner("kms"), positions.caller("kms")
    arn = make(owner, Description="d", Tags=[{"TagKey": "a", "TagValue": "1"}])
    assert caller.describe_key(KeyId=arn)["KeyMetadata"]["Description"] == "d"
    context = {"EncryptionContext": {"a": "1", "ä": "€"}}
    blob = caller.encrypt(KeyId=arn, Plaintext=b"p" * 4096, **context)["CiphertextBlob"]
    assert owner.decrypt(CiphertextBlob=blob, **context)["Plaintext"] == b"p" * 4096
    for name in ({}, {"KeyId": arn}):
        assert caller.decrypt(CiphertextBlob=blob, **name, **context)["KeyId"] == arn
    with pytest.raises(caller.exceptions.InvalidCiphertextException) as caught:
        caller.decrypt(CiphertextBlob=blob)
    assert caught.value.response["Error"]["Message"] == ""
    alias = f"alias/{uuid4()}"
    owner.create_alias(AliasName=alias, TargetKeyId=arn)
    alias_arn = arn.rpartition(":")[0] + f":{alias}"
    assert caller.describe_key(KeyId=alias_arn)["KeyMetadata"]["Arn"] == arn
    data = caller.generate_data_key(KeyId=alias_arn, KeySpec="AES_256")
    assert owner.decrypt(CiphertextBlob=data["CiphertextBlob"])["Plaintext"] == data["Plaintext"]
    mine = make(caller)
    moved = caller.re_encrypt(CiphertextBlob=data["CiphertextBlob"], DestinationKeyId=mine)
    assert (moved["SourceKeyId"], moved["KeyId"]) == (arn, mine)
    assert owner.decrypt(CiphertextBlob=moved["CiphertextBlob"])["Plaintext"] == data["Plaintext"]
    if positions.position != "owner":
        for bare in (arn.rpartition("/")[2], alias):
            with pytest.raises(caller.exceptions.NotFoundException):
                caller.encrypt(KeyId=bare, Plaintext=b"x")
        assert arn not in [each["KeyArn"] for each in caller.list_keys()["Keys"]]


def test_managing_a_key_from_every_position(positions: Any) -> None:
    """Relaxed rules let whoever names it do what AWS keeps for its owner."""
    owner, caller = positions.owner("kms"), positions.caller("kms")
    arn = make(owner)
    caller.enable_key_rotation(KeyId=arn, RotationPeriodInDays=100)
    assert owner.get_key_rotation_status(KeyId=arn)["RotationPeriodInDays"] == 100
    caller.rotate_key_on_demand(KeyId=arn)
    assert len(caller.list_key_rotations(KeyId=arn)["Rotations"]) == 1
    caller.tag_resource(KeyId=arn, Tags=[{"TagKey": "b", "TagValue": "2"}])
    caller.update_key_description(KeyId=arn, Description="new")
    policy = json.dumps({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}]})
    caller.put_key_policy(KeyId=arn, Policy=policy, PolicyName="default")
    assert owner.get_key_policy(KeyId=arn)["Policy"] == policy
    caller.disable_key(KeyId=arn)
    with pytest.raises(owner.exceptions.DisabledException, match="is disabled"):
        owner.encrypt(KeyId=arn, Plaintext=b"x")
    caller.enable_key(KeyId=arn)
    assert caller.schedule_key_deletion(KeyId=arn)["KeyState"] == "PendingDeletion"
    caller.cancel_key_deletion(KeyId=arn)
    shown = owner.describe_key(KeyId=arn)["KeyMetadata"]
    assert (shown["KeyState"], shown["Description"]) == ("Disabled", "new")


def test_grants_from_every_position(positions: Any) -> None:
    owner, caller = positions.owner("kms"), positions.caller("kms")
    arn = make(owner)
    root = f"arn:aws:iam::{positions.caller_account}:root"
    given = {"KeyId": arn, "GranteePrincipal": root, "RetiringPrincipal": root, "Operations": ["Decrypt"]}
    made = caller.create_grant(**given)
    [listed] = caller.list_grants(KeyId=arn)["Grants"]
    assert (listed["GrantId"], listed["IssuingAccount"]) == (made["GrantId"], root)
    near = positions.atoll.client("kms", positions.caller_account, positions.owner_region)
    found = near.get_paginator("list_retirable_grants").paginate(RetiringPrincipal=root)
    assert made["GrantId"] in [each["GrantId"] for page in found for each in page["Grants"]]
    caller.retire_grant(GrantToken=made["GrantToken"])
    found = near.get_paginator("list_retirable_grants").paginate(RetiringPrincipal=root)
    assert made["GrantId"] not in [each["GrantId"] for page in found for each in page["Grants"]]
    assert owner.list_grants(KeyId=arn)["Grants"] == []


def test_asymmetric_keys_from_every_position(positions: Any) -> None:
    owner, caller = positions.owner("kms"), positions.caller("kms")
    arn = make(owner, KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")
    signing = {"KeyId": arn, "Message": b"m", "SigningAlgorithm": "RSASSA_PSS_SHA_256"}
    signature = caller.sign(**signing)["Signature"]
    assert owner.verify(Signature=signature, **signing)["SignatureValid"]
    with pytest.raises(caller.exceptions.KMSInvalidSignatureException):
        caller.verify(Signature=signature[::-1], **signing)
    kem = make(owner, KeySpec="ML_KEM_768", KeyUsage="ENCAPSULATE_DECAPSULATE")
    made = caller.encapsulate(KeyId=kem, EncapsulationAlgorithm="ML_KEM")
    blob = made["SharedSecretCiphertextBlob"]
    got = owner.decapsulate(KeyId=kem, EncapsulationAlgorithm="ML_KEM", SharedSecretCiphertextBlob=blob)
    assert got["SharedSecret"] == made["SharedSecret"]
    pair = caller.generate_data_key_pair(KeyId=make(owner), KeyPairSpec="RSA_2048")
    assert owner.decrypt(CiphertextBlob=pair["PrivateKeyCiphertextBlob"])["Plaintext"] == pair["PrivateKeyPlaintext"]


def test_what_the_model_says_is_checked(atoll: Any) -> None:
    kms = atoll.client("kms")
    arn = make(kms)
    with pytest.raises(ClientError) as caught:
        kms.encrypt(KeyId=arn, Plaintext=b"x" * 4097)
    assert caught.value.response["Error"] == {
        "Code": "ValidationException",
        "Message": "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member must have "
        "length less than or equal to 4096",
    }
    with pytest.raises(ClientError) as caught:
        kms.generate_mac(KeyId=arn, Message=b"m", MacAlgorithm="INVALID")
    assert code_of(caught) == "ValidationException"
    assert "Value 'INVALID' at 'macAlgorithm' failed to satisfy constraint" in str(caught.value)


def test_limits_and_states_that_only_the_service_checks(atoll: Any) -> None:
    kms = atoll.client("kms")
    arn = make(kms)
    with pytest.raises(kms.exceptions.LimitExceededException):
        kms.put_key_policy(KeyId=arn, PolicyName="default", Policy=json.dumps({"Id": "i" * 33_000}))
    context = {str(number): "v" for number in range(9)}
    with pytest.raises(ClientError) as caught:
        kms.create_grant(
            KeyId=arn,
            GranteePrincipal="arn:aws:iam::111111111111:root",
            Operations=["Encrypt"],
            Constraints={"EncryptionContextSubset": context},
        )
    assert code_of(caught) == "ValidationException"
    with pytest.raises(kms.exceptions.UnsupportedOperationException):
        kms.replicate_key(KeyId=make(kms, MultiRegion=True), ReplicaRegion="xx-east-1")
    wrapping = {"WrappingAlgorithm": "RSA_AES_KEY_WRAP_SHA_256", "WrappingKeySpec": "RSA_2048"}
    with pytest.raises(kms.exceptions.UnsupportedOperationException):
        kms.get_parameters_for_import(KeyId=make(kms, Origin="EXTERNAL"), **wrapping)
    store = kms.create_custom_key_store(
        CustomKeyStoreName=str(uuid4()),
        CustomKeyStoreType="EXTERNAL_KEY_STORE",
        XksProxyUriEndpoint="https://proxy.example.com",
        XksProxyUriPath=f"/a{uuid4().hex}/kms/xks/v1",
        XksProxyConnectivity="PUBLIC_ENDPOINT",
        XksProxyAuthenticationCredential={"AccessKeyId": "A" * 20, "RawSecretAccessKey": "s" * 43},
    )["CustomKeyStoreId"]
    with pytest.raises(kms.exceptions.CustomKeyStoreInvalidStateException):
        kms.disconnect_custom_key_store(CustomKeyStoreId=store)
    kms.connect_custom_key_store(CustomKeyStoreId=store)
    with pytest.raises(kms.exceptions.CustomKeyStoreInvalidStateException):
        kms.delete_custom_key_store(CustomKeyStoreId=store)
    kms.disconnect_custom_key_store(CustomKeyStoreId=store)
    kms.delete_custom_key_store(CustomKeyStoreId=store)


def test_relatives_in_their_regions(atoll: Any) -> None:
    first, second = atoll.client("kms"), atoll.client("kms", region="eu-west-1")
    shown = first.create_key(MultiRegion=True)["KeyMetadata"]
    key = shown["KeyId"]
    blob = first.encrypt(KeyId=key, Plaintext=b"p")["CiphertextBlob"]
    replica = first.replicate_key(KeyId=key, ReplicaRegion="eu-west-1")["ReplicaKeyMetadata"]
    assert replica["KeyState"] == "Creating"
    assert second.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled"
    assert second.decrypt(CiphertextBlob=blob)["KeyId"] == replica["Arn"]
    first.rotate_key_on_demand(KeyId=key)
    new = first.encrypt(KeyId=key, Plaintext=b"p")["CiphertextBlob"]
    assert second.decrypt(CiphertextBlob=new, KeyId=key)["Plaintext"] == b"p"
    first.update_primary_region(KeyId=key, PrimaryRegion="eu-west-1")
    config = second.describe_key(KeyId=key)["KeyMetadata"]["MultiRegionConfiguration"]
    assert (config["MultiRegionKeyType"], config["PrimaryKey"]["Region"]) == ("PRIMARY", "eu-west-1")


def test_the_key_of_a_service_is_there_when_it_is_named(atoll: Any) -> None:
    kms = atoll.client("kms", "555555555555")
    listed = {each["AliasName"]: each for each in kms.list_aliases()["Aliases"]}
    assert "TargetKeyId" not in listed["alias/aws/s3"]
    # In an account that has nothing yet, of which reading makes nothing else.
    blob = kms.encrypt(KeyId="alias/aws/s3", Plaintext=b"p")["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"p"
    assert kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]["KeyManager"] == "AWS"
    with pytest.raises(kms.exceptions.NotFoundException):
        atoll.client("kms", "666666666666").encrypt(KeyId="alias/none", Plaintext=b"p")


def test_keys_and_aliases_are_seen_among_all_resources(atoll: Any) -> None:
    kms = atoll.client("kms", "777777777777")
    arn = make(kms, Tags=[{"TagKey": "team", "TagValue": "a"}])
    kms.create_alias(AliasName="alias/mine", TargetKeyId=arn)
    found = atoll.command("get", "resources", "--account", "777777777777", "-o", "name").split()
    assert found == sorted([arn, arn.rpartition(":")[0] + ":alias/mine"])


def test_ids_and_material_by_tags(atoll: Any) -> None:
    material = b64encode(b"k" * 32).decode()
    blobs = []
    for account in ("888888888888", "999999999999"):
        kms = atoll.client("kms", account)
        tags = {"_custom_id_": "00000000-1111-2222-3333-000000000000", "_custom_key_material_": material}
        made = kms.create_key(Tags=[{"TagKey": name, "TagValue": value} for name, value in tags.items()])
        assert made["KeyMetadata"]["KeyId"] == "00000000-1111-2222-3333-000000000000"
        blobs.append(kms.encrypt(KeyId=made["KeyMetadata"]["KeyId"], Plaintext=account.encode())["CiphertextBlob"])
    # Each account's own comes first, and a bystander finds one of them.
    shown = atoll.client("kms", "999999999999").decrypt(CiphertextBlob=blobs[0])
    assert (shown["Plaintext"], ":999999999999:" in shown["KeyId"]) == (b"888888888888", True)
    assert atoll.client("kms").decrypt(CiphertextBlob=blobs[0])["Plaintext"] == b"888888888888"


# ---- accounts that are copied, restarted, or of other realms

MANIFEST = """
apiVersion: atoll.dev/v1alpha1
kind: Account
metadata: {name: %s}
spec: {accountId: "%s"}
"""


def test_what_was_encrypted_before_a_fork_is_read_on_both_sides(atoll_with: Callable[..., Any], tmp_path: Path) -> None:
    with atoll_with("--data", str(tmp_path / "data")) as atoll:
        atoll.command("apply", "-f", "-", text=MANIFEST % ("seed", OWNER))
        kms = atoll.client("kms")
        arn = make(kms)
        kms.create_alias(AliasName="alias/mine", TargetKeyId=arn)
        signing = make(kms, KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")
        root = f"arn:aws:iam::{OWNER}:root"
        kms.create_grant(KeyId=arn, GranteePrincipal=root, Operations=["Decrypt"])
        blob = kms.encrypt(KeyId=arn, Plaintext=b"p")["CiphertextBlob"]
        params = {"Message": b"m", "SigningAlgorithm": "RSASSA_PSS_SHA_256"}
        signature = kms.sign(KeyId=signing, **params)["Signature"]
        file = tmp_path / "seeded.atoll"
        atoll.command("snapshot", "save", OWNER, str(file))
        atoll.command("snapshot", "load", str(file), "--account", OTHER)
        copy = atoll.client("kms", OTHER)
        for client, account in ((kms, OWNER), (copy, OTHER)):
            got = client.decrypt(CiphertextBlob=blob)
            assert (got["Plaintext"], got["KeyId"]) == (b"p", arn.replace(OWNER, account))
            assert client.verify(KeyId=signing.rpartition("/")[2], Signature=signature, **params)["SignatureValid"]
        # From another region of the copy it is the copy's, too.
        assert atoll.client("kms", OTHER, "eu-west-1").decrypt(CiphertextBlob=blob)["KeyId"].split(":")[4] == OTHER
        [grant] = copy.list_grants(KeyId=arn.replace(OWNER, OTHER))["Grants"]
        assert grant["GranteePrincipal"] == root.replace(OWNER, OTHER)
        assert grant["IssuingAccount"] == root.replace(OWNER, OTHER)
        assert copy.describe_key(KeyId="alias/mine")["KeyMetadata"]["Arn"] == arn.replace(OWNER, OTHER)


def test_third_parties_find_what_is_a_fork_s(atoll_with: Callable[..., Any], tmp_path: Path) -> None:
    third = "arn:aws:iam::333333333333:root"
    with atoll_with("--data", str(tmp_path / "data")) as atoll:
        atoll.command("apply", "-f", "-", text=MANIFEST % ("seed", OWNER))
        original, copy, other = (atoll.client("kms", each) for each in (OWNER, OTHER, "333333333333"))
        arn = make(original)
        theirs = arn.replace(OWNER, OTHER)
        given = {"GranteePrincipal": third, "RetiringPrincipal": third, "Operations": ["Decrypt"]}
        granted = original.create_grant(KeyId=arn, **given)["GrantId"]
        file = tmp_path / "seeded.atoll"
        atoll.command("snapshot", "save", OWNER, str(file))
        atoll.command("snapshot", "load", str(file), "--account", OTHER)

        def retirable() -> list[str]:
            grants = other.list_retirable_grants(RetiringPrincipal=third)["Grants"]
            assert {each["GrantId"] for each in grants} <= {granted}
            return sorted(each["KeyId"] for each in grants)

        def become(wanted: list[str]) -> bool:
            """Mirrors come by effects, soon."""
            return any(retirable() == wanted for _ in range(1000))

        assert become([arn, theirs])
        original.revoke_grant(KeyId=arn, GrantId=granted)
        assert become([theirs])
        atoll.command("snapshot", "load", str(file), "--account", OWNER)
        assert become([arn, theirs])
        atoll.command("reset", "--account", OTHER)
        assert retirable() == [arn]
        atoll.command("snapshot", "load", str(file), "--account", OTHER)
        copy.rotate_key_on_demand(KeyId=theirs)
        blob = copy.encrypt(KeyId=theirs, Plaintext=b"p")["CiphertextBlob"]
        token = copy.create_grant(KeyId=theirs, GranteePrincipal=third, Operations=["Encrypt"])["GrantToken"]
        for client in (other, original, copy):
            assert client.decrypt(CiphertextBlob=blob)["KeyId"] == theirs
            assert client.re_encrypt(CiphertextBlob=blob, DestinationKeyId=arn)["SourceKeyId"] == theirs
        other.retire_grant(GrantToken=token)
        assert len(copy.list_grants(KeyId=theirs)["Grants"]) == 1


def test_keys_outlast_a_restart(atoll_with: Callable[..., Any], tmp_path: Path) -> None:
    options = ("--data", str(tmp_path / "data"))
    with atoll_with(*options) as atoll:
        kms = atoll.client("kms")
        arn = make(kms)
        mac = make(kms, KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
        blob = kms.encrypt(KeyId=arn, Plaintext=b"p")["CiphertextBlob"]
        params = {"KeyId": mac, "Message": b"m", "MacAlgorithm": "HMAC_SHA_256"}
        made = kms.generate_mac(**params)["Mac"]
    with atoll_with(*options) as atoll:
        kms = atoll.client("kms", OTHER, "eu-central-1")
        assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"p"
        assert kms.verify_mac(Mac=made, **params)["MacValid"]
        own = atoll.client("kms")
        assert own.get_key_last_usage(KeyId=arn)["KeyLastUsage"]["Operation"] in ("Encrypt", "Decrypt")


def test_a_region_that_is_reset_breaks_no_multi_region_key(atoll_with: Callable[..., Any]) -> None:
    """Its replica is made again; nobody waits for it, and it takes nobody's place."""
    with atoll_with("--temporary") as atoll:
        kms, there = atoll.client("kms", OWNER, REGION), atoll.client("kms", OWNER, "us-east-1")
        key = kms.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
        blob = kms.encrypt(KeyId=key, Plaintext=b"p")["CiphertextBlob"]
        for again in range(2):
            kms.replicate_key(KeyId=key, ReplicaRegion="us-east-1")
            assert there.decrypt(CiphertextBlob=blob)["KeyId"] == there.describe_key(KeyId=key)["KeyMetadata"]["Arn"]
            atoll.command("reset", "--account", OWNER, "--region", "us-east-1")
            if again:
                with pytest.raises(ClientError) as caught:
                    kms.update_primary_region(KeyId=key, PrimaryRegion="us-east-1")
                assert code_of(caught) == "NotFoundException"
        assert kms.schedule_key_deletion(KeyId=key)["KeyState"] == "PendingDeletion"


def test_nothing_crosses_realms(atoll_with: Callable[..., Any], tmp_path: Path) -> None:
    twins = "".join(
        f"---\napiVersion: atoll.dev/v1alpha1\nkind: Account\n"
        f"metadata: {{name: a, namespace: {realm}}}\nspec: {{accountId: '{OWNER}'}}\n"
        for realm in ("one", "two")
    )
    with atoll_with("--data", str(tmp_path / "data")) as atoll:
        token = (tmp_path / "data" / "control-token").read_text().strip()
        atoll.command("apply", "-f", "-", text=twins, ATOLL_TOKEN=token)
        clients = [atoll.client("kms", OWNER, REGION, **atoll.keys_of("a", realm, token)) for realm in ("one", "two")]
        arn = make(clients[0])
        blob = clients[0].encrypt(KeyId=arn, Plaintext=b"p")["CiphertextBlob"]
        root = {"GranteePrincipal": f"arn:aws:iam::{OWNER}:root", "Operations": ["Decrypt"]}
        token = clients[0].create_grant(KeyId=arn, **root)["GrantToken"]
        for call, code in [
            (lambda kms: kms.decrypt(CiphertextBlob=blob), "AccessDeniedException"),
            (lambda kms: kms.decrypt(CiphertextBlob=blob, KeyId=arn), "NotFoundException"),
            (lambda kms: kms.describe_key(KeyId=arn), "NotFoundException"),
            (lambda kms: kms.retire_grant(GrantToken=token), "InvalidGrantTokenException"),
        ]:
            with pytest.raises(ClientError) as caught:
                call(clients[1])
            assert code_of(caught) == code
        assert clients[0].decrypt(CiphertextBlob=blob)["Plaintext"] == b"p"
