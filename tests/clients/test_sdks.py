"""AWS's SDKs for JavaScript, Go and Java: one round each, by keys that are verified, as the queue's owner and as
another account in another region."""

from __future__ import annotations

import json
from typing import Any

import pytest
from build_clients import CLIENTS, Client, is_built

CLASSES = {
    "javascript": ("QueueDoesNotExist", "InvalidAttributeName"),
    "go": ("*types.QueueDoesNotExist", "*types.InvalidAttributeName"),
    "java": ("QueueDoesNotExistException", "InvalidAttributeNameException"),
}
"""What a program catches."""


@pytest.fixture(params=sorted(CLIENTS))
def client(request: pytest.FixtureRequest) -> Client:
    client = CLIENTS[request.param]
    if not is_built(client):
        pytest.skip(f"`make test-clients` builds the client in {client.name}, or says why it cannot")
    return client


def test_as_the_owner(declared: Any, client: Client) -> None:
    seen = played(declared, "payments", client, f"sdk-{client.name}")
    assert seen["account"] == "111111111111"
    assert seen["url"] == f"{declared.url}/queue/eu-central-1/111111111111/sdk-{client.name}"


def test_as_another_account(declared: Any, client: Client) -> None:
    owner = declared.client("sqs", "111111111111", "eu-central-1")
    url = owner.create_queue(QueueName=f"sdk-{client.name}-shared")["QueueUrl"]
    seen = played(declared, "orders", client, url)
    assert seen["account"] != "111111111111"
    assert "QueueUrls" not in owner.list_queues(QueueNamePrefix=f"sdk-{client.name}-shared")


def played(declared: Any, account: str, client: Client, queue: str) -> Any:
    """What the client saw, after what is the same for everybody has been checked."""
    seen = json.loads(declared.command("exec", account, "--", *client.command, queue))
    assert (seen["same"], seen["body"], seen["attribute"]) == (True, "żółw & <b>", "greeting")
    missing, invalid = CLASSES[client.name]
    for refusal in (seen["missingQueue"], seen["missingName"]):
        assert refusal == {
            "class": missing,
            "code": "AWS.SimpleQueueService.NonExistentQueue",
            "missing": True,
            "message": "The specified queue does not exist.",
            "status": 400,
        }
    assert seen["invalidAttribute"] == {
        "class": invalid,
        "code": "InvalidAttributeName",
        "missing": False,
        "message": "Unknown Attribute Nope.",
        "status": 400,
    }
    return seen
