"""The commands of `atoll`, with their options and help."""

from __future__ import annotations

import os
from collections.abc import Sequence
from enum import Enum, StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from atoll.cli import complete, declare, describe, faults, keys, mend, shell, show, snapshot, watch

if TYPE_CHECKING:
    from atoll.gateway.settings import Settings


def _print_version(wanted: bool) -> None:
    if wanted:
        version()
        raise typer.Exit


app = typer.Typer(
    name="atoll",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Many isolated AWS accounts and regions behind one endpoint."""


class Durability(StrEnum):
    NORMAL = "normal"
    FULL = "full"


class QueueUrlStyle(StrEnum):
    STANDARD = "standard"
    DOMAIN = "domain"
    PATH = "path"
    DYNAMIC = "dynamic"
    OFF = "off"


class LogFormat(StrEnum):
    TEXT = "text"
    JSON = "json"


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class _ByVariables(TyperCommand):
    """A command whose options may come from variables: what is wrong with one of these is said of the variable."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except typer.BadParameter as error:
            name = error.param.name if error.param is not None else None
            if name is not None and _source(ctx, name) == "ENVIRONMENT":
                error.param_hint = f"{ctx.auto_envvar_prefix}_{name.upper()}"
            raise


def _read_path(text: str) -> Path:
    """Raises BadParameter for nothing, which would be the folder that one is in."""
    if not text:
        raise typer.BadParameter("it is empty")
    return Path(text)


@app.command(cls=_ByVariables, context_settings={"auto_envvar_prefix": "ATOLL"})
def up(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Address to listen on.", metavar="HOST")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 picks a free one.", metavar="PORT")] = 4566,
    listen: Annotated[
        list[str] | None,
        typer.Option(
            help="Address to listen on, one of several; a part that it lacks is --host's or --port's.",
            metavar="HOST:PORT",
        ),
    ] = None,
    control_port: Annotated[
        int | None,
        typer.Option(help="Port for the control API alone, in place of --port; 0 picks a free one.", metavar="PORT"),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="Folder that keeps all data.  [default: ./data]", metavar="DIR", parser=_read_path),
    ] = None,
    temporary: Annotated[
        bool, typer.Option("--temporary", help="Keep data in a folder that ends with the process.")
    ] = False,
    durability: Annotated[
        Durability,
        typer.Option(help="What acknowledged calls survive: normal the process's death, full a power cut too."),
    ] = Durability.NORMAL,
    default_account: Annotated[
        str, typer.Option(help="Account of callers whose access key names none.", metavar="ID")
    ] = "000000000000",
    closed: Annotated[bool, typer.Option("--closed", help="Take only keys that Atoll issued.")] = False,
    tls: Annotated[
        bool, typer.Option("--tls", help="Serve https, with a certificate made here unless one is given.")
    ] = False,
    tls_certificate: Annotated[
        Path | None, typer.Option(help="Certificate to serve, PEM.", metavar="FILE", parser=_read_path)
    ] = None,
    tls_key: Annotated[
        Path | None,
        typer.Option(
            help="Its private key, PEM, where the certificate's file does not hold it.",
            metavar="FILE",
            parser=_read_path,
        ),
    ] = None,
    queue_url_style: Annotated[
        QueueUrlStyle, typer.Option(help="Form of the queue URLs that are issued.")
    ] = QueueUrlStyle.DYNAMIC,
    public_host: Annotated[
        str,
        typer.Option(
            help="Host in issued URLs, in place of the one that the caller used; port 0 is the caller's.",
            metavar="HOST[:PORT]",
        ),
    ] = "",
    parity_access_keys: Annotated[
        bool, typer.Option("--parity-access-keys", help="Read the account in AKIA and ASIA keys too.")
    ] = False,
    sqs_delay_recently_deleted: Annotated[
        bool,
        typer.Option(
            "--sqs-delay-recently-deleted", help="Refuse a queue's name for 60 s after its deletion, as AWS does."
        ),
    ] = False,
    sqs_delay_purge_retry: Annotated[
        bool, typer.Option("--sqs-delay-purge-retry", help="Refuse a second purge of a queue for 60 s, as AWS does.")
    ] = False,
    deny_private_networks: Annotated[
        bool,
        typer.Option(
            "--deny-private-networks", help="Deliver nothing of SNS to HTTP endpoints in private or loopback networks."
        ),
    ] = False,
    service: Annotated[
        list[str] | None,
        typer.Option(help="Service to serve, one of several; without, all that there are.", metavar="NAME"),
    ] = None,
    eager: Annotated[
        bool, typer.Option("--eager", help="Load the services at the start, not each at its first call.")
    ] = False,
    cors_origin: Annotated[
        list[str] | None,
        typer.Option(help="Origin whose pages may call too, or * for all.", metavar="ORIGIN"),
    ] = None,
    cors_header: Annotated[
        list[str] | None, typer.Option(help="Header that such pages may send too.", metavar="NAME")
    ] = None,
    cors_expose_header: Annotated[
        list[str] | None, typer.Option(help="Header of answers that such pages may read too.", metavar="NAME")
    ] = None,
    no_cors_checks: Annotated[bool, typer.Option("--no-cors-checks", help="Answer pages of whatever origin.")] = False,
    no_cors_headers: Annotated[
        bool, typer.Option("--no-cors-headers", help="Give answers no CORS headers, so that no page may read them.")
    ] = False,
    log_format: Annotated[LogFormat, typer.Option(help="Form of the log's lines.")] = LogFormat.TEXT,
    log_level: Annotated[
        LogLevel, typer.Option(help="From which level on to log; calls are logged at info.")
    ] = LogLevel.INFO,
    file: Annotated[
        list[str] | None,
        typer.Option(
            "--file", "-f", help="Accounts and Regions to start with: a file, a folder, or - .", metavar="PATH"
        ),
    ] = None,
) -> None:
    """Start Atoll, in one process, and stay in front."""
    if _source(context, "file") == "ENVIRONMENT":
        file = os.environ["ATOLL_FILE"].split(os.pathsep)
    settings = _settings(context)
    from atoll.cli.up import run

    raise typer.Exit(run(settings, file or ()))


