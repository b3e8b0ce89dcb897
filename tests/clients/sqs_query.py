"""One round of every operation of SQS by its query protocol, with botocore 1.31.80 as client.

It runs in an environment of its own, which has that botocore and nothing else: `python sqs_query.py ENDPOINT`. What is
not as AWS answers it ends in an AssertionError; else it prints the operations that it called.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import botocore
import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

ACCOUNT, REGION = "111111111111", "ap-south-1"
ATTRIBUTES = {
    "text": {"DataType": "String", "StringValue": "żółw & <b>"},
    "number": {"DataType": "Number.int", "StringValue": "42"},
    "binary": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
}
TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793"


def client(endpoint: str, account: str, region: str) -> Any:
    return botocore.session.get_session().create_client(
        "sqs",
        region,
        endpoint_url=endpoint,
        aws_access_key_id=account,
        aws_secret_access_key="test",
        config=Config(retries={"max_attempts": 0}, read_timeout=20),
    )


@contextmanager
def refused(code: str, words: str = "", status: int = 400) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        answer = error.response
        assert answer["Error"]["Code"] == code, answer
        assert words in answer["Error"]["Message"], answer
        assert answer["Error"]["Type"] == "Sender", answer
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == status, answer
        assert answer["ResponseMetadata"]["RequestId"], answer
    else:
        raise AssertionError(f"nothing was refused as {code}")


def queues(sqs: Any, other: Any) -> str:
    made = sqs.create_queue(QueueName="query", Attributes={"VisibilityTimeout": "60"}, tags={"a": "1", "b": "2"})
    url: str = made["QueueUrl"]
    assert url.endswith(f"/queue/{REGION}/{ACCOUNT}/query"), url
    assert sqs.get_queue_url(QueueName="query")["QueueUrl"] == url
    assert other.get_queue_url(QueueName="query", QueueOwnerAWSAccountId=ACCOUNT)["QueueUrl"] == url
    assert sqs.list_queues(QueueNamePrefix="que")["QueueUrls"] == [url]
    assert "QueueUrls" not in other.list_queues()
    other.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "0", "VisibilityTimeout": "70"})
    shown = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert shown["VisibilityTimeout"] == "70", shown
    assert shown["QueueArn"] == f"arn:aws:sqs:{REGION}:{ACCOUNT}:query", shown
    sqs.tag_queue(QueueUrl=url, Tags={"c": "3"})
    sqs.untag_queue(QueueUrl=url, TagKeys=["a", "b"])
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"c": "3"}
    sqs.add_permission(QueueUrl=url, Label="l", AWSAccountIds=["333333333333"], Actions=["SendMessage"])
    sqs.remove_permission(QueueUrl=url, Label="l")
    return url


def messages(sqs: Any, url: str) -> None:
    """The client compares the digests itself."""
    system = {"AWSTraceHeader": {"DataType": "String", "StringValue": TRACE}}
    sent = sqs.send_message(
        QueueUrl=url, MessageBody="żółw\r\n<&>", MessageAttributes=ATTRIBUTES, MessageSystemAttributes=system
    )
    [found] = sqs.receive_message(QueueUrl=url, AttributeNames=["All"], MessageAttributeNames=["All"])["Messages"]
    assert found["MessageId"] == sent["MessageId"]
    assert found["Body"] == "żółw\r\n<&>", found
    assert found["MessageAttributes"] == ATTRIBUTES, found
    assert found["Attributes"]["AWSTraceHeader"] == TRACE, found
    handle = found["ReceiptHandle"]
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=30)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=handle)
    assert "Messages" not in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=0)


def batches(sqs: Any, url: str) -> None:
    entries: list[dict[str, Any]] = [
        {"Id": str(n), "MessageBody": str(n), "MessageAttributes": ATTRIBUTES} for n in range(3)
    ]
    entries.append({"Id": "bad", "MessageBody": "x", "DelaySeconds": 901})
    sent = sqs.send_message_batch(QueueUrl=url, Entries=entries)
    assert [entry["Id"] for entry in sent["Successful"]] == ["0", "1", "2"], sent
    [failed] = sent["Failed"]
    assert (failed["Id"], failed["Code"], failed["SenderFault"]) == ("bad", "InvalidParameterValue", True), failed
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    handles = [{"Id": str(n), "ReceiptHandle": message["ReceiptHandle"]} for n, message in enumerate(found)]
    changed = sqs.change_message_visibility_batch(
        QueueUrl=url, Entries=[{**entry, "VisibilityTimeout": 5} for entry in handles]
    )
    assert len(changed["Successful"]) == 3, changed
    deleted = sqs.delete_message_batch(QueueUrl=url, Entries=[*handles, {"Id": "none", "ReceiptHandle": "none"}])
    assert len(deleted["Successful"]) == 3, deleted
    assert [(entry["Id"], entry["Code"]) for entry in deleted["Failed"]] == [("none", "ReceiptHandleIsInvalid")], (
        deleted
    )


def dead_letters(sqs: Any, url: str) -> None:
    dead = sqs.create_queue(QueueName="query-dead")["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:query-dead"
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": policy})
    assert sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == [url]
    task = sqs.start_message_move_task(SourceArn=arn, MaxNumberOfMessagesPerSecond=1)["TaskHandle"]
    [listed] = sqs.list_message_move_tasks(SourceArn=arn)["Results"]
    assert listed["SourceArn"] == arn, listed
    if listed["Status"] == "RUNNING":
        assert listed["TaskHandle"] == task, listed
        sqs.cancel_message_move_task(TaskHandle=task)


def refusals(sqs: Any, url: str) -> None:
    with refused(
        "AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist for this wsdl version."
    ):
        sqs.get_queue_url(QueueName="none")
    with refused("QueueAlreadyExists"):
        sqs.create_queue(QueueName="query", Attributes={"DelaySeconds": "9"})
    with refused("InvalidParameterValue"):
        sqs.create_queue(QueueName="a b")
    with refused("InvalidAttributeName"):
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Nope": "1"})
    with refused("MissingParameter"):
        sqs.send_message(QueueUrl=url, MessageBody="")
    with refused("ReceiptHandleIsInvalid", status=404):
        sqs.delete_message(QueueUrl=url, ReceiptHandle="none")
    with refused("AWS.SimpleQueueService.EmptyBatchRequest"):
        sqs.send_message_batch(QueueUrl=url, Entries=[])
    twice = [{"Id": "1", "MessageBody": "a"}, {"Id": "1", "MessageBody": "b"}]
    with refused("AWS.SimpleQueueService.BatchEntryIdsNotDistinct"):
        sqs.send_message_batch(QueueUrl=url, Entries=twice)
    with refused("AWS.SimpleQueueService.TooManyEntriesInBatchRequest"):
        sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": str(n), "MessageBody": "a"} for n in range(11)])


def main(endpoint: str) -> None:
    assert botocore.__version__ == "1.31.80", botocore.__version__
    sqs, other = client(endpoint, ACCOUNT, REGION), client(endpoint, "222222222222", "eu-central-1")
    assert sqs.meta.service_model.protocol == "query"
    called: set[str] = set()
    for each in (sqs, other):
        each.meta.events.register("before-call.sqs", lambda model, **_: called.add(model.name))
    url = queues(sqs, other)
    messages(other, url)
    batches(other, url)
    dead_letters(sqs, url)
    refusals(sqs, url)
    sqs.purge_queue(QueueUrl=url)
    sqs.delete_queue(QueueUrl=url)
    with refused("AWS.SimpleQueueService.NonExistentQueue"):
        sqs.send_message(QueueUrl=url, MessageBody="x")
    print(json.dumps(sorted(called)))


if __name__ == "__main__":
    main(sys.argv[1])
