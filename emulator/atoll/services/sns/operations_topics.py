"""Operations on topics: creating, showing, configuring, listing, deleting them."""

from __future__ import annotations

from typing import Any

import orjson

from atoll.core.call import Call, Params
from atoll.core.errors import AwsError
from atoll.services.sns.archive import began, begin_keeping, finish_replays, forget_archive
from atoll.services.sns.data_protection import check_data_protection_policy
from atoll.services.sns.delivery_policies import effective_topic_policy
from atoll.services.sns.envelopes import timestamp
from atoll.services.sns.errors import invalid_parameter, resource_does_not_exist
from atoll.services.sns.paging import Page
from atoll.services.sns.policies import default_policy, with_permission, without_permission
from atoll.services.sns.service import sns
from atoll.services.sns.subscriptions import count_subscriptions, protocols_of, remove_all
from atoll.services.sns.tags import merged_tags, read_tags
from atoll.services.sns.topic_attributes import (
    DEFAULT_SIZE,
    DEFAULTS,
    LARGE_PROTOCOLS,
    MAX_LARGE_SUBSCRIPTIONS,
    SETTABLE,
    Attributes,
    is_same,
    read_attribute,
)
from atoll.services.sns.topics import (
    Topic,
    arn_of,
    check_name,
    check_topic_arn,
    dump,
    dump_attributes,
    find_topic,
    forget_topic,
    record_topic,
    topic_at,
    topic_named,
)
from atoll.tenants import Tenant

_INSERT = "INSERT INTO topic (name, created, attributes, tags, protection) VALUES (?, ?, ?, ?, ?)"
_ATTRIBUTES = "Attributes Reason: "
MAX_TOPICS = 100_000
MAX_FIFO_TOPICS = 1000


@sns.operation("CreateTopic")
def create_topic(call: Call, tenant: Tenant) -> Params:
    name: str = call["Name"]
    given: Attributes = dict(call.get("Attributes") or {})
    fifo = given.pop("FifoTopic", "false").lower() == "true"
    check_name(name, fifo=fifo)
    arn = arn_of(tenant, name)
    for attribute, value in given.items():
        if attribute not in SETTABLE:
            raise invalid_parameter(f"{_ATTRIBUTES}Unknown attribute {attribute}")
        given[attribute] = read_attribute(attribute, value, topic_arn=arn, fifo=fifo, prefix=_ATTRIBUTES)
    tags = merged_tags({}, read_tags(call.get("Tags")))
    protection: str = call.get("DataProtectionPolicy") or ""
    if protection:
        check_data_protection_policy(protection)
    topic = topic_named(tenant, name)
    if topic is not None:
        _check_same(tenant, topic, given, tags)
        return {"TopicArn": arn}
    _check_room(tenant, fifo=fifo)
    attributes = {attribute: value for attribute, value in given.items() if value}
    now = int(tenant.now() * 1000)
    tenant.execute(
        _INSERT, (name, now, dump_attributes(tenant, begin_keeping(tenant, {}, attributes)), dump(tags), protection)
    )
    record_topic(tenant, name, tags)
    return {"TopicArn": arn}


def _check_room(tenant: Tenant, *, fifo: bool) -> None:
    """https://docs.aws.amazon.com/general/latest/gr/sns.html"""
    pattern, most = ("%.fifo", MAX_FIFO_TOPICS) if fifo else ("%", MAX_TOPICS)
    if tenant.row("SELECT 1 FROM topic WHERE name LIKE ? LIMIT 1 OFFSET ?", (pattern, most - 1)) is not None:
        raise AwsError("TopicLimitExceededException", "Topic limit exceeded")


def _check_same(tenant: Tenant, topic: Topic, given: Attributes, tags: dict[str, str]) -> None:
    """A topic that is there is as good as a new one when it is what was asked for: nothing that is given may be other
    than what it has, which may be more."""
    defaults = {**DEFAULTS, "Policy": default_policy(tenant.id, topic.arn)}
    for name, value in given.items():
        default = defaults.get(name, "")
        if not is_same(name, value or default, topic.attributes.get(name, default)):
            raise invalid_parameter("Attributes Reason: Topic already exists with different attributes")
    if not tags.items() <= topic.tags.items():
        raise invalid_parameter("Tags Reason: Topic already exists with different tags")


@sns.operation("DeleteTopic")
def delete_topic(call: Call, tenant: Tenant) -> Params:
    check_topic_arn(call["TopicArn"])
    topic = topic_at(tenant, call["TopicArn"])
    if topic is None:
        return {}
    if topic.archive_days:
        raise AwsError("InvalidStateException", "Invalid state: Cannot delete a topic with an ArchivePolicy")
    remove_all(tenant, topic, call.caller)
    for table in ("topic_deduplication", "topic_archive"):
        tenant.execute(f"DELETE FROM {table} WHERE topic = ?", (topic.id,))
    tenant.execute("DELETE FROM topic WHERE id = ?", (topic.id,))
    tenant.unrecord("sns", "topic", topic.name)
    forget_topic(tenant, topic.name)
    return {}


@sns.operation("GetTopicAttributes", readonly=True)
def get_topic_attributes(call: Call, tenant: Tenant) -> Params:
    topic = find_topic(tenant, call["TopicArn"])
    confirmed, pending = count_subscriptions(tenant, topic)
    delivery = topic.attributes.get("DeliveryPolicy")
    shown: dict[str, Any] = {
        "DisplayName": "",
        "Policy": default_policy(tenant.id, topic.arn),
        **topic.attributes,
        "TopicArn": topic.arn,
        "Owner": tenant.id.account,
        "EffectiveDeliveryPolicy": dump(effective_topic_policy(orjson.loads(delivery) if delivery else None)),
        "SubscriptionsConfirmed": str(confirmed),
        "SubscriptionsPending": str(pending),
        "SubscriptionsDeleted": str(topic.deleted),
    }
    if topic.fifo:
        shown["FifoTopic"] = "true"
        shown.setdefault("ContentBasedDeduplication", DEFAULTS["ContentBasedDeduplication"])
    if topic.archive_days:
        shown["BeginningArchiveTime"] = timestamp(began(tenant, topic))
    return {"Attributes": shown}


