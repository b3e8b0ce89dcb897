"""Reads the plain command lines without typer, whose import alone takes a third of the time that Atoll has to start.

Whatever is not plain (help, a mistake, an abbreviation) is left to typer, which says what there is to say. A test
compares the two.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from atoll.gateway.settings import BadSetting, Settings


def read_up(arguments: Sequence[str]) -> Settings | None:
    """The settings that `atoll up ARGUMENTS` means, or None where typer is to read them."""
    hints = get_type_hints(Settings)
    values: dict[str, Any] = {}
    rest = iter(arguments)
    try:
        for argument in rest:
            name, value = _read_option(argument, rest, hints)
            if name in values:
                return None
            values[name] = value
        settings = Settings(**values)
        settings.check()
    except (_NotPlain, BadSetting):
        return None
    return settings


class _NotPlain(Exception):
    pass


def _read_option(argument: str, rest: Iterator[str], hints: dict[str, Any]) -> tuple[str, Any]:
    option, equals, text = argument.partition("=")
    name = option.removeprefix("--").replace("-", "_")
    if not option.startswith("--") or option != option.lower() or "_" in option or name not in hints:
        raise _NotPlain
    kind = hints[name]
    if kind is bool:
        if equals:
            raise _NotPlain
        return name, True
    if not equals:
        text = next(rest, "")
    if not text or text.startswith("-"):
        raise _NotPlain
    return name, _convert(text, kind)


def _convert(text: str, kind: Any) -> Any:
    if kind is str:
        return text
    if kind is int and text.isascii() and text.isdigit() and len(text) < 10:
        return int(text)
    if get_origin(kind) is Literal and text in get_args(kind):
        return text
    if Path in get_args(kind):
        return Path(text)
    raise _NotPlain
