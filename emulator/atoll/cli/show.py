"""`atoll get`: what there is, as a table or for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import islice
from typing import Annotated, Any, NamedTuple

import typer

from atoll.cli.remote import DEFAULT_ENDPOINT, Endpoint, Token, connected


class Kind(StrEnum):
    ACCOUNTS = "accounts"
    REGIONS = "regions"
    TENANTS = "tenants"
    RESOURCES = "resources"
    KEYS = "keys"
    CALLS = "calls"
    EFFECTS = "effects"


class Output(StrEnum):
    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"
    NAME = "name"


class Columns(NamedTuple):
    """Titles and where in an item their values are, `status.accountId`; `wide` has what only the wide table shows."""

    name: str
    narrow: dict[str, str]
    wide: dict[str, str]

    def named(self, item: dict[str, Any]) -> str:
        return str(item[self.name])


COLUMNS = {
    Kind.ACCOUNTS: Columns(
        "name",
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
        "name",
        {"NAME": "name", "REGION": "spec.regionName", "FAULTS": "spec.faults"},
        {"DESCRIPTION": "spec.description", "CREATED": "created"},
    ),
    Kind.TENANTS: Columns("region", {"REALM": "realm", "ACCOUNT": "account", "REGION": "region"}, {"CELL": "cell"}),
    Kind.RESOURCES: Columns(
        "arn",
        {"TYPE": "type", "ID": "id", "ACCOUNT": "account", "REGION": "region"},
        {"SERVICE": "service", "TAGS": "tags", "CREATED": "created", "ARN": "arn"},
    ),
    Kind.KEYS: Columns(
        "accessKeyId",
        {"KEY": "accessKeyId", "STATUS": "status", "CREATED": "created", "EXPIRES": "expires"},
        {"PRINCIPAL": "principal"},
    ),
    Kind.CALLS: Columns(
        "requestId",
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
        "id",
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
    "name", {"NAME": "name", "ACCOUNT": "account", "REALM": "realm", "CREATED": "created", "REGIONS": "regions"}, {}
)


def get(
    kind: Annotated[Kind, typer.Argument(help="What is to be shown.")],
    name: Annotated[str, typer.Argument(help="Of keys: whose; else the one that is meant.", metavar="NAME")] = "",
    realm: Annotated[str, typer.Option(help="Only this realm's.", metavar="NAME")] = "",
    account: Annotated[str, typer.Option(help="Only this account's (resources, calls, effects).", metavar="ID")] = "",
    region: Annotated[str, typer.Option(help="Only this region's (resources, effects).", metavar="REGION")] = "",
    service: Annotated[str, typer.Option(help="Only this service's (resources, calls).", metavar="SERVICE")] = "",
    type: Annotated[str, typer.Option(help="Only of this type (resources).", metavar="TYPE")] = "",
    tag: Annotated[list[str] | None, typer.Option(help="KEY or KEY=VALUE (resources).", metavar="TAG")] = None,
    part: Annotated[str, typer.Option("--text", help="What stands in the ARN (resources).", metavar="TEXT")] = "",
    crossing: Annotated[str, typer.Option(help="none, region, account or both (calls).", metavar="CROSSING")] = "",
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, metavar="N")] = 100,
    output: Annotated[Output, typer.Option("--output", "-o", help="The form of the answer.")] = Output.TABLE,
    endpoint: Endpoint = DEFAULT_ENDPOINT,
    token: Token = "",
) -> None:
    """Show what there is: accounts, regions, tenants, resources, an account's keys, the last calls, and effects that
    are not delivered yet."""
    filters: dict[str, str | int | list[str] | None] = {"realm": realm}
    path, columns = f"/{kind.value}", COLUMNS[kind]
    if kind is Kind.KEYS:
        if not name:
            raise typer.BadParameter("say whose keys: atoll get keys ACCOUNT", param_hint="NAME")
        path, filters = f"/realms/{realm or 'default'}/accounts/{name}/keys", {}
    elif kind is Kind.RESOURCES:
        filters |= {"account": account, "region": region, "service": service, "type": type, "tag": tag, "text": part}
        filters["limit"] = min(limit, 1000)
    elif kind is Kind.CALLS:
        filters |= {"account": account, "service": service, "crossing": crossing, "limit": min(limit, 1000)}
    elif kind is Kind.EFFECTS:
        filters |= {"account": account, "region": region, "limit": min(limit, 1000)}
    with connected(endpoint, token) as client:
        found = client.items(path, filters)
        items = list(islice((each for each in found if kind is Kind.KEYS or name in ("", columns.named(each))), limit))
    show(columns, items, output)


def show(columns: Columns, items: Sequence[dict[str, Any]], output: Output) -> None:
    match output:
        case Output.JSON:
            typer.echo(json.dumps({"items": items}, indent=2))
        case Output.YAML:
            import yaml

            typer.echo(yaml.safe_dump({"items": list(items)}, sort_keys=False), nl=False)
        case Output.NAME:
            for item in items:
                typer.echo(columns.named(item))
        case _ if not items:
            print("There is nothing.", file=sys.stderr)
        case _:
            shown = {**columns.narrow, **(columns.wide if output is Output.WIDE else {})}
            for line in table(shown, items):
                typer.echo(line)


def table(columns: dict[str, str], items: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Lines, the titles first. `columns` maps each title to where in an item its value is."""
    rows = [[*columns], *([text(value(item, path)) for path in columns.values()] for item in items)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def value(item: Any, path: str) -> Any:
    """What is in an item at `status.conditions.0.status`; None where there is nothing."""
    for part in path.split("."):
        if isinstance(item, list):
            item = item[int(part)] if int(part) < len(item) else None
        else:
            item = item.get(part) if isinstance(item, dict) else None
    return item


def text(value: Any) -> str:
    """As a cell of a table has it."""
    match value:
        case None | "" | [] | {}:
            return "-"
        case dict():
            return ",".join(f"{key}={each}" for key, each in value.items())
        case list():
            return str(len(value))
    return str(value)
