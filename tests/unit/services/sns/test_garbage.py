"""Whatever the model lets pass gets an answer, or an error of AWS's; never one of ours."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from atoll.core.errors import AwsError
from atoll.services.sns import load as load_service
from atoll.wire.model import Shape, load
from atoll.wire.validate import validate
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

MODEL = load("sns")
OPERATIONS = sorted(name for name, operation in load_service().operations.items() if not operation.internal)
ARN = "arn:aws:sns:eu-central-1:111111111111:"
TEXTS = st.text(max_size=8) | st.sampled_from(
    [
        f"{ARN}t",
        f"{ARN}t.fifo",
        f"{ARN}none",
        f"{ARN}t:5f3b6c3e-0000-4000-8000-000000000000",
        f"{ARN}t:",
        f"{ARN}app/APNS/a",
        f"{ARN}endpoint/APNS/a/x",
        f"{ARN}app",
        "arn:aws:sqs:eu-central-1:111111111111:q",
        "arn:::::",
        "a" * 288,
        "true",
        "TRUE",
        "0",
        "100",
        "-1",
        "1e400",
        "json",
        "sqs",
        "http",
        "http://[",
        "http://example.com",
        "sms",
        "+491701234567",
        "String",
        "Number",
        "Binary",
        "String.Array",
        "APNS",
        "t",
        "t.fifo",
        "{}",
        "[]",
        "null",
        "[[1]]",
        '{"default": "x"}',
        '{"a": [{"numeric": [">", 1]}]}',
        '{"$or": [{"a": [1]}, {"b": [1]}]}',
        '{"$or": [[], {}]}',
        '{"a": [{"anything-but": {}}]}',
        '{"http": {"defaultHealthyRetryPolicy": {"numRetries": 1e999}}}',
        '{"healthyRetryPolicy": {"numRetries": 3}}',
        '{"deadLetterTargetArn": "arn:aws:sqs:eu-central-1:111111111111:q"}',
        '{"MessageRetentionPeriod": "1"}',
        '{"PointType": "Timestamp", "StartingPoint": "0001-01-01T00:00:00"}',
        '{"PointType": "Timestamp", "StartingPoint": "9999-12-31T23:59:59-23:59"}',
        "FilterPolicy",
        "FilterPolicyScope",
        "MessageBody",
        "RawMessageDelivery",
        "RedrivePolicy",
        "DeliveryPolicy",
        "ReplayPolicy",
        "FifoTopic",
        "ArchivePolicy",
        "MaximumMessageSize",
        "Policy",
        "DisplayName",
        "CustomUserData",
        "Enabled",
        "DefaultSMSType",
        "PlatformCredential",
        "bm90IGEgbnVtYmVy",
        "MTA=~",
        "MTA=",
    ]
)


def of(shape: Shape) -> st.SearchStrategy[Any]:
    match shape.type:
        case "structure":
            members = {name: of(member.shape) for name, member in shape.members.items()}
            needed = {name: each for name, each in members.items() if name in shape.required}
            return st.fixed_dictionaries(
                needed, optional={name: each for name, each in members.items() if name not in needed}
            )
        case "list":
            assert shape.member is not None
            return st.lists(of(shape.member.shape), max_size=3)
        case "map":
            assert shape.value is not None
            return st.dictionaries(TEXTS, of(shape.value.shape), max_size=3)
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers(-1, 200)
        case "blob":
            return st.binary(max_size=4)
    return TEXTS


@pytest.mark.parametrize("name", OPERATIONS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_whatever_is_sent_is_answered_or_refused(sns: Any, name: str, data: st.DataObject) -> None:
    sns.topic("t")
    sns.topic("t.fifo")
    sns.subscribe(f"{ARN}t")
    shape = MODEL.operations[name].input
    params = {} if shape is None else data.draw(of(shape))
    with suppress(AwsError):
        validate(MODEL.operations[name], params)
        answer = sns.call(name, **params)
        assert isinstance(answer, dict)
    if len(sns.tenant.rows("SELECT 1 FROM subscription LIMIT 100")) == 100:
        sns.call("DeleteTopic", TopicArn=f"{ARN}t")
