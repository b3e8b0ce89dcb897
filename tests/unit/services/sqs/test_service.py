"""The service as a whole: what it registers, what other services send."""

from __future__ import annotations

import gzip
import importlib.util
import json
from pathlib import Path
from typing import Any

from atoll.core.access import Crossing
from atoll.services.sqs import load


def model() -> Any:
    spec = importlib.util.find_spec("botocore")
    assert spec is not None
    assert spec.origin is not None
    [path] = (Path(spec.origin).parent / "data" / "sqs").glob("*/service-2.json.gz")
    return json.loads(gzip.decompress(path.read_bytes()))


def test_every_operation_of_the_model_is_there() -> None:
    service = load()
    named = {name for name, operation in service.operations.items() if not operation.internal}
    assert named == set(model()["operations"])
    assert set(service.access) == set(service.operations)


def test_what_aws_lets_cross() -> None:
    own = {name for name, access in load().access.items() if access.aws is Crossing.NONE}
    assert own == {
        "AddPermission",
        "CancelMessageMoveTask",
        "CreateQueue",
        "DeleteQueue",
        "ListMessageMoveTasks",
        "ListQueues",
        "ListQueueTags",
        "RemovePermission",
        "SetQueueAttributes",
        "StartMessageMoveTask",
        "TagQueue",
        "UntagQueue",
    }
    assert all(access.here is Crossing.BOTH for access in load().access.values())


def test_another_service_delivers_by_arn(sqs: Any) -> None:
    url = sqs.queue()
    attributes = {"a": {"DataType": "Binary", "BinaryValue": b"\x00"}}
    sqs.call("Deliver", QueueArn=sqs.arn("q"), MessageBody="plain")
    sqs.call("Deliver", QueueArn=sqs.arn("q"), MessageBody="more", MessageAttributes=attributes)
    assert sqs.bodies(url) == ["plain", "more"]
    for arn in (sqs.arn("none"), "x"):
        assert sqs.fails("Deliver", QueueArn=arn, MessageBody="x")[0] == "QueueDoesNotExist"
