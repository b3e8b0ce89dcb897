"""What surrounds a client of Atoll's."""

from __future__ import annotations

from pathlib import Path

import pytest
from atoll.cli.surroundings import beside, surroundings

ENDPOINT = "http://localhost:4566"
WELL = {"AWS_ENDPOINT_URL": ENDPOINT, "AWS_ACCESS_KEY_ID": "111111111111", "PATH": ""}
WELL |= {"AWS_REGION": "eu-central-1", "AWS_DEFAULT_REGION": "eu-central-1"}


def levels(environment: dict[str, str], endpoint: str = ENDPOINT, services: str = ENDPOINT) -> dict[str, str]:
    found = surroundings(environment, endpoint, services)
    assert all(each["advice"] for each in found if each["level"] != "ok")
    return {each["subject"]: each["level"] for each in found if each["level"] != "ok"}


def test_all_is_well() -> None:
    assert levels(WELL) == {}


def test_nothing_is_set() -> None:
    assert levels({"PATH": ""}) == dict.fromkeys(
        ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_REGION"), "note"
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AWS_ENDPOINT_URL", "http://localhost:4567"),
        ("AWS_ENDPOINT_URL_SQS", "http://localhost:9324"),
        ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
        ("AWS_PROFILE", "work"),
        ("http_proxy", "http://proxy:3128"),
        ("HTTP_PROXY", "http://proxy:3128"),
    ],
)
def test_what_leads_calls_elsewhere(name: str, value: str) -> None:
    assert levels({**WELL, name: value}) == {name: "warning"}


@pytest.mark.parametrize("exempt", ["localhost", "a.example,localhost", "*", ".localhost"])
def test_a_proxy_that_is_not_asked(exempt: str) -> None:
    assert levels({**WELL, "HTTP_PROXY": "http://proxy:3128", "NO_PROXY": exempt}) == {}


def test_a_control_api_on_a_port_of_its_own() -> None:
    control = "http://localhost:4567"
    assert levels(WELL, control, beside(control, 4566)) == {}
    assert levels({**WELL, "AWS_ENDPOINT_URL": control}, control, ENDPOINT) == {"AWS_ENDPOINT_URL": "warning"}
    assert beside("https://[::1]:1/", 2) == "https://[::1]:2"
    assert beside(control, None) == control


def test_a_proxy_for_other_hosts() -> None:
    assert levels({**WELL, "HTTPS_PROXY": "http://proxy:3128"}) == {}
    found = levels({**WELL, "HTTP_PROXY": "http://proxy:3128", "NO_PROXY": "local,calhost"})
    assert found == {"HTTP_PROXY": "warning"}


def test_a_name_that_leads_nowhere() -> None:
    endpoint = "http://nowhere.invalid:4566"
    assert levels({**WELL, "AWS_ENDPOINT_URL": endpoint}, endpoint, endpoint) == {"endpoint": "problem"}


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("echo aws-cli/1.45.11 Python/3.11", {"aws": "note"}),
        ("echo aws-cli/2.31.0 Python/3.13", {}),
        ("exit 3", {"aws": "warning"}),
    ],
)
def test_the_aws_cli(tmp_path: Path, script: str, expected: dict[str, str]) -> None:
    program = tmp_path / "aws"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    assert levels({**WELL, "PATH": str(tmp_path)}) == expected
