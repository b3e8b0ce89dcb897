"""A rotation function, in a Lambda that only these tests have."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import orjson
from atoll.core.access import Access, ByArn
from atoll.core.call import Call, Params
from atoll.core.errors import AwsError
from atoll.core.lagoon import Lagoon
from atoll.core.service import Service

TOKEN = "0123456789abcdef0123456789abcdef"
FUNCTION = "arn:aws:lambda:eu-central-1:111111111111:function:rotator"
NOT_COMPLETE = ("InvalidRequestException", "A previous rotation isn't complete. That rotation will be reattempted.")


class Gate:
    """Before a function that is not to go on yet."""

    def __init__(self) -> None:
        self.entered, self.tried_again, self.opened = asyncio.Event(), asyncio.Event(), asyncio.Event()


functions = Service("lambda", access={"Invoke": Access(ByArn("FunctionName"))})
ALL_STEPS = ["createSecret", "setSecret", "testSecret", "finishSecret"]
steps: list[str] = []
gates: dict[str, Gate] = {}


@functions.operation("Invoke")
async def invoke(call: Call, lagoon: Lagoon) -> Params:
    """What AWS's template of a rotation function does; `fails` fails in the third step, `absent` is not there; one
    that has a gate waits before its first step."""
    name = call["FunctionName"].rpartition(":")[2]
    if name == "absent":
        raise AwsError("ResourceNotFoundException", "Function not found", status=404)
    if call["InvocationType"] == "DryRun":
        if name in gates and gates[name].entered.is_set():
            gates[name].tried_again.set()
        return {"StatusCode": 204}
    event = orjson.loads(call["Payload"])
    arn, token, step = event["SecretId"], event["ClientRequestToken"], event["Step"]
    steps.append(step)
    if name in gates:
        gates[name].entered.set()
        await gates[name].opened.wait()
    of = {"SecretId": arn}

    async def ask(operation: str, **params: Any) -> Params:
        return await lagoon.call(call, "secretsmanager", operation, {**of, **params})

    if step == "createSecret":
        new = {"SecretString": "rotated", "ClientRequestToken": token, "VersionStages": ["AWSPENDING"]}
        await ask("PutSecretValue", **new)
    elif step == "testSecret" and name == "fails":
        return {"StatusCode": 200, "FunctionError": "Unhandled"}
    elif step == "finishSecret":
        labels = (await ask("DescribeSecret"))["VersionIdsToStages"]
        [old] = [version for version, stages in labels.items() if "AWSCURRENT" in stages]
        move = {"VersionStage": "AWSCURRENT", "MoveToVersionId": token, "RemoveFromVersionId": old}
        await ask("UpdateSecretVersionStage", **move)
    return {"StatusCode": 200}


def at(*date: int) -> datetime:
    return datetime(*date, tzinfo=UTC)  # type: ignore[arg-type]


def rotate(**params: Any) -> dict[str, Any]:
    return {"SecretId": "s", "RotationLambdaARN": FUNCTION, "ClientRequestToken": TOKEN, **params}
