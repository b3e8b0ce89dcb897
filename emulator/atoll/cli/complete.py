"""`atoll completion`: what lets a shell complete commands, options, and names of what there is."""

from __future__ import annotations

import os
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
    return [account["name"] for account in _items("/accounts") if account["name"].startswith(incomplete)]


def regions(incomplete: str) -> list[str]:
    """The same of the regions that are declared: `eu-central-1`."""
    names = [region["spec"]["regionName"] for region in _items("/regions")]
    return [name for name in names if name.startswith(incomplete)]


def _items(path: str) -> list[dict[str, Any]]:
    from atoll.cli.remote import DEFAULT_ENDPOINT, ca_bundle, prepare_import, token_nearby

    prepare_import()
    from atoll.control.client import ControlClient, ControlError

    endpoint = os.environ.get("ATOLL_ENDPOINT", DEFAULT_ENDPOINT)
    token = os.environ.get("ATOLL_TOKEN", "") or token_nearby()
    try:
        with ControlClient(endpoint, token, patience=PATIENCE, ca_bundle=ca_bundle(endpoint)) as client:
            return list(client.items(path))
    except (ControlError, OSError):
        # Who presses the tabulator key wants names, and no words on why there are none.
        return []
