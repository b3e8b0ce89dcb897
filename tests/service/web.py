"""HTTP, as these tests ask and are answered."""

from __future__ import annotations

import urllib.error
import urllib.request


def fetch(url: str, method: str = "GET", body: bytes | None = None, token: str = "") -> tuple[int, bytes]:
    """`token` is the control token, for what wants it."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers, method=method), timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()
