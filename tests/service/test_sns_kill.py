"""A process that is killed between Publish and its deliveries loses none, and delivers each once, in order for FIFO."""

from __future__ import annotations

import threading
import uuid
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

OTHER = ("222222222222", "eu-central-1")
GROUPS = ("a", "b")


def publish_until_it_ends(atoll: Any, topic: str, group: str, answered: list[str]) -> None:
    sns = atoll.client("sns", use_ssl=False, aws_session_token=group)
    number = 0
    while True:
        try:
            sns.publish(TopicArn=topic, Message=f"{group}{number}", MessageGroupId=group)
        except (BotoCoreError, ClientError):
            return
        answered.append(f"{group}{number}")
        number += 1


def drain(sqs: Any, url: str, known: list[str]) -> None:
    """Receives until nothing comes any more."""
    empty = 0
    while empty < 2:
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=2).get("Messages", [])
        for message in messages:
            known.append(message["Body"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        empty = 0 if messages else empty + 1


def test_nothing_is_lost_or_delivered_twice(atoll_with: Any, tmp_path: Path) -> None:
    name = f"t-{uuid.uuid4().hex[:8]}.fifo"
    answered: dict[str, list[str]] = {group: [] for group in GROUPS}
    with atoll_with("--data", str(tmp_path / "data")) as atoll:
        sns = atoll.client("sns")
        attributes = {"FifoTopic": "true", "ContentBasedDeduplication": "true"}
        topic = sns.create_topic(Name=name, Attributes=attributes)["TopicArn"]
        for account, region in (OTHER, ("111111111111", "ap-south-1")):
            sqs = atoll.client("sqs", account, region)
            sqs.create_queue(QueueName=name, Attributes={"FifoQueue": "true"})
            arn = f"arn:aws:sqs:{region}:{account}:{name}"
            sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
        publishers = [
            threading.Thread(target=publish_until_it_ends, args=(atoll, topic, group, answered[group]))
            for group in GROUPS
        ]
        for publisher in publishers:
            publisher.start()
        while min(map(len, answered.values())) < 200:
            publishers[0].join(0.01)
        atoll.process.kill()
        for publisher in publishers:
            publisher.join(30)
    with atoll_with("--data", str(tmp_path / "data")) as atoll:
        for account, region in (OTHER, ("111111111111", "ap-south-1")):
            sqs = atoll.client("sqs", account, region)
            received: list[str] = []
            drain(sqs, sqs.get_queue_url(QueueName=name)["QueueUrl"], received)
            for group in GROUPS:
                of_group = [body for body in received if body.startswith(group)]
                # The last may have been committed without its answer.
                expected = [f"{group}{number}" for number in range(len(of_group))]
                assert of_group == expected
                assert len(of_group) - len(answered[group]) in (0, 1)
