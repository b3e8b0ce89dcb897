"""Imports that leave out what a library would take along for nothing."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any


def import_without(name: str, lacking: str) -> None:
    """Imports the module `name` as where there is no module `lacking`, which it then does without. Nothing where that
    one is loaded already."""
    modules: dict[str, Any] = sys.modules
    if lacking in modules:
        return
    # https://docs.python.org/3/reference/import.html#the-module-cache: with None, the import fails.
    modules[lacking] = None
    try:
        import_module(name)
    finally:
        del modules[lacking]
