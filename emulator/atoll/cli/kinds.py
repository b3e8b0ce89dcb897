"""The kinds of things that `atoll get` shows: which filters each has, and its columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar

import typer

K = TypeVar("K", bound=StrEnum)

MOST = 1000
"""The API shows no more calls, and no more of other kinds on a page."""


class Kind(StrEnum):
    ACCOUNTS = "accounts"
    REGIONS = "regions"
    REALMS = "realms"
    TENANTS = "tenants"
    RESOURCES = "resources"
    KEYS = "keys"
    FAULTS = "faults"
    CALLS = "calls"
    EFFECTS = "effects"


def kind_of(kinds: type[K]) -> Callable[[str], K]:
    """Reads one of these, in the singular or, as kubectl takes it too, in the plural. It raises BadParameter."""

    def read(text: str) -> K:
        # Imported here, since completion has no time for it.
        from atoll.manifests.problems import nearest

        for kind in kinds:
            if singular(text) == singular(kind):
                return kind
        hint = nearest(text, kinds) or f": there are {', '.join(kinds)}"
        raise typer.BadParameter(f"there is no kind {text!r}{hint}")

    return read


def singular(kind: str) -> str:
    return kind.removesuffix("s")


class Deletable(StrEnum):
    """What is deleted by its name."""

    ACCOUNT = "account"
    REGION = "region"
    REALM = "realm"


class Described(StrEnum):
    ACCOUNT = "account"
    REGION = "region"
    RESOURCE = "resource"


class Columns(NamedTuple):
    """Titles and where in an item their values are, `status.accountId`; `wide` has what only the wide table shows.
    `name` is what names an item."""

    name: tuple[str, ...]
    narrow: Mapping[str, str]
    wide: Mapping[str, str]

    def named(self, item: Mapping[str, Any]) -> str:
        return "/".join(str(item[each]) for each in self.name)


FILTERS: Mapping[Kind, frozenset[str]] = {
    Kind.ACCOUNTS: frozenset({"realm"}),
    Kind.REGIONS: frozenset(),
    Kind.REALMS: frozenset(),
    Kind.TENANTS: frozenset({"realm"}),
    Kind.RESOURCES: frozenset({"realm", "account", "region", "service", "type", "tag", "text"}),
    Kind.KEYS: frozenset({"realm"}),
    Kind.FAULTS: frozenset(),
    Kind.CALLS: frozenset({"realm", "account", "service", "crossing"}),
    Kind.EFFECTS: frozenset({"realm", "account", "region"}),
}

COLUMNS: Mapping[Kind, Columns] = {
    Kind.ACCOUNTS: Columns(
        ("name",),
        {
            "NAME": "name",
            "ACCOUNT": "status.accountId",
            "REALM": "realm",
            "READY": "status.conditions.0.status",
            "EXPIRES": "status.expiresAt",
        },
        {"ALIAS": "spec.alias", "TENANTS": "status.tenants", "ENDPOINT": "status.endpoint", "CREATED": "created"},
    ),
    Kind.REGIONS: Columns(
        ("name",),
        {"NAME": "name", "REGION": "spec.regionName", "FAULTS": "faults"},
        {"DESCRIPTION": "spec.description", "CREATED": "created"},
    ),
    Kind.REALMS: Columns(("name",), {"NAME": "name", "OPEN": "open"}, {}),
    Kind.TENANTS: Columns(
        ("realm", "account", "region"), {"REALM": "realm", "ACCOUNT": "account", "REGION": "region"}, {"CELL": "cell"}
    ),
    Kind.RESOURCES: Columns(
        ("arn",),
        {"TYPE": "type", "ID": "id", "ACCOUNT": "account", "REGION": "region"},
        {"SERVICE": "service", "REALM": "realm", "TAGS": "tags", "CREATED": "created", "ARN": "arn"},
    ),
    Kind.KEYS: Columns(
        ("accessKeyId",),
        {"KEY": "accessKeyId", "STATUS": "status", "CREATED": "created", "EXPIRES": "expires"},
        {"PRINCIPAL": "principal"},
    ),
    Kind.FAULTS: Columns(
        ("realm", "account", "region"),
        {
            "REGION": "region",
            "ACCOUNT": "account",
            "REALM": "realm",
            "SERVICES": "serviceNames",
            "LATENCY": "latency",
            "ERRORS": "errors",
            "FROM": "from",
        },
        {"SPREAD": "spread", "CODE": "error.code"},
    ),
    Kind.CALLS: Columns(
        ("requestId",),
        {
            "TIME": "time",
            "CALLER": "account",
            "REGION": "region",
            "SERVICE": "service",
            "OPERATION": "operation",
            "TARGET": "target",
            "STATUS": "status",
            "CODE": "code",
            "MS": "ms",
        },
        {"CROSSING": "crossing", "REALM": "realm", "PRINCIPAL": "principal", "REQUEST": "requestId"},
    ),
    Kind.EFFECTS: Columns(
        ("id",),
        {
            "CREATED": "created",
            "ACCOUNT": "account",
            "REGION": "region",
            "SERVICE": "service",
            "OPERATION": "operation",
            "TARGET": "target",
            "ATTEMPTS": "attempts",
        },
        {"NEXT": "nextAttempt", "LANE": "lane", "REALM": "realm", "PROBLEM": "problem"},
    ),
}
SNAPSHOTS = Columns(
    ("name",),
    {"NAME": "name", "ACCOUNT": "account", "REALM": "realm", "CREATED": "created", "REGIONS": "regions"},
    {},
)
