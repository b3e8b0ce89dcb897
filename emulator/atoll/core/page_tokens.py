"""Tokens that lead to the next page of a list: they say where to go on, and are good for that list alone."""

from __future__ import annotations

from binascii import Error, a2b_base64, b2a_base64
from hashlib import sha256


class Listing:
    """A list that is answered by pages. What is listed, and how, is told by values whose `repr` says all of it."""

    __slots__ = ("_name",)

    def __init__(self, *what: object) -> None:
        self._name = sha256(repr(what).encode()).hexdigest()[:16]

    def token(self, place: str) -> str:
        """Of what stands behind this place. Base64."""
        return b2a_base64(f"{self._name}:{place}".encode(), newline=False).decode()

    def place(self, token: str) -> str | None:
        """None where it is no token of this list. A client can make tokens up: a place is to be read as any input."""
        try:
            name, _, place = a2b_base64(token, strict_mode=True).decode().partition(":")
        except (Error, ValueError):
            return None
        return place if name == self._name and place else None
