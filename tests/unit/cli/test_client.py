"""The control API's client: paths are made of parts, and what can be none of Atoll's is refused before it is sent."""

from __future__ import annotations

import io
from typing import Any

import pytest
from atoll.cli.app import app
from atoll.control.client import ControlClient, ControlError
from typer.testing import CliRunner


def run(api: Any, *arguments: str, code: int = 0) -> str:
    result = CliRunner(env={"ATOLL_ENDPOINT": api.url, "ATOLL_TOKEN": "t"}).invoke(app, list(arguments))
    assert result.exit_code == code, result.output
    return result.output


def test_a_part_stays_one_part(api: Any) -> None:
    with ControlClient(api.url) as client:
        client.get("realms", "a#b?c=d", "accounts", "ü %2e;", params={"text": "x&y", "none": None, "empty": ""})
    assert api.asked == ["GET /_atoll/v1/realms/a%23b%3Fc%3Dd/accounts/%C3%BC%20%252e%3B?text=x%26y"]


@pytest.mark.parametrize("name", ["", "a/b", ".", "..", "../../../regions/frankfurt"])
@pytest.mark.parametrize("command", [["delete", "account"], ["describe", "account"], ["get", "keys"], ["env"]])
def test_what_can_be_no_name(api: Any, command: list[str], name: str) -> None:
    told = run(api, *command, name, code=2 if command[0] == "get" and not name else 1)
    assert "which is meant" in told or "say whose keys" in told
    assert api.asked == []


def test_deletes_what_is_named(api: Any) -> None:
    run(api, "delete", "account", "victim#x")
    run(api, "delete", "region", "a?b")
    assert api.asked == ["DELETE /_atoll/v1/realms/default/accounts/victim%23x", "DELETE /_atoll/v1/regions/a%3Fb"]


def test_reindex_goes_on_to_the_end(api: Any) -> None:
    pages = iter([(200, "default/111111111111/a&b"), (400, "c"), (450, None)])

    def answer(asked: str) -> dict[str, Any]:
        done, following = next(pages)
        return {"done": done, "total": 450, "leftOut": [], "nextToken": following}

    api.answer = answer
    assert "450 tenants" in run(api, "reindex", "--realm", "preview")
    assert api.asked == [
        "POST /_atoll/v1/reindex?realm=preview",
        "POST /_atoll/v1/reindex?realm=preview&token=default%2F111111111111%2Fa%26b",
        "POST /_atoll/v1/reindex?realm=preview&token=c",
    ]


@pytest.mark.parametrize("endpoint", ["", "http://[::1", "localhost:4566", "ftp://x", "http://", "http://x:99999"])
def test_what_is_no_endpoint(endpoint: str) -> None:
    with pytest.raises(ControlError, match="is no endpoint: give one as http://localhost:4566"):
        ControlClient(endpoint)
    for command in (["status"], ["doctor"]):
        result = CliRunner().invoke(app, [*command, "--endpoint", endpoint])
        assert result.exit_code == 1
        assert "is no endpoint" in result.output


@pytest.mark.parametrize("token", ["ü", "a\nb"])
def test_what_is_no_token(token: str) -> None:
    with pytest.raises(ControlError, match="see to --token"):
        ControlClient("http://localhost:1", token)


def test_uploads_say_how_far_they_are(api: Any) -> None:
    seen: list[tuple[int, int]] = []
    with ControlClient(api.url) as client:
        client.upload("x", file=io.BytesIO(b'"' + b"a" * 300_000 + b'"'), moved=lambda *step: seen.append(step))
    assert seen == [(262144, 300002), (300002, 300002)]
    assert api.bodies == ["a" * 300_000]
