"""STS as boto3 sees it, from the four positions; sessions that chain and call; closed realms."""

from __future__ import annotations

import base64
import datetime
import json
import urllib.request
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

ONE, TWO, THREE = "111111111111", "222222222222", "333333333333"


def role(account: str, name: str = "reader") -> str:
    return f"arn:aws:iam::{account}:role/{name}"


def holding(atoll: Any, service: str, answer: dict[str, Any], region: str = "eu-west-1", **options: Any) -> Any:
    """A client with the credentials of an answer of STS."""
    credentials = answer["Credentials"]
    return boto3.client(
        service,
        endpoint_url=atoll.url,
        region_name=region,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
        config=Config(retries={"max_attempts": 0}, inject_host_prefix=False, **options),
    )


def refused(call: Any, **params: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as raised:
        call(**params)
    error: dict[str, Any] = raised.value.response["Error"]
    return error


def test_who_calls(positions: Any) -> None:
    account = positions.caller_account
    answer = positions.caller("sts").get_caller_identity()
    assert {name: answer[name] for name in ("UserId", "Account", "Arn")} == {
        "UserId": account,
        "Account": account,
        "Arn": f"arn:aws:iam::{account}:root",
    }


def test_a_role_is_assumed_from_anywhere(atoll: Any, positions: Any) -> None:
    answer = positions.caller("sts").assume_role(RoleArn=role(positions.owner_account), RoleSessionName="me")
    told = holding(atoll, "sts", answer).get_caller_identity()
    assert (told["Account"], told["Arn"], told["UserId"]) == (
        positions.owner_account,
        f"arn:aws:sts::{positions.owner_account}:assumed-role/reader/me",
        answer["AssumedRoleUser"]["AssumedRoleId"],
    )
    lasts = answer["Credentials"]["Expiration"] - datetime.datetime.now(datetime.UTC)
    assert 3500 < lasts.total_seconds() <= 3600


def test_a_chain_of_roles_reaches_a_third_accounts_queue(atoll: Any) -> None:
    url = atoll.client("sqs", THREE, "eu-west-1").create_queue(QueueName="chained")["QueueUrl"]
    first = atoll.client("sts", ONE, "eu-west-1").assume_role(
        RoleArn=role(ONE, "start"),
        RoleSessionName="one",
        Tags=[{"Key": "Team", "Value": "a"}],
        TransitiveTagKeys=["Team"],
        SourceIdentity="alice",
    )
    second = holding(atoll, "sts", first).assume_role(RoleArn=role(TWO, "middle"), RoleSessionName="two")
    assert second["SourceIdentity"] == "alice"
    queue = holding(atoll, "sqs", second)
    queue.send_message(QueueUrl=url, MessageBody="hello")
    received = queue.receive_message(QueueUrl=url, MessageSystemAttributeNames=["SenderId"], WaitTimeSeconds=5)
    [message] = received["Messages"]
    assert message["Body"] == "hello"
    assert message["Attributes"]["SenderId"] == second["AssumedRoleUser"]["AssumedRoleId"]
    assert "QueueUrls" not in queue.list_queues(QueueNamePrefix="chained")
    error = refused(
        holding(atoll, "sts", second).assume_role, RoleArn=role(THREE), RoleSessionName="three", DurationSeconds=7200
    )
    assert error["Code"] == "ValidationError"
    assert "1 hour session limit for roles assumed by role chaining" in error["Message"]


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"RoleArn": "arn:aws:iam::1:role/x12345"}, "ValidationError"),
        ({"RoleSessionName": "a b"}, "ValidationError"),
        ({"RoleSessionName": "x" * 65}, "ValidationError"),
        ({"DurationSeconds": 43201}, "ValidationError"),
        ({"Policy": "{"}, "MalformedPolicyDocument"),
        ({"Tags": [{"Key": f"T{n}", "Value": "a" * 250} for n in range(9)]}, "PackedPolicyTooLarge"),
        ({"Tags": [{"Key": "a", "Value": ""}, {"Key": "A", "Value": ""}]}, "InvalidParameterValue"),
    ],
)
def test_what_is_refused(atoll: Any, params: dict[str, Any], code: str) -> None:
    sts = atoll.client("sts")
    error = refused(sts.assume_role, **{"RoleArn": role(ONE), "RoleSessionName": "me", **params})
    assert error["Code"] == code


