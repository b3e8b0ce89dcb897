"""LocalStack's paths: answers in its form, what may be done from elsewhere and in a closed realm, init scripts."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import orjson
import pytest
import uvloop
from atoll import __version__
from atoll.core.clock import ManualClock
from atoll.core.service import Registry, Service
from atoll.core.tenant_id import TenantId
from atoll.gateway.init_scripts import (
    FOLDER,
    FOLDERS,
    InitScripts,
    Stage,
    State,
    client_environment,
    init_folders,
    usable_key,
)
from atoll.gateway.localstack import SERVICES, LocalStack
from atoll.index import AccessKey
from atoll.index.directory import Directory
from atoll.index.sqlite import SqliteIndex
from atoll.wire.http import Request, Response

HERE = TenantId("default", "111111111111", "ap-south-1")
ONE, TWO = "111111111111", "222222222222"
FOREIGN = TenantId("team-a", "111111111111", "ap-south-1")


class Asked:
    """What came of one request."""

    def __init__(self, folder: Path, *, open: bool = True) -> None:
        self.registry = Registry({"sqs": lambda: Service("sqs", access={}), "sts": lambda: Service("sts", access={})})
        self.scripts = InitScripts((folder,), os.environ)
        self.clock = ManualClock()
        self.enabled = {"sqs", "sts"}
        self.open = open
        self.erased: list[TenantId] = []
        self.ended: list[bool] = []
        """Of each ending, whether a new start is to follow."""
        self.token = ""

    def __call__(
        self, method: str, path: str, body: bytes = b"", peer: str = "127.0.0.1", **headers: str
    ) -> tuple[int, Any]:
        response = asyncio.run(self._ask(Request(method, path, "", headers, body, peer=peer)))
        assert isinstance(response.body, bytes)
        return response.status, orjson.loads(response.body) if response.body else None

    async def _ask(self, request: Request) -> Response:
        index = SqliteIndex(":memory:", self.clock)
        try:
            await index.make_realm("default", self.open)
            localstack = LocalStack(
                registry=self.registry,
                enabled=self.enabled,
                directory=Directory(index),
                scripts=self.scripts,
                clock=self.clock,
                tenants=lambda: [HERE, FOREIGN],
                erase=self._erase,
                end=self.ended.append,
                peek=self._peek,
                sns_peek=self._peek,
            )
            localstack.token = self.token
            self.clock.advance(12.5)
            answer = localstack(request)
            return await answer if isinstance(answer, Awaitable) else answer
        finally:
            await index.close()

    async def _erase(self, tenant: TenantId) -> None:
        self.erased.append(tenant)

    async def _peek(self, request: Request) -> Response:
        return Response(200, [], b'"peeked"')


@pytest.fixture
def ask(tmp_path: Path) -> Asked:
    return Asked(tmp_path)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_health_lists_every_service_with_its_state(ask: Asked, method: str) -> None:
    ask.registry.get("sqs")
    status, health = ask(method, "/_localstack/health")
    assert status == 200
    assert (health["edition"], health["version"]) == ("community", __version__)
    assert set(health["services"]) == set(SERVICES)
    assert (health["services"]["sqs"], health["services"]["sts"]) == ("running", "available")
    assert {state for name, state in health["services"].items() if name not in ("sqs", "sts")} == {"disabled"}


def test_a_service_that_is_not_served_is_disabled_and_not_looked_into(ask: Asked) -> None:
    ask.enabled.remove("sqs")
    ask.registry.get("sqs")
    services = ask("GET", "/_localstack/health")[1]["services"]
    assert (services["sqs"], services["sts"]) == ("disabled", "available")
    assert ask("GET", "/_aws/sqs/messages")[0] == 404


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_who_is_here_may_end_it(ask: Asked, peer: str) -> None:
    assert ask("POST", "/_localstack/health", b'{"action": "kill"}', peer)[0] == 200
    assert ask("POST", "/_localstack/health", b'{"action": "restart"}', peer)[0] == 200
    assert ask.ended == [False, True]


@pytest.mark.parametrize("peer", ["10.0.0.1", "::ffff:10.0.0.1", "2001:db8::1", ""])
def test_who_is_elsewhere_may_not(ask: Asked, peer: str) -> None:
    for action in (b'{"action": "kill"}', b'{"action": "restart"}'):
        assert ask("POST", "/_localstack/health", action, peer)[0] == 403
    assert ask.ended == []


@pytest.mark.parametrize("action", ["kill", "restart"])
def test_where_the_realm_is_closed_the_token_is_asked_for(tmp_path: Path, action: str) -> None:
    ask = Asked(tmp_path, open=False)
    body = b'{"action": "%s"}' % action.encode()
    # Without one, nothing is one.
    assert ask("POST", "/_localstack/health", body, authorization="Bearer ")[0] == 403
    ask.token = "secret"
    for wrong in ({}, {"authorization": "Bearer "}, {"authorization": "Bearer secreT"}, {"authorization": "Bearer ü"}):
        assert ask("POST", "/_localstack/health", body, **wrong)[0] == 403
    assert ask("POST", "/_localstack/health", body, peer="10.0.0.1", authorization="Bearer secret")[0] == 403
    assert ask.ended == []
    assert ask("POST", "/_localstack/health", body, authorization="Bearer secret")[0] == 200
    assert ask.ended == [action == "restart"]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b'{"action": "dance"}', 400, "The body has to be"),
        (b'["kill"]', 400, "The body has to be"),
        (b"{", 400, "The body has to be"),
        (b"", 400, "The body has to be"),
    ],
)
def test_actions_that_are_not_done(ask: Asked, body: bytes, status: int, words: str) -> None:
    got, answer = ask("POST", "/_localstack/health", body)
    assert got == status
    assert words in answer["message"]
    assert ask.ended == []


def test_info(ask: Asked) -> None:
    status, info = ask("GET", "/_localstack/info")
    assert status == 200
    assert info["uptime"] == 12
    assert info["is_license_activated"] is False
    assert len(info["session_id"]) == 36
    assert set(info) == {
        "version",
        "edition",
        "is_license_activated",
        "session_id",
        "machine_id",
        "system",
        "is_docker",
        "server_time_utc",
        "uptime",
    }


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/_localstack", 404),
        ("GET", "/_localstack/", 404),
        ("GET", "/_localstack/healthy", 404),
        ("GET", "/_localstack/init/later", 404),
        ("GET", "/_localstack/diagnose", 404),
        ("GET", "/_aws/ses", 404),
        ("GET", "/_aws/sqs/messagesx", 404),
        ("DELETE", "/_aws/sqs/messages", 405),
        ("PUT", "/_localstack/health", 405),
        ("GET", "/_localstack/state/reset", 405),
        ("POST", "/_localstack/init", 405),
    ],
)
def test_what_is_not_there(ask: Asked, method: str, path: str, status: int) -> None:
    got, answer = ask(method, path)
    assert got == status
    assert answer["message"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("path", ["/_aws/sqs/messages", "/_aws/sqs/messages/", "/_aws/sqs/messages/us-east-1/1/q"])
def test_messages_are_looked_at(ask: Asked, method: str, path: str) -> None:
    assert ask(method, path) == (200, "peeked")


def test_a_reset_erases_what_is_in_the_default_realm(ask: Asked) -> None:
    assert ask("POST", "/_localstack/state/reset") == (200, None)
    assert ask.erased == [HERE]


def test_a_closed_realm_is_not_reset(tmp_path: Path) -> None:
    ask = Asked(tmp_path, open=False)
    status, answer = ask("POST", "/_localstack/state/reset")
    assert status == 403
    assert "not open" in answer["message"]
    assert ask.erased == []


# ---- init scripts


def write(folder: Path, name: str, text: str, mode: int = 0o755) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


def states(scripts: InitScripts, stage: Stage) -> dict[str, str]:
    return {each["name"]: each["state"] for each in scripts.states(stage)}


def test_init_tells_the_scripts_and_what_is_completed(tmp_path: Path) -> None:
    write(tmp_path, "ready.d/b.sh", "#!/bin/sh\nexit 3\n")
    write(tmp_path, "ready.d/a/a.py", "print('hello')\n")
    write(tmp_path, "ready.d/notes.txt", "no script")
    write(tmp_path, "shutdown.d/c.sh", "#!/bin/sh\n")
    ask = Asked(tmp_path)
    asyncio.run(ask.scripts.run(Stage.READY))
    ready = [
        {"stage": "READY", "name": "a.py", "state": "SUCCESSFUL"},
        {"stage": "READY", "name": "b.sh", "state": "ERROR"},
    ]
    assert ask("GET", "/_localstack/init") == (
        200,
        {
            "completed": {"BOOT": False, "START": False, "READY": True, "SHUTDOWN": False},
            "scripts": [*ready, {"stage": "SHUTDOWN", "name": "c.sh", "state": "UNKNOWN"}],
        },
    )
    for path in ("/_localstack/init/ready", "/_localstack/init/READY", "/_localstack/init/ready/"):
        assert ask("GET", path) == (200, {"completed": True, "scripts": ready})
    assert ask("GET", "/_localstack/init/boot") == (200, {"completed": False, "scripts": []})


def test_scripts_run_in_the_order_of_their_names(tmp_path: Path) -> None:
    out = tmp_path / "out"
    first, second = tmp_path / "first", tmp_path / "second"
    for folder, name in ((second, "0"), (first, "2"), (first, "1")):
        write(folder, f"start.d/{name}.sh", f"#!/bin/sh\necho {folder.name}{name} >>{out}\n")
    asyncio.run(InitScripts((first, second), os.environ).run(Stage.START))
    assert out.read_text().split() == ["first1", "first2", "second0"]


def test_output_goes_to_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(tmp_path, "boot.d/deep/a.sh", "#!/bin/sh\necho said\necho complained >&2\nprintf last\n")
    write(tmp_path, "boot.d/b.py", "import sys\nprint(sys.executable)\nraise SystemExit('no')\n", 0o644)
    write(tmp_path, "boot.d/c.sh", "echo of sh", 0o644)
    write(tmp_path, "boot.d/d.sh", "no program's first line")
    (tmp_path / "boot.d" / "d.sh").write_text("#!/no/such/shell\n")
    scripts = InitScripts((tmp_path,), os.environ)
    with caplog.at_level("INFO"):
        asyncio.run(scripts.run(Stage.BOOT))
    assert states(scripts, Stage.BOOT) == {
        "b.py": State.ERROR,
        "c.sh": State.SUCCESSFUL,
        "d.sh": State.ERROR,
        "a.sh": State.SUCCESSFUL,
    }
    for line in (
        "deep/a.sh: said",
        "deep/a.sh: complained",
        "deep/a.sh: last",
        f"b.py: {sys.executable}",
        "c.sh: of sh",
    ):
        assert line in caplog.messages
    assert any("b.py ended with exit code 1" in message for message in caplog.messages)
    assert any("d.sh cannot be run" in message for message in caplog.messages)


def test_a_script_that_does_not_end_is_ended(tmp_path: Path) -> None:
    write(tmp_path, "shutdown.d/a.sh", "#!/bin/sh\nsleep 1000\n")
    write(tmp_path, "shutdown.d/b.sh", "#!/bin/sh\n")
    scripts = InitScripts((tmp_path,), os.environ)
    asyncio.run(scripts.run(Stage.SHUTDOWN, 0.2))
    assert states(scripts, Stage.SHUTDOWN) == {"a.sh": State.ERROR, "b.sh": State.UNKNOWN}
    assert scripts.completed == {Stage.SHUTDOWN}


def test_what_a_script_leaves_running_is_not_waited_for(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(tmp_path, "ready.d/a.sh", f"#!/bin/sh\nsleep 1000 &\necho $! >{tmp_path}/pid\necho left\n")
    scripts = InitScripts((tmp_path,), os.environ)
    with caplog.at_level("INFO"), asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
        loop.run(asyncio.wait_for(scripts.run(Stage.READY), 20))
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
    assert states(scripts, Stage.READY) == {"a.sh": State.SUCCESSFUL}
    assert "a.sh: left" in caplog.messages


def test_what_scripts_run_with_before_the_port_is_known() -> None:
    found = client_environment({"AWS_ENDPOINT_URL": "http://localhost:0", "AWS_REGION": "eu-west-1"}, None, "1")
    assert "AWS_ENDPOINT_URL" not in found
    assert (found["AWS_ACCESS_KEY_ID"], found["AWS_DEFAULT_REGION"]) == ("1", "eu-west-1")


def test_what_scripts_run_with() -> None:
    assert client_environment({"PATH": "/bin", "AWS_PROFILE": "x", "AWS_SESSION_TOKEN": "t"}, "http://e", "1") == {
        "PATH": "/bin",
        "AWS_ENDPOINT_URL": "http://e",
        "AWS_ACCESS_KEY_ID": "1",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    own = {"AWS_ACCESS_KEY_ID": "2", "AWS_SECRET_ACCESS_KEY": "s", "AWS_DEFAULT_REGION": "eu-west-1"}
    assert client_environment(own, "http://e", "1") == own | {"AWS_ENDPOINT_URL": "http://e", "AWS_REGION": "eu-west-1"}


def test_a_key_that_works_comes_before_those_of_the_environment() -> None:
    key = AccessKey("LKIA1", "s", "default", "1", "arn", "1", "Active", 0.0)
    own = {"AWS_ACCESS_KEY_ID": "2", "AWS_SECRET_ACCESS_KEY": "x", "AWS_SESSION_TOKEN": "t"}
    made = client_environment(own, "http://e", "1", key)
    assert (made["AWS_ACCESS_KEY_ID"], made["AWS_SECRET_ACCESS_KEY"]) == ("LKIA1", "s")
    assert "AWS_SESSION_TOKEN" not in made


def test_the_key_that_works() -> None:
    async def run() -> None:
        clock = ManualClock()
        index = SqliteIndex(":memory:", clock)
        try:
            for realm, account in (("default", ONE), ("default", TWO), ("other", ONE)):
                await index.make_realm(realm, False)
                await index.make_account(realm, account)

            async def issue(realm: str, account: str) -> AccessKey:
                clock.advance(1)
                return await index.issue_access_key(realm, account, "arn", account)

            async def found(key: str = "") -> str | None:
                usable = await usable_key(index, {"AWS_ACCESS_KEY_ID": key} if key else {}, "default", ONE)
                return None if usable is None else usable.key_id

            assert await found() is None
            older, newer = await issue("default", ONE), await issue("default", ONE)
            foreign, colleague = await issue("other", ONE), await issue("default", TWO)
            assert await found() == newer.key_id
            assert await found("AKIAOFAWS") == newer.key_id
            assert await found(foreign.key_id) == newer.key_id
            assert await found(older.key_id) == older.key_id
            assert await found(colleague.key_id) == colleague.key_id
            await index.set_access_key_status(newer.key_id, "Inactive")
            assert await found() == await found(newer.key_id) == older.key_id
            await index.set_access_key_status(older.key_id, "Revoked")
            assert await found() is None
        finally:
            await index.close()

    asyncio.run(run())


def test_which_stages_have_scripts(tmp_path: Path) -> None:
    write(tmp_path, "ready.d/a.sh", "#!/bin/sh\n")
    scripts = InitScripts((tmp_path,), os.environ)
    assert scripts.any(Stage.READY)
    assert scripts.any(Stage.SHUTDOWN, Stage.READY)
    assert not scripts.any(Stage.SHUTDOWN)


def test_where_scripts_are_looked_for(tmp_path: Path) -> None:
    assert init_folders({}) == FOLDERS
    assert init_folders({FOLDER: str(tmp_path)}) == (tmp_path,)
