"""Reads the regular expressions of AWS's models, which are written in Java's dialect.

They are taken apart here, since Python's `re` reads some of them otherwise and others not at all: `\\p{L}`, surrogate
pairs, classes in classes, and `\\w` and `\\d`, which are ASCII in Java.

https://docs.oracle.com/en/java/javase/21/docs/api/java.base/java/util/regex/Pattern.html
"""

from __future__ import annotations

from dataclasses import dataclass

from atoll.wire import characters
from atoll.wire.characters import Ranges


class Unsupported(Exception):
    """The expression has something that cannot be told from a model's, or is no expression at all."""


@dataclass(frozen=True, slots=True)
class Chars:
    """One character out of a set."""

    ranges: Ranges


@dataclass(frozen=True, slots=True)
class Sequence:
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """`most` is None where there is no end to it."""

    item: Node
    least: int
    most: int | None


@dataclass(frozen=True, slots=True)
class Edge:
    """The value's start or its end."""

    start: bool


@dataclass(frozen=True, slots=True)
class Look:
    """`kind` is `=`, `!`, `<=` or `<!`, as after `(?`."""

    kind: str
    item: Node


Node = Chars | Sequence | Choice | Repeat | Edge | Look

_SIMPLE = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "a": "\a", "e": "\x1b"}
_CLASSES = {
    "d": characters.DIGITS,
    "w": characters.WORD,
    "s": characters.SPACE,
    "h": characters.HORIZONTAL_SPACE,
}
_HEX = frozenset("0123456789abcdefABCDEF")
_MAX_DEPTH = 50


