"""Checks documents: by their CRD's schema first, then by what a schema cannot say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

from jsonschema import ValidationError

from atoll.manifests.account import Account, account_problems
from atoll.manifests.crds import API_VERSION, KINDS, openapi_pattern, schema, validator, with_defaults
from atoll.manifests.documents import Document, read_documents
from atoll.manifests.problems import BadManifests, Problem, nearest, plain, shown
from atoll.manifests.region import Region, region_problems

Manifest = Account | Region

_Found = tuple[str, str, str]
"""Path, value, reason."""
MOST_PROBLEMS = 100
"""Of one document that are told: whoever sends something else altogether has a million."""


def check(documents: Iterable[Document]) -> list[Manifest]:
    """The Accounts and Regions that the documents mean. Raises BadManifests with all that is wrong with them."""
    manifests: list[Manifest] = []
    problems: list[Problem] = []
    names: set[tuple[str, str, str]] = set()
    for document in documents:
        found = list(islice(_problems(document.body), MOST_PROBLEMS))
        if not found:
            manifest = _made(document.body)
            key = (document.body["kind"], getattr(manifest, "namespace", ""), manifest.name)
            if key in names:
                found.append(("metadata.name", shown(manifest.name), "is there twice"))
            names.add(key)
            manifests.append(manifest)
        problems += [document.problem(*each) for each in found]
        if len(found) == MOST_PROBLEMS:
            problems.append(document.problem("", "", "what else may be wrong is not told"))
    if problems:
        raise BadManifests(problems)
    return manifests


class Read(NamedTuple):
    """A manifest, and where it stands: `accounts.yaml, document 2`."""

    where: str
    manifest: Manifest


def read_manifests(paths: Iterable[str]) -> list[Read]:
    """Those of files, folders and standard input, each account behind the one that it is to be a fork of, as far as
    that is among them. Raises BadManifests."""
    documents = read_documents(paths)
    return _in_order([Read(each.where, manifest) for each, manifest in zip(documents, check(documents), strict=True)])


def _in_order(reads: list[Read]) -> list[Read]:
    accounts = {(each.manifest.realm, each.manifest.name): each for each in reads if isinstance(each.manifest, Account)}
    ordered: list[Read] = []
    done: set[int] = set()
    for read in reads:
        behind: list[Read] = []
        current: Read | None = read
        # Accounts that wait for each other are refused where they are made.
        while current is not None and id(current) not in done:
            done.add(id(current))
            behind.append(current)
            account = current.manifest
            source = (account.realm, account.from_account) if isinstance(account, Account) else None
            current = None if source is None else accounts.get(source)
        ordered += reversed(behind)
    return ordered


def _made(body: dict[str, Any]) -> Manifest:
    kind = body["kind"]
    filled = with_defaults(schema(kind), body)
    return Account.parse(filled) if kind == "Account" else Region.parse(filled)


def _problems(body: dict[str, Any]) -> Iterator[_Found]:
    kind = body.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        yield "kind", shown(kind), f"is none of Atoll's, which are {' and '.join(KINDS)}"
        return
    if body.get("apiVersion") != API_VERSION:
        yield "apiVersion", shown(body.get("apiVersion")), f"is not {API_VERSION}"
        return
    metadata = body.get("metadata")
    if not isinstance(metadata, dict) or not metadata.get("name"):
        yield "metadata.name", "", "is missing"
        return
    first = islice(validator(kind).iter_errors(body), MOST_PROBLEMS)
    errors = sorted(first, key=lambda error: list(map(str, error.absolute_path)))
    for error in errors:
        yield from _told(error)
    if not errors:
        more = account_problems if kind == "Account" else region_problems
        yield from more(with_defaults(schema(kind), body))


def _told(error: ValidationError) -> Iterator[_Found]:
    instance: Any = error.instance
    wanted: Any = error.validator_value
    fits: Any = error.schema
    path, value = _path(error.absolute_path), shown(instance)
    match error.validator:
        case "additionalProperties":
            known = fits.get("properties", {})
            for name in instance:
                if name not in known:
                    yield _path([*error.absolute_path, name]), "", f"is no field of it{nearest(name, known)}"
        case "required":
            for name in wanted:
                if name not in instance:
                    yield _path([*error.absolute_path, name]), "", "is missing"
        case "type":
            yield path, value, _of_type(wanted, instance)
        case "enum":
            yield path, value, f"is none of {', '.join(map(str, wanted))}"
        case "pattern":
            yield path, value, f"does not match {openapi_pattern(wanted)}: {_meaning(fits)}"
        case "minLength" | "maxLength":
            bound = "at least" if error.validator == "minLength" else "at most"
            yield path, value, f"has {len(instance)} characters, and may have {bound} {wanted}"
        case "minimum" | "maximum":
            bound = "at least" if error.validator == "minimum" else "at most"
            yield path, value, f"must be {bound} {wanted}"
        case "maxItems":
            yield path, "", f"has {len(instance)} items, and may have at most {wanted}"
        case "uniqueItems":
            yield path, value, "has an item twice"
        case _:
            yield path, value, error.message


def _of_type(wanted: str, value: object) -> str:
    article = "an" if wanted[0] in "aeiou" else "a"
    if wanted == "string" and isinstance(value, int | float) and not isinstance(value, bool):
        return "is a number and must be a string: quote it"
    if wanted == "string" and isinstance(value, bool):
        return "is a truth value and must be a string: quote it"
    return f"is not {article} {wanted}"


def _meaning(schema: Any) -> str:
    description: str = schema.get("description", "that is how it must look")
    first = " ".join(description.split()).partition(". ")[0].rstrip(".")
    return first[0].lower() + first[1:]


def _path(parts: Iterable[object]) -> str:
    text = ""
    for part in parts:
        text += f"[{part}]" if isinstance(part, int) else f".{plain(str(part))}"
    return text.lstrip(".")
