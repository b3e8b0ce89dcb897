"""The scenarios that are put under load beside the hello-world, in interleaved rounds."""

from __future__ import annotations

import json
import re
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any
from uuid import uuid4

import boto3

from tests.bench import messages
from tests.bench.client import Figures, Run, Script
from tests.bench.processes import Server

BODY = "x" * 100
SIGNED = 500
"""Requests with different signatures that are sent in turn."""
HANDLE = re.compile(rb'"ReceiptHandle"\s*:\s*("(?:[^"\\]|\\.)*")')

MakeScript = Callable[[Run], Script]


@dataclass(frozen=True)
class Scenario:
    """`prepare` makes what the script needs, before each round, and returns the script."""

    name: str
    prepare: Callable[[Server], MakeScript]
    reach: float | None = None
    """The ratio to the hello-world that is to be reached."""


@dataclass(frozen=True)
class Row:
    """The medians over the rounds. Ratios are taken within each round."""

    scenario: str
    connections: int
    rate: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    ratio: float
    reach: float | None
    errors: int
    sample: str


def repeat(requests: Sequence[bytes], sign: bytes) -> MakeScript:
    """One request an operation; the answer must hold `sign`."""

    def script(run: Run) -> Script:
        number, more = 0, True
        while more:
            since = perf_counter()
            status, body = yield requests[number]
            number = (number + 1) % len(requests)
            more = run.done(since, status == 200 and sign in body, body)

    return script


def cycle(host: str, url: str) -> MakeScript:
    """Send, receive, delete: three requests are one operation. A receive that finds nothing is an error."""
    send = messages.sqs(host, "SendMessage", {"QueueUrl": url, "MessageBody": BODY})
    receive = messages.sqs(host, "ReceiveMessage", {"QueueUrl": url, "MaxNumberOfMessages": 1})
    delete = messages.with_hole(host, "DeleteMessage", {"QueueUrl": url, "ReceiptHandle": messages.HOLE})

    def script(run: Run) -> Script:
        more = True
        while more:
            since = perf_counter()
            sent, _ = yield send
            received, body = yield receive
            handle = HANDLE.search(body)
            deleted = 0
            if handle is not None:
                deleted, body = yield delete(json.loads(handle[1]))
            more = run.done(since, sent == received == deleted == 200, body)

    return script


def client(server: Server, service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=f"http://{server.host}",
        region_name=messages.REGION,
        aws_access_key_id=messages.ACCOUNT,
        aws_secret_access_key="test",
    )


def make_queue(server: Server, name: str) -> str:
    """Makes a queue anew and returns its URL."""
    sqs = client(server, "sqs")
    try:
        url: str = sqs.create_queue(QueueName=name)["QueueUrl"]
        return url
    finally:
        sqs.close()


def drop_queue(server: Server, url: str) -> None:
    run = Run(
        server.port,
        repeat([messages.sqs(server.host, "DeleteQueue", {"QueueUrl": url})], b""),
        connections=1,
        seconds=10,
        operations=1,
    )
    run.start()


def identity(server: Server) -> MakeScript:
    return repeat([messages.identity(server.host)], b"<Account>111111111111<")


def send(server: Server) -> MakeScript:
    url = make_queue(server, "send")
    return repeat([messages.sqs(server.host, "SendMessage", {"QueueUrl": url, "MessageBody": BODY})], b'"MessageId"')


def send_batch(server: Server) -> MakeScript:
    url = make_queue(server, "batch")
    entries = [{"Id": str(number), "MessageBody": BODY} for number in range(10)]
    return repeat([messages.sqs(server.host, "SendMessageBatch", {"QueueUrl": url, "Entries": entries})], b'"Id":"9"')


def send_receive_delete(server: Server) -> MakeScript:
    return cycle(server.host, make_queue(server, "cycle"))


def publish(queues: int, *, raw: bool) -> Callable[[Server], MakeScript]:
    """To a topic with so many queues, made anew with it. What is not raw is signed."""

    def prepare(server: Server) -> MakeScript:
        sns, sqs = (client(server, service) for service in ("sns", "sqs"))
        try:
            name = f"publish-{queues}-{raw}"
            topic = sns.create_topic(Name=name)["TopicArn"]
            sns.delete_topic(TopicArn=topic)
            sns.create_topic(Name=name)
            for number in range(queues):
                url = sqs.create_queue(QueueName=f"{name}-{number}")["QueueUrl"]
                sqs.purge_queue(QueueUrl=url)
                arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
                attributes = {"RawMessageDelivery": "true"} if raw else {}
                sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=attributes)
            sns.publish(TopicArn=topic, Message=BODY)
        finally:
            sns.close()
            sqs.close()
        return repeat([messages.publish(server.host, topic, BODY)], b"<MessageId>")

    return prepare


