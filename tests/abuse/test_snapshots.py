"""Files that say that they are snapshots."""

from __future__ import annotations

import io
import json
import os
import socket
import sqlite3
import struct
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.abuse.invariants import Guarded
from tests.abuse.wire import Answer, ask, head

PATH = "/_atoll/v1/realms/default/accounts/abused/snapshot"
MB = 1024 * 1024


def upload(atoll: Guarded, file: bytes, **headers: str) -> Answer:
    answer = ask(atoll.port, head("POST", PATH, headers, file))
    atoll.check_answer(answer)
    assert answer is not None
    return answer


@pytest.fixture(scope="module")
def good(atoll: Guarded) -> bytes:
    """What Atoll itself saves of an account with a queue."""
    client = atoll.abuser()
    client.send_message(QueueUrl=client.create_queue(QueueName="saved")["QueueUrl"], MessageBody="x")
    answer = ask(atoll.port, head("GET", PATH, {}))
    assert answer is not None
    assert answer.status == 200
    assert upload(atoll, answer.body).status == 200
    return answer.body


def parts_of(good: bytes) -> dict[str, bytes]:
    with ZipFile(io.BytesIO(good)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(*parts: tuple[str | ZipInfo, bytes], compression: int = ZIP_STORED, comment: bytes = b"") -> bytes:
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # It warns of names that come twice.
        with ZipFile(file, "w", compression) as archive:
            for name, data in parts:
                archive.writestr(name, data)
            archive.comment = comment
    return file.getvalue()


def rezipped(good: bytes, change: Callable[[dict[str, bytes]], None] = lambda parts: None, **how: Any) -> bytes:
    parts = parts_of(good)
    change(parts)
    return zipped(*parts.items(), **how)


def with_manifest(good: bytes, **changes: Any) -> bytes:
    def change(parts: dict[str, bytes]) -> None:
        parts["manifest.json"] = json.dumps({**json.loads(parts["manifest.json"]), **changes}).encode()

    return rezipped(good, change)


def with_database(good: bytes, database: bytes) -> bytes:
    return rezipped(good, lambda parts: parts.update({"us-east-1.sqlite": database}))


def changed(good: bytes, *statements: str) -> bytes:
    """With these run in its database."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x.sqlite")
        path.write_bytes(parts_of(good)["us-east-1.sqlite"])
        db = sqlite3.connect(path)
        db.execute("PRAGMA journal_mode = DELETE")
        for statement in statements:
            db.execute(statement)
        db.commit()
        db.close()
        return with_database(good, path.read_bytes())


def renamed(good: bytes, name: str) -> bytes:
    parts = parts_of(good)
    database = parts.pop("us-east-1.sqlite")
    region = name.removesuffix(".sqlite")
    manifest = json.loads(parts["manifest.json"])
    manifest["tenants"][0]["region"] = region
    return zipped(("manifest.json", json.dumps(manifest).encode()), (name, database))


def link(good: bytes) -> bytes:
    parts = parts_of(good)
    info = ZipInfo("us-east-1.sqlite")
    info.create_system, info.external_attr = 3, 0o120777 << 16
    return zipped(("manifest.json", parts["manifest.json"]), (info, b"/etc/passwd"))


def declared(good: bytes, at: int, value: bytes) -> bytes:
    """With bytes of each entry of the archive's list changed: 20 is its size in the file, 24 what it is unpacked."""
    file = bytearray(good)
    begin = 0
    while (begin := file.find(b"PK\1\2", begin)) >= 0:
        file[begin + at : begin + at + len(value)] = value
        begin += 4
    return bytes(file)


HUGE = struct.pack("<L", 0xFFFFFFF0)
FILES: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda good: b"",
    "no zip": lambda good: os.urandom(10_000),
    "zeros": lambda good: b"\0" * 10_000,
    "an empty zip": lambda good: zipped(),
    "half of it": lambda good: good[: len(good) // 2],
    "its end only": lambda good: good[-200:],
    "without its end": lambda good: good[:-10],
    "text ahead": lambda good: b"#!/bin/sh\n" * 100 + good,
    "text after it": lambda good: good + b"x" * 1000,
    "twice": lambda good: good + good,
    "a comment": lambda good: rezipped(good, comment=b"x" * 60_000),
    "compressed": lambda good: rezipped(good, compression=ZIP_DEFLATED),
    "compressed by bzip2": lambda good: rezipped(good, compression=ZIP_BZIP2),
    "a bomb": lambda good: with_bomb(good, "us-east-1.sqlite"),
    "a bomb as manifest": lambda good: with_bomb(good, "manifest.json"),
    "a bomb beside it": lambda good: with_bomb(good, "x"),
    "no manifest": lambda good: rezipped(good, lambda parts: parts.pop("manifest.json") and None),
    "no database": lambda good: rezipped(good, lambda parts: parts.pop("us-east-1.sqlite") and None),
    "manifest twice": lambda good: zipped(*parts_of(good).items(), *parts_of(good).items()),
    "database twice": lambda good: zipped(*parts_of(good).items(), ("us-east-1.sqlite", b"x")),
    "ten thousand parts": lambda good: zipped(*((f"{n}.sqlite", b"") for n in range(10_000))),
    "a part beside it": lambda good: rezipped(good, lambda parts: parts.update({"../../x": b"x"})),
    "an absolute part": lambda good: rezipped(good, lambda parts: parts.update({"/etc/x": b"x"})),
    "a folder": lambda good: rezipped(good, lambda parts: parts.update({"us-east-1/": b""})),
    "region ..": lambda good: renamed(good, "...sqlite"),
    "region with slashes": lambda good: renamed(good, "../../../x.sqlite"),
    "region with NUL": lambda good: renamed(good, "us-east-1\0.sqlite"),
    "region with a line": lambda good: renamed(good, "us-east-1\n.sqlite"),
    "region that is long": lambda good: renamed(good, "us-" + "x" * 5000 + ".sqlite"),
    "a link": link,
    "size that is huge": lambda good: declared(good, 24, HUGE),
    "compressed size that is huge": lambda good: declared(good, 20, HUGE),
    "offset that is huge": lambda good: declared(good, 42, HUGE),
    "another method": lambda good: declared(good, 10, b"\x63\0"),
    "encrypted": lambda good: declared(good, 8, b"\1\0"),
    "wrong checksum": lambda good: declared(good, 16, b"\0\0\0\0"),
    "overlapping parts": lambda good: declared(good, 42, b"\0\0\0\0"),
    "no JSON": lambda good: rezipped(good, lambda parts: parts.update({"manifest.json": b"{"})),
    "deep JSON": lambda good: rezipped(good, lambda parts: parts.update({"manifest.json": b"[" * 60_000})),
    "long manifest": lambda good: rezipped(good, lambda parts: parts.update({"manifest.json": b" " * MB + b"{}"})),
    "no account": lambda good: with_manifest(good, account="../x"),
    "account of other digits": lambda good: with_manifest(good, account="١" * 12),
    "format of tomorrow": lambda good: with_manifest(good, format=2**62),
    "format of no number": lambda good: with_manifest(good, format="1"),
    "tenants of no list": lambda good: with_manifest(good, tenants={"region": "us-east-1"}),
    "a tenant twice": lambda good: with_manifest(good, tenants=[{"region": "us-east-1"}] * 2),
    "a thousand tenants": lambda good: with_manifest(good, tenants=[{"region": f"r-{n}"} for n in range(1000)]),
    "no database at all": lambda good: with_database(good, b""),
    "a database of zeros": lambda good: with_database(good, b"\0" * 8192),
    "a database of noise": lambda good: with_database(good, b"SQLite format 3\0" + os.urandom(8176)),
    "somebody else's database": lambda good: with_database(good, unrelated()),
    "a database cut short": lambda good: with_database(good, parts_of(good)["us-east-1.sqlite"][:-4096]),
    "a damaged database": lambda good: with_database(good, noisy(parts_of(good)["us-east-1.sqlite"])),
    "a trigger": lambda good: changed(good, "CREATE TRIGGER t AFTER INSERT ON message BEGIN DELETE FROM message; END"),
    "a view": lambda good: changed(
        good, "CREATE VIEW v AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x FROM c) SELECT x FROM c"
    ),
    "a virtual table": lambda good: changed(good, "CREATE VIRTUAL TABLE v USING fts5(x)"),
    "a check": lambda good: changed(good, "CREATE TABLE t (x CHECK (randomblob(1000000000) > x))"),
    "a default": lambda good: changed(good, "CREATE TABLE t (x DEFAULT (zeroblob(1000000000)))"),
    "an index of an expression": lambda good: changed(good, "CREATE INDEX i ON message (length(body))"),
    "a generated column": lambda good: changed(good, "CREATE TABLE t (x, y AS (zeroblob(1000000000)))"),
    "a service of none": lambda good: changed(good, "INSERT INTO service (name, version) VALUES ('nothing', 1)"),
    "a version of tomorrow": lambda good: changed(good, "UPDATE service SET version = 999"),
    "a version of no number": lambda good: changed(good, "UPDATE service SET version = 'x'"),
    "a schema of tomorrow": lambda good: changed(good, "PRAGMA user_version = 2000000000"),
    "tables that are not there": lambda good: changed(good, "DROP TABLE message"),
    "columns that are not there": lambda good: changed(good, "ALTER TABLE message RENAME COLUMN body TO x"),
    "tables of its own that are not there": lambda good: changed(good, "DROP TABLE service"),
}
"""By what is wrong with them."""
HARMLESS = {"text ahead", "twice", "compressed size that is huge"}
"""Archives may have anything ahead of them, and of what is not compressed one size is enough."""


def with_bomb(good: bytes, name: str) -> bytes:
    """A part of 200 MB that takes 200 KB."""
    parts = parts_of(good)
    file = io.BytesIO()
    with ZipFile(file, "w", ZIP_STORED) as archive:
        for each, data in parts.items():
            if each != name:
                archive.writestr(each, data)
        archive.writestr(name, b"\0" * (200 * MB), ZIP_DEFLATED)
    return file.getvalue()


def unrelated() -> bytes:
    db = sqlite3.connect(":memory:")
    db.execute("CREATE TABLE t (x)")
    data = db.serialize()
    db.close()
    return data


def noisy(database: bytes) -> bytes:
    return database[:4096] + bytes(byte ^ 0x55 for byte in database[4096:])


@pytest.mark.parametrize("what", FILES)
def test_files_that_are_none(atoll: Guarded, good: bytes, what: str) -> None:
    """Refused, with what the account holds as it was before."""
    answer = upload(atoll, FILES[what](good))
    if what not in HARMLESS:
        assert answer.status in (400, 422), answer
        assert answer.headers["content-type"] == "application/problem+json"
        assert json.loads(answer.body)["detail"]
    [url] = atoll.abuser().list_queues()["QueueUrls"]
    assert url.endswith("/saved")


@pytest.mark.parametrize("what", ["named", "long", "chunked"])
def test_uploads_that_are_cut_short(atoll: Guarded, good: bytes, what: str) -> None:
    """They leave nothing in the data folder."""
    begin = f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\n".encode()
    framing = {
        "named": b"Content-Length: %d\r\n\r\n" % len(good),
        "long": b"Content-Length: 2000000000\r\n\r\n",
        "chunked": b"Transfer-Encoding: chunked\r\n\r\nFFFFFF\r\n",
    }
    for _ in range(10):
        with socket.create_connection(("127.0.0.1", atoll.port)) as connection:
            connection.sendall(begin + framing[what] + good[:-1])
    atoll.check_prompt()
    assert upload(atoll, good).status == 200
    [folder] = {Path(file.path).parents[0] for file in atoll.process.open_files() if file.path.endswith("index.sqlite")}
    atoll.until(lambda: not list(folder.glob("snapshot-*")))


def test_files_with_bytes_changed(atoll: Guarded, good: bytes, examples: Any) -> None:
    """Anywhere: they are refused or loaded, and what is loaded can be called."""

    @examples(60)
    @given(st.lists(st.tuples(st.integers(0, len(good) - 1), st.integers(1, 255)), min_size=1, max_size=4))
    def check(changes: list[tuple[int, int]]) -> None:
        file = bytearray(good)
        for at, by in changes:
            file[at] ^= by
        answer = upload(atoll, bytes(file))
        assert answer.status in (200, 400, 422), answer
        if answer.status == 200:
            listed = ask(atoll.port, head("GET", "/_atoll/v1/resources?account=333333333333", {}))
            atoll.check_answer(listed)

    check()
    assert upload(atoll, good).status == 200
