"""A filter policy's text, token by token, with the places at which AWS's parser stands when it finds fault with one.

AWS reads filter policies by Jackson, and says in its messages how far that had read: a string is read up to its opening
quote until its text is asked for; after a field's name the start of its value is read as well.
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

_TOKEN = re.compile(r'[{}\[\],:]|"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null', re.ASCII)
_WORD = re.compile(r"[A-Za-z_$][\w$]*")
_WORDS = {"true": True, "false": False, "null": None}
_SOURCE = "[Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: {}, column: {}]"


class Token(NamedTuple):
    """`kind` is one of { } [ ] field string number word. `begun` is where the parser stands when it has seen that it is
    there, `end` when it has read it."""

    kind: str
    value: Any
    begun: int
    end: int


class Tokens:
    """Of a text that is JSON."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _read(text)
        self._at = -1
        self._place = 0

    def next(self) -> Token:
        self._at += 1
        token = self._tokens[self._at]
        self._place = token.begun
        return token

    def take(self) -> Any:
        """The value of the token that was read last."""
        token = self._tokens[self._at]
        self._place = max(self._place, token.end) if token.kind != "field" else self._place
        return token.value

    def peek(self) -> Token:
        return self._tokens[self._at + 1]

    def where(self) -> str:
        return place(self._text, self._place)


def place(text: str, offset: int) -> str:
    """How AWS names the place behind so many characters."""
    before = text[:offset]
    return " at " + _SOURCE.format(before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1)


def why_not_json(text: str) -> str:
    """What AWS's parser says of a text that is not JSON, as far as that is known."""
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        if error.msg.startswith("Expecting value") and (word := _WORD.match(text, error.pos)) is not None:
            return (
                f" Unrecognized token '{word[0]}': was expecting (JSON String, Number, Array, Object or token 'null', "
                f"'true' or 'false')\n{place(text, word.end())}"
            )
        if error.msg.startswith("Expecting property name") and error.pos < len(text):
            character = text[error.pos]
            return (
                f" Unexpected character ('{character}' (code {ord(character)})): was expecting double-quote to start "
                f"field name\n{place(text, error.pos)}"
            )
    except (RecursionError, ValueError):
        # It nests deeper than this parser goes, or has a number that is too long for it.
        return ""
    return ""


def _read(text: str) -> list[Token]:
    found = list(_TOKEN.finditer(text))
    tokens: list[Token] = []
    for number, match in enumerate(found):
        raw = match[0]
        if raw in ",:":
            continue
        if raw in "{}[]":
            tokens.append(Token(raw, None, match.end(), match.end()))
        elif raw[0] == '"':
            kind = "field" if number + 1 < len(found) and found[number + 1][0] == ":" else "string"
            tokens.append(Token(kind, json.loads(raw), match.start() + 1, match.end()))
        elif raw in _WORDS:
            tokens.append(Token("word", _WORDS[raw], match.end(), match.end()))
        else:
            # Of a number without end Python reads only a float.
            tokens.append(Token("number", json.loads(raw) if len(raw) < 300 else float(raw), match.end(), match.end()))
    # A field's value is begun with its name.
    return [
        token._replace(begun=tokens[at + 1].begun) if token.kind == "field" else token
        for at, token in enumerate(tokens)
    ]
