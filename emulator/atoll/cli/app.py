"""The commands of `atoll`, with their options and help."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from atoll.cli import complete, declare, describe, keys, mend, shell, show, snapshot, watch

app = typer.Typer(
    name="atoll",
    help="Many isolated AWS accounts and regions behind one endpoint.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


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


def _read_path(text: str) -> Path:
    """Raises BadParameter for nothing, which would be the folder that one is in."""
    if not text:
        raise typer.BadParameter("it is empty")
    return Path(text)


@app.command()
def up(
    host: Annotated[str, typer.Option(help="Address to listen on.", metavar="HOST")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 picks a free one.", metavar="PORT")] = 4566,
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
        typer.Option(help="Host in issued URLs, in place of the one that the caller used.", metavar="HOST[:PORT]"),
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
    from atoll.gateway.settings import BadSetting, Settings

    settings = Settings(
        host=host,
        port=port,
        data=data,
        temporary=temporary,
        durability=durability.value,
        default_account=default_account,
        closed=closed,
        tls=tls,
        tls_certificate=tls_certificate,
        tls_key=tls_key,
        queue_url_style=queue_url_style.value,
        public_host=public_host,
        parity_access_keys=parity_access_keys,
        sqs_delay_recently_deleted=sqs_delay_recently_deleted,
        sqs_delay_purge_retry=sqs_delay_purge_retry,
        log_format=log_format.value,
        log_level=log_level.value,
    )
    try:
        settings.check()
    except BadSetting as error:
        raise typer.BadParameter(str(error), param_hint=error.option) from None
    from atoll.cli.up import run

    raise typer.Exit(run(settings, file or ()))


@app.command()
def version() -> None:
    """Print the version."""
    from atoll import __version__

    typer.echo(__version__)


app.command()(declare.apply)
app.command()(show.get)
app.command()(describe.describe)
app.command()(declare.delete)
app.command()(declare.fault)
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
