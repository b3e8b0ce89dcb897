"""`atoll describe`: all that is to be known of one account, region or resource."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from atoll.cli.complete import names, words
from atoll.cli.kinds import COLUMNS, MOST, Described, Kind, kind_of
from atoll.cli.remote import DEFAULT_ENDPOINT, Endpoint, Realm, Token, connected
from atoll.cli.table import as_yaml, table, text
from atoll.core.tenant_id import DEFAULT_REALM

if TYPE_CHECKING:
    from atoll.control.client import ControlClient

MOST_RESOURCES = 10_000
"""More are not counted."""
_LAST_CALLS = 10

Item = dict[str, Any]


def describe(
    kind: Annotated[
        Described,
        typer.Argument(
            help=f"What is meant: {', '.join(Described)}.",
            metavar="KIND",
            parser=kind_of(Described),
            autocompletion=words(Described),
        ),
    ],
    name: Annotated[
        str,
        typer.Argument(
            help="Its name, or an account's id; a resource's is its ARN.", metavar="NAME", autocompletion=names
        ),
    ],
    realm: Realm = DEFAULT_REALM,
    endpoint: Endpoint = DEFAULT_ENDPOINT,
    token: Token = "",
) -> None:
    """Show all that is to be known of an account, a region or a resource."""
    with connected(endpoint, token) as client:
        match kind:
            case Described.ACCOUNT:
                lines = _account(client, realm, name)
            case Described.REGION:
                lines = _region(client, name)
            case Described.RESOURCE:
                lines = _resource(client, realm, name)
        for line in lines:
            typer.echo(line)


def _account(client: ControlClient, realm: str, name: str) -> Iterator[str]:
    path = ("realms", realm, "accounts", name)
    account = client.get(*path)
    status = account["status"]
    id = status["accountId"]
    yield from _fields(
        {
            "Name": account["name"],
            "Realm": realm,
            "Account": id,
            "Endpoint": status["endpoint"],
            "Created": account["created"],
            "Expires": status["expiresAt"],
        }
    )
    yield from _section("Spec", _tree(account["spec"]))
    yield from _section("Conditions", _table("type status reason message", status["conditions"]))
    yield from _section("Keys", table(COLUMNS[Kind.KEYS].narrow, client.items(*path, "keys")))
    mine = {"realm": realm, "account": id}
    yield from _section("Resources", _counted(client.items("resources", params={**mine, "limit": 1000})))
    effects = list(client.items("effects", params=mine))
    if effects:
        yield from _section("Not delivered yet", table(COLUMNS[Kind.EFFECTS].narrow, effects))
    yield from _calls(client, mine)


def _region(client: ControlClient, name: str) -> Iterator[str]:
    region = client.get("regions", name)
    spec = region["spec"]
    yield from _fields({"Name": region["name"], "Region": spec["regionName"], "Created": region["created"]})
    yield from _section("Spec", _tree(spec))
    set_now = [each for each in client.items("faults") if each["region"] in ("", spec["regionName"])]
    yield from _section("Faults that were set while running", _tree(set_now))


def _resource(client: ControlClient, realm: str, arn: str) -> Iterator[str]:
    from atoll.control.client import ControlError

    found = client.items("resources", params={"realm": realm, "text": arn, "limit": 1000})
    resource = next((each for each in found if each["arn"] == arn), None)
    if resource is None:
        raise ControlError(404, f"There is no resource {arn} in the realm {realm}: see `atoll get resources -o wide`")
    yield from _fields(
        {
            "ARN": arn,
            "Service": resource["service"],
            "Type": resource["type"],
            "Id": resource["id"],
            "Realm": realm,
            "Account": resource["account"],
            "Region": resource["region"],
            "Created": resource["created"],
        }
    )
    yield from _section("Tags", _tree(resource["tags"]))
    calls = {"realm": realm, "account": resource["account"], "service": resource["service"]}
    # Calls are listed of an account, and which of its regions they meant says each: its target, else its caller's.
    place = f"{resource['account']}/{resource['region']}"
    yield from _calls(client, calls, lambda call: place == (call["target"] or f"{call['account']}/{call['region']}"))


def _calls(client: ControlClient, filters: Item, fits: Callable[[Item], bool] | None = None) -> Iterator[str]:
    found = client.items("calls", params={**filters, "limit": _LAST_CALLS if fits is None else MOST})
    last = list(islice(filter(fits, found), _LAST_CALLS))
    yield from _section("Last calls", table(COLUMNS[Kind.CALLS].narrow, last) if last else [])


def _fields(fields: dict[str, Any]) -> Iterator[str]:
    for name, value in fields.items():
        yield f"{name + ':':<10} {text(value)}"


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    lines = list(lines)
    yield f"{title}:{'' if lines else ' -'}"
    for line in lines:
        yield f"  {line}"


def _table(columns: str, items: list[Item]) -> Iterator[str]:
    return table({name.upper(): name for name in columns.split()}, items)


def _counted(resources: Iterator[Item]) -> Iterator[str]:
    """By region and type."""
    counts = Counter((each["region"], each["service"], each["type"]) for each in islice(resources, MOST_RESOURCES))
    rows = [dict(zip(("region", "service", "type"), key, strict=True), count=counts[key]) for key in sorted(counts)]
    if rows:
        yield from _table("region service type count", rows)
    if counts.total() == MOST_RESOURCES:
        yield f"and more: only {MOST_RESOURCES:,} were counted"


def _tree(value: Any) -> Iterator[str]:
    if value:
        yield from as_yaml(value).splitlines()
