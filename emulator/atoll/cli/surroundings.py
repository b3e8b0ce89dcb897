"""What surrounds a client of Atoll's: the variables and programs that decide where its calls go, and as whom."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

Finding = dict[str, str]

_EVAL = 'eval "$(atoll env ACCOUNT)" puts this shell into an account'
PATIENCE = 10.0
"""Seconds that `aws --version` may take."""


def surroundings(environment: Mapping[str, str], endpoint: str, services: str) -> list[Finding]:
    """Each with level, subject, message and advice, as those of the control API have them. `endpoint` is where the
    control API is, `services` where AWS's services are."""
    return [
        *_endpoint(environment, endpoint, services),
        *_caller(environment),
        *_proxy(environment, services),
        *_aws(environment),
    ]


def beside(endpoint: str, port: int | None) -> str:
    """The endpoint on another port of the same host, where one is given."""
    url = urlsplit(endpoint)
    if port is None:
        return endpoint
    host = f"[{url.hostname}]" if ":" in (url.hostname or "") else url.hostname
    return f"{url.scheme}://{host}:{port}"


def _finding(level: str, subject: str, message: str, advice: str = "") -> Finding:
    return {"level": level, "subject": subject, "message": message, "advice": advice}


def _endpoint(environment: Mapping[str, str], endpoint: str, services: str) -> Iterator[Finding]:
    host = urlsplit(endpoint).hostname or ""
    try:
        socket.getaddrinfo(host, None)
    except OSError as error:
        yield _finding(
            "problem",
            "endpoint",
            f"the name {host} leads nowhere ({error})",
            "write it into /etc/hosts, or say another with --endpoint or ATOLL_ENDPOINT",
        )
    named = {name: url for name, url in environment.items() if name.startswith("AWS_ENDPOINT_URL") and url}
    for name, url in sorted(named.items()):
        if url.rstrip("/") != services.rstrip("/"):
            yield _finding("warning", name, f"it is {url}, and not {services}", f"unset {name}, or set it to that")
    if "AWS_ENDPOINT_URL" not in named:
        yield _finding("note", "AWS_ENDPOINT_URL", "it is not set, so SDKs call AWS itself", _EVAL)


def _caller(environment: Mapping[str, str]) -> Iterator[Finding]:
    key = environment.get("AWS_ACCESS_KEY_ID", "")
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        if environment.get(name):
            yield _finding("warning", name, "clients may heed it before the keys", f"unset {name}")
    if not key:
        yield _finding("note", "AWS_ACCESS_KEY_ID", "it is not set", f"{_EVAL}; in an open realm any 12 digits will do")
    elif key.startswith(("AKIA", "ASIA")):
        yield _finding("warning", "AWS_ACCESS_KEY_ID", "it looks like a key of AWS's own", _EVAL)
    else:
        yield _finding("ok", "AWS_ACCESS_KEY_ID", key)
    for name, who in (("AWS_DEFAULT_REGION", "boto3 and the AWS CLI"), ("AWS_REGION", "the other SDKs")):
        if not environment.get(name):
            yield _finding("note", name, f"it is not set, and {who} have no region without it", _EVAL)


def _proxy(environment: Mapping[str, str], endpoint: str) -> Iterator[Finding]:
    scheme, host = urlsplit(endpoint).scheme, urlsplit(endpoint).hostname or ""
    names = (f"{scheme}_proxy", f"{scheme.upper()}_PROXY")
    name = next((name for name in names if environment.get(name)), None)
    exempt = environment.get("no_proxy") or environment.get("NO_PROXY") or ""
    if name is not None and not _exempted(host, exempt):
        yield _finding(
            "warning",
            name,
            f"calls of {host} go to the proxy {environment[name]}",
            f"export NO_PROXY={','.join(filter(None, (exempt, host)))}",
        )


def _exempted(host: str, exempt: str) -> bool:
    """https://curl.se/docs/manpage.html#NOPROXY"""
    names = [name.strip().lstrip(".") for name in exempt.split(",") if name.strip()]
    return any(name == "*" or host == name or host.endswith(f".{name}") for name in names)


def _aws(environment: Mapping[str, str]) -> Iterator[Finding]:
    program = shutil.which("aws", path=environment.get("PATH"))
    if program is None:
        return
    try:
        run = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=PATIENCE, env=dict(environment), check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        yield _finding("warning", "aws", f"{program} does not say its version ({error})", "install it anew")
        return
    version = (run.stdout or run.stderr).split(" ")[0]
    if version.startswith("aws-cli/1."):
        yield _finding(
            "note",
            "aws",
            f"{version} does not heed AWS_ENDPOINT_URL for every service",
            "use the function aws that atoll env defines, atoll exec, or --endpoint-url",
        )
    else:
        yield _finding("ok", "aws", version)
