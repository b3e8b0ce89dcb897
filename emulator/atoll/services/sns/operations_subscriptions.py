"""Operations on subscriptions: subscribing, confirming, showing, configuring, listing, ending them."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from atoll.core.arn import parse_arn
from atoll.core.call import Call, Params
from atoll.core.errors import AwsError
from atoll.core.ids import uuid4
from atoll.core.lagoon import Lagoon
from atoll.index import Realm
from atoll.services.sns import signing, subscriptions, tokens
from atoll.services.sns.archive import shown_status, start_replay
from atoll.services.sns.confirmations import ask_to_confirm, tell_of_the_end
from atoll.services.sns.delivery_policies import effective_subscription_policy
from atoll.services.sns.endpoints import CONFIRMED_LATER, check_endpoint, normal_phone_number
from atoll.services.sns.errors import (
    invalid_parameter,
    no_endpoint_to_subscribe,
    not_authorized,
    subscription_does_not_exist,
)
from atoll.services.sns.filter_policies import ATTRIBUTES
from atoll.services.sns.paging import Page
from atoll.services.sns.platforms import endpoint_with_arn
from atoll.services.sns.pushes import is_elsewhere
from atoll.services.sns.service import sns
from atoll.services.sns.subscription_attributes import DEFAULTS, SUBSCRIBING, Attributes, check_attributes
from atoll.services.sns.subscriptions import Subscription, as_listed, find_subscription, tell_owner
from atoll.services.sns.topic_attributes import DEFAULT_SIZE, LARGE_PROTOCOLS, MAX_LARGE_SUBSCRIPTIONS, is_same
from atoll.services.sns.topics import Topic, dump, find_topic, topic_with_id
from atoll.tenants import Tenant

MAX_FILTER_POLICIES = 200
MAX_FIFO_SUBSCRIPTIONS = 100
_OTHERS = 1 << 48
"""More than any of a tenant's numbers of subscriptions."""
_MIRRORS = (
    "SELECT number, id, topic, protocol, endpoint, pending FROM subscription_mirror WHERE number > ? "
    "ORDER BY number LIMIT ?"
)


@sns.operation("Subscribe")
def subscribe(call: Call, tenant: Tenant) -> Params | Coroutine[Any, Any, Params]:
    if call["Protocol"] == "application" and is_elsewhere(tenant, call.get("Endpoint") or ""):
        _read_subscription(call, tenant)
        return _subscribe_app(call, tenant.lagoon)
    if call["Protocol"] == "email-json" and not signing.is_ready(tenant.realm):
        return _prepare_and_subscribe(call, tenant.lagoon, tenant.realm)
    return _subscribe(tenant, call)


async def _subscribe_app(call: Call, lagoon: Lagoon) -> Params:
    """Of another tenant, which is asked first whether it has the platform endpoint."""
    try:
        await lagoon.call(call, "sns", "GetEndpointAttributes", {"EndpointArn": call["Endpoint"]})
    except AwsError as error:
        if error.fault != "Sender":
            raise
        raise no_endpoint_to_subscribe(call["Endpoint"]) from None
    return await lagoon.transaction(_subscribe, call)


async def _prepare_and_subscribe(call: Call, lagoon: Lagoon, realm: Realm) -> Params:
    """Where the confirmation is signed, and the realm's signing key is not there yet."""
    await lagoon.in_thread(signing.prepare, realm)
    return await lagoon.transaction(_subscribe, call)


def _read_subscription(call: Call, tenant: Tenant) -> tuple[Topic, str, Attributes]:
    """The topic, the endpoint, and the attributes. Raises InvalidParameterException, NotFoundException."""
    topic = find_topic(tenant, call["TopicArn"])
    protocol: str = call["Protocol"]
    endpoint: str = call.get("Endpoint") or ""
    given: Attributes = call.get("Attributes") or {}
    check_endpoint(protocol, endpoint, fifo=topic.fifo)
    if protocol == "sms":
        endpoint = normal_phone_number(endpoint)
    attributes = check_attributes(given, {}, fifo=topic.fifo, protocol=protocol, endpoint=endpoint, prefix=SUBSCRIBING)
    if protocol == "firehose" and "SubscriptionRoleArn" not in attributes:
        raise invalid_parameter("Attributes Reason: SubscriptionRoleArn is required for firehose subscriptions")
    return topic, endpoint, attributes


