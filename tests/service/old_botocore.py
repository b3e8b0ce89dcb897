"""The last botocore that spoke SQS's query protocol, 1.31.80, as a client in an environment of its own.

`call` runs one operation in a process of that environment, which `make setup` makes.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

ENVIRONMENT = Path(__file__).resolve().parents[2] / ".venv-botocore-1.31"

_SCRIPT = """
import base64, json, sys
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import Session

asked = json.load(sys.stdin)
client = Session().create_client(
    asked["service"],
    endpoint_url=asked["endpoint"],
    region_name=asked["region"],
    aws_access_key_id=asked["account"],
    aws_secret_access_key="test",
    config=Config(retries={"max_attempts": 0}),
)

def pack(value):
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    return str(value)

def unpack(value):
    return base64.b64decode(value["$bytes"]) if value.keys() == {"$bytes"} else value

answers = []
for operation, params in json.loads(json.dumps(asked["calls"]), object_hook=unpack):
    try:
        answers.append(client._make_api_call(operation, params))
    except ClientError as error:
        answers.append({"Error": error.response["Error"], "Status": error.response["ResponseMetadata"]["HTTPStatusCode"]})
json.dump({"protocol": client.meta.service_model.protocol, "answers": answers}, sys.stdout, default=pack)
"""


def call(
    endpoint: str, *calls: tuple[str, dict[str, Any]], service: str = "sqs", account: str, region: str
) -> list[dict[str, Any]]:
    """Makes the calls, each (operation, parameters), in turn and returns the answers; of one that was refused the
    `Error` and `Status`. Bytes are given and come as `{"$bytes": base64}`."""
    python = ENVIRONMENT / "bin" / "python"
    assert python.exists(), "There is no environment of the old botocore: run `make setup`"
    asked = {"service": service, "endpoint": endpoint, "account": account, "region": region, "calls": calls}
    ended = subprocess.run(
        [python, "-c", _SCRIPT], input=json.dumps(asked), capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    assert told["protocol"] == "query" or service != "sqs"
    answers: list[dict[str, Any]] = told["answers"]
    return answers
