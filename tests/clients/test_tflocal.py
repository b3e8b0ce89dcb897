"""LocalStack's `tflocal` writes an override that sends Terraform's provider to the endpoint, and then runs Terraform.
A stub stands for Terraform; what the provider calls for a queue is in tests/service/test_terraform.py."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hcl2
import pytest

OVERRIDE = "localstack_providers_override.tf"
MAIN = """
terraform {
  backend "s3" {
    bucket = "state"
    key    = "terraform.tfstate"
    region = "us-east-1"
  }
}
provider "aws" {
  region = "eu-central-1"
}
provider "aws" {
  alias  = "mumbai"
  region = "ap-south-1"
}
resource "aws_sqs_queue" "queue" {
  name = "queue"
}
"""
WITHOUT_BACKEND = MAIN[MAIN.index('provider "aws"') :]
STUB = """#!{python}
import json, pathlib, shutil, sys
with open("called", "a") as called:
    called.write(" ".join(sys.argv[1:]) + "\\n")
if "version" in sys.argv:
    print(json.dumps({{"terraform_version": "1.9.8"}}))
else:
    shutil.copy("{override}", "seen.tf")
    sys.exit(7)
"""

Terraform = Callable[..., Any]


@pytest.fixture
def tflocal(declared: Any, run: Callable[..., Any], tmp_path: Path) -> Terraform:
    """Runs `tflocal ARGUMENTS` in a folder with main.tf."""
    stub = tmp_path / "terraform"
    stub.write_text(STUB.format(python=sys.executable, override=OVERRIDE))
    stub.chmod(0o755)
    (tmp_path / "main.tf").write_text(MAIN)

    def tflocal(*arguments: str, **environment: str) -> Any:
        return run("tflocal", *arguments, folder=tmp_path, TF_CMD=str(stub), **environment)

    return tflocal


def read(path: Path) -> dict[str, Any]:
    """The providers by their alias, "" for the default, and the backend."""
    plain = hcl2.SerializationOptions(strip_string_quotes=True, explicit_blocks=False, with_comments=False)
    with path.open() as file:
        written = hcl2.load(file, serialization_options=plain)
    providers = {each["aws"].get("alias", ""): each["aws"] for each in written["provider"]}
    backends = [block["backend"][0]["s3"] for block in written.get("terraform", [])]
    return {"providers": providers, "backends": backends}


@pytest.mark.parametrize("by", ["AWS_ENDPOINT_URL", "LOCALSTACK_HOSTNAME"])
def test_the_override_points_here(declared: Any, tflocal: Terraform, tmp_path: Path, by: str) -> None:
    host, _, port = declared.url.removeprefix("http://").partition(":")
    where = {"AWS_ENDPOINT_URL": {by: declared.url}, "LOCALSTACK_HOSTNAME": {by: host, "EDGE_PORT": port}}
    ended = tflocal("plan", DRY_RUN="1", **where[by])
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "called").read_text() == "version -json\n"
    written = read(tmp_path / OVERRIDE)
    assert {alias: provider["region"] for alias, provider in written["providers"].items()} == {
        "": "eu-central-1",
        "mumbai": "ap-south-1",
    }
    for provider in written["providers"].values():
        assert provider["skip_credentials_validation"] is True
        endpoints = provider["endpoints"][0]
        assert {"sqs", "sns", "sts", "iam", "kms", "lambda", "ec2", "secretsmanager"} <= endpoints.keys()
        # S3 has a host of its own, for buckets as subdomains; without S3_HOSTNAME it is a name in public DNS.
        assert endpoints.pop("s3") == f"http://s3.localhost.localstack.cloud:{port}"
        del endpoints["mwaa"], endpoints["s3control"]
        assert set(endpoints.values()) == {declared.url}
    [backend] = written["backends"]
    assert backend["endpoints"]["sts"] == declared.url


def test_terraform_is_run_with_the_override(declared: Any, tflocal: Terraform, tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(WITHOUT_BACKEND)
    who = {"CUSTOMIZE_ACCESS_KEY": "1", "AWS_ACCESS_KEY_ID": "222222222222"}
    ended = tflocal("apply", "-auto-approve", AWS_ENDPOINT_URL=declared.url, **who)
    assert ended.returncode == 7, ended.stderr
    assert (tmp_path / "called").read_text() == "version -json\napply -auto-approve\n"
    assert not (tmp_path / OVERRIDE).exists()
    provider = read(tmp_path / "seen.tf")["providers"]["mumbai"]
    sqs, sts = (
        declared.client(
            service,
            region=provider["region"],
            endpoint_url=provider["endpoints"][0][service],
            aws_access_key_id=provider["access_key"],
            aws_secret_access_key=provider["secret_key"],
        )
        for service in ("sqs", "sts")
    )
    assert sts.get_caller_identity()["Account"] == "222222222222"
    url = sqs.create_queue(QueueName="tflocal")["QueueUrl"]
    assert declared.client("sqs", "222222222222", "ap-south-1").list_queues()["QueueUrls"] == [url]