@sns.operation("SetTopicAttributes")
def set_topic_attributes(call: Call, tenant: Tenant) -> Params:
    topic = find_topic(tenant, call["TopicArn"])
    name, value = call["AttributeName"], call.get("AttributeValue") or ""
    if name not in SETTABLE:
        raise invalid_parameter("AttributeName")
    if name == "Policy" and not value:
        raise invalid_parameter("Policy Error: null")
    value = read_attribute(name, value, topic_arn=topic.arn, fifo=topic.fifo)
    if name == "MaximumMessageSize" and value and int(value) > DEFAULT_SIZE:
        _check_fit_for_large(tenant, topic)
    attributes = {**topic.attributes, name: value}
    if not value:
        del attributes[name]
    if name == "ArchivePolicy" and not value:
        finish_replays(tenant, topic)
        forget_archive(tenant, topic)
    store_attributes(tenant, topic, begin_keeping(tenant, topic.attributes, attributes))
    return {}


def _check_fit_for_large(tenant: Tenant, topic: Topic) -> None:
    protocols = protocols_of(tenant, topic)
    if len(protocols) > MAX_LARGE_SUBSCRIPTIONS or not LARGE_PROTOCOLS.issuperset(protocols):
        raise invalid_parameter(
            f"MaximumMessageSize: a topic with more than {DEFAULT_SIZE} bytes can have at most "
            f"{MAX_LARGE_SUBSCRIPTIONS} subscriptions, each of Amazon SQS, Amazon Data Firehose or AWS Lambda"
        )


def store_attributes(tenant: Tenant, topic: Topic, attributes: Attributes) -> None:
    tenant.execute("UPDATE topic SET attributes = ? WHERE id = ?", (dump_attributes(tenant, attributes), topic.id))
    forget_topic(tenant, topic.name)


@sns.operation("ListTopics", readonly=True)
def list_topics(call: Call, tenant: Tenant) -> Params:
    page = Page(call)
    rows = tenant.rows("SELECT name FROM topic WHERE name > ? ORDER BY name LIMIT ?", (page.after, page.limit + 1))
    names = [name for (name,) in rows]
    return {
        "Topics": [{"TopicArn": arn_of(tenant, name)} for name in names[: page.limit]],
        "NextToken": page.token(names),
    }


def _policy_of(tenant: Tenant, topic: Topic) -> str:
    return topic.attributes.get("Policy") or default_policy(tenant.id, topic.arn)


@sns.operation("AddPermission")
def add_permission(call: Call, tenant: Tenant) -> Params:
    topic = find_topic(tenant, call["TopicArn"])
    policy = _policy_of(tenant, topic)
    label, accounts, actions = call["Label"], call["AWSAccountId"], call["ActionName"]
    policy = with_permission(policy, tenant.id, topic.arn, label, accounts, actions)
    store_attributes(tenant, topic, {**topic.attributes, "Policy": policy})
    return {}


@sns.operation("RemovePermission")
def remove_permission(call: Call, tenant: Tenant) -> Params:
    topic = find_topic(tenant, call["TopicArn"])
    policy = _policy_of(tenant, topic)
    store_attributes(tenant, topic, {**topic.attributes, "Policy": without_permission(policy, call["Label"])})
    return {}


@sns.operation("GetDataProtectionPolicy", readonly=True)
def get_data_protection_policy(call: Call, tenant: Tenant) -> Params:
    return {"DataProtectionPolicy": find_topic(tenant, call["ResourceArn"], "ResourceArn").protection or None}


@sns.operation("PutDataProtectionPolicy")
def put_data_protection_policy(call: Call, tenant: Tenant) -> Params:
    topic = find_topic(tenant, call["ResourceArn"], "ResourceArn")
    policy: str = call["DataProtectionPolicy"]
    if policy:
        check_data_protection_policy(policy)
    tenant.execute("UPDATE topic SET protection = ? WHERE id = ?", (policy, topic.id))
    forget_topic(tenant, topic.name)
    return {}


# ---- tags


def _tagged(call: Call, tenant: Tenant) -> Topic:
    """Raises ResourceNotFoundException."""
    topic = topic_at(tenant, call["ResourceArn"])
    if topic is None:
        raise resource_does_not_exist()
    return topic


def _store_tags(tenant: Tenant, topic: Topic, tags: dict[str, str]) -> None:
    tenant.execute("UPDATE topic SET tags = ? WHERE id = ?", (dump(tags), topic.id))
    record_topic(tenant, topic.name, tags)
    forget_topic(tenant, topic.name)


@sns.operation("ListTagsForResource", readonly=True)
def list_tags_for_resource(call: Call, tenant: Tenant) -> Params:
    return {"Tags": [{"Key": key, "Value": value} for key, value in _tagged(call, tenant).tags.items()]}


@sns.operation("TagResource")
def tag_resource(call: Call, tenant: Tenant) -> Params:
    topic = _tagged(call, tenant)
    _store_tags(tenant, topic, merged_tags(topic.tags, read_tags(call["Tags"])))
    return {}


@sns.operation("UntagResource")
def untag_resource(call: Call, tenant: Tenant) -> Params:
    topic = _tagged(call, tenant)
    gone = set(call["TagKeys"])
    _store_tags(tenant, topic, {key: value for key, value in topic.tags.items() if key not in gone})
    return {}
