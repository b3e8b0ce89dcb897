"""The control API on the engine: effects that wait, the index told anew, what is wrong."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from atoll.control import doctor, reindex
from atoll.core.caller import Caller
from atoll.core.effect import Effect
from atoll.core.errors import AwsError
from atoll.core.tenant_id import TenantId
from atoll.gateway.init_scripts import InitScripts, Stage
from atoll.tenants import Tenant

TOKEN = "the-token"


class Unwilling:
    """A world in which no effect arrives."""

    async def owner_of(self, effect: Effect) -> TenantId:
        if effect.operation == "Vanished":
            raise AwsError("NotImplemented", status=501, fault="Receiver")
        return TenantId("default", "222222222222", "us-east-1")

    async def apply(self, effect: Effect) -> None:
        raise AwsError("ServiceUnavailable", "Not now.", status=503, fault="Receiver")


def test_what_is_not_delivered_yet(ask: Any) -> None:
    one, two = TenantId("default", "111111111111", "eu-central-1"), TenantId("default", "222222222222", "us-east-1")
    hidden = TenantId("secret", "111111111111", "us-east-1")

    async def test(api: Any, steered: Any) -> None:
        steered.cell.world = Unwilling()
        await steered.index.make_realm("secret", False)

        def cause(tenant: Tenant, operation: str) -> None:
            caller = Caller(*tenant.id, "root", tenant.id.account)
            tenant.effect(caller, "sqs", operation, {}, lane="lane")

        for id, operation in ((one, "SendMessage"), (one, "Vanished"), (two, "SendMessage"), (hidden, "SendMessage")):
            await steered.cell.transact(id, "sqs", cause, operation)
        await steered.quiet()
        _, first = await api("GET", "/effects?limit=2")
        _, rest = await api("GET", f"/effects?limit=2&token={first['nextToken']}")
        assert rest["nextToken"] is None
        found = [*first["items"], *rest["items"]]
        assert [(each["account"], each["operation"], each["target"], each["attempts"]) for each in found] == [
            ("111111111111", "SendMessage", "222222222222/us-east-1", 1),
            ("111111111111", "Vanished", "", 0),
            ("222222222222", "SendMessage", "222222222222/us-east-1", 1),
        ]
        assert found[0]["problem"] == "ServiceUnavailable: Not now."
        assert len((await api("GET", "/effects", token=TOKEN))[1]["items"]) == 4
        assert (await api("GET", "/effects?region=us-east-1"))[1]["items"] == rest["items"]
        for token in ("x", "default/111111111111/us-east-1", "default/1/us-east-1/5", "a/111111111111/b/-1"):
            assert (await api("GET", f"/effects?token={token}"))[0] == 400

    ask(test)


def test_an_index_that_was_lost_is_told_anew(ask: Any, api_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reindex, "AT_ONCE", 2)

    async def test(api: Any, steered: Any) -> None:
        ids = [TenantId("default", f"{number}" * 12, "eu-central-1") for number in range(1, 6)]
        for id in ids:
            await steered.sqs(id, "CreateQueue", QueueName="q")
        await steered.sqs(TenantId("default", "111111111111", "us-east-1"), "CreateQueue", QueueName="erased")
        _, before = await api("GET", "/resources")
        await steered.end()
        steered.folder.index.unlink()
        shutil.rmtree(steered.folder.path_of(TenantId("default", "111111111111", "us-east-1")))
        await steered.begin()
        lost = api_of(steered)
        assert (await lost("GET", "/resources"))[1]["items"] == []
        levels = {each["subject"]: each["level"] for each in (await lost("GET", "/doctor"))[1]["items"]}
        assert levels["resource index"] == "problem"
        steps, token = [], ""
        while token is not None:
            status, step = await lost("POST", f"/reindex{token and f'?token={token}'}")
            assert status == 200
            steps.append((step["done"], step["total"]))
            token = step["nextToken"]
        assert steps == [(2, 5), (4, 5), (5, 5)]
        _, after = await lost("GET", "/resources")
        assert after["items"] == [each for each in before["items"] if each["id"] == "q"]
        levels = {each["subject"]: each["level"] for each in (await lost("GET", "/doctor"))[1]["items"]}
        assert levels["resource index"] == "ok"
        assert (await lost("POST", "/reindex?token=x"))[0] == 400

    ask(test)


def test_reindexing_forgets_what_is_not_there(ask: Any) -> None:
    gone = TenantId("default", "111111111111", "us-east-1")

    async def test(api: Any, steered: Any) -> None:
        await steered.sqs(gone, "CreateQueue", QueueName="q")
        await steered.cell.tenants.close(gone)
        shutil.rmtree(steered.folder.path_of(gone))
        stray = steered.folder.path_of(TenantId("unknown", "111111111111", "us-east-1"))
        stray.mkdir(parents=True)
        (stray / "tenant.sqlite").touch()
        _, step = await api("POST", "/reindex")
        assert (step["done"], step["total"], step["leftOut"], step["nextToken"]) == (1, 1, ["unknown"], None)
        assert (await api("GET", "/resources"))[1]["items"] == []

    ask(test)


def test_what_is_wrong(ask: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    one = TenantId("default", "111111111111", "eu-central-1")
    (tmp_path / "ready.d").mkdir()
    (tmp_path / "ready.d" / "seed.sh").write_text("exit 3")

    async def found(api: Any) -> dict[str, Any]:
        status, page = await api("GET", "/doctor")
        assert status == 200
        return {each["subject"]: each for each in page["items"]}

    async def test(api: Any, steered: Any) -> None:
        api.gateway.missing.clear()
        well = await found(api)
        assert {name: each["level"] for name, each in well.items()} == dict.fromkeys(
            ("disk", "open files", "resource index", "effects"), "ok"
        )
        scripts = InitScripts([tmp_path], os.environ)
        await scripts.run(Stage.READY)
        api.parts.scripts = scripts
        api.gateway.missing["sns.Publish"] = 5
        steered.cell.world = Unwilling()
        caller = Caller(*one, "root", one.account)
        await steered.cell.transact(one, "sqs", lambda tenant: tenant.effect(caller, "sqs", "SendMessage", {}))
        await steered.quiet()
        steered.clock.advance(61)
        monkeypatch.setattr(doctor, "LEAST_DISK", 2**80)
        monkeypatch.setattr(doctor, "LEAST_FILES", 2**60)
        ill = await found(api)
        assert ill["init scripts"]["message"] == "seed.sh failed (READY)"
        assert ill["missing"]["message"] == "called, and not there: sns.Publish"
        assert ill["effects"]["message"] == "1 wait to be delivered, the oldest for 61 s"
        assert {name: each["level"] for name, each in ill.items()} == {
            "init scripts": "problem",
            "disk": "warning",
            "open files": "warning",
            "effects": "warning",
            "missing": "warning",
            "resource index": "ok",
        }
        assert next(iter(ill)) == "init scripts"
        assert all(each["advice"] for each in ill.values() if each["level"] != "ok")

    ask(test)
