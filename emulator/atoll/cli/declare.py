"""`atoll apply`, `atoll delete`: what is declared of a running Atoll."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from atoll.cli.complete import names, words
from atoll.cli.kinds import Deletable, kind_of
from atoll.cli.progress import progress
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
        for number, (where, manifest) in enumerate(manifests):
            try:
                with progress(f"applying {manifest.name}") as moved:
                    moved(number, len(manifests))
                    applied = _applied(client, manifest)
                typer.echo(applied)
            except ControlError as error:
                raise ControlError(error.status, f"{where}: {error}") from None


def _applied(client: ControlClient, manifest: Manifest) -> str:
    from atoll.control.client import LONG_PATIENCE
    from atoll.manifests.account import Account

    if isinstance(manifest, Account):
        # One that starts from another is copied before the answer.
        body = {"spec": manifest.spec}
        client.put("realms", manifest.realm, "accounts", manifest.name, body=body, patience=LONG_PATIENCE)
        return f"account {manifest.realm}/{manifest.name} applied"
    client.put("regions", manifest.name, body={"spec": manifest.spec})
    return f"region {manifest.name} applied"


def delete(
    kind: Annotated[
        Deletable,
        typer.Argument(
            help=f"What is meant: {', '.join(Deletable)}.",
            metavar="KIND",
            parser=kind_of(Deletable),
            autocompletion=words(Deletable),
        ),
    ],
    name: Annotated[str, typer.Argument(help="Its name.", metavar="NAME", autocompletion=names)],
    realm: Realm = DEFAULT_REALM,
    endpoint: Endpoint = DEFAULT_ENDPOINT,
    token: Token = "",
) -> None:
    """End an account or a realm with everything in it, or a region's declaration."""
    with connected(endpoint, token) as client:
        match kind:
            case Deletable.ACCOUNT:
                client.delete("realms", realm, "accounts", name)
            case Deletable.REGION:
                client.delete("regions", name)
            case Deletable.REALM:
                client.delete("realms", name)
    typer.echo(f"{kind} {name} deleted")
