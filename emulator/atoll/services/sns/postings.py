"""Deliveries to HTTP(S) endpoints: rows of the topic's tenant, posted after the commit, again as their delivery policy
says, and given up to the dead-letter queue.

Who is about to post a row puts off its next attempt by a lease: a process that ends meanwhile has it posted again.

https://docs.aws.amazon.com/sns/latest/dg/sns-http-https-endpoint-as-subscriber.html
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from atoll.core.call import Params
from atoll.core.lagoon import Lagoon
from atoll.index import Realm
from atoll.services.sns import http_client, signing
from atoll.services.sns.delivery_policies import CONTENT_TYPE, DeliveryPolicy
from atoll.services.sns.envelopes import NOTIFICATION, Envelope, confirmation
from atoll.services.sns.messages import Message, decode_message, encode_message
from atoll.services.sns.sender import PATIENCE, sender
from atoll.services.sns.settings import configured
from atoll.services.sns.subscriptions import Subscription, subscription_with_id
from atoll.services.sns.topics import Topic, topic_named
from atoll.tenants import Tenant

logger = logging.getLogger(__name__)

AT_ONCE = 50
"""How many requests of a process are under way at a time."""
OF_A_HOST = 10
"""How many of them go to one host, so that one that hangs leaves room for others."""
CHUNK = 100
LEASE = 60_000
"""Milliseconds."""
AGENT = "Amazon Simple Notification Service Agent"

_DUE = "SELECT id, subscription, message, kind, attempts, token, url FROM posting WHERE due <= ? ORDER BY due LIMIT ?"
_places: WeakKeyDictionary[asyncio.AbstractEventLoop, _Places] = WeakKeyDictionary()


class Posting(NamedTuple):
    """A request to be made; all that it takes, so that the tenant need not be asked meanwhile."""

    id: int
    url: str
    kind: str
    message: Message
    token: str
    topic_arn: str
    subscription_arn: str
    fifo: bool
    raw: bool
    version: str
    content_type: str
    realm: Realm
    latest: float
    """When at the latest it is begun, in seconds since the epoch: past that somebody else may take it up."""

    def body(self) -> str:
        if self.kind != NOTIFICATION:
            return confirmation(
                self.kind,
                self.message,
                token=self.token,
                topic_arn=self.topic_arn,
                subscription_arn=self.subscription_arn,
                version=self.version,
                realm=self.realm,
            )
        return self.text() if self.raw else self.document()

    def text(self) -> str:
        return self.message.text_for(self.url.partition(":")[0].lower())

    def document(self) -> str:
        """Of a notification."""
        envelope = Envelope(self.message, self.text(), self.topic_arn, self.fifo, self.version, self.realm)
        return envelope.text(self.subscription_arn)

    def headers(self) -> dict[str, str]:
        headers = {
            "x-amz-sns-message-type": self.kind,
            "x-amz-sns-message-id": self.message.id,
            "x-amz-sns-topic-arn": self.topic_arn,
        }
        if self.kind != "SubscriptionConfirmation":
            headers["x-amz-sns-subscription-arn"] = self.subscription_arn
        if self.raw and self.kind == NOTIFICATION:
            headers["x-amz-sns-rawdelivery"] = "true"
        return {
            **headers,
            "Content-Type": self.content_type,
            "User-Agent": AGENT,
            "Accept-Encoding": "gzip,deflate",
        }


def add(
    tenant: Tenant,
    subscription: Subscription,
    kind: str,
    message: Message,
    *,
    shared: int = 0,
    token: str = "",
    url: str = "",
) -> int:
    """Has a message posted. Returns its row, to be given as `shared` for a further subscription. `url` is for one that
    is gone by then."""
    if not shared:
        tenant.execute("INSERT INTO posted (message) VALUES (?)", (encode_message(message),))
        shared = tenant.last_row_id
    now = tenant.now()
    tenant.execute(
        "INSERT INTO posting (subscription, message, kind, due, token, url) VALUES (?, ?, ?, ?, ?, ?)",
        (subscription.id, shared, kind, int(now * 1000), token, url),
    )
    _not_later(tenant, now)
    return shared


def _not_later(tenant: Tenant, due: float) -> None:
    known = tenant.timer_due("sns", "post", "")
    if known is None or due < known:
        tenant.set_timer("sns", "post", "", due)


def post_due(tenant: Tenant, key: str) -> Coroutine[Any, Any, Params] | None:
    """The timer: takes what is due, and goes on to post it."""
    now = int(tenant.now() * 1000)
    postings: list[Posting] = []
    for row in tenant.rows(_DUE, (now, CHUNK)):
        posting = _prepare(tenant, row, now)
        if posting is not None:
            tenant.execute("UPDATE posting SET due = ? WHERE id = ?", (now + LEASE, posting.id))
            postings.append(posting)
    next_due = tenant.row("SELECT min(due) FROM posting")
    if next_due is not None and next_due[0] is not None:
        _not_later(tenant, next_due[0] / 1000)
    return _post_all(tenant.lagoon, postings) if postings else None


def _prepare(tenant: Tenant, row: tuple[Any, ...], now: int) -> Posting | None:
    """None where there is nobody to post to any more, or it has to wait for its turn."""
    id, subscription_id, message_row, kind, _, token, url = row
    packed = tenant.row("SELECT message FROM posted WHERE id = ?", (message_row,))
    found = subscription_with_id(tenant, subscription_id)
    if packed is None or (found is None and not url):
        _drop(tenant, id, message_row)
        return None
    message = decode_message(packed[0])
    if url:
        # Of a subscription that is gone: its ARN is with the token.
        name, _, endpoint = url.partition("\n")
        topic = topic_named(tenant, name)
        if topic is None:
            _drop(tenant, id, message_row)
            return None
        arn, policy, raw = f"{topic.arn}:{subscription_id}", None, False
    else:
        assert found is not None
        topic, subscription = found
        endpoint, arn, raw = subscription.endpoint, subscription.arn, subscription.raw
        policy = subscription.delivery_policy(topic)
        if not _has_turn(tenant, id, subscription, policy, now):
            return None
    return Posting(
        id,
        endpoint,
        kind,
        message,
        token,
        topic.arn,
        arn,
        topic.fifo,
        raw,
        topic.signature_version,
        CONTENT_TYPE if policy is None else policy.content_type,
        tenant.realm,
        (now + LEASE) / 1000 - 2 * http_client.TIMEOUT,
    )


def _has_turn(tenant: Tenant, id: int, subscription: Subscription, policy: DeliveryPolicy, now: int) -> bool:
    """Whether the endpoint may be called now, where its policy says how often a second."""
    if not policy.per_second:
        return True
    row = tenant.row("SELECT throttled FROM subscription WHERE number = ?", (subscription.number,))
    turn = max(now, 0 if row is None else row[0])
    if turn > now:
        tenant.execute("UPDATE posting SET due = ? WHERE id = ?", (turn, id))
        return False
    tenant.execute(
        "UPDATE subscription SET throttled = ? WHERE number = ?",
        (turn + -(-1000 // policy.per_second), subscription.number),
    )
    return True


def _drop(tenant: Tenant, id: int, message_row: int) -> None:
    tenant.execute("DELETE FROM posting WHERE id = ?", (id,))
    if tenant.row("SELECT 1 FROM posting WHERE message = ? LIMIT 1", (message_row,)) is None:
        tenant.execute("DELETE FROM posted WHERE id = ?", (message_row,))


# ---- outside transactions


async def _post_all(lagoon: Lagoon, postings: list[Posting]) -> Params:
    if not all(signing.is_ready(posting.realm) for posting in postings):
        await lagoon.in_thread(signing.prepare, postings[0].realm)
    await asyncio.gather(*(_post(lagoon, posting) for posting in postings))
    return {}


class _Places:
    """Room for requests, in all and by host."""

    def __init__(self) -> None:
        self._all = asyncio.Semaphore(AT_ONCE)
        self._hosts: dict[str, tuple[asyncio.Semaphore, int]] = {}

    @asynccontextmanager
    async def of(self, host: str) -> AsyncIterator[None]:
        places, users = self._hosts.get(host) or (asyncio.Semaphore(OF_A_HOST), 0)
        self._hosts[host] = (places, users + 1)
        try:
            async with places, self._all:
                yield
        finally:
            users = self._hosts[host][1] - 1
            if users:
                self._hosts[host] = (places, users)
            else:
                del self._hosts[host]


async def _post(lagoon: Lagoon, posting: Posting) -> None:
    places = _places.setdefault(asyncio.get_running_loop(), _Places())
    async with places.of(urlsplit(posting.url).netloc):
        if lagoon.now() > posting.latest:
            # It has waited too long for its place: its row is taken up anew.
            return
        outcome = await _attempt(posting)
    await lagoon.transaction(settle, posting, outcome)


class Outcome(NamedTuple):
    """Of an attempt. `again` says whether it is worth another."""

    done: bool
    again: bool = True


async def _attempt(posting: Posting) -> Outcome:
    deny = configured().deny_private_networks
    try:
        status = await http_client.post(posting.url, posting.headers(), posting.body().encode(), deny_private=deny)
    except http_client.PrivateNetwork as error:
        logger.warning("%s is not posted to: %s", posting.url, error)
        return Outcome(False, again=False)
    except (OSError, TimeoutError, http_client.BadAnswer, ValueError) as error:
        logger.info("%s could not be posted to: %s", posting.url, error or type(error).__name__)
        return Outcome(False)
    if 200 <= status < 300:
        return Outcome(True)
    logger.info("%s answered %d", posting.url, status)
    # Whoever says that the request is wrong will say so again.
    return Outcome(False, again=not 400 <= status < 500 or status == 429)


def settle(tenant: Tenant, posting: Posting, outcome: Outcome) -> None:
    row = tenant.row("SELECT attempts, message, subscription FROM posting WHERE id = ?", (posting.id,))
    if row is None:
        return
    attempts, message_row, subscription_id = row
    found = subscription_with_id(tenant, subscription_id)
    delay = None
    if not outcome.done and outcome.again and found is not None:
        topic, subscription = found
        delay = subscription.delivery_policy(topic).delay(attempts + 1)
    if delay is None:
        _drop(tenant, posting.id, message_row)
        if not outcome.done and found is not None and posting.kind == NOTIFICATION:
            _to_dead_letters(tenant, *found, posting)
        return
    due = tenant.now() + delay
    tenant.execute("UPDATE posting SET attempts = attempts + 1, due = ? WHERE id = ?", (int(due * 1000), posting.id))
    _not_later(tenant, due)


def _to_dead_letters(tenant: Tenant, topic: Topic, subscription: Subscription, posting: Posting) -> None:
    if not subscription.dead_letter:
        return
    raw = posting.raw and posting.message.fits_queue(posting.text())
    params: dict[str, Any] = {
        "QueueArn": subscription.dead_letter,
        "MessageBody": posting.text() if raw else posting.document(),
    }
    if raw and posting.message.attributes:
        params["MessageAttributes"] = posting.message.attributes
    tenant.effect(sender(tenant), "sqs", "Deliver", params, patience=PATIENCE)
