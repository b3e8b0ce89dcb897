"""What holds of every service, present and to come: it is like its model, and like the other services."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_type_hints

import apsw
import atoll.services
import pytest
from atoll.core.access import Access, ByAccount, ByArn, ById, ByName, ByUrl, Decides, First, Here, Home, Match, Owner
from atoll.core.service import Operation, Service
from atoll.gateway.detect import Detector
from atoll.services import REGISTRY
from atoll.tenants import Database
from atoll.wire.codec import PROTOCOLS
from atoll.wire.http import Request
from atoll.wire.model import load
from botocore import xform_name

ABSENT: dict[str, set[str]] = {}
"""Operations of AWS's that a service of Atoll's does not have, by service. Callers get a 501 that names them."""

FOLDER = Path(atoll.services.__file__).parent
SERVICES = sorted(REGISTRY)
OPERATIONS = [(name, operation) for name in SERVICES for operation in sorted(REGISTRY[name].operations)]
DETECTOR = Detector(REGISTRY)
FILES = {"__init__.py", "service.py", "access.py", "errors.py"}


def registered(name: str) -> dict[str, Operation]:
    return REGISTRY[name].operations


def public(service: Service) -> set[str]:
    return {name for name, operation in service.operations.items() if not operation.internal}


def test_every_folder_is_a_service() -> None:
    folders = {path.name for path in FOLDER.iterdir() if (path / "__init__.py").exists()}
    assert folders == set(SERVICES)


def test_services_are_imported_when_they_are_called() -> None:
    program = "import sys, atoll.services; print([m for m in sys.modules if m.startswith('atoll.services.')])"
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert printed.stdout.strip() == "[]"


@pytest.mark.parametrize("name", SERVICES)
def test_operations_are_the_models(name: str) -> None:
    there, absent = public(REGISTRY[name]), ABSENT.get(name, set())
    modelled = set(load(name).operations)
    assert there <= modelled
    assert absent <= modelled
    assert not there & absent
    assert modelled == there | absent, "register these, or list them as absent"
    internal = set(registered(name)) - there
    assert not internal & modelled


@pytest.mark.parametrize("name", SERVICES)
def test_each_operation_has_its_row_in_the_access_table(name: str) -> None:
    service = REGISTRY[name]
    assert set(service.access) == set(service.operations)


def parameters(owner: Owner) -> Iterator[str]:
    match owner:
        case Here():
            return
        case First(choices):
            for choice in choices:
                yield from parameters(choice)
        case Decides(by):
            yield from parameters(by)
        case ByAccount(parameter, region):
            yield parameter
            yield region
        case ById(_, parameter, _, account):
            yield parameter
            yield account
        case ByName(_, parameter) | Home(parameter) | ByArn(parameter) | ByUrl(parameter) | Match(parameter):
            yield parameter


@pytest.mark.parametrize(("name", "operation"), OPERATIONS)
def test_the_access_table_reads_parameters_that_there_are(name: str, operation: str) -> None:
    row: Access = REGISTRY[name].access[operation]
    if registered(name)[operation].internal:
        return
    shape = load(name).operations[operation].input
    members = set() if shape is None else set(shape.members)
    for owner in (row.owner, *row.also):
        assert set(filter(None, parameters(owner))) <= members


@pytest.mark.parametrize(("name", "operation"), OPERATIONS)
def test_handlers_look_alike(name: str, operation: str) -> None:
    found = registered(name)[operation]
    handler = found.handler
    assert handler.__name__ == xform_name(operation), "the operation's name, as Python writes it"
    assert handler.__module__.rpartition(".")[2].startswith("operations")
    assert handler.__module__.startswith(f"atoll.services.{name}.")
    taken = inspect.signature(handler)
    assert list(taken.parameters) == ["call", "lagoon" if found.long else "tenant"]
    assert "return" in get_type_hints(handler)
    assert not (found.long and found.internal), "an effect is one transaction"


@pytest.mark.parametrize(("name", "operation"), OPERATIONS)
def test_operations_are_detected_in_every_protocol(name: str, operation: str) -> None:
    model = load(name)
    if registered(name)[operation].internal:
        return
    for protocol in model.protocols:
        assert protocol in PROTOCOLS or protocol == "smithy-rpc-v2-cbor"
        if protocol == "json":
            request = Request("POST", "/", "", {"x-amz-target": f"{model.target_prefix}.{operation}"}, b"{}")
        elif protocol in ("query", "ec2"):
            headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
            body = f"Action={operation}&Version={model.api_version}".encode()
            request = Request("POST", "/", "", headers, body)
        else:
            continue
        detected = DETECTOR.detect(request)
        assert detected is not None
        assert (detected.service, detected.operation_name, detected.protocol) == (name, operation, protocol)
        assert detected.operation is not None


@pytest.mark.parametrize("name", SERVICES)
def test_files_are_named_alike(name: str) -> None:
    service = REGISTRY[name]
    folder = FOLDER / name
    files = {path.name for path in folder.iterdir() if path.is_file()}
    assert files >= FILES
    assert any(re.fullmatch(r"operations(_\w+)?\.py", file) for file in files)
    assert ("schema.sql" in files) == (service.schema is not None)
    assert not [path for path in folder.iterdir() if path.is_dir() and path.name != "__pycache__"]
    assert service.name == name
    module = sys.modules[f"atoll.services.{name}.service"]
    assert getattr(module, name.replace("-", "_")) is service


@pytest.mark.parametrize("name", SERVICES)
def test_files_stay_short_and_say_what_they_are_for(name: str) -> None:
    for path in (FOLDER / name).glob("*.py"):
        text = path.read_text()
        assert len(text.splitlines()) <= 400, f"{path.name} holds two ideas"
        assert ast.get_docstring(ast.parse(text)), f"{path.name} does not say what it is for"


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path} imports by a relative name"
            module = node.module or ""
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("name", SERVICES)
def test_services_know_nothing_of_each_other_or_of_what_is_above(name: str) -> None:
    others = tuple(f"atoll.services.{other}" for other in SERVICES if other != name)
    above = tuple(f"atoll.{layer}" for layer in ("cell", "gateway", "control", "cli"))
    for path in (FOLDER / name).glob("*.py"):
        for module in imported(path):
            assert not module.startswith(("botocore", "boto3", *above)), path
            assert not any(module == other or module.startswith(f"{other}.") for other in others), path


@pytest.fixture(params=[name for name in SERVICES if REGISTRY[name].schema is not None])
def tables(request: pytest.FixtureRequest) -> tuple[Service, dict[str, set[str]]]:
    """A service that has tables, and their columns."""
    service = REGISTRY[request.param]
    assert service.schema is not None
    db = apsw.Connection(":memory:")
    list(db.execute(service.schema.sql))
    names = [name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    columns: dict[str, set[str]] = {
        name: {column for (column,) in db.execute("SELECT name FROM pragma_table_info(?)", (name,))} for name in names
    }
    db.close()
    return service, columns


def test_rows_do_not_name_their_tenant(tables: tuple[Service, dict[str, set[str]]]) -> None:
    for columns in tables[1].values():
        assert not columns & {"realm", "account", "account_id", "region", "arn"}


def test_services_share_no_tables_or_indexes() -> None:
    """They are all in one database, the engine's with them."""
    db = Database(None)
    for name in SERVICES:
        db.add_service(REGISTRY[name])
    db.close()


def test_columns_with_users_arns_are_there(tables: tuple[Service, dict[str, set[str]]]) -> None:
    service, columns = tables
    assert service.schema is not None
    for table, column in service.schema.arns:
        assert column in columns[table]


def test_every_older_schema_can_be_brought_up(tables: tuple[Service, dict[str, set[str]]]) -> None:
    schema: Any = tables[0].schema
    assert sorted(schema.migrations) == list(range(1, schema.version))


@pytest.mark.parametrize("name", SERVICES)
def test_timers_are_transactions(name: str) -> None:
    for handler in REGISTRY[name].timers.values():
        assert not inspect.iscoroutinefunction(handler)
        tenant, _key = inspect.signature(handler).parameters
        assert tenant == "tenant"
