"""The CRDs that come with the package, and what of them checks a document."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Any

import yaml
from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import create

GROUP = "atoll.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
KINDS = {"Account": "accounts", "Region": "regions"}
"""Kinds, and what their CRD calls many of them."""

Schema = dict[str, Any]


@cache
def crd(kind: str) -> dict[str, Any]:
    """The CustomResourceDefinition of a kind of KINDS."""
    file = resources.files("atoll.manifests").joinpath("crds", f"{GROUP}_{KINDS[kind]}.yaml")
    definition: dict[str, Any] = yaml.safe_load(file.read_text())
    return definition


@cache
def schema(kind: str) -> Schema:
    """The schema of a kind's documents, as its CRD has it."""
    [version] = [version for version in crd(kind)["spec"]["versions"] if version["name"] == VERSION]
    found: Schema = version["schema"]["openAPIV3Schema"]
    return found


@cache
def validator(kind: str) -> Draft202012Validator:
    """What checks a kind's documents, as the Kubernetes API server does when it is strict: unknown fields are
    mistakes."""
    checker: Draft202012Validator = _Validator(_strict(schema(kind)))
    return checker


def _items(checker: Any, items: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
    if isinstance(value, list) and not _too_many(value, schema):
        for number, each in enumerate(value):
            yield from checker.descend(each, items, path=number)


def _unique_items(_checker: Any, unique: bool, value: Any, schema: Any) -> Iterator[ValidationError]:
    """jsonschema's own compares each with each where not all are of one type."""
    if unique and isinstance(value, list) and not _too_many(value, schema):
        different = {json.dumps(each, sort_keys=True) for each in value}
        if len(different) < len(value):
            yield ValidationError("has an item twice")


def _too_many(value: list[Any], schema: Schema) -> bool:
    """`maxItems` says so already, and each of them need not be looked at."""
    most: int = schema.get("maxItems", len(value))
    return len(value) > most


_Validator: Any = create(
    Draft202012Validator.META_SCHEMA,
    {**Draft202012Validator.VALIDATORS, "items": _items, "uniqueItems": _unique_items},
)


def _strict(node: Any, *, under_metadata: bool = False) -> Any:
    """OpenAPI's words for JSON Schema's validator."""
    if isinstance(node, list):
        return [_strict(each) for each in node]
    if not isinstance(node, dict):
        return node
    made = {key: _strict(value) for key, value in node.items() if key not in ("properties", "format")}
    if "properties" in node:
        made["properties"] = {
            name: _strict(value, under_metadata=name == "metadata") for name, value in node["properties"].items()
        }
        if not (under_metadata or node.get("x-kubernetes-preserve-unknown-fields")):
            made.setdefault("additionalProperties", False)
    if "pattern" in node:
        # OpenAPI's `$` is the end of the text, Python's also before a line's end.
        made["pattern"] = re.sub(r"\$$", r"\\Z", node["pattern"])
    if node.get("x-kubernetes-list-type") == "set":
        made["uniqueItems"] = True
    return made


def openapi_pattern(pattern: str) -> str:
    """A pattern of the validator's as the CRD has it."""
    return pattern.replace(r"\Z", "$")


def with_defaults(schema: Schema, value: Any) -> Any:
    """The value with the schema's defaults where it says nothing, as the API server fills them in."""
    if isinstance(value, dict):
        filled = {key: with_defaults(_schema_of(schema, key), each) for key, each in value.items()}
        for name, default in _defaults(schema):
            filled.setdefault(name, default)
        return filled
    if isinstance(value, list):
        return [with_defaults(schema.get("items", {}), each) for each in value]
    return value


def _schema_of(schema: Schema, key: str) -> Schema:
    found = schema.get("properties", {}).get(key)
    if found is None:
        found = schema.get("additionalProperties")
    return found if isinstance(found, dict) else {}


def _defaults(schema: Schema) -> Iterator[tuple[str, Any]]:
    for name, each in schema.get("properties", {}).items():
        if "default" in each:
            yield name, each["default"]
