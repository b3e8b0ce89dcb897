"""The calls of Terraform's AWS provider for `aws_sqs_queue` and its policies, in its order, with what it waits for.

The provider itself is not to be had from a registry; this follows version 6 of hashicorp/terraform-provider-aws
(queue.go and attribute_funcs.go in internal/service/sqs) and awsauth.go of hashicorp/aws-sdk-go-base. Where the
provider reads again and again until AWS has settled, there is nothing to settle here: each read has to say it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

EXAMPLES = Path(__file__).parents[2] / "examples" / "accounts.yaml"
AGENT = (
    "APN/1.0 HashiCorp/1.0 Terraform/1.9.8 (+https://www.terraform.io) terraform-provider-aws/6.20.0 "
    "(+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go-v2/1.39.6"
)
PROPAGATED = 6
DELETED = 15
"""How often in a row the provider wants to read the same."""

Resource = dict[str, Any]
COMPUTED = object()
"""Whatever the service says, where it is not configured."""
SCHEMA: dict[str, tuple[str, type, Any]] = {
    "content_based_deduplication": ("ContentBasedDeduplication", bool, False),
    "deduplication_scope": ("DeduplicationScope", str, COMPUTED),
    "delay_seconds": ("DelaySeconds", int, 0),
    "fifo_queue": ("FifoQueue", bool, False),
    "fifo_throughput_limit": ("FifoThroughputLimit", str, COMPUTED),
    "kms_data_key_reuse_period_seconds": ("KmsDataKeyReusePeriodSeconds", int, COMPUTED),
    "kms_master_key_id": ("KmsMasterKeyId", str, ""),
    "max_message_size": ("MaximumMessageSize", int, 262_144),
    "message_retention_seconds": ("MessageRetentionPeriod", int, 345_600),
    "policy": ("Policy", str, COMPUTED),
    "receive_wait_time_seconds": ("ReceiveMessageWaitTimeSeconds", int, 0),
    "redrive_allow_policy": ("RedriveAllowPolicy", str, COMPUTED),
    "redrive_policy": ("RedrivePolicy", str, COMPUTED),
    "sqs_managed_sse_enabled": ("SqsManagedSseEnabled", bool, COMPUTED),
    "visibility_timeout_seconds": ("VisibilityTimeout", int, 30),
}
"""Attributes of the resource: of the API, type, default."""
DOCUMENTS = ("Policy", "RedriveAllowPolicy", "RedrivePolicy")


def to_api(kind: type, value: Any) -> str:
    return str(value).lower() if kind is bool else str(value)


def same(name: str, got: str, wanted: str) -> bool:
    return bool(json.loads(got) == json.loads(wanted)) if name in DOCUMENTS and got and wanted else got == wanted


class Provider:
    """`provider "aws"`, with the clients that it has once it is configured."""

    def __init__(self, client: Callable[..., Any], region: str, **keys: str) -> None:
        agent = Config(user_agent=AGENT, retries={"max_attempts": 0})
        self.region = region
        self.iam, self.sts, self.sqs = (
            client(service, region=region, config=agent, **keys) for service in ("iam", "sts", "sqs")
        )
        self.account = self._account()

    def _account(self) -> str:
        """tflocal's override skips the validation of credentials, but the account is still asked for: of IAM, whose
        refusal is passed over, then of STS."""
        with pytest.raises(ClientError, match=r"Atoll has no iam\.GetUser") as refused:
            self.iam.get_user()
        # Else it would try again, 25 times.
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] not in (500, 502, 503, 504)
        account: str = self.sts.get_caller_identity()["Arn"].split(":")[4]
        return account

    # ---- aws_sqs_queue

    def create(self, name: str, resource: Resource, tags: dict[str, str]) -> str:
        attributes = {}
        for attribute, (api, kind, default) in SCHEMA.items():
            value = resource.get(attribute, None if default is COMPUTED else default)
            # What is false is sent only where it is configured, and only of this one.
            if kind is bool and not value and (attribute != "sqs_managed_sse_enabled" or value is None):
                continue
            if value not in (None, ""):
                attributes[api] = to_api(kind, value)
        url: str = self.sqs.create_queue(QueueName=name, Attributes=attributes, tags=tags)["QueueUrl"]
        self.wait_until_propagated(url, attributes)
        return url

    def wait_until_propagated(self, url: str, wanted: dict[str, str]) -> None:
        for _ in range(PROPAGATED):
            got = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
            differ = {name: got.get(name) for name, value in wanted.items() if not same(name, got.get(name, ""), value)}
            assert differ == {}

    def read(self, url: str) -> tuple[str, Resource, dict[str, str]]:
        """Name, attributes and tags, as they come to stand in the state."""
        got = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        parts = urlsplit(url).path.split("/")
        # Else the provider says that the URL is in the incorrect format.
        assert len(parts) == 3
        assert got["QueueArn"] == f"arn:aws:sqs:{self.region}:{self.account}:{parts[2]}"
        state = {}
        for attribute, (api, kind, _) in SCHEMA.items():
            text = got.get(api)
            if kind is bool:
                state[attribute] = text == "true"
            else:
                state[attribute] = kind(text) if text is not None else kind()
        return parts[2], state, self.sqs.list_queue_tags(QueueUrl=url).get("Tags", {})

    def plan(self, url: str, name: str, resource: Resource, tags: dict[str, str]) -> dict[str, Any]:
        """What would be changed: nothing, where the state is what is configured."""
        read_name, state, read_tags = self.read(url)
        changes: dict[str, Any] = {}
        for attribute, (api, kind, default) in SCHEMA.items():
            wanted = resource.get(attribute, default)
            if wanted is COMPUTED:
                continue
            if not same(api, to_api(kind, state[attribute]), to_api(kind, wanted)):
                changes[attribute] = (state[attribute], wanted)
        if read_name != name:
            changes["name"] = (read_name, name)
        if read_tags != tags:
            changes["tags"] = (read_tags, tags)
        return changes

    def update(self, url: str, name: str, resource: Resource, tags: dict[str, str]) -> None:
        changes = self.plan(url, name, resource, tags)
        old, new = changes.pop("tags", (tags, tags))
        if removed := [key for key in old if key not in new]:
            self.sqs.untag_queue(QueueUrl=url, TagKeys=removed)
        if updated := {key: value for key, value in new.items() if old.get(key) != value}:
            self.sqs.tag_queue(QueueUrl=url, Tags=updated)
        attributes = {SCHEMA[change][0]: to_api(SCHEMA[change][1], value) for change, (_, value) in changes.items()}
        if attributes:
            self.sqs.set_queue_attributes(QueueUrl=url, Attributes=attributes)
            self.wait_until_propagated(url, attributes)
        assert self.plan(url, name, resource, tags) == {}

    def destroy(self, url: str) -> None:
        self.sqs.delete_queue(QueueUrl=url)
        for _ in range(DELETED):
            with pytest.raises(self.sqs.exceptions.QueueDoesNotExist) as refused:
                self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
            assert refused.value.response["Error"]["Code"] == "AWS.SimpleQueueService.NonExistentQueue"
        # Another try finds that it has gone, and passes that over.
        with pytest.raises(self.sqs.exceptions.QueueDoesNotExist):
            self.sqs.delete_queue(QueueUrl=url)

    # ---- aws_sqs_queue_policy, aws_sqs_queue_redrive_policy, aws_sqs_queue_redrive_allow_policy

    def put_document(self, url: str, attribute: str, document: dict[str, Any]) -> None:
        wanted = {attribute: json.dumps(document, separators=(",", ":"), sort_keys=True)}
        self.sqs.set_queue_attributes(QueueUrl=url, Attributes=wanted)
        self.wait_until_propagated(url, wanted)
        got = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[attribute])["Attributes"]
        assert json.loads(got[attribute]) == document

    def delete_document(self, url: str, attribute: str) -> None:
        self.sqs.set_queue_attributes(QueueUrl=url, Attributes={attribute: ""})
        self.wait_until_propagated(url, {attribute: ""})
        assert "Attributes" not in self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[attribute])


@pytest.fixture(scope="module")
def cloud(atoll_with: Callable[..., Any]) -> Iterator[Any]:
    with atoll_with("--temporary", "-f", str(EXAMPLES)) as atoll:
        yield atoll


@pytest.fixture(params=["tflocal", "declared"])
def provider(request: pytest.FixtureRequest, cloud: Any) -> Provider:
    """By the keys that tflocal writes, and by those that an account was given when it was declared."""
    if request.param == "tflocal":
        test = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return Provider(cloud.client, "us-east-1", **test)
    return Provider(cloud.client, **keys_of(cloud, "payments"))


def keys_of(cloud: Any, account: str) -> dict[str, str]:
    exported = dict(re.findall(r"^export (\w+)=(\S+)$", cloud.command("env", account), re.MULTILINE))
    return {
        "region": exported["AWS_REGION"],
        "aws_access_key_id": exported["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": exported["AWS_SECRET_ACCESS_KEY"],
    }


def policy(arn: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": ["sqs:SendMessage"], "Resource": arn}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=2)


def test_a_standard_queue(provider: Provider) -> None:
    name, tags = "standard", {"team": "a", "stage": "test"}
    url = provider.create(name, {}, tags)
    assert provider.plan(url, name, {}, tags) == {}
    arn = f"arn:aws:sqs:{provider.region}:{provider.account}:{name}"
    changed = {"visibility_timeout_seconds": 60, "delay_seconds": 5, "policy": policy(arn), "max_message_size": 1024}
    assert set(provider.plan(url, name, changed, tags)) == set(changed)
    tags = {"team": "b", "cost": "1"}
    provider.update(url, name, changed, tags)
    provider.update(url, name, {"policy": ""}, {})
    provider.destroy(url)
    # What cannot be changed in place is destroyed and made anew, at once and by the same name.
    assert provider.create(name, {"receive_wait_time_seconds": 20}, {}) == url
    provider.destroy(url)


def test_encryption(provider: Provider) -> None:
    kms = {"kms_master_key_id": "alias/aws/sqs", "kms_data_key_reuse_period_seconds": 600}
    url = provider.create("encrypted", kms, {})
    assert provider.plan(url, "encrypted", kms, {}) == {}
    provider.update(url, "encrypted", {}, {})
    managed = {"sqs_managed_sse_enabled": True}
    provider.update(url, "encrypted", managed, {})
    provider.destroy(url)
    plain = {"sqs_managed_sse_enabled": False}
    url = provider.create("encrypted", plain, {})
    assert provider.plan(url, "encrypted", plain, {}) == {}
    provider.destroy(url)


def test_a_fifo_queue_with_a_dead_letter_queue(provider: Provider) -> None:
    arn = f"arn:aws:sqs:{provider.region}:{provider.account}:"
    dead = provider.create("dead.fifo", {"fifo_queue": True}, {})
    redrive = json.dumps({"deadLetterTargetArn": f"{arn}dead.fifo", "maxReceiveCount": 4})
    source: Resource = {"fifo_queue": True, "content_based_deduplication": True, "redrive_policy": redrive}
    url = provider.create("source.fifo", source, {"a": "1"})
    # Its source is known only now, so this is a resource of its own.
    allow = {"redrivePermission": "byQueue", "sourceQueueArns": [f"{arn}source.fifo"]}
    provider.put_document(dead, "RedriveAllowPolicy", allow)
    assert provider.plan(url, "source.fifo", source, {"a": "1"}) == {}
    assert provider.plan(dead, "dead.fifo", {"fifo_queue": True}, {}) == {}
    fast = {**source, "deduplication_scope": "messageGroup", "fifo_throughput_limit": "perMessageGroupId"}
    provider.update(url, "source.fifo", fast, {"a": "1"})
    provider.put_document(url, "RedrivePolicy", {"deadLetterTargetArn": f"{arn}dead.fifo", "maxReceiveCount": 9})
    provider.put_document(url, "Policy", json.loads(policy(f"{arn}source.fifo")))
    for attribute in ("Policy", "RedrivePolicy"):
        provider.delete_document(url, attribute)
    provider.delete_document(dead, "RedriveAllowPolicy")
    provider.destroy(url)
    provider.destroy(dead)


def test_its_urls_are_everybodys(cloud: Any, provider: Provider) -> None:
    """An import names a queue by AWS's own URL; a program is given the URL that Terraform put out."""
    url = provider.create("shared", {}, {})
    imported = f"https://sqs.{provider.region}.amazonaws.com/{provider.account}/shared"
    assert provider.plan(imported, "shared", {}, {}) == {}
    other = cloud.client("sqs", "222222222222", provider.region)
    other.send_message(QueueUrl=url, MessageBody="hello")
    regional = other.get_queue_url(QueueName="shared", QueueOwnerAWSAccountId=provider.account)["QueueUrl"]
    assert regional.endswith(f"/queue/{provider.region}/{provider.account}/shared")
    elsewhere = cloud.client("sqs", "222222222222", "ap-south-1")
    [message] = elsewhere.receive_message(QueueUrl=regional)["Messages"]
    assert message["Body"] == "hello"
    provider.destroy(url)
