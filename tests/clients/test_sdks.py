"""AWS's SDKs for JavaScript, Go and Java: one round of each service, by keys that are verified, as the owner of what
the round is about and as another account in another region."""

from __future__ import annotations

import json
from typing import Any

import pytest
from build_clients import CLIENTS, Client, is_built

OWNER = "111111111111"
REGION = "eu-central-1"
TEXT = "żółw & <b>"


@pytest.fixture(params=sorted(CLIENTS))
def client(request: pytest.FixtureRequest) -> Client:
    client = CLIENTS[request.param]
    if not is_built(client):
        pytest.skip(f"`make test-clients` builds the client in {client.name}, or says why it cannot")
    return client


def test_sqs_as_the_owner(declared: Any, client: Client) -> None:
    seen = sqs(declared, "payments", client, f"sdk-{client.name}")
    assert seen["account"] == OWNER
    assert seen["url"] == f"{declared.url}/queue/{REGION}/{OWNER}/sdk-{client.name}"


def test_sqs_as_another_account(declared: Any, client: Client) -> None:
    owner = declared.client("sqs", OWNER, REGION)
    url = owner.create_queue(QueueName=f"sdk-{client.name}-shared")["QueueUrl"]
    seen = sqs(declared, "orders", client, url)
    assert seen["account"] != OWNER
    assert "QueueUrls" not in owner.list_queues(QueueNamePrefix=f"sdk-{client.name}-shared")


def sqs(declared: Any, account: str, client: Client, queue: str) -> Any:
    """What the client saw, after what is the same for everybody has been checked."""
    seen = played(declared, account, client, "sqs", queue)
    assert (seen["same"], seen["body"], seen["attribute"]) == (True, TEXT, "greeting")
    for missing in (seen["missingQueue"], seen["missingName"]):
        assert missing == refusal(
            client,
            "QueueDoesNotExist",
            "The specified queue does not exist.",
            code="AWS.SimpleQueueService.NonExistentQueue",
            missing=True,
        )
    assert seen["invalidAttribute"] == refusal(client, "InvalidAttributeName", "Unknown Attribute Nope.")
    return seen


def test_sns_as_the_owner(declared: Any, client: Client) -> None:
    seen = sns(declared, "payments", client, f"sdk-{client.name}")
    assert seen["topic"] == f"arn:aws:sns:{REGION}:{OWNER}:sdk-{client.name}"


def test_sns_as_another_account(declared: Any, client: Client) -> None:
    owner = declared.client("sns", OWNER, REGION)
    arn = owner.create_topic(Name=f"sdk-{client.name}-shared")["TopicArn"]
    assert sns(declared, "orders", client, arn)["topic"] == arn
    assert arn not in [topic["TopicArn"] for topic in owner.list_topics()["Topics"]]


def sns(declared: Any, account: str, client: Client, topic: str) -> Any:
    seen = played(declared, account, client, "sns", topic, f"sdk-{client.name}-inbox")
    assert seen["subscription"].startswith(f"{seen['topic']}:")
    envelope, of_batch = json.loads(seen["envelope"]), json.loads(seen["envelopeOfBatch"])
    assert (envelope["Subject"], envelope["Message"], of_batch["Message"]) == ("Hello", TEXT, "in a batch")
    assert envelope["MessageAttributes"] == {"kind": {"Type": "String", "Value": "greeting"}}
    for document, published in ((envelope, seen["published"]), (of_batch, seen["publishedInBatch"])):
        assert (document["Type"], document["MessageId"]) == ("Notification", published)
        assert document["TopicArn"] == seen["topic"]
    assert seen["missingTopic"] == refusal(
        client, "NotFoundException", "Topic does not exist", code="NotFound", status=404, missing=True
    )
    assert seen["invalidAttribute"] == refusal(
        client, "InvalidParameterException", "Invalid parameter: AttributeName", code="InvalidParameter"
    )
    return seen


def test_sns_fifo_as_the_owner(declared: Any, client: Client) -> None:
    seen = sns_fifo(declared, "payments", client, f"sdk-{client.name}.fifo")
    assert seen["topic"] == f"arn:aws:sns:{REGION}:{OWNER}:sdk-{client.name}.fifo"


def test_sns_fifo_as_another_account(declared: Any, client: Client) -> None:
    owner = declared.client("sns", OWNER, REGION)
    attributes = {"FifoTopic": "true", "ContentBasedDeduplication": "true"}
    arn = owner.create_topic(Name=f"sdk-{client.name}-shared.fifo", Attributes=attributes)["TopicArn"]
    assert sns_fifo(declared, "orders", client, arn)["topic"] == arn


