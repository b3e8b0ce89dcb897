"""Topics: their rows, cached in the tenant's memory with whom their messages go to.

Reading a topic costs nothing while the tenant is open: `find_topic` is on every Publish's path.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import orjson

from atoll.core.arn import parse_arn, render_arn
from atoll.services.sns.errors import invalid_parameter, not_an_arn, topic_does_not_exist
from atoll.services.sns.topic_attributes import DEFAULT_SIZE, Attributes, parse_archive_policy
from atoll.tenants import Tenant

if TYPE_CHECKING:
    from atoll.services.sns.subscriptions import Subscription

MEMORY = "sns.topics"
FIFO = ".fifo"

_NAME = re.compile(r"[A-Za-z0-9_-]{1,256}")
_FIFO_NAME = re.compile(r"[A-Za-z0-9_-]{1,251}\.fifo")
_TOPIC = "SELECT id, name, created, attributes, tags, protection, sequence, deleted FROM topic"


_OWNER = r"\"AWS:SourceOwner\":\"{}\""
"""In attributes as a row has them: whom the default policy's statement admits."""
_NO_OWNER = _OWNER.format("{account}")


def _owner(account: str) -> str:
    return _OWNER.format(account)


class Topic:
    """A topic's row, its attributes ready for use."""

    __slots__ = (
        "archive_days",
        "arn",
        "attributes",
        "content_deduplication",
        "created",
        "deleted",
        "fifo",
        "id",
        "maximum",
        "name",
        "per_group",
        "protection",
        "sequence",
        "signature_version",
        "signs",
        "subscriptions",
        "tags",
    )

    def __init__(self, arn: str, row: tuple[Any, ...]) -> None:
        self.id: int
        self.name: str
        self.id, self.name, self.created, attributes, tags, self.protection, sequence, self.deleted = row
        self.arn = arn
        self.attributes: Attributes = orjson.loads(attributes.replace(_NO_OWNER, _owner(arn.split(":")[4])))
        self.tags: dict[str, str] = orjson.loads(tags)
        self.sequence: int = sequence
        self.fifo = self.name.endswith(FIFO)
        self.content_deduplication = self.attributes.get("ContentBasedDeduplication", "").lower() == "true"
        self.per_group = self.attributes.get("FifoThroughputScope") == "MessageGroup"
        self.signature_version = self.attributes.get("SignatureVersion") or "1"
        self.maximum = int(self.attributes.get("MaximumMessageSize") or DEFAULT_SIZE)
        self.archive_days = parse_archive_policy(self.attributes.get("ArchivePolicy", ""))
        self.subscriptions: list[Subscription] | None = None
        """Those that are confirmed, once somebody published."""
        self.signs = False
        """Whether messages to them are signed when they are published."""


def arn_of(tenant: Tenant, name: str) -> str:
    return render_arn("sns", tenant.id, name)


def find_topic(tenant: Tenant, arn: str, parameter: str = "TopicArn") -> Topic:
    """Raises InvalidParameterException, NotFoundException."""
    try:
        topic: Topic = tenant.memory[MEMORY][arn]
    except KeyError:
        pass
    else:
        return topic
    check_topic_arn(arn, parameter)
    found = topic_at(tenant, arn)
    if found is None:
        raise topic_does_not_exist()
    return found


def topic_at(tenant: Tenant, arn: str) -> Topic | None:
    """The tenant's topic with exactly that ARN, its partition and its account too."""
    topic = topic_named(tenant, arn.rpartition(":")[2])
    return topic if topic is not None and topic.arn == arn else None


def check_topic_arn(arn: str, parameter: str = "TopicArn") -> None:
    """Raises InvalidParameterException."""
    parsed = parse_arn(arn)
    if parsed is None:
        if arn.count(":") < 5:
            raise not_an_arn(parameter, arn)
        raise invalid_parameter(parameter)
    if parsed.service != "sns" or ":" in parsed.resource or "/" in parsed.resource:
        raise invalid_parameter(parameter)


def topic_named(tenant: Tenant, name: str) -> Topic | None:
    memory: dict[str, Topic] = tenant.memory.setdefault(MEMORY, {})
    arn = arn_of(tenant, name)
    topic = memory.get(arn)
    if topic is None:
        row = tenant.row(f"{_TOPIC} WHERE name = ?", (name,))
        if row is None:
            return None
        topic = memory[arn] = Topic(arn, row)
    return topic


def topic_with_id(tenant: Tenant, id: int) -> Topic | None:
    row = tenant.row("SELECT name FROM topic WHERE id = ?", (id,))
    return None if row is None else topic_named(tenant, row[0])


def dump_attributes(tenant: Tenant, attributes: Attributes) -> str:
    """As a row has them, which does not name the tenant's account where Atoll itself wrote it."""
    return dump(attributes).replace(_owner(tenant.id.account), _NO_OWNER)


def forget_topic(tenant: Tenant, name: str) -> None:
    """To be called after a topic's row, or one of its subscriptions, was changed: it is read again."""
    tenant.memory.get(MEMORY, {}).pop(arn_of(tenant, name), None)


def check_name(name: str, *, fifo: bool) -> None:
    """Raises InvalidParameterException, as CreateTopic does."""
    if not (_FIFO_NAME if fifo else _NAME).fullmatch(name):
        raise invalid_parameter("Topic Name")


def record_topic(tenant: Tenant, name: str, tags: dict[str, str]) -> None:
    tenant.record("sns", "topic", name, f"arn:{{partition}}:sns:{{region}}:{{account}}:{name}", tags)


def dump(value: Any) -> str:
    return orjson.dumps(value).decode()
