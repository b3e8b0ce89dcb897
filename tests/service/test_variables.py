"""LocalStack's variables, and Atoll's, as a running Atoll heeds them."""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import sys
import urllib.parse
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

CLOUD = "localhost.localstack.cloud"
BIN = str(Path(sys.executable).parent)


def port_of(atoll: Any) -> int:
    return int(atoll.url.rpartition(":")[2])


def ask(
    atoll: Any, url: str, headers: dict[str, str] | None = None, method: str = "GET", body: str = ""
) -> tuple[int, dict[str, str], str]:
    """A request to Atoll that is addressed to whatever host `url` names: status, headers, body."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection("127.0.0.1", port_of(atoll), timeout=20)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request(method, target or "/", body or None, {"Host": parts.netloc, **(headers or {})})
        response = connection.getresponse()
        named = {name.lower(): value for name, value in response.getheaders()}
        return response.status, named, response.read().decode()
    finally:
        connection.close()


def health(atoll: Any) -> dict[str, str]:
    services: dict[str, str] = json.loads(ask(atoll, f"{atoll.url}/_localstack/health")[2])["services"]
    return services


def at_host(atoll: Any, host: str, account: str = "111111111111", region: str = "ap-south-1") -> Any:
    """A client of boto3, of its own, that addresses what it sends to that Host."""
    client = atoll.client("sqs", account, region, config=Config(user_agent_extra=host, retries={"max_attempts": 0}))

    def address(request: Any, **_: Any) -> None:
        request.headers["Host"] = host

    client.meta.events.register("before-sign.sqs", address)
    return client


# ---- where it listens


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
def test_several_addresses(atoll_with: Any) -> None:
    with atoll_with("--temporary", environment={"GATEWAY_LISTEN": "127.0.0.1:4566,[::1]:4566"}) as atoll:
        # The port that the command line names is in place of both.
        [line] = [line for line in atoll.lines if " listens on " in line]
        urls = re.findall(r"http://\S+", line)
        assert [url.rpartition(":")[0] for url in urls] == ["http://127.0.0.1", "http://[::1]"]
        assert "http://127.0.0.1:4566" not in urls
        for url in urls:
            found = atoll.client("sqs", endpoint_url=url).create_queue(QueueName="q")
            assert found["QueueUrl"].startswith(url)


def test_a_port_that_is_taken_is_named(atoll_refusing: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setenv("GATEWAY_LISTEN", f"127.0.0.1:0,127.0.0.1:{port}")
        code, output = atoll_refusing("--temporary")
    assert code == 1
    assert f"Port {port} of 127.0.0.1 is taken" in output
    assert "Traceback" not in output


# ---- data and log


def test_persistence(atoll_with: Any, folder: Path) -> None:
    own = {"ATOLL_DATA": str(folder), "PERSISTENCE": "1"}
    with atoll_with(environment=own) as atoll:
        atoll.client("sqs").create_queue(QueueName="kept")
    with atoll_with(environment=own | {"PERSISTENCE": "0"}) as atoll:
        # What Atoll's own variable says counts more.
        assert len(atoll.client("sqs").list_queues()["QueueUrls"]) == 1
    with atoll_with(environment={"PERSISTENCE": "0", "TMPDIR": str(folder)}) as atoll:
        assert any("until it ends" in line for line in atoll.lines)


def test_levels_of_the_log(atoll_with: Any) -> None:
    for variable, shown in ({"LS_LOG": "error"}, False), ({"DEBUG": "1"}, True), ({"ATOLL_LOG_LEVEL": "info"}, True):
        with atoll_with("--temporary", environment={"ENFORCE_IAM": "1", **variable}) as atoll:
            atoll.client("sts").get_caller_identity()
            assert atoll.stop() == 0
            assert any("sts.GetCallerIdentity" in line for line in atoll.lines) is shown
            warned = [line for line in atoll.lines if "ENFORCE_IAM is not heeded" in line]
            assert len(warned) == (1 if shown else 0)


# ---- services


def test_only_the_services_that_are_named(atoll_with: Any) -> None:
    with atoll_with("--temporary", environment={"SERVICES": "sts,s3", "EAGER_SERVICE_LOADING": "1"}) as atoll:
        services = health(atoll)
        assert (services["sqs"], services["sts"], services["s3"]) == ("disabled", "running", "disabled")
        assert atoll.client("sts").get_caller_identity()["Account"] == "111111111111"
        words = "Service 'sqs' is not enabled. Please check your 'SERVICES' configuration variable."
        with pytest.raises(ClientError, match=re.escape(words)) as caught:
            atoll.client("sqs").list_queues()
        assert caught.value.response["Error"]["Code"] == "InternalFailure"
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
        with pytest.raises(ClientError, match="Service 'dynamodb' is not enabled"):
            atoll.client("dynamodb").list_tables()
        # Of what is enabled and not there, Atoll's own words.
        with pytest.raises(ClientError, match="Atoll has no s3"):
            atoll.client("s3").list_buckets()
        assert ask(atoll, f"{atoll.url}/_aws/sqs/messages?QueueUrl=x")[0] == 404


def test_eager_loading(atoll_with: Any) -> None:
    with atoll_with("--temporary", "--eager") as atoll:
        services = health(atoll)
        assert (services["sqs"], services["sts"]) == ("running", "running")


# ---- SQS


@pytest.mark.parametrize(
    ("strategy", "host", "issued"),
    [
        ("standard", "localhost", "http://sqs.{region}.localhost.localstack.cloud:{port}/{account}/q"),
        ("domain", "localhost", "http://{domain}.localhost.localstack.cloud:{port}/{account}/q"),
        ("path", "localhost", "http://localhost.localstack.cloud:{port}/queue/{region}/{account}/q"),
        ("off", "localhost", "http://localhost.localstack.cloud:{port}/{account}/q"),
        ("dynamic", "localhost", "http://localhost:{port}/queue/{region}/{account}/q"),
        ("dynamic", f"sqs.eu-west-1.{CLOUD}", "http://sqs.{region}.localhost.localstack.cloud:{port}/{account}/q"),
        ("dynamic", f"queue.{CLOUD}", "http://{domain}.localhost.localstack.cloud:{port}/{account}/q"),
        ("dynamic", f"eu-west-1.queue.{CLOUD}", "http://{domain}.localhost.localstack.cloud:{port}/{account}/q"),
        ("dynamic", CLOUD, "http://localhost.localstack.cloud:{port}/queue/{region}/{account}/q"),
    ],
)
def test_queue_urls_are_localstack_s_and_lead_back(atoll_with: Any, strategy: str, host: str, issued: str) -> None:
    with atoll_with("--temporary", environment={"SQS_ENDPOINT_STRATEGY": strategy}) as atoll:
        port = port_of(atoll)
        for account, region in (("111111111111", "ap-south-1"), ("000000000000", "us-east-1")):
            owner = at_host(atoll, f"{host}:{port}", account, region)
            url = owner.create_queue(QueueName="q")["QueueUrl"]
            domain = "queue" if region == "us-east-1" else f"{region}.queue"
            assert url == issued.format(port=port, region=region, account=account, domain=domain)
            assert owner.get_queue_url(QueueName="q")["QueueUrl"] == url
            assert owner.list_queues()["QueueUrls"] == [url]
            owner.send_message(QueueUrl=url, MessageBody="sent by its owner")
            # A caller of another account and another region, at the host that the URL itself names.
            there = urllib.parse.urlsplit(url).netloc
            # Where it does not say the region, that is the caller's.
            caller = at_host(atoll, there, "222222222222", region if strategy == "off" else "eu-central-1")
            [message] = caller.receive_message(QueueUrl=url)["Messages"]
            assert message["Body"] == "sent by its owner"
            # Posted to the URL itself, by a client that signs for the queue's region.
            scope = f"222222222222/20260101/{region}/sqs/aws4_request"
            signed = {
                "Content-Type": "application/x-www-form-urlencoded",
                "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
            }
            form = "Action=GetQueueAttributes&Version=2012-11-05&AttributeName.1=QueueArn"
            status, _, body = ask(atoll, url, signed, "POST", form)
            assert status == 200
            assert f"<Value>arn:aws:sqs:{region}:{account}:q</Value>" in body


def test_the_host_of_queue_urls(atoll_with: Any) -> None:
    for environment, expected in (
        ({"LOCALSTACK_HOST": "localstack"}, "http://sqs.ap-south-1.localstack:{port}/111111111111/q"),
        ({"LOCALSTACK_HOST": "localstack:80"}, "http://sqs.ap-south-1.localstack:80/111111111111/q"),
        ({"LOCALSTACK_HOST": "x", "ATOLL_PUBLIC_HOST": "y:1"}, "http://sqs.ap-south-1.y:1/111111111111/q"),
    ):
        with atoll_with("--temporary", environment={"SQS_ENDPOINT_STRATEGY": "standard", **environment}) as atoll:
            url = atoll.client("sqs").create_queue(QueueName="q")["QueueUrl"]
            assert url == expected.format(port=port_of(atoll))
            # As a container's port is another one outside.
            mapped = at_host(atoll, "localhost:32768").get_queue_url(QueueName="q")["QueueUrl"]
            assert mapped == expected.format(port=32768)


@pytest.mark.parametrize("host", [CLOUD, f"sqs.ap-south-1.{CLOUD}", f"queue.{CLOUD}", f"ap-south-1.queue.{CLOUD}"])
def test_hosts_of_localstack_s_domain(atoll: Any, host: str) -> None:
    sqs = at_host(atoll, host)
    name = f"of-{host.replace('.', '-')}"
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="x")
    assert atoll.client("sqs").get_queue_url(QueueName=name)
    for bucket in (f"bucket.s3.{CLOUD}", f"bucket.s3.ap-south-1.{CLOUD}"):
        status, _, body = ask(atoll, f"http://{bucket}/key")
        assert (status, "Atoll has no s3.GetObject" in body) == (501, True)


def test_delays_and_keys(atoll_with: Any) -> None:
    variables = {
        "SQS_DELAY_PURGE_RETRY": "1",
        "SQS_DELAY_RECENTLY_DELETED": "true",
        "PARITY_AWS_ACCESS_KEY_ID": "1",
    }
    with atoll_with("--temporary", environment=variables) as atoll:
        sqs = atoll.client("sqs")
        url = sqs.create_queue(QueueName="q")["QueueUrl"]
        sqs.purge_queue(QueueUrl=url)
        with pytest.raises(sqs.exceptions.PurgeQueueInProgress):
            sqs.purge_queue(QueueUrl=url)
        sqs.delete_queue(QueueUrl=url)
        with pytest.raises(sqs.exceptions.QueueDeletedRecently):
            sqs.create_queue(QueueName="q")
        real = "AKIAQPYGFLFNVCNKD7UY"
        assert atoll.client("sts", real).get_caller_identity()["Account"] != "000000000000"


# ---- CORS


def of_page(atoll: Any, origin: str, method: str = "POST") -> tuple[int, dict[str, str]]:
    headers = {"Origin": origin, "Content-Type": "application/x-www-form-urlencoded"}
    form = "Action=ListQueues&Version=2012-11-05" if method == "POST" else ""
    return ask(atoll, atoll.url, headers, method, form)[:2]


def test_origins_and_headers_that_are_allowed_too(atoll_with: Any) -> None:
    variables = {
        "EXTRA_CORS_ALLOWED_ORIGINS": "http://localhost:3000, https://my.example",
        "EXTRA_CORS_ALLOWED_HEADERS": "x-mine,x-yours",
        "EXTRA_CORS_EXPOSE_HEADERS": "x-shown",
    }
    with atoll_with("--temporary", environment=variables) as atoll:
        for origin in ("http://localhost:3000", "https://my.example", f"http://localhost:{port_of(atoll)}"):
            status, headers = of_page(atoll, origin)
            assert (status, headers["access-control-allow-origin"]) == (200, origin)
            assert {"x-mine", "x-yours"} < set(headers["access-control-allow-headers"].split(","))
            assert "x-shown" in headers["access-control-expose-headers"].split(",")
            assert of_page(atoll, origin, "OPTIONS")[0] == 204
        assert of_page(atoll, "https://other.example")[0] == 403


def test_no_checks_and_no_headers(atoll_with: Any) -> None:
    with atoll_with("--temporary", environment={"DISABLE_CORS_CHECKS": "1"}) as atoll:
        status, headers = of_page(atoll, "https://other.example")
        assert (status, headers["access-control-allow-origin"]) == (200, "*")
    with atoll_with("--temporary", environment={"DISABLE_CORS_HEADERS": "1"}) as atoll:
        status, headers = of_page(atoll, "https://app.localstack.cloud")
        assert status == 200
        assert not [name for name in headers if name.startswith("access-control-")]


# ---- init scripts in a closed realm

SCRIPT = """
aws sts get-caller-identity --query Arn --output text
aws --endpoint-url "$AWS_ENDPOINT_URL" sqs create-queue --queue-name of-aws --output text
DISABLE_DEPRECATION_NOTICE=1 awslocal sqs create-queue --queue-name of-awslocal --output text
"""
AT_THE_END = """
aws --endpoint-url "$AWS_ENDPOINT_URL" sqs list-queues --query 'length(QueueUrls)' --output text
"""


def test_init_scripts_get_keys_that_work(atoll_with: Any, tmp_path: Path) -> None:
    for stage, text in (("ready", SCRIPT), ("shutdown", AT_THE_END)):
        script = tmp_path / "init" / f"{stage}.d" / f"{stage}.sh"
        script.parent.mkdir(parents=True)
        script.write_text(f"#!/bin/sh -e\n{text}\necho done\n")
    environment = {
        "ATOLL_INIT_FOLDER": str(tmp_path / "init"),
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "AWS_ACCESS_KEY_ID": "AKIAOFSOMEBODYSREALAWS",
        "AWS_SECRET_ACCESS_KEY": "theirs",
    }
    options = ("--closed", "--default-account", "123456789012", "--data", str(tmp_path / "data"))
    keys: dict[str, str] = {}
    for _ in range(2):
        # Also when it starts again, and shows no keys any more.
        with atoll_with(*options, environment=environment) as atoll:
            atoll.wait_for_line(lambda line: "ready.sh: done" in line, 90)
            keys = keys or atoll.printed_keys()
            assert any("ready.sh: arn:aws:iam::123456789012:root" in line for line in atoll.lines)
            urls = atoll.client("sqs", region="us-east-1", **keys).list_queues()["QueueUrls"]
            assert [url.rpartition("/")[2] for url in urls] == ["of-aws", "of-awslocal"]
            assert keys["aws_secret_access_key"] not in "\n".join(atoll.lines[atoll.lines.index("Ready.") :])
            assert atoll.stop() == 0
            assert any("shutdown.sh: 2" in line for line in atoll.lines)
