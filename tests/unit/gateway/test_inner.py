"""Atoll's own paths beside AWS's: a realm as the issuer of web identity tokens."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import orjson
import pytest
from atoll.core.clock import ManualClock
from atoll.gateway.inner import Inner
from atoll.gateway.metrics import Metrics
from atoll.index.directory import Directory
from atoll.index.sqlite import SqliteIndex
from atoll.wire.http import Request, Response

BASE = "/_atoll/realms/team-a/.well-known"


def asked(method: str, path: str, **headers: str) -> Response | None:
    async def ask() -> Response | None:
        index = SqliteIndex(":memory:", ManualClock())
        try:
            await index.make_realm("team-a", False)
            answer = Inner(Directory(index), Metrics())(Request(method, path, "", headers, scheme="https"))
            return await answer if isinstance(answer, Awaitable) else answer
        finally:
            await index.close()

    return asyncio.run(ask())


def document(path: str) -> Any:
    answer = asked("GET", path, host="atoll.example:4566")
    assert answer is not None
    assert answer.status == 200
    assert ("Content-Type", "application/json") in answer.headers
    assert isinstance(answer.body, bytes)
    return orjson.loads(answer.body)


def test_the_discovery_document_leads_to_the_keys() -> None:
    found = document(f"{BASE}/openid-configuration")
    assert found["issuer"] == "https://atoll.example:4566/_atoll/realms/team-a"
    assert found["jwks_uri"] == f"https://atoll.example:4566{BASE}/jwks.json"
    keys = document(f"{BASE}/jwks.json")["keys"]
    assert {key["alg"] for key in keys} == {"RS256", "ES384"}
    assert not [key for key in keys if {"d", "p", "q"} & key.keys()], "private parts"


def test_a_realm_that_there_is_not() -> None:
    answer = asked("GET", "/_atoll/realms/none/.well-known/jwks.json")
    assert answer is not None
    assert answer.status == 404
    assert isinstance(answer.body, bytes)
    assert b"no realm 'none'" in answer.body


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", f"{BASE}/jwks.json"),
        ("GET", f"{BASE}/other.json"),
        ("GET", f"{BASE}/jwks.json/"),
        ("GET", "/_atoll/realms/UPPER/.well-known/jwks.json"),
        ("GET", "/_atoll/realms/a/b/.well-known/jwks.json"),
        ("GET", "/_bucket/key"),
        ("GET", "/"),
    ],
)
def test_what_is_not_its_own(method: str, path: str) -> None:
    assert asked(method, path) is None
