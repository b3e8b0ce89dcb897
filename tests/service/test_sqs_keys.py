"""Queues with a KMS key: who sends or receives has to be able to use it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

OWNER, OTHER = "111111111111", "222222222222"
USES: dict[str, Callable[[Any, str], Any]] = {
    "send": lambda sqs, url: sqs.send_message(QueueUrl=url, MessageBody="x"),
    "batch": lambda sqs, url: sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": "a", "MessageBody": "x"}]),
    "receive": lambda sqs, url: sqs.receive_message(QueueUrl=url),
}


def unique() -> str:
    return f"keys-{uuid4()}"


def queue(atoll: Any, name: str, key: str) -> str:
    url: str = atoll.client("sqs", OWNER).create_queue(QueueName=name, Attributes={"KmsMasterKeyId": key})["QueueUrl"]
    return url


def disabled(kms: Any) -> str:
    key: str = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.disable_key(KeyId=key)
    return key


def doomed(kms: Any) -> str:
    key: str = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    return key


UNUSABLE: dict[str, tuple[Callable[[Any], str], str]] = {
    "none": (lambda kms: "alias/none", "KMS.NotFoundException"),
    "no id": (lambda kms: "12345678-1234-1234-1234-123456789012", "KMS.NotFoundException"),
    "disabled": (disabled, "KMS.DisabledException"),
    "doomed": (doomed, "KMS.InvalidStateException"),
    "RSA": (
        lambda kms: kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"],
        "KMS.InvalidKeyUsageException",
    ),
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("key", UNUSABLE)
def test_a_key_that_cannot_be_used(atoll: Any, key: str, use: str) -> None:
    make, code = UNUSABLE[key]
    url = queue(atoll, unique(), make(atoll.client("kms", OWNER)))
    with pytest.raises(ClientError) as raised:
        USES[use](atoll.client("sqs", OWNER), url)
    assert raised.value.response["Error"]["Code"] == code


@pytest.mark.parametrize("account", [OWNER, OTHER])
def test_keys_that_can(atoll: Any, account: str) -> None:
    own = atoll.client("kms", OWNER).create_key()["KeyMetadata"]["KeyId"]
    foreign = atoll.client("kms", OTHER).create_key()["KeyMetadata"]["Arn"]
    for key in ("alias/aws/sqs", own, foreign):
        url = queue(atoll, unique(), key)
        sqs = atoll.client("sqs", account)
        sqs.send_message(QueueUrl=url, MessageBody="one")
        assert len(sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": "a", "MessageBody": "two"}])["Successful"]) == 1
        bodies = [
            message["Body"]
            for _ in range(2)
            for message in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1)["Messages"]
        ]
        assert sorted(bodies) == ["one", "two"]
        assert "Messages" not in sqs.receive_message(QueueUrl=url)


def test_a_message_that_comes_while_one_waits(atoll: Any) -> None:
    url = queue(atoll, unique(), "alias/aws/sqs")
    sqs = atoll.client("sqs", OWNER)
    assert "Messages" not in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1)
