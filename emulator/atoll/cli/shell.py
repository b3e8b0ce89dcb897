"""`atoll env`, `atoll exec`: a shell, or a program, that is in an account."""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path
from typing import Annotated

import typer

from atoll.cli.complete import accounts
from atoll.cli.remote import DEFAULT_ENDPOINT, Endpoint, Realm, Token, ca_bundle, connected, fail
from atoll.core.tenant_id import DEFAULT_REALM

Account = Annotated[
    str, typer.Argument(help="The account's name, or its id.", metavar="ACCOUNT", autocompletion=accounts)
]
_FORGET = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
)
"""What would be heeded before the keys and the endpoint; with these, what is for the endpoints of single services."""
_FOR_ONE_SERVICE = "AWS_ENDPOINT_URL_"
_WRAPPERS = str(Path(__file__).parent / "wrappers")
"""A folder with the program `aws`, which gives the first version of the AWS CLI the endpoint."""


def env(
    account: Account,
    realm: Realm = DEFAULT_REALM,
    endpoint: Endpoint = DEFAULT_ENDPOINT,
    token: Token = "",
) -> None:
    """Print what puts a shell into an account: eval "$(atoll env ACCOUNT)"."""
    try:
        variables = _variables(account, realm, endpoint, token)
    except typer.Exit:
        # What is evaluated fails too, so that a script with `set -e` ends.
        typer.echo("false")
        raise
    typer.echo(f"unset {' '.join(_to_forget())}")
    for name, value in variables.items():
        typer.echo(f"export {name}={shlex.quote(value)}")
    folder = shlex.quote(_WRAPPERS)
    typer.echo(f'case ":$PATH:" in *:{folder}:*) ;; *) export PATH={folder}:"$PATH" ;; esac')
    # For the shell itself, whose aliases come before PATH, and where the wrapper may not stay first on it. By a further
    # eval, since zsh reads all of one before it does any of it, and would then take the function's name for the alias.
    url = shlex.quote(variables["AWS_ENDPOINT_URL"])
    function = f'aws() {{ command aws --endpoint-url {url} "$@"; }}'
    typer.echo("unalias aws 2>/dev/null || true")
    typer.echo(f"eval {shlex.quote(function)}")


def execute(
    account: Account,
    command: Annotated[list[str], typer.Argument(help="The program, with its arguments, after --.", metavar="CMD")],
    realm: Realm = DEFAULT_REALM,
    endpoint: Endpoint = DEFAULT_ENDPOINT,
    token: Token = "",
) -> None:
    """Run a program in an account: atoll exec ACCOUNT -- CMD."""
    environment = dict(os.environ)
    for name in _to_forget():
        environment.pop(name, None)
    environment |= _variables(account, realm, endpoint, token)
    environment["PATH"] = os.pathsep.join(filter(None, (_WRAPPERS, os.environ.get("PATH", os.defpath))))
    program = shutil.which(command[0])
    if program is None:
        fail(f"There is no program {command[0]}: say which one with its path")
    if os.path.basename(program) == "aws":
        command = [command[0], "--endpoint-url", environment["AWS_ENDPOINT_URL"], *command[1:]]
    try:
        os.execve(program, command, environment)
    except OSError as error:
        fail(f"{program} cannot be run: {error.strerror}")


def _to_forget() -> list[str]:
    return [*_FORGET, *(name for name in os.environ if name.startswith(_FOR_ONE_SERVICE))]


def _variables(account: str, realm: str, endpoint: str, token: str) -> dict[str, str]:
    """Its endpoint is that of AWS's services, which the control API may not share."""
    with connected(endpoint, token) as client:
        declared = client.get("realms", realm, "accounts", account)
        key = client.get("realms", realm, "accounts", account, "credentials")
    region = declared["spec"]["defaultRegion"]
    bundle = ca_bundle(endpoint)
    return {
        **({"AWS_CA_BUNDLE": bundle} if bundle else {}),
        "AWS_ACCESS_KEY_ID": key["accessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["secretAccessKey"],
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
        "AWS_ENDPOINT_URL": declared["status"]["endpoint"],
    }
