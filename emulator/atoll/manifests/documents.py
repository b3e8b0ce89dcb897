"""Reads YAML and JSON documents: from files, from all files of a folder, from standard input.

They are read as Kubernetes reads them: a date is a text, a field that comes twice is a mistake.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import yaml

from atoll.manifests.loader import check_size, load_documents
from atoll.manifests.problems import BadManifests, Problem, plain

STANDARD_INPUT = "-"
ENDINGS = (".yaml", ".yml", ".json")
LARGEST = 64 * 1024 * 1024
"""Bytes of one file."""


@dataclass(frozen=True)
class Document:
    """`source` is the file, or what stands for it; `number` is the document's in it, from 1 on."""

    source: str
    number: int
    body: dict[str, Any]

    @property
    def where(self) -> str:
        return f"{plain(self.source)}, document {self.number}"

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
    for file in [path] if path == STANDARD_INPUT else _files(path, problems):
        name = "standard input" if file == STANDARD_INPUT else file
        try:
            yield name, _standard_input() if file == STANDARD_INPUT else _text(file)
        except (OSError, ValueError) as error:
            problems.append(_unreadable(name, error))


def _files(path: str, problems: list[Problem]) -> list[str]:
    """The file itself, or those of a folder."""
    try:
        if not path:
            raise ValueError("it is no path")
        if not Path(path).is_dir():
            return [path]
        return sorted(str(file) for file in Path(path).iterdir() if file.suffix in ENDINGS and file.is_file())
    except (OSError, ValueError) as error:
        problems.append(_unreadable(path or "''", error))
        return []


def _unreadable(source: str, error: Exception) -> Problem:
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return Problem(source, 1, "", "", f"cannot be read: {reason}")


def _standard_input() -> str:
    return _bounded(sys.stdin.buffer)


def _text(file: str) -> str:
    """Raises OSError, ValueError."""
    # A named pipe is not waited for until somebody opens its other end: that may be never.
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    os.set_blocking(descriptor, True)
    with open(descriptor, "rb") as opened:
        text = _bounded(opened)
        if not text and stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            raise ValueError("it is a pipe that nobody writes to: pipe into -f - instead")
    return text


def _bounded(file: IO[bytes]) -> str:
    # Devices and pipes have no size to be asked for beforehand.
    data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise ValueError(f"it is larger than {LARGEST // 2**20} MiB")
    return data.decode()


def read_text(source: str, text: str) -> list[Document]:
    """Its documents, without the empty ones, the items of a List each for itself. Raises BadManifests."""
    documents: list[Document] = []
    number = 1
    try:
        for body in load_documents(text):
            if body is not None:
                check_size(body)
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
