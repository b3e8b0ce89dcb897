"""Grants: with the key, whoever makes them; mirrors where a principal of another account may retire one; tokens."""

from __future__ import annotations

from typing import Any

import pytest
from atoll.services.kms.grant_tokens import key_of_token, make_token, parse_token
from hypothesis import given, settings
from hypothesis import strategies as st

HERE = ("111111111111", "eu-central-1")
OTHER = ("222222222222", "eu-central-1")
BOTH = ("222222222222", "us-east-1")
ROLE = "arn:aws:iam::222222222222:role/r"
OPERATIONS = ["Decrypt", "Encrypt"]
GIVEN = {"GranteePrincipal": ROLE, "Operations": OPERATIONS}
DRY = ("DryRunOperationException", "The request would have succeeded, but the DryRun option is set.")


def grant(kms: Any, key: str, by: Any = HERE, **params: Any) -> dict[str, str]:
    made = kms.call("CreateGrant", by, KeyId=kms.arn(key), **{**GIVEN, **params})
    assert isinstance(made, dict)
    return made


def test_a_grant_is_shown_with_all_that_it_says(kms: Any) -> None:
    key = kms.key()
    constraints = {"EncryptionContextSubset": {"a": "1"}}
    made = grant(kms, key, BOTH, Name="mine", RetiringPrincipal=ROLE, Constraints=constraints)
    for by in (HERE, OTHER, BOTH):
        listed = kms.call("ListGrants", by, KeyId=kms.arn(key))
        assert listed == {
            "Grants": [
                {
                    "KeyId": kms.arn(key),
                    "GrantId": made["GrantId"],
                    "Name": "mine",
                    "CreationDate": kms.now(),
                    "GranteePrincipal": ROLE,
                    "RetiringPrincipal": ROLE,
                    "IssuingAccount": "arn:aws:iam::222222222222:root",
                    "Operations": OPERATIONS,
                    "Constraints": constraints,
                }
            ],
            "Truncated": False,
        }
    [(issuer,)] = kms.tenant().rows("SELECT issuer FROM key_grant")
    assert issuer == "222222222222"
    grant(kms, key)
    assert kms.tenant().rows("SELECT 1 FROM key_grant WHERE issuer IS NULL") == [(1,)]


def test_a_name_makes_a_call_the_same_as_one_before(kms: Any) -> None:
    key = kms.key()
    first, second = grant(kms, key, Name="a"), grant(kms, key, Name="a")
    assert first["GrantId"] == second["GrantId"]
    assert first["GrantToken"] != second["GrantToken"]
    assert grant(kms, key, Name="a", Operations=OPERATIONS[::-1])["GrantId"] == first["GrantId"]
    assert grant(kms, key, Name="a", Operations=["Decrypt"])["GrantId"] != first["GrantId"]
    assert grant(kms, key)["GrantId"] != grant(kms, key)["GrantId"]


def test_lists_are_filtered_and_come_in_pages(kms: Any) -> None:
    key = kms.key()
    made = sorted(grant(kms, key)["GrantId"] for _ in range(5))
    other = grant(kms, key, GranteePrincipal="333333333333")["GrantId"]
    page = kms.call("ListGrants", KeyId=key, GranteePrincipal=ROLE, Limit=3)
    rest = kms.call("ListGrants", KeyId=key, GranteePrincipal=ROLE, Marker=page["NextMarker"])
    assert [each["GrantId"] for each in page["Grants"] + rest["Grants"]] == made
    assert [each["GrantId"] for each in kms.call("ListGrants", KeyId=key, GrantId=other)["Grants"]] == [other]
    assert kms.call("ListGrants", KeyId=key, GranteeServicePrincipal="a.amazonaws.com")["Grants"] == []


