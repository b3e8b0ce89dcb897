"""Paths of Atoll's own that take files, which are larger than the body of any call."""

from __future__ import annotations

import re
from http import HTTPStatus

import orjson

from atoll.gateway.http1 import body_length
from atoll.wire.http import BodyPlan, Request, Response

LONGEST_FILE = 2**31 - 1
"""Bytes of a snapshot."""
_PATH = re.compile(r"/_atoll/v1/realms/[^/]+/accounts/[^/]+/snapshot")


def file_plan(request: Request) -> BodyPlan | Response | None:
    """How the body of a path that takes a file is to be taken, or that it is too long; None for the other paths."""
    if request.method != "POST" or _PATH.fullmatch(request.path) is None:
        return None
    if body_length(request.headers) <= LONGEST_FILE:
        return BodyPlan(LONGEST_FILE, stream=True)
    return problem(413, f"A snapshot may have {LONGEST_FILE:,} bytes at most")


def problem(status: int, detail: str) -> Response:
    """https://www.rfc-editor.org/rfc/rfc9457"""
    told = {"title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return Response(status, [("Content-Type", "application/problem+json")], orjson.dumps(told))
