"""Key policies: what is taken, what is refused, and who would be locked out by them."""

from __future__ import annotations

import json
from typing import Any

import pytest

ROOT = "arn:aws:iam::111111111111:root"
LOCKED_OUT = (
    "MalformedPolicyDocumentException",
    "The new key policy will not allow you to update the key policy in the future.",
)
NO_PRINCIPAL = (
    "MalformedPolicyDocumentException",
    "Policy contains a statement with one or more invalid principals.",
)
ADMIN = {"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "kms:*", "Resource": "*"}


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def check(kms: Any, text: str, refused: tuple[str, str] | None, **params: Any) -> None:
    """By all that takes a policy."""
    key = kms.key(MultiRegion=True)
    calls = [
        ("CreateKey", {"Policy": text}),
        ("PutKeyPolicy", {"KeyId": key, "Policy": text}),
        ("ReplicateKey", {"KeyId": key, "ReplicaRegion": "us-east-1", "Policy": text}),
    ]
    for operation, given in calls:
        if refused is None:
            kms.call(operation, **given, **params)
        else:
            assert kms.fails(operation, **given, **params) == refused


@pytest.mark.parametrize("without", ["Action", "Resource"])
def test_a_statement_without_actions_or_resources_means_nothing(kms: Any, without: str) -> None:
    statement = {name: value for name, value in ADMIN.items() if name != without}
    check(kms, policy(ADMIN, statement), None)
    check(kms, policy(statement), LOCKED_OUT)


@pytest.mark.parametrize(
    "principal",
    [
        "foo",
        {},
        {"AWS": "foo"},
        {"AWS": [ROOT, "foo"]},
        {"AWS": []},
        {"AWS": 1},
        {"AWS": "1"},
        {"AWS": "arn:aws:iam::1:root"},
        {"AWS": "arn:aws:iam::111111111111:role/*"},
        {"AWS": "arn:aws:s3:::bucket"},
        {"Foo": "x"},
        {"AWS": ROOT, "Foo": "x"},
    ],
)
def test_principals_that_are_none(kms: Any, principal: Any) -> None:
    check(kms, policy(ADMIN, {**ADMIN, "Principal": principal}), NO_PRINCIPAL)
    check(kms, policy({**ADMIN, "Principal": principal}), NO_PRINCIPAL, BypassPolicyLockoutSafetyCheck=True)


@pytest.mark.parametrize(
    "principal",
    [
        "*",
        {"AWS": "*"},
        {"AWS": "222222222222"},
        {"AWS": ["arn:aws:iam::222222222222:user/a/b", "arn:aws:sts::222222222222:assumed-role/r/s"]},
        {"AWS": "AROA1234567890EXAMPLE"},
        {"Service": "sqs.amazonaws.com", "AWS": ROOT},
        {"Federated": "cognito-identity.amazonaws.com"},
    ],
)
def test_principals_that_are_some(kms: Any, principal: Any) -> None:
    check(kms, policy(ADMIN, {**ADMIN, "Principal": principal}), None)


@pytest.mark.parametrize(
    "statement",
    [
        {"Principal": {"AWS": "arn:aws:iam::222222222222:root"}},
        {"Principal": {"AWS": "222222222222"}},
        {"Principal": {"Service": "sqs.amazonaws.com"}},
        {"Action": ["kms:Encrypt", "kms:PutKey"]},
        {"Action": "*?" * 1000 + "!"},
        {"Action": "kms:[Pp]utKeyPolicy"},
        {"Effect": "Deny"},
    ],
)
def test_a_policy_that_locks_its_account_out(kms: Any, statement: dict[str, Any]) -> None:
    text = policy({**ADMIN, **statement})
    check(kms, text, LOCKED_OUT)
    check(kms, text, None, BypassPolicyLockoutSafetyCheck=True)


@pytest.mark.parametrize(
    "statement",
    [
        {"Principal": "*"},
        {"Principal": {"AWS": ["222222222222", "111111111111"]}},
        {"Principal": {"AWS": "arn:aws:iam::111111111111:role/admin"}},
        {"Action": "*"},
        {"Action": ["kms:Encrypt", "KMS:Put*"]},
        {"Action": "kms:PutKeyPolic?"},
        {"Condition": {"StringEquals": {"kms:CallerAccount": "111111111111"}}},
    ],
)
def test_a_policy_that_somebody_can_change(kms: Any, statement: dict[str, Any]) -> None:
    check(kms, policy({**ADMIN, **statement}), None)


def test_a_policy_is_kept_as_it_was_written(kms: Any) -> None:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=3)
    key = kms.key(Policy=text)
    assert kms.call("GetKeyPolicy", KeyId=key)["Policy"] == text
    other = json.dumps({"Statement": statement})
    kms.call("PutKeyPolicy", KeyId=key, Policy=other)
    assert kms.call("GetKeyPolicy", KeyId=key, PolicyName="default")["Policy"] == other


@pytest.mark.parametrize(
    "policy",
    [
        "{",
        "[]",
        "{}",
        '{"Statement": []}',
        '{"Version": "2020-01-01", "Statement": []}',
        '{"Statement": [1]}',
        '{"Statement": [{"Effect": "Maybe", "Principal": "*", "Action": "*", "Resource": "*"}]}',
        '{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}',
        '{"Statement": [{"Effect": "Allow", "Principal": "me", "Action": "*", "Resource": "*"}]}',
        '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "NotAction": "*", "Resource": "*"}]}',
        '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", "Extra": 1}]}',
        '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}], "Foo": 1}',
        '{"Statement": [{"Sid": 5, "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}',
        '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", "Condition": "x"}]}',
    ],
)
def test_what_is_no_policy_is_refused(kms: Any, policy: str) -> None:
    assert kms.fails("CreateKey", Policy=policy)[0] == "MalformedPolicyDocumentException"
    assert kms.fails("PutKeyPolicy", KeyId=kms.key(), Policy=policy)[0] == "MalformedPolicyDocumentException"


def test_the_longest_policy(kms: Any) -> None:
    empty = len(policy({**ADMIN, "Sid": ""}))
    check(kms, policy({**ADMIN, "Sid": "s" * (32_768 - empty)}), None)
    too_long = ("LimitExceededException", "Policy exceeds the maximum size")
    check(kms, policy({**ADMIN, "Sid": "s" * (32_769 - empty)}), too_long)