def test_revoked_and_retired(kms: Any) -> None:
    key = kms.key()
    ids = [grant(kms, key)["GrantId"] for _ in range(2)]
    tokens = [grant(kms, key)["GrantToken"] for _ in range(2)]
    assert kms.fails("RevokeGrant", OTHER, KeyId=kms.arn(key), GrantId=ids[0], DryRun=True) == DRY
    kms.call("RevokeGrant", BOTH, KeyId=kms.arn(key), GrantId=ids[0])
    assert kms.fails("RetireGrant", OTHER, KeyId=kms.arn(key), GrantId=ids[1], DryRun=True) == DRY
    kms.call("RetireGrant", OTHER, KeyId=kms.arn(key), GrantId=ids[1])
    assert kms.fails("RetireGrant", BOTH, GrantToken=tokens[0], DryRun=True) == DRY
    kms.call("RetireGrant", BOTH, GrantToken=tokens[0])
    kms.call("RetireGrant", GrantToken=tokens[1], KeyId=key)
    assert kms.call("ListGrants", KeyId=key)["Grants"] == []
    assert kms.fails("RevokeGrant", KeyId=key, GrantId=ids[0])[0] == "NotFoundException"
    assert kms.fails("RetireGrant", BOTH, GrantToken=tokens[0])[0] == "InvalidGrantTokenException"


def test_what_retires_nothing(kms: Any) -> None:
    key, other = kms.key(), kms.key()
    made = grant(kms, key)
    for params, code in [
        ({}, "ValidationException"),
        ({"KeyId": key}, "ValidationException"),
        ({"GrantId": made["GrantId"]}, "ValidationException"),
        ({"GrantToken": "x"}, "InvalidGrantTokenException"),
        ({"GrantToken": make_token("none", "0" * 64)}, "InvalidGrantTokenException"),
        ({"GrantToken": make_token(key, "0" * 64)}, "InvalidGrantTokenException"),
        ({"GrantToken": made["GrantToken"], "KeyId": other}, "InvalidGrantTokenException"),
        ({"GrantToken": made["GrantToken"], "GrantId": "0" * 64}, "InvalidGrantIdException"),
        ({"KeyId": other, "GrantId": made["GrantId"]}, "NotFoundException"),
        ({"KeyId": key, "GrantId": "x"}, "InvalidGrantIdException"),
    ]:
        assert kms.fails("RetireGrant", **params)[0] == code, params
    assert len(kms.call("ListGrants", KeyId=key)["Grants"]) == 1


def test_who_may_retire_finds_what(kms: Any) -> None:
    key, theirs = kms.key(), kms.key(OTHER)
    made = [
        grant(kms, key, RetiringPrincipal=ROLE)["GrantId"],
        kms.call("CreateGrant", OTHER, KeyId=theirs, RetiringPrincipal=ROLE, **GIVEN)["GrantId"],
    ]
    grant(kms, key, RetiringPrincipal="arn:aws:iam::222222222222:role/other")
    page = kms.call("ListRetirableGrants", OTHER, RetiringPrincipal=ROLE, Limit=1)
    rest = kms.call("ListRetirableGrants", OTHER, RetiringPrincipal=ROLE, Marker=page["NextMarker"])
    listed = page["Grants"] + rest["Grants"]
    assert [each["GrantId"] for each in listed] == sorted(made)
    assert {each["KeyId"] for each in listed} == {kms.arn(key), kms.arn(theirs, OTHER)}
    assert listed[0]["CreationDate"] == kms.now()
    # What is retired is gone in the mirror too.
    kms.call("RetireGrant", OTHER, KeyId=kms.arn(key), GrantId=made[0])
    [left] = kms.call("ListRetirableGrants", OTHER, RetiringPrincipal=ROLE)["Grants"]
    assert left["GrantId"] == made[1]
    own = grant(kms, key, RetiringPrincipal="arn:aws:iam::111111111111:root")["GrantId"]
    [mine] = kms.call("ListRetirableGrants", RetiringPrincipal="arn:aws:iam::111111111111:root")["Grants"]
    assert mine["GrantId"] == own
    assert kms.fails("ListRetirableGrants")[0] == "ValidationException"
    assert kms.call("ListRetirableGrants", RetiringServicePrincipal="a.amazonaws.com")["Grants"] == []


