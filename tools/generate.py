"""`make generate`: what follows from something else in this repository, made anew. A test says where it was forgotten.

crds/*.yaml                        -> emulator/atoll/manifests/crds/
crds/*.yaml                        -> docs/resources.md
the commands of atoll              -> docs/cli.md
the services' access tables        -> docs/crossing.md, between its marks
the control API's routes           -> docs/control-api.md, between its marks
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import typer.main
from atoll.cli.app import app
from atoll.control.api import make_api
from atoll.core.access import ByAccount, ByArn, ById, ByName, ByUrl, First, Here, Home, Match, Owner
from atoll.manifests.crds import GROUP, KINDS, VERSION
from atoll.services import REGISTRY

ROOT = Path(__file__).resolve().parent.parent
_HEAD = "<!-- Made by `make generate`: change what it is made from. -->\n\n"


def made() -> dict[Path, str]:
    """What is to be in each file."""
    crds = {path.name: path.read_text() for path in sorted((ROOT / "crds").glob("*.yaml"))}
    packaged = ROOT / "emulator" / "atoll" / "manifests" / "crds"
    return {
        **{packaged / name: text for name, text in crds.items()},
        ROOT / "docs" / "cli.md": _HEAD + "".join(_cli()),
        ROOT / "docs" / "resources.md": _HEAD + "".join(_resources(crds)),
        **_with_part(ROOT / "docs" / "crossing.md", "access tables", _crossing()),
        **_with_part(ROOT / "docs" / "control-api.md", "routes", _routes()),
    }


def _with_part(path: Path, name: str, part: Iterator[str]) -> dict[Path, str]:
    """The page as it is, with what is made in it made anew."""
    begin, end = f"<!-- made by `make generate`: {name} -->\n", "<!-- end -->\n"
    before, _, rest = path.read_text().partition(begin)
    _, mark, after = rest.partition(end)
    if not mark:
        raise ValueError(f"{path} has no place for its {name}: {begin!r} and {end!r} say where")
    made = "".join(part).strip("\n")
    return {path: f"{before}{begin}\n{made}\n\n{end}{after}"}


# ---- the command line


def _cli() -> Iterator[str]:
    yield "# The command line\n\n"
    yield "`atoll up` starts Atoll; every other command speaks to one that runs, at `--endpoint` or `ATOLL_ENDPOINT`.\n"
    yield "[Getting started](getting-started.md) and the pages after it show them at work.\n"
    yield from _commands("atoll", typer.main.get_command(app))


def _commands(name: str, command: Any) -> Iterator[str]:
    for title, each in sorted(getattr(command, "commands", {}).items()):
        full = f"{name} {title}"
        if hasattr(each, "commands"):
            yield from _commands(full, each)
            continue
        arguments = [param for param in each.params if param.param_type_name == "argument"]
        usage = " ".join([full, *map(_metavar, arguments)])
        yield f"\n## `{full}`\n\n{_sentence(each.help)}\n\n```text\n{usage} [OPTIONS]\n```\n"
        if each.params:
            yield "\n| | | |\n| --- | --- | --- |\n"
        for param in arguments:
            yield f"| `{_metavar(param)}` | {param.help or ''} | |\n"
        for param in each.params:
            if param.param_type_name == "option":
                yield f"| `{', '.join(param.opts)}` | {param.help or ''} | {_default(param)} |\n"


def _metavar(param: Any) -> str:
    return str(param.metavar or param.name.upper())


def _default(param: Any) -> str:
    if isinstance(param.show_default, str):
        return f"`{param.show_default}`"
    if param.default in (None, False, "", ()) or callable(param.default):
        return ""
    return f"`{getattr(param.default, 'value', param.default)}`"


def _sentence(text: str | None) -> str:
    return " ".join((text or "").split())


# ---- resources


def _resources(crds: dict[str, str]) -> Iterator[str]:
    import yaml

    yield f"# Resources\n\nGroup `{GROUP}`, version `{VERSION}`: what `atoll up -f` and `atoll apply -f` take.\n"
    yield "[Accounts](accounts.md), [snapshots](snapshots.md) and [faults](faults.md) show them at work.\n"
    for kind, plural in KINDS.items():
        [version] = yaml.safe_load(crds[f"{GROUP}_{plural}.yaml"])["spec"]["versions"]
        schema = version["schema"]["openAPIV3Schema"]
        yield f"\n## {kind}\n\n{_sentence(schema['description'])}\n\n| field | type | |\n| --- | --- | --- |\n"
        for part in ("spec", "status"):
            yield from _fields(part, schema["properties"][part])


def _fields(path: str, schema: dict[str, Any]) -> Iterator[str]:
    for name, each in schema.get("properties", {}).items():
        item = each.get("items", {})
        kind = f"{item.get('type', 'object')}[]" if each["type"] == "array" else each["type"]
        words = _sentence(each["description"])
        if "enum" in each:
            words += f" One of {', '.join(f'`{value}`' for value in each['enum'])}."
        if "default" in each:
            words += f" Default: `{each['default']}`."
        yield f"| `{path}.{name}` | {kind} | {words} |\n"
        yield from _fields(f"{path}.{name}", each)
        yield from _fields(f"{path}.{name}[]", item)


# ---- access tables


def _crossing() -> Iterator[str]:
    for name in REGISTRY:
        service = REGISTRY[name]
        yield f"\n### {name}\n\n| operation | whose | crosses on AWS | crosses here |\n| --- | --- | --- | --- |\n"
        for operation in sorted(service.operations.values(), key=lambda each: each.name):
            if not operation.internal:
                access = operation.access
                yield f"| {operation.name} | {_whose(access.owner)} | {access.aws.value} | {access.here.value} |\n"


def _whose(owner: Owner) -> str:
    match owner:
        case Here():
            return "the caller's"
        case Home(parameter):
            return f"the account in the ARN `{parameter}`" if parameter else "the caller's account"
        case ByArn(parameter):
            return f"by the ARN `{parameter}`"
        case ByUrl(parameter):
            return f"by the URL `{parameter}`"
        case Match(parameter):
            return f"by `{parameter}`"
        case ByAccount(parameter, region):
            return f"the account `{parameter}`" + (f", region `{region}`" if region else "")
        case ByName(_, parameter):
            return f"who holds the name `{parameter}`"
        case ById(_, parameter):
            return f"who has the id `{parameter}`"
        case First(choices):
            return ", else ".join(map(_whose, choices))


# ---- the control API


def _routes() -> Iterator[str]:
    """As its OpenAPI page has them."""
    yield "| | | |\n| --- | --- | --- |\n"
    # Its parts are asked at calls only.
    for path, methods in make_api(MagicMock()).openapi()["paths"].items():
        for method, operation in methods.items():
            words = f"{operation['summary'].capitalize()}. {operation.get('description', '')}"
            yield f"| {method.upper()} | `{path.removeprefix('/_atoll/v1')}` | {_sentence(words)} |\n"


def main() -> None:
    for path, text in made().items():
        if not path.is_file() or path.read_text() != text:
            path.write_text(text)
            print(f"{path.relative_to(ROOT)} made anew")


if __name__ == "__main__":
    main()
