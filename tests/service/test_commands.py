"""The commands that look into a running Atoll and mend it, as typed in a shell."""

from __future__ import annotations

import json
import os
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
        atoll.token = (folder / "data" / "control-token").read_text().strip()
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
    # Calls of the same account that meant another region do not concern it; those from elsewhere do.
    started.client("sqs", region="us-east-2").list_queues()
    url = f"{started.url}/queue/eu-central-1/111111111111/orders"
    started.client("sqs", "222222222222", "us-west-2").get_queue_attributes(QueueUrl=url)
    calls = started.command("describe", "resource", arn).partition("Last calls:")[2]
    assert "GetQueueAttributes" in calls
    assert "ListQueues" not in calls


def test_a_realm_ends_with_all_that_is_in_it(started: Any) -> None:
    token = started.token
    manifest = MANIFEST.partition("---")[0].replace("spec: {", "spec: {realm: preview-7, ")
    started.command("apply", "-f", "-", text=manifest, ATOLL_TOKEN=token)
    assert started.command("get", "realms", "-o", "name", ATOLL_TOKEN=token).split() == ["default", "preview-7"]
    assert started.command("get", "realms", "-o", "name") == "default\n"
    assert "show Atoll's token" in started.command("delete", "realm", "preview-7", code=1)
    assert started.command("delete", "realm", "preview-7", ATOLL_TOKEN=token) == "realm preview-7 deleted\n"
    assert started.command("get", "accounts", "-o", "name", ATOLL_TOKEN=token) == "payments\n"
    assert "The realm default is there as long as" in started.command("delete", "realm", "default", code=1)


def test_what_is_shown_can_be_applied(started: Any) -> None:
    for kind in ("accounts", "regions"):
        for form in ("yaml", "json"):
            for _ in range(2):
                shown = started.command("get", kind, "-o", form)
                assert "applied" in started.command("apply", "-f", "-", text=shown)
            assert started.command("get", kind, "-o", form) == shown
    [account] = json.loads(started.command("get", "account", "111111111111", "-o", "json"))["items"]
    assert (account["kind"], account["metadata"]["name"]) == ("Account", "payments")
    assert account["metadata"]["namespace"] == "default"


def test_all_that_there_is_of_a_resource(started: Any) -> None:
    arn = "arn:aws:sqs:eu-central-1:111111111111:orders"
    for options in ([], ["--account", "payments"], ["--account", "111111111111"], ["--realm", "default"]):
        titles, line = started.command("get", "resources", "-o", "wide", *options).splitlines()
        assert titles.split() == ["TYPE", "ID", "ACCOUNT", "REGION", "SERVICE", "REALM", "TAGS", "CREATED", "ARN"]
        assert line.split()[4:7] == ["sqs", "default", "team=a"]
    assert started.command("get", "resources", arn, "-o", "name") == f"{arn}\n"
    assert started.command("get", "tenants", "-o", "name") == "default/111111111111/eu-central-1\n"
    assert "No account x was declared" in started.command("get", "resources", "--account", "x", code=1)


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["accounts", "x"], 1, "There is no account x: see `atoll get accounts`"),
        (["regions", "x"], 1, "There is no region x"),
        (["resources", "arn:x"], 1, "There is no resource arn:x"),
        (["accounts", "--region", "x"], 2, "accounts are not filtered by it"),
        (["calls", "--tag", "x"], 2, "calls are not filtered by it"),
        (["acounts"], 2, "there is no kind 'acounts': did you mean accounts?"),
        (["x"], 2, "there are accounts, regions, realms,"),
        (["calls", "--crossing", "x"], 2, "'x' is not one of 'none', 'region', 'account', 'both'"),
    ],
)
def test_what_is_not_to_be_had(started: Any, words: list[str], code: int, told: str) -> None:
    assert told in started.command("get", *words, code=code)


def test_a_list_that_is_cut_says_so(started: Any) -> None:
    sqs = started.client("sqs", region="eu-central-1")
    urls = [sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("a", "b")]
    for kind, most in (("resources", 2), ("calls", 1), ("resources", 1)):
        cut = started.run("get", kind, "-o", "name", "--limit", str(most))
        assert len(cut.stdout.splitlines()) == most
        assert cut.stderr == f"There are more: --limit says how many are shown ({most})\n"
    whole = started.run("get", "resources", "--limit", "3")
    assert len(whole.stdout.splitlines()) == 4
    assert whole.stderr == ""
    for url in urls:
        sqs.delete_queue(QueueUrl=url)


