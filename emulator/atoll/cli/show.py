"""`atoll get`: what there is, as a table or for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
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


_COLUMNS = {
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
        {"KEY": "accessKeyId", "STATUS": "status", "CREATED": "created"},
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
}


def get(
    kind: Annotated[Kind, typer.Argument(help="What is to be shown.")],
    name: Annotated[str, typer.Argument(help="Of keys: whose; else the one that is meant.", metavar="NAME")] = "",
    realm: Annotated[str, typer.Option(help="Only this realm's.", metavar="NAME")] = "",
    account: Annotated[str, typer.Option(help="Only this account's (resources, calls).", metavar="ID")] = "",
    region: Annotated[str, typer.Option(help="Only this region's (resources).", metavar="REGION")] = "",
    service: Annotated[str, typer.Option(help="Only this service's (resources, calls).", metavar="SERVICE")] = "",
    type: Annotated[str, typer.Option(help="Only of this type (resources).", metavar="TYPE")] = "",
    tag: Annotated[list[str] | None, typer.Option(help="KEY or KEY=VALUE (resources).", metavar="TAG")] = None,
    text: Annotated[str, typer.Option(help="What stands in the ARN (resources).", metavar="TEXT")] = "",
    crossing: Annotated[str, typer.Option(help="none, region, account or both (calls).", metavar="CROSSING")] = "",
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, metavar="N")] = 100,
    output: Annotated[Output, typer.Option("--output", "-o", help="The form of the answer.")] = Output.TABLE,
    endpoint: Endpoint = DEFAULT_ENDPOINT,
    token: Token = "",
) -> None:
    """Show what there is: accounts, regions, tenants, resources, an account's keys, the last calls."""
    filters: dict[str, str | int | list[str] | None] = {"realm": realm}
    path = f"/{kind.value}"
    if kind is Kind.KEYS:
        if not name:
            raise typer.BadParameter("say whose keys: atoll get keys ACCOUNT", param_hint="NAME")
        path, filters = f"/realms/{realm or 'default'}/accounts/{name}/keys", {}
    elif kind is Kind.RESOURCES:
        filters |= {"account": account, "region": region, "service": service, "type": type, "tag": tag, "text": text}
        filters["limit"] = min(limit, 1000)
    elif kind is Kind.CALLS:
        filters |= {"account": account, "service": service, "crossing": crossing, "limit": min(limit, 1000)}
    with connected(endpoint, token) as client:
        found = client.items(path, filters)
        items = list(islice((item for item in found if kind is Kind.KEYS or name in ("", _name(kind, item))), limit))
    show(kind, items, output)


def _name(kind: Kind, item: dict[str, Any]) -> str:
    return str(item[_COLUMNS[kind].name])


def show(kind: Kind, items: Sequence[dict[str, Any]], output: Output) -> None:
    match output:
        case Output.JSON:
            typer.echo(json.dumps({"items": items}, indent=2))
        case Output.YAML:
            import yaml

            typer.echo(yaml.safe_dump({"items": list(items)}, sort_keys=False), nl=False)
        case Output.NAME:
            for item in items:
                typer.echo(_name(kind, item))
        case _:
            _show_table(_COLUMNS[kind], items, wide=output is Output.WIDE)


def _show_table(columns: Columns, items: Sequence[dict[str, Any]], *, wide: bool) -> None:
    if not items:
        print("There is nothing.", file=sys.stderr)
        return
    shown = {**columns.narrow, **(columns.wide if wide else {})}
    rows = [[*shown], *([_text(_value(item, path.split("."))) for path in shown.values()] for item in items)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        typer.echo("   ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


def _value(item: Any, path: Iterable[str]) -> Any:
    for part in path:
        if isinstance(item, list):
            item = item[int(part)] if int(part) < len(item) else None
        else:
            item = item.get(part) if isinstance(item, dict) else None
    return item


def _text(value: Any) -> str:
    match value:
        case None | "" | [] | {}:
            return "-"
        case dict():
            return ",".join(f"{key}={each}" for key, each in value.items())
        case list():
            return str(len(value))
    return str(value)
