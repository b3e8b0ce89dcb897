"""How the control API reads what it is sent: JSON as RFC 8259 has it, and not more of it than a declaration needs."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import orjson
from fastapi import HTTPException, Request, Response
from fastapi.routing import APIRoute

LONGEST_BODY = 1024 * 1024
"""Bytes, of all that is no snapshot; Kubernetes keeps no object that is larger either."""


class StrictRequest(Request):
    """Python's own reader of JSON takes NaN, halves of surrogate pairs and whatever nests a thousand deep, which nobody
    can store, or answer with, afterwards."""

    async def body(self) -> bytes:
        """Raises HTTPException with status 413."""
        if not hasattr(self, "_body"):
            # One that says how long it will be is not waited for.
            _check_length(int(self.headers.get("content-length", "0")))
            pieces, length = [], 0
            async for piece in self.stream():
                length += len(piece)
                _check_length(length)
                pieces.append(piece)
            self._body = b"".join(pieces)
        return self._body

    async def json(self) -> Any:
        """Raises json.JSONDecodeError."""
        return orjson.loads(await self.body())


def _check_length(length: int) -> None:
    if length > LONGEST_BODY:
        raise HTTPException(413, f"A request's body may have {LONGEST_BODY:,} bytes at most")


class StrictRoute(APIRoute):
    """A route whose requests are read so."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def strictly(request: Request) -> Response:
            return await handle(StrictRequest(request.scope, request.receive))

        return strictly
