"""Reads a page of the documentation as what a reader does with it, step by step.

    ```sh                     commands, run in the page's one shell
    ```python                 a program, run as a file of its own
    ```text (json, yaml)      right after one of those: what its last command prints, `...` for what varies, which on a
                              line of its own is any number of lines; elsewhere, text only, a picture
    ```yaml title="NAME"      a file, in any language
    # nothing                 at the end of a command: it prints nothing

Port 4566, and 4567 for who has a second one, are others when the page is played.

`atoll up …` and `make up` stay in front, so such a command has a block of its own; it is started beside the shell, as
in a second terminal, and ends the one before. A comment before a block says what is not as usual:

    <!-- fails -->            the last command does, and is to
    <!-- not run: why -->     what would need a cluster, or install something
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

RUN = ("sh", "python")
SHOWN = ("text", "json", "yaml")
_FENCE = re.compile(r'( *)```(\w*)(?: title="([^"]+)")?\s*')
_MARK = re.compile(r"<!-- (fails|not run: .+) -->")
_COMMENT = re.compile(r"\s*(#.*)?")
_STAYS = re.compile(r"(\w+=\S* )*(?:make up|(?:\S*/)?atoll up)(?!\S)")
_HIDDEN = re.compile(r" {4,}(\$ |(\S*/)?(atoll|aws|awslocal|curl|docker|helm|kubectl|make|pip|python3?|tflocal) )")


class BadPage(Exception):
    """The page, or what it says, does not hold."""

    def __init__(self, page: str, line: int, words: str) -> None:
        super().__init__(f"{page}:{line}: {words}")


@dataclass(frozen=True)
class Command:
    """`line` is the page's line in which the text begins."""

    line: int
    text: str
    python: bool = False

    @property
    def prints_nothing(self) -> bool:
        return not self.python and self.text.endswith("# nothing")


@dataclass(frozen=True)
class Shown:
    line: int
    text: str


@dataclass(frozen=True)
class Run:
    """Commands, in order; the last one prints what is shown, where that is, and fails where it is to."""

    line: int
    commands: tuple[Command, ...]
    shown: Shown | None
    fails: bool


@dataclass(frozen=True)
class Start:
    """An Atoll, which prints what is shown until it is ready."""

    line: int
    command: str
    shown: Shown | None


@dataclass(frozen=True)
class Write:
    line: int
    name: str
    text: str


@dataclass(frozen=True)
class LeftOut:
    line: int
    text: str
    reason: str


Step = Run | Start | Write | LeftOut


@dataclass(frozen=True)
class _Block:
    line: int
    language: str
    title: str
    mark: str
    text: str
    follows: bool
    """Whether nothing but empty lines stands between it and the block before."""


def read(path: Path, page: str) -> list[Step]:
    """Raises BadPage, naming the page `page`."""
    steps: list[Step] = []
    blocks = list(_blocks(path.read_text().splitlines(), page))
    shown = {block: after for block, after in pairwise(blocks) if _is_output(block, after)}
    outputs = set(shown.values())
    for block in blocks:
        if block not in outputs:
            steps += _steps(block, shown.get(block), page)
    return steps


def _is_output(block: _Block, after: _Block) -> bool:
    runs = block.language in RUN and not block.title
    return runs and after.follows and not after.title and after.language in SHOWN


def _steps(block: _Block, output: _Block | None, page: str) -> Iterator[Step]:
    shown = None if output is None else Shown(output.line, output.text)
    if block.mark.startswith("not run: "):
        yield LeftOut(block.line, block.text, block.mark.removeprefix("not run: "))
    elif block.title:
        yield Write(block.line, block.title, f"{block.text}\n")
    elif block.language == "python":
        yield Run(block.line, (Command(block.line, block.text, python=True),), shown, block.mark == "fails")
    elif block.language == "sh":
        commands = tuple(_commands(block.line, block.text.splitlines()))
        staying = [command for command in commands if _STAYS.match(command.text)] if not block.mark else []
        if staying and len(commands) > 1:
            raise BadPage(page, staying[0].line, "what starts Atoll stays in front: give it a block of its own")
        if staying:
            yield Start(staying[0].line, staying[0].text, shown)
        else:
            yield Run(block.line, commands, shown, block.mark == "fails")
    elif block.language != "text":
        raise BadPage(
            page,
            block.line - 1,
            f"what is done with a block of {block.language or 'no language'}? Commands are ```sh or ```python; a file "
            "has a title; an output stands right after its command; all else is ```text",
        )


def _commands(line: int, lines: Sequence[str]) -> Iterator[Command]:
    """A command ends where bash has all of it."""
    since = 0
    for number in range(1, len(lines) + 1):
        text = "\n".join(lines[since:number])
        if number < len(lines) and not _is_whole(text):
            continue
        if any(not _COMMENT.fullmatch(each) for each in lines[since:number]):
            yield Command(line + since, text)
        since = number


def _is_whole(text: str) -> bool:
    if text.endswith("\\"):
        return False
    # Of a here-document without its end bash says so, and goes on.
    checked = subprocess.run(["bash", "-n"], input=f"{text}\n", capture_output=True, text=True, check=False)
    return checked.returncode == 0 and not checked.stderr


def _blocks(lines: Sequence[str], page: str) -> Iterator[_Block]:
    numbered = iter(enumerate(lines, 1))
    mark, follows, before = "", False, ""
    for number, line in numbered:
        fence = _FENCE.fullmatch(line)
        if fence is None:
            if line.lstrip().startswith("```"):
                raise BadPage(page, number, f"{line.strip()} begins no block that is known")
            if _HIDDEN.match(line) and not before.strip():
                raise BadPage(page, number, "a command that is not run: put it into a ```sh block")
            if line.strip():
                marked = _MARK.fullmatch(line.strip())
                mark, follows = (marked[1] if marked else ""), False
            before = line
            continue
        indent, language, title = fence[1], fence[2], fence[3] or ""
        text: list[str] = []
        for _, inner in numbered:
            if inner.strip() == "```":
                break
            text.append(inner.removeprefix(indent))
        else:
            raise BadPage(page, number, "this block has no end")
        yield _Block(number + 1, language, title, mark, "\n".join(text), follows)
        mark, follows, before = "", True, ""
