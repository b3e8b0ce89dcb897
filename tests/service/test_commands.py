"""The commands that look into a running Atoll and mend it, as typed in a shell."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

MANIFEST = """
apiVersion: atoll.dev/v1alpha1
kind: Account
metadata: {name: payments}
spec: {accountId: "111111111111", alias: payments-test, defaultRegion: eu-central-1}
---
apiVersion: atoll.dev/v1alpha1
kind: Region
metadata: {name: frankfurt}
spec: {regionName: eu-central-1, faults: [{latency: 1ms, services: [kms]}]}
"""


@pytest.fixture(scope="module")
def started(atoll_with: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("commands")
    (folder / "manifest.yaml").write_text(MANIFEST)
    with atoll_with("--data", str(folder / "data"), "-f", str(folder / "manifest.yaml")) as atoll:
        atoll.client("sqs", region="eu-central-1").create_queue(QueueName="orders", tags={"team": "a"})
        yield atoll


def test_an_account_is_described(started: Any) -> None:
    told = started.command("describe", "account", "payments")
    for line in (
        "Account:   111111111111",
        "  alias: payments-test",
        "  Ready   True     Declared   It can be called.",
        "  eu-central-1   sqs       queue   1",
    ):
        assert line in told.splitlines()
    assert "CreateQueue" in told
    assert "Not delivered yet" not in told
    assert "No account x was declared" in started.command("describe", "account", "x", code=1)


def test_a_region_is_described(started: Any) -> None:
    started.command("fault", "eu-central-1", "--service", "kms", "--error-rate", "5%")
    told = started.command("describe", "region", "frankfurt")
    started.command("fault", "eu-central-1", "--off")
    assert "Region:    eu-central-1" in told
    assert "latency: 1ms" in told
    assert "errorRate: 5%" in told.partition("Faults that were set while running:")[2]


def test_a_resource_is_described(started: Any) -> None:
    arn = "arn:aws:sqs:eu-central-1:111111111111:orders"
    told = started.command("describe", "resource", arn)
    assert f"ARN:       {arn}" in told
    assert "  team: a" in told
    assert "There is no resource" in started.command("describe", "resource", arn[:-1], code=1)


def test_keys_are_issued_replaced_and_revoked(started: Any) -> None:
    def made(*arguments: str) -> dict[str, str]:
        lines = started.command("keys", *arguments).split()
        key = dict(line.split("=", 1) for line in lines)
        return {name.lower(): value for name, value in key.items()}

    def keys() -> dict[str, Any]:
        return {
            key["accessKeyId"]: key
            for key in json.loads(started.command("get", "keys", "payments", "-o", "json"))["items"]
        }

    issued = made("issue", "payments")
    assert started.client("sts", **issued).get_caller_identity()["Account"] == "111111111111"
    replaced = made("rotate", "payments", "--overlap", "5m")
    listed = keys()
    assert listed[issued["aws_access_key_id"]]["expires"] is not None
    assert listed[replaced["aws_access_key_id"]]["expires"] is None
    assert started.client("sts", **issued).get_caller_identity()["Account"] == "111111111111"
    started.command("keys", "revoke", "payments", issued["aws_access_key_id"])
    assert keys()[issued["aws_access_key_id"]]["status"] == "Revoked"
    with pytest.raises(started.client("sts").exceptions.ClientError, match="InvalidClientTokenId"):
        started.client("sts", **issued).get_caller_identity()
    assert "'soon' is no duration" in started.command("keys", "rotate", "payments", "--overlap", "soon", code=1)


def test_named_snapshots(started: Any) -> None:
    started.command("snapshot", "keep", "payments", "seeded")
    assert started.command("snapshot", "list", "-o", "name").split() == ["seeded"]
    assert "111111111111" in started.command("snapshot", "list")
    started.command("snapshot", "forget", "seeded")
    assert started.command("snapshot", "list", "-o", "name") == ""
    assert "The realm default has no snapshot seeded" in started.command("snapshot", "forget", "seeded", code=1)


def test_what_is_not_delivered(started: Any) -> None:
    assert json.loads(started.command("get", "effects", "-o", "json")) == {"items": []}


def test_the_index_is_told_anew(started: Any) -> None:
    before = started.command("get", "resources", "-o", "wide")
    assert started.command("reindex") == "The index was told what is in 1 tenants\n"
    assert started.command("get", "resources", "-o", "wide") == before


def test_the_doctor(started: Any, tmp_path: Path) -> None:
    well = started.command(
        "doctor", AWS_ENDPOINT_URL=started.url, AWS_ACCESS_KEY_ID="111111111111", AWS_REGION="eu-central-1"
    )
    assert "resource index: it knows all 1 tenants" in well
    assert "PROBLEM" not in well
    ill = started.command("doctor", "--endpoint", "http://localhost:1", code=1)
    assert "No Atoll answers at http://localhost:1" in ill


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["atoll", "desc"], ["describe"]),
        (["atoll", "get", "reso"], ["resources"]),
        (["atoll", "env", "pay"], ["payments"]),
        (["atoll", "env", "x"], []),
        (["atoll", "fault", ""], ["eu-central-1"]),
        (["atoll", "up", "--tls-k"], ["--tls-key"]),
    ],
)
def test_bash_completes(started: Any, words: list[str], expected: list[str]) -> None:
    quoted = " ".join(f"'{word}'" for word in words)
    script = (
        f'PATH="{Path(sys.executable).parent}:$PATH"; source <(atoll completion bash); COMP_WORDS=({quoted}); '
        f'COMP_CWORD={len(words) - 1}; _atoll_completion atoll; printf "%s\\n" "${{COMPREPLY[@]}}"'
    )
    ended = subprocess.run(
        ["bash", "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        env={"ATOLL_ENDPOINT": started.url, "PATH": "/usr/bin:/bin"},
        check=True,
    )
    assert ended.stdout.split() == expected
    assert ended.stderr == ""


@pytest.mark.parametrize(("shell", "words"), [("zsh", "#compdef atoll"), ("fish", "complete --command atoll")])
def test_other_shells_are_given_theirs(started: Any, shell: str, words: str) -> None:
    assert started.command("completion", shell).startswith(words)


def test_what_completes_says_nothing_where_there_is_no_atoll(started: Any) -> None:
    environment = {"COMP_WORDS": "atoll env p", "COMP_CWORD": "2", "_ATOLL_COMPLETE": "complete_bash"}
    assert started.command(ATOLL_ENDPOINT="http://localhost:1", **environment).strip() == ""
