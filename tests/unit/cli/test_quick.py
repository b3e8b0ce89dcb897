"""What is read without typer is what typer would have read."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from atoll.cli import up
from atoll.cli.app import app
from atoll.cli.quick import read_up
from atoll.gateway.settings import Listen, Settings
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

TEXTS = ["", "a", "data/x", "-x", "--port", "127.0.0.1", "localhost:80", "http://x", "12345678901", "123456789012"]
NUMBERS = ["0", "4566", "65535", "65536", "-1", "+1", "1_0", "٣", "x"]
CHOICES = ["normal", "full", "NORMAL", "standard", "dynamic", "text", "json", "debug", "warning", "x"]
OPTIONS = [
    "--host",
    "--port",
    "--control-port",
    "--data",
    "--temporary",
    "--durability",
    "--default-account",
    "--closed",
    "--tls",
    "--tls-certificate",
    "--tls-key",
    "--queue-url-style",
    "--public-host",
    "--parity-access-keys",
    "--sqs-delay-recently-deleted",
    "--sqs-delay-purge-retry",
    "--deny-private-networks",
    "--log-format",
    "--log-level",
    "--listen",
    "--service",
    "--eager",
    "--cors-origin",
    "--no-cors-checks",
]
LISTS = ["[::1]:0", ":80,localhost", ":x", "sqs", "sqs, sts", "sqs sts", "sqss", ",", "*", "http://x:1", "x-a"]
VARIABLES = [f"ATOLL_{option[2:].upper().replace('-', '_')}" for option in OPTIONS]
LOCALSTACK = ["GATEWAY_LISTEN", "LOCALSTACK_HOST", "DEBUG", "LS_LOG", "PERSISTENCE", "SERVICES"]
BOTH = ("sqs", "sts")
WORDS = st.sampled_from([*OPTIONS, *TEXTS, *NUMBERS, *CHOICES, "--help", "--no-tls", "--por", "--data_x", "--", "-p"])
PAIRS = st.tuples(st.sampled_from(OPTIONS), st.sampled_from([*TEXTS, *NUMBERS, *CHOICES, *LISTS]))
ENVIRONMENTS = st.dictionaries(
    st.sampled_from([*VARIABLES, *LOCALSTACK, "ATOLL_FILE"]),
    st.sampled_from([*TEXTS, *NUMBERS, *CHOICES, *LISTS, "1", "true"]),
    max_size=3,
)
PIECES = st.one_of(
    PAIRS.map(list),
    PAIRS.map(lambda pair: [f"{pair[0]}={pair[1]}"]),
    st.sampled_from(OPTIONS).map(lambda option: [option]),
    WORDS.map(lambda word: [word]),
)


def read_by_typer(arguments: list[str], environment: dict[str, str], patch: pytest.MonkeyPatch) -> Settings | None:
    read: list[Settings] = []

    def note(settings: Settings, files: object) -> int:
        read.append(settings)
        return 0

    with patch.context() as patched:
        patched.setattr(up, "run", note)
        patched.setattr(os, "environ", environment)
        CliRunner().invoke(app, ["up", *arguments])
    return read[0] if read else None


@settings(max_examples=400, deadline=None, derandomize=True)
@given(pieces=st.lists(PIECES, max_size=4), environment=ENVIRONMENTS)
def test_agrees_with_typer(pieces: list[list[str]], environment: dict[str, str]) -> None:
    arguments = [word for piece in pieces for word in piece]
    quick = read_up(arguments, environment)
    if quick is not None:
        with pytest.MonkeyPatch.context() as patch:
            assert quick == read_by_typer(arguments, environment, patch)


@pytest.mark.parametrize(
    ("arguments", "environment", "expected"),
    [
        ([], {}, {}),
        (["--port", "0", "--temporary"], {}, {"port": 0, "temporary": True}),
        (["--data=here", "--durability", "full"], {}, {"data": Path("here"), "durability": "full"}),
        (
            ["--queue-url-style", "off", "--public-host", "aws.test:80"],
            {},
            {"queue_url_style": "off", "public_host": "aws.test:80"},
        ),
        (
            ["--tls-certificate", "a.pem", "--tls-key", "b.pem"],
            {},
            {"tls_certificate": Path("a.pem"), "tls_key": Path("b.pem")},
        ),
        (
            ["--service", "sqs,sts"],
            {"ATOLL_PORT": "0", "ATOLL_TLS": "1"},
            {"service": BOTH, "port": 0, "tls": True},
        ),
        ([], {"SERVICES": "sqs, sts", "PERSISTENCE": "0"}, {"service": BOTH, "temporary": True}),
        (["--listen=:0,[::1]:1"], {"ATOLL_PORT": ""}, {"listen": (Listen("", 0), Listen("::1", 1))}),
    ],
)
def test_reads_what_is_plain(arguments: list[str], environment: dict[str, str], expected: dict[str, Any]) -> None:
    assert read_up(arguments, environment) == Settings(**expected)


def test_typer_is_left_what_is_not_plain() -> None:
    for line in (
        "--help",
        "--port x",
        "--port 65536",
        "--port",
        "--temporary=1",
        "--temporary --data x",
        "x",
        "--data -x",
    ):
        assert read_up(line.split(), {}) is None
    for variable in ("ATOLL_PORT", "ATOLL_TLS", "ATOLL_SERVICE", "ATOLL_FILE", "DEBUG", "LS_LOG"):
        assert read_up([], {variable: "x"}) is None


def test_every_setting_is_an_option_with_help() -> None:
    # Wide, so that no option's name is broken across lines.
    shown = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["up", "--help"]).output
    for name in Settings.__dataclass_fields__:
        assert f"--{name.replace('_', '-')} " in shown


def test_help_is_in_words() -> None:
    shown = " ".join(CliRunner().invoke(app, ["up", "--help"]).output.split())
    assert "--port PORT Port to listen on; 0 picks a free one. [env var: ATOLL_PORT; default: 4566] --listen" in shown
    assert "--data DIR Folder that keeps all data. [default: ./data] [env var: ATOLL_DATA] --temporary" in shown
    assert not re.search(r"<(str|path|int)|[<(]range|\(\./data\)", shown)