def _settings(context: typer.Context) -> Settings:
    """What the command's parameters and the environment say. Raises BadParameter."""
    # Imported here, since --help has no time for it.
    from atoll.cli.variables import Given, Rank, complete, own_name
    from atoll.gateway.settings import BadSetting, Settings

    given: dict[str, Given] = {}
    for name in Settings.__dataclass_fields__:
        value, option = context.params[name], f"--{name.replace('_', '-')}"
        match _source(context, name):
            case "COMMANDLINE":
                given[name] = Given(_plain(name, value, option), option, Rank.COMMAND_LINE)
            case "ENVIRONMENT":
                given[name] = Given(_plain(name, value, own_name(name)), own_name(name), Rank.OWN)
    try:
        return complete(given, os.environ)
    except BadSetting as error:
        raise typer.BadParameter(str(error), param_hint=error.option) from None


def _source(context: typer.Context, name: str) -> str:
    source = context.get_parameter_source(name)
    return source.name if source is not None else ""


def _plain(name: str, value: Any, source: str) -> Any:
    """A parameter's value as the settings have it. Raises BadParameter."""
    from atoll.gateway.settings import read_list, read_listen

    if isinstance(value, Enum):
        return value.value
    if not isinstance(value, Sequence) or isinstance(value, str):
        return value
    try:
        words = tuple(word for each in value for word in read_list(each))
        return tuple(map(read_listen, words)) if name == "listen" else words
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=source) from None


@app.command()
def version() -> None:
    """Print the version."""
    from atoll import __version__

    typer.echo(__version__)


app.command()(declare.apply)
app.command()(show.get)
app.command()(describe.describe)
app.command()(declare.delete)
app.command()(faults.fault)
app.add_typer(snapshot.snapshot)
app.command()(snapshot.reset)
app.command()(shell.env)
app.command("exec")(shell.execute)
app.command()(watch.status)
app.command()(watch.logs)
app.add_typer(keys.keys)
app.command()(mend.reindex)
app.command()(mend.doctor)
app.command()(complete.completion)