def parse(text: str) -> Node:
    """Raises Unsupported."""
    return _Parser(text).whole()


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.depth = 0
        self.ignore_case = False
        self.dot_all = False

    def whole(self) -> Node:
        node = self._choice()
        if self.at < len(self.text):
            raise Unsupported(f"unbalanced parenthesis at {self.at}")
        return node

    def _peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def _take(self) -> str:
        if self.at >= len(self.text):
            raise Unsupported("the expression ends too early")
        self.at += 1
        return self.text[self.at - 1]

    def _taken(self, literal: str) -> bool:
        if not self.text.startswith(literal, self.at):
            return False
        self.at += len(literal)
        return True

    def _choice(self) -> Node:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise Unsupported("too deep")
        flags = self.ignore_case, self.dot_all
        items = [self._sequence()]
        while self._taken("|"):
            items.append(self._sequence())
        self.ignore_case, self.dot_all = flags
        self.depth -= 1
        return items[0] if len(items) == 1 else Choice(tuple(items))

    def _sequence(self) -> Node:
        items = []
        while self._peek() not in ("", "|", ")"):
            atom = self._atom()
            if atom is not None:
                items.append(self._repeated(atom))
        return items[0] if len(items) == 1 else Sequence(tuple(items))

    def _atom(self) -> Node | None:
        char = self._take()
        match char:
            case "(":
                return self._group()
            case "[":
                return Chars(self._class())
            case "^":
                return Edge(start=True)
            case "$":
                return Edge(start=False)
            case ".":
                return Chars(characters.ALL if self.dot_all else characters.NO_LINE_END)
            case "\\":
                return self._escape()
            case "*" | "+" | "?":
                raise Unsupported(f"nothing to repeat at {self.at - 1}")
        return self._literal(ord(char))

    def _literal(self, code: int) -> Chars:
        return Chars(self._cased(((code, code),)))

    def _cased(self, ranges: Ranges) -> Ranges:
        return characters.both_cases(ranges) if self.ignore_case else ranges

    def _group(self) -> Node | None:
        if not self._taken("?"):
            return self._closed(self._choice())
        for kind in ("<=", "<!", "=", "!"):
            if self._taken(kind):
                return self._closed(Look(kind, self._choice()))
        if self._taken(":"):
            return self._closed(self._choice())
        for flag in self._flags():
            match flag:
                case "i":
                    self.ignore_case = True
                case "s":
                    self.dot_all = True
                case _:
                    raise Unsupported(f"flag {flag}")
        return None

    def _flags(self) -> str:
        end = self.text.find(")", self.at)
        flags, self.at = self.text[self.at : end], end + 1
        if end < 0 or not flags.isalpha():
            raise Unsupported(f"a kind of group at {self.at}")
        return flags

    def _closed(self, node: Node) -> Node:
        if not self._taken(")"):
            raise Unsupported("a group has no end")
        return node

    def _repeated(self, atom: Node) -> Node:
        bounds = self._bounds()
        if bounds is None:
            return atom
        if isinstance(atom, Edge | Look):
            raise Unsupported("an edge is repeated")
        # Lazy or not, the whole value must match; a possessive repetition never gives back, which is another language.
        if self._taken("+"):
            raise Unsupported("a possessive repetition")
        self._taken("?")
        if self._bounds() is not None:
            raise Unsupported("a repetition is repeated")
        return Repeat(atom, *bounds)

    def _bounds(self) -> tuple[int, int | None] | None:
        for sign, bounds in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._taken(sign):
                return bounds
        if self._peek() != "{":
            return None
        end = self.text.find("}", self.at)
        least, comma, most = self.text[self.at + 1 : end].partition(",")
        if end < 0 or not least.isdecimal() or (most and not most.isdecimal()):
            return None
        self.at = end + 1
        upper = int(most) if most else None if comma else int(least)
        if upper is not None and upper < int(least):
            raise Unsupported("the bounds of a repetition")
        return int(least), upper

    def _escape(self) -> Node:
        char = self._peek()
        if char in ("A", "z", "Z"):
            self.at += 1
            return Edge(start=char == "A")
        if char in ("b", "B", "G", "Q", "k", "R", "X") or (char.isdecimal() and char != "0"):
            raise Unsupported(f"\\{char}")
        ranges = self._escaped_class()
        return self._literal(self._escaped_code()) if ranges is None else Chars(ranges)

    def _escaped_class(self) -> Ranges | None:
        char = self._peek()
        if char in ("p", "P"):
            self.at += 1
            name = self._take()
            if name == "{":
                end = self.text.find("}", self.at)
                name, self.at = self.text[self.at : end], end + 1
            ranges = characters.named(name)
            if ranges is None:
                raise Unsupported(f"\\p{{{name}}}")
            return ranges if char == "p" else characters.complement(ranges)
        ranges = _CLASSES.get(char.lower())
        if ranges is None:
            return None
        self.at += 1
        return ranges if char.islower() else characters.complement(ranges)

    def _escaped_code(self) -> int:
        char = self._take()
        if char == "u":
            code = self._hex(4)
            if 0xD800 <= code <= 0xDBFF and self._taken("\\u"):
                low = self._hex(4)
                if 0xDC00 <= low <= 0xDFFF:
                    return 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
                self.at -= 6
            return code
        if char == "x":
            return self._hex(2) if self._peek() != "{" else self._hex_in_braces()
        if char == "0" or (char.isalpha() and char not in _SIMPLE):
            raise Unsupported(f"\\{char}")
        return ord(_SIMPLE.get(char, char))

    def _hex(self, digits: int) -> int:
        text = self.text[self.at : self.at + digits]
        if not 0 < digits == len(text) <= 6 or not _HEX.issuperset(text):
            raise Unsupported(f"not a character's number: {text}")
        self.at += digits
        return int(text, 16)

    def _hex_in_braces(self) -> int:
        end = self.text.find("}", self.at)
        self.at += 1
        code = self._hex(end - self.at)
        self.at = end + 1
        return code

    def _class(self) -> Ranges:
        """A class, from after its `[`."""
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise Unsupported("too deep")
        negated = self._taken("^")
        sides: list[Ranges] = []
        ranges: list[tuple[int, int]] = []
        first = True
        while first or not self._taken("]"):
            first = False
            if self._taken("["):
                ranges.extend(self._class())
            elif self._taken("&&"):
                sides.append(characters.normalised(ranges))
                ranges = []
            else:
                ranges.extend(self._class_item())
        found = characters.normalised(ranges)
        for side in sides:
            found = characters.intersection(found, side)
        self.depth -= 1
        found = self._cased(found)
        return characters.complement(found) if negated else found

    def _class_item(self) -> Ranges:
        char = self._take()
        if char == "\\":
            ranges = self._escaped_class()
            if ranges is not None:
                return ranges
            low = self._escaped_code()
        else:
            low = ord(char)
        high = self._upper_end()
        if high is None:
            return ((low, low),)
        if high < low:
            raise Unsupported("a range runs backwards")
        return ((low, high),)

    def _upper_end(self) -> int | None:
        """What follows the `-` of a range; None where the `-` stands for itself."""
        start = self.at
        if not self._taken("-") or self._peek() in ("]", "["):
            self.at = start
            return None
        if not self._taken("\\"):
            return ord(self._take())
        if self._peek() in ("p", "P", *_CLASSES, *(name.upper() for name in _CLASSES)):
            self.at = start
            return None
        return self._escaped_code()
