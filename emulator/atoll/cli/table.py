"""Tables, and values as people and YAML readers are shown them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_NUMBER_LIKE = re.compile(r"[-+]?\.?[0-9][0-9a-fA-FxXoO_.:+-]*")
"""What some reader of YAML takes for a number: `012345678901`, which those of YAML 1.2 do, not those of 1.1."""


def table(columns: Mapping[str, str], items: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Lines, the titles first. `columns` maps each title to where in an item its value is."""
    rows = [[*columns], *([text(value(item, path)) for path in columns.values()] for item in items)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def value(item: Any, path: str) -> Any:
    """What is in an item at `status.conditions.0.status`; None where there is nothing."""
    for part in path.split("."):
        if isinstance(item, list):
            item = item[int(part)] if int(part) < len(item) else None
        else:
            item = item.get(part) if isinstance(item, dict) else None
    return item


def text(value: Any) -> str:
    """As a cell of a table has it."""
    match value:
        case None | "" | []:
            return "-"
        case dict():
            return one_line(",".join(f"{key}={each}" for key, each in value.items())) or "-"
        case list():
            return str(len(value))
    return one_line(str(value))


def one_line(text: str) -> str:
    """With control characters written as escapes, since a terminal would follow them."""
    return text if text.isprintable() else repr(text)[1:-1]


def as_yaml(value: Any) -> str:
    """Strings that look like numbers stand in quotes, so that every reader takes them for strings."""
    # Imported here, since tables have no time for it.
    import yaml

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:
            return True

    def write(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
        style = "'" if _NUMBER_LIKE.fullmatch(text) else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)

    Dumper.add_representer(str, write)
    return yaml.dump(value, Dumper=Dumper, sort_keys=False, allow_unicode=True)
