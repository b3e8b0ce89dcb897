"""`atoll env`, `atoll exec`: a shell, or a program, that is in an account."""

from __future__ import annotations

import os
import shlex
import shutil
from typing import Annotated

import typer

from atoll.cli.complete import accounts
from atoll.cli.remote import DEFAULT_ENDPOINT, Endpoint, Realm, Token, ca_bundle, connected, fail
from atoll.core.tenant_id import DEFAULT_REALM

Account = Annotated[
    str, typer.Argument(help="The account's name, or its id.", metavar="ACCOUNT", autocompletion=accounts)
]
_FORGET = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_DEFAULT_PROFILE")
"""What would be heeded before the keys."""


def env(
    account: Account,
    realm: Realm = DEFAULT_REALM,
    endpoint: Endpoint = DEFAULT_ENDPOINT,
    token: Token = "",
) -> None:
    """Print what puts a shell into an account: eval "$(atoll env ACCOUNT)"."""
    variables = _variables(account, realm, endpoint, token)
    typer.echo(f"unset {' '.join(_FORGET)}")
    for name, value in variables.items():
        typer.echo(f"export {name}={shlex.quote(value)}")
    # The first version of the AWS CLI does not heed AWS_ENDPOINT_URL for all services.
    url = shlex.quote(variables["AWS_ENDPOINT_URL"])
    typer.echo(f'aws() {{ command aws --endpoint-url {url} "$@"; }}')


def execute(
    account: Account,
    command: Annotated[list[str], typer.Argument(help="The program, with its arguments, after --.", metavar="CMD")],
    realm: Realm = DEFAULT_REALM,
    endpoint: Endpoint = DEFAULT_ENDPOINT,
    token: Token = "",
) -> None:
    """Run a program in an account: atoll exec ACCOUNT -- CMD."""
    environment = {name: value for name, value in os.environ.items() if name not in _FORGET}
    environment |= _variables(account, realm, endpoint, token)
    if command[0] == "aws":
        command = ["aws", "--endpoint-url", environment["AWS_ENDPOINT_URL"], *command[1:]]
    program = shutil.which(command[0])
    if program is None:
        fail(f"There is no program {command[0]}: say which one with its path")
    os.execve(program, command, environment)


def _variables(account: str, realm: str, endpoint: str, token: str) -> dict[str, str]:
    """Its endpoint is that of AWS's services, which the control API may not share."""
    with connected(endpoint, token) as client:
        path = f"/realms/{realm}/accounts/{account}"
        declared = client.get(path)
        key = client.get(f"{path}/credentials")
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