def _subscribe(tenant: Tenant, call: Call) -> Params:
    topic, endpoint, attributes = _read_subscription(call, tenant)
    protocol: str = call["Protocol"]
    if protocol == "application" and not is_elsewhere(tenant, endpoint) and endpoint_with_arn(tenant, endpoint) is None:
        raise no_endpoint_to_subscribe(endpoint)
    existing = subscriptions.subscription_to(tenant, topic, protocol, endpoint)
    if existing is not None:
        for name in call.get("Attributes") or {}:
            default = DEFAULTS.get(name, "")
            if not is_same(name, attributes.get(name, default), existing.attributes.get(name, default)):
                raise invalid_parameter("Attributes Reason: Subscription already exists with different attributes")
        return _subscribe_again(call, tenant, topic, existing)
    _check_room(tenant, topic, protocol, attributes)
    pending = protocol in CONFIRMED_LATER
    id = uuid4()
    subscriptions.add(tenant, topic, id, call.caller, protocol, endpoint, attributes, pending=pending)
    subscription = _with_id(tenant, id)
    tell_owner(tenant, subscription, call.caller)
    if pending:
        ask_to_confirm(tenant, topic, subscription, call.origin)
    if "ReplayPolicy" in attributes:
        start_replay(tenant, topic, subscription, SUBSCRIBING)
    return _subscribed(call, subscription)


def _with_id(tenant: Tenant, id: str) -> Subscription:
    found = subscriptions.subscription_with_id(tenant, id)
    assert found is not None
    return found[1]


def _subscribe_again(call: Call, tenant: Tenant, topic: Topic, subscription: Subscription) -> Params:
    """An endpoint is subscribed once. Who asks again while it is not confirmed has it asked again."""
    if subscription.pending:
        ask_to_confirm(tenant, topic, subscription, call.origin)
    tell_owner(tenant, subscription, call.caller)
    return _subscribed(call, subscription)


def _subscribed(call: Call, subscription: Subscription) -> Params:
    hidden = subscription.pending and not call.get("ReturnSubscriptionArn")
    return {"SubscriptionArn": "pending confirmation" if hidden else subscription.arn}


def _check_room(tenant: Tenant, topic: Topic, protocol: str, attributes: Attributes) -> None:
    """Raises InvalidParameterException, SubscriptionLimitExceededException, FilterPolicyLimitExceededException."""
    if topic.maximum > DEFAULT_SIZE:
        count = len(subscriptions.protocols_of(tenant, topic))
        if protocol not in LARGE_PROTOCOLS or count >= MAX_LARGE_SUBSCRIPTIONS:
            raise invalid_parameter(
                f"MaximumMessageSize: a topic with more than {DEFAULT_SIZE} bytes can have at most "
                f"{MAX_LARGE_SUBSCRIPTIONS} subscriptions, each of Amazon SQS, Amazon Data Firehose or AWS Lambda"
            )
    if topic.fifo and sum(subscriptions.count_subscriptions(tenant, topic)) >= MAX_FIFO_SUBSCRIPTIONS:
        raise AwsError("SubscriptionLimitExceededException", "Subscription limit exceeded for this topic")
    if "FilterPolicy" in attributes:
        _check_filter_policies(tenant, topic)


def _check_filter_policies(tenant: Tenant, topic: Topic) -> None:
    row = tenant.row(
        "SELECT count(*) FROM subscription WHERE topic = ? AND attributes LIKE '%\"FilterPolicy\":%'", (topic.id,)
    )
    if row is not None and row[0] >= MAX_FILTER_POLICIES:
        raise AwsError("FilterPolicyLimitExceededException", "Filter policy limit exceeded for this topic")


