"""Reads YAML and JSON documents: from files, from all files of a folder, from standard input.

They are read as Kubernetes reads them: a date is a text, a field that comes twice is a mistake.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from atoll.manifests.problems import BadManifests, Problem

STANDARD_INPUT = "-"
ENDINGS = (".yaml", ".yml", ".json")
LARGEST = 64 * 1024 * 1024
"""Bytes of one file."""
MOST_VALUES = 2_000_000
"""In one document, those behind aliases counted each time: a few lines may stand for billions."""
DEEPEST = 64

_Base: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Document:
    """`source` is the file, or what stands for it; `number` is the document's in it, from 1 on."""

    source: str
    number: int
    body: dict[str, Any]

    def problem(self, path: str, value: str, reason: str) -> Problem:
        return Problem(self.source, self.number, path, value, reason)


def read_documents(paths: Iterable[str]) -> list[Document]:
    """The documents of files, of the files that lie in folders, by name, and of standard input (`-`).

    Raises BadManifests with all that cannot be read.
    """
    documents: list[Document] = []
    problems: list[Problem] = []
    for path in paths:
        for source, text in _texts(path, problems):
            try:
                documents += read_text(source, text)
            except BadManifests as bad:
                problems += bad.problems
    if problems:
        raise BadManifests(problems)
    return documents


def _texts(path: str, problems: list[Problem]) -> Iterator[tuple[str, str]]:
    if path == STANDARD_INPUT:
        yield "standard input", sys.stdin.read(LARGEST)
        return
    for file in _files(Path(path)):
        try:
            if file.stat().st_size > LARGEST:
                raise ValueError(f"is larger than {LARGEST // 2**20} MiB")
            yield str(file), file.read_text()
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            problems.append(Problem(str(file), 1, "", "", f"cannot be read: {reason}"))


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.iterdir() if file.suffix in ENDINGS and file.is_file())


def read_text(source: str, text: str) -> list[Document]:
    """Its documents, without the empty ones, the items of a List each for itself. Raises BadManifests."""
    documents: list[Document] = []
    number = 1
    try:
        for body in yaml.load_all(text, Loader=_Loader):
            if body is not None:
                _check_size(body)
                documents += _documents(source, number, body)
            number += 1
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark is not None else ""
        raise BadManifests([Problem(source, number, "", "", f"{line}{error.problem or error.context}")]) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = "it nests too deep" if isinstance(error, RecursionError) else str(error).partition("\n")[0]
        raise BadManifests([Problem(source, number, "", "", reason)]) from None
    return documents


def _documents(source: str, number: int, body: Any) -> Iterator[Document]:
    if not isinstance(body, dict):
        raise ValueError("it is no object: a manifest has apiVersion, kind, metadata and spec")
    items = body.get("items")
    if body.get("kind") in ("List", "AccountList", "RegionList") and isinstance(items, list):
        for item in items:
            yield from _documents(source, number, item)
    else:
        yield Document(source, number, body)


def _check_size(body: Any) -> None:
    level, count = [body], 0
    for _ in range(DEEPEST):
        level = [child for node in level for child in _children(node)]
        count += len(level)
        if count > MOST_VALUES:
            raise ValueError("it stands for too much")
        if not level:
            return
    raise ValueError("it nests too deep")


def _children(node: Any) -> Iterable[Any]:
    if isinstance(node, dict):
        return node.values()
    return node if isinstance(node, list) else ()


class _Loader(_Base):  # type: ignore[valid-type, misc]
    """YAML as Kubernetes takes it."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = key_node.value
            if not isinstance(key, str):
                raise yaml.constructor.ConstructorError(None, None, "a field's name is no text", key_node.start_mark)
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key} is there twice", key_node.start_mark)
            seen.add(key)
        mapping: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return {str(key): value for key, value in mapping.items()}


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in _Base.yaml_implicit_resolvers.items()
}
