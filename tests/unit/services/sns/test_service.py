"""The service as a whole: what AWS lets cross, which bodies are taken, what is kept of the model."""

from __future__ import annotations

from base64 import b64encode
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
        ("ListSubscriptions", {"NextToken": b64encode(b"9" * 25).decode()}),
        ("ListPlatformApplications", {"NextToken": b64encode(b"9" * 25).decode()}),
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