@sns.operation("ConfirmSubscription")
def confirm_subscription(call: Call, tenant: Tenant) -> Params:
    """The token says which subscription is meant; of the topic's ARN AWS looks at the region only."""
    arn: str = call["TopicArn"]
    token: str = call["Token"]
    if not tokens.is_token(token):
        raise AwsError("InvalidParameterException", "Invalid token")
    known = tokens.look_up(tenant, token)
    if known is None:
        raise invalid_parameter("Token")
    topic_arn = parse_arn(arn)
    if topic_arn is None or topic_arn.region != tenant.id.region:
        raise invalid_parameter("Topic")
    id, cancelled = known
    if cancelled is not None:
        _bring_back(tenant, id, cancelled)
    found = subscriptions.subscription_with_id(tenant, id)
    if found is None:
        raise invalid_parameter("Token")
    topic, subscription = found
    if subscription.pending:
        # Unsigned calls have no key; in an open realm whoever has one is taken at its word.
        strict = (call.get("AuthenticateOnUnsubscribe") or "").lower() == "true"
        signed = bool(call.caller.access_key)
        if strict and not signed:
            raise not_authorized(call.caller.principal, "ConfirmSubscription", arn)
        subscriptions.store(tenant, topic, subscription, pending=False, authenticated=signed, strict=strict)
        tell_owner(tenant, _with_id(tenant, id), call.caller)
    return {"SubscriptionArn": subscription.arn}


def _bring_back(tenant: Tenant, id: str, cancelled: dict[str, Any]) -> None:
    """A subscription that somebody else has ended, where the endpoint's owner says so and has not subscribed anew."""
    topic = topic_with_id(tenant, cancelled.get("topic", 0))
    if topic is None:
        return
    if subscriptions.subscription_to(tenant, topic, cancelled["protocol"], cancelled["endpoint"]) is not None:
        return
    tenant.execute(
        f"INSERT INTO subscription (id, {', '.join(_CANCELLED)}, pending, authenticated, created) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1, 0, ?)",
        (id, *(cancelled[name] for name in _CANCELLED), int(tenant.now() * 1000)),
    )
    subscriptions.record(tenant, topic, id)


_CANCELLED = ("topic", "protocol", "endpoint", "owner", "home", "principal", "attributes")


@sns.operation("Unsubscribe")
def unsubscribe(call: Call, tenant: Tenant) -> Params:
    found = find_subscription(tenant, call["SubscriptionArn"])
    if found is None:
        subscriptions.tell_of_none(tenant, call["SubscriptionArn"], call.caller)
        return {}
    topic, subscription = found
    if subscription.pending:
        raise invalid_parameter(
            "SubscriptionArn Reason: Cannot unsubscribe a subscription that is pending confirmation"
        )
    caller = call.caller
    owners = caller.access_key and caller.account in (subscription.owner, tenant.id.account)
    if subscription.strict and not owners:
        raise not_authorized(caller.principal, "Unsubscribe", subscription.arn)
    row = tenant.row(f"SELECT {', '.join(_CANCELLED)} FROM subscription WHERE id = ?", (subscription.id,))
    assert row is not None
    subscriptions.remove(tenant, topic, subscription, caller)
    if not subscription.strict and not (caller.access_key and caller.account == subscription.owner):
        tell_of_the_end(tenant, subscription, dict(zip(_CANCELLED, row, strict=True)), call.origin)
    return {}


@sns.operation("GetSubscriptionAttributes", readonly=True)
def get_subscription_attributes(call: Call, tenant: Tenant) -> Params:
    found = find_subscription(tenant, call["SubscriptionArn"])
    if found is None:
        raise subscription_does_not_exist()
    topic, subscription = found
    shown: dict[str, str] = {
        "RawMessageDelivery": "false",
        **subscription.attributes,
        "SubscriptionArn": subscription.arn,
        "TopicArn": topic.arn,
        "Owner": subscription.owner,
        "Protocol": subscription.protocol,
        "Endpoint": subscription.endpoint,
        "PendingConfirmation": _word(subscription.pending),
        "ConfirmationWasAuthenticated": _word(subscription.authenticated),
        "SubscriptionPrincipal": subscription.principal,
    }
    if "FilterPolicy" in shown:
        shown.setdefault("FilterPolicyScope", ATTRIBUTES)
    else:
        shown.pop("FilterPolicyScope", None)
    if subscription.protocol in ("http", "https"):
        policy = subscription.delivery_policy(topic)
        shown["EffectiveDeliveryPolicy"] = dump(effective_subscription_policy(policy))
    if subscription.replay:
        shown["ReplayStatus"] = shown_status(tenant, subscription)
    return {"Attributes": shown}


