"""`atoll completion`: what lets a shell complete commands, options, and names of what there is."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Annotated, Any

import typer

VARIABLE = "_ATOLL_COMPLETE"
"""An environment variable by which the shell asks for completions."""
PATIENCE = 1.0
"""Seconds that Atoll may take to name what there is."""


class Shell(StrEnum):
    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def completion(shell: Annotated[Shell, typer.Argument(help="The shell that is to complete.")]) -> None:
    """Print what lets a shell complete: source <(atoll completion bash), atoll completion fish | source."""
    from typer.completion import get_completion_script  # type: ignore[attr-defined]

    typer.echo(get_completion_script(prog_name="atoll", complete_var=VARIABLE, shell=shell.value))


def accounts(incomplete: str) -> list[str]:
    """Names of the accounts that the Atoll at ATOLL_ENDPOINT has; none where it does not answer."""
    return _beginning(incomplete, (account["name"] for account in _items("accounts")))


def regions(incomplete: str) -> list[str]:
    """The same of the regions that are declared, `eu-central-1`; where none is, of all of AWS's."""
    declared = [region["spec"]["regionName"] for region in _items("regions")]
    if not declared:
        from atoll.wire.models import region_names

        declared = region_names()
    return _beginning(incomplete, declared)


def realms(incomplete: str) -> list[str]:
    return _beginning(incomplete, (realm["name"] for realm in _items("realms")))


def snapshots(context: typer.Context, incomplete: str) -> list[str]:
    """Of the realm that is given."""
    realm = str(context.params.get("realm") or "default")
    return _beginning(incomplete, (snapshot["name"] for snapshot in _items("realms", realm, "snapshots")))


def words(choices: Iterable[str]) -> Callable[[str], list[str]]:
    """Those that begin as what is typed."""
    return lambda incomplete: _beginning(incomplete, choices)


def names(context: typer.Context, incomplete: str) -> list[str]:
    """Names of the kind that is given: `atoll get accounts …`, `atoll describe account …`."""
    match str(context.params.get("kind") or "").removesuffix("s"):
        case "account" | "key":
            return accounts(incomplete)
        case "region" | "realm" as kind:
            return _beginning(incomplete, (each["name"] for each in _items(f"{kind}s")))
    return []


def _beginning(incomplete: str, names: Iterable[str]) -> list[str]:
    return [str(name) for name in names if name.startswith(incomplete)]


def _items(*path: str) -> list[dict[str, Any]]:
    from atoll.cli.remote import DEFAULT_ENDPOINT, ca_bundle, prepare_import, token_nearby

    prepare_import()
    from atoll.control.client import ControlClient, ControlError

    endpoint = os.environ.get("ATOLL_ENDPOINT", DEFAULT_ENDPOINT)
    token = os.environ.get("ATOLL_TOKEN", "") or token_nearby()
    try:
        with ControlClient(endpoint, token, patience=PATIENCE, ca_bundle=ca_bundle(endpoint)) as client:
            return list(client.items(*path))
    except (ControlError, OSError):
        # Who presses the tabulator key wants names, and no words on why there are none.
        return []
