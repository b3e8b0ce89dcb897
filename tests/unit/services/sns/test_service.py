"""The service as a whole: what AWS lets cross, which bodies are taken, what is kept of the model."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any

import pytest
from atoll.core.access import Crossing
from atoll.services.sns import load
from atoll.wire.model import load as load_model


def test_what_aws_lets_cross() -> None:
    access = load().access
    assert all(row.here is Crossing.BOTH for row in access.values())
    shared = {name for name, row in access.items() if row.aws is Crossing.ACCOUNT}
    assert shared == {
        "AddPermission",
        "ConfirmSubscription",
        "DeleteTopic",
        "GetDataProtectionPolicy",
        "GetSubscriptionAttributes",
        "GetTopicAttributes",
        "ListSubscriptionsByTopic",
        "ListTagsForResource",
        "Publish",
        "PublishBatch",
        "PutDataProtectionPolicy",
        "RemovePermission",
        "SetSubscriptionAttributes",
        "SetTopicAttributes",
        "Subscribe",
        "Unsubscribe",
    }


def test_all_operations_are_there() -> None:
    assert sum(not operation.internal for operation in load().operations.values()) == 42


def test_which_operations_need_no_signature() -> None:
    model = load_model("sns")
    unsigned = {name for name, operation in model.operations.items() if operation.auth == "none"}
    assert unsigned == {"ConfirmSubscription", "Unsubscribe"}


def test_how_long_bodies_may_be() -> None:
    service = load()
    assert service.longest_body_of("Publish") == 4 * 1024 * 1024
    assert service.longest_body_of("Subscribe") == 1024 * 1024


NINES = "9" * 5000


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("CreateTopic", {"Name": "t", "Attributes": {"MaximumMessageSize": NINES}}),
        ("CreateTopic", {"Name": "t", "Attributes": {"MaximumMessageSize": "٣٣٣٣"}}),
        (
            "CreateTopic",
            {
                "Name": "t.fifo",
                "Attributes": {"FifoTopic": "true", "ArchivePolicy": f'{{"MessageRetentionPeriod":"{NINES}"}}'},
            },
        ),
        ("SetSMSAttributes", {"attributes": {"MonthlySpendLimit": NINES}}),
    ],
)
def test_numbers_without_end_are_refused(sns: Any, operation: str, params: dict[str, Any]) -> None:
    assert sns.fails(operation, **params)[0] == "InvalidParameter"


@pytest.mark.parametrize("rule", [NINES, f'{{"numeric":["=",{NINES}]}}', f'{{"numeric":["=",-{NINES}.5]}}'])
def test_numbers_without_end_in_filter_policies_are_refused(sns: Any, rule: str) -> None:
    policy = {"FilterPolicy": f'{{"a":[{rule}]}}'}
    params = {"Protocol": "sqs", "Endpoint": sns.queue_arn(), "Attributes": policy}
    assert sns.fails("Subscribe", TopicArn=sns.topic(), **params)[0] == "InvalidParameter"


def test_a_token_is_good_for_its_list_alone(sns: Any) -> None:
    for number in range(101):
        sns.topic(f"t{number:03}")
    token = sns.call("ListTopics")["NextToken"]
    sns.call("CreatePlatformApplication", Name="a", Platform="GCM", Attributes={"PlatformCredential": "c"})
    app = "arn:aws:sns:eu-central-1:111111111111:app/GCM/a"
    for operation, params in (
        ("ListSubscriptions", {}),
        ("ListSubscriptionsByTopic", {"TopicArn": "arn:aws:sns:eu-central-1:111111111111:t000"}),
        ("ListPlatformApplications", {}),
        ("ListEndpointsByPlatformApplication", {"PlatformApplicationArn": app}),
        ("ListSMSSandboxPhoneNumbers", {}),
        ("ListOriginationNumbers", {}),
    ):
        assert sns.fails(operation, **params, NextToken=token)[0] == "InvalidParameter"
    assert sns.fails("ListPhoneNumbersOptedOut", nextToken=token)[0] == "InvalidParameter"


@pytest.mark.parametrize("place", ["9" * 25, "t100", "-1", "\u0663"])
def test_a_token_that_somebody_made_up(sns: Any, place: str) -> None:
    topic = sns.topic()
    for number in range(101):
        sns.subscribe(topic, endpoint=sns.queue_arn(f"q{number}"))
    listing, _, _ = b64decode(sns.call("ListSubscriptions")["NextToken"]).partition(b":")
    token = b64encode(listing + b":" + place.encode()).decode()
    assert sns.fails("ListSubscriptions", NextToken=token)[0] == "InvalidParameter"