def _word(value: bool) -> str:
    return "true" if value else "false"


@sns.operation("SetSubscriptionAttributes")
def set_subscription_attributes(call: Call, tenant: Tenant) -> Params:
    found = find_subscription(tenant, call["SubscriptionArn"])
    if found is None:
        raise subscription_does_not_exist()
    topic, subscription = found
    name, value = call["AttributeName"], call.get("AttributeValue") or ""
    attributes = check_attributes(
        {name: value},
        subscription.attributes,
        fifo=topic.fifo,
        protocol=subscription.protocol,
        endpoint=subscription.endpoint,
    )
    if "FilterPolicy" in attributes and "FilterPolicy" not in subscription.attributes:
        _check_filter_policies(tenant, topic)
    subscriptions.store(tenant, topic, subscription, attributes=dump(attributes))
    if name == "ReplayPolicy":
        start_replay(tenant, topic, _with_id(tenant, subscription.id))
    return {}


@sns.operation("ListSubscriptionsByTopic", readonly=True)
def list_subscriptions_by_topic(call: Call, tenant: Tenant) -> Params:
    topic = find_topic(tenant, call["TopicArn"])
    page = Page(call, topic.name)
    found = subscriptions.page_of_topic(tenant, topic, page.after_number, page.limit + 1)
    return {
        "Subscriptions": [as_listed(each) for each in found[: page.limit]],
        "NextToken": page.token([each.number for each in found]),
    }


@sns.operation("ListSubscriptions", readonly=True)
def list_subscriptions(call: Call, tenant: Tenant) -> Params:
    """Those to the tenant's own topics first, then those to others', whose places are behind `_OTHERS`."""
    page = Page(call)
    after = page.after_number
    listed: list[tuple[int, dict[str, str]]] = []
    if after <= _OTHERS:
        own = subscriptions.page_of_owner(tenant, after, page.limit + 1)
        listed = [(each.number, as_listed(each)) for each in own]
    if len(listed) <= page.limit:
        rows = tenant.rows(_MIRRORS, (max(0, after - _OTHERS), page.limit + 1 - len(listed)))
        listed += [(_OTHERS + row[0], _listed_mirror(call, row)) for row in rows]
    return {
        "Subscriptions": [each for _, each in listed[: page.limit]],
        "NextToken": page.token([place for place, _ in listed]),
    }


def _listed_mirror(call: Call, row: tuple[Any, ...]) -> dict[str, str]:
    _, id, topic, protocol, endpoint, pending = row
    return {
        "SubscriptionArn": subscriptions.PENDING if pending else f"{topic}:{id}",
        "Owner": call.owner.account,
        "Protocol": protocol,
        "Endpoint": endpoint,
        "TopicArn": topic,
    }


# ---- copies of subscriptions to others' topics


@sns.operation("KeepSubscription", internal=True)
def keep_subscription(call: Call, tenant: Tenant) -> Params:
    topic, _, id = call["SubscriptionArn"].rpartition(":")
    tenant.execute(
        "INSERT INTO subscription_mirror (id, topic, protocol, endpoint, pending) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (id, topic) DO UPDATE SET pending = excluded.pending",
        (id, topic, call["Protocol"], call["Endpoint"], call["Pending"]),
    )
    return {}


@sns.operation("ForgetSubscription", internal=True)
def forget_subscription(call: Call, tenant: Tenant) -> Params:
    topic, _, id = call["SubscriptionArn"].rpartition(":")
    tenant.execute("DELETE FROM subscription_mirror WHERE id = ? AND topic = ?", (id, topic))
    return {}
