"""The control API, for programs that steer an Atoll: the command line, an operator."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator, Mapping
from typing import IO, Any

import httpx

DEFAULT_ENDPOINT = "http://localhost:4566"
PATIENCE = 60.0
"""Seconds that an answer may take."""
LONG_PATIENCE = 600.0
"""The same where files are sent."""

Params = Mapping[str, str | int | list[str] | None]


class ControlError(Exception):
    """It was refused, or Atoll could not be reached. The message says what to do."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        """0 where there was no answer."""


class ControlClient:
    """Use as a context manager. Raises ControlError wherever something goes wrong."""

    def __init__(
        self, endpoint: str = DEFAULT_ENDPOINT, token: str = "", *, patience: float = PATIENCE, ca_bundle: str = ""
    ) -> None:
        """`ca_bundle` is a file of certificates, PEM, that are trusted beside those that all are. Raises OSError where
        it cannot be read, ssl.SSLError where it has none."""
        self.endpoint = endpoint.rstrip("/")
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

    def get(self, path: str, params: Params | None = None) -> Any:
        return self._ask("GET", path, params=params)

    def put(self, path: str, body: Mapping[str, Any]) -> Any:
        return self._ask("PUT", path, body=body)

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        return self._ask("POST", path, body=body)

    def delete(self, path: str) -> Any:
        return self._ask("DELETE", path)

    def download(self, path: str, file: IO[bytes]) -> None:
        """Writes what is answered into the file."""
        try:
            with self._http.stream("GET", f"/_atoll/v1{path}", timeout=LONG_PATIENCE) as answer:
                if answer.status_code != 200:
                    answer.read()
                    raise _refused(answer)
                for piece in answer.iter_bytes():
                    file.write(piece)
        except httpx.HTTPError as error:
            raise self._unreached(error) from error

    def upload(self, path: str, file: IO[bytes]) -> Any:
        try:
            answer = self._http.post(f"/_atoll/v1{path}", content=file, timeout=LONG_PATIENCE)
        except httpx.HTTPError as error:
            raise self._unreached(error) from error
        if answer.status_code >= 400:
            raise _refused(answer)
        return answer.json() if answer.content else None

    def health(self) -> Any:
        """What Atoll says of itself, ready or not."""
        try:
            answer = self._http.get("/_atoll/health")
            return answer.json()
        except httpx.HTTPError as error:
            raise self._unreached(error) from error
        except ValueError:
            raise _refused(answer) from None

    def items(self, path: str, params: Params | None = None) -> Iterator[dict[str, Any]]:
        """A list's items, page by page."""
        token: str | None = None
        while True:
            page = self.get(path, {**(params or {}), "token": token} if token else params)
            yield from page["items"]
            token = page.get("nextToken")
            if token is None:
                return

    def events(self, path: str) -> Iterator[dict[str, Any]]:
        """What a stream sends, as long as it does."""
        try:
            with self._http.stream("GET", f"/_atoll/v1{path}", timeout=httpx.Timeout(PATIENCE, read=None)) as answer:
                if answer.status_code != 200:
                    answer.read()
                    raise _refused(answer)
                for line in answer.iter_lines():
                    if line.startswith("data: "):
                        yield json.loads(line.removeprefix("data: "))
        except httpx.HTTPError as error:
            raise self._unreached(error) from error

    def _ask(
        self, method: str, path: str, *, params: Params | None = None, body: Mapping[str, Any] | None = None
    ) -> Any:
        given = {name: value for name, value in (params or {}).items() if value not in (None, "")}
        try:
            answer = self._http.request(method, f"/_atoll/v1{path}", params=given, json=body)
        except httpx.HTTPError as error:
            raise self._unreached(error) from error
        if answer.status_code >= 400:
            raise _refused(answer)
        return answer.json() if answer.content else None

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


def _refused(answer: httpx.Response) -> ControlError:
    try:
        problem = answer.json()
        message = f"{problem['title']}: {problem['detail']}"
    except (ValueError, KeyError, TypeError):
        message = f"It answers {answer.status_code} {answer.reason_phrase}: is this an Atoll, and of this version?"
    return ControlError(answer.status_code, message)