def sns_fifo(declared: Any, account: str, client: Client, topic: str) -> Any:
    """Publishes `one` twice, then `two`."""
    seen = played(declared, account, client, "sns-fifo", topic, f"sdk-{client.name}-inbox.fifo")
    assert seen["bodies"] == ["one", "two"]
    first, _, last = seen["sequenceNumbers"]
    assert len(first) == 20
    assert first < last
    return seen


def test_kms_as_the_owner(declared: Any, client: Client) -> None:
    seen = kms(declared, "payments", client)
    for key in (seen["key"], seen["signingKey"]):
        assert key.startswith(f"arn:aws:kms:{REGION}:{OWNER}:key/")
    assert seen["missingKey"]["message"].startswith(f"Key 'arn:aws:kms:{REGION}:{OWNER}:key/")


def test_kms_as_another_account(declared: Any, client: Client) -> None:
    owner = declared.client("kms", OWNER, REGION)
    keys = [
        owner.create_key(**parameters)["KeyMetadata"]["Arn"]
        for parameters in ({}, {"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"})
    ]
    seen = kms(declared, "orders", client, *keys)
    assert [seen["key"], seen["signingKey"]] == keys
    assert seen["missingKey"]["message"].startswith("Key 'arn:aws:kms:us-east-1:")


def kms(declared: Any, account: str, client: Client, *keys: str) -> Any:
    seen = played(declared, account, client, "kms", *keys)
    assert (seen["decrypted"], seen["decryptedBy"]) == (TEXT, seen["key"])
    assert (seen["dataKeyBytes"], seen["sameDataKey"]) == (32, True)
    assert (seen["valid"], seen["validByPublicKey"]) == (True, True)
    missing = seen["missingKey"]
    assert missing == refusal(client, "NotFoundException", missing["message"], missing=True)
    assert missing["message"].endswith("/00000000-0000-4000-8000-000000000000' does not exist")
    for error, refused in (
        ("InvalidCiphertextException", seen["wrongContext"]),
        ("KMSInvalidSignatureException", seen["wrongSignature"]),
    ):
        # AWS says nothing more of these two, so the message is the SDK's own.
        assert refused == refusal(client, error, refused["message"])
    return seen


def test_secrets_manager_as_the_owner(declared: Any, client: Client) -> None:
    seen = secrets_manager(declared, "payments", client, f"sdk-{client.name}")
    assert seen["secret"].startswith(f"arn:aws:secretsmanager:{REGION}:{OWNER}:secret:sdk-{client.name}-")


def test_secrets_manager_as_another_account(declared: Any, client: Client) -> None:
    owner = declared.client("secretsmanager", OWNER, REGION)
    # No other account may read what is under the owner's default key.
    key = declared.client("kms", OWNER, REGION).create_key()["KeyMetadata"]["Arn"]
    name = f"sdk-{client.name}-shared"
    arn = owner.create_secret(Name=name, SecretString=TEXT, KmsKeyId=key)["ARN"]
    assert secrets_manager(declared, "orders", client, arn)["secret"] == arn
    assert owner.list_secrets(Filters=[{"Key": "name", "Values": [name]}])["SecretList"] == []


def secrets_manager(declared: Any, account: str, client: Client, secret: str) -> Any:
    seen = played(declared, account, client, "secretsmanager", secret)
    assert (seen["first"], seen["second"], seen["previous"]) == (TEXT, TEXT, TEXT)
    assert sorted(seen["stages"]) == ["AWSCURRENT", "AWSPREVIOUS"]
    assert seen["stages"]["AWSCURRENT"] == seen["versionPut"]
    for missing in (seen["missingSecret"], seen["missingName"]):
        assert missing == refusal(
            client, "ResourceNotFoundException", "Secrets Manager can't find the specified secret.", missing=True
        )
    assert seen["invalidDeletion"] == refusal(
        client,
        "InvalidParameterException",
        "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
    )
    return seen


def played(declared: Any, account: str, client: Client, *arguments: str) -> Any:
    """What the client says that it saw."""
    return json.loads(declared.command("exec", account, "--", *client.command, *arguments))


def refusal(
    client: Client, error: str, message: str, *, code: str | None = None, status: int = 400, missing: bool = False
) -> dict[str, Any]:
    """What a program says of one, whose class the SDK names as its language does; `code` where that is another word."""
    classes = {
        "go": f"*types.{error}",
        "java": f"{error.removesuffix('Exception')}Exception".replace("KMS", "Kms"),
        "javascript": error,
    }
    return {
        "class": classes[client.name],
        "code": code or error,
        "missing": missing,
        "message": message,
        "status": status,
    }