def test_mirrors_of_what_is_gone_are_not_listed(kms: Any) -> None:
    """As when the key's account was reset, or another snapshot of it loaded."""
    key, theirs = kms.key(), kms.key(("333333333333", "eu-central-1"))
    made = [grant(kms, key, RetiringPrincipal=ROLE)["GrantId"] for _ in range(4)]
    third = kms.call("CreateGrant", ("333333333333", "eu-central-1"), KeyId=theirs, RetiringPrincipal=ROLE, **GIVEN)[
        "GrantId"
    ]
    for gone in made[:3]:
        kms.tenant().execute("DELETE FROM key_grant WHERE id = ?", (gone,))
    listed, marker = [], {}
    while True:
        page = kms.call("ListRetirableGrants", OTHER, RetiringPrincipal=ROLE, Limit=2, **marker)
        listed += [each["GrantId"] for each in page["Grants"]]
        if not page["Truncated"]:
            break
        marker = {"Marker": page["NextMarker"]}
    assert listed == sorted([made[3], third])
    assert len(kms.tenant(OTHER[0]).rows("SELECT 1 FROM retirable")) == 2


def test_a_copy_of_a_key_s_account_makes_mirrors_of_its_own(kms: Any) -> None:
    """As after a fork, which has keys and grants of the same ids."""
    key, third = kms.key(), ("333333333333", "eu-central-1")
    made = grant(kms, key, RetiringPrincipal=ROLE)["GrantId"]
    kms.key(third)
    original, copy = kms.tenant(), kms.tenant(third[0])
    for table in ("key", "key_grant"):
        for row in original.rows(f"SELECT * FROM {table}"):
            copy.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)
    copy.set_timer("kms", "copied", "", 0.0)
    kms.advance(1)
    asked: dict[str, Any] = {"by": OTHER, "RetiringPrincipal": ROLE}
    listed = kms.call("ListRetirableGrants", **asked)["Grants"]
    assert [each["KeyId"] for each in listed] == [kms.arn(key), kms.arn(key, third)]
    page = kms.call("ListRetirableGrants", **asked, Limit=1)
    rest = kms.call("ListRetirableGrants", **asked, Limit=1, Marker=page["NextMarker"])
    assert (page["Grants"] + rest["Grants"], rest["Truncated"]) == (listed, False)
    kms.call("RetireGrant", OTHER, KeyId=kms.arn(key), GrantId=made)
    [left] = kms.call("ListRetirableGrants", **asked)["Grants"]
    assert (left["KeyId"], left["GrantId"]) == (kms.arn(key, third), made)
    kms.tenant(OTHER[0]).execute("DELETE FROM retirable")
    copy.set_timer("kms", "copied", "", 0.0)
    kms.advance(1)
    assert kms.call("ListRetirableGrants", **asked)["Grants"] == [left]


def test_grants_go_with_their_key(kms: Any) -> None:
    key = kms.key()
    grant(kms, key, RetiringPrincipal=ROLE)
    kms.call("ScheduleKeyDeletion", KeyId=key, PendingWindowInDays=7)
    assert kms.call("ListGrants", KeyId=key)["Grants"]
    kms.days(8)
    assert kms.tenant().rows("SELECT 1 FROM key_grant") == []
    assert kms.call("ListRetirableGrants", OTHER, RetiringPrincipal=ROLE)["Grants"] == []


