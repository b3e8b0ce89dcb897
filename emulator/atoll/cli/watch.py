"""`atoll status`, `atoll logs`: how a running Atoll is, and what is called."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from atoll.cli.remote import DEFAULT_ENDPOINT, Endpoint, Token, connected, fail, tell_what_is_hidden
from atoll.cli.table import one_line


def status(endpoint: Endpoint = DEFAULT_ENDPOINT, token: Token = "") -> None:
    """Say whether Atoll is there and ready, and how much is in it."""
    with connected(endpoint, token) as client:
        health = client.health()
        counted = {
            "realms": len(client.get("realms")["items"]),
            "accounts": len(client.get("accounts")["items"]),
            "tenants": len(client.get("tenants")["items"]),
        }
        missing = client.get("missing")["items"]
        tell_what_is_hidden(client)
    if not health["ready"]:
        fail(f"Atoll at {endpoint} is not ready: {'; '.join(health['lacks'])}")
    typer.echo(f"Atoll at {endpoint} is ready: {', '.join(f'{count} {what}' for what, count in counted.items())}")
    for each in missing:
        typer.echo(f"{each['name']} was called {each['calls']} times, and is not there")


def logs(
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what is called from now on.")] = False,
    limit: Annotated[int, typer.Option(help="So many of the last calls.", min=1, max=1000, metavar="N")] = 100,
    endpoint: Endpoint = DEFAULT_ENDPOINT,
    token: Token = "",
) -> None:
    """Show the last calls, the oldest first; -f goes on."""
    with connected(endpoint, token) as client:
        tell_what_is_hidden(client)
        for call in reversed(client.get("calls", params={"limit": limit})["items"]):
            typer.echo(_line(call))
        if follow:
            for call in client.events("calls", "stream"):
                typer.echo(_line(call))


def _line(call: dict[str, Any]) -> str:
    caller = f"{call['account']}/{call['region']}" if call["account"] else "-"
    target = f" -> {call['target']}" if call["target"] else ""
    code = f" {call['code']}" if call["code"] else ""
    name = f"{call['service']}.{call['operation']}"
    return one_line(f"{call['time']} {caller} {name}{target} {call['status']}{code} {call['ms']} ms")
