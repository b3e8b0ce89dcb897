"""The command line, `atoll`."""

from __future__ import annotations

import os
import sys


def main() -> None:
    # Imported where they are needed: to start quickly is worth more than to import in one place.
    match sys.argv[1:]:
        case ["version"]:
            from atoll import __version__

            print(__version__)
        case ["up", *arguments]:
            from atoll.cli.imports import import_without

            # A tenth of the start: the standard library has all of it that Atoll's types need.
            import_without("msgspec", "typing_extensions")
            from atoll.cli.quick import read_up

            settings = read_up(arguments, os.environ)
            if settings is None:
                _read_by_typer()
            else:
                from atoll.cli.up import run

                sys.exit(run(settings))
        case _:
            _read_by_typer()


def _read_by_typer() -> None:
    from atoll.cli.app import app
    from atoll.cli.complete import VARIABLE

    if VARIABLE in os.environ:
        from typer.completion import completion_init  # type: ignore[attr-defined]

        completion_init()
    app(prog_name="atoll")
