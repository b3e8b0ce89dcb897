"""Sessions of one's own account, whose key it is, and messages decoded."""

from __future__ import annotations

import base64
from typing import Any

import orjson
import pytest
from atoll.core.authorization_messages import seal_message
from atoll.core.errors import AwsError
from atoll.services.sts.access import ACCESS
from atoll.services.sts.service import sts as service
from botocore.loaders import Loader

ONE = "111111111111"


def refused(sts: Any, operation: str, **params: Any) -> AwsError:
    with pytest.raises(AwsError) as raised:
        sts(operation, **params)
    return raised.value


def test_every_operation_of_the_model_is_there(sts: Any) -> None:
    model = Loader().load_service_model("sts", "service-2")
    assert set(sts.operations) == set(model["operations"]) == set(ACCESS)
    assert service.schema is None
    assert all(operation.readonly for operation in sts.operations.values())


def test_who_calls(sts: Any) -> None:
    assert sts("GetCallerIdentity") == {"UserId": "AIDAU", "Account": ONE, "Arn": f"arn:aws:iam::{ONE}:user/u"}


def test_a_session_token_is_the_same_caller(sts: Any) -> None:
    before = sts("GetCallerIdentity")
    caller = sts.become(sts("GetSessionToken", SerialNumber="GAHT12345678", TokenCode="123456"))
    assert sts("GetCallerIdentity") == before
    assert (caller.session.expires, caller.session.mfa) == (sts.now + 43200, True)
    error = refused(sts, "GetSessionToken")
    assert (error.code, error.status) == ("AccessDenied", 403)
    assert error.message == "Cannot call GetSessionToken with session credentials"
    assert refused(sts, "GetFederationToken", Name="bob").message == (
        "Cannot call GetFederationToken with session credentials"
    )


def test_a_federated_user(sts: Any) -> None:
    first = sts.caller.principal
    policy = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["sqs:*"],"Resource":["*"]}}'
    answer = sts("GetFederationToken", Name="bob", Policy=policy, DurationSeconds=900, Tags=[{"Key": "a", "Value": ""}])
    arn = f"arn:aws:sts::{ONE}:federated-user/bob"
    assert answer["FederatedUser"] == {"FederatedUserId": f"{ONE}:bob", "Arn": arn}
    assert answer["PackedPolicySize"] > 0
    caller = sts.become(answer)
    assert (caller.principal, caller.user_id, caller.session.chain) == (arn, f"{ONE}:bob", (first,))
    assert (caller.session.tags, caller.session.policy) == ({"a": ""}, policy)
    assert caller.session.expires == sts.now + 900


def test_a_federated_user_without_policy_or_tags(sts: Any) -> None:
    assert sts("GetFederationToken", Name="bob")["PackedPolicySize"] == 0


ROLE = f"arn:aws:iam::{ONE}:role/r"
CALLS: dict[str, dict[str, Any]] = {
    "AssumeRole": {"RoleArn": ROLE, "RoleSessionName": "s1"},
    "AssumeRoot": {"TargetPrincipal": ONE, "TaskPolicyArn": {"arn": "arn:aws:iam::aws:policy/root-task/x"}},
    "DecodeAuthorizationMessage": {"EncodedMessage": "x"},
    "GetAccessKeyInfo": {"AccessKeyId": "LKIAQAAAAAAAQAAAAAAA"},
    "GetDelegatedAccessToken": {"TradeInToken": "opaque"},
    "GetFederationToken": {"Name": "bob"},
    "GetSessionToken": {},
    "GetWebIdentityToken": {"Audience": ["a"], "SigningAlgorithm": "ES384"},
}


@pytest.mark.parametrize(
    ("operation", "params", "allowed"),
    [("GetSessionToken", {}, {"AssumeRole"}), ("GetFederationToken", {"Name": "bob"}, set())],
)
def test_what_a_session_may_not_call(sts: Any, operation: str, params: dict[str, Any], allowed: set[str]) -> None:
    sts.become(sts(operation, **params))
    assert sts("GetCallerIdentity")["Account"] == ONE
    for name in CALLS.keys() - allowed:
        error = refused(sts, name, **CALLS[name])
        assert (error.code, error.message) == ("AccessDenied", f"Cannot call {name} with session credentials")
    for name in allowed:
        assert sts(name, **CALLS[name])["Credentials"]


@pytest.mark.parametrize("tag", [{"Key": "aws:x", "Value": ""}, {"Key": "x", "Value": "AWS:y"}])
def test_tags_that_are_reserved(sts: Any, tag: dict[str, str]) -> None:
    for name in ("AssumeRole", "GetFederationToken"):
        assert refused(sts, name, **CALLS[name], Tags=[tag]).code == "InvalidParameterValue"


def _jwt(**claims: Any) -> str:
    parts = ({"alg": "none"}, claims)
    return ".".join([*(base64.urlsafe_b64encode(orjson.dumps(part)).decode().rstrip("=") for part in parts), ""])


def test_a_trade_in_token(sts: Any) -> None:
    for token, principal in (
        ("opaque", f"arn:aws:iam::{ONE}:user/u"),
        (_jwt(sub=f"arn:aws:iam::{ONE}:role/helper", exp=sts.now + 1), f"arn:aws:iam::{ONE}:role/helper"),
        (_jwt(sub="arn:aws:iam::999999999999:role/other"), f"arn:aws:iam::{ONE}:user/u"),
        (_jwt(sub="somebody"), f"arn:aws:iam::{ONE}:user/u"),
    ):
        answer = sts("GetDelegatedAccessToken", TradeInToken=token)
        assert answer["AssumedPrincipal"] == principal
        before = sts.caller
        assert sts.become(answer).principal == principal
        sts.caller = before
    assert refused(sts, "GetDelegatedAccessToken", TradeInToken=_jwt(exp=sts.now)).code == (
        "ExpiredTradeInTokenException"
    )


@pytest.mark.parametrize(
    ("key", "account"), [("LKIAQAAAAAAAQAAAAAAA", "000000000001"), ("ASIAQNZGKIQY56JQ7WML", "029608264753")]
)
def test_whose_a_key_is(sts: Any, key: str, account: str) -> None:
    assert sts("GetAccessKeyInfo", AccessKeyId=key) == {"Account": account}


def test_a_key_that_carries_no_account(sts: Any) -> None:
    assert refused(sts, "GetAccessKeyInfo", AccessKeyId="AKIAIOSFODNN7EXAMPLE").code == "ValidationError"


def test_a_message_is_decoded_for_its_account_only(sts: Any) -> None:
    message = '{"allowed":false,"explicitDeny":true}'
    encoded = seal_message(sts.sealer, ONE, message)
    assert sts("DecodeAuthorizationMessage", EncodedMessage=encoded) == {"DecodedMessage": message}
    for text in (seal_message(sts.sealer, "222222222222", message), "x", encoded[:-4], sts.sealer.seal("x", b"1" * 40)):
        error = refused(sts, "DecodeAuthorizationMessage", EncodedMessage=text)
        assert error.code == "InvalidAuthorizationMessageException"
