"""A server that stands for Atoll's control API: it answers what a test says, and keeps what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


class Api:
    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[str] = []
        """METHOD PATH?QUERY, as they came."""
        self.bodies: list[Any] = []
        self.answer: Callable[[str], Any] = lambda asked: {"items": []}


@pytest.fixture
def api() -> Iterator[Api]:
    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            asked = f"{self.command} {self.path}"
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            api.asked.append(asked)
            api.bodies.append(json.loads(body) if body else None)
            answer = json.dumps(api.answer(asked)).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_PUT = do_POST = do_DELETE = _answer  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        api = Api(f"http://127.0.0.1:{server.server_address[1]}")
        serving = threading.Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        yield api
        server.shutdown()
        serving.join()
