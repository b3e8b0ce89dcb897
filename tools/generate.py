"""`make generate`: what follows from something else in this repository, made anew. A test says where it was forgotten.

crds/*.yaml                        -> emulator/atoll/manifests/crds/
crds/*.yaml                        -> docs/resources.md
the commands of atoll              -> docs/cli.md
the options of atoll up, variables -> docs/configuration.md
the services' access tables        -> docs/crossing.md, between its marks
the control API's routes           -> docs/control-api.md, between its marks
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, get_args, get_type_hints
from unittest.mock import MagicMock

import typer.main
from atoll.cli.app import app
from atoll.cli.variables import LOCALSTACK, PREFIX, UNHEEDED
from atoll.control.api import make_api
from atoll.core.access import ByAccount, ByArn, ById, ByName, ByUrl, Decides, First, Here, Home, Match, Owner
from atoll.gateway.settings import Settings
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
        ROOT / "docs" / "configuration.md": _HEAD + "".join(_configuration()),
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
    yield "[Getting started](getting-started.md) and the pages after it show them at work. `-h` after any of them\n"
    yield "says what stands here. A command line that is wrong ends with 2, whatever else goes wrong with 1.\n"
    yield from _commands("atoll", typer.main.get_command(app))


def _commands(name: str, command: Any) -> Iterator[str]:
    for title, each in sorted(getattr(command, "commands", {}).items()):
        full = f"{name} {title}"
        if hasattr(each, "commands"):
            yield from _commands(full, each)
            continue
        yield f"\n## `{full}`\n\n{_sentence(each.help)}\n\n```text\n{_usage(full, each.params)}\n```\n"
        if each.params:
            yield "\n| | | variable | default |\n| --- | --- | --- | --- |\n"
        # Arguments first, in the order in which they are given.
        for param in sorted(each.params, key=lambda param: param.param_type_name != "argument"):
            named = param.param_type_name == "argument"
            cells = (_metavar(param) if named else _spelled(param), _words(param), _variable(full, param))
            yield f"| `{cells[0]}` | {cells[1]} | {cells[2]} | {_default(param)} |\n".replace("  |", " |")


def _usage(name: str, params: list[Any]) -> str:
    """As click has it: what may be left out stands in brackets, what goes on and on comes last, after `--`."""
    arguments = [param for param in params if param.param_type_name == "argument"]
    options = [param for param in params if param.param_type_name == "option"]
    words = [name]
    words += [_metavar(each) if each.required else f"[{_metavar(each)}]" for each in arguments if each.nargs == 1]
    words += [f"{each.opts[0]} {_metavar(each)}" for each in options if each.required]
    words += ["[OPTIONS]"] if any(not each.required for each in options) else []
    words += [f"-- {_metavar(each)} …" for each in arguments if each.nargs != 1]
    return " ".join(words)


def _metavar(param: Any) -> str:
    return str(param.metavar or param.name.upper())


def _spelled(param: Any) -> str:
    """An option with the name of its value."""
    value = "" if param.is_flag else f" {_metavar(param)}"
    return f"{', '.join(param.opts)}{value}"


def _words(param: Any) -> str:
    """What it is for, and what it takes."""
    words = [_told(param)[0]]
    choices = param.type_descriptor.annotation
    if param.metavar is None and isinstance(choices, type) and issubclass(choices, Enum):
        words.append(f"One of {', '.join(f'`{each.value}`' for each in choices)}.")
    least, most = getattr(param, "min", None), getattr(param, "max", None)
    if least is not None or most is not None:
        bounds = [f"at least {least}"] if least is not None else []
        bounds += [f"at most {most}"] if most is not None else []
        words.append(f"{' and '.join(bounds).capitalize()}.")
    if getattr(param, "multiple", False):
        words.append("May be repeated.")
    if param.required and param.param_type_name == "option":
        words.append("Required.")
    return " ".join(filter(None, words))


def _told(param: Any) -> tuple[str, str]:
    """The help, and the default where that stands in it, since it is made where it is needed."""
    words = re.match(r"(.*?)(?:\s+\[default: (.*)\])?$", param.help or "")
    assert words is not None
    return words[1], words[2] or ""


def _variable(command: str, param: Any) -> str:
    if param.param_type_name != "option":
        return ""
    name = param.envvar or (f"{PREFIX}{param.name.upper()}" if command == "atoll up" else "")
    return f"`{name}`" if name else ""


def _default(param: Any) -> str:
    if told := _told(param)[1]:
        return f"`{told}`"
    if isinstance(param.show_default, str):
        return f"`{param.show_default}`"
    if param.default in (None, False, "", ()) or callable(param.default):
        return ""
    return f"`{getattr(param.default, 'value', param.default)}`"


def _sentence(text: str | None) -> str:
    return " ".join((text or "").split())


# ---- configuration

_CONFIGURATION = """# Configuration

Everything that can be set of `atoll up` is an option, and a variable of the environment beside it. What is said first
counts: the option on the command line, `ATOLL_OPTION`, LocalStack's variable, the default. Where two options touch,
the one that counts more takes the place of the other: `--port` that of the port in `GATEWAY_LISTEN`, `--data` that of
`PERSISTENCE=0`.

