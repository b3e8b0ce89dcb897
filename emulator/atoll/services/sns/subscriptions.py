"""Subscriptions: rows of their topic's tenant, and the copies of them that their owners' tenants keep.

Who subscribes from another account or region sees the subscription by a copy (`mirror`); the topic's tenant has the
truth, and tells by effects.
"""

from __future__ import annotations

from typing import Any

import orjson

from atoll.core.arn import parse_arn
from atoll.core.caller import Caller
from atoll.services.sns.delivery_policies import DeliveryPolicy, effective_policy
from atoll.services.sns.errors import invalid_parameter, not_an_arn
from atoll.services.sns.filter_matching import Matcher, compile_filter
from atoll.services.sns.filter_policies import ATTRIBUTES
from atoll.services.sns.replay_policies import parse_replay_policy
from atoll.services.sns.subscription_attributes import Attributes, dead_letter_of
from atoll.services.sns.topics import Topic, dump, forget_topic, topic_with_id
from atoll.tenants import Tenant

PENDING = "PendingConfirmation"
"""What lists show for the ARN of a subscription that is not confirmed."""

_COLUMNS = (
    "number, topic, id, protocol, endpoint, owner, home, principal, attributes, pending, authenticated, strict, "
    "created, replay, throttled"
)
_SELECT = f"SELECT {_COLUMNS} FROM subscription"
_INSERT = (
    "INSERT INTO subscription (topic, id, protocol, endpoint, owner, home, principal, attributes, pending, "
    "authenticated, created) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_ACCOUNT = "{account}"
"""Stands for the tenant's account in a principal."""
_SIGNED_PROTOCOLS = frozenset(("sqs", "lambda", "firehose", "email-json"))
"""Whose documents are written when a message is published. Those for HTTP(S) are when they are sent."""


class Subscription:
    """A subscription's row, its attributes ready for use. `owner` and `home` are an account and a region."""

    __slots__ = (
        "arn",
        "attributes",
        "authenticated",
        "created",
        "dead_letter",
        "endpoint",
        "home",
        "id",
        "match",
        "number",
        "owner",
        "pending",
        "principal",
        "protocol",
        "raw",
        "replay",
        "replay_end",
        "scope",
        "strict",
        "throttled",
        "topic",
    )

    def __init__(self, tenant: Tenant, topic_arn: str, row: tuple[Any, ...]) -> None:
        self.id: str
        self.protocol: str
        self.endpoint: str
        self.number, self.topic, self.id, self.protocol, self.endpoint, owner, home, principal, attributes = row[:9]
        pending, authenticated, strict, self.created, replay, self.throttled = row[9:]
        self.arn = f"{topic_arn}:{self.id}"
        self.owner: str = owner or tenant.id.account
        self.home: str = home or tenant.id.region
        self.principal: str = principal.replace(_ACCOUNT, tenant.id.account)
        self.attributes: Attributes = orjson.loads(attributes)
        self.pending = bool(pending)
        self.authenticated = bool(authenticated)
        self.strict = bool(strict)
        self.raw = self.attributes.get("RawMessageDelivery") == "true"
        self.dead_letter = dead_letter_of(self.attributes)
        self.scope = self.attributes.get("FilterPolicyScope", ATTRIBUTES)
        policy = self.attributes.get("FilterPolicy")
        self.match: Matcher | None = compile_filter(orjson.loads(policy), self.scope) if policy else None
        self.replay: dict[str, Any] = orjson.loads(replay) if replay else {}
        replayed = self.attributes.get("ReplayPolicy")
        self.replay_end = parse_replay_policy(replayed).end if replayed else None
        """In milliseconds since the epoch: nothing that is published later comes."""

    def owner_caller(self, tenant: Tenant) -> Caller:
        """Who it is that has it."""
        return Caller(tenant.id.realm, self.owner, self.home, self.principal, self.owner)

    def delivery_policy(self, topic: Topic) -> DeliveryPolicy:
        of_topic, own = topic.attributes.get("DeliveryPolicy"), self.attributes.get("DeliveryPolicy")
        return effective_policy(orjson.loads(of_topic) if of_topic else None, orjson.loads(own) if own else None)


def id_in(arn: str) -> str:
    """The end of a subscription's ARN. Raises InvalidParameterException."""
    parsed = parse_arn(arn)
    if parsed is None:
        if arn.count(":") < 5:
            raise not_an_arn("SubscriptionArn", arn)
        raise invalid_parameter("SubscriptionArn")
    _, colon, id = parsed.resource.partition(":")
    if not colon:
        raise invalid_parameter("SubscriptionId")
    return id


def find_subscription(tenant: Tenant, arn: str) -> tuple[Topic, Subscription] | None:
    """With its topic. Raises InvalidParameterException where it is no subscription's ARN."""
    found = subscription_with_id(tenant, id_in(arn))
    return found if found is not None and found[1].arn == arn else None


def subscription_with_id(tenant: Tenant, id: str) -> tuple[Topic, Subscription] | None:
    row = tenant.row(f"{_SELECT} WHERE id = ?", (id,))
    topic = None if row is None else topic_with_id(tenant, row[1])
    if row is None or topic is None:
        return None
    return topic, Subscription(tenant, topic.arn, row)


def confirmed_subscriptions(tenant: Tenant, topic: Topic) -> list[Subscription]:
    """Those that messages go to, the oldest first."""
    found = topic.subscriptions
    if found is None:
        rows = tenant.rows(f"{_SELECT} WHERE topic = ? AND NOT pending ORDER BY number", (topic.id,))
        found = topic.subscriptions = [Subscription(tenant, topic.arn, row) for row in rows]
        topic.signs = not topic.fifo and any(map(_is_signed, found))
    return found


def _is_signed(subscription: Subscription) -> bool:
    """Whether its messages are signed when they are published. What goes to apps, or raw to queues, is when they cannot
    take it."""
    protocol = subscription.protocol
    if protocol == "application" or (protocol == "sqs" and subscription.raw):
        return bool(subscription.dead_letter)
    return protocol in _SIGNED_PROTOCOLS and not subscription.raw


def needs_signature(tenant: Tenant, topic: Topic) -> bool:
    """Whether a message's delivery takes the realm's key."""
    if topic.subscriptions is None:
        confirmed_subscriptions(tenant, topic)
    return topic.signs


def subscription_to(tenant: Tenant, topic: Topic, protocol: str, endpoint: str) -> Subscription | None:
    row = tenant.row(f"{_SELECT} WHERE topic = ? AND protocol = ? AND endpoint = ?", (topic.id, protocol, endpoint))
    return None if row is None else Subscription(tenant, topic.arn, row)


def page_of_topic(tenant: Tenant, topic: Topic, after: int, limit: int) -> list[Subscription]:
    rows = tenant.rows(f"{_SELECT} WHERE topic = ? AND number > ? ORDER BY number LIMIT ?", (topic.id, after, limit))
    return [Subscription(tenant, topic.arn, row) for row in rows]


def page_of_owner(tenant: Tenant, after: int, limit: int) -> list[Subscription]:
    """Of the tenant's own account, to topics that are here."""
    rows = tenant.rows(f"{_SELECT} WHERE owner IS NULL AND number > ? ORDER BY number LIMIT ?", (after, limit))
    found: list[Subscription] = []
    for row in rows:
        topic = topic_with_id(tenant, row[1])
        if topic is not None:
            found.append(Subscription(tenant, topic.arn, row))
    return found


def count_subscriptions(tenant: Tenant, topic: Topic) -> tuple[int, int]:
    """Confirmed, pending."""
    row = tenant.row("SELECT count(*), total(pending) FROM subscription WHERE topic = ?", (topic.id,))
    count, pending = row or (0, 0)
    return count - int(pending), int(pending)


def protocols_of(tenant: Tenant, topic: Topic) -> list[str]:
    """Of each of its subscriptions."""
    rows = tenant.rows("SELECT protocol FROM subscription WHERE topic = ? LIMIT 1000", (topic.id,))
    return [protocol for (protocol,) in rows]


def add(
    tenant: Tenant,
    topic: Topic,
    id: str,
    caller: Caller,
    protocol: str,
    endpoint: str,
    attributes: Attributes,
    *,
    pending: bool,
) -> None:
    _, account, region = tenant.id
    tenant.execute(
        _INSERT,
        (
            topic.id,
            id,
            protocol,
            endpoint,
            None if caller.account == account else caller.account,
            None if caller.region == region else caller.region,
            caller.principal.replace(account, _ACCOUNT),
            dump(attributes),
            pending,
            not pending,
            int(tenant.now() * 1000),
        ),
    )
    record(tenant, topic, id)
    forget_topic(tenant, topic.name)


def record(tenant: Tenant, topic: Topic, id: str) -> None:
    arn = f"arn:{{partition}}:sns:{{region}}:{{account}}:{topic.name}:{id}"
    tenant.record("sns", "subscription", id, arn, {})


def store(tenant: Tenant, topic: Topic, subscription: Subscription, **columns: Any) -> None:
    assigned = ", ".join(f"{name} = ?" for name in columns)
    tenant.execute(f"UPDATE subscription SET {assigned} WHERE number = ?", (*columns.values(), subscription.number))
    forget_topic(tenant, topic.name)


def remove(tenant: Tenant, topic: Topic, subscription: Subscription, caller: Caller) -> None:
    tenant.execute("DELETE FROM subscription WHERE number = ?", (subscription.number,))
    tenant.execute("DELETE FROM subscription_token WHERE subscription = ?", (subscription.id,))
    tenant.execute("UPDATE topic SET deleted = deleted + 1 WHERE id = ?", (topic.id,))
    tenant.unrecord("sns", "subscription", subscription.id)
    forget_topic(tenant, topic.name)
    tell_owner(tenant, subscription, caller, gone=True)


def remove_all(tenant: Tenant, topic: Topic, caller: Caller) -> None:
    while page := page_of_topic(tenant, topic, 0, 100):
        for subscription in page:
            remove(tenant, topic, subscription, caller)


def is_elsewhere(tenant: Tenant, subscription: Subscription) -> bool:
    """Whether its owner sees it by a copy."""
    return (subscription.owner, subscription.home) != (tenant.id.account, tenant.id.region)


def tell_owner(tenant: Tenant, subscription: Subscription, caller: Caller, *, gone: bool = False) -> None:
    """Has the owner's tenant keep or forget its copy, where it is another tenant."""
    if not is_elsewhere(tenant, subscription):
        return
    owner, home, arn = subscription.owner, subscription.home, subscription.arn
    if gone:
        _tell(tenant, caller, "ForgetSubscription", owner, home, arn, {})
        return
    kept = {"Protocol": subscription.protocol, "Endpoint": subscription.endpoint, "Pending": subscription.pending}
    _tell(tenant, caller, "KeepSubscription", owner, home, arn, kept)


def tell_of_none(tenant: Tenant, arn: str, caller: Caller) -> None:
    """Has the caller's tenant forget a copy of a subscription that is not here, as after a reset."""
    if caller.access_key and (caller.account, caller.region) != (tenant.id.account, tenant.id.region):
        _tell(tenant, caller, "ForgetSubscription", caller.account, caller.region, arn, {})


def _tell(
    tenant: Tenant, caller: Caller, operation: str, owner: str, home: str, arn: str, more: dict[str, Any]
) -> None:
    params = {"Owner": owner, "OwnerRegion": home, "SubscriptionArn": arn, **more}
    tenant.effect(caller, "sns", operation, params, lane=f"sns:{arn.rpartition(':')[2]}", awaited=True)


def tell_all_owners(tenant: Tenant, key: str) -> None:
    """The timer of a tenant that is a copy: owners know of what it was copied from, or of what it was before."""
    for row in tenant.rows(f"{_SELECT} WHERE owner IS NOT NULL OR home IS NOT NULL ORDER BY number"):
        topic = topic_with_id(tenant, row[1])
        if topic is not None:
            subscription = Subscription(tenant, topic.arn, row)
            tell_owner(tenant, subscription, subscription.owner_caller(tenant))


def as_listed(subscription: Subscription) -> dict[str, str]:
    return {
        "SubscriptionArn": PENDING if subscription.pending else subscription.arn,
        "Owner": subscription.owner,
        "Protocol": subscription.protocol,
        "Endpoint": subscription.endpoint,
        "TopicArn": subscription.arn.rpartition(":")[0],
    }
