"""Snapshots of accounts: taken, loaded, forked; what is refused; accounts that start from one; resetting."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

import apsw
import pytest
from atoll.control.errors import BadSnapshot, Conflict, Invalid, NotReady, NotThere
from atoll.control.reset import Extent
from atoll.core.caller import Caller
from atoll.core.errors import AwsError
from atoll.core.tenant_id import TenantId
from atoll.tenants import Tenant

Run = Callable[[Callable[[Any], Any]], None]

PAYMENTS, OTHER = "111111111111", "333333333333"
EU, US = TenantId("default", PAYMENTS, "eu-central-1"), TenantId("default", PAYMENTS, "us-east-1")


def url(tenant: TenantId, name: str) -> str:
    return f"http://sqs.{tenant.region}.localhost:4566/{tenant.account}/{name}"


async def seed(steered: Any) -> None:
    """In Frankfurt a queue with a message and a dead-letter queue, in Virginia a queue."""
    await steered.sqs(EU, "CreateQueue", QueueName="dead")
    redrive = json.dumps({"deadLetterTargetArn": f"arn:aws:sqs:{EU.region}:{PAYMENTS}:dead", "maxReceiveCount": 3})
    await steered.sqs(EU, "CreateQueue", QueueName="orders", Attributes={"RedrivePolicy": redrive})
    await steered.sqs(EU, "SendMessage", QueueUrl=url(EU, "orders"), MessageBody="seeded")
    await steered.sqs(US, "CreateQueue", QueueName="far")


async def saved(steered: Any, tmp_path: Path) -> Path:
    path = tmp_path / "seeded.atoll"
    with path.open("wb") as file:
        await steered.accounts.snapshots.save("default", PAYMENTS, file)
    return path


async def queues(steered: Any, tenant: TenantId) -> list[str]:
    listed = await steered.sqs(tenant, "ListQueues")
    return [each.rpartition("/")[2] for each in listed.get("QueueUrls", [])]


async def count(steered: Any, tenant: TenantId, name: str) -> int:
    asked = await steered.sqs(tenant, "GetQueueAttributes", QueueUrl=url(tenant, name), AttributeNames=["All"])
    return int(asked["Attributes"]["ApproximateNumberOfMessages"])


async def known(steered: Any, account: str, realm: str = "default") -> list[str]:
    page = await steered.index.resources(realm, account=account)
    return [resource.arn for resource in page.resources]


# ---- the same account, another account, another realm


def test_loaded_back_an_account_is_what_it_was(run: Run, tmp_path: Path) -> None:
    later = TenantId("default", PAYMENTS, "ap-south-1")

    async def test(steered: Any) -> None:
        await seed(steered)
        path = await saved(steered, tmp_path)
        await steered.sqs(EU, "DeleteQueue", QueueUrl=url(EU, "dead"))
        await steered.sqs(EU, "SendMessage", QueueUrl=url(EU, "orders"), MessageBody="later")
        await steered.sqs(US, "CreateQueue", QueueName="new")
        await steered.sqs(later, "CreateQueue", QueueName="new")
        await steered.accounts.snapshots.load(path, "default", PAYMENTS)
        assert await queues(steered, EU) == ["dead", "orders"]
        assert await queues(steered, US) == ["far"]
        assert await queues(steered, later) == []
        assert await count(steered, EU, "orders") == 1
        assert await known(steered, PAYMENTS) == [
            f"arn:aws:sqs:eu-central-1:{PAYMENTS}:dead",
            f"arn:aws:sqs:eu-central-1:{PAYMENTS}:orders",
            f"arn:aws:sqs:us-east-1:{PAYMENTS}:far",
        ]
        assert steered.accounts.snapshots.tenants("default", PAYMENTS) == [EU, US]
        assert not list(steered.folder.path.glob("snapshot-*"))

    run(test)


def test_in_another_account_all_is_its_own(run: Run, tmp_path: Path) -> None:
    async def test(steered: Any) -> None:
        await seed(steered)
        path = await saved(steered, tmp_path)
        await steered.index.make_realm("team-a", True)
        for realm, account in (("default", OTHER), ("team-a", PAYMENTS), ("team-a", OTHER)):
            there = TenantId(realm, account, EU.region)
            await steered.accounts.snapshots.load(path, realm, account)
            assert await queues(steered, there) == ["dead", "orders"]
            asked = await steered.sqs(
                there, "GetQueueAttributes", QueueUrl=url(there, "orders"), AttributeNames=["RedrivePolicy", "QueueArn"]
            )
            assert asked["Attributes"]["QueueArn"] == f"arn:aws:sqs:eu-central-1:{account}:orders"
            redrive = json.loads(asked["Attributes"]["RedrivePolicy"])
            assert redrive["deadLetterTargetArn"] == f"arn:aws:sqs:eu-central-1:{account}:dead"
            assert f"arn:aws:sqs:us-east-1:{account}:far" in await known(steered, account, realm)
        assert await count(steered, EU, "orders") == 1
        await steered.sqs(EU, "PurgeQueue", QueueUrl=url(EU, "orders"))
        other = TenantId("default", OTHER, EU.region)
        assert await count(steered, other, "orders") == 1

    run(test)


def test_it_is_taken_while_calls_go_on_and_they_wait_while_it_is_loaded(run: Run, tmp_path: Path) -> None:
    async def test(steered: Any) -> None:
        await seed(steered)
        sending = True
        sent = 0

        async def send() -> None:
            nonlocal sent
            while sending:
                await steered.sqs(EU, "SendMessage", QueueUrl=url(EU, "orders"), MessageBody="more")
                sent += 1

        tasks = [asyncio.create_task(send()) for _ in range(5)]
        path = await saved(steered, tmp_path)
        await steered.accounts.snapshots.load(path, "default", PAYMENTS)
        await steered.accounts.snapshots.load(path, "default", PAYMENTS)
        sending = False
        await asyncio.gather(*tasks)
        assert sent > 5
        assert await count(steered, EU, "orders") >= 1

    run(test)


def test_an_account_that_does_not_come_to_rest(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("atoll.cell.moves.PATIENCE", 0.05)

    async def test(steered: Any) -> None:
        await seed(steered)
        path = await saved(steered, tmp_path)
        hosted = await steered.cell.tenants.open(US)
        hosted.enter()
        with pytest.raises(NotReady, match="do not come to an end: try again"):
            await steered.accounts.snapshots.load(path, "default", PAYMENTS)
        assert await queues(steered, US) == ["far"]
        hosted.leave()
        await steered.accounts.snapshots.load(path, "default", PAYMENTS)
        assert await queues(steered, US) == ["far"]

    run(test)


def test_effects_that_are_under_way_go_with_the_account_itself_only(run: Run, tmp_path: Path) -> None:
    def cause(tenant: Tenant) -> None:
        root = f"arn:aws:iam::{PAYMENTS}:root"
        caller = Caller(*EU, root, PAYMENTS)
        tenant.effect(caller, "sqs", "SendMessage", {"QueueUrl": "x", "MessageBody": "y"}, delay=3600)

    async def test(steered: Any) -> None:
        await seed(steered)
        await steered.cell.transact(EU, "sqs", cause)
        path = await saved(steered, tmp_path)
        for account, left in ((PAYMENTS, 1), (OTHER, 0)):
            await steered.accounts.reset(Extent(account=account))
            await steered.accounts.snapshots.load(path, "default", account)
            hosted = await steered.cell.tenants.open(TenantId("default", account, EU.region))
            assert hosted.tenant.rows("SELECT count(*) FROM effect") == [(left,)]

    run(test)


def test_all_tenants_are_looked_at_at_one_moment(run: Run, tmp_path: Path) -> None:
    async def test(steered: Any) -> None:
        await seed(steered)
        views = await steered.cell.moves.look([EU, US])
        await steered.sqs(EU, "CreateQueue", QueueName="new")
        await steered.sqs(US, "CreateQueue", QueueName="new")
        for number, view in enumerate(views):
            view.copy(tmp_path / str(number))
            view.close()
            db = sqlite3.connect(tmp_path / str(number) / "tenant.sqlite")
            assert "new" not in [name for (name,) in db.execute("SELECT name FROM queue")]
            db.close()
        await steered.accounts.reset(Extent(region=US.region))
        with pytest.raises(apsw.CantOpenError):
            await steered.cell.moves.look([EU, US])

    run(test)


# ---- files that are refused


def rewritten(path: Path, change: Callable[[dict[str, bytes]], None], compression: int = ZIP_STORED) -> Path:
    with ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    change(parts)
    other = path.with_name("other.atoll")
    with ZipFile(other, "w", compression) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return other


def manifest(**fields: Any) -> Callable[[dict[str, bytes]], None]:
    def change(parts: dict[str, bytes]) -> None:
        parts["manifest.json"] = json.dumps({**json.loads(parts["manifest.json"]), **fields}).encode()

    return change


def database(sql: str) -> Callable[[dict[str, bytes]], None]:
    """The database of Frankfurt, after that."""

    def change(parts: dict[str, bytes]) -> None:
        # Version 1 of the file format, since only that can be read from memory.
        name = "eu-central-1.sqlite"
        content = parts[name][:18] + b"\1\1" + parts[name][20:]
        db = sqlite3.connect(":memory:", isolation_level=None)
        db.deserialize(content)
        db.executescript(sql)
        parts[name] = db.serialize()
        db.close()

    return change


def torn(parts: dict[str, bytes]) -> None:
    content = parts["eu-central-1.sqlite"]
    parts["eu-central-1.sqlite"] = content[:8192] + b"\xff" * 4096 * 4 + content[8192 + 4096 * 4 :]


def escaping(parts: dict[str, bytes]) -> None:
    parts["../../eu-central-1.sqlite"] = parts.pop("eu-central-1.sqlite")


def renamed(parts: dict[str, bytes]) -> None:
    parts["../x.sqlite"] = parts.pop("eu-central-1.sqlite")
    manifest(tenants=[{"region": "../x"}, {"region": "us-east-1"}])(parts)


REFUSED = {
    "newer": (manifest(format=2, tenants="of another form"), "written by a newer Atoll .its format is 2"),
    "no manifest": (lambda parts: parts.pop("manifest.json"), "has no manifest"),
    "manifest": (manifest(account=5), "damaged one"),
    "account": (manifest(account="../2222222222"), "is of no account"),
    "long manifest": (manifest(atoll="x" * 70_000), "manifest is too long"),
    "part lacks": (lambda parts: parts.pop("us-east-1.sqlite"), "not those that its manifest names"),
    "part too many": (lambda parts: parts.update({"x": b""}), "not those that its manifest names"),
    "escaping": (escaping, "not those that its manifest names"),
    "region": (renamed, "names a region that is none"),
    "no database": (lambda parts: parts.update({"us-east-1.sqlite": b"x" * 5000}), "file is not a database"),
    "other database": (lambda parts: parts.update({"us-east-1.sqlite": b""}), "is none of Atoll's"),
    "torn": (torn, "damaged"),
    "trigger": (
        database("CREATE TRIGGER t AFTER INSERT ON message BEGIN DELETE FROM queue; END"),
        "holds what no Atoll wrote",
    ),
    "view": (database("CREATE VIEW v AS SELECT 1"), "holds what no Atoll wrote"),
    "virtual": (database("CREATE VIRTUAL TABLE v USING fts5(x)"), "holds what no Atoll wrote"),
    "check": (database("CREATE TABLE x (a CHECK (randomblob(1)))"), "holds what no Atoll wrote"),
    "default": (database("CREATE TABLE x (a DEFAULT (randomblob(1)))"), "holds what no Atoll wrote"),
    "index": (database("CREATE INDEX x ON queue (length(name))"), "holds what no Atoll wrote"),
    "hidden": (database("CREATE INDEX x ON queue (name/*(*/) WHERE upper(name) = '--'"), "holds what no Atoll wrote"),
    "quoted": (database('CREATE INDEX x ON queue ("upper"(name))'), "holds what no Atoll wrote"),
    "no table": (database("DROP TABLE message"), "has other tables than Atoll's: message"),
    "no table of the engine's": (database("DROP TABLE holding"), "has other tables than Atoll's: holding"),
    "no column": (database("ALTER TABLE message RENAME COLUMN body TO x"), "has other tables than Atoll's: message"),
    "more columns": (database("ALTER TABLE queue ADD COLUMN x"), "has other tables than Atoll's: queue, x"),
    "more that is unique": (database("CREATE UNIQUE INDEX x ON message (body)"), "has other tables than Atoll's"),
    "catalogue's tags": (database("UPDATE catalogue SET tags = 'x{'"), "or a damaged one"),
    "catalogue's tags are no texts": (database("UPDATE catalogue SET tags = '{\"a\":1}'"), "or a damaged one"),
    "catalogue's moment": (database("UPDATE catalogue SET created = 'abc'"), "says what no Atoll wrote"),
    "catalogue's far moment": (database("UPDATE catalogue SET created = 1e300"), "says what no Atoll wrote"),
    "another's ARN": (
        database("UPDATE catalogue SET arn = 'arn:aws:sqs:eu-central-1:999999999999:SPOOF'"),
        "says what no Atoll wrote",
    ),
    "catalogue of no service": (database("DELETE FROM service"), "has tables that are no service's|says what no Atoll"),
    "holding": (database("INSERT INTO holding VALUES ('bucket', 'b', 'g', 1e300, 0)"), "names of .* are not as"),
    "newer service": (database("UPDATE service SET version = 99"), "tables of sqs in version 99"),
    "no service": (database("UPDATE service SET name = 'x'"), "tables of x, a service that this Atoll lacks"),
    "newer engine": (database("PRAGMA user_version = 99"), "newer Atoll"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused(run: Run, tmp_path: Path, what: str) -> None:
    change, words = REFUSED[what]

    async def test(steered: Any) -> None:
        await seed(steered)
        bad = rewritten(await saved(steered, tmp_path), change)
        with pytest.raises(Invalid, match=words):
            await steered.accounts.snapshots.load(bad, "default", PAYMENTS)
        assert await queues(steered, EU) == ["dead", "orders"]
        assert await count(steered, EU, "orders") == 1
        assert not list(steered.folder.path.glob("snapshot-*"))

    run(test)


def test_files_that_are_no_archive(run: Run, tmp_path: Path) -> None:
    async def test(steered: Any) -> None:
        await seed(steered)
        whole = await saved(steered, tmp_path)
        content = whole.read_bytes()
        middle = len(content) // 2
        bad = tmp_path / "bad.atoll"
        for damaged in (
            b"",
            b"PK",
            b"hello" * 1000,
            content[:-1],
            content[:middle],
            content[100:],
            content[:middle] + bytes(byte ^ 0xFF for byte in content[middle : middle + 64]) + content[middle + 64 :],
        ):
            bad.write_bytes(damaged)
            with pytest.raises(BadSnapshot):
                await steered.accounts.snapshots.load(bad, "default", PAYMENTS)
        bomb = rewritten(whole, lambda parts: None, ZIP_DEFLATED)
        with pytest.raises(BadSnapshot, match="compressed"):
            await steered.accounts.snapshots.load(bomb, "default", PAYMENTS)
        assert await queues(steered, EU) == ["dead", "orders"]

    run(test)


# ---- kept under a name, and started from


def test_an_account_starts_from_a_snapshot(run: Run, account: Any) -> None:
    async def test(steered: Any) -> None:
        await seed(steered)
        await steered.accounts.snapshots.keep("default", PAYMENTS, "seeded")
        [(name, kept)] = steered.accounts.snapshots.kept()
        assert (name, kept.account, [part.region for part in kept.tenants]) == (
            "seeded",
            PAYMENTS,
            ["eu-central-1", "us-east-1"],
        )
        for id, spec in ((OTHER, {"accountId": OTHER}), (None, {})):
            name = "copy" if id else "more"
            declared, made = await steered.accounts.put(account(name, from_={"snapshot": "seeded"}, **spec))
            assert made
            assert declared.account == (id or declared.account)
            assert await queues(steered, TenantId("default", declared.account, EU.region)) == ["dead", "orders"]
            assert await steered.accounts.active_keys(declared)
        again, made = await steered.accounts.put(account("more", from_={"snapshot": "seeded"}))
        assert (again, made) == (declared, False)
        steered.accounts.snapshots.forget("default", "seeded")
        assert not (await steered.accounts.put(account("more", from_={"snapshot": "seeded"})))[1]

    run(test)


def test_an_account_starts_as_a_fork(run: Run, account: Any) -> None:
    async def test(steered: Any) -> None:
        await seed(steered)
        await steered.accounts.put(account(accountId=PAYMENTS))
        declared, _ = await steered.accounts.put(account("copy", accountId=OTHER, from_={"account": "payments"}))
        there = TenantId("default", OTHER, EU.region)
        assert await count(steered, there, "orders") == 1
        assert f"arn:aws:sqs:us-east-1:{OTHER}:far" in await known(steered, declared.account)

    run(test)


def test_an_account_that_cannot_start_so_is_not_made(run: Run, account: Any) -> None:
    async def test(steered: Any) -> None:
        await seed(steered)
        await steered.accounts.snapshots.keep("default", PAYMENTS, "seeded")
        path, _ = steered.accounts.snapshots.find("seeded")
        bad = rewritten(path, torn)
        bad.rename(path.with_name("torn.atoll"))
        path.with_name("damaged.atoll").write_bytes(b"PK")
        for source, kind, words in (
            ({"snapshot": "none"}, NotThere, "no snapshot none"),
            ({"snapshot": "../seeded"}, Invalid, "no snapshot's name"),
            ({"snapshot": "damaged"}, BadSnapshot, "too short"),
            ({"snapshot": "torn"}, BadSnapshot, "damaged"),
            ({"account": "nobody"}, NotThere, "No account nobody"),
        ):
            with pytest.raises(kind, match=words):
                await steered.accounts.put(account("copy", accountId=OTHER, realm="default", from_=source))
            assert not await steered.index.declarations("Account")
            assert await steered.index.account("default", OTHER) is None
            assert not await steered.index.access_keys("default", OTHER)
            assert not steered.accounts.snapshots.tenants("default", OTHER)
        with pytest.raises(Conflict, match="holds something already"):
            await steered.accounts.put(account("copy", accountId=PAYMENTS, from_={"snapshot": "seeded"}))
        assert await count(steered, EU, "orders") == 1

    run(test)


def test_names_of_another_realm_are_not_taken(run: Run) -> None:
    async def test(steered: Any) -> None:
        await seed(steered)
        snapshots = steered.accounts.snapshots
        await snapshots.keep("default", PAYMENTS, "seeded")
        await snapshots.keep("default", PAYMENTS, "seeded")
        with pytest.raises(Conflict, match="another realm's"):
            await snapshots.keep("team-a", PAYMENTS, "seeded")
        with pytest.raises(NotThere):
            snapshots.forget("team-a", "seeded")
        for name in ("", ".", "..", "../x", "a/b", "A", "x" * 64, "a\n", "-a"):
            with pytest.raises(Invalid):
                await snapshots.keep("default", PAYMENTS, name)
        snapshots.forget("default", "seeded")
        assert snapshots.kept() == []

    run(test)


# ---- resetting


def test_what_is_reset(run: Run) -> None:
    other = TenantId("default", OTHER, EU.region)
    apart = TenantId("team-a", PAYMENTS, EU.region)

    async def test(steered: Any) -> None:
        await steered.index.make_realm("team-a", True)

        async def left(extent: Extent) -> list[TenantId]:
            await seed(steered)
            for tenant in (other, apart):
                await steered.sqs(tenant, "CreateQueue", QueueName="q")
            await steered.accounts.reset(extent)
            return [tenant for tenant in (EU, US, other, apart) if await queues(steered, tenant)]

        assert await left(Extent(region=EU.region, account=PAYMENTS, realm="default")) == [US, other, apart]
        assert await left(Extent(account=PAYMENTS)) == [other]
        assert await left(Extent(realm="default")) == [apart]
        assert await left(Extent(region="us-east-1")) == [EU, other, apart]
        assert await left(Extent(account=PAYMENTS, service="sqs")) == [other]
        assert await known(steered, PAYMENTS) == []
        assert await left(Extent()) == []
        assert list(steered.folder.tenants()) == []
        with pytest.raises(NotThere, match=r"no service s4: there are .*sqs, sts"):
            await left(Extent(service="s4"))

    run(test)


def test_a_service_that_was_emptied_goes_on(run: Run) -> None:
    async def test(steered: Any) -> None:
        await seed(steered)
        waiting = asyncio.create_task(
            steered.sqs(US, "ReceiveMessage", QueueUrl=url(US, "far"), WaitTimeSeconds=20, MaxNumberOfMessages=1)
        )
        await asyncio.sleep(0)
        await steered.accounts.reset(Extent(service="sqs"))
        with pytest.raises(AwsError, match="does not exist"):
            await waiting
        await seed(steered)
        assert await queues(steered, EU) == ["dead", "orders"]
        assert await count(steered, EU, "orders") == 1

    run(test)
