"""The archive of a FIFO topic's messages, and their replay to a subscription.

While a replay goes on its subscription gets nothing but by it, so that order is kept: messages that are published
meanwhile come to it out of the archive. Where the replay has an end, it gets nothing that is published after it.

https://docs.aws.amazon.com/sns/latest/dg/fifo-message-archiving-replay.html
"""

from __future__ import annotations

from typing import Any

from atoll.services.sns.errors import invalid_parameter
from atoll.services.sns.fanout import Fanout
from atoll.services.sns.messages import Message, decode_message, encode_message
from atoll.services.sns.replay_policies import parse_replay_policy
from atoll.services.sns.subscriptions import Subscription, confirmed_subscriptions, store, subscription_with_id
from atoll.services.sns.topic_attributes import Attributes
from atoll.services.sns.topics import Topic, dump, topic_with_id
from atoll.tenants import Tenant

BEGINNING = "BeginningArchiveTime"
DAY = 86_400_000
"""Milliseconds."""
CHUNK = 100
PENDING, RUNNING, COMPLETED = "Pending", "In progress", "Completed"


def begin_keeping(tenant: Tenant, old: Attributes, new: Attributes) -> Attributes:
    """The new attributes, with the moment at which the archive began, in milliseconds, where there is one."""
    new = {name: value for name, value in new.items() if name != BEGINNING}
    if new.get("ArchivePolicy"):
        new[BEGINNING] = old.get(BEGINNING) or str(int(tenant.now() * 1000))
        if tenant.timer_due("sns", "archive", "") is None:
            tenant.set_timer("sns", "archive", "", tenant.now() + DAY / 1000)
    return new


def began(tenant: Tenant, topic: Topic) -> int:
    """From when on there are messages, in milliseconds since the epoch."""
    return max(int(topic.attributes[BEGINNING]), int(tenant.now() * 1000) - topic.archive_days * DAY)


def forget_archive(tenant: Tenant, topic: Topic) -> None:
    tenant.execute("DELETE FROM topic_archive WHERE topic = ?", (topic.id,))


def put_into_archive(tenant: Tenant, topic: Topic, sequence: int, message: Message) -> None:
    tenant.execute(
        "INSERT INTO topic_archive VALUES (?, ?, ?, ?)",
        (topic.id, sequence, message.published, encode_message(message)),
    )


def forget_archived(tenant: Tenant, key: str) -> None:
    """The timer, once a day: messages that are older than their topic keeps them."""
    kept = False
    for (id,) in tenant.rows("SELECT id FROM topic WHERE name LIKE '%.fifo'"):
        topic = topic_with_id(tenant, id)
        if topic is not None and topic.archive_days:
            kept = True
            tenant.execute("DELETE FROM topic_archive WHERE topic = ? AND published < ?", (id, began(tenant, topic)))
    if kept:
        tenant.set_timer("sns", "archive", "", tenant.now() + DAY / 1000)


# ---- replay


def start_replay(tenant: Tenant, topic: Topic, subscription: Subscription, prefix: str = "") -> None:
    """Begins with what the subscription's replay policy asks for, or ends it where that is gone. Raises
    InvalidParameterException where the topic keeps no messages."""
    text = subscription.attributes.get("ReplayPolicy")
    if text and not topic.archive_days:
        # AWS's words for it are not known.
        raise invalid_parameter(f"{prefix}ReplayPolicy: can only be set where the topic has an ArchivePolicy")
    tenant.set_timer("sns", "replay", subscription.id, tenant.now() if text else None)
    state = {"status": PENDING, "next": 0, "since": topic.sequence} if text else None
    store(tenant, topic, subscription, replay=dump(state) if state else "")


def replay(tenant: Tenant, id: str) -> None:
    """The timer: delivers a chunk."""
    found = subscription_with_id(tenant, id)
    if found is None:
        return
    topic, subscription = found
    text = subscription.attributes.get("ReplayPolicy")
    if not text or not subscription.replay:
        return
    policy = parse_replay_policy(text)
    state: dict[str, Any] = dict(subscription.replay)
    rows = tenant.rows(
        "SELECT sequence, message FROM topic_archive WHERE topic = ? AND sequence >= ? "
        "AND (published >= ? OR sequence > ?) AND published <= ? ORDER BY sequence LIMIT ?",
        (topic.id, state["next"], policy.start, state["since"], policy.end or 1 << 60, CHUNK),
    )
    for sequence, packed in rows:
        message = decode_message(packed)
        message.replayed = sequence <= state["since"]
        fanout = Fanout(tenant, topic, message)
        if fanout.wanted(subscription):
            fanout.deliver(subscription)
            fanout.finish()
        state["next"] = sequence + 1
    if len(rows) == CHUNK:
        state["status"] = RUNNING
        tenant.set_timer("sns", "replay", id, tenant.now())
    else:
        state["status"] = COMPLETED
    store(tenant, topic, subscription, replay=dump(state))


def finish_replays(tenant: Tenant, topic: Topic) -> None:
    """At once, since the archive is about to go, and what was published meanwhile is nowhere else."""
    for id in [subscription.id for subscription in confirmed_subscriptions(tenant, topic) if subscription.replay]:
        while (found := subscription_with_id(tenant, id)) is not None and found[1].replay["status"] != COMPLETED:
            replay(tenant, id)
        tenant.set_timer("sns", "replay", id, None)


def is_live(subscription: Subscription, published: int) -> bool:
    """Whether it gets what is published then: it has no replay, or one that is over and had no end before."""
    if not subscription.replay:
        return True
    if subscription.replay["status"] != COMPLETED:
        return False
    return subscription.replay_end is None or published <= subscription.replay_end


def shown_status(tenant: Tenant, subscription: Subscription) -> str:
    """A replay goes on until its end, even if all that is archived was delivered."""
    status: str = subscription.replay["status"]
    end = subscription.replay_end
    return RUNNING if status == COMPLETED and end is not None and tenant.now() * 1000 <= end else status
