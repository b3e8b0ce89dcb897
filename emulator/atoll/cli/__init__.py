"""The command line, `atoll`."""

from __future__ import annotations


def main() -> None:
    # Imported here, so that importing the package costs nothing.
    from atoll.cli.app import app

    app()
