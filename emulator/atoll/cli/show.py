"""`atoll get`: what there is, as a table or for programs."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from atoll.cli import complete
from atoll.cli.kinds import COLUMNS, FILTERS, MOST, Columns, Kind, kind_of, singular
from atoll.cli.remote import DEFAULT_ENDPOINT, Endpoint, Token, connected, fail, tell_what_is_hidden
from atoll.cli.table import as_yaml, table
from atoll.core.tenant_id import DEFAULT_REALM

if TYPE_CHECKING:
    from atoll.control.client import ControlClient

_CUT = 100
"""Of kinds that there may be very many of."""
_LONG_KINDS = (Kind.RESOURCES, Kind.CALLS, Kind.EFFECTS)

Item = dict[str, Any]


class Output(StrEnum):
    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"
    NAME = "name"


class Crossing(StrEnum):
    NONE = "none"
    REGION = "region"
    ACCOUNT = "account"
    BOTH = "both"


OutputOption = Annotated[Output, typer.Option("--output", "-o", help="The form of the answer.")]


def get(
    kind: Annotated[
        Kind,
        typer.Argument(
            help=f"What is to be shown: {', '.join(Kind)}.",
            metavar="KIND",
            parser=kind_of(Kind),
            autocompletion=complete.words(Kind),
        ),
    ],
    name: Annotated[
        str,
        typer.Argument(
            help="Of keys: whose; else the one that is meant.", metavar="NAME", autocompletion=complete.names
        ),
    ] = "",
    realm: Annotated[
        str,
        typer.Option(help="Only this realm's; of keys: the account's.", metavar="NAME", autocompletion=complete.realms),
    ] = "",
    account: Annotated[
        str,
        typer.Option(
            help="Only this account's, by its name or id (resources, calls, effects).",
            metavar="ACCOUNT",
            autocompletion=complete.accounts,
        ),
    ] = "",
    region: Annotated[
        str,
        typer.Option(
            help="Only this region's (resources, effects).", metavar="REGION", autocompletion=complete.regions
        ),
    ] = "",
    service: Annotated[str, typer.Option(help="Only this service's (resources, calls).", metavar="SERVICE")] = "",
    type: Annotated[str, typer.Option(help="Only of this type (resources).", metavar="TYPE")] = "",
    tag: Annotated[
        list[str] | None, typer.Option(help="KEY or KEY=VALUE; several must all be there (resources).", metavar="TAG")
    ] = None,
    part: Annotated[str, typer.Option("--text", help="What stands in the ARN (resources).", metavar="TEXT")] = "",
    crossing: Annotated[Crossing | None, typer.Option(help="What they cross (calls).")] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            help="At most so many.  [default: 100 of resources, calls, effects; all of others]",
            min=1,
            metavar="N",
            show_default=False,
        ),
    ] = None,
    output: OutputOption = Output.TABLE,
    endpoint: Endpoint = DEFAULT_ENDPOINT,
    token: Token = "",
) -> None:
    """Show what there is: accounts, regions, realms, tenants, resources, an account's keys, faults, the last calls, and
    effects that are not delivered yet."""
    given: Item = {"realm": realm, "account": account, "region": region, "service": service, "type": type}
    given = {name: value for name, value in {**given, "tag": tag, "text": part, "crossing": crossing}.items() if value}
    for filter in given:
        if filter not in FILTERS[kind]:
            raise typer.BadParameter(f"{kind} are not filtered by it", param_hint=f"--{filter}")
    if kind is Kind.KEYS and not name:
        raise typer.BadParameter("say whose keys: atoll get keys ACCOUNT", param_hint="NAME")
    most = limit or (_CUT if kind in _LONG_KINDS and not name else sys.maxsize)
    with connected(endpoint, token) as client:
        found = _found(client, kind, name, given, most)
        items = list(islice(found, most))
        more = next(found, None) is not None
        if not realm:
            tell_what_is_hidden(client)
    if name and kind is not Kind.KEYS and not items:
        fail(f"There is no {singular(kind)} {name}: see `atoll get {kind}`")
    show(COLUMNS[kind], items, output, kind)
    if more:
        print(f"There are more: --limit says how many are shown ({most})", file=sys.stderr)
    elif kind is Kind.CALLS and len(items) == MOST:
        print(f"No more than the last {MOST:,} calls are kept for this", file=sys.stderr)


def _found(client: ControlClient, kind: Kind, name: str, given: Item, most: int) -> Iterator[Item]:
    """Those that are named, or all. Raises ControlError."""
    if "account" in given and not re.fullmatch("[0-9]{12}", given["account"]):
        realm = given.get("realm", DEFAULT_REALM)
        declared = client.get("realms", realm, "accounts", given["account"])
        given = {**given, "realm": realm, "account": declared["status"]["accountId"]}
    match kind:
        case Kind.KEYS:
            path = ("realms", given.get("realm", DEFAULT_REALM), "accounts", name, "keys")
            yield from client.items(*path)
            return
        case Kind.RESOURCES:
            items = _resources(client, {**given, "text": given.get("text", name)}, most)
        case Kind.FAULTS:
            items = _faults(client)
        case Kind.REGIONS:
            items = _regions(client)
        case Kind.CALLS | Kind.EFFECTS:
            # One more than is shown, to know whether there is.
            items = client.items(kind, params={**given, "limit": min(most + 1, MOST)})
        case _:
            items = client.items(kind, params=given)
    yield from (item for item in items if not name or name in _names(kind, item))


def _names(kind: Kind, item: Item) -> tuple[str, ...]:
    """By which it is found: an account by its id too."""
    named = COLUMNS[kind].named(item)
    return (named, item["status"]["accountId"]) if kind is Kind.ACCOUNTS else (named,)


def _resources(client: ControlClient, given: Item, most: int) -> Iterator[Item]:
    """Of the realm that is given, or of all, one after the other."""
    realms = [given["realm"]] if "realm" in given else [realm["name"] for realm in client.items("realms")]
    for realm in realms:
        params = {**given, "realm": realm, "limit": min(most + 1, MOST)}
        for item in client.items("resources", params=params):
            yield {**item, "realm": realm}


def _regions(client: ControlClient) -> Iterator[Item]:
    """With how many faults are there, of the manifest and of those that were set for the whole region."""
    everywhere = [each for each in client.items("faults") if not (each["realm"] or each["account"])]
    for region in client.items("regions"):
        here = (each for each in everywhere if each["region"] in ("", region["spec"]["regionName"]))
        own = len(region["spec"].get("faults", []))
        yield {**region, "faults": own + sum(len(each["faults"]) for each in here) or None}


def _faults(client: ControlClient) -> Iterator[Item]:
    """One by one, those of manifests and those that were set while running."""
    for region in client.items("regions"):
        for fault in region["spec"].get("faults", []):
            scope = {"realm": "", "account": "", "region": region["spec"]["regionName"]}
            yield _fault(scope, fault, f"region {region['name']}")
    for each in client.items("faults"):
        for fault in each["faults"]:
            yield _fault({name: each[name] for name in ("realm", "account", "region")}, fault, "atoll fault")


def _fault(scope: Item, fault: Item, source: str) -> Item:
    errors = "unavailable" if fault.get("unavailable") else fault.get("errorRate", "")
    return {**scope, **fault, "serviceNames": ",".join(fault.get("services", [])), "errors": errors, "from": source}


def show(columns: Columns, items: Sequence[Item], output: Output, kind: Kind | None = None) -> None:
    """Accounts and regions are for programs what Kubernetes has of them, and `atoll apply -f -` takes."""
    match output:
        case Output.JSON | Output.YAML:
            listed: Item = {"items": list(items)}
            if kind in (Kind.ACCOUNTS, Kind.REGIONS):
                listed = {"apiVersion": "v1", "kind": "List", "items": [_manifest(kind, item) for item in items]}
            typer.echo(f"{json.dumps(listed, indent=2)}\n" if output is Output.JSON else as_yaml(listed), nl=False)
        case Output.NAME:
            for item in items:
                typer.echo(columns.named(item))
        case _ if not items:
            print("There is nothing.", file=sys.stderr)
        case _:
            shown = {**columns.narrow, **(columns.wide if output is Output.WIDE else {})}
            for line in table(shown, items):
                typer.echo(line)


def _manifest(kind: Kind, item: Item) -> Item:
    """What is null is left out, as Kubernetes does."""
    from atoll.manifests.crds import API_VERSION

    status = {name: value for name, value in item["status"].items() if value is not None}
    metadata: Item = {"name": item["name"], "creationTimestamp": item["created"]}
    if kind is Kind.ACCOUNTS:
        metadata["namespace"] = item["realm"]
    metadata["generation"] = status["observedGeneration"]
    return {
        "apiVersion": API_VERSION,
        "kind": "Account" if kind is Kind.ACCOUNTS else "Region",
        "metadata": metadata,
        "spec": item["spec"],
        "status": status,
    }