def test_a_service_s_grant_says_for_what(kms: Any) -> None:
    key = kms.key()
    arn = "arn:aws:sqs:eu-central-1:111111111111:queue"
    service: dict[str, Any] = {"GranteePrincipal": None, "GranteeServicePrincipal": "sqs.amazonaws.com"}
    assert kms.fails("CreateGrant", KeyId=key, Operations=OPERATIONS, **service)[0] == "ValidationException"
    made = grant(kms, key, **service, Constraints={"SourceArn": arn}, RetiringServicePrincipal="sqs.amazonaws.com")
    [shown] = kms.call("ListGrants", KeyId=key)["Grants"]
    assert shown["GranteeServicePrincipal"] == "sqs.amazonaws.com"
    assert "GranteePrincipal" not in shown
    listed = kms.call("ListRetirableGrants", RetiringServicePrincipal="sqs.amazonaws.com")["Grants"]
    assert [each["GrantId"] for each in listed] == [made["GrantId"]]


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"GranteePrincipal": None}, "ValidationException"),
        ({"GranteeServicePrincipal": "a.amazonaws.com"}, "ValidationException"),
        ({"RetiringPrincipal": ROLE, "RetiringServicePrincipal": "a.amazonaws.com"}, "ValidationException"),
        ({"GranteePrincipal": "somebody"}, "InvalidArnException"),
        ({"GranteePrincipal": "arn:aws:s3:::bucket"}, "InvalidArnException"),
        ({"RetiringPrincipal": "arn:aws:iam::1:root"}, "InvalidArnException"),
        ({"Operations": ["Sign"]}, "ValidationException"),
        ({"Operations": []}, "ValidationException"),
        ({"Operations": ["CreateGrant"]}, "ValidationException"),
        ({"Constraints": {"EncryptionContextEquals": {str(n): "1" for n in range(9)}}}, "ValidationException"),
        ({"Constraints": {"EncryptionContextSubset": {"a": "1" * 385}}}, "ValidationException"),
    ],
)
def test_what_is_no_grant(kms: Any, params: dict[str, Any], code: str) -> None:
    asked = {name: value for name, value in {**GIVEN, **params}.items() if value is not None}
    assert kms.fails("CreateGrant", KeyId=kms.key(), **asked)[0] == code


def test_the_longest_constraint(kms: Any) -> None:
    constraints = {"EncryptionContextEquals": {str(n): "1" * 384 for n in range(8)}}
    key = kms.key()
    grant(kms, key, Constraints=constraints)
    [shown] = kms.call("ListGrants", KeyId=key)["Grants"]
    assert shown["Constraints"] == constraints


def test_what_a_grant_allows_is_what_its_key_does(kms: Any) -> None:
    key = kms.key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    grant(kms, key, Operations=["Sign", "Verify", "GetPublicKey", "DescribeKey", "CreateGrant", "RetireGrant"])
    for operation in ("Encrypt", "GenerateDataKey", "GenerateMac"):
        params = {"GranteePrincipal": ROLE, "Operations": [operation]}
        assert kms.fails("CreateGrant", KeyId=key, **params)[0] == "ValidationException"
    context = {"Constraints": {"EncryptionContextEquals": {"a": "1"}}}
    params = {"GranteePrincipal": ROLE, "Operations": ["Sign"], **context}
    assert kms.fails("CreateGrant", KeyId=key, **params)[0] == "ValidationException"


def test_a_key_that_cannot_be_used_gets_no_grant(kms: Any) -> None:
    key = kms.key()
    assert kms.fails("CreateGrant", KeyId=key, DryRun=True, **GIVEN) == DRY
    kms.call("DisableKey", KeyId=key)
    assert kms.fails("CreateGrant", KeyId=key, **GIVEN)[0] == "DisabledException"
    kms.call("ScheduleKeyDeletion", KeyId=key)
    assert kms.fails("CreateGrant", KeyId=key, **GIVEN)[0] == "KMSInvalidStateException"


@pytest.mark.parametrize("key", ["12345678-1234-1234-1234-123456789012", "mrk-" + "ab" * 16, "my-key"])
def test_a_token_carries_its_key_and_its_grant(key: str) -> None:
    token = make_token(key, "cd" * 32)
    assert parse_token(token) == (key, "cd" * 32)
    assert key_of_token(token) == key
    assert parse_token(token[:-1]) is None


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.text(max_size=200))
def test_whatever_is_no_token_is_nobody_s(text: str) -> None:
    assert key_of_token(text) is None
