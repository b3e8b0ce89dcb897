"""The AWS CLI in its first version, which does not heed AWS_ENDPOINT_URL for SQS: by `atoll env`, by `atoll exec`, and
by LocalStack's `awslocal`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

MISSING = "An error occurred (AWS.SimpleQueueService.NonExistentQueue) when calling the {} operation"
INVALID = "An error occurred (InvalidAttributeName) when calling the SetQueueAttributes operation: Unknown Attribute"

ENTER = """
set -euo pipefail
body=$1
eval "$(atoll env "$2")"
"""
ROUND = """
aws sqs send-message --queue-url "$url" --message-body "$body" --query MD5OfMessageBody --output text
handle=$(aws sqs receive-message --queue-url "$url" --query 'Messages[0].ReceiptHandle' --output text)
aws sqs delete-message --queue-url "$url" --receipt-handle "$handle"
if aws sqs set-queue-attributes --queue-url "$url" --attributes Nope=1; then exit 1; fi
aws sqs delete-queue --queue-url "$url"
if aws sqs receive-message --queue-url "$url"; then exit 1; fi
"""
BODY = "żółw & <b>"


def test_a_shell_in_the_owners_account(declared: Any, run: Callable[..., Any]) -> None:
    script = f"{ENTER}\nurl=$(aws sqs create-queue --queue-name cli --query QueueUrl --output text)\n{ROUND}"
    ended = run("bash", "-c", script, "bash", BODY, "payments", ATOLL_ENDPOINT=declared.url)
    check_round(ended)


def test_a_shell_in_another_account(declared: Any, run: Callable[..., Any]) -> None:
    owner = declared.client("sqs", "111111111111", "eu-central-1")
    url = owner.create_queue(QueueName="cli-shared")["QueueUrl"]
    ended = run("bash", "-c", f"{ENTER}\nurl=$3\n{ROUND}", "bash", BODY, "orders", url, ATOLL_ENDPOINT=declared.url)
    check_round(ended)
    assert "QueueUrls" not in owner.list_queues(QueueNamePrefix="cli-shared")


def check_round(ended: Any) -> None:
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == f"{hashlib.md5(BODY.encode()).hexdigest()}\n"
    assert INVALID in ended.stderr
    assert MISSING.format("ReceiveMessage") in ended.stderr


def test_programs_that_are_run_in_an_account(declared: Any) -> None:
    def aws(account: str, *arguments: str, code: int = 0) -> str:
        said: str = declared.command("exec", account, "--", "aws", *arguments, code=code)
        return said

    assert json.loads(aws("payments", "sts", "get-caller-identity"))["Account"] == "111111111111"
    url = json.loads(aws("payments", "sqs", "create-queue", "--queue-name", "cli-exec"))["QueueUrl"]
    aws("orders", "sqs", "send-message", "--queue-url", url, "--message-body", "hello")
    [message] = json.loads(aws("payments", "sqs", "receive-message", "--queue-url", url))["Messages"]
    assert message["Body"] == "hello"
    # 255 is what the AWS CLI ends with when a service refused.
    assert MISSING.format("GetQueueUrl") in aws("orders", "sqs", "get-queue-url", "--queue-name", "cli-exec", code=255)


def test_awslocal(declared: Any, run: Callable[..., Any]) -> None:
    def awslocal(*arguments: str, code: int = 0, **environment: str) -> str:
        ended = run("awslocal", *arguments, AWS_ENDPOINT_URL=declared.url, **environment)
        assert ended.returncode == code, ended.stderr
        said: str = ended.stdout if code == 0 else ended.stderr
        return said

    url = json.loads(awslocal("sqs", "create-queue", "--queue-name", "local"))["QueueUrl"]
    # Without keys and a region it is LocalStack's default account in us-east-1.
    assert url == f"{declared.url}/queue/us-east-1/000000000000/local"
    other = {"AWS_ACCESS_KEY_ID": "222222222222", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "eu-central-1"}
    assert json.loads(awslocal("sts", "get-caller-identity", **other))["Account"] == "222222222222"
    awslocal("sqs", "send-message", "--queue-url", url, "--message-body", BODY, **other)
    [message] = json.loads(awslocal("sqs", "receive-message", "--queue-url", url))["Messages"]
    assert message["Body"] == BODY
    awslocal("sqs", "delete-message", "--queue-url", url, "--receipt-handle", message["ReceiptHandle"], **other)
    assert INVALID in awslocal("sqs", "set-queue-attributes", "--queue-url", url, "--attributes", "Nope=1", code=255)
    awslocal("sqs", "delete-queue", "--queue-url", url, **other)
    assert MISSING.format("GetQueueUrl") in awslocal("sqs", "get-queue-url", "--queue-name", "local", code=255)


def test_awslocal_by_its_own_variable(declared: Any, run: Callable[..., Any]) -> None:
    ended = run("awslocal", "sts", "get-caller-identity", LOCALSTACK_HOST=declared.url.removeprefix("http://"))
    assert json.loads(ended.stdout)["Account"] == "000000000000"


def test_a_round_of_sns(declared: Any) -> None:
    """A topic of one account, published to by another, into a queue of that."""

    def aws(account: str, *arguments: str, code: int = 0) -> Any:
        said = declared.command("exec", account, "--", "aws", *arguments, code=code)
        return json.loads(said) if said and code == 0 else said

    topic = aws("payments", "sns", "create-topic", "--name", "cli-topic")["TopicArn"]
    url = aws("orders", "sqs", "create-queue", "--queue-name", "cli-topic")["QueueUrl"]
    asked = ("sqs", "get-queue-attributes", "--queue-url", url, "--attribute-names", "QueueArn")
    queue = aws("orders", *asked)["Attributes"]["QueueArn"]
    raw = ("--attributes", "RawMessageDelivery=true")
    aws("orders", "sns", "subscribe", "--topic-arn", topic, "--protocol", "sqs", "--notification-endpoint", queue, *raw)
    aws("orders", "sns", "publish", "--topic-arn", topic, "--message", BODY)
    [message] = aws("orders", "sqs", "receive-message", "--queue-url", url, "--wait-time-seconds", "5")["Messages"]
    assert message["Body"] == BODY
    aws("orders", "sns", "delete-topic", "--topic-arn", topic)
    refused = "An error occurred (NotFound) when calling the Publish operation: Topic does not exist"
    assert refused in aws("payments", "sns", "publish", "--topic-arn", topic, "--message", "m", code=255)
