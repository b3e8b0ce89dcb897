"""`atoll apply`, `atoll delete`, `atoll fault`: what is declared of a running Atoll."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from atoll.cli.complete import regions
from atoll.cli.remote import DEFAULT_ENDPOINT, Endpoint, Realm, Token, connected, fail
from atoll.core.tenant_id import DEFAULT_REALM

if TYPE_CHECKING:
    from atoll.control.client import ControlClient
    from atoll.manifests.check import Manifest


def apply(
    file: Annotated[
        list[str], typer.Option("--file", "-f", help="A file, a folder, or - for standard input.", metavar="PATH")
    ],
    endpoint: Endpoint = DEFAULT_ENDPOINT,
    token: Token = "",
) -> None:
    """Make Accounts and Regions what their manifests say."""
    from atoll.control.client import ControlError
    from atoll.manifests.check import read_manifests
    from atoll.manifests.problems import BadManifests

    try:
        manifests = read_manifests(file)
    except BadManifests as bad:
        fail(str(bad))
    if not manifests:
        fail(f"There is nothing to apply in {', '.join(file)}")
    with connected(endpoint, token) as client:
        for where, manifest in manifests:
            try:
                typer.echo(_applied(client, manifest))
            except ControlError as error:
                raise ControlError(error.status, f"{where}: {error}") from None


def _applied(client: ControlClient, manifest: Manifest) -> str:
    from atoll.manifests.account import Account

    if isinstance(manifest, Account):
        client.put(f"/realms/{manifest.realm}/accounts/{manifest.name}", {"spec": manifest.spec})
        return f"account {manifest.realm}/{manifest.name} applied"
    client.put(f"/regions/{manifest.name}", {"spec": manifest.spec})
    return f"region {manifest.name} applied"


def delete(
    kind: Annotated[str, typer.Argument(help="account or region.", metavar="KIND")],
    name: Annotated[str, typer.Argument(help="Its name.", metavar="NAME")],
    realm: Realm = DEFAULT_REALM,
    endpoint: Endpoint = DEFAULT_ENDPOINT,
    token: Token = "",
) -> None:
    """End an account with everything in it, or a region's declaration."""
    if kind not in ("account", "region"):
        raise typer.BadParameter("it is account or region", param_hint="KIND")
    with connected(endpoint, token) as client:
        client.delete(f"/realms/{realm}/accounts/{name}" if kind == "account" else f"/regions/{name}")
    typer.echo(f"{kind} {name} deleted")


def fault(
    region: Annotated[str, typer.Argument(help="The region that is meant.", metavar="REGION", autocompletion=regions)],
    latency: Annotated[str, typer.Option(help="How much longer each call takes, as 200ms.", metavar="DURATION")] = "",
    spread: Annotated[str, typer.Option(help="By how much that varies.", metavar="DURATION")] = "",
    error_rate: Annotated[str, typer.Option(help="The share of calls that fail, as 5%.", metavar="SHARE")] = "",
    error_code: Annotated[str, typer.Option(help="How those fail.", metavar="CODE")] = "",
    error_status: Annotated[
        int | None, typer.Option(help="Their HTTP status, with --error-code.  [default: 500]", metavar="STATUS")
    ] = None,
    unavailable: Annotated[bool, typer.Option("--unavailable", help="Every call fails.")] = False,
    service: Annotated[list[str] | None, typer.Option(help="Only this service's; may be repeated.")] = None,
    realm: Annotated[str, typer.Option(help="Only this realm's.", metavar="NAME")] = "",
    account: Annotated[str, typer.Option(help="Only this account's.", metavar="ID")] = "",
    off: Annotated[bool, typer.Option("--off", help="End the region's faults.")] = False,
    endpoint: Endpoint = DEFAULT_ENDPOINT,
    token: Token = "",
) -> None:
    """Let a region's calls go wrong, from the next one on; --off ends that."""
    spec: dict[str, Any] = {
        name: value
        for name, value in (
            ("latency", latency),
            ("spread", spread),
            ("errorRate", error_rate),
            ("unavailable", unavailable),
            ("services", service or []),
        )
        if value
    }
    if error_code:
        spec["error"] = {"code": error_code, "message": "This was wanted to go wrong.", "status": error_status or 500}
    elif error_status is not None:
        raise typer.BadParameter("it goes together with --error-code", param_hint="--error-status")
    if off == bool(spec):
        raise typer.BadParameter("say what is to go wrong, or --off", param_hint="atoll fault")
    scope = {"realm": realm, "account": account, "region": region}
    with connected(endpoint, token) as client:
        client.put("/faults", {**scope, "faults": [] if off else [spec]})
    typer.echo(f"{region}: no faults" if off else f"{region}: faults from the next call on")
