"""`atoll reindex`, `atoll doctor`: what is wrong, and what mends it."""

from __future__ import annotations

import os
import sys
from typing import Annotated, Any

import typer

from atoll.cli.remote import DEFAULT_ENDPOINT, Endpoint, Token, connected, fail

_MARKS = {"ok": "ok", "note": "note", "warning": "WARNING", "problem": "PROBLEM"}


def reindex(
    realm: Annotated[str, typer.Option(help="Only this realm's.", metavar="NAME")] = "",
    endpoint: Endpoint = DEFAULT_ENDPOINT,
    token: Token = "",
) -> None:
    """Tell the resource index anew what is in the tenants: for an index that was lost. Calls go on meanwhile."""
    from rich.console import Console
    from rich.progress import Progress

    left_out: set[str] = set()
    following: str | None = ""
    done = 0
    with connected(endpoint, token) as client, Progress(console=Console(stderr=True), disable=not _seen()) as progress:
        task = progress.add_task("tenants", total=None)
        while following is not None:
            query = "&".join(f"{name}={value}" for name, value in (("realm", realm), ("token", following)) if value)
            step: dict[str, Any] = client.post(f"/reindex?{query}")
            done, following = step["done"], step["nextToken"]
            left_out |= set(step["leftOut"])
            progress.update(task, completed=done, total=step["total"])
    typer.echo(f"The index was told what is in {done} tenants")
    if left_out:
        names = ", ".join(sorted(left_out))
        fail(
            f"the index does not know the realms {names}, of which there are tenants: declare an account in each again"
        )


def _seen() -> bool:
    """Whether somebody looks on."""
    return sys.stderr.isatty()


def doctor(endpoint: Endpoint = DEFAULT_ENDPOINT, token: Token = "") -> None:
    """Say what is wrong with this set-up, and what to do about it."""
    from atoll.cli.surroundings import surroundings

    found = surroundings(os.environ, endpoint)
    _say(found)
    with connected(endpoint, token) as client:
        health = client.health()
        if not health["ready"]:
            fail(f"Atoll at {endpoint} is not ready: {'; '.join(health['lacks'])}")
        of_atoll = client.get("/doctor")["items"]
    _say(of_atoll)
    if any(each["level"] == "problem" for each in (*found, *of_atoll)):
        raise typer.Exit(1)


def _say(found: list[dict[str, str]]) -> None:
    for each in found:
        typer.echo(f"{_MARKS[each['level']]:<8} {each['subject']}: {each['message']}")
        if each["advice"]:
            typer.echo(f"{'':<8} -> {each['advice']}")
