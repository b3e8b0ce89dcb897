"""AddPermission and RemovePermission."""

from __future__ import annotations

import json
from typing import Any

import pytest

QUEUE = "arn:aws:sqs:eu-central-1:111111111111:q"


def policy(sqs: Any, url: str) -> Any:
    return json.loads(sqs.attributes(url, "Policy")["Policy"])


def granted(label: str, action: Any, principal: Any) -> dict[str, Any]:
    return {
        "Sid": label,
        "Effect": "Allow",
        "Principal": {"AWS": principal},
        "Action": action,
        "Resource": QUEUE,
    }


def test_permissions_come_and_go(sqs: Any) -> None:
    url = sqs.queue()
    add = {"QueueUrl": url, "AWSAccountIds": ["222222222222"], "Actions": ["ReceiveMessage"]}
    sqs.call("AddPermission", **add, Label="one")
    two = {"AWSAccountIds": ["222222222222", "333333333333"], "Actions": ["SendMessage", "*"]}
    sqs.call("AddPermission", QueueUrl=url, Label="two", **two)
    one = granted("one", "SQS:ReceiveMessage", "arn:aws:iam::222222222222:root")
    assert policy(sqs, url) == {
        "Version": "2008-10-17",
        "Id": f"{QUEUE}/SQSDefaultPolicy",
        "Statement": [
            one,
            granted(
                "two",
                ["SQS:SendMessage", "SQS:*"],
                ["arn:aws:iam::222222222222:root", "arn:aws:iam::333333333333:root"],
            ),
        ],
    }
    assert sqs.fails("AddPermission", **add, Label="one") == (
        "InvalidParameterValue",
        "Value one for parameter Label is invalid. Reason: Already exists.",
    )
    sqs.call("RemovePermission", QueueUrl=url, Label="two")
    assert policy(sqs, url)["Statement"] == [one]
    sqs.call("RemovePermission", QueueUrl=url, Label="one")
    assert sqs.attributes(url, "Policy") == {}
    assert sqs.fails("RemovePermission", QueueUrl=url, Label="one") == (
        "InvalidParameterValue",
        "Value one for parameter Label is invalid. Reason: can't find label.",
    )


def test_a_policy_that_was_set_is_added_to(sqs: Any) -> None:
    own = {"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": QUEUE}
    url = sqs.queue("q", Policy=json.dumps({"Version": "2012-10-17", "Statement": own}))
    sqs.call("AddPermission", QueueUrl=url, Label="l", AWSAccountIds=["222222222222"], Actions=["SendMessage"])
    whole = policy(sqs, url)
    assert whole["Version"] == "2012-10-17"
    assert whole["Statement"] == [own, granted("l", "SQS:SendMessage", "arn:aws:iam::222222222222:root")]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"Label": ""}, "The request must contain the parameter Label."),
        (
            {"Label": "a b"},
            "Value a b for parameter Label is invalid. Reason: "
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length.",
        ),
        ({"AWSAccountIds": []}, "The request must contain the parameter AWSAccountIds."),
        ({"AWSAccountIds": ["2"]}, "Value 2 for parameter PrincipalId is invalid. Reason: Unable to verify."),
        ({"Actions": []}, "The request must contain the parameter ActionName."),
        (
            {"Actions": ["SendMessageBatch"]},
            "Value SQS:SendMessageBatch for parameter ActionName is invalid. Reason: "
            "Please refer to the appropriate WSDL for a list of valid actions.",
        ),
        (
            {"Actions": ["CreateQueue"]},
            "Value SQS:CreateQueue for parameter ActionName is invalid. Reason: "
            "Only the queue owner is allowed to invoke this action.",
        ),
        ({"Actions": ["SendMessage"] * 8}, "8 Actions were found, maximum allowed is 7."),
    ],
)
def test_what_cannot_be_granted(sqs: Any, changes: dict[str, Any], message: str) -> None:
    url = sqs.queue()
    params = {"Label": "l", "AWSAccountIds": ["222222222222"], "Actions": ["SendMessage"], **changes}
    assert sqs.fails("AddPermission", QueueUrl=url, **params)[1] == message


def test_at_most_twenty_statements(sqs: Any) -> None:
    url = sqs.queue()
    add = {"QueueUrl": url, "AWSAccountIds": ["222222222222"], "Actions": ["SendMessage"]}
    for number in range(20):
        sqs.call("AddPermission", **add, Label=f"l{number}")
    assert sqs.fails("AddPermission", **add, Label="more") == (
        "OverLimit",
        "21 Statements were found, maximum allowed is 20.",
    )
