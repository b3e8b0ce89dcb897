"""Publish and PublishBatch: SNS's hot path.

A message's copies are made in the transaction that answers the call. Where the realm's signing key is not there yet, it
is derived first, off the loop; where the topic has a KMS key, KMS is asked first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from typing import Any

from atoll.core.call import Call, Params
from atoll.core.errors import AwsError
from atoll.core.lagoon import Lagoon
from atoll.index import Realm
from atoll.services.sns import fifo, kept, signing
from atoll.services.sns.archive import is_live, put_into_archive
from atoll.services.sns.encryption import key_of, use_key
from atoll.services.sns.endpoints import is_phone_number, normal_phone_number
from atoll.services.sns.envelopes import base_of
from atoll.services.sns.errors import invalid_parameter, not_an_arn
from atoll.services.sns.fanout import Fanout
from atoll.services.sns.messages import Message, decode_message, is_subject, read_message, size_of
from atoll.services.sns.pushes import push
from atoll.services.sns.service import sns
from atoll.services.sns.sms import is_opted_out
from atoll.services.sns.subscriptions import confirmed_subscriptions, needs_signature
from atoll.services.sns.topic_attributes import DEFAULT_SIZE
from atoll.services.sns.topics import Topic, find_topic
from atoll.tenants import Tenant

TARGETS = ("TopicArn", "TargetArn", "PhoneNumber")
MAX_ENTRIES = 10
MAX_SMS = 1600
"""Characters."""
_ID = re.compile(r"[A-Za-z0-9_-]+")


@sns.operation("Publish")
def publish(call: Call, tenant: Tenant) -> Params | Coroutine[Any, Any, Params]:
    params = call.params
    arn = params.get("TopicArn")
    target = params.get("TargetArn")
    if len(params) > 2 and sum(1 for name in TARGETS if params.get(name)) > 1:
        # AWS's words for it are not known.
        raise invalid_parameter(f"{' or '.join(TARGETS)} Reason: only one of them can be specified")
    if arn is None and target is not None:
        if ":endpoint/" in target:
            return _publish_to_endpoint(call, tenant, target)
        arn = target
    if arn is None:
        return _publish_to_phone(call, tenant)
    if not params["Message"]:
        raise invalid_parameter("Empty message")
    if arn.count(":") < 5:
        raise not_an_arn("TopicArn" if "TopicArn" in params else "TargetArn", arn)
    size = size_of(params)
    topic = find_topic(tenant, arn)
    if size > topic.maximum:
        raise invalid_parameter("Message too long")
    key = key_of(tenant, topic)
    if key or not _is_ready(tenant, topic):
        return _prepare_and_publish(call, tenant.lagoon, topic.arn, key, _publish_ready)
    return _publish_to_topic(call, tenant, topic)


def _is_ready(tenant: Tenant, topic: Topic) -> bool:
    return not needs_signature(tenant, topic) or signing.is_ready(tenant.realm)


async def _prepare_and_publish(
    call: Call, lagoon: Lagoon, topic_arn: str, key: str, publish: Callable[[Tenant, Call], Params]
) -> Params:
    """Where KMS has to be asked, or the realm's signing key is not there yet."""
    if key:
        await use_key(call, lagoon, key, topic_arn)
    realm = await lagoon.transaction(_realm_to_sign_for, topic_arn)
    if realm is not None:
        await lagoon.in_thread(signing.prepare, realm)
    return await lagoon.transaction(publish, call)


def _realm_to_sign_for(tenant: Tenant, topic_arn: str) -> Realm | None:
    """None where its key is there, or is not needed."""
    return None if _is_ready(tenant, find_topic(tenant, topic_arn)) else tenant.realm


def _publish_ready(tenant: Tenant, call: Call) -> Params:
    params = call.params
    return _publish_to_topic(call, tenant, find_topic(tenant, params.get("TopicArn") or params["TargetArn"]))


def _publish_to_topic(call: Call, tenant: Tenant, topic: Topic) -> Params:
    message = read_message(call.params, tenant.now(), base_of(call.origin), topic, structured_default=True)
    return _send(tenant, topic, message)


def _send(tenant: Tenant, topic: Topic, message: Message) -> Params:
    answer: Params = {"MessageId": message.id}
    live = confirmed_subscriptions(tenant, topic)
    if topic.fifo:
        group, deduplication = message.group or "", message.content_id or ""
        duplicate = fifo.find_duplicate(tenant, topic, group, deduplication, message.published)
        if duplicate is not None:
            return {"MessageId": duplicate[0], "SequenceNumber": fifo.render_sequence(duplicate[1])}
        sequence = fifo.remember(tenant, topic, group, deduplication, message.published, message.id)
        answer["SequenceNumber"] = message.sequence = fifo.render_sequence(sequence)
        if topic.archive_days:
            put_into_archive(tenant, topic, sequence, message)
        live = [subscription for subscription in live if is_live(subscription, message.published)]
    if live:
        Fanout(tenant, topic, message).deliver_all(live)
    return answer


