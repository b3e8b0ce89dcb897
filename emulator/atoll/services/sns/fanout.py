"""Fan-out: one message to all subscriptions that are to have it, in the transaction that published it.

A queue of the topic's own tenant gets it at once; one of another tenant by an effect, of which all have the message
stored once; an HTTP(S) endpoint by a row that is worked on after the commit; what leaves Atoll nowhere is kept.
"""

from __future__ import annotations

import logging
from typing import Any

from atoll.core.arn import render_arn
from atoll.core.errors import AwsError
from atoll.core.json_objects import read_object
from atoll.services.sns import kept, postings
from atoll.services.sns.envelopes import NOTIFICATION, Envelope
from atoll.services.sns.filter_matching import attribute_values
from atoll.services.sns.filter_policies import BODY
from atoll.services.sns.lambda_events import event_for
from atoll.services.sns.messages import Message, encode_message
from atoll.services.sns.pushes import is_elsewhere, push
from atoll.services.sns.sender import PATIENCE, sender
from atoll.services.sns.sms import is_opted_out
from atoll.services.sns.subscriptions import Subscription
from atoll.services.sns.topics import FIFO, Topic
from atoll.tenants import Refused, Tenant

logger = logging.getLogger(__name__)

HERE = "sns.here"


class Fanout:
    """Of one message."""

    __slots__ = (
        "_attributes",
        "_bodies",
        "_caller",
        "_envelopes",
        "_fits_queue",
        "_here",
        "_local",
        "_message",
        "_payloads",
        "_posted",
        "_pushed",
        "_tenant",
        "_topic",
    )

    def __init__(self, tenant: Tenant, topic: Topic, message: Message) -> None:
        self._tenant = tenant
        self._topic = topic
        self._message = message
        self._envelopes: dict[str, Envelope] = {}
        self._payloads: dict[tuple[bool, bool, str], int] = {}
        self._bodies: dict[str, Any] = {}
        self._fits_queue: bool | None = None
        """Whether a queue can have it raw, once that was asked."""
        self._attributes: dict[str, Any] | None = None
        self._posted = 0
        self._pushed = 0
        self._caller = sender(tenant)
        self._here = tenant.memory.get(HERE) or _remember_here(tenant)
        self._local: list[tuple[Subscription, dict[str, Any]]] = []
        """What goes to queues of this tenant."""

    def deliver_all(self, subscriptions: list[Subscription]) -> None:
        for subscription in subscriptions:
            if subscription.match is None or self._matches(subscription):
                self.deliver(subscription)
        self.finish()

    def finish(self) -> None:
        """To be called when all was delivered."""
        local, self._local = self._local, []
        if not local:
            return
        entries = [entry for _, entry in local]
        answer = self._tenant.effect_here(self._caller, "sqs", "DeliverEach", {"Entries": entries})
        if answer is None:
            for subscription, _ in local:
                self._send(subscription, self._message.text_for("sqs"), self._lane(subscription))
        else:
            for place in answer["Refused"]:
                self._to_dead_letters(*local[place])

    def deliver(self, subscription: Subscription) -> None:
        match subscription.protocol:
            case "sqs":
                self._to_queue(subscription)
            case "http" | "https":
                self._posted = postings.add(
                    self._tenant, subscription, NOTIFICATION, self._message, shared=self._posted
                )
            case "lambda":
                self._to_function(subscription)
            case "application":
                self._to_endpoint(subscription)
            case _:
                self._keep(subscription)

    def wanted(self, subscription: Subscription) -> bool:
        """Whether its filter policy lets the message pass."""
        return subscription.match is None or self._matches(subscription)

    def _matches(self, subscription: Subscription) -> bool:
        match = subscription.match
        assert match is not None
        if subscription.scope != BODY:
            if self._attributes is None:
                self._attributes = attribute_values(self._message.attributes)
            return match(self._attributes)
        text = self._message.text_for(subscription.protocol)
        if text not in self._bodies:
            self._bodies[text] = read_object(text)
        body = self._bodies[text]
        return body is not None and match(body)

    def _envelope(self, text: str) -> Envelope:
        envelope = self._envelopes.get(text)
        if envelope is None:
            topic = self._topic
            envelope = self._envelopes[text] = Envelope(
                self._message, text, topic.arn, topic.fifo, topic.signature_version, self._tenant.realm
            )
        return envelope

    # ---- queues

    def _to_queue(self, subscription: Subscription) -> None:
        """At once where the queue is of this tenant and nothing waits before it, else by an effect."""
        message = self._message
        text = message.text_for("sqs")
        if subscription.raw:
            if self._fits_queue is None:
                self._fits_queue = message.fits_queue(text)
            if not self._fits_queue:
                letter = self._letter(subscription, text)
                if message.group is not None:
                    letter |= self._order(to_fifo=subscription.dead_letter.endswith(FIFO))
                self._to_dead_letters(subscription, letter)
                return
        lane = self._lane(subscription)
        local = subscription.endpoint.startswith(self._here)
        if not local or (lane and self._tenant.outbox.next_in_lane(lane) is not None):
            self._send(subscription, text, lane)
            return
        entry: dict[str, Any] = {"QueueArn": subscription.endpoint}
        if subscription.raw:
            entry["MessageBody"] = text
            if message.attributes:
                entry["MessageAttributes"] = message.attributes
        else:
            entry["MessageBody"] = self._envelope(text).text(subscription.arn)
        if message.group is not None:
            entry |= self._order(to_fifo=subscription.endpoint.endswith(FIFO))
        self._local.append((subscription, entry))

    def _letter(self, subscription: Subscription, text: str) -> dict[str, Any]:
        """A document for the dead-letter queue, where there is one."""
        return {"MessageBody": self._envelope(text).text(subscription.arn)} if subscription.dead_letter else {}

    def _refused(self, subscription: Subscription, text: str) -> Refused | None:
        """Where a message goes that a function or an app does not take."""
        letter = self._letter(subscription, text)
        return Refused("sqs", "Deliver", {"QueueArn": subscription.dead_letter, **letter}) if letter else None

    def _order(self, *, to_fifo: bool) -> dict[str, Any]:
        """What a queue is told of the message's group: a standard one nothing of a FIFO topic's."""
        message = self._message
        if not self._topic.fifo:
            return {"MessageGroupId": message.group}
        return {"MessageGroupId": message.group, "MessageDeduplicationId": message.content_id} if to_fifo else {}

    def _lane(self, subscription: Subscription) -> str:
        group = self._message.group
        return f"{subscription.id}:{group}" if group is not None and self._topic.fifo else ""

    def _to_dead_letters(self, subscription: Subscription, entry: dict[str, Any]) -> None:
        """What a queue or an app has refused."""
        if not subscription.dead_letter:
            logger.warning("%s: a message was refused and is dropped", subscription.arn)
        else:
            again = {**entry, "QueueArn": subscription.dead_letter}
            lane = self._lane(subscription)
            self._tenant.effect(self._caller, "sqs", "Deliver", again, lane=lane and f"{lane}:dead", patience=PATIENCE)

    def _send(self, subscription: Subscription, text: str, lane: str) -> None:
        """By an effect. All that is the same for several is stored once."""
        to_fifo = self._topic.fifo and subscription.endpoint.endswith(FIFO)
        own = {} if subscription.raw else {"BodyMiddle": subscription.arn}
        dead_letter = subscription.dead_letter
        refused = None
        if dead_letter:
            refused = Refused("sqs", "Deliver", {"QueueArn": dead_letter, **own}, lane and f"{lane}:dead")
        self._tenant.effect(
            self._caller,
            "sqs",
            "Deliver",
            {"QueueArn": subscription.endpoint, **own},
            lane=lane,
            payload=self._payload(text, raw=subscription.raw, to_fifo=to_fifo),
            refused=refused,
            patience=PATIENCE,
        )

    def _payload(self, text: str, *, raw: bool, to_fifo: bool) -> int:
        key = (raw, to_fifo, text)
        payload = self._payloads.get(key)
        if payload is None:
            message = self._message
            shared: dict[str, Any] = {}
            if raw:
                shared["MessageBody"] = text
                if message.attributes:
                    shared["MessageAttributes"] = message.attributes
            else:
                envelope = self._envelope(text)
                shared |= {"BodyStart": envelope.head, "BodyEnd": envelope.tail}
            if message.group is not None:
                shared |= self._order(to_fifo=to_fifo)
            payload = self._payloads[key] = self._tenant.payload(shared)
        return payload

    # ---- all else

    def _to_function(self, subscription: Subscription) -> None:
        text = self._message.text_for("lambda")
        envelope = self._envelope(text)
        event = event_for(envelope.text(subscription.arn), subscription.arn)
        self._tenant.effect(
            self._caller,
            "lambda",
            "DeliverEvent",
            {"FunctionName": subscription.endpoint, "Payload": event},
            refused=self._refused(subscription, text),
            patience=PATIENCE,
        )

    def _to_endpoint(self, subscription: Subscription) -> None:
        """To an app: at once where the platform endpoint is of this tenant, else by an effect."""
        tenant, message = self._tenant, self._message
        text = message.text_for("application")
        if not is_elsewhere(tenant, subscription.endpoint):
            try:
                push(tenant, subscription.endpoint, message, topic=self._topic.name, subscription=subscription.id)
            except AwsError:
                self._to_dead_letters(subscription, self._letter(subscription, text))
            return
        if not self._pushed:
            self._pushed = tenant.payload({"Message": encode_message(message)})
        tenant.effect(
            self._caller,
            "sns",
            "DeliverToEndpoint",
            {"EndpointArn": subscription.endpoint, "SubscriptionArn": subscription.arn},
            payload=self._pushed,
            refused=self._refused(subscription, text),
            patience=PATIENCE,
        )

    def _keep(self, subscription: Subscription) -> None:
        message, protocol, target = self._message, subscription.protocol, subscription.endpoint
        kind = _KEPT.get(protocol, kept.EMAIL)
        if protocol == "sms" and is_opted_out(self._tenant, target):
            return
        text = message.text_for(protocol)
        if protocol == "email-json" or (protocol == "firehose" and not subscription.raw):
            text = self._envelope(text).text(subscription.arn)
        kept.keep_message(
            self._tenant, kind, target, message, text, topic=self._topic.name, subscription=subscription.id
        )


_KEPT = {"sms": kept.SMS, "firehose": kept.FIREHOSE}


def _remember_here(tenant: Tenant) -> str:
    """How ARNs of the tenant's queues begin."""
    here: str = tenant.memory.setdefault(HERE, render_arn("sqs", tenant.id, ""))
    return here
