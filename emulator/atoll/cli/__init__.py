"""The command line, `atoll`."""

from __future__ import annotations

import errno
import os
import sys

_UNWRITABLE = (errno.EPIPE, errno.ENOSPC, errno.EIO, errno.EBADF)
"""What goes wrong with an output that nobody reads, that is full, or that is closed."""


def main() -> None:
    # Whoever closed them wants to see nothing. They stay open to the end.
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    if sys.argv[1:2] == ["up"]:
        _up(sys.argv[2:])
        return
    try:
        try:
            _run(sys.argv[1:])
        finally:
            sys.stdout.flush()
    except OSError as error:
        if error.filename is not None or error.errno not in _UNWRITABLE:
            raise
        # Python would try once more at the end. https://docs.python.org/3/library/signal.html#note-on-sigpipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if error.errno != errno.EPIPE:
            print(f"atoll: standard output cannot be written: {error.strerror}", file=sys.stderr)
        sys.exit(1)


def _run(arguments: list[str]) -> None:
    if arguments in (["version"], ["--version"]):
        from atoll import __version__

        print(__version__)
    else:
        _read_by_typer()


def _up(arguments: list[str]) -> None:
    from atoll.cli.imports import import_without

    # A tenth of the start: the standard library has all of it that Atoll's types need.
    import_without("msgspec", "typing_extensions")
    # Imported where they are needed: to start quickly is worth more than to import in one place.
    from atoll.cli.quick import read_up

    settings = read_up(arguments, os.environ)
    if settings is None:
        _read_by_typer()
    else:
        from atoll.cli.up import run

        sys.exit(run(settings))


def _read_by_typer() -> None:
    from atoll.cli.app import app
    from atoll.cli.complete import VARIABLE

    if VARIABLE in os.environ:
        from typer.completion import completion_init  # type: ignore[attr-defined]

        completion_init()
    app(prog_name="atoll")
