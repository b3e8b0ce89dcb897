"""What a database must offer to hold the index."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

Row = tuple[Any, ...]
Value = str | int | float | None


class Run(Protocol):
    """Runs one statement, with `?` for each of its values, and returns its rows. No `?` stands in a literal, and `%`
    in values only, so a driver whose library writes placeholders otherwise translates by replacing the character."""

    async def __call__(self, sql: str, args: Sequence[Value] = ()) -> list[Row]: ...


class Driver(ABC):
    """One database. Errors of its library that mean that it cannot be used are raised as `IndexUnavailable`."""

    @abstractmethod
    def transaction(self) -> AbstractAsyncContextManager[Run]:
        """What is run inside is committed at its end, or all undone where it raises."""

    @abstractmethod
    def reading(self) -> AbstractAsyncContextManager[Run]:
        """For a single statement that only reads."""

    @abstractmethod
    async def close(self) -> None:
        """Closes the database."""
