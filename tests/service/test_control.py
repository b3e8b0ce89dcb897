"""Accounts and regions that were declared, and the command line that declares them, around a running Atoll."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

EXAMPLES = Path(__file__).parents[2] / "examples" / "accounts.yaml"


@pytest.fixture
def started(atoll_with: Callable[..., Any], tmp_path: Path) -> Iterator[Any]:
    """Begun with the manifests of the README's page."""
    with atoll_with("--data", str(tmp_path / "data"), "-f", str(EXAMPLES)) as atoll:
        yield atoll


def keys(atoll: Any, account: str, **environment: str) -> dict[str, str]:
    """What `atoll env` exports."""
    return dict(re.findall(r"^export (\w+)=(\S+)$", atoll.command("env", account, **environment), re.MULTILINE))


def client(atoll: Any, service: str, exported: dict[str, str]) -> Any:
    return atoll.client(
        service,
        region=exported["AWS_REGION"],
        aws_access_key_id=exported["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=exported["AWS_SECRET_ACCESS_KEY"],
    )


def test_a_shell_in_an_account(started: Any) -> None:
    exported = keys(started, "payments")
    assert exported["AWS_REGION"] == "eu-central-1"
    assert exported["AWS_ENDPOINT_URL"] == started.url
    assert client(started, "sts", exported).get_caller_identity()["Account"] == "111111111111"
    client(started, "sqs", exported).create_queue(QueueName="q", tags={"team": "a"})
    shown = started.command("get", "resources", "--region", "eu-central-1", "-o", "wide")
    assert "arn:aws:sqs:eu-central-1:111111111111:q" in shown
    assert started.command("get", "resources", "-o", "name") == "arn:aws:sqs:eu-central-1:111111111111:q\n"
    program = "import os; print(os.environ['AWS_REGION'])"
    told = started.command("exec", "payments", "--", sys.executable, "-c", program)
    assert told == "eu-central-1\n"
    # Its key is verified, in an open realm too.
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        client(started, "sts", {**exported, "AWS_SECRET_ACCESS_KEY": "wrong"}).get_caller_identity()


def test_what_has_crossed(started: Any) -> None:
    started.client("sqs", "111111111111", "eu-central-1").create_queue(QueueName="q")
    url = f"{started.url}/queue/eu-central-1/111111111111/q"
    started.client("sqs", "222222222222", "us-west-2").get_queue_attributes(QueueUrl=url)
    [call] = json.loads(started.command("get", "calls", "--crossing", "both", "-o", "json"))["items"]
    assert (call["account"], call["region"], call["operation"]) == ("222222222222", "us-west-2", "GetQueueAttributes")
    assert call["target"] == "111111111111/eu-central-1"


def test_a_region_that_goes_wrong_and_is_well_again(started: Any) -> None:
    sqs = started.client("sqs", "111111111111", "eu-central-1")
    started.command("fault", "eu-central-1", "--latency", "10ms", "--error-rate", "100%", "--error-code", "Throttled")
    with pytest.raises(ClientError, match="Throttled"):
        sqs.list_queues()
    started.client("sqs", "111111111111", "us-east-1").list_queues()
    started.command("fault", "eu-central-1", "--off")
    sqs.list_queues()
    assert "say what is to go wrong, or --off" in started.command("fault", "eu-central-1", code=2)
    alone = started.command("fault", "eu-central-1", "--error-status", "503", "--error-rate", "5%", code=2)
    assert "it goes together with --error-code" in alone


def test_regions_that_an_account_may_not_use(started: Any) -> None:
    exported = keys(started, "orders")
    client(started, "sqs", exported).list_queues()
    with pytest.raises(ClientError) as raised:
        client(started, "sqs", {**exported, "AWS_REGION": "ap-south-1"}).list_queues()
    assert raised.value.response["Error"]["Code"] == "InvalidClientTokenId"
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        client(started, "sts", {**exported, "AWS_REGION": "ap-south-1"}).get_caller_identity()
    # Nor by way of a region that it may use.
    url = f"{started.url}/queue/ap-south-1/{keys_account(started)}/q"
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        client(started, "sqs", exported).send_message(QueueUrl=url, MessageBody="x")


def keys_account(atoll: Any) -> str:
    account: str = client(atoll, "sts", keys(atoll, "orders")).get_caller_identity()["Account"]
    return account


def test_applied_suspended_deleted(started: Any) -> None:
    manifest = """
        apiVersion: atoll.dev/v1alpha1
        kind: Account
        metadata: {name: payments}
        spec: {accountId: "111111111111", suspend: true}
    """
    assert started.command("apply", "-f", "-", text=manifest) == "account default/payments applied\n"
    with pytest.raises(ClientError, match="The account 111111111111 is suspended"):
        started.client("sts", "111111111111", "eu-central-1").get_caller_identity()
    started.command("apply", "-f", "-", text=manifest.replace("true", "false"))
    started.client("sqs", "111111111111", "eu-central-1").create_queue(QueueName="q")
    started.command("delete", "account", "payments")
    assert started.command("get", "accounts", "-o", "name") == "orders\n"
    assert "QueueUrls" not in started.client("sqs", "111111111111", "eu-central-1").list_queues()


def test_mistakes_are_told_with_their_place(started: Any, tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text(
        "kind: Account\napiVersion: atoll.dev/v1alpha1\nmetadata: {name: x}\nspec: {accountId: 111111111111}\n"
    )
    told = started.command("apply", "-f", str(bad), code=1)
    assert told == (
        f"atoll: {bad}, document 1, spec.accountId: 111111111111 is a number and must be a string: quote it\n"
    )
    told = started.command("env", "nobody", code=1)
    assert told == "atoll: There is no such thing: No account nobody was declared in the realm default\n"
    told = started.command("get", "accounts", code=1, ATOLL_ENDPOINT="http://127.0.0.1:1")
    assert "No Atoll answers at http://127.0.0.1:1" in told
    assert "start one with `atoll up`" in told


def test_what_was_declared_is_there_after_a_restart(atoll_with: Callable[..., Any], tmp_path: Path) -> None:
    data = str(tmp_path / "data")
    with atoll_with("--data", data, "-f", str(EXAMPLES)) as first:
        before = keys(first, "orders")
        first.command("fault", "us-east-1", "--unavailable")
    with atoll_with("--data", data) as second:
        assert keys(second, "orders")["AWS_SECRET_ACCESS_KEY"] == before["AWS_SECRET_ACCESS_KEY"]
        with pytest.raises(ClientError, match="ServiceUnavailable"):
            client(second, "sqs", before).list_queues()


@pytest.mark.parametrize("options", [(), ("--control-port", "0")])
def test_who_watches_does_not_hold_up_the_end(atoll_with: Callable[..., Any], options: tuple[str, ...]) -> None:
    with atoll_with("--temporary", *options) as atoll:
        line = atoll.wait_for_line(lambda line: "listens on" in line and (not options or "control API" in line))
        endpoint = re.findall(r"http://\S+", line)[0]
        with httpx.stream("GET", f"{endpoint}/_atoll/v1/calls/stream", timeout=30) as stream:
            lines = stream.iter_lines()
            assert next(lines).startswith(":")
            since = time.monotonic()
            assert atoll.stop() == 0
            assert time.monotonic() - since < 4
            assert [each for each in lines if each.startswith("data")] == []
    assert "Traceback" not in "\n".join(atoll.lines)


def test_a_closed_realm_asks_for_the_token(atoll_with: Callable[..., Any], tmp_path: Path) -> None:
    with atoll_with("--data", str(tmp_path / "data"), "--closed", "-f", str(EXAMPLES)) as closed:
        told = closed.command("env", "payments", code=1, ATOLL_TOKEN="wrong")
        assert "The realm default is not open: show Atoll's token as a bearer" in told
        token = (tmp_path / "data" / "control-token").read_text().strip()
        exported = keys(closed, "payments", ATOLL_TOKEN=token)
        assert client(closed, "sts", exported).get_caller_identity()["Account"] == "111111111111"


def test_the_token_of_what_is_temporary_is_found(atoll_with: Callable[..., Any]) -> None:
    with atoll_with("--temporary", "--closed") as atoll:
        line = atoll.wait_for_line(lambda line: "shows the token in" in line)
        token = Path(line.rpartition(" ")[2]).read_text().strip()
        assert "1 realms" in atoll.command("status", ATOLL_TOKEN=token)


def test_how_it_is_and_what_is_called(started: Any) -> None:
    started.client("sqs", "111111111111", "eu-central-1").create_queue(QueueName="q")
    with pytest.raises(ClientError, match="Atoll has no route53"):
        started.client("route53", "111111111111", "eu-central-1").list_hosted_zones()
    told = started.command("status")
    assert f"Atoll at {started.url} is ready: 1 realms, 2 accounts, 1 tenants\n" in told
    assert "route53.ListHostedZones was called 1 times, and is not there" in told
    lines = started.command("logs").splitlines()
    assert any(re.search(r" 111111111111/eu-central-1 sqs\.CreateQueue 200 ", line) for line in lines)
    assert any(re.search(r" route53\.ListHostedZones 501 NotImplemented ", line) for line in lines)


def test_calls_are_followed(started: Any) -> None:
    environment = {**os.environ, "ATOLL_ENDPOINT": started.url, "PYTHONUNBUFFERED": "1"}
    program = [sys.executable, "-m", "atoll", "logs", "--limit", "1", "-f"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True, env=environment) as following:
        assert following.stdout is not None
        seen = ""
        for _ in range(100):
            # Until it has begun to follow, it may miss a call.
            started.client("sqs", "111111111111", "eu-central-1").list_queues()
            seen = following.stdout.readline()
            if "sqs.ListQueues" in seen:
                break
        following.terminate()
    assert "sqs.ListQueues" in seen


def test_refusals_say_where_and_why(started: Any, tmp_path: Path, atoll_refusing: Callable[..., Any]) -> None:
    path = tmp_path / "changed.yaml"
    path.write_text(EXAMPLES.read_text().replace("111111111111", "999999999999"))
    told = started.command("apply", "-f", str(path), code=1)
    assert f"{path}, document 1: " in told
    assert "spec.accountId: '999999999999' cannot be changed: it is 111111111111" in told
    assert "There is nothing to apply in -" in started.command("apply", "-f", "-", code=1)
    twice = tmp_path / "twice.yaml"
    document = (
        "apiVersion: atoll.dev/v1alpha1\nkind: Account\nmetadata: {name: %s}\nspec: {accountId: '111111111111'}\n"
    )
    twice.write_text(f"{document % 'a'}---\n{document % 'b'}")
    code, told = atoll_refusing("--port", "0", "--temporary", "-f", str(twice))
    assert code == 1
    assert f"{twice}, document 2: The account 111111111111 of this realm is that of a" in told
