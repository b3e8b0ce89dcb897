"""Paths of Atoll's own that take files, which are larger than the body of any call."""

from __future__ import annotations

import re

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
    problem = {"title": "The file is too long", "status": 413, "detail": f"It may have {LONGEST_FILE:,} bytes at most"}
    return Response(413, [("Content-Type", "application/problem+json")], orjson.dumps(problem))
