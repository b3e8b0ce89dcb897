"""A closed realm: only keys that Atoll issued are taken, and every refusal is AWS's own."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError


@pytest.fixture(scope="module")
def closed(atoll_with: Any) -> Iterator[Any]:
    with atoll_with("--temporary", "--closed") as atoll:
        yield atoll


def refusal(client: Any, operation: str) -> tuple[str, str, int]:
    with pytest.raises(ClientError) as caught:
        client._make_api_call(operation, {})
    answer = caught.value.response
    return answer["Error"]["Code"], answer["Error"]["Message"], answer["ResponseMetadata"]["HTTPStatusCode"]


def test_issued_keys_work(closed: Any) -> None:
    sqs = closed.client("sqs", **closed.printed_keys())
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="x" * 1000)
    assert len(sqs.receive_message(QueueUrl=url)["Messages"]) == 1


@pytest.mark.parametrize("key", ["111111111111", "test", "AKIAQAAAAAAAQAAAAAAA", "LKIAQAAAAAAAQAAAAAAA"])
def test_keys_that_nobody_issued(closed: Any, key: str) -> None:
    words = "The security token included in the request is invalid"
    for service, operation in (("sqs", "ListQueues"), ("sts", "GetCallerIdentity")):
        code, message, status = refusal(closed.client(service, key), operation)
        assert code in ("InvalidClientTokenId", "UnrecognizedClientException")
        assert message.startswith(words)
        assert status == 403


def test_a_wrong_secret(closed: Any) -> None:
    wrong = {**closed.printed_keys(), "aws_secret_access_key": "wrong"}
    for service, operation in (("sqs", "ListQueues"), ("sts", "GetCallerIdentity")):
        code, message, status = refusal(closed.client(service, **wrong), operation)
        assert code in ("SignatureDoesNotMatch", "InvalidSignatureException")
        assert message.startswith("The request signature we calculated does not match the signature you provided.")
        assert status == 403


def test_nobody(closed: Any) -> None:
    for service, operation in (("sqs", "ListQueues"), ("sts", "GetCallerIdentity")):
        nobody = boto3.client(
            service,
            endpoint_url=closed.url,
            region_name="ap-south-1",
            config=Config(signature_version=UNSIGNED, retries={"max_attempts": 0}),
        )
        code, message, status = refusal(nobody, operation)
        assert code in ("MissingAuthenticationToken", "MissingAuthenticationTokenException")
        assert message in ("Request is missing Authentication Token", "Missing Authentication Token")
        assert status == 403
        nobody.close()


def raw(closed: Any, body: bytes, **headers: str) -> tuple[int, str]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(urllib.request.Request(closed.url, body, named), timeout=10)
    with caught.value as error:
        return error.code, error.read().decode()


def test_each_protocols_own_words(closed: Any) -> None:
    scope = "Credential=111111111111/20260101/ap-south-1/sqs/aws4_request, SignedHeaders=host, Signature=0"
    nobodys = f"AWS4-HMAC-SHA256 {scope}"
    target = {"X_Amz_Target": "AmazonSQS.ListQueues", "Content_Type": "application/x-amz-json-1.0"}
    status, body = raw(closed, b"{}", **target)
    assert status == 403
    assert json.loads(body)["__type"].endswith("#MissingAuthenticationTokenException")
    status, body = raw(
        closed, b"Action=ListQueues&Version=2012-11-05", Content_Type="application/x-www-form-urlencoded"
    )
    assert status == 403
    assert re.search("<Type>Sender</Type><Code>MissingAuthenticationToken</Code>", body)
    status, body = raw(closed, b"{}", Authorization=nobodys, X_Amz_Date="20260101T000000Z", **target)
    assert status in (400, 403)
    assert re.search(r"Exception$", json.loads(body)["__type"])


def test_the_issuers_documents_are_for_everybody(closed: Any) -> None:
    with urllib.request.urlopen(f"{closed.url}/_atoll/realms/default/.well-known/openid-configuration") as answer:
        assert json.load(answer)["issuer"].startswith(closed.url)
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{closed.url}/_atoll/realms/none/.well-known/jwks.json", timeout=10)
    with caught.value as error:
        assert error.code == 404


def test_that_it_is_closed_is_said_to_who_shows_no_token(atoll_with: Any, atoll: Any, tmp_path: Path) -> None:
    with atoll_with("--data", str(tmp_path), "--closed") as closed:
        token = (tmp_path / "control-token").read_text().strip()
        for words in (["status"], ["logs"], ["get", "accounts"], ["get", "resources"], ["get", "realms"]):
            for given in ("", "wrong"):
                told = closed.run(*words, ATOLL_TOKEN=given)
                assert "The realm default is closed, and nothing of it is shown without the right token" in told.stderr
                assert told.returncode == 0
            assert "token" not in closed.run(*words, ATOLL_TOKEN=token).stderr
            assert "token" not in atoll.run(*words).stderr
