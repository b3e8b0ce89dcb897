"""`atoll keys`: an account's keys, issued, replaced and revoked."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from atoll.cli.remote import DEFAULT_ENDPOINT, Endpoint, Realm, Token, connected
from atoll.cli.shell import Account
from atoll.core.tenant_id import DEFAULT_REALM

keys = typer.Typer(name="keys", help="Issue, replace and revoke an account's keys.", no_args_is_help=True)


@keys.command()
def issue(
    account: Account, realm: Realm = DEFAULT_REALM, endpoint: Endpoint = DEFAULT_ENDPOINT, token: Token = ""
) -> None:
    """Issue a further key, and print it."""
    with connected(endpoint, token) as client:
        _print(client.post("realms", realm, "accounts", account, "keys"))


@keys.command()
def rotate(
    account: Account,
    overlap: Annotated[
        str, typer.Option(help="How long the keys that are there stay valid, as 1h30m.", metavar="DURATION")
    ] = "1h",
    realm: Realm = DEFAULT_REALM,
    endpoint: Endpoint = DEFAULT_ENDPOINT,
    token: Token = "",
) -> None:
    """Issue a key in place of those that are there, and print it."""
    with connected(endpoint, token) as client:
        _print(client.post("realms", realm, "accounts", account, "keys", "rotate", body={"overlap": overlap}))


@keys.command()
def revoke(
    account: Account,
    key: Annotated[str, typer.Argument(help="The access key's id.", metavar="KEY")],
    realm: Realm = DEFAULT_REALM,
    endpoint: Endpoint = DEFAULT_ENDPOINT,
    token: Token = "",
) -> None:
    """Let a key be refused from now on, for ever."""
    with connected(endpoint, token) as client:
        client.delete("realms", realm, "accounts", account, "keys", key)
    typer.echo(f"key {key} revoked")


def _print(key: dict[str, Any]) -> None:
    typer.echo(f"AWS_ACCESS_KEY_ID={key['accessKeyId']}")
    typer.echo(f"AWS_SECRET_ACCESS_KEY={key['secretAccessKey']}")
