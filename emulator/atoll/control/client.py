"""The control API, for programs that steer an Atoll: the command line, an operator."""

from __future__ import annotations

import json
import os
import ssl
from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any
from urllib.parse import quote

import httpx

DEFAULT_ENDPOINT = "http://localhost:4566"
PATIENCE = 60.0
"""Seconds that an answer may take."""
LONG_PATIENCE = 600.0
"""The same where files are sent, and where much is done before the answer."""
_PIECE = 256 * 1024
"""Bytes that are sent at a time."""

Params = Mapping[str, str | int | list[str] | None]
Moved = Callable[[int, int], None]
"""Is told how many bytes have gone over, and of how many; 0 where that is not known."""


class ControlError(Exception):
    """It was refused, or Atoll could not be reached. The message says what to do."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        """0 where there was no answer."""


class ControlClient:
    """Use as a context manager. Raises ControlError wherever something goes wrong.

    Paths are given as their parts, `get("realms", realm, "accounts", name)`, each of which stays one part whatever is
    in it.
    """

    def __init__(
        self, endpoint: str = DEFAULT_ENDPOINT, token: str = "", *, patience: float = PATIENCE, ca_bundle: str = ""
    ) -> None:
        """`ca_bundle` is a file of certificates, PEM, that are trusted beside those that all are. Raises OSError where
        it cannot be read, ssl.SSLError where it has none."""
        self.endpoint = endpoint.rstrip("/")
        _check_endpoint(endpoint)
        if not (token.isascii() and token.isprintable()):
            raise ControlError(0, "The token has characters that none has: see to --token and ATOLL_TOKEN")
        headers = {"authorization": f"Bearer {token}"} if token else {}
        verify: ssl.SSLContext | bool = True
        if ca_bundle:
            verify = ssl.create_default_context()
            verify.load_verify_locations(ca_bundle)
        self._http = httpx.Client(
            base_url=self.endpoint, headers=headers, timeout=patience, trust_env=False, verify=verify
        )

    def __enter__(self) -> ControlClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, *parts: str, params: Params | None = None) -> Any:
        return self._ask("GET", parts, params=params)

    def put(self, *parts: str, body: Mapping[str, Any], patience: float | None = None) -> Any:
        return self._ask("PUT", parts, body=body, patience=patience)

    def post(
        self,
        *parts: str,
        body: Mapping[str, Any] | None = None,
        params: Params | None = None,
        patience: float | None = None,
    ) -> Any:
        return self._ask("POST", parts, params=params, body=body, patience=patience)

    def delete(self, *parts: str) -> Any:
        return self._ask("DELETE", parts)

    def download(self, *parts: str, file: IO[bytes], moved: Moved | None = None) -> None:
        """Writes what is answered into the file."""
        try:
            with self._http.stream("GET", _path(parts), timeout=LONG_PATIENCE) as answer:
                if answer.status_code != 200:
                    answer.read()
                    raise _refused(answer)
                total, come = int(answer.headers.get("content-length", "0")), 0
                for piece in answer.iter_bytes():
                    file.write(piece)
                    come += len(piece)
                    if moved is not None:
                        moved(come, total)
        except httpx.HTTPError as error:
            raise self._unreached(error) from error

    def upload(self, *parts: str, file: IO[bytes], moved: Moved | None = None) -> Any:
        """Sends the whole file, which has to be seekable."""
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        try:
            answer = self._http.post(
                _path(parts),
                content=_pieces(file, size, moved),
                headers={"content-length": str(size)},
                timeout=LONG_PATIENCE,
            )
        except httpx.HTTPError as error:
            raise self._unreached(error) from error
        return _answered(answer)

    def health(self) -> Any:
        """What Atoll says of itself, ready or not."""
        try:
            answer = self._http.get("/_atoll/health")
            return answer.json()
        except httpx.HTTPError as error:
            raise self._unreached(error) from error
        except ValueError:
            raise _refused(answer) from None

    def items(self, *parts: str, params: Params | None = None) -> Iterator[dict[str, Any]]:
        """A list's items, page by page."""
        token: str | None = None
        while True:
            page = self.get(*parts, params={**(params or {}), "token": token})
            yield from page["items"]
            token = page.get("nextToken")
            if token is None:
                return

    def events(self, *parts: str) -> Iterator[dict[str, Any]]:
        """What a stream sends, as long as it does."""
        try:
            with self._http.stream("GET", _path(parts), timeout=httpx.Timeout(PATIENCE, read=None)) as answer:
                if answer.status_code != 200:
                    answer.read()
                    raise _refused(answer)
                for line in answer.iter_lines():
                    if line.startswith("data: "):
                        yield json.loads(line.removeprefix("data: "))
        except httpx.HTTPError as error:
            raise self._unreached(error) from error

    def _ask(
        self,
        method: str,
        parts: tuple[str, ...],
        *,
        params: Params | None = None,
        body: Mapping[str, Any] | None = None,
        patience: float | None = None,
    ) -> Any:
        given = {name: value for name, value in (params or {}).items() if value not in (None, "")}
        try:
            answer = self._http.request(
                method,
                _path(parts),
                params=given,
                json=body,
                timeout=httpx.USE_CLIENT_DEFAULT if patience is None else patience,
            )
        except httpx.HTTPError as error:
            raise self._unreached(error) from error
        return _answered(answer)

    def _unreached(self, error: Exception) -> ControlError:
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            return ControlError(
                0,
                f"The certificate of {self.endpoint} is not trusted ({error}): name the file of the one that is to be, "
                "export AWS_CA_BUNDLE=DATA/tls/certificate.pem",
            )
        return ControlError(
            0,
            f"No Atoll answers at {self.endpoint} ({error}): start one with `atoll up`, or say where it is with "
            "--endpoint or ATOLL_ENDPOINT",
        )


def _check_endpoint(endpoint: str) -> None:
    """Raises ControlError."""
    try:
        url = httpx.URL(endpoint)
        fit = url.scheme in ("http", "https") and bool(url.host) and 0 < (url.port or 1) < 65536
    except (httpx.InvalidURL, ValueError):
        fit = False
    if not fit:
        raise ControlError(
            0, f"{endpoint!r} is no endpoint: give one as {DEFAULT_ENDPOINT} with --endpoint or ATOLL_ENDPOINT"
        )


def _path(parts: tuple[str, ...]) -> str:
    """Each part is quoted, so that no name in it means another path. Raises ControlError for what can be no part."""
    for part in parts:
        if not part:
            raise ControlError(0, "A name is empty: say which is meant")
        # Servers and proxies read `/` and `..` as parts of the path, quoted or not.
        if "/" in part or part in (".", ".."):
            raise ControlError(0, f"{part!r} is the name of nothing in Atoll: say which is meant")
    return "/_atoll/v1/" + "/".join(quote(part, safe="", errors="surrogateescape") for part in parts)


def _pieces(file: IO[bytes], size: int, moved: Moved | None) -> Iterator[bytes]:
    gone = 0
    while piece := file.read(_PIECE):
        yield piece
        gone += len(piece)
        if moved is not None:
            moved(gone, size)


def _answered(answer: httpx.Response) -> Any:
    if answer.status_code >= 400:
        raise _refused(answer)
    return answer.json() if answer.content else None


def _refused(answer: httpx.Response) -> ControlError:
    try:
        problem = answer.json()
        message = f"{problem['title']}: {problem['detail']}"
    except (ValueError, KeyError, TypeError):
        message = f"It answers {answer.status_code} {answer.reason_phrase}: is this an Atoll, and of this version?"
    return ControlError(answer.status_code, message)
