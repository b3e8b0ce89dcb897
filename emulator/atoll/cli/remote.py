"""What all commands that speak to a running Atoll have in common: where it is, and how they say what went wrong."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from atoll.cli.complete import realms
from atoll.core.tenant_id import DEFAULT_REALM

if TYPE_CHECKING:
    from atoll.control.client import ControlClient

Endpoint = Annotated[
    str, typer.Option(envvar="ATOLL_ENDPOINT", help="Where Atoll is.", metavar="URL", show_default=True)
]
Token = Annotated[
    str,
    typer.Option(
        envvar="ATOLL_TOKEN",
        help="What closed realms ask for: DATA/control-token.",
        metavar="TOKEN",
        show_default=False,
    ),
]
Realm = Annotated[str, typer.Option(help="The realm that is meant.", metavar="NAME", autocompletion=realms)]
DEFAULT_ENDPOINT = "http://localhost:4566"
_TOKEN_FILE = Path("data", "control-token")
_CERTIFICATE = Path("data", "tls", "certificate.pem")


@contextmanager
def connected(endpoint: str, token: str) -> Iterator[ControlClient]:
    """A client of the Atoll at `endpoint`. What goes wrong is said, and ends the command."""
    # Imported here, since --help has no time for it.
    prepare_import()
    from atoll.control.client import ControlClient, ControlError

    try:
        with _client(ControlClient, endpoint, token) as client:
            yield client
    except ControlError as error:
        fail(str(error))


def _client(kind: type[ControlClient], endpoint: str, token: str) -> ControlClient:
    """Raises ControlError."""
    bundle = ca_bundle(endpoint)
    try:
        return kind(endpoint, token or token_nearby(), ca_bundle=bundle)
    except OSError as error:
        fail(f"The certificates of {bundle} cannot be used ({error}): see to AWS_CA_BUNDLE")


def prepare_import() -> None:
    """Leaves out httpx's own command line, which brings rich and pygments along: a third of the time of `atoll get`."""
    from atoll.cli.imports import import_without

    import_without("httpx", "httpx._main")


def ca_bundle(endpoint: str) -> str:
    """The file of certificates to trust there: AWS_CA_BUNDLE, or what `atoll up --tls` makes where it is started."""
    if not endpoint.startswith("https:"):
        return ""
    return os.environ.get("AWS_CA_BUNDLE", "") or (str(_CERTIFICATE.resolve()) if _CERTIFICATE.is_file() else "")


def token_nearby() -> str:
    """That of the data folder that `atoll up` uses when it is started here."""
    try:
        return _TOKEN_FILE.read_text().strip()
    except OSError:
        return ""


def tell_what_is_hidden(client: ControlClient) -> None:
    """Whoever does not show the token sees nothing of closed realms. That is said where the realm that every Atoll has
    is one: whether there are others is nothing to tell."""
    if all(realm["name"] != DEFAULT_REALM for realm in client.items("realms")):
        print(
            f"The realm {DEFAULT_REALM} is closed, and nothing of it is shown without the right token: "
            "give that of DATA/control-token with --token or ATOLL_TOKEN",
            file=sys.stderr,
        )


def fail(words: str) -> NoReturn:
    """Ends the command."""
    print(f"atoll: {words}", file=sys.stderr)
    raise typer.Exit(1)
