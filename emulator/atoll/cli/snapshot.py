"""`atoll snapshot`, `atoll reset`: what is in accounts, saved, loaded and erased."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from atoll.cli.complete import accounts
from atoll.cli.remote import DEFAULT_ENDPOINT, Endpoint, Realm, Token, connected, fail
from atoll.cli.show import SNAPSHOTS, Output, show
from atoll.core.tenant_id import DEFAULT_REALM

if TYPE_CHECKING:
    from atoll.control.client import ControlClient

snapshot = typer.Typer(name="snapshot", help="Save what is in an account, and load it.", no_args_is_help=True)

Whose = Annotated[str, typer.Argument(help="Its name, or its account id.", metavar="ACCOUNT", autocompletion=accounts)]


@snapshot.command()
def save(
    account: Whose,
    file: Annotated[Path, typer.Argument(help="Where to; it is replaced.", metavar="FILE")],
    realm: Realm = DEFAULT_REALM,
    endpoint: Endpoint = DEFAULT_ENDPOINT,
    token: Token = "",
) -> None:
    """Save all that is in an account into a file, as it is at one moment."""
    partial = file.with_name(f"{file.name}.partial")
    try:
        with connected(endpoint, token) as client, partial.open("wb") as target:
            client.download(f"/realms/{realm}/accounts/{account}/snapshot", target)
        partial.replace(file)
    except OSError as error:
        fail(f"{error.filename or file} cannot be written: {error.strerror}")
    finally:
        partial.unlink(missing_ok=True)
    typer.echo(f"account {realm}/{account} saved to {file} ({os.path.getsize(file):,} bytes)")


@snapshot.command()
def load(
    file: Annotated[Path, typer.Argument(help="What `save` wrote.", metavar="FILE")],
    account: Annotated[
        str, typer.Option(help="Into which account; the one that was saved, if left out.", metavar="ID")
    ] = "",
    name: Annotated[
        str, typer.Option(help="Into the account of that name, which is declared where it is not.", metavar="NAME")
    ] = "",
    realm: Annotated[
        str, typer.Option(help="Into which realm; that of the snapshot, if left out.", metavar="NAME")
    ] = "",
    endpoint: Endpoint = DEFAULT_ENDPOINT,
    token: Token = "",
) -> None:
    """Load a file: the account holds what is in it, and nothing else."""
    from atoll.control.archive import read_manifest
    from atoll.control.errors import BadSnapshot

    try:
        manifest = read_manifest(file)
        realm = realm or manifest.realm
        with connected(endpoint, token) as client, file.open("rb") as source:
            if name:
                _declare(client, realm, name, account)
            whose = name or account or manifest.account
            tenants = client.upload(f"/realms/{realm}/accounts/{whose}/snapshot", source)["items"]
    except BadSnapshot as bad:
        fail(f"{file}: {bad}")
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}")
    else:
        regions = ", ".join(tenant["region"] for tenant in tenants) or "nothing"
        typer.echo(f"account {realm}/{whose} loaded: {regions}")


def _declare(client: ControlClient, realm: str, name: str, account: str) -> None:
    """Unless it is there; with the account id, if one is given."""
    from atoll.control.client import ControlError

    path = f"/realms/{realm}/accounts/{name}"
    try:
        there = client.get(path)["status"]["accountId"]
    except ControlError as error:
        if error.status != 404:
            raise
        client.put(path, {"spec": {"accountId": account} if account else {}})
    else:
        if account not in ("", there):
            raise ControlError(409, f"{name} is the account {there}, not {account}: give one of the two")


@snapshot.command()
def keep(
    account: Whose,
    name: Annotated[str, typer.Argument(help="The snapshot's name.", metavar="NAME")],
    realm: Realm = DEFAULT_REALM,
    endpoint: Endpoint = DEFAULT_ENDPOINT,
    token: Token = "",
) -> None:
    """Save all that is in an account into the data folder, for accounts that start `from` it."""
    with connected(endpoint, token) as client:
        client.put(f"/realms/{realm}/snapshots/{name}", {"account": account})
    typer.echo(f"account {realm}/{account} kept as {name}")


@snapshot.command("list")
def list_kept(
    realm: Realm = DEFAULT_REALM,
    output: Annotated[Output, typer.Option("--output", "-o", help="The form of the answer.")] = Output.TABLE,
    endpoint: Endpoint = DEFAULT_ENDPOINT,
    token: Token = "",
) -> None:
    """Show the snapshots that are kept under a name."""
    with connected(endpoint, token) as client:
        items = list(client.items(f"/realms/{realm}/snapshots"))
    show(SNAPSHOTS, items, output)


@snapshot.command()
def forget(
    name: Annotated[str, typer.Argument(help="The snapshot's name.", metavar="NAME")],
    realm: Realm = DEFAULT_REALM,
    endpoint: Endpoint = DEFAULT_ENDPOINT,
    token: Token = "",
) -> None:
    """Delete a snapshot that is kept under a name."""
    with connected(endpoint, token) as client:
        client.delete(f"/realms/{realm}/snapshots/{name}")
    typer.echo(f"snapshot {name} deleted")


def reset(
    realm: Annotated[str, typer.Option(help="Of this realm.  [default: default]", metavar="NAME")] = "",
    account: Annotated[str, typer.Option(help="Of this account: its name or id.", metavar="ACCOUNT")] = "",
    region: Annotated[str, typer.Option(help="In this region.", metavar="REGION")] = "",
    service: Annotated[str, typer.Option(help="Of this service.", metavar="SERVICE")] = "",
    all: Annotated[bool, typer.Option("--all", help="Everything, in all realms.")] = False,
    endpoint: Endpoint = DEFAULT_ENDPOINT,
    token: Token = "",
) -> None:
    """Erase what is there: of a realm, an account, a region, a service, or what several of these have in common. What
    was declared stays."""
    given = any((realm, account, region, service))
    if all == given:
        raise typer.BadParameter(
            "say what is to be erased: --realm, --account, --region, --service, or --all", param_hint="atoll reset"
        )
    spec: dict[str, Any] = {"everything": True}
    if given:
        spec = {"realm": realm or DEFAULT_REALM, "account": account, "region": region, "service": service}
    with connected(endpoint, token) as client:
        erased = client.post("/reset", spec)["items"]
    for tenant in erased:
        typer.echo(f"{tenant['realm']}/{tenant['account']}/{tenant['region']}: {service or 'all'} erased")
    if not erased:
        typer.echo("There was nothing.")
