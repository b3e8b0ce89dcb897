"""What testcontainers' LocalStack modules rely on. They start Docker containers, so this stands for them: each sets
variables, waits for a line of the log or for the health, and hands out an endpoint with keys and a region.

Java, Python: a line that ends in `Ready.`. Node: the first `Ready` anywhere in the log. Go: 200 from the health.
"""

from __future__ import annotations

import re
import urllib.request
from typing import Any, NamedTuple

import pytest

LABELS = "-l org.testcontainers=true -l org.testcontainers.sessionId=6f8b -l org.testcontainers.lang=java"


class Module(NamedTuple):
    """The variables that it sets in the container, and whom its clients call as."""

    variables: dict[str, str]
    region: str = "us-east-1"
    key: str = "test"


MODULES = {
    "java": Module(
        {
            "SERVICES": "sqs,s3,sts",
            "LAMBDA_DOCKER_FLAGS": LABELS,
            "ECS_DOCKER_FLAGS": LABELS,
            "EC2_DOCKER_FLAGS": LABELS,
            "BATCH_DOCKER_FLAGS": LABELS,
        }
    ),
    "java before 2.0": Module({"SERVICES": "sqs,sts", "HOSTNAME_EXTERNAL": "localhost"}),
    "java with what people add": Module(
        {
            "SERVICES": "sqs,dynamodb,sts",
            "EAGER_SERVICE_LOADING": "1",
            "LOCALSTACK_HOST": "localstack",
            "DEFAULT_REGION": "eu-central-1",
            "GATEWAY_LISTEN": "127.0.0.1:0",
            "DEBUG": "1",
            "LS_LOG": "info",
            "DISABLE_CORS_CHECKS": "1",
        },
        region="eu-central-1",
    ),
    "python": Module(
        {
            "SERVICES": "sqs,sts",
            "AWS_DEFAULT_REGION": "us-west-1",
            "AWS_ACCESS_KEY_ID": "testcontainers-localstack",
            "AWS_SECRET_ACCESS_KEY": "testcontainers-localstack",
        },
        region="us-west-1",
        key="testcontainers-localstack",
    ),
    "node, go": Module({"LOCALSTACK_HOST": "localhost"}),
}


@pytest.mark.parametrize("name", MODULES)
def test_a_module(atoll_with: Any, name: str) -> None:
    module = MODULES[name]
    with atoll_with("--temporary", environment=module.variables) as atoll:
        printed = list(atoll.lines)
        before = printed[: printed.index("Ready.")]
        assert [line for line in before if "Ready" in line] == []
        assert len(re.findall(r".*Ready\.\n", "\n".join(printed) + "\n")) == 1
        with urllib.request.urlopen(f"{atoll.url}/_localstack/health", timeout=20) as health:
            assert health.status == 200
            # People wait for this text, or for "running", on top of what the module does.
            assert re.search(r'"sqs": "(available|running)"', health.read().decode())
        keys = {"aws_access_key_id": module.key, "aws_secret_access_key": module.key}
        sqs, sts = (atoll.client(service, region=module.region, **keys) for service in ("sqs", "sts"))
        assert sts.get_caller_identity()["Account"] == "000000000000"
        url = sqs.create_queue(QueueName="queue")["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody="hello")
        [message] = sqs.receive_message(QueueUrl=url)["Messages"]
        assert message["Body"] == "hello"
        assert sqs.get_queue_url(QueueName="queue")["QueueUrl"] == url
