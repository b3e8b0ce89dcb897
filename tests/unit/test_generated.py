"""What `make generate` makes is as it would be made now, and leaves nothing out."""

from __future__ import annotations

import ast
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from atoll.cli.variables import LOCALSTACK, UNHEEDED, own_name
from atoll.gateway.settings import Settings

ROOT = Path(__file__).parents[2]
_ENVIRONMENTS = ("base", "environ", "environment", "kept")
"""What the code calls an environment."""


def test_nothing_was_forgotten() -> None:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "tools" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for path, text in module.made().items():
        if not path.is_file() or path.read_text() != text:
            pytest.fail(f"{path.relative_to(ROOT)} is not what follows from its source: run `make generate`")


@pytest.mark.parametrize(
    "line",
    [
        "atoll apply --file PATH [OPTIONS]",
        "atoll exec ACCOUNT [OPTIONS] -- CMD …",
        "atoll get KIND [NAME] [OPTIONS]",
        "atoll version",
        "| `--output, -o OUTPUT` | The form of the answer. One of `table`, `wide`, `json`, `yaml`, `name`."
        " | | `table` |",
        "| `--limit N` | So many of the last calls. At least 1 and at most 1000. | | `100` |",
        "| `--service SERVICE` | Only this service's. May be repeated. | | |",
        "| `--endpoint URL` | Where Atoll is. | `ATOLL_ENDPOINT` | `http://localhost:4566` |",
        "| `--control-port PORT` | Port for the control API alone, in place of --port; 0 picks a free one. |"
        " `ATOLL_CONTROL_PORT` | |",
        "| `--unavailable` | Every call fails. | | |",
    ],
)
def test_commands_stand_on_their_page_as_they_are_typed(line: str) -> None:
    assert line in (ROOT / "docs" / "cli.md").read_text().splitlines()


def test_every_setting_stands_on_the_page_on_configuration() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text()
    for setting in Settings.__dataclass_fields__:
        [row] = [line for line in page.splitlines() if line.startswith("| `-") and f"`{own_name(setting)}`" in line]
        assert f"`--{setting.replace('_', '-')}" in row
        assert all(f"`{variable.name}`" in row for variable in LOCALSTACK if variable.setting == setting)


def test_every_variable_that_is_read_stands_on_the_page_on_configuration() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text()
    read = {name for path in (ROOT / "emulator").rglob("*.py") for name in _read(ast.parse(path.read_text()))} - WORDS
    assert {"ATOLL_ENDPOINT", "ATOLL_FILE", "ATOLL_INIT_FOLDER", "ATOLL_PACK_CALLS", "AWS_REGION"} <= read
    assert [name for name in sorted(read | set(UNHEEDED)) if f"`{name}`" not in page] == []


WORDS = {"AWS_CLOUDHSM", "AWS_KMS"}
"""What AWS has for values, and is spelled as variables are."""


def _read(module: ast.Module) -> Iterator[str]:
    """The names of variables: what an environment is asked for, and whatever is named as only a variable is."""
    constants = {
        target.id: node.value
        for node in module.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(module):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if re.fullmatch(r"(ATOLL|AWS)_[A-Z_]+[A-Z]", node.value):
                yield node.value
        elif (key := _key(node)) is not None:
            key = constants.get(key.id, key) if isinstance(key, ast.Name) else key
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield key.value


def _key(node: ast.AST) -> ast.expr | None:
    """What an environment is asked for by `environ[…]` and `environ.get(…)`."""
    match node:
        case ast.Subscript(value=asked, slice=key) if _is_environment(asked):
            return key
        case ast.Call(func=ast.Attribute(value=asked, attr="get"), args=[key, *_]) if _is_environment(asked):
            return key
    return None


def _is_environment(asked: ast.expr) -> bool:
    name = asked.id if isinstance(asked, ast.Name) else asked.attr if isinstance(asked, ast.Attribute) else ""
    return name in _ENVIRONMENTS


def test_every_variable_of_localstack_s_stands_on_the_page_on_it() -> None:
    page = (ROOT / "docs" / "localstack.md").read_text()
    names = [*(variable.name for variable in LOCALSTACK), *UNHEEDED]
    assert [name for name in names if f"`{name}`" not in page and f"`{name}=" not in page] == []
