"""What the environment says: LocalStack's variables, what counts where several say something, and refusals."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from atoll.cli.quick import read_up
from atoll.cli.variables import LOCALSTACK, UNHEEDED, Given, Rank, complete, unheeded
from atoll.gateway.settings import Address, BadSetting, Listen, Settings

CLOUD = "localhost.localstack.cloud"


def settings(line: str = "", **environment: str) -> Settings:
    """What `atoll up LINE` means there."""
    read = read_up(line.split(), environment)
    assert read is not None
    return read


@pytest.mark.parametrize(
    ("variable", "text", "expected"),
    [
        ("GATEWAY_LISTEN", "0.0.0.0:4566", {"listen": (Listen("0.0.0.0", 4566),)}),
        ("GATEWAY_LISTEN", "127.0.0.1:1, [::1]:2", {"listen": (Listen("127.0.0.1", 1), Listen("::1", 2))}),
        ("GATEWAY_LISTEN", ":5000", {"listen": (Listen("", 5000),)}),
        ("GATEWAY_LISTEN", "0.0.0.0", {"listen": (Listen("0.0.0.0"),)}),
        ("GATEWAY_LISTEN", "[::]", {"listen": (Listen("::"),)}),
        ("LOCALSTACK_HOST", "aws.test:80", {"public_host": "aws.test:80"}),
        ("LOCALSTACK_HOST", "localstack", {"public_host": "localstack:0"}),
        ("LOCALSTACK_HOST", ":4567", {"public_host": f"{CLOUD}:4567"}),
        ("LOCALSTACK_HOST", "[::1]", {"public_host": "[::1]:0"}),
        ("DEBUG", "1", {"log_level": "debug"}),
        ("DEBUG", "True", {"log_level": "debug"}),
        ("DEBUG", "0", {}),
        ("LS_LOG", "trace", {"log_level": "debug"}),
        ("LS_LOG", "warn", {"log_level": "warning"}),
        ("LS_LOG", "ERROR", {"log_level": "error"}),
        ("PERSISTENCE", "0", {"temporary": True}),
        ("PERSISTENCE", "1", {}),
        ("SERVICES", "sqs,sts", {"service": ("sqs", "sts")}),
        ("SERVICES", "sqs:4576, sts=1", {"service": ("sqs", "sts")}),
        ("SERVICES", "lambda", {"service": ("lambda", "s3", "sts")}),
        ("SERVICES", "cognito,sqs", {"service": ("cognito-idp", "cognito-identity", "sqs")}),
        ("EAGER_SERVICE_LOADING", "1", {"eager": True}),
        ("SQS_DELAY_PURGE_RETRY", "1", {"sqs_delay_purge_retry": True}),
        ("SQS_DELAY_RECENTLY_DELETED", "true", {"sqs_delay_recently_deleted": True}),
        ("PARITY_AWS_ACCESS_KEY_ID", "1", {"parity_access_keys": True}),
        ("DISABLE_CORS_CHECKS", "1", {"no_cors_checks": True}),
        ("DISABLE_CORS_HEADERS", "1", {"no_cors_headers": True}),
        ("EXTRA_CORS_ALLOWED_ORIGINS", "http://a:1,https://b", {"cors_origin": ("http://a:1", "https://b")}),
        ("EXTRA_CORS_ALLOWED_HEADERS", "x-a,x-b", {"cors_header": ("x-a", "x-b")}),
        ("EXTRA_CORS_EXPOSE_HEADERS", "x-a", {"cors_expose_header": ("x-a",)}),
        ("SQS_ENDPOINT_STRATEGY", "path", {"queue_url_style": "path", "public_host": f"{CLOUD}:0"}),
        ("SQS_ENDPOINT_STRATEGY", "dynamic", {}),
    ],
)
def test_localstack_s_variables_are_options(variable: str, text: str, expected: dict[str, Any]) -> None:
    assert settings(**{variable: text}) == Settings(**expected)
    assert settings(**{f"LOCALSTACK_{variable}": f" {text} "}) == Settings(**expected)
    assert settings(**{variable: ""}) == Settings()


def test_every_one_gives_a_setting() -> None:
    assert {variable.setting for variable in LOCALSTACK} <= set(Settings.__dataclass_fields__)
    assert not {variable.name for variable in LOCALSTACK} & set(UNHEEDED)


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("GATEWAY_LISTEN", "0.0.0.0:x"),
        ("GATEWAY_LISTEN", "0.0.0.0:70000"),
        ("GATEWAY_LISTEN", "4566"),
        ("GATEWAY_LISTEN", "::1"),
        ("GATEWAY_LISTEN", "http://localhost:4566"),
        ("GATEWAY_LISTEN", ","),
        ("LOCALSTACK_HOST", "http://x"),
        ("LOCALSTACK_HOST", "x:y"),
        ("DEBUG", "app:*"),
        ("LS_LOG", "loud"),
        ("PERSISTENCE", "yes"),
        ("SERVICES", "sqss"),
        ("STRICT_SERVICE_LOADING", "x"),
        ("EAGER_SERVICE_LOADING", "2"),
        ("SQS_ENDPOINT_STRATEGY", "legacy"),
        ("EXTRA_CORS_ALLOWED_ORIGINS", "localhost:3000"),
        ("EXTRA_CORS_ALLOWED_ORIGINS", "http://localhost:3000/"),
        ("EXTRA_CORS_ALLOWED_HEADERS", "x:a"),
        ("EXTRA_CORS_EXPOSE_HEADERS", "(x)"),
    ],
)
def test_what_means_nothing_names_its_variable(variable: str, text: str) -> None:
    for name in (variable, f"LOCALSTACK_{variable}"):
        with pytest.raises(BadSetting) as caught:
            complete({}, {name: text})
        assert caught.value.option == name
        assert str(caught.value)


def test_atoll_s_variable_is_named_too() -> None:
    for setting, value in (("port", 70000), ("default_account", "1"), ("service", ("sqss",))):
        variable = f"ATOLL_{setting.upper()}"
        with pytest.raises(BadSetting) as caught:
            complete({setting: Given(value, variable, Rank.OWN)}, {})
        assert caught.value.option == variable


def test_what_is_said_first_counts() -> None:
    assert settings("--log-level error", ATOLL_LOG_LEVEL="info", LS_LOG="debug").log_level == "error"
    assert settings(ATOLL_LOG_LEVEL="warning", LS_LOG="debug", DEBUG="1").log_level == "warning"
    assert settings(LS_LOG="info", DEBUG="1").log_level == "info"
    assert settings(LOCALSTACK_LS_LOG="error", LS_LOG="info").log_level == "error"
    assert settings("--service sts", SERVICES="sqs").service == ("sts",)
    assert settings(SERVICES="sqs", STRICT_SERVICE_LOADING="0").service == ()
    assert settings(SERVICES="sqs", STRICT_SERVICE_LOADING="1").service == ("sqs",)


def test_what_does_not_count_is_not_read() -> None:
    assert settings("--log-level info", DEBUG="app:*").log_level == "info"
    assert settings(ATOLL_TEMPORARY="1", PERSISTENCE="x").temporary


def test_a_folder_or_none() -> None:
    assert settings("--data x", PERSISTENCE="0").folder == Path("x")
    assert settings(ATOLL_DATA="x", PERSISTENCE="0").folder == Path("x")
    assert settings("--temporary", ATOLL_DATA="x").folder is None
    assert settings("--temporary", PERSISTENCE="1").folder is None
    assert settings("--data x", ATOLL_TEMPORARY="1").folder == Path("x")
    assert settings(ATOLL_DATA="x", ATOLL_TEMPORARY="0").folder == Path("x")
    both = {"data": Given(Path("x"), "ATOLL_DATA", Rank.OWN), "temporary": Given(True, "ATOLL_TEMPORARY", Rank.OWN)}
    with pytest.raises(BadSetting) as caught:
        complete(both, {})
    assert caught.value.option == "ATOLL_TEMPORARY"


def test_a_host_or_port_that_counts_more_is_in_place_of_the_list_s() -> None:
    assert settings("--port 5000", GATEWAY_LISTEN="0.0.0.0:4566").addresses == (Address("0.0.0.0", 5000),)
    assert settings(ATOLL_HOST="127.0.0.1", GATEWAY_LISTEN="0.0.0.0:1,[::]:2").addresses == (
        Address("127.0.0.1", 1),
        Address("127.0.0.1", 2),
    )
    assert settings("--port 0", ATOLL_LISTEN="a:1,b:2").addresses == (Address("a", 0), Address("b", 0))
    assert settings("--listen a --port 7", ATOLL_HOST="b").addresses == (Address("a", 7),)
    assert settings("--listen a:1", GATEWAY_LISTEN="b:2").addresses == (Address("a", 1),)


def test_the_host_of_urls() -> None:
    def urls(line: str = "", **environment: str) -> tuple[str, str]:
        read = settings(line, **environment)
        return read.queue_url_style, read.public_host

    assert urls(SQS_ENDPOINT_STRATEGY="domain", LOCALSTACK_HOST="x:1") == ("domain", "x:1")
    assert urls(SQS_ENDPOINT_STRATEGY="dynamic", LOCALSTACK_HOST="x:1") == ("dynamic", "")
    assert urls(SQS_ENDPOINT_STRATEGY="off", ATOLL_PUBLIC_HOST="y") == ("off", "y")
    assert urls(SQS_ENDPOINT_STRATEGY="dynamic", ATOLL_PUBLIC_HOST="y") == ("dynamic", "y")
    assert urls(ATOLL_QUEUE_URL_STYLE="path") == ("path", "")
    assert urls("--queue-url-style path", LOCALSTACK_HOST="x") == ("path", "x:0")


def test_what_misleads_is_named() -> None:
    assert list(unheeded({})) == []
    assert list(unheeded({"ENFORCE_IAM": "0", "LAMBDA_KEEPALIVE_MS": "1", "ACTIVATE_PRO": "1", "EDGE_PORT": ""})) == []
    for variable in UNHEEDED:
        [line] = unheeded({f"LOCALSTACK_{variable}": "1"})
        assert line.startswith(f"LOCALSTACK_{variable} is not heeded: ")


@pytest.mark.parametrize(
    ("variable", "text", "words"),
    [
        ("GATEWAY_LISTEN", "4566", "GATEWAY_LISTEN: 4566 is no host; a port alone is :4566"),
        ("DEBUG", "app:*", "DEBUG: it is 0 or 1, and not 'app:*'"),
        ("SERVICES", "sqss", "SERVICES: AWS has no service sqss"),
        ("ATOLL_PORT", "tcp://10.0.0.1:4566", "ATOLL_PORT"),
        ("ATOLL_PORT", "70000", "ATOLL_PORT: ports go from 0 to 65535"),
        ("ATOLL_LISTEN", "a:1:2", "ATOLL_LISTEN"),
        ("ATOLL_CLOSED", "perhaps", "ATOLL_CLOSED"),
        ("ATOLL_LOG_LEVEL", "loud", "ATOLL_LOG_LEVEL"),
    ],
)
def test_a_start_is_refused_in_words(variable: str, text: str, words: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "atoll", "up", "--temporary"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PATH": os.environ["PATH"], "COLUMNS": "200", variable: text},
    )
    assert ended.returncode == 2
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""


def test_several_files_are_parted_as_paths_are(monkeypatch: pytest.MonkeyPatch) -> None:
    from atoll.cli import up
    from atoll.cli.app import app
    from typer.testing import CliRunner

    read: list[tuple[str, ...]] = []

    def note(settings: Settings, files: Any) -> int:
        read.append(tuple(files))
        return 0

    monkeypatch.setattr(up, "run", note)
    environment = {"ATOLL_FILE": os.pathsep.join(["a b.yaml", "c"])}
    CliRunner().invoke(app, ["up"], env=environment)
    CliRunner().invoke(app, ["up", "-f", "d", "-f", "e f"], env=environment)
    assert read == [("a b.yaml", "c"), ("d", "e f")]
