"""`atoll snapshot`, `atoll reset`: what is in accounts, saved, loaded and erased."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from atoll.cli.complete import accounts, realms, regions, snapshots
from atoll.cli.kinds import SNAPSHOTS
from atoll.cli.progress import progress
from atoll.cli.remote import DEFAULT_ENDPOINT, Endpoint, Realm, Token, connected, fail
from atoll.cli.show import Output, show
from atoll.core.tenant_id import DEFAULT_REALM

if TYPE_CHECKING:
    from atoll.control.client import ControlClient

snapshot = typer.Typer(name="snapshot", help="Save what is in an account, and load it.", no_args_is_help=True)

STANDARD = "-"
"""Standard input or output in place of a file."""

Whose = Annotated[str, typer.Argument(help="Its name, or its account id.", metavar="ACCOUNT", autocompletion=accounts)]


@snapshot.command()
def save(
    account: Whose,
    file: Annotated[str, typer.Argument(help="Where to; a file is replaced, - is standard output.", metavar="FILE")],
    realm: Realm = DEFAULT_REALM,
    endpoint: Endpoint = DEFAULT_ENDPOINT,
    token: Token = "",
) -> None:
    """Save all that is in an account into a file, as it is at one moment."""
    path = ("realms", realm, "accounts", account, "snapshot")
    words = f"account {realm}/{account} saved to {file}"
    try:
        with connected(endpoint, token) as client, progress("saved", of_bytes=True) as moved, _target(file) as target:
            client.download(*path, file=target, moved=moved)
            target.flush()
            if target is not sys.stdout.buffer and target.seekable():
                words = f"{words} ({target.tell():,} bytes)"
    except OSError as error:
        if file == STANDARD:
            raise
        fail(f"{file} cannot be written: {error.strerror}")
    if file != STANDARD:
        # A pipe or a device may be standard output itself.
        typer.echo(words, err=not os.path.isfile(file))


@contextmanager
def _target(name: str) -> Iterator[IO[bytes]]:
    """What is written there: a file is replaced once all is there, and stays what it was where that fails; a link, a
    pipe, a device are written through. Raises OSError."""
    if name == STANDARD:
        yield sys.stdout.buffer
        return
    if os.path.exists(name) and not os.path.isfile(name):
        with open(name, "wb") as opened:
            yield opened
        return
    # Imported here, since few commands write files.
    from tempfile import NamedTemporaryFile

    file = Path(os.path.realpath(name))
    with NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}.", delete=False) as partial:
        try:
            yield partial
            partial.flush()
            os.chmod(partial.name, file.stat().st_mode & 0o777 if file.exists() else 0o666 & ~_umask())
            os.replace(partial.name, file)
        except BaseException:
            os.unlink(partial.name)
            raise


def _umask() -> int:
    """It can be read by setting it only."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


@snapshot.command()
def load(
    file: Annotated[str, typer.Argument(help="What `save` wrote; - is standard input.", metavar="FILE")],
    account: Annotated[
        str, typer.Option(help="Into which account; the one that was saved, if left out.", metavar="ID")
    ] = "",
    name: Annotated[
        str, typer.Option(help="Into the account of that name, which is declared where it is not.", metavar="NAME")
    ] = "",
    realm: Annotated[
        str,
        typer.Option(
            help="Into which realm; that of the snapshot, if left out.", metavar="NAME", autocompletion=realms
        ),
    ] = "",
    endpoint: Endpoint = DEFAULT_ENDPOINT,
    token: Token = "",
) -> None:
    """Load a file: the account holds what is in it, and nothing else."""
    from atoll.control.archive import read_manifest
    from atoll.control.errors import BadSnapshot

    try:
        with _source(file) as source:
            manifest = read_manifest(Path(source.name))
            realm = realm or manifest.realm
            with connected(endpoint, token) as client, progress("loaded", of_bytes=True) as moved:
                if name:
                    _declare(client, realm, name, account)
                whose = name or account or manifest.account
                path = ("realms", realm, "accounts", whose, "snapshot")
                tenants = client.upload(*path, file=source, moved=moved)["items"]
    except BadSnapshot as bad:
        fail(f"{file}: {bad}")
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}")
    regions = ", ".join(tenant["region"] for tenant in tenants) or "nothing"
    typer.echo(f"account {realm}/{whose} loaded: {regions}")


@contextmanager
def _source(name: str) -> Iterator[IO[bytes]]:
    """A file with a name of its own, also of what comes through a pipe. Raises OSError."""
    if name != STANDARD and not stat.S_ISFIFO(os.stat(name).st_mode):
        with open(name, "rb") as file:
            yield file
        return
    from tempfile import NamedTemporaryFile

    with NamedTemporaryFile() as whole, open(0 if name == STANDARD else name, "rb", closefd=name != STANDARD) as pipe:
        shutil.copyfileobj(pipe, whole)
        whole.flush()
        yield whole.file


def _declare(client: ControlClient, realm: str, name: str, account: str) -> None:
    """Unless it is there; with the account id, if one is given."""
    from atoll.control.client import ControlError

    path = ("realms", realm, "accounts", name)
    try:
        there = client.get(*path)["status"]["accountId"]
    except ControlError as error:
        if error.status != 404:
            raise
        client.put(*path, body={"spec": {"accountId": account} if account else {}})
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
    from atoll.control.client import LONG_PATIENCE

    with connected(endpoint, token) as client, progress("is kept"):
        client.put("realms", realm, "snapshots", name, body={"account": account}, patience=LONG_PATIENCE)
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
        items = list(client.items("realms", realm, "snapshots"))
    show(SNAPSHOTS, items, output)


@snapshot.command()
def forget(
    name: Annotated[str, typer.Argument(help="The snapshot's name.", metavar="NAME", autocompletion=snapshots)],
    realm: Realm = DEFAULT_REALM,
    endpoint: Endpoint = DEFAULT_ENDPOINT,
    token: Token = "",
) -> None:
    """Delete a snapshot that is kept under a name."""
    with connected(endpoint, token) as client:
        client.delete("realms", realm, "snapshots", name)
    typer.echo(f"snapshot {name} deleted")


def reset(
    realm: Annotated[
        str, typer.Option(help="Of this realm.  [default: default]", metavar="NAME", autocompletion=realms)
    ] = "",
    account: Annotated[
        str, typer.Option(help="Of this account: its name or id.", metavar="ACCOUNT", autocompletion=accounts)
    ] = "",
    region: Annotated[str, typer.Option(help="In this region.", metavar="REGION", autocompletion=regions)] = "",
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
    from atoll.control.client import LONG_PATIENCE

    with connected(endpoint, token) as client, progress("erased"):
        erased = client.post("reset", body=spec, patience=LONG_PATIENCE)["items"]
    for tenant in erased:
        typer.echo(f"{tenant['realm']}/{tenant['account']}/{tenant['region']}: {service or 'all'} erased")
    if not erased:
        typer.echo("There was nothing.")