- A variable for an option without a value is `1` or `0`.
- An option that can be given several times takes several values at once too, parted by commas or spaces; so does its
  variable. Paths in `ATOLL_FILE` are parted as in `PATH`.
- An empty variable says nothing. One that means nothing ends the start with a message that names it. What a variable
  says that does not count is not looked at.
- In Kubernetes a Service called `atoll` puts a variable `ATOLL_PORT` of its own into every Pod of the namespace, which
  is not this one: set `enableServiceLinks: false` in the Pod.

## `atoll up`

"""

_LOCALSTACK = """
What each of LocalStack's variables does here, and what stands for those that do nothing, says
[Coming from LocalStack](localstack.md). Each may begin with `LOCALSTACK_`, as in its container: `LOCALSTACK_DEBUG=1`.

## Variables of LocalStack that are named in the log

They do nothing here, though who sets them may count on them. The others that do nothing are left alone.

| variable | instead |
| --- | --- |
"""

_OTHERS = {
    "ATOLL_INIT_FOLDER": "`atoll up`: the folder of init scripts, with `boot.d`, `start.d`, `ready.d` and `shutdown.d` "
    "in it, in place of `/etc/localstack/init` and `/etc/atoll/init`.",
    "ATOLL_PACK_CALLS": "`atoll up`, for Atoll's own tests: calls are packed on their way to a tenant, as they are "
    "between processes.",
    "AWS_ACCESS_KEY_ID": "Init scripts: kept, with `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`, where it works; "
    "else they get the default account's keys. `atoll env` and `atoll exec` set the keys, and take the token away.",
    "AWS_CA_BUNDLE": "All commands but `up`: a file of certificates, PEM, that are trusted where `--endpoint` is "
    "https. Without it, `data/tls/certificate.pem` where that is. `atoll env` and `atoll exec` set it then.",
    "AWS_ENDPOINT_URL": "Where Atoll is: set for init scripts, and by `atoll env` and `atoll exec`, which also put a "
    "program `aws` first on `PATH` that gives the AWS CLI's version 1 this endpoint for SQS.",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "Taken away by `atoll env` and `atoll exec`, with all that begin with "
    "`AWS_ENDPOINT_URL_`: AWS's clients would heed them before `AWS_ENDPOINT_URL`.",
    "AWS_SECURITY_TOKEN": "Taken away by `atoll env` and `atoll exec`: an older name of `AWS_SESSION_TOKEN`.",
    "AWS_PROFILE": "Taken away, with `AWS_DEFAULT_PROFILE`, for init scripts and by `atoll env` and `atoll exec`: "
    "AWS's clients would heed it before the keys.",
    "AWS_REGION": "Init scripts: kept, as `AWS_DEFAULT_REGION` is, else `us-east-1`. `atoll env` and `atoll exec` set "
    "both to the account's.",
    "NO_PROXY": "`atoll doctor`: which hosts are exempt from `HTTP_PROXY` and `HTTPS_PROXY`, as `no_proxy` is. Atoll's "
    "own commands ask no proxy.",
    "TMPDIR": "`atoll up --temporary`: where its folder is made.",
}
"""Variables that are no option's; what they do."""


def _configuration() -> Iterator[str]:
    yield _CONFIGURATION
    commands: Any = typer.main.get_command(app)
    spellings: dict[str, list[str]] = {}
    for variable in LOCALSTACK:
        spellings.setdefault(variable.setting, []).append(f"`{variable.name}`")
    yield "| option | variable | LocalStack's | default | |\n| --- | --- | --- | --- | --- |\n"
    for param in commands.commands["up"].params:
        if param.param_type_name == "option":
            spelled = ", ".join(spellings.get(param.name, []))
            own = f"`{PREFIX}{param.name.upper()}`"
            yield f"| {_option(param)} | {own} | {spelled} | {_default(param)} | {_told(param)[0]} |\n"
    yield _LOCALSTACK
    for name, instead in UNHEEDED.items():
        yield f"| `{name}` | {instead} |\n"
    yield "\n## Other variables\n\n| variable | |\n| --- | --- |\n"
    for name, told in sorted({**_variables_of(commands), **_OTHERS}.items()):
        yield f"| `{name}` | {told} |\n"


def _option(param: Any) -> str:
    """As it is given; of one that takes one of a few values, with these."""
    choices = get_args(get_type_hints(Settings).get(param.name))
    value = "" if param.is_flag else f" {param.metavar or '|'.join(choices)}"
    return f"`{', '.join(param.opts)}{value}`".replace("|", "\\|")


def _variables_of(command: Any) -> dict[str, str]:
    """Those of the options of all commands but `atoll up`, which has them all."""
    found: dict[str, str] = {}
    for each in getattr(command, "commands", {}).values():
        found |= _variables_of(each)
    for param in command.params:
        if param.envvar is not None:
            found[param.envvar] = f"`{param.opts[0]}` of all commands but `up`: {param.help}"
    return found


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
        case Decides(by):
            return _whose(by)
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