def test_temporary_keys_are_verified(atoll: Any) -> None:
    answer = atoll.client("sts").get_session_token()
    credentials = answer["Credentials"]
    wrong = {"Credentials": {**credentials, "SecretAccessKey": "x" * 40}}
    assert refused(holding(atoll, "sts", wrong).get_caller_identity)["Code"] == "SignatureDoesNotMatch"
    token = credentials["SessionToken"]
    broken = {"Credentials": {**credentials, "SessionToken": token[:-8] + "AAAA" + token[-4:]}}
    assert refused(holding(atoll, "sts", broken).get_caller_identity)["Code"] == "InvalidClientTokenId"
    assert refused(holding(atoll, "sts", answer).get_session_token)["Message"] == (
        "Cannot call GetSessionToken with session credentials"
    )


def test_a_federated_user(atoll: Any) -> None:
    answer = atoll.client("sts", TWO).get_federation_token(Name="bob", DurationSeconds=900)
    told = holding(atoll, "sts", answer).get_caller_identity()
    assert (told["UserId"], told["Arn"]) == (f"{TWO}:bob", f"arn:aws:sts::{TWO}:federated-user/bob")


def test_the_other_operations(atoll: Any) -> None:
    sts = atoll.client("sts", ONE)
    assert sts.get_access_key_info(AccessKeyId="LKIAQAAAAAAAQAAAAAAA")["Account"] == "000000000001"
    assert refused(sts.decode_authorization_message, EncodedMessage="x")["Code"] == (
        "InvalidAuthorizationMessageException"
    )
    task = {"arn": "arn:aws:iam::aws:policy/root-task/SQSUnlockQueuePolicy"}
    root = sts.assume_root(TargetPrincipal=TWO, TaskPolicyArn=task)
    assert holding(atoll, "sts", root).get_caller_identity()["Arn"] == f"arn:aws:iam::{TWO}:root"
    delegated = sts.get_delegated_access_token(TradeInToken="token")
    assert delegated["AssumedPrincipal"] == f"arn:aws:iam::{ONE}:root"
    assert holding(atoll, "sts", delegated).get_caller_identity()["Account"] == ONE


def _token(**claims: Any) -> str:
    parts = (json.dumps(part).encode() for part in ({"alg": "RS256"}, claims))
    return ".".join([*(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts), "c2ln"])


def _nobody(atoll: Any) -> Any:
    config = Config(signature_version=UNSIGNED, retries={"max_attempts": 0}, inject_host_prefix=False)
    return boto3.client("sts", endpoint_url=atoll.url, region_name="eu-west-1", config=config)


def test_a_web_identity(atoll: Any) -> None:
    token = _token(iss="https://oidc.example", sub="pod-one", aud="sts.amazonaws.com", exp=4102444800)
    answer = _nobody(atoll).assume_role_with_web_identity(
        RoleArn=role(TWO), RoleSessionName="pod", WebIdentityToken=token
    )
    assert answer["SubjectFromWebIdentityToken"] == "pod-one"
    assert holding(atoll, "sts", answer).get_caller_identity()["Account"] == TWO


def test_a_web_identity_token_is_verifiable_at_the_endpoint(atoll: Any) -> None:
    answer = atoll.client("sts").get_web_identity_token(Audience=["api"], SigningAlgorithm="ES384")
    header, payload, _ = answer["WebIdentityToken"].split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    with urllib.request.urlopen(claims["iss"] + "/.well-known/openid-configuration", timeout=10) as found:
        discovery = json.load(found)
    assert discovery["issuer"] == claims["iss"]
    with urllib.request.urlopen(discovery["jwks_uri"], timeout=30) as found:
        keys = json.load(found)["keys"]
    assert json.loads(base64.urlsafe_b64decode(header + "=="))["kid"] in {key["kid"] for key in keys}


def test_a_closed_realm(atoll_with: Any) -> None:
    with atoll_with("--temporary", "--closed") as closed:
        keys = closed.printed_keys()
        sts = closed.client("sts", **keys)
        assert sts.get_caller_identity()["Account"] == "000000000000"
        assert holding(closed, "sts", sts.get_session_token()).get_caller_identity()["Account"] == "000000000000"
        for key in (ONE, "test", "LKIAQAAAAAAAQAAAAAAA"):
            assert refused(closed.client("sts", key).get_caller_identity)["Code"] == "InvalidClientTokenId"
        wrong = closed.client("sts", **{**keys, "aws_secret_access_key": "x"})
        assert refused(wrong.get_caller_identity)["Code"] == "SignatureDoesNotMatch"
        nobody = _nobody(closed)
        assert refused(nobody.get_caller_identity)["Code"] == "MissingAuthenticationToken"
        token = _token(iss="https://oidc.example", sub="pod-one", aud="sts.amazonaws.com", exp=4102444800)
        answer = nobody.assume_role_with_web_identity(RoleArn=role(TWO), RoleSessionName="pod", WebIdentityToken=token)
        assert holding(closed, "sts", answer).get_caller_identity()["Account"] == TWO
