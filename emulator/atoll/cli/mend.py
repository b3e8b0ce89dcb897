"""`atoll reindex`, `atoll doctor`: what is wrong, and what mends it."""

from __future__ import annotations

import os
from typing import Annotated, Any

import typer

from atoll.cli.complete import realms
from atoll.cli.progress import progress
from atoll.cli.remote import DEFAULT_ENDPOINT, Endpoint, Token, connected, fail

_MARKS = {"ok": "ok", "note": "note", "warning": "WARNING", "problem": "PROBLEM"}


def reindex(
    realm: Annotated[str, typer.Option(help="Only this realm's.", metavar="NAME", autocompletion=realms)] = "",
    endpoint: Endpoint = DEFAULT_ENDPOINT,
    token: Token = "",
) -> None:
    """Tell the resource index anew what is in the tenants: for an index that was lost. Calls go on meanwhile."""
    left_out: set[str] = set()
    following: str | None = ""
    done = 0
    with connected(endpoint, token) as client, progress("tenants") as moved:
        while following is not None:
            step: dict[str, Any] = client.post("reindex", params={"realm": realm, "token": following})
            done, following = step["done"], step["nextToken"]
            left_out |= set(step["leftOut"])
            moved(done, step["total"])
    typer.echo(f"The index was told what is in {done} tenants")
    if left_out:
        names = ", ".join(sorted(left_out))
        fail(
            f"the index does not know the realms {names}, of which there are tenants: declare an account in each again"
        )


def doctor(endpoint: Endpoint = DEFAULT_ENDPOINT, token: Token = "") -> None:
    """Say what is wrong with this set-up, and what to do about it."""
    from atoll.cli.surroundings import beside, surroundings

    with connected(endpoint, token) as client:
        # Imported here, since it brings httpx along.
        from atoll.control.client import ControlError

        health: dict[str, Any] = {}
        silent: ControlError | None = None
        try:
            health = client.health()
        except ControlError as error:
            silent = error
        found = surroundings(os.environ, endpoint, beside(endpoint, health.get("awsPort")))
        # Said first, since it may be why nobody answers.
        _say(found)
        if silent is not None:
            raise silent
        if not health["ready"]:
            fail(f"Atoll at {endpoint} is not ready: {'; '.join(health['lacks'])}")
        of_atoll = client.get("doctor")["items"]
    _say(of_atoll)
    if any(each["level"] == "problem" for each in (*found, *of_atoll)):
        raise typer.Exit(1)


def _say(found: list[dict[str, str]]) -> None:
    for each in found:
        typer.echo(f"{_MARKS[each['level']]:<8} {each['subject']}: {each['message']}")
        if each["advice"]:
            typer.echo(f"{'':<8} -> {each['advice']}")