def _check_size(params: Params) -> None:
    if not params["Message"]:
        raise invalid_parameter("Empty message")
    if size_of(params) > DEFAULT_SIZE:
        raise invalid_parameter("Message too long")


def _publish_to_endpoint(call: Call, tenant: Tenant, target: str) -> Params:
    _check_size(call.params)
    message = read_message(call.params, tenant.now(), base_of(call.origin), None, structured_default=False)
    push(tenant, target, message)
    return {"MessageId": message.id}


def _publish_to_phone(call: Call, tenant: Tenant) -> Params:
    number = call.get("PhoneNumber")
    if not number:
        raise invalid_parameter("TopicArn or TargetArn Reason: no value for required parameter")
    if not is_phone_number(number):
        raise invalid_parameter(f"PhoneNumber Reason: {number} is not valid to publish to")
    _check_size(call.params)
    message = read_message(call.params, tenant.now(), base_of(call.origin), None, structured_default=True)
    text = message.text_for("sms")
    if len(text) > MAX_SMS:
        raise invalid_parameter("Message too long")
    number = normal_phone_number(number)
    if not is_opted_out(tenant, number):
        kept.keep_message(tenant, kept.SMS, number, message, text)
    return {"MessageId": message.id}


@sns.operation("DeliverToEndpoint", internal=True)
def deliver_to_endpoint(call: Call, tenant: Tenant) -> Params:
    """What a topic of another tenant sends to a platform endpoint."""
    topic, _, subscription = call["SubscriptionArn"].rpartition(":")
    push(tenant, call["EndpointArn"], decode_message(call["Message"]), topic=topic, subscription=subscription)
    return {}


# ---- batches


@sns.operation("PublishBatch")
def publish_batch(call: Call, tenant: Tenant) -> Params | Coroutine[Any, Any, Params]:
    entries: list[Params] = call["PublishBatchRequestEntries"]
    if not entries:
        raise AwsError("EmptyBatchRequestException", "The batch request doesn't contain any entries.")
    if len(entries) > MAX_ENTRIES:
        raise AwsError(
            "TooManyEntriesInBatchRequestException", "The batch request contains more entries than permissible."
        )
    topic = find_topic(tenant, call["TopicArn"])
    _check_ids([entry["Id"] for entry in entries])
    if sum(map(size_of, entries)) > topic.maximum:
        raise AwsError(
            "BatchRequestTooLongException",
            "The length of all the messages put together is more than the limit.",
        )
    key = key_of(tenant, topic)
    if key or not _is_ready(tenant, topic):
        return _prepare_and_publish(call, tenant.lagoon, topic.arn, key, _publish_entries)
    return _publish_entries(tenant, call)


def _check_ids(ids: list[str]) -> None:
    if len(set(ids)) != len(ids):
        raise AwsError(
            "BatchEntryIdsNotDistinctException", "Two or more batch entries in the request have the same Id."
        )
    for id in ids:
        if len(id) > 80:
            raise AwsError(
                "InvalidBatchEntryIdException", f"The Id of a batch entry in the batch request is too long: {id}"
            )
        if not _ID.fullmatch(id):
            raise AwsError(
                "InvalidBatchEntryIdException",
                f"The Id of a batch entry in the batch request contains an impermissible character: {id}",
            )


def _publish_entries(tenant: Tenant, call: Call) -> Params:
    """As on AWS, a subject refuses its own message; whatever else is wrong with one refuses them all."""
    topic = find_topic(tenant, call["TopicArn"])
    now, base = tenant.now(), base_of(call.origin)
    messages: list[tuple[str, Message]] = []
    failed: list[Params] = []
    for entry in call["PublishBatchRequestEntries"]:
        if not entry["Message"]:
            raise invalid_parameter("Empty message")
        subject = entry.get("Subject")
        if subject is not None and not is_subject(subject):
            read_message({**entry, "Subject": None}, now, base, topic, structured_default=True)
            failed.append(
                {
                    "Id": entry["Id"],
                    "Code": "InvalidParameter",
                    "Message": "Invalid parameter: Subject",
                    "SenderFault": True,
                }
            )
            continue
        messages.append((entry["Id"], read_message(entry, now, base, topic, structured_default=True)))
    return {"Successful": [{"Id": id, **_send(tenant, topic, message)} for id, message in messages], "Failed": failed}
