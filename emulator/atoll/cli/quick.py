"""Reads the plain command lines without typer, whose import alone takes a third of the time that Atoll has to start.

Whatever is not plain (help, a mistake, an abbreviation) is left to typer, which says what there is to say. A test
compares the two.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from atoll.cli.variables import Given, Rank, complete, own_name
from atoll.gateway.settings import BadSetting, Listen, Settings, read_list, read_listen

_NOT_OF_SETTINGS = ("ATOLL_FILE",)
"""Variables of `atoll up` that are not plain."""


def read_up(arguments: Sequence[str], environment: Mapping[str, str]) -> Settings | None:
    """The settings that `atoll up ARGUMENTS` means, or None where typer is to read them."""
    hints = get_type_hints(Settings)
    try:
        given = _read_options(arguments, hints)
        for name, kind in hints.items():
            text = environment.get(variable := own_name(name))
            if text and name not in given:
                given[name] = Given(_read_variable(text, kind), variable, Rank.OWN)
        if any(map(environment.get, _NOT_OF_SETTINGS)):
            return None
        return complete(given, environment)
    except (_NotPlain, BadSetting):
        return None


class _NotPlain(Exception):
    pass


def _read_options(arguments: Sequence[str], hints: dict[str, Any]) -> dict[str, Given]:
    given: dict[str, Given] = {}
    rest = iter(arguments)
    for argument in rest:
        name, value = _read_option(argument, rest, hints)
        if name in given:
            raise _NotPlain
        given[name] = Given(value, argument.partition("=")[0], Rank.COMMAND_LINE)
    return given


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


def _read_variable(text: str, kind: Any) -> Any:
    if kind is not bool:
        return _convert(text, kind)
    if text not in ("0", "1"):
        raise _NotPlain
    return text == "1"


def _convert(text: str, kind: Any) -> Any:
    if kind is str:
        return text
    if int in (kind, *get_args(kind)) and text.isascii() and text.isdigit() and len(text) < 10:
        return int(text)
    if get_origin(kind) is Literal and text in get_args(kind):
        return text
    if get_origin(kind) is tuple:
        return _convert_list(text, get_args(kind)[0])
    if Path in get_args(kind):
        return Path(text)
    raise _NotPlain


def _convert_list(text: str, kind: Any) -> tuple[Any, ...]:
    try:
        return tuple(map(read_listen, read_list(text)) if kind is Listen else read_list(text))
    except ValueError:
        raise _NotPlain from None
