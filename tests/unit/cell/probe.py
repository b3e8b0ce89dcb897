"""A service that only tests have: notes in boxes, effects on other tenants, nested calls, waits, timers, names."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from atoll.core.access import Access, ByArn, ById, ByName, Here
from atoll.core.arn import render_arn
from atoll.core.call import Call, Params
from atoll.core.errors import AwsError
from atoll.core.lagoon import Lagoon, NameTaken
from atoll.core.service import Schema, Service
from atoll.tenants import Refused, Tenant

SCHEMA = Schema(
    1,
    """
    CREATE TABLE note (id INTEGER PRIMARY KEY AUTOINCREMENT, box TEXT NOT NULL, text TEXT NOT NULL);
    CREATE INDEX note_box ON note (box, id);
    CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
    CREATE TABLE link (id INTEGER PRIMARY KEY, target TEXT NOT NULL);
    """,
    arns=(("link", "target"),),
)

BOX = ByArn("Box")


def read_box(sealed: str | bytes) -> str | None:
    """The id of the box in what stands for a ciphertext: `sealed:ID:…`."""
    parts = sealed.split(b":") if isinstance(sealed, bytes) else []
    return parts[1].decode() if parts[:1] == [b"sealed"] else None


ACCESS = {
    "Put": Access(BOX),
    "Receive": Access(BOX),
    "List": Access(BOX),
    "Take": Access(BOX),
    "Send": Access(Here()),
    "Relay": Access(BOX),
    "SendHere": Access(Here()),
    "LaterOn": Access(Here()),
    "Later": Access(Here()),
    "Make": Access(BOX),
    "Drop": Access(BOX),
    "Claim": Access(Here()),
    "Release": Access(Here()),
    "Owner": Access(ByName("probe-name", "Name")),
    "Fail": Access(Here()),
    "WaitsInTransaction": Access(Here()),
    "Add": Access(BOX),
    "Link": Access(Here()),
    "Links": Access(Here()),
    "Find": Access(ById("box", "BoxId")),
    "ReadThenPut": Access(BOX),
    "Ask": Access(BOX),
    "Open": Access(ById("box", "Sealed", read=read_box)),
}

probe = Service("probe", access=ACCESS, schema=SCHEMA)


def box_of(call: Call) -> str:
    return str(call["Box"]).rpartition(":")[2]


@probe.operation("Put")
def put(call: Call, tenant: Tenant) -> Params:
    """Writes a note; refuses the text `bad` after having written it."""
    tenant.execute("INSERT INTO note (box, text) VALUES (?, ?)", (box_of(call), call["Text"]))
    if call["Text"] == "bad":
        raise AwsError("BadNote", "That is no note.")
    if call["Text"] == "broken":
        raise ValueError("a failure of ours")
    tenant.memory["last"] = call["Text"]
    tenant.wake(("box", box_of(call)))
    return {"Id": tenant.last_row_id, "Owner": list(tenant.id)}


@probe.operation("Receive", internal=True)
def receive(call: Call, tenant: Tenant) -> Params:
    """What effects call: a note, in a box that does not say no."""
    if call["Box"].endswith(":refusing"):
        raise AwsError("Refused", "No.")
    if call["Box"].endswith(":failing"):
        raise AwsError("ServiceUnavailable", "Not now.", status=503, fault="Receiver")
    return put(call, tenant)


@probe.operation("List", readonly=True)
def list_notes(call: Call, tenant: Tenant) -> Params:
    rows = tenant.rows("SELECT text FROM note WHERE box = ? ORDER BY id", (box_of(call),))
    return {"Notes": [text for (text,) in rows]}


def take_first(tenant: Tenant, box: str) -> Params | None:
    row = tenant.row("SELECT id, text FROM note WHERE box = ? ORDER BY id LIMIT 1", (box,))
    if row is None:
        return None
    tenant.execute("DELETE FROM note WHERE id = ?", (row[0],))
    return {"Text": row[1]}


@probe.operation("Take")
def take(call: Call, tenant: Tenant) -> Params | Coroutine[Any, Any, Params]:
    return take_first(tenant, box_of(call)) or wait_and_take(call, tenant.lagoon)


async def wait_and_take(call: Call, lagoon: Lagoon) -> Params:
    box = box_of(call)
    async for _ in lagoon.until(lagoon.now() + call["Wait"], ("box", box)):
        if found := await lagoon.transaction(take_first, box):
            return found
    return {}


@probe.operation("Send")
def send(call: Call, tenant: Tenant) -> Params:
    """Causes a note in each of `Boxes`, their text stored once."""
    payload = tenant.payload({"Text": call["Text"]})
    refused = call.get("Refused")
    for box in call["Boxes"]:
        tenant.effect(
            call.caller,
            "probe",
            "Receive",
            {"Box": box},
            payload=payload,
            lane=call.get("Lane", ""),
            awaited=call.get("Awaited", False),
            refused=Refused("probe", "Receive", {"Box": refused}) if refused else None,
        )
    tenant.execute("INSERT INTO note (box, text) VALUES ('sent', ?)", (call["Text"],))
    if call.get("Undo"):
        raise AwsError("Undone", "Nothing of this is to be.")
    return {}


@probe.operation("SendHere")
def send_here(call: Call, tenant: Tenant) -> Params:
    """A note in each of `Boxes`, at once where it can be; says which of them were."""
    tenant.execute("INSERT INTO note (box, text) VALUES ('sent', ?)", (call["Text"],))
    lane = call.get("Lane", "")
    here = []
    for box in call["Boxes"]:
        params = {"Box": box, "Text": call["Text"]}
        done = tenant.effect_here(call.caller, "probe", "Receive", params, lane=lane) is not None
        if not done:
            tenant.effect(call.caller, "probe", "Receive", params, lane=lane, patience=call.get("Patience"))
        here.append(done)
    if call.get("Undo"):
        raise AwsError("Undone", "Nothing of this is to be.")
    return {"Here": here}


@probe.operation("Relay")
async def relay(call: Call, lagoon: Lagoon) -> Params:
    """Calls `Put` by way of as many tenants as `Route` has, the last of which gets the note."""
    first, *rest = call["Route"]
    if not rest:
        return await lagoon.call(call, "probe", "Put", {"Box": first, "Text": call["Text"]})
    await lagoon.transaction(lambda tenant: tenant.execute("INSERT INTO note (box, text) VALUES ('passed', '')"))
    return await lagoon.call(call, "probe", "Relay", {"Box": first, "Route": rest, "Text": call["Text"]})


@probe.operation("Later")
def later(call: Call, tenant: Tenant) -> Params:
    tenant.set_timer("probe", call.get("Timer", "note"), call["Text"], tenant.now() + call["Seconds"])
    return {}


@probe.timer("relay")
def relay_later(tenant: Tenant, key: str) -> Coroutine[Any, Any, None]:
    """Writes a note, and goes on with another; of the text `broken` only the first."""

    async def go_on(lagoon: Lagoon) -> None:
        if key == "broken":
            raise ValueError("a failure of ours")
        await lagoon.transaction(due, f"{key} went on")

    due(tenant, key)
    return go_on(tenant.lagoon)


@probe.timer("note")
def due(tenant: Tenant, key: str) -> None:
    tenant.execute("INSERT INTO note (box, text) VALUES ('due', ?)", (key,))
    tenant.wake(("box", "due"))


@probe.operation("LaterOn")
def later_on(call: Call, tenant: Tenant) -> Params:
    tenant.set_timer("probe", "goes on", call["Text"], tenant.now() + call["Seconds"])
    return {}


@probe.timer("goes on")
def goes_on(tenant: Tenant, key: str) -> Coroutine[Any, Any, Params]:
    """Notes that it was due; and again once it was told to go on."""
    due(tenant, key)
    if key == "broken":
        raise ValueError("a failure of ours")
    return _go_on(tenant.lagoon, key)


async def _go_on(lagoon: Lagoon, key: str) -> Params:
    async for _ in lagoon.until(lagoon.now() + 100, ("box", key)):
        pass
    await lagoon.transaction(due, f"{key} went on")
    return {}


@probe.operation("Make")
def make(call: Call, tenant: Tenant) -> Params:
    box = box_of(call)
    tenant.record("probe", "box", box, "arn:{partition}:probe:{region}:{account}:" + box, call.get("Tags", {}))
    return {"Arn": render_arn("probe", tenant.id, box)}


@probe.operation("Drop")
def drop(call: Call, tenant: Tenant) -> Params:
    tenant.unrecord("probe", "box", box_of(call))
    return {}


@probe.operation("Claim")
async def claim_name(call: Call, lagoon: Lagoon) -> Params:
    try:
        claim = await lagoon.claim("probe-name", call["Name"])
    except NameTaken as taken:
        raise AwsError("NameTaken", str(taken.holder)) from taken
    async for _ in lagoon.until(lagoon.now() + call.get("Wait", 0), ("claimed", call["Name"])):
        pass
    await lagoon.transaction(lambda tenant: tenant.hold(claim))
    return {"Generation": claim.generation}


@probe.operation("Release")
def release_name(call: Call, tenant: Tenant) -> Params:
    tenant.let_go("probe-name", call["Name"])
    return {}


@probe.operation("Owner", readonly=True)
def owner(call: Call, tenant: Tenant) -> Params:
    return {"Owner": list(tenant.id)}


@probe.operation("Fail")
async def fail(call: Call, lagoon: Lagoon) -> Params:
    raise ValueError("a failure of ours")


@probe.operation("WaitsInTransaction")
async def waits_in_transaction(call: Call, lagoon: Lagoon) -> Params:
    def writes(tenant: Tenant) -> None:
        tenant.execute("INSERT INTO note (box, text) VALUES ('waits', '')")

    async def waits(tenant: Tenant) -> None:
        writes(tenant)

    def promises(tenant: Tenant) -> Any:
        writes(tenant)
        return asyncio.get_running_loop().create_future()

    how = {"openly": waits, "hidden": lambda tenant: (writes(tenant), waits(tenant))[1], "promised": promises}
    await lagoon.transaction(how[call["How"]])
    return {}


@probe.operation("Add")
def add(call: Call, tenant: Tenant) -> Params:
    """Counts in Python, on what memory has of the committed row."""
    name = box_of(call)
    value = tenant.memory.get(f"probe.counter:{name}")
    if value is None:
        row = tenant.row("SELECT value FROM counter WHERE name = ?", (name,))
        value = 0 if row is None else row[0]
    tenant.execute("INSERT OR REPLACE INTO counter VALUES (?, ?)", (name, value + 1))
    tenant.memory[f"probe.counter:{name}"] = value + 1
    if call.get("Undo"):
        raise AwsError("Undone", "Nothing of this is to be.")
    return {"Value": value + 1}


@probe.operation("Link")
def link(call: Call, tenant: Tenant) -> Params:
    tenant.execute("INSERT INTO link (target) VALUES (?)", (call["Target"],))
    return {}


@probe.operation("Links", readonly=True)
def links(call: Call, tenant: Tenant) -> Params:
    return {"Links": [target for (target,) in tenant.rows("SELECT target FROM link ORDER BY id")]}


@probe.operation("Find", readonly=True)
def find(call: Call, tenant: Tenant) -> Params:
    return {"Owner": list(tenant.id)}


@probe.operation("Open", readonly=True)
def open_sealed(call: Call, tenant: Tenant) -> Params:
    return {"Owner": list(tenant.id)}


@probe.operation("ReadThenPut", readonly=True)
def read_then_put(call: Call, tenant: Tenant) -> Coroutine[Any, Any, Params]:
    """Reads, and goes on with what writes."""

    async def go_on(lagoon: Lagoon) -> Params:
        return await lagoon.transaction(lambda tenant: put(call, tenant))

    return go_on(tenant.lagoon)


@probe.operation("Ask")
async def ask(call: Call, lagoon: Lagoon) -> Params:
    """Calls an operation of another service, as the caller."""
    await lagoon.transaction(lambda tenant: tenant.execute("INSERT INTO note (box, text) VALUES ('asked', '')"))
    return await lagoon.call(call, call["Service"], call["Operation"], call["Params"])
