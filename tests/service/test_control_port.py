"""The control API on a port of its own."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

MANIFEST = """
apiVersion: atoll.dev/v1alpha1
kind: Account
metadata: {name: payments}
spec: {accountId: "111111111111", defaultRegion: eu-central-1}
"""


@pytest.fixture(scope="module", params=["http", "https"])
def started(
    request: pytest.FixtureRequest, atoll_with: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("control-port")
    (folder / "manifest.yaml").write_text(MANIFEST)
    tls = ["--tls"] if request.param == "https" else []
    with atoll_with(
        "--data", str(folder / "data"), "--control-port", "0", "-f", str(folder / "manifest.yaml"), *tls
    ) as atoll:
        line = atoll.wait_for_line(lambda line: line.startswith("The control API listens on "))
        atoll.control = line.rpartition(" ")[2]
        atoll.bundle = str(folder / "data" / "tls" / "certificate.pem") if tls else ""
        yield atoll


def command(atoll: Any, *arguments: str, **options: Any) -> str:
    told: str = atoll.command(*arguments, **{"ATOLL_ENDPOINT": atoll.control, "AWS_CA_BUNDLE": atoll.bundle, **options})
    return told


def ask(
    atoll: Any, url: str, method: str, path: str, headers: dict[str, str] | None = None, body: Any = None
) -> tuple[int, dict[str, str], bytes]:
    import ssl

    where = urlsplit(url)
    port = where.port or 0
    connection: http.client.HTTPConnection
    if where.scheme == "https":
        connection = http.client.HTTPSConnection(
            "localhost", port, timeout=20, context=ssl.create_default_context(cafile=atoll.bundle)
        )
    else:
        connection = http.client.HTTPConnection("localhost", port, timeout=20)
    try:
        connection.request(method, path, body, headers or {}, encode_chunked=body is not None)
        answer = connection.getresponse()
        named = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, named, answer.read()
    finally:
        connection.close()


def test_it_is_there_and_not_on_the_other_port(started: Any) -> None:
    status, _, body = ask(started, started.control, "GET", "/_atoll/v1/accounts")
    assert status == 200
    [account] = json.loads(body)["items"]
    # Whoever asks here is told where AWS's services are.
    assert urlsplit(account["status"]["endpoint"]).port == urlsplit(started.url).port
    status, headers, body = ask(started, started.url, "GET", "/_atoll/v1/accounts")
    assert (status, headers["content-type"]) == (404, "application/problem+json")
    port = urlsplit(started.control).port
    assert json.loads(body)["detail"] == f"The control API listens on port {port}"


def test_health_and_figures_are_on_both(started: Any) -> None:
    for url in (started.control, started.url):
        status, _, body = ask(started, url, "GET", "/_atoll/health")
        assert (status, json.loads(body)["ready"]) == (200, True)
        status, _, body = ask(started, url, "GET", "/_atoll/metrics")
        assert status == 200
        assert b"atoll_open_tenants" in body


def test_it_answers_nothing_else(started: Any) -> None:
    status, headers, _ = ask(started, started.control, "GET", "/")
    assert (status, headers["content-type"]) == (404, "application/problem+json")
    status, _, _ = ask(started, started.control, "POST", "/?Action=ListQueues")
    assert status == 404


def test_the_command_line_and_who_it_puts_into_an_account(started: Any) -> None:
    exported = dict(re.findall(r"^export (\w+)=(\S+)$", command(started, "env", "payments"), re.MULTILINE))
    assert urlsplit(exported["AWS_ENDPOINT_URL"]).port == urlsplit(started.url).port
    assert exported.get("AWS_CA_BUNDLE", "") == started.bundle
    keys = {name.lower(): exported[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    sts = started.client("sts", **keys, **({"verify": started.bundle} if started.bundle else {}))
    assert sts.get_caller_identity()["Account"] == "111111111111"
    assert "payments" in command(started, "get", "accounts")


def test_a_certificate_that_is_not_trusted(started: Any, tmp_path: Path) -> None:
    if not started.bundle:
        # Without https nothing is asked of certificates.
        assert "payments" in command(started, "get", "accounts", AWS_CA_BUNDLE="/dev/null")
        return
    told = started.command("get", "accounts", ATOLL_ENDPOINT=started.control, AWS_CA_BUNDLE="", code=1)
    assert "is not trusted" in told
    assert "export AWS_CA_BUNDLE=DATA/tls/certificate.pem" in told
    nothing = tmp_path / "nothing.pem"
    for content in (None, "nothing"):
        if content is not None:
            nothing.write_text(content)
        told = started.command("get", "accounts", ATOLL_ENDPOINT=started.control, AWS_CA_BUNDLE=str(nothing), code=1)
        assert f"The certificates of {nothing} cannot be used" in told


@pytest.mark.parametrize("path", ["/_atoll/v1/accounts", "/_atoll/health"])
def test_pages_of_elsewhere_are_refused(started: Any, path: str) -> None:
    status, _, body = ask(started, started.control, "GET", path, {"Origin": "https://evil.example"})
    assert (status, body) == (403, b"")
    own = started.control.replace("127.0.0.1", "localhost")
    status, headers, _ = ask(started, started.control, "GET", path, {"Origin": own})
    assert (status, headers["access-control-allow-origin"]) == (200, own)


def test_who_is_elsewhere_cannot_say_otherwise(started: Any) -> None:
    headers = {"X-Forwarded-For": "203.0.113.9"}
    assert ask(started, started.control, "GET", "/_atoll/v1/accounts", headers)[0] == 200


def test_bodies_that_are_too_long(started: Any) -> None:
    path = "/_atoll/v1/realms/default"
    headers = {"Content-Type": "application/json", "Content-Length": str(1 << 30)}
    assert ask(started, started.control, "PUT", path, headers)[0] == 413

    def endless() -> Iterator[bytes]:
        for _ in range(64):
            yield b" " * (1 << 18)

    headers = {"Content-Type": "application/json", "Transfer-Encoding": "chunked"}
    status, _, _ = ask(started, started.control, "PUT", path, headers, endless())
    assert status == 413


def test_a_port_that_is_taken(started: Any, atoll_refusing: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    port = urlsplit(started.control).port
    code, told = atoll_refusing("--port", "0", "--control-port", str(port), "--data", str(tmp_path / "other"))
    assert code == 1
    assert f"Port {port} of 127.0.0.1 is taken" in told
    code, told = atoll_refusing("--port", "0", "--control-port", "70000", "--data", str(tmp_path / "other"))
    assert (code, "ports go from 0 to 65535" in told) == (2, True)


def test_the_doctor_knows_where_the_services_are(started: Any) -> None:
    surroundings = {"AWS_ACCESS_KEY_ID": "111111111111", "AWS_REGION": "eu-central-1"}
    services = f"{urlsplit(started.control).scheme}://localhost:{urlsplit(started.url).port}"
    control = f"{urlsplit(started.control).scheme}://localhost:{urlsplit(started.control).port}"
    well = command(started, "doctor", AWS_ENDPOINT_URL=services, ATOLL_ENDPOINT=control, **surroundings)
    assert "AWS_ENDPOINT_URL: " not in well
    ill = command(started, "doctor", AWS_ENDPOINT_URL=control, ATOLL_ENDPOINT=control, **surroundings)
    assert f"WARNING  AWS_ENDPOINT_URL: it is {control}, and not {services}" in ill


def test_a_control_port_that_is_taken(started: Any, atoll_refusing: Callable[..., tuple[int, str]]) -> None:
    port = urlsplit(started.control).port
    code, told = atoll_refusing("--port", "0", "--temporary", "--control-port", str(port))
    assert code == 1
    assert f"Port {port} of 127.0.0.1 is taken: end what listens there, or give another one with --control-port" in told