def get_secret(server: Server) -> MakeScript:
    """A secret of 100 bytes, under a key of its account's own."""
    clients = [client(server, service) for service in ("kms", "secretsmanager")]
    kms, secrets = clients
    key = kms.create_key()["KeyMetadata"]["Arn"]
    arn = secrets.create_secret(Name=f"bench/{uuid4()}", SecretString=BODY, KmsKeyId=key)["ARN"]
    for each in clients:
        each.close()
    asked = messages.call(server.host, "secretsmanager", "secretsmanager.GetSecretValue", {"SecretId": arn})
    return repeat([asked], b'"SecretString":"xxx')


SCENARIOS = (
    Scenario("GetCallerIdentity", identity, 1.0),
    Scenario("SendMessage of 100 bytes", send, 1.5),
    Scenario("send + receive + delete", send_receive_delete, 5.4),
    Scenario("SendMessageBatch of 10", send_batch, 3.5),
    Scenario("GetSecretValue of 100 bytes", get_secret, 1.3),
    Scenario("Publish to one queue, raw", publish(1, raw=True), 2.0),
    Scenario("Publish to one queue, signed", publish(1, raw=False)),
    Scenario("Publish to 100 queues, raw", publish(100, raw=True), 40),
    Scenario("Publish to 100 queues, signed", publish(100, raw=False)),
)


def issued_identity(server: Server) -> MakeScript:
    """With the key that a closed Atoll printed when it started."""
    found = re.search(r"AWS_ACCESS_KEY_ID=(\S+)\s[^=]*AWS_SECRET_ACCESS_KEY=(\S+?)[\"\s]", server.log.read_text())
    if found is None:
        raise RuntimeError("the closed Atoll printed no key")
    requests = [messages.signed_identity(server.host, found[1], found[2], number) for number in range(SIGNED)]
    return repeat(requests, b"<Account>000000000000<")


ISSUED = Scenario("GetCallerIdentity, issued key", issued_identity)
VERIFYING = 0.45
"""What verifying may add to the ratio of GetCallerIdentity."""


class Comparison:
    """Rounds of hello-world and scenarios, one after the other, so that what else the machine does hits all alike."""

    def __init__(self, hello: Server, *, rounds: int, seconds: float, say: Callable[[str], None]) -> None:
        self._hello = hello
        self._rounds = rounds
        self._seconds = seconds
        self._say = say

    def rows(self, scenarios: Sequence[tuple[Scenario, Server]], connections: int) -> list[Row]:
        measured: dict[str, list[tuple[Figures, Figures]]] = {scenario.name: [] for scenario, _ in scenarios}
        worlds: list[Figures] = []
        for number in range(self._rounds):
            self._say(f"Round {number + 1} of {self._rounds} at {connections} connections ...")
            for scenario, server in scenarios:
                world = self._run(self._hello, repeat([messages.identity(self._hello.host)], b"hello"), connections)
                figures = self._run(server, scenario.prepare(server), connections)
                worlds.append(world)
                measured[scenario.name].append((world, figures))
        rows = [row(Scenario("hello-world", identity), connections, [(world, world) for world in worlds])]
        rows += [row(scenario, connections, measured[scenario.name]) for scenario, _ in scenarios]
        return rows

    def _run(self, server: Server, script: MakeScript, connections: int) -> Figures:
        return Run(server.port, script, connections=connections, seconds=self._seconds, cpu=server.cpu).start()


def row(scenario: Scenario, connections: int, rounds: Sequence[tuple[Figures, Figures]]) -> Row:
    def median(figure: Callable[[Figures], float]) -> float:
        return statistics.median(figure(figures) for _, figures in rounds)

    return Row(
        scenario.name,
        connections,
        rate=median(lambda figures: figures.rate),
        p50_ms=median(lambda figures: 1e3 * figures.quantile(0.5)),
        p99_ms=median(lambda figures: 1e3 * figures.quantile(0.99)),
        cpu_us=median(lambda figures: figures.cpu_us),
        ratio=statistics.median(figures.cpu_us / world.cpu_us if world.cpu_us else 0.0 for world, figures in rounds),
        reach=scenario.reach,
        errors=sum(figures.errors for _, figures in rounds),
        sample=next((figures.sample for _, figures in rounds if figures.sample), ""),
    )
