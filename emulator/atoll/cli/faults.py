"""`atoll fault`: lets a region's calls go wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from atoll.cli.complete import accounts, realms, regions
from atoll.cli.remote import DEFAULT_ENDPOINT, Endpoint, Token, connected
from atoll.core.tenant_id import DEFAULT_REALM

if TYPE_CHECKING:
    from atoll.control.client import ControlClient


def fault(
    region: Annotated[str, typer.Argument(help="The region that is meant.", metavar="REGION", autocompletion=regions)],
    latency: Annotated[str, typer.Option(help="How much longer each call takes, as 200ms.", metavar="DURATION")] = "",
    spread: Annotated[str, typer.Option(help="By how much that varies.", metavar="DURATION")] = "",
    error_rate: Annotated[str, typer.Option(help="The share of calls that fail, as 5%.", metavar="SHARE")] = "",
    error_code: Annotated[str, typer.Option(help="How those fail, with --error-rate.", metavar="CODE")] = "",
    error_status: Annotated[
        int | None, typer.Option(help="Their HTTP status, with --error-code.  [default: 500]", metavar="STATUS")
    ] = None,
    unavailable: Annotated[bool, typer.Option("--unavailable", help="Every call fails.")] = False,
    service: Annotated[list[str] | None, typer.Option(help="Only this service's.", metavar="SERVICE")] = None,
    realm: Annotated[str, typer.Option(help="Only this realm's.", metavar="NAME", autocompletion=realms)] = "",
    account: Annotated[
        str,
        typer.Option(help="Only this account's, by its name or id.", metavar="ACCOUNT", autocompletion=accounts),
    ] = "",
    off: Annotated[bool, typer.Option("--off", help="End the region's faults.")] = False,
    endpoint: Endpoint = DEFAULT_ENDPOINT,
    token: Token = "",
) -> None:
    """Let a region's calls go wrong, from the next one on; --off ends that."""
    if not region:
        raise typer.BadParameter("it is empty: say which region", param_hint="REGION")
    spec = _spec(latency, spread, error_rate, error_code, error_status, unavailable, service or [])
    if off and spec:
        raise typer.BadParameter("it ends all that goes wrong there: leave out what that is", param_hint="--off")
    if not off and not spec:
        raise typer.BadParameter("say what is to go wrong, or --off", param_hint="atoll fault")
    with connected(endpoint, token) as client:
        if account and not re.fullmatch("[0-9]{12}", account):
            realm = realm or DEFAULT_REALM
            account = client.get("realms", realm, "accounts", account)["status"]["accountId"]
        scope = {"realm": realm, "account": account, "region": region}
        client.put("faults", body={**scope, "faults": [] if off else [spec]})
        others = list(_others(client, scope)) if off else []
    if not off:
        typer.echo(f"{region}: faults from the next call on")
    elif not others:
        typer.echo(f"{region}: no faults")
    for other in others:
        typer.echo(f"{region}: others hold there still: those {other}")


def _spec(
    latency: str,
    spread: str,
    error_rate: str,
    error_code: str,
    error_status: int | None,
    unavailable: bool,
    services: list[str],
) -> dict[str, Any]:
    """As a Region's manifest has it. Raises BadParameter."""
    if error_code and not error_rate:
        raise typer.BadParameter("it goes together with --error-rate", param_hint="--error-code")
    if error_status is not None and not error_code:
        raise typer.BadParameter("it goes together with --error-code", param_hint="--error-status")
    given: dict[str, Any] = {
        "latency": latency,
        "spread": spread,
        "errorRate": error_rate,
        "unavailable": unavailable,
        "services": services,
    }
    if error_code:
        given["error"] = {
            "code": error_code,
            "message": "This was wanted to go wrong.",
            "status": 500 if error_status is None else error_status,
        }
    return {name: value for name, value in given.items() if value}


def _others(client: ControlClient, ended: dict[str, str]) -> Iterator[str]:
    """What other faults the region has, and how they are ended."""
    region = ended["region"]
    for each in client.items("faults"):
        scope = {name: each[name] for name in ("realm", "account", "region")}
        if scope != ended and scope["region"] in ("", region):
            options = [f"--{name} {scope[name]}" for name in ("realm", "account") if scope[name]]
            # Those of all regions only the control API sets.
            ended_by = " ".join(["atoll fault", region, *options, "--off"]) if scope["region"] else "the control API"
            whose = ", ".join(f"{name} {each}" for name, each in scope.items() if each)
            yield f"of {whose or 'all'}, which {ended_by} ends"
    for declared in client.items("regions"):
        if declared["spec"]["regionName"] == region and declared["spec"].get("faults"):
            yield f"of the Region {declared['name']}, which its manifest ends, applied without them"
