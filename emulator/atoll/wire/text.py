"""Scalars as text: in forms, XML, headers, queries and paths. Compiled once per member.

A `Malformed` says what is wrong with a request in the words of AWS's own deserializer; the codec that was parsing it
puts it into the error of its protocol.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Callable
from typing import Any

import msgspec

from atoll.wire import timestamps
from atoll.wire.model import Member

ReadText = Callable[[str], Any]
WriteText = Callable[[Any], str]

LONG = 1 << 63
"""The first number that a long does not hold."""

_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,400}(?:\.[0-9]{0,400})?|\.[0-9]{1,400})(?:[eE][+-]?[0-9]{1,4})?")
_SPECIAL = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}
_ARTICLES = {
    "integer": "an Integer",
    "long": "a Long",
    "float": "a Float",
    "double": "a Double",
    "boolean": "a Boolean",
}


class Malformed(Exception):
    """A request's bytes do not fit the operation's input."""


def mismatch(found: str, expected: str) -> Malformed:
    """`found` is the kind of the value that was sent, `expected` the type that the model gives it."""
    return Malformed(f"{found} can not be converted to {_ARTICLES.get(expected, 'a String')}")


def read_string(text: str) -> str:
    return text


def read_integer(text: str, expected: str = "integer") -> int:
    if _INTEGER.fullmatch(text):
        value = int(text)
        if -LONG <= value < LONG:
            return value
    raise mismatch("STRING_VALUE", expected)


def read_long(text: str) -> int:
    return read_integer(text, "long")


def read_double(text: str) -> float:
    if _NUMBER.fullmatch(text):
        return float(text)
    try:
        return _SPECIAL[text]
    except KeyError:
        raise mismatch("STRING_VALUE", "double") from None


def read_boolean(text: str) -> bool:
    try:
        return _BOOLEANS[text if text in _BOOLEANS else text.lower()]
    except KeyError:
        raise mismatch("STRING_VALUE", "boolean") from None


def read_blob(text: str) -> bytes:
    """Base64, as AWS takes it: padded, line breaks allowed."""
    try:
        # In half the time of the standard library's.
        return msgspec.convert(text, bytes)
    except msgspec.ValidationError:
        pass
    if "\n" in text or text[-1:].isspace() or text[:1].isspace():
        text = "".join(text.split())
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Malformed("only base-64-encoded strings are convertible to bytes") from None


def read_timestamp(text: str) -> Any:
    try:
        return timestamps.read_text(text.strip())
    except ValueError:
        raise Malformed("Unable to parse date: " + text[:64]) from None


_READERS: dict[str, ReadText] = {
    "string": read_string,
    "integer": read_integer,
    "long": read_long,
    "float": read_double,
    "double": read_double,
    "boolean": read_boolean,
    "blob": read_blob,
    "timestamp": read_timestamp,
}


def reader(member: Member) -> ReadText:
    """What turns a scalar's text into its value. It raises Malformed."""
    return _READERS[member.shape.type]


def write_boolean(value: bool) -> str:
    return "true" if value else "false"


def write_double(value: float) -> str:
    if math.isfinite(value):
        return repr(value)
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def write_blob(value: bytes) -> str:
    written: str = msgspec.to_builtins(value)
    return written


def write_string(value: str) -> str:
    return value


_WRITERS: dict[str, WriteText] = {
    "string": write_string,
    "integer": str,
    "long": str,
    "float": write_double,
    "double": write_double,
    "boolean": write_boolean,
    "blob": write_blob,
}


def writer(member: Member, timestamp_format: str) -> WriteText:
    """What turns a scalar into its text. `timestamp_format` is the protocol's, where the model names none."""
    kind = member.shape.type
    if kind == "timestamp":
        return timestamps.text_writer(member.timestamp_format or timestamp_format)
    return _WRITERS[kind]