def test_faults_are_shown_and_what_is_left_of_them(started: Any) -> None:
    assert "it is empty" in started.command("fault", "", "--off", code=2)
    assert "leave out" in started.command("fault", "eu-west-3", "--service", "sns", "--off", code=2)
    assert "it goes together with --error-rate" in started.command("fault", "x", "--error-code", "X", code=2)
    started.command("fault", "eu-central-1", "--error-rate", "5%", "--error-code", "X", "--account", "payments")
    assert "No account x was declared" in started.command("fault", "x", "--latency", "1s", "--account", "x", code=1)
    started.command("fault", "eu-central-1", "--unavailable", "--service", "sts")
    shown = [line.split() for line in started.command("get", "faults", "-o", "wide").splitlines()]
    assert shown[1:] == [
        ["eu-central-1", "-", "-", "kms", "1ms", "-", "region", "frankfurt", "-", "-"],
        ["eu-central-1", "-", "-", "sts", "-", "unavailable", "atoll", "fault", "-", "-"],
        ["eu-central-1", "111111111111", "default", "-", "-", "5%", "atoll", "fault", "-", "X"],
    ]
    assert started.command("get", "regions").splitlines()[1].split() == ["frankfurt", "eu-central-1", "2"]
    told = started.command("fault", "eu-central-1", "--off").splitlines()
    assert len(told) == 2
    assert "atoll fault eu-central-1 --realm default --account 111111111111 --off ends" in told[0]
    assert "the Region frankfurt" in told[1]
    started.command("fault", "eu-central-1", "--account", "payments", "--off")
    started.command("fault", "eu-west-3", "--latency", "1ms")
    assert started.command("fault", "eu-west-3", "--off") == "eu-west-3: no faults\n"


def test_outputs_that_take_nothing(started: Any, tmp_path: Path) -> None:
    many = tmp_path / "many.yaml"
    region = "apiVersion: atoll.dev/v1alpha1\nkind: Region\nmetadata: {name: r%d}\nspec: {regionName: eu-x-%d}\n"
    many.write_text("---\n".join(region % (number, number) for number in range(40)))
    for words in (["version"], ["status"], ["get", "accounts", "-o", "yaml"], ["logs"], ["-h"]):
        with open("/dev/full", "w") as full:
            ended = started.run(*words, stdout=full)
        told = "atoll: standard output cannot be written: No space left on device\n"
        assert (ended.returncode, ended.stderr) == (1, told)
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as broken:
        for words in (["version"], ["get", "calls"], ["logs"], ["apply", "-f", str(many)]):
            ended = started.run(*words, stdout=broken)
            assert (ended.returncode, ended.stderr) == (1, "")
    # The first of many was applied before its line could not be written.
    started.command("delete", "region", "r0")
    shell = f'exec {sys.executable} -m atoll status --endpoint "$1" >&-'
    closed = subprocess.run(["sh", "-c", shell, "sh", started.url], stderr=subprocess.PIPE, timeout=60, check=False)
    assert (closed.returncode, closed.stderr) == (0, b"")


def test_no_file_is_no_folder(started: Any) -> None:
    assert "'', document 1: cannot be read: it is no path" in started.command("apply", "-f", "", code=1)
    assert "cannot be read" in started.command("up", "-f", "", code=1)


def test_help_and_version_as_others_have_them(started: Any) -> None:
    assert started.command("--version") == started.command("version")
    assert started.command("-h") == started.command("--help")
    assert "Did you mean 'get'?" in started.command("gett", code=2)
    assert "did you mean account?" in started.command("delete", "acount", "x", code=2)


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
        (["atoll", "get", "accounts", ""], ["payments"]),
        (["atoll", "get", "keys", ""], ["payments"]),
        (["atoll", "describe", "acc"], ["account"]),
        (["atoll", "describe", "account", ""], ["payments"]),
        (["atoll", "describe", "region", ""], ["frankfurt"]),
        (["atoll", "delete", "r"], ["region", "realm"]),
        (["atoll", "delete", "account", "p"], ["payments"]),
        (["atoll", "get", "calls", "--crossing", "b"], ["both"]),
        (["atoll", "env", "payments", "--realm", "d"], ["default"]),
        (["atoll", "reset", "--account", ""], ["payments"]),
        (["atoll", "fault", "x", "--account", ""], ["payments"]),
        (["atoll", "snapshot", "forget", ""], []),
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


def test_regions_of_aws_where_none_is_declared(atoll: Any) -> None:
    environment = {"COMP_WORDS": "atoll fault eu-c", "COMP_CWORD": "2", "_ATOLL_COMPLETE": "complete_bash"}
    assert atoll.command(**environment).split() == ["eu-central-1", "eu-central-2"]
